"""What became of a plan, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import assert_never

from tuneform.domain.plan import Action
from tuneform.domain.report import Outcome, Report, Status
from tuneform.render.evaluation import score_lines, verdict_json, verdict_words
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
from tuneform.render.sentences import closing_sentence, exit_sentence, outcome_word
from tuneform.render.signs import SIGN_WIDTH, drawn_sign

MANY_ALIKE = 4
"""Models that one cause stopped; from here on it is told once for all of them."""

_FINE = (Status.DONE, Status.STARTED)
_MARGIN = "  "
_BODY = " " * (len(_MARGIN) + SIGN_WIDTH + 1)


def report_text(report: Report, look: Look, *, title: str = "Apply") -> str:
    """Each outcome that is more than "unchanged", and a closing line that counts them all.

    What needs somebody stands last, beside that line: among a thousand it would not be found. What
    many have in common is told once, with their count.

    Args:
        report: what became of a plan.
        look: how text is to look.
        title: what was done, to begin the closing line with: `Apply complete: …`.
    """
    shown = [each for each in report.outcomes if each.status is not Status.UNCHANGED]
    shown.sort(key=lambda outcome: outcome.status not in _FINE)
    named = max((cells(look.clean(each.change.model)) for each in shown), default=0)
    lines = [line for alike in _alike(shown) for line in _outcomes(alike, named, look)]
    return joined([*lines, *([""] if lines else []), *_closing(report, look, title)])


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


def _alike(shown: Sequence[Outcome]) -> Iterable[Sequence[Outcome]]:
    """Outcomes in their order; many in the same words stand together, where the first one is."""
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for each in shown:
        groups.setdefault((each.status, each.message, each.hint), []).append(each)
    together = {
        words
        for words, group in groups.items()
        if len(group) >= MANY_ALIKE and group[0].message and not any(e.evaluation for e in group)
    }
    for each in shown:
        words = (each.status, each.message, each.hint)
        if words not in together:
            yield (each,)
        elif each is groups[words][0]:
            yield groups[words]


def _outcomes(alike: Sequence[Outcome], named: int, look: Look) -> list[str]:
    """One outcome; or many, with what they have in common once, below the last."""
    lines = [line for each in alike for line in _head(each, named, look)]
    outcome = alike[0]
    message = outcome.message
    if alike[1:]:
        message = f"these {len(alike):,}: {message}"
    if message:
        lines += wrap(message, look, first=_BODY)
    lines += _evaluation(outcome, look)
    if outcome.hint:
        lines += wrap(f"hint: {outcome.hint}", look, first=_BODY, style=Style.GREEN)
    return lines


def _head(outcome: Outcome, named: int, look: Look) -> list[str]:
    change, word = outcome.change, outcome_word(outcome)
    name, numbers = look.clean(change.model), outcome_numbers(outcome)
    sign = drawn_sign(Action.HOLD if outcome.status is Status.HELD else change.action, look)
    painted = look.paint(word, outcome_style(outcome))
    tail = GAP + numbers if numbers else ""
    if cells(_BODY) + named + cells(GAP + word + tail) <= look.width:
        return [f"{_MARGIN}{sign} {pad(name, named)}{GAP}{painted}{tail}"]
    lines = [f"{_MARGIN}{sign} {name}"]
    return lines + flow((word, numbers), look, _BODY, outcome_style(outcome))


def _evaluation(outcome: Outcome, look: Look) -> list[str]:
    """One line where the gate was passed; else its table, and what the message did not say yet."""
    evaluation = outcome.evaluation
    if evaluation is None:
        return []
    if evaluation.passed:
        return wrap(verdict_words(evaluation), look, first=_BODY)
    unsaid = [each for each in evaluation.failures if each not in outcome.message]
    lines = [
        line
        for each in unsaid
        for line in wrap(f"- {each}", look, first=_BODY, rest=_BODY + _MARGIN)
    ]
    return lines + score_lines(evaluation, look, _BODY)


def _closing(report: Report, look: Look, title: str) -> list[str]:
    """`… complete: …`, or what stays open, with the exit code that says so."""
    style = Style.BOLD_RED if report.exit_code else Style.BOLD
    lines = wrap(closing_sentence(report, title), look, rest=_MARGIN, style=style)
    return lines + wrap(exit_sentence(report), look, rest=_MARGIN) if report.exit_code else lines


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
        "evaluation": verdict_json(outcome.evaluation) if outcome.evaluation else None,
    }
