"""A plan for people, and for programs (`plan_json`). Draws what was decided and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.plan import (
    Action,
    Change,
    DeltaValue,
    Effect,
    FieldDelta,
    Plan,
)
from tuneform.render.cost import cost_words, total_words
from tuneform.render.data_change import data_words, sample_lines
from tuneform.render.diagnostics import diagnostics_text
from tuneform.render.layout import GAP, cells, joined, pad, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plan_json import plan_json
from tuneform.render.sentences import STAGING, left_sentences, losses_sentence, plan_sentence
from tuneform.render.signs import SIGN_WIDTH, drawn_sign, meaning
from tuneform.render.steps import step_groups

__all__ = ["plan_json", "plan_text"]

_MARGIN = "  "
_BODY = " " * (len(_MARGIN) + SIGN_WIDTH + 1)
_COMMENTS: Final[Mapping[Effect, str]] = {
    "retrain": "# forces a new training",
    "in-place": "",
    "next-version": "# holds from the next version on",
}
_ROOMY = 60  # cells: narrower, text goes on under its label


def plan_text(
    plan: Plan, look: Look, *, diagnostics: Sequence[Diagnostic] = (), title: str = ""
) -> str:
    """A plan as text.

    Args:
        plan: what was decided.
        look: how text is to look.
        diagnostics: warnings about the files that it was made from; they come first.
        title: instead of the one that names owner and provider.

    Returns:
        Text whose last line is the one of the contract, section 7; that line is never broken.
    """
    parts = [diagnostics_text(diagnostics, look)] if diagnostics else []
    shown = [joined(_change(change, look)) for change in plan.changes if change.is_told]
    if plan.is_empty and not shown:
        left = _left(plan, look)
        told = [joined(left)] if left else []
        return "\n\n".join((*parts, *told, plan_sentence(plan)))
    parts.append(joined((*_title(plan, look, title), *_legend(plan, look))))
    parts += shown
    closing = (*_left(plan, look), *_losses(plan, look), *_total(plan, look), plan_sentence(plan))
    parts.append(joined(closing))
    return "\n\n".join(parts)


def _title(plan: Plan, look: Look, title: str) -> list[str]:
    aim = "Plan to stage" if plan.staging else "Plan"
    words = title or f"{aim} for {plan.owner} on {plan.provider}"
    lines = wrap(words, look, style=Style.BOLD)
    return lines + wrap(STAGING, look, first=_MARGIN) if plan.staging else lines


def _legend(plan: Plan, look: Look) -> Iterator[str]:
    """The signs that occur, in the order of summaries."""
    occurring = {change.action for change in plan.changes} - {Action.KEEP}
    for action in Action:
        if action in occurring:
            plain = wrap(meaning(action, staging=plan.staging), look, first=_BODY)
            yield f"{_MARGIN}{drawn_sign(action, look)} {plain[0].lstrip()}"
            yield from plain[1:]


def _change(change: Change, look: Look) -> list[str]:
    """One change: its heading, why, the fields, the steps, the notes."""
    lines = _heading(change, look)
    lines += wrap(change.reason.message, look, first=_BODY)
    lines += _deltas(change.deltas, look)
    if change.data is not None:
        lines += _labelled("data", data_words(change.data), look)
        lines += sample_lines(change.data, look, _BODY + _MARGIN)
    for label, words, destructive in step_groups(change):
        lines += _labelled(label, words, look, Style.RED if destructive else None)
    if change.cost is not None:
        lines += _labelled("cost", cost_words(change.cost, change), look)
    for note in change.notes:
        lines += wrap(f"note: {note}", look, first=_BODY, rest=_BODY + _MARGIN, style=Style.DIM)
    return lines


def _labelled(label: str, words: str, look: Look, style: Style | None = None) -> list[str]:
    """A label, and words beside it; on narrow terminals they go on under it."""
    head = f"{_BODY}{label + ':':<6} "
    rest = " " * len(head) if look.width >= _ROOMY else _BODY + _MARGIN
    return wrap(words, look, first=head, rest=rest, style=style)


def _heading(change: Change, look: Look) -> list[str]:
    """Sign, name and remote name; the latter on a line of its own where it must."""
    name, remote = look.clean(change.model), look.clean(change.remote or "")
    painted = look.paint(name, Style.BOLD)
    head = f"{_MARGIN}{drawn_sign(change.action, look)} {painted}"
    if not remote:
        return [head]
    if cells(_BODY + name + GAP + remote) <= look.width:
        return [head + GAP + look.paint(remote, Style.DIM)]
    return [head, _BODY + look.paint(remote, Style.DIM)]


def _deltas(deltas: Sequence[FieldDelta], look: Look) -> list[str]:
    """`field: before -> after`, aligned where all of them fit so, else each as it fits."""
    fields = [look.clean(delta.field) + ":" for delta in deltas]
    column = max(map(cells, fields), default=0)
    rows = list(zip(fields, deltas, strict=True))
    aligned = [_line(pad(field, column), delta, look) for field, delta in rows]
    if all(aligned):
        return aligned
    lines: list[str] = []
    for field, delta in rows:
        line = _line(field, delta, look)
        lines += [line] if line else _broken(field, delta, look)
    return lines


def _line(field: str, delta: FieldDelta, look: Look) -> str:
    """One difference on one line; empty where it does not fit."""
    comment = GAP + _COMMENTS[delta.effect] if _COMMENTS[delta.effect] else ""
    told = f"{_BODY}{field} {_value(delta.before, look)} -> {_value(delta.after, look)}"
    if cells(told + comment) > look.width:
        return ""
    return told + look.paint(comment, Style.YELLOW)


def _broken(field: str, delta: FieldDelta, look: Look) -> list[str]:
    """A difference that needs more than one line."""
    lines = [_BODY + field]
    if comment := _COMMENTS[delta.effect]:
        lines += wrap(comment, look, first=_BODY, rest=f"{_BODY}# ", style=Style.YELLOW)
    lines += wrap(_value(delta.before, look), look, first=f"{_BODY}{_MARGIN}   ")
    return lines + wrap(_value(delta.after, look), look, first=f"{_BODY}{_MARGIN}-> ")


def _value(value: DeltaValue, look: Look) -> str:
    """Text in quotes, so that `"5"` is not 5 and nothing is not empty."""
    match value:
        case None:
            return "(not set)"
        case bool():
            return str(value).lower()
        case str():
            quoted = look.clean(value).replace('"', '\\"')
            return f'"{quoted}"'
        case _:
            return str(value)


def _left(plan: Plan, look: Look) -> list[str]:
    """What a staging plan leaves to the merge, counted."""
    return [line for each in left_sentences(plan) for line in wrap(each, look, rest=_MARGIN)]


def _total(plan: Plan, look: Look) -> list[str]:
    """What all trainings cost together, where any begins."""
    text = total_words(plan.total)
    return wrap(text, look) if text else []


def _losses(plan: Plan, look: Look) -> list[str]:
    """What the plan takes away, said once more where everybody looks."""
    text = losses_sentence(plan)
    return wrap(text, look, style=Style.BOLD_RED) if text else []
