"""What a team permits itself: models and plans held against the rules of `policy`.

Findings are diagnostics; what they stop is for the caller to say. A rule that only warns gives
warnings, every other one errors. Codes are `policy-` and the rule's name: `policy-allowed-bases`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from tuneform.domain.desired import Desired
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.plan import Plan
from tuneform.domain.policy import Policy, Retirement
from tuneform.engine.finding import Finding
from tuneform.engine.model_rules import model_findings, retirement_of
from tuneform.engine.plan_rules import plan_findings


def judge_models(
    policy: Policy, models: Iterable[Desired], retirements: Sequence[Retirement], today: date
) -> tuple[Diagnostic, ...]:
    """Hold declared models against the rules about models.

    Without `retirementDays` a base that is gone, or will be within 90 days, is a warning.

    Args:
        policy: the rules.
        models: as declared. One that is tuned on top of another is judged by the base at the root
            of its chain.
        retirements: of the provider; the first that fits a base counts.
        today: days are counted from it.

    Returns:
        Findings by model, then by rule. Places are those of names; the field tells finer ones.
    """
    judged = tuple(models)
    ends = {base: retirement_of(base, retirements) for base in {each.root for each in judged}}
    return tuple(
        _told(policy, finding, model.spec.place, model.spec.subject)
        for model in judged
        for finding in model_findings(policy, model, ends[model.root], today)
    )


def judge_plan(
    policy: Policy, plan: Plan, in_training: int, max_cost: Decimal | None
) -> tuple[Diagnostic, ...]:
    """Hold a plan against the rules about plans.

    The likely cost is what is compared with a budget. A budget that a training without a known
    price may break cannot be kept, so that is a finding as well.

    Args:
        policy: the rules.
        plan: with its costs.
        in_training: trainings of this owner that are under way now, those that the plan watches or
            cancels included.
        max_cost: from `--max-cost`; it always denies, and the lower of the two budgets counts.

    Returns:
        Findings by rule. Places are those of the rules; `--max-cost` has none.
    """
    subject = f"Project/{plan.owner.project}"
    return tuple(
        _told(policy, finding, policy.place(finding.rule) if finding.field else None, subject)
        for finding in plan_findings(policy, plan, in_training, max_cost)
    )


def _told(policy: Policy, finding: Finding, place: Place | None, subject: str) -> Diagnostic:
    rule = finding.rule
    stands = policy.place(rule)
    elsewhere = stands is not None and finding.field and stands != place
    return Diagnostic(
        finding.severity or (Severity.WARNING if rule in policy.warns else Severity.ERROR),
        "policy-" + re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", rule),
        finding.summary,
        f"{finding.detail} The rule stands at {stands}." if elsewhere else finding.detail,
        place=place,
        subject=subject,
        field=finding.field,
        hint=finding.hint,
    )
