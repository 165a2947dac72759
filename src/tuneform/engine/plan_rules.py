"""The rules of the policy about plans: deletions, trainings at a time, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from tuneform.domain.diagnostic import Severity
from tuneform.domain.plan import Action, Cancel, Change, Plan, Start, Step, Watch
from tuneform.domain.policy import Policy
from tuneform.engine.finding import Finding, counted

NAMED_AT_MOST: Final = 5
"""A finding about many models names so many of them."""


def plan_findings(
    policy: Policy, plan: Plan, in_training: int, max_cost: Decimal | None
) -> Iterator[Finding]:
    """What of a plan breaks the policy, by rule.

    Args:
        policy: the rules.
        plan: with its costs.
        in_training: trainings under way now, those that the plan watches or cancels included.
        max_cost: a second budget, which always denies.
    """
    yield from _deletes(policy, plan)
    yield from _trainings(policy, plan, in_training)
    yield from _costs(policy, plan, max_cost)


def _deletes(policy: Policy, plan: Plan) -> Iterator[Finding]:
    deletes, most = plan.summary[Action.DELETE], policy.max_deletes
    if most is not None and deletes > most:
        yield Finding(
            "maxDeletes",
            "too many deletions",
            f"The plan deletes {counted(deletes, 'model')}, and the policy permits {most:,}.",
            "spec.policy.maxDeletes",
            "delete fewer at a time with --target, or raise policy.maxDeletes",
        )


def _trainings(policy: Policy, plan: Plan, in_training: int) -> Iterator[Finding]:
    most = policy.max_trainings
    starts = sum(_has(change, Start) for change in plan.changes)
    if most is None or not starts or (together := _at_once(plan, in_training)) <= most:
        return
    yield Finding(
        "maxTrainings",
        "too many trainings at a time",
        f"The plan starts {counted(starts, 'training')}. With those under way, {together:,} may "
        f"run at a time, and the policy permits {most:,}.",
        "spec.policy.maxTrainings",
        "start fewer at a time with --target, wait for those under way, "
        "or raise policy.maxTrainings",
    )


def _at_once(plan: Plan, in_training: int) -> int:
    """How many trainings may be under way at a time, at most, while the plan is carried out.

    A child starts when its parent has trained, so along a chain one trains at a time. Superseded
    trainings are cancelled before anything starts.
    """
    below: Counter[str | None] = Counter()
    for change in reversed(plan.changes):  # children before parents
        trains = _has(change, Start) or _has(change, Watch)
        below[change.parent] += max(int(trains), below.pop(change.model, 0))
    watched = sum(_has(change, Watch) and not _has(change, Start) for change in plan.changes)
    ended = sum(isinstance(step, Cancel) for change in plan.changes for step in change.steps)
    return below.total() + max(0, in_training - watched - ended)


class _Budget(NamedTuple):
    """A limit of costs: the strictest sorts first."""

    warns: bool
    most: Decimal
    name: str
    field: str


def _costs(policy: Policy, plan: Plan, max_cost: Decimal | None) -> Iterator[Finding]:
    """One finding about the sum, one about what is not in it: of the strictest budget each."""
    budgets = []
    if max_cost is not None:
        budgets.append(_Budget(False, max_cost, "--max-cost", ""))
    if policy.max_cost is not None:
        warns = "maxCost" in policy.warns
        field = "spec.policy.maxCost"
        budgets.append(_Budget(warns, policy.max_cost, "policy.maxCost", field))
    budgets.sort()
    if broken := next((each for each in budgets if plan.total.likely > each.most), None):
        yield _over(broken, plan)
    if budgets and plan.total.unknown:
        yield _unknown(budgets[0], plan)


def _over(budget: _Budget, plan: Plan) -> Finding:
    total, currency = plan.total, plan.total.currency
    return Finding(
        "maxCost",
        "budget is exceeded",
        f"The trainings of this plan cost {_money(total.likely)} {currency} by estimate "
        f"({_money(total.least)} to {_money(total.most)}), and {budget.name} permits "
        f"{_money(budget.most)} {currency}.",
        budget.field,
        f"train fewer at a time with --target, or raise {budget.name}",
        Severity.WARNING if budget.warns else Severity.ERROR,
    )


def _unknown(budget: _Budget, plan: Plan) -> Finding:
    names = [each.model for each in plan.changes if each.cost and each.cost.likely is None]
    more = len(names) - NAMED_AT_MOST
    shown = ", ".join(names[:NAMED_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")
    return Finding(
        "maxCost",
        "cost is unknown",
        f"No price is known for the training of {shown}, so {budget.name} cannot be kept.",
        budget.field,
        "state the price under prices in tuneform.yaml",
        Severity.WARNING if budget.warns else Severity.ERROR,
    )


def _has(change: Change, kind: type[Step]) -> bool:
    return any(isinstance(step, kind) for step in change.steps)


def _money(amount: Decimal) -> str:
    """Without the zeros that say nothing, but with cents."""
    exact = amount.normalize()
    exponent = exact.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{places}f}"
