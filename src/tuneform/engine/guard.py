"""The deletion guard: a mistake in a path must not delete a fleet (contract, section 6)."""

from __future__ import annotations

from tuneform.domain.plan import Action, Plan
from tuneform.errors import Refused

SHARE = 0.3
"""More than this share of the owner's models in one plan needs a word."""


def guard_deletions(plan: Plan, allowed: int | None) -> None:
    """Refuse a plan that deletes suspiciously much.

    Args:
        plan: the decision; holds and releases do not count.
        allowed: from `--allow-deletes`.

    Raises:
        Refused: with the exact flag that permits it.
    """
    deletes = plan.summary[Action.DELETE]
    few = deletes <= max(1, SHARE * plan.live_models) and deletes < plan.live_models
    if deletes == 0 or few or (allowed is not None and allowed >= deletes):
        return
    raise Refused(
        f"the plan deletes {deletes} of the {plan.live_models} models that {plan.owner} has live",
        hint=f"if that is meant, add --allow-deletes {deletes}",
    )
