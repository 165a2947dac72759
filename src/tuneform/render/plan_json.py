"""A plan for programs: the shape of the contract, section 7. Saved plans are written with it.

Texts that programs need only compare, such as descriptions of live objects, are digests; examples
are told where the caller asks for samples, and nowhere else.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never

from tuneform.domain.cost import Cost, Total
from tuneform.domain.data_change import DataChange
from tuneform.domain.desired import TrainingSize
from tuneform.domain.gate import Gate
from tuneform.domain.live import Live
from tuneform.domain.plan import (
    Cancel,
    Change,
    Delete,
    DeltaValue,
    Evaluate,
    Patch,
    Plan,
    Promote,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.domain.spec import DatasetRef, Fields, GateSpec, Metric
from tuneform.render.layout import number
from tuneform.render.plain import JsonValue
from tuneform.render.steps import fields_set

FORMAT_VERSION = "1.0"

Texts: TypeAlias = Mapping[str, tuple[str, str, Mapping[str, str]]]
"""Digests (SHA-256, hex) of display name, description and, by key, labels; by remote name."""

_OF_LIVE: Final[Texts] = MappingProxyType({})


def plan_json(
    plan: Plan, *, samples: bool = False, texts: Texts = _OF_LIVE
) -> dict[str, JsonValue]:
    """A plan as JSON values; every key is always there, null where there is nothing to tell.

    But for what only some providers have: labels, endpoints, validation, extras. Those keys are
    there where they say something.

    Args:
        plan: what was decided.
        samples: whether to tell the examples that `Change.data` shows. They are training data: a
            plan that is kept has none.
        texts: of live objects whose texts are no longer known: those of a plan that was kept.
    """
    return {
        "format_version": FORMAT_VERSION,
        "owner": str(plan.owner),
        "provider": plan.provider,
        "staging": plan.staging,
        "live_models": plan.live_models,
        "changes": [_change(change, texts, samples=samples) for change in plan.changes],
        "summary": {action.value: count for action, count in plan.summary.items()},
        "total_cost": _total(plan.total),
    }


def _change(change: Change, texts: Texts, *, samples: bool) -> JsonValue:
    reason = change.reason
    return {
        "model": change.model,
        "action": change.action.value,
        "reason": {"code": reason.code.value, "message": reason.message},
        "remote": change.remote,
        "parent": change.parent,
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
        "cost": _cost(change.cost),
        "data_change": _data_change(change.data, samples=samples),
        "notes": list(change.notes),
        "versions": [_version(live, texts.get(live.remote)) for live in change.versions],
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


def _cost(cost: Cost | None) -> JsonValue:
    if cost is None:
        return None
    tokens = cost.tokens
    return {
        "tokens": {"least": tokens.least, "likely": tokens.likely, "most": tokens.most},
        "currency": cost.currency or None,
        "least": _amount(cost.least),
        "likely": _amount(cost.likely),
        "most": _amount(cost.most),
        "as_of": cost.as_of.isoformat() if cost.as_of else None,
    }


def _total(total: Total) -> JsonValue:
    """Sums; null where trainings begin and none of them has a price."""
    is_unknown = 0 < total.trainings == total.unknown
    return {
        "trainings": total.trainings,
        "unknown": total.unknown,
        "currency": total.currency or None,
        "least": None if is_unknown else _amount(total.least),
        "likely": None if is_unknown else _amount(total.likely),
        "most": None if is_unknown else _amount(total.most),
    }


def _amount(amount: Decimal | None) -> str | None:
    """As text, never with an exponent: money is no float."""
    return None if amount is None else f"{amount:f}"


def _data_change(data: DataChange | None, *, samples: bool) -> JsonValue:
    if data is None:
        return None
    return {
        "added": data.added,
        "removed": data.removed,
        "changed": data.changed,
        "unchanged": data.unchanged,
        "characters": data.characters,
        "tokens": data.tokens,
        "source": data.source,
        "commit": data.commit,
        "samples": [
            {
                "kind": each.kind,
                "input": each.text_input,
                "before": each.before,
                "after": each.after,
            }
            for each in (data.samples if samples else ())
        ],
    }


def _version(live: Live, texts: tuple[str, str, Mapping[str, str]] | None) -> JsonValue:
    """A live object that the decision was made from; what training alone fills in is left out."""
    display_name, description, labels = texts or (
        _digest(live.display_name),
        _digest(live.description),
        {key: _digest(value) for key, value in live.labels},
    )
    told: dict[str, JsonValue] = {
        "remote": live.remote,
        "state": live.state.value,
        "mark": str(live.mark) if live.mark else None,
        "created": live.created.isoformat() if live.created else None,
        "base": live.base,
        "source": live.source,
        "temperature": number(live.temperature),
        "top_p": number(live.top_p),
        "top_k": live.top_k,
        "texts": {
            "display_name": display_name,
            "description": description,
        },
    }
    if labels:
        told["labels"] = dict(labels)
    return told | whereabouts_json(live)


def whereabouts_json(live: Live) -> dict[str, JsonValue]:
    """Where a version answers, or that nothing does; empty where its remote name says it all."""
    told: dict[str, JsonValue] = {}
    if live.endpoint is not None:
        told["endpoint"] = live.endpoint
    if not live.deployed:
        told["deployed"] = False
    if live.spent:
        told["spent"] = True
    return told


def _digest(text: str) -> str:
    """SHA-256 of the UTF-8 bytes. A description may hold what is redacted elsewhere."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def step_json(step: Step) -> JsonValue:
    """One step: `do`, `remote`, and what else it says. The preamble is data, and left out."""
    told: dict[str, JsonValue] = {"do": step.do, "remote": step.remote}
    match step:
        case Start():
            return told | _start(step)
        case Evaluate():
            return told | {"gate": _gate(step.gate), "against": step.against}
        case Patch():
            return told | {"fields": fields_json(step.fields), "mark": str(step.mark)}
        case Rewrite():
            return told | {"mark": str(step.mark)}
        case Promote():
            return told | {"clears": list(step.clears), "pinned": step.pinned}
        case Watch() | Cancel() | Delete() | Release():
            return told
        case _:
            assert_never(step)


def fields_json(fields: Fields) -> dict[str, JsonValue]:
    """The fields that are set, labels included."""
    told: dict[str, JsonValue] = {**fields_set(fields)}
    return told | {"labels": dict(fields.labels)} if fields.labels else told


def _start(step: Start) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "fingerprint": step.fingerprint,
        "data_digest": step.data_digest,
        "dataset": step.dataset.path,
        "base": step.base,
        "source": step.source,
        "parent": step.parent,
        "hyperparameters": {**step.hyperparameters.as_api()},
        "fields": fields_json(step.fields),
        "mark": str(step.mark),
    }
    if step.validation is not None:
        told["validation"] = step.validation.path
        told["validation_digest"] = step.validation_digest
    if step.extras:
        told["extras"] = dict(step.extras)
    return told


def _gate(gate: Gate) -> JsonValue:
    return {
        "digest": gate.digest,
        "short": gate.short,
        "data": list(gate.data),
        "examples": gate.examples,
        "must_pass": gate.must_pass,
        "definition": _definition(gate.spec),
    }


def _definition(spec: GateSpec) -> JsonValue:
    """What the manifest says, under its names; `holdout` where examples are cut from training."""
    return {
        "dataset": spec.dataset.path if spec.dataset else None,
        "holdout": _holdout(spec.dataset),
        "metrics": [_metric(metric) for metric in spec.metrics],
        "mustPass": spec.must_pass.path if spec.must_pass else None,
        "measure": str(spec.must_pass_measure),
        "repeats": spec.repeats,
    }


def _holdout(dataset: DatasetRef | None) -> float | None:
    return dataset.holdout if dataset and dataset.held_out else None


def _metric(metric: Metric) -> JsonValue:
    return {
        "name": str(metric.name),
        "label": metric.label,
        "min": metric.minimum,
        "maxRegression": metric.max_regression,
        "pattern": metric.pattern,
        "fields": list(metric.fields),
        "options": metric.options,
    }
