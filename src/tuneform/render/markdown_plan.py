"""A plan as a comment on GitHub: the summary first, details folded. Draws what was decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.names import Owner
from tuneform.domain.plan import Action, Change, DeltaValue, Effect, FieldDelta, Plan
from tuneform.render.cost import cost_words, total_words
from tuneform.render.data_change import data_words, sample_lines
from tuneform.render.layout import counted
from tuneform.render.look import Look
from tuneform.render.markdown_page import LIMIT, Page, folded, row, table_head
from tuneform.render.markdown_problems import problem_lines
from tuneform.render.markdown_text import Escaper
from tuneform.render.sentences import (
    STAGING,
    left_sentences,
    losses_sentence,
    plan_sentence,
)
from tuneform.render.signs import sign_of
from tuneform.render.steps import step_groups

_UNSAFE = re.compile(r"[^A-Za-z0-9/_.-]")
_TITLE, _NAME, _WHY, _SENTENCES, _VALUE = 120, 100, 240, 2_000, 200
_DIAGNOSTICS = 0.25  # of the page at most
_DELTAS, _NOTES = 30, 20  # of one change at most
_WIDE = 120  # cells of a line with an example

_EFFECTS: Final[Mapping[Effect, str]] = {
    "retrain": "forces a new training",
    "in-place": "in place",
    "next-version": "holds from the next version on",
}

_RANK = {Action.HOLD: 0, Action.DELETE: 1}
"""What a reviewer must not miss comes first, and unfolded; all else in the order of the plan."""


def marker(kind: str, owner: Owner, secrets: Sequence[str] = ()) -> str:
    """The hidden first line, by which a comment is found again and updated.

    Args:
        kind: what the comment is, such as `plan`.
        owner: whose; anything that is not in the alphabet of names becomes `_`.
        secrets: redacted even here.
    """
    named = _UNSAFE.sub("_", Escaper(tuple(secrets)).plain(str(owner), _NAME))
    return f"<!-- tuneform:{kind} {named.strip('-')} -->"


def plan_markdown(
    plan: Plan,
    *,
    diagnostics: Sequence[Diagnostic] = (),
    samples: bool = True,
    title: str = "",
    limit: int = LIMIT,
    secrets: Sequence[str] = (),
) -> str:
    """A plan as Markdown for GitHub.

    Args:
        plan: what was decided.
        diagnostics: warnings about the files that it was made from.
        samples: whether examples that differ are shown.
        title: of the comment; `Plan for OWNER on PROVIDER` where it is empty.
        limit: the text has fewer characters, and fewer bytes of UTF-8.
        secrets: redacted in all foreign text.

    Returns:
        Text whose first line is `marker("plan", plan.owner)`.

    Raises:
        ValueError: the limit is below `tuneform.render.markdown_page.LEAST`.
    """
    escaper, page = Escaper(tuple(secrets)), Page(limit)
    page.must(marker("plan", plan.owner, secrets), _heading(plan, title, escaper))
    page.must(*_summary(plan, escaper))
    told = page.fill(problem_lines(diagnostics, escaper), share=_DIAGNOSTICS)
    changes = [each for each in plan.changes if each.is_told]
    changes.sort(key=lambda change: (change.action is Action.KEEP, _rank(change)))
    rows = (_row(change, escaper) for change in changes)
    listed = page.fill(rows, table_head("", "Model", "Action", "Why"))
    detailed = 0
    for change in changes[:listed]:
        detailed += page.add(_details(change, escaper, samples=samples))
    page.must(_left_out(len(diagnostics) - told, len(changes) - listed, listed - detailed))
    return str(page)


def _heading(plan: Plan, title: str, escaper: Escaper) -> str:
    if title:
        return f"## {escaper.text(title, _TITLE)}"
    owner, provider = str(plan.owner), plan.provider
    aim = "Plan to stage" if plan.staging else "Plan"
    return f"## {aim} for {escaper.code(owner, _TITLE)} on {escaper.code(provider, _NAME)}"


def _summary(plan: Plan, escaper: Escaper) -> Iterator[str]:
    """What is never cut: counts, losses, cost."""
    yield plan_sentence(plan) if plan.is_empty else f"**{plan_sentence(plan)}**"
    if plan.staging:
        yield STAGING
        yield " ".join(left_sentences(plan))
    if losses := losses_sentence(plan):
        yield f"**{losses}**"
    yield escaper.text(total_words(plan.total), _SENTENCES)


def _sign(change: Change) -> str:
    sign = sign_of(change.action).sign
    return f"`{sign}`" if sign else ""


def _rank(change: Change) -> int:
    return _RANK.get(change.action, len(_RANK))


def _row(change: Change, escaper: Escaper) -> str:
    return row(
        _sign(change),
        escaper.code(change.model, _NAME),
        change.action.value,
        escaper.text(change.reason.message, _WHY),
    )


def _details(change: Change, escaper: Escaper, *, samples: bool) -> str:
    """Everything about one change, behind a line that opens it."""
    name = escaper.html(change.model, _NAME)
    sign = sign_of(change.action).sign
    drawn = f"<code>{sign}</code> " if sign else ""
    summary = f"{drawn}<b>{name}</b>: {change.action.value}"
    blocks = (
        escaper.text(change.reason.message, _SENTENCES),
        _deltas(change.deltas, escaper),
        "\n".join(_facts(change, escaper)),
        _samples(change, escaper) if samples else "",
    )
    return folded(summary, blocks, unfolded=change.action in _RANK)


def _deltas(deltas: Sequence[FieldDelta], escaper: Escaper) -> str:
    if not deltas:
        return ""
    lines = [
        row(
            escaper.code(delta.field, _VALUE),
            escaper.code(_value(delta.before), _VALUE),
            escaper.code(_value(delta.after), _VALUE),
            _EFFECTS[delta.effect],
        )
        for delta in deltas[:_DELTAS]
    ]
    more = len(deltas) - len(lines)
    rest = f"\n\nAnd {counted(more, 'more field')}." if more else ""
    return "\n".join((*table_head("Field", "Live", "Wanted", ""), *lines)) + rest


def _facts(change: Change, escaper: Escaper) -> Iterator[str]:
    """What is told of a change in a line each."""
    if change.remote:
        yield f"- **object:** {escaper.code(change.remote, _VALUE)}"
    if change.data:
        yield f"- **data:** {escaper.text(data_words(change.data), _SENTENCES)}"
    for label, words, destructive in step_groups(change):
        told = escaper.text(words, _SENTENCES)
        yield f"- **{label}:** " + (f"**{told}**" if destructive else told)
    if change.cost:
        yield f"- **cost:** {escaper.text(cost_words(change.cost, change), _SENTENCES)}"
    for note in change.notes[:_NOTES]:
        yield f"- **note:** {escaper.text(note, _SENTENCES)}"


def _samples(change: Change, escaper: Escaper) -> str:
    """Examples that differ; the fence is that of a diff, for its colours."""
    if change.data is None:
        return ""
    lines = sample_lines(change.data, Look(_WIDE, secrets=escaper.secrets), "")
    return escaper.fence(lines, "diff") if lines else ""


def _value(value: DeltaValue) -> str:
    """Text in quotes, so that `"5"` is not 5 and nothing is not empty."""
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _left_out(warnings: int, changes: int, details: int) -> str:
    """What was cut, and where it is found."""
    told = [
        (warnings, "more diagnostic", ""),
        (changes, "more change", ""),
        (details, "change", "the details of "),
    ]
    parts = [f"{before}{counted(count, noun)}" for count, noun, before in told if count]
    if not parts:
        return ""
    verb = "is" if len(parts) == 1 and changes + warnings == 1 and not details else "are"
    named = " and ".join(parts)
    shown = f"{named[0].upper()}{named[1:]} {verb} not shown"
    return f"{shown}; the whole plan is in the job's log."
