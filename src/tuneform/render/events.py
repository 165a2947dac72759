"""What happens during apply as JSON lines: one event each, for programs that follow a run.

Every line has the same seven keys, null where an event has no such thing, and what else the event
says. No example text is in them.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import assert_never

import msgspec.json

from tuneform.domain.gate import Evaluation
from tuneform.domain.plan import Plan
from tuneform.domain.report import (
    ChangeEnded,
    Evaluated,
    Event,
    Noticed,
    Outcome,
    Progressed,
    Report,
    Status,
    StepBegan,
    StepEnded,
)
from tuneform.errors import TuneformError
from tuneform.render.diagnostics import error_json
from tuneform.render.evaluation import verdict_json
from tuneform.render.json_text import json_text
from tuneform.render.layout import number
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION, step_json


def json_line(value: JsonValue) -> str:
    """JSON on one line, without a line feed; hidden characters escaped as `json_text` does.

    Raises:
        ValueError: the value holds a NaN or an infinity, which JSON does not know.
    """
    return msgspec.json.format(json_text(value), indent=-1)


def plan_event(plan: Plan, at: datetime) -> dict[str, JsonValue]:
    """The first line: what is about to be applied."""
    return _event(
        "plan",
        at,
        owner=str(plan.owner),
        provider=plan.provider,
        staging=plan.staging,
        summary={action.value: count for action, count in plan.summary.items()},
    )


def event_json(event: Event, at: datetime) -> dict[str, JsonValue]:
    """One event.

    Args:
        event: what happened.
        at: when; aware.
    """
    match event:
        case StepBegan():
            step = step_json(event.step)
            return _event("step-began", at, model=event.model, action=event.action.value, step=step)
        case StepEnded():
            step = step_json(event.step)
            return _event("step-ended", at, model=event.model, action=event.action.value, step=step)
        case Progressed():
            return _event("progressed", at, model=event.model, **_progress(event))
        case Evaluated():
            return _event("evaluated", at, **_evaluated(event.evaluation))
        case ChangeEnded():
            change, outcome = event.outcome.change, _outcome(event.outcome)
            action = change.action.value
            return _event("change-ended", at, model=change.model, action=action, outcome=outcome)
        case Noticed():
            return _event("noticed", at, message=event.message)
        case _:
            assert_never(event)


def report_event(report: Report, at: datetime) -> dict[str, JsonValue]:
    """The last line: what became of it all, and the exit code."""
    counts = Counter(outcome.status for outcome in report.outcomes)
    return _event(
        "report",
        at,
        owner=str(report.owner),
        provider=report.provider,
        summary={status.value: counts[status] for status in Status},
        interrupted=report.interrupted,
        exit_code=report.exit_code,
    )


def error_event(error: TuneformError, at: datetime) -> dict[str, JsonValue]:
    """The last line of a run that an error stopped; the first, where there was no plan to tell."""
    told = {key: value for key, value in error_json(error).items() if key != "format_version"}
    return _event("error", at, exit_code=error.exit_code, **told)


def _event(name: str, at: datetime, **told: JsonValue) -> dict[str, JsonValue]:
    """The seven keys, and what else is told.

    Raises:
        ValueError: the time is naive; as local time it would say something else elsewhere.
    """
    if at.tzinfo is None:
        raise ValueError("the time of an event is aware")
    when = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    common: dict[str, JsonValue] = {
        "format_version": FORMAT_VERSION,
        "event": name,
        "at": when,
        "model": None,
        "action": None,
        "step": None,
        "outcome": None,
    }
    return common | told


def _progress(event: Progressed) -> dict[str, JsonValue]:
    return {
        "steps_done": event.steps_done,
        "steps_total": event.steps_total or None,
        "loss": number(event.point.loss) if event.point else None,
    }


def _outcome(outcome: Outcome) -> JsonValue:
    return {
        "status": outcome.status.value,
        "code": outcome.code,
        "message": outcome.message,
        "hint": outcome.hint,
        "remote": outcome.change.remote,
        "seconds": number(outcome.seconds),
        "loss": number(outcome.loss),
    }


def _evaluated(evaluation: Evaluation) -> dict[str, JsonValue]:
    """The verdict; the worst cases are example text, and left out."""
    verdict = verdict_json(evaluation) | {"failures": list(evaluation.failures)}
    return {"model": evaluation.model, "remote": evaluation.remote, "evaluation": verdict}
