"""What a branch changes, from git alone: no credentials, no request, safe for anybody's branch.

It is compared with the commit where it left the other revision: what happened there since is no
doing of the branch.

The models of the other revision are taken as if they were live and served, and the same planner
decides. So a diff is a plan of the same shape, and says the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tuneform.app.declare import Declared, declare
from tuneform.app.history import checked_out, declared_at, mistakes, repository_of
from tuneform.app.invocation import Invocation
from tuneform.app.planning import check_patterns, costed
from tuneform.dataset.compare import differences
from tuneform.dataset.examples import each_example
from tuneform.domain.data_change import DataChange
from tuneform.domain.desired import Desired
from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.live import Live, LiveSet, LiveState, RecordedSet
from tuneform.domain.mark import Mark, Verdict
from tuneform.domain.plan import Change, Plan
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.engine.plan import make_plan
from tuneform.engine.policy import judge_plan
from tuneform.errors import InvalidProject
from tuneform.git import Repository
from tuneform.manifest.locate import pinpoint


@dataclass(frozen=True, slots=True)
class Branch:
    """What a branch changes.

    Attributes:
        declared: what the work tree wants.
        base: the commit that it is compared with: where the branch left the revision.
        plan: as if everything of that commit were live and served.
        findings: of the project's policy.
    """

    declared: Declared
    base: str
    plan: Plan
    findings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _Then:
    """The revision that the work tree is compared with."""

    repository: Repository
    commit: str
    models: dict[str, Desired]

    def model(self, now: Desired) -> Desired | None:
        """What a model was then, under its name or an earlier one."""
        names = (now.name, *now.spec.formerly)
        return next((self.models[name] for name in names if name in self.models), None)


def compare_branch(
    invocation: Invocation, revision: str, samples: int, selection: Selection = EVERYTHING
) -> Branch:
    """Compare the work tree with a revision.

    Args:
        invocation: of the command.
        revision: whatever git understands, such as `origin/main`.
        samples: of the examples that differ, at most, for each model.
        selection: models outside it are left out.

    Raises:
        UsageError: git knows no such revision, or no model fits a pattern.
        InvalidProject: the work tree has mistakes, or the revision, whose places begin with it.
    """
    repository = repository_of(invocation)
    base = repository.merge_base(repository.resolve(revision))
    declared = declare(invocation)
    then = _Then(repository, base, _models_at(invocation, repository, base, revision))
    live = LiveSet(tuple(_as_live(model, then.models) for model in then.models.values()))
    check_patterns(declared.desired, live, selection)
    plan = make_plan(declared.desired, live, RecordedSet(), selection)
    plan = costed(declared, plan)
    plan = _explained(invocation, declared, then, plan, samples)
    found = judge_plan(declared.project.policy, plan, 0, None)
    findings = (*declared.findings, *pinpoint(found, invocation.root))
    return Branch(declared, base, plan, findings)


def _models_at(
    invocation: Invocation, repository: Repository, commit: str, revision: str
) -> dict[str, Desired]:
    try:
        declared = declared_at(invocation, repository, commit)
    except InvalidProject as error:
        raise _of_revision(error, revision) from error
    return {model.name: model for model in declared.desired.models} if declared else {}


def _of_revision(error: InvalidProject, revision: str) -> InvalidProject:
    """The mistakes of a revision, at places as git writes them: they are not in the work tree."""
    told = [
        replace(each, place=replace(each.place, file=f"{revision}:{each.place.file}"))
        if each.place
        else each
        for each in mistakes(error)
    ]
    return InvalidProject(told, error.secrets)


def _as_live(model: Desired, models: dict[str, Desired]) -> Live:
    """A model as its object would be after an apply."""
    spec, parent = model.spec, models.get(model.spec.tuned_from or "")
    fields = spec.fields
    return Live(
        remote=_remote(model),
        state=LiveState.ACTIVE,
        mark=Mark(
            owner=str(model.owner),
            model=model.name,
            fingerprint=model.fingerprint_short,
            data=model.data_short,
            revision=spec.revision,
            serving=True,
            verdict=Verdict(True, model.gate.short) if model.gate else None,
            deletion=spec.deletion_policy,
        ),
        display_name=fields.display_name or "",
        description=fields.description or "",
        base=model.root,
        source=_remote(parent) if parent else None,
        hyperparameters=spec.hyperparameters,
        temperature=fields.temperature,
        top_p=fields.top_p,
        top_k=fields.top_k,
    )


def _remote(model: Desired) -> str:
    return model.remote or f"{model.name}-{model.fingerprint_short}"


def _explained(
    invocation: Invocation, declared: Declared, then: _Then, plan: Plan, samples: int
) -> Plan:
    """The plan, with what became of the examples."""
    if not any(_is_other_data(change) for change in plan.changes):
        return plan
    now = {model.name: model for model in declared.desired.models}
    with checked_out(invocation, then.repository, then.commit) as past:

        def data(change: Change) -> DataChange | None:
            old = then.model(now[change.model]) if _is_other_data(change) else None
            if old is None:
                return None
            new = now[change.model].spec.dataset
            limits = declared.limits[new]
            return differences(
                lambda: each_example(past.root, old.spec.dataset, limits),
                lambda: each_example(invocation.root, new, limits),
                samples=samples,
                source="git",
                commit=then.commit,
            )

        changes = tuple(replace(change, data=data(change)) for change in plan.changes)
    return replace(plan, changes=changes)


def _is_other_data(change: Change) -> bool:
    return any(delta.field == "spec.dataset" for delta in change.deltas)
