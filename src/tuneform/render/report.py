"""What became of a plan, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import assert_never

from tuneform.domain.plan import Action
from tuneform.domain.report import Outcome, Report, Status
from tuneform.render.layout import (
    GAP,
    cells,
    duration,
    flow,
    joined,
    number,
    pad,
    short_number,
    wrap,
)
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION, step_json
from tuneform.render.signs import SIGN_WIDTH, drawn_sign, sign_of

_MARGIN = "  "
_BODY = " " * (len(_MARGIN) + SIGN_WIDTH + 1)

_MEANINGS = {
    1: "an error before anything was written",
    4: "no permission, before anything was written",
    5: "a protection did its work",
    7: "something changed since the plan, before anything was written",
    8: "applied in part",
    9: "time ran out; the training that has begun is not lost",
    130: "interrupted; run it again to go on",
}
"""What the exit codes of a run say (contract, section 7)."""


def report_text(report: Report, look: Look, *, title: str = "Apply") -> str:
    """Each outcome that is more than "unchanged", and a closing line that counts them all.

    Args:
        report: what became of a plan.
        look: how text is to look.
        title: what was done, to begin the closing line with: `Apply complete: …`.
    """
    shown = [each for each in report.outcomes if each.status is not Status.UNCHANGED]
    named = max((cells(look.clean(each.change.model)) for each in shown), default=0)
    lines = [line for each in shown for line in _outcome(each, named, look)]
    return joined([*lines, *([""] if lines else []), *_closing(report, look, title)])


def outcome_word(outcome: Outcome) -> str:
    """One word for what became of a change."""
    match outcome.status:
        case Status.DONE:
            return sign_of(outcome.change.action).done
        case Status.TIMED_OUT:
            return "timed out"
        case (
            Status.UNCHANGED
            | Status.STARTED
            | Status.HELD
            | Status.FAILED
            | Status.SKIPPED
            | Status.STALE
            | Status.INTERRUPTED
        ):
            return outcome.status.value
        case _:
            assert_never(outcome.status)


def outcome_style(outcome: Outcome) -> Style | None:
    """Its colour."""
    match outcome.status:
        case Status.DONE | Status.STARTED:
            return Style.GREEN
        case Status.UNCHANGED:
            return None
        case Status.HELD | Status.SKIPPED | Status.TIMED_OUT | Status.INTERRUPTED:
            return Style.YELLOW
        case Status.FAILED | Status.STALE:
            return Style.RED
        case _:
            assert_never(outcome.status)


def outcome_numbers(outcome: Outcome) -> str:
    """Loss and time of a change, where there are any."""
    loss = "" if outcome.loss is None else f"loss {short_number(outcome.loss)}"
    time = duration(outcome.seconds) if outcome.seconds > 0 else ""
    return ", ".join(filter(None, (loss, time)))


def _outcome(outcome: Outcome, named: int, look: Look) -> list[str]:
    change, word = outcome.change, outcome_word(outcome)
    name, numbers = look.clean(change.model), outcome_numbers(outcome)
    sign = drawn_sign(Action.HOLD if outcome.status is Status.HELD else change.action, look)
    painted = look.paint(word, outcome_style(outcome))
    tail = GAP + numbers if numbers else ""
    if cells(_BODY) + named + cells(GAP + word + tail) <= look.width:
        lines = [f"{_MARGIN}{sign} {pad(name, named)}{GAP}{painted}{tail}"]
    else:
        lines = [f"{_MARGIN}{sign} {name}"]
        lines += flow((word, numbers), look, _BODY, outcome_style(outcome))
    if outcome.message:
        lines += wrap(outcome.message, look, first=_BODY)
    if outcome.hint:
        lines += wrap(f"hint: {outcome.hint}", look, first=_BODY, style=Style.GREEN)
    return lines


def _closing(report: Report, look: Look, title: str) -> list[str]:
    """`… complete: …`, or what stays open, with the exit code that says so."""
    words = Counter(outcome_word(each) for each in report.outcomes)
    order = [sign_of(action).done for action in Action if action is not Action.KEEP]
    order += [status.value.replace("-", " ") for status in Status if status is not Status.UNCHANGED]
    order = [*dict.fromkeys(order), "unchanged"]
    told = ", ".join(f"{words[word]} {word}" for word in order if words[word]) or "nothing to do"
    code = report.exit_code
    if not code:
        return wrap(f"{title} complete: {told}.", look, rest=_MARGIN, style=Style.BOLD)
    lines = wrap(f"{title} incomplete: {told}.", look, rest=_MARGIN, style=Style.BOLD_RED)
    return lines + wrap(f"Exit {code}: {_MEANINGS.get(code, 'see above')}.", look, rest=_MARGIN)


def report_json(report: Report) -> dict[str, JsonValue]:
    """The same for programs, unchanged models included."""
    counts = Counter(outcome.status for outcome in report.outcomes)
    return {
        "format_version": FORMAT_VERSION,
        "owner": str(report.owner),
        "provider": report.provider,
        "outcomes": [_outcome_json(outcome) for outcome in report.outcomes],
        "summary": {status.value: counts[status] for status in Status},
        "interrupted": report.interrupted,
        "exit_code": report.exit_code,
    }


def _outcome_json(outcome: Outcome) -> JsonValue:
    change = outcome.change
    return {
        "model": change.model,
        "action": change.action.value,
        "status": outcome.status.value,
        "code": outcome.code,
        "message": outcome.message,
        "hint": outcome.hint,
        "remote": change.remote,
        "performed": [step_json(step) for step in outcome.performed],
        "seconds": number(outcome.seconds),
        "loss": number(outcome.loss),
    }
