"""Reads: status, one model in full, what applications should call, one answer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from difflib import get_close_matches

from tuneform.app.declare import Declared, declare
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import open_provider, record_of
from tuneform.domain.cost import Spent
from tuneform.domain.desired import Desired
from tuneform.domain.live import Leftover, Live, LiveSet, LiveState, RecordedSet, Training
from tuneform.domain.plan import Change, Plan
from tuneform.domain.status import ModelStatus, StatusReport
from tuneform.engine.advice import advise
from tuneform.engine.plan import make_plan
from tuneform.engine.status import report_status
from tuneform.errors import (
    LocalError,
    NotServing,
    RemoteError,
    Unanswered,
    Unauthenticated,
    UsageError,
)
from tuneform.providers.base import Provider
from tuneform.render.output import ServedModel
from tuneform.render.show import ShowView

ASKED_AT_MOST = 50
"""Trainings whose operations are asked for; the others tell their progress by their loss curve."""


def status(invocation: Invocation) -> tuple[Declared, StatusReport]:
    """Each model's state."""
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        live = LiveSet(tuple(opened.provider.list(curves=True)))
        plan = make_plan(declared.desired, live, RecordedSet())
        open_ones = [each for each in _versions(plan) if each.state is not LiveState.ACTIVE]
        trainings = _trainings(opened.provider, open_ones[:ASKED_AT_MOST])
        leftovers, unread = _leftovers(opened.provider, declared)
    report = report_status(declared.desired, live, plan, trainings)
    spent = _spent(invocation, declared)
    return declared, replace(report, spent=spent, leftovers=leftovers, unread=unread)


def _leftovers(provider: Provider, declared: Declared) -> tuple[tuple[Leftover, ...], str]:
    """What is left over, or why nobody can tell: it is no reason to tell nothing else."""
    try:
        return provider.leftovers(str(declared.owner)), ""
    except Unauthenticated:
        raise
    except RemoteError as error:
        return (), f"What is left over cannot be told: {error.message.rstrip('.')}."


def _spent(invocation: Invocation, declared: Declared) -> tuple[Spent, ...]:
    """What the ledger knows; one that cannot be read knows nothing."""
    try:
        with closing(record_of(declared.project, invocation)) as record:
            return tuple(record.spent(declared.owner))
    except LocalError:
        return ()


def show(invocation: Invocation, name: str) -> ShowView:
    """One model in full, with advice from its loss curve."""
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        live = LiveSet(tuple(opened.provider.list(curves=True)))
        plan = make_plan(declared.desired, live, RecordedSet())
        change = find_change(plan, name)
        trainings = _trainings(opened.provider, change.versions)
    report = report_status(declared.desired, live, plan, trainings)
    model = next(each for each in report.models if each.model == name)
    desired = next((each for each in declared.desired.models if each.name == name), None)
    return ShowView(
        model=name,
        declared=model.declared,
        spec=desired.spec if desired else None,
        desired=desired,
        versions=model.versions,
        advice=_advice(model, desired, trainings),
    )


@dataclass(frozen=True, slots=True)
class Served:
    """What applications should call.

    Attributes:
        models: by name.
        missing: declared models that serve nothing.
    """

    models: dict[str, ServedModel]
    missing: tuple[str, ...]


def output(invocation: Invocation, name: str | None) -> Served:
    """Serving versions of declared models.

    Raises:
        NotServing: the named model serves nothing.
        UsageError: no manifest declares the named model.
    """
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        live = LiveSet(tuple(opened.provider.list()))
    plan = make_plan(declared.desired, live, RecordedSet())
    wanted = {model.name: model for model in declared.desired.models}
    if name is not None:
        if name not in wanted:
            raise unknown_model(name, wanted)
        wanted = {name: wanted[name]}
    report = report_status(declared.desired, live, plan, {})
    addresses = {each.model: each.address for each in report.models}
    models = {
        each: ServedModel(address, wanted[each].spec.dataset.preamble)
        for each in sorted(wanted)
        if (address := addresses[each])
    }
    missing = tuple(sorted(wanted.keys() - models.keys()))
    if name is not None and missing:
        raise _nothing_serves(name)
    return Served(models, missing)


def generate(invocation: Invocation, name: str, prompt: str) -> str:
    """Ask the serving version, with the preamble in front of the prompt.

    Raises:
        NotServing: it has none.
        UsageError: there is no such model, or nothing to ask.
    """
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        live = LiveSet(tuple(opened.provider.list()))
        plan = make_plan(declared.desired, live, RecordedSet())
        find_change(plan, name)
        report = report_status(declared.desired, live, plan, {})
        address = next(each.address for each in report.models if each.model == name)
        if address is None:
            raise _nothing_serves(name)
        desired = next((each for each in declared.desired.models if each.name == name), None)
        preamble = desired.spec.dataset.preamble if desired else ""
        if not preamble + prompt:
            raise UsageError("the prompt is empty", hint="say what the model is to answer")
        try:
            return opened.provider.ask(address, preamble + prompt)
        except Unanswered as error:
            if not error.text:
                raise
            return error.text  # cut off: what there is of it is worth reading


def find_change(plan: Plan, name: str) -> Change:
    """The change of a model that is declared or live.

    Raises:
        UsageError: there is no such model.
    """
    for change in plan.changes:
        if change.model == name:
            return change
    raise unknown_model(name, [change.model for change in plan.changes])


def chosen_versions(change: Change, version: str | None) -> tuple[Live, ...]:
    """The live objects of a model, or the one that is named.

    Args:
        change: of the model.
        version: remote name, id or short fingerprint; None means all. Twins share a fingerprint.

    Raises:
        UsageError: there is no such version.
    """
    if version is None:
        return change.versions
    found = tuple(
        each
        for each in change.versions
        if version in (each.remote, each.id, each.mark and each.mark.fingerprint)
    )
    if not found:
        known = ", ".join(each.id for each in change.versions) or "none"
        raise UsageError(
            f"{change.model!r} has no version {version!r}", hint=f"live versions: {known}"
        )
    return found


def unknown_model(name: str, names: Iterable[str]) -> UsageError:
    """What to say of a name that is no model's."""
    near = get_close_matches(name, list(names), n=1)
    return UsageError(
        f"there is no model {name!r}",
        hint=f"did you mean {near[0]!r}?" if near else "`tuneform status` lists the models",
    )


def _nothing_serves(name: str) -> NotServing:
    return NotServing(
        f"no version of {name!r} serves",
        hint="`tuneform status` tells why, `tuneform apply` trains and promotes",
    )


def _versions(plan: Plan) -> Iterable[Live]:
    return (each for change in plan.changes for each in change.versions)


def _trainings(provider: Provider, lives: Iterable[Live]) -> dict[str, Training]:
    asked = {each.remote: provider.training(each.remote) for each in lives}
    return {remote: training for remote, training in asked.items() if training}


def _advice(
    model: ModelStatus, desired: Desired | None, trainings: dict[str, Training]
) -> tuple[str, ...]:
    """About the serving version's curve, else the newest one's."""
    versions = [each.live for each in model.versions]
    live = next((each for each in versions if each.remote == model.serving), None)
    live = live or next(iter(versions), None)
    if live is None:
        return ()
    training = trainings.get(live.remote)
    curve = (training.curve if training else ()) or live.curve
    return advise(
        curve,
        epochs=live.hyperparameters.epoch_count,
        examples=desired.training.examples if desired else None,
    )
