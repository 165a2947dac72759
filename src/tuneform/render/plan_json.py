"""A plan for programs: the shape of the contract, section 7, and nothing of a training's data."""

from __future__ import annotations

import math
from typing import assert_never

from tuneform.domain.desired import TrainingSize
from tuneform.domain.plan import (
    Cancel,
    Change,
    Delete,
    DeltaValue,
    Patch,
    Plan,
    Promote,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.render.plain import JsonValue
from tuneform.render.steps import fields_set

FORMAT_VERSION = "1.0"


def plan_json(plan: Plan) -> dict[str, JsonValue]:
    """A plan as JSON values; every key is always there, `training` null where there is none."""
    return {
        "format_version": FORMAT_VERSION,
        "owner": str(plan.owner),
        "provider": plan.provider,
        "changes": [_change(change) for change in plan.changes],
        "summary": {action.value: count for action, count in plan.summary.items()},
    }


def _change(change: Change) -> JsonValue:
    reason = change.reason
    return {
        "model": change.model,
        "action": change.action.value,
        "reason": {"code": reason.code.value, "message": reason.message},
        "remote": change.remote,
        "steps": [step_json(step) for step in change.steps],
        "deltas": [
            {
                "field": delta.field,
                "before": _value(delta.before),
                "after": _value(delta.after),
                "effect": delta.effect,
            }
            for delta in change.deltas
        ],
        "training": training_json(change.training),
        "notes": list(change.notes),
    }


def _value(value: DeltaValue) -> JsonValue:
    """JSON knows neither NaN nor infinities; as text they are still told."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def training_json(size: TrainingSize | None) -> JsonValue:
    """How much a training is."""
    if size is None:
        return None
    return {
        "examples": size.examples,
        "characters": size.characters,
        "epochs": size.epochs,
        "steps": size.steps,
    }


def step_json(step: Step) -> JsonValue:
    """One step: `do`, `remote`, and what else it says. The preamble is data, and left out."""
    told: dict[str, JsonValue] = {"do": step.do, "remote": step.remote}
    match step:
        case Start():
            return told | _start(step)
        case Patch():
            return told | {"fields": {**fields_set(step.fields)}, "mark": str(step.mark)}
        case Rewrite():
            return told | {"mark": str(step.mark)}
        case Promote():
            return told | {"clears": list(step.clears)}
        case Watch() | Cancel() | Delete() | Release():
            return told
        case _:
            assert_never(step)


def _start(step: Start) -> dict[str, JsonValue]:
    return {
        "fingerprint": step.fingerprint,
        "data_digest": step.data_digest,
        "dataset": step.dataset.path,
        "base": step.base,
        "source": step.source,
        "parent": step.parent,
        "hyperparameters": {**step.hyperparameters.as_api()},
        "fields": {**fields_set(step.fields)},
        "mark": str(step.mark),
    }
