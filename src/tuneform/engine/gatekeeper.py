"""May this model go live? A reading of the plan, for whoever deploys; decided by nothing else."""

from __future__ import annotations

from tuneform.domain.desired import Desired
from tuneform.domain.live import Live
from tuneform.domain.plan import Action, Change, ReasonCode
from tuneform.domain.status import GateAnswer

_HARMLESS = frozenset({ReasonCode.SUPERSEDED_LEFT, ReasonCode.MARK_CHANGED})
"""Left to do, and no matter to those who call the serving version."""


def gate_answer(desired: Desired, change: Change) -> GateAnswer:
    """Whether the desired version is ACTIVE, passed its gate, serves, and has not drifted.

    Args:
        desired: what the manifest wants.
        change: of the model, in a plan without a selection.
    """
    wanted = next((each for each in change.versions if each.remote == change.remote), None)
    verdict = wanted.mark.verdict if wanted and wanted.mark else None
    told = str(verdict) if verdict and desired.gate else ""
    if change.action is Action.KEEP or _is_harmless(change, wanted):
        return GateAnswer(
            desired.name,
            passed=True,
            code="",
            message="The desired version serves"
            + (", and passed its gate." if desired.gate else "; the manifest asks for no gate."),
            hint="",
            remote=change.remote,
            verdict=told,
        )
    return GateAnswer(
        desired.name,
        passed=False,
        code=change.reason.code,
        message=change.reason.message,
        hint=_hint(change),
        remote=change.remote,
        verdict=told,
    )


def _is_harmless(change: Change, wanted: Live | None) -> bool:
    return (
        change.reason.code in _HARMLESS
        and all(delta.effect == "next-version" for delta in change.deltas)
        and wanted is not None
        and wanted.serves
        and not any(step.do == "evaluate" for step in change.steps)
    )


def _hint(change: Change) -> str:
    """The next step, where the reason does not tell it."""
    match change.action:
        case Action.HOLD:
            return ""
        case Action.WAIT:
            return "`tuneform wait`, then `tuneform apply`"
        case _:
            return f"`tuneform apply` would {change.action} it"
