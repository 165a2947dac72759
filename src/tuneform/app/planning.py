"""Gather, decide: what a plan is made from, and the plan."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from tuneform.app.catalogue import shipped_prices
from tuneform.app.declare import Declared, declare
from tuneform.app.explaining import explain_data
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import open_provider, record_of
from tuneform.domain.desired import DesiredSet
from tuneform.domain.diagnostic import Diagnostic, Severity, has_errors
from tuneform.domain.live import LiveSet, LiveState, RecordedSet
from tuneform.domain.plan import Plan, Start
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.engine.cost import merged, with_costs
from tuneform.engine.guard import guard_deletions
from tuneform.engine.plan import make_destroy_plan, make_plan
from tuneform.engine.policy import judge_plan
from tuneform.engine.select import idle_patterns
from tuneform.errors import InvalidProject, LocalError, PolicyDenied, Refused, UsageError
from tuneform.manifest.locate import pinpoint
from tuneform.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Aim:
    """What a plan shall be about.

    Attributes:
        selection: models outside it are left alone.
        destroy: whether all is to go.
        staging: whether to train and evaluate only.
        max_cost: that its trainings may cost, from `--max-cost`; None is no bound of its own.
        samples: of the examples that changed, at most, for each model.
    """

    selection: Selection = EVERYTHING
    destroy: bool = False
    staging: bool = False
    max_cost: Decimal | None = None
    samples: int = 0


ALL = Aim()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it was made from.

    Attributes:
        declared: what the manifests want.
        live: what the plan was made from.
        plan: the decision.
        aim: what it is about.
        findings: of the project's policy.
        repeated: whether it is a saved plan of which nothing is left, as it was carried out before.
    """

    declared: Declared
    live: LiveSet
    plan: Plan
    aim: Aim
    findings: tuple[Diagnostic, ...] = ()
    repeated: bool = False

    def refusal(self, allow_deletes: int | None) -> Refused | None:
        """Why apply would refuse the plan for what it deletes; None where it would not.

        Args:
            allow_deletes: count of deletions that are permitted.
        """
        try:
            guard_deletions(self.plan, allow_deletes)
        except Refused as refusal:
            return refusal
        return None

    def denial(self) -> PolicyDenied | None:
        """What the policy denies; None where it denies nothing."""
        return PolicyDenied(self.findings) if has_errors(self.findings) else None


def plan_project(invocation: Invocation, aim: Aim) -> Planned:
    """What apply, or destroy, would do."""
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        return decide(invocation, declared, opened.provider, aim)


def decide(invocation: Invocation, declared: Declared, provider: Provider, aim: Aim) -> Planned:
    """List what is live and plan, with the provider already open."""
    live = LiveSet(tuple(provider.list()))
    recorded = _recorded(invocation, declared)
    if aim.destroy:
        plan = make_destroy_plan(declared.desired, live, recorded, aim.selection)
    else:
        plan = make_plan(declared.desired, live, recorded, aim.selection, staging=aim.staging)
    check_patterns(declared.desired, live, aim.selection)
    _check_bases(invocation, declared, provider, plan)
    plan = explain(invocation, declared, plan, aim.samples)
    findings = () if aim.destroy else judge(invocation, declared, plan, live, aim)
    return Planned(declared, live, plan, aim, findings)


def explain(invocation: Invocation, declared: Declared, plan: Plan, samples: int) -> Plan:
    """What it will cost, and what became of the examples. Nothing is decided by it."""
    return explain_data(invocation, declared, costed(declared, plan), samples)


def costed(declared: Declared, plan: Plan) -> Plan:
    """The plan, with what each training will cost."""
    roots = {model.name: model.root for model in declared.desired.models}
    prices = merged(declared.project.prices, shipped_prices(declared.project.provider))
    return with_costs(plan, roots, prices)


def judge(
    invocation: Invocation, declared: Declared, plan: Plan, live: LiveSet, aim: Aim
) -> tuple[Diagnostic, ...]:
    """What the policy says to the models and to the plan."""
    owner = str(declared.owner)
    running = sum(
        each.state is LiveState.TRAINING and each.mark is not None and each.mark.owner == owner
        for each in live.objects
    )
    found = judge_plan(declared.project.policy, plan, running, aim.max_cost)
    return (*declared.findings, *pinpoint(found, invocation.root))


def _recorded(invocation: Invocation, declared: Declared) -> RecordedSet:
    """What the ledger knows. It only explains, so a plan goes on without it."""
    try:
        with closing(record_of(declared.project, invocation)) as record:
            return record.recorded(declared.owner)
    except LocalError:
        return RecordedSet()


def check_patterns(desired: DesiredSet, live: LiveSet, selection: Selection) -> None:
    """Tell of a pattern that chooses nothing: it is a slip.

    Raises:
        UsageError: there is one.
    """
    if selection == EVERYTHING:
        return
    owner = str(desired.owner)
    names = {
        each.mark.model
        for each in live.objects
        if each.mark and each.mark.owner == owner and not each.spent
    }
    specs = [model.spec for model in desired.models]
    idle = idle_patterns(selection, specs, names)
    if idle:
        raise UsageError(
            f"no model fits {', '.join(repr(pattern) for pattern in idle)}",
            hint="`tuneform status` lists the models",
        )


def _check_bases(
    invocation: Invocation, declared: Declared, provider: Provider, plan: Plan
) -> None:
    """A base that the service does not offer is told before anything is applied."""
    starting = {
        step.mark.model: step.base
        for change in plan.changes
        for step in change.steps
        if isinstance(step, Start) and step.base
    }
    if not starting:
        return
    offered = provider.tunable_bases()
    found = [
        _not_offered(declared, model, base, offered)
        for model, base in starting.items()
        if base not in offered
    ]
    if found:
        raise InvalidProject((*declared.warnings, *pinpoint(tuple(found), invocation.root)))


def _not_offered(declared: Declared, model: str, base: str, offered: frozenset[str]) -> Diagnostic:
    spec = next(each.spec for each in declared.desired.models if each.name == model)
    near = get_close_matches(base, offered, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    elif offered:
        hint = f"it offers {', '.join(sorted(offered))}"
    else:
        hint = (
            "it offers no base at all (the Gemini API has had none since May 2025): what is "
            "trained can still be kept, edited and deleted; docs/gemini.md tells the choices"
        )
    return Diagnostic(
        Severity.ERROR,
        "base-not-offered",
        "the service does not offer this base for tuning",
        f"A version of {model!r} has to be trained, and {declared.project.provider.type} does "
        f"not offer {base} for tuning now.",
        place=spec.place,
        subject=spec.subject,
        field="spec.baseModel",
        hint=hint,
    )
