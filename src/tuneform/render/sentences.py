"""What plans, reports and lists of diagnostics come to, in plain sentences without layout.

What comes from outside stands in the sentences as it is: whoever shows them escapes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from tuneform.domain.diagnostic import Diagnostic, Severity
from tuneform.domain.plan import Action, Cancel, Delete, Plan, ReasonCode
from tuneform.domain.report import Outcome, Report, Status
from tuneform.render.layout import counted
from tuneform.render.signs import DONE_WORDS, done_word

STAGING = "Trains and evaluates only: nothing that serves is touched."

_ALWAYS = (
    (Action.CREATE, "to create"),
    (Action.REPLACE, "to replace"),
    (Action.UPDATE, "to update"),
    (Action.DELETE, "to delete"),
)
_SOMETIMES = (
    (Action.PROMOTE, "to promote"),
    (Action.RELEASE, "to release"),
    (Action.HOLD, "held"),
    (Action.WAIT, "training"),
)


_MEANINGS = {
    1: "an error before anything was written",
    4: "no permission, before anything was written",
    5: "a protection did its work",
    6: "a gate was not passed; what served before serves on",
    7: "something changed since the plan, before anything was written",
    8: "applied in part",
    9: "time ran out; the training that has begun is not lost",
    130: "interrupted; run it again to go on",
}
"""What the exit codes of a run say (contract, section 7)."""


def plan_sentence(plan: Plan) -> str:
    """The summary of a plan, as the contract words it in its section 7."""
    if plan.is_empty:
        rest = "Nothing is left to stage." if plan.staging else "Live models match the manifests."
        return f"No changes. {rest}"
    count = plan.summary
    told = [f"{count[action]} {words}" for action, words in _ALWAYS]
    told += [f"{count[action]} {words}" for action, words in _SOMETIMES if count[action]]
    return f"Plan: {', '.join(told)}."


def losses_sentence(plan: Plan) -> str:
    """What a plan takes away; empty where it takes nothing."""
    kinds = Counter(type(step) for change in plan.changes for step in change.steps)
    deletes, cancels = kinds[Delete], kinds[Cancel]
    told = (
        f"Deletes {counted(deletes, 'object')} for good." if deletes else "",
        f"Cancels {counted(cancels, 'training')}." if cancels else "",
    )
    return " ".join(filter(None, told))


def left_sentences(plan: Plan) -> tuple[str, ...]:
    """What a staging plan leaves to the merge; none where it leaves nothing, or does not stage."""
    if not plan.staging:
        return ()
    codes = Counter(each.reason.code for each in plan.changes if each.action is Action.KEEP)
    told = (
        (codes[ReasonCode.STAGED], "trained already; a merge lets what is trained serve."),
        (codes[ReasonCode.NOT_STAGED], "not declared; staging deletes nothing."),
    )
    return tuple(
        f"{counted(count, 'model')} {'is' if count == 1 else 'are'} {words}"
        for count, words in told
        if count
    )


def outcome_word(outcome: Outcome) -> str:
    """One word for what became of a change."""
    match outcome.status:
        case Status.DONE:
            return done_word(outcome.change)
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


def closing_sentence(report: Report, title: str = "Apply") -> str:
    """What became of a plan, such as `Apply complete: 2 created, 1 unchanged.`.

    Args:
        report: what became of it.
        title: what was done.
    """
    words = Counter(outcome_word(each) for each in report.outcomes)
    told = ", ".join(f"{words[word]} {word}" for word in _order() if words[word])
    state = "incomplete" if report.exit_code else "complete"
    return f"{title} {state}: {told or 'nothing to do'}."


def exit_sentence(report: Report) -> str:
    """What the exit code says; empty where all is well."""
    code = report.exit_code
    return f"Exit {code}: {_MEANINGS.get(code, 'see above')}." if code else ""


def _order() -> Iterator[str]:
    """The words of outcomes as closing lines use them, each once."""
    other = [each.value.replace("-", " ") for each in Status if each is not Status.UNCHANGED]
    yield from dict.fromkeys((*DONE_WORDS, *other, "unchanged"))


def diagnostics_sentence(diagnostics: Sequence[Diagnostic]) -> str:
    """How many errors and warnings there are."""
    counts = Counter(each.severity for each in diagnostics)
    told = [counted(counts[each], each.value) for each in Severity if counts[each]]
    return f"{', '.join(told) or 'No mistakes found'}."
