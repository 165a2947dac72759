"""What is live, told by model: a reading of the plan, decided by nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from tuneform.domain.desired import DesiredSet
from tuneform.domain.live import Live, LiveSet, LiveState, Training
from tuneform.domain.mark import names_owner
from tuneform.domain.plan import Action, Change, Plan, ReasonCode
from tuneform.domain.status import ModelState, ModelStatus, StatusReport, VersionStatus
from tuneform.engine.estate import Estate, sort_out


def report_status(
    desired: DesiredSet, live: LiveSet, plan: Plan, trainings: Mapping[str, Training]
) -> StatusReport:
    """Tell each model's state.

    Args:
        desired: what the manifests want.
        live: what the plan was made from.
        plan: of all models.
        trainings: by remote name, as far as they were asked for.
    """
    declared = {model.name for model in desired.models}
    estate = sort_out(desired, live)
    unexplained = {each.remote for each in estate.unexplained}
    ids = {model.remote for model in desired.models if model.remote}
    unexplained |= {
        each.remote
        for each in live.objects
        if each.mark is None
        and (each.remote in ids or names_owner(each.description, str(desired.owner)))
    }
    unexplained |= _estranged(desired, estate)
    return StatusReport(
        owner=plan.owner,
        provider=plan.provider,
        models=tuple(
            _model_status(change, change.model in declared, trainings)
            for change in sorted(plan.changes, key=lambda change: change.model)
        ),
        unexplained=tuple(sorted(unexplained)),
    )


def _estranged(desired: DesiredSet, estate: Estate) -> set[str]:
    """What stands in the way of a desired version, as it was created as that one.

    Where there is another with the same inputs nothing stands in the way: a twin was let go.
    """
    marked = {each.remote for known in estate.versions.values() for each in known}
    found = set()
    for model in desired.models:
        names, wanted = (model.name, *model.spec.formerly), model.fingerprint_short
        stray = estate.estranged_of(names, wanted)
        if stray and all(each.mark.fingerprint != wanted for each in estate.of(names)):
            found.add(stray.remote)
    return found - marked


def version_status(live: Live, training: Training | None) -> VersionStatus:
    """One version, with what its training tells."""
    training = training or Training(curve=live.curve)
    curve = training.curve or live.curve
    return VersionStatus(
        live=live,
        progress=1.0 if live.state is LiveState.ACTIVE else training.progress,
        last=curve[-1] if curve else None,
        error=training.error,
    )


def _model_status(change: Change, declared: bool, trainings: Mapping[str, Training]) -> ModelStatus:
    serving = next((each for each in change.versions if each.serves), None)
    wanted = next((each for each in change.versions if each.remote == change.remote), None)
    if serving and wanted and wanted.serves:
        serving = wanted
    state = _state(change, wanted or next(iter(change.versions), None), serving)
    return ModelStatus(
        model=change.model,
        declared=declared,
        state=state,
        serving=serving.remote if serving else None,
        address=serving.address if serving else None,
        versions=tuple(
            version_status(each, trainings.get(each.remote)) for each in change.versions
        ),
        note=_note(change, declared=declared),
    )


def _state(change: Change, foremost: Live | None, serving: Live | None) -> ModelState:
    """In one word: what became of the desired version, else whether anything serves."""
    if change.reason.code is ReasonCode.TRAINING_FAILED:
        return ModelState.FAILED
    if change.action is Action.HOLD:
        return ModelState.HELD
    if foremost and foremost.state is LiveState.TRAINING:
        return ModelState.TRAINING
    if serving:
        return ModelState.SERVING
    if foremost and foremost.state is LiveState.FAILED:
        return ModelState.FAILED
    return ModelState.ABSENT


def _note(change: Change, *, declared: bool) -> str:
    told = _told(change)
    if declared or change.reason.code in _UNDECLARED:
        return told
    return f"No manifest declares it. {told}".rstrip()


_UNDECLARED = frozenset({ReasonCode.NOT_DECLARED, ReasonCode.RETAINED, ReasonCode.IN_USE})
"""Reasons that say themselves that no manifest declares the model."""


def _told(change: Change) -> str:
    match change.action:
        case Action.KEEP if change.reason.code is ReasonCode.UP_TO_DATE:
            return ""
        case Action.HOLD | Action.KEEP | Action.WAIT:
            return change.reason.message
        case _:
            return f"{change.reason.message} `tuneform apply` would {change.action} it."
