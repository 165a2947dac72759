"""The change of one declared model: headline, reason, steps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from tuneform.domain.desired import Desired
from tuneform.domain.live import LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.plan import (
    UP_TO_DATE,
    Action,
    Cancel,
    Change,
    Delete,
    Evaluate,
    FieldDelta,
    Patch,
    Promote,
    Reason,
    ReasonCode,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.engine.diff import NO_EDITS, default_cause, edits, field_deltas, input_deltas
from tuneform.engine.estate import Version
from tuneform.engine.situation import Situation, is_judged


def expendable(situation: Situation, desired: Desired) -> tuple[Version, ...]:
    """Superseded versions beyond `keepVersions`, newest first.

    Proven ones are kept first: the one that served until now, then the newest.
    """
    superseded = situation.superseded
    # A promotion that was cut short leaves the word on both: the old one served until now.
    served = next((each for each in superseded if each.live.promoted), None)
    proven = [each for each in superseded if each.proven]
    proven.sort(key=lambda each: each is not served)
    kept = proven[: desired.spec.keep_versions]
    return tuple(each for each in superseded if each not in kept)


def declared_change(
    situation: Situation,
    desired: Desired,
    hold: Reason | None,
    going: Collection[str],
    source: str | None,
) -> Change:
    """Decide about one declared model.

    Args:
        situation: the model.
        desired: what its manifest wants.
        hold: why it is held, if it is.
        going: remote names that may be deleted, of all models.
        source: remote name of the parent's desired version, for a model tuned on top of another.
    """
    wanted = situation.wanted
    change = idle_change(situation, desired, hold)
    if hold:
        return change
    parts = _Parts(situation, desired, going)
    if wanted is None:
        return _training_change(change, parts, source)
    if wanted.live.state is LiveState.TRAINING:
        reason = Reason(
            ReasonCode.IN_TRAINING, f"{wanted.remote} is the desired version, and in training."
        )
        return replace(
            change,
            action=Action.WAIT,
            reason=reason,
            training=desired.training,
            deltas=parts.deltas(wanted),
            steps=(
                *parts.first(),
                Watch(wanted.remote),
                *parts.rewrites(wanted),
                *parts.edit(wanted, _mark_of(desired, wanted)),
                *parts.evaluate(wanted.remote),
                parts.promote(wanted.remote),
                *parts.deletes(),
            ),
        )
    return _trained_change(change, parts, wanted)


def idle_change(situation: Situation, desired: Desired, hold: Reason | None) -> Change:
    """A declared model about which nothing is done: it is held, or as it should be."""
    wanted = situation.wanted
    return Change(
        model=desired.name,
        action=Action.HOLD if hold else Action.KEEP,
        reason=hold or UP_TO_DATE,
        remote=wanted.remote if wanted else desired.remote,
        parent=desired.spec.tuned_from,
        versions=situation.shown,
    )


def evaluation_of(situation: Situation, desired: Desired, remote: str | None) -> tuple[Step, ...]:
    """The gate of the desired version, unless there is none or it bears its verdict.

    Args:
        situation: the model.
        desired: what its manifest wants.
        remote: name, present or to come, of the desired version.
    """
    gate, wanted, serving = desired.gate, situation.wanted, situation.serving
    if gate is None or (wanted and is_judged(wanted, desired)):
        return ()
    if serving and not serving.live.deployed:
        serving = None  # nothing would answer
    other = serving if gate.spec.compares and not (wanted and wanted.live.promoted) else None
    return (Evaluate(remote, gate, other.remote if other else None),)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The pieces that changes of one model are put together from."""

    situation: Situation
    desired: Desired
    going: Collection[str]

    @property
    def victims(self) -> tuple[Version, ...]:
        return tuple(each for each in self.situation.superseded if each.remote in self.going)

    def first(self) -> tuple[Step, ...]:
        """Superseded trainings are stopped before anything else."""
        return tuple(
            Cancel(each.remote) for each in self.victims if each.live.state is LiveState.TRAINING
        )

    def rewrites(self, wanted: Version | None, *, retire: bool = False) -> tuple[Step, ...]:
        """Marks of the other versions that stay: under a new name, or no longer serving."""
        steps = []
        for each in self.situation.versions:
            if each is wanted or each.remote in self.going:
                continue
            if self.situation.is_editable(each):
                mark = _renamed(each, self.desired)
                mark = mark.retired() if retire else mark
                if mark != each.mark:
                    steps.append(Rewrite(each.remote, mark))
        return tuple(steps)

    def edit(self, wanted: Version, mark: Mark) -> tuple[Step, ...]:
        """Editable fields and mark of the desired version, where they differ."""
        fields = edits(self.desired, wanted.live)
        if fields != NO_EDITS:
            return (Patch(wanted.remote, fields, mark),)
        return (Rewrite(wanted.remote, mark),) if mark != wanted.mark else ()

    def evaluate(self, remote: str | None) -> tuple[Step, ...]:
        """The gate of a version, unless it bears its verdict. After edits: these change answers."""
        return evaluation_of(self.situation, self.desired, remote)

    def promote(self, remote: str | None) -> Promote:
        others = [each for each in self.situation.versions if each.remote != remote]
        return Promote(
            remote, tuple(each.remote for each in others if each.mark.serving or each.mark.pinned)
        )

    def deletes(self) -> tuple[Step, ...]:
        return tuple(Delete(each.remote) for each in self.victims)

    def deltas(self, version: Version) -> tuple[FieldDelta, ...]:
        """What the manifest changes on a version without training."""
        return _in_place(self.desired, version)


def _in_place(desired: Desired, version: Version) -> tuple[FieldDelta, ...]:
    name = desired.name
    renamed = (
        (FieldDelta("metadata.name", version.mark.model, name, "in-place"),)
        if version.mark.model != name
        else ()
    )
    return renamed + field_deltas(desired, version)


def _training_change(change: Change, parts: _Parts, source: str | None) -> Change:
    """The desired version does not exist yet."""
    desired, reference = parts.desired, parts.situation.reference
    change = replace(
        change,
        action=Action.REPLACE if reference else Action.CREATE,
        reason=why_create(parts.situation),
        training=desired.training,
        steps=(
            *parts.first(),
            *parts.rewrites(None),
            start_of(desired, source),
            Watch(desired.remote),
            *parts.evaluate(desired.remote),
            parts.promote(desired.remote),
            *parts.deletes(),
        ),
    )
    return explained(change, desired, reference, source) if reference else change


def explained(change: Change, desired: Desired, reference: Version, source: str | None) -> Change:
    """A change that trains, with what differs from the version that a reader compares it with."""
    retrain = input_deltas(desired, reference, source)
    settings, note = ((), "") if retrain else default_cause(desired, reference)
    return replace(
        change,
        reason=_why_retrain(retrain or settings, desired),
        deltas=(*retrain, *settings, *_in_place(desired, reference)),
        notes=(note,) if note else (),
    )


def _trained_change(change: Change, parts: _Parts, wanted: Version) -> Change:
    """The desired version is trained."""
    desired = parts.desired
    mark = _mark_of(desired, wanted)
    evaluate = parts.evaluate(wanted.remote)
    if wanted.live.promoted and not wanted.live.deployed:
        # It was promoted before. A gate asks what answers, and so comes after.
        return replace(
            change,
            action=Action.PROMOTE,
            reason=_not_serving(wanted),
            deltas=parts.deltas(wanted),
            steps=(
                *parts.first(),
                *parts.rewrites(wanted),
                *parts.edit(wanted, mark),
                parts.promote(wanted.remote),
                *evaluate,
                *parts.deletes(),
            ),
        )
    if parts.situation.serving is not wanted:
        return replace(
            change,
            action=Action.PROMOTE,
            reason=not_evaluated(wanted) if evaluate else _not_serving(wanted),
            deltas=parts.deltas(wanted),
            steps=(
                *parts.first(),
                *parts.rewrites(wanted),
                *parts.edit(wanted, mark),
                *evaluate,
                parts.promote(wanted.remote),
                *parts.deletes(),
            ),
        )
    edit = (*parts.rewrites(wanted, retire=True), *parts.edit(wanted, mark.promoted()))
    removals = parts.deletes()
    if not edit and not evaluate and not removals:
        return change
    deltas = parts.deltas(wanted)
    if removals:
        reason = Reason(
            ReasonCode.SUPERSEDED_LEFT,
            f"{len(removals)} superseded version{'s' if len(removals) > 1 else ''} beyond "
            f"keepVersions: {desired.spec.keep_versions} must go.",
        )
        return replace(
            change,
            action=Action.PROMOTE,
            reason=reason,
            deltas=deltas,
            steps=(*parts.first(), *edit, *evaluate, *removals),
        )
    return replace(
        change,
        action=Action.UPDATE,
        reason=_why_update(deltas, desired, wanted) if edit else _new_gate(wanted),
        deltas=deltas,
        steps=(*edit, *evaluate),
    )


def start_of(desired: Desired, source: str | None, *, staged: bool = False) -> Start:
    """The step that begins the training of the desired version."""
    spec = desired.spec
    return Start(
        remote=desired.remote,
        fingerprint=desired.fingerprint,
        data_digest=desired.data.digest,
        dataset=spec.dataset,
        base=spec.base_model,
        source=source,
        parent=spec.tuned_from,
        hyperparameters=spec.hyperparameters,
        fields=spec.fields,
        mark=Mark(
            owner=str(desired.owner),
            model=spec.name,
            fingerprint=desired.fingerprint_short,
            data=desired.data_short,
            revision=spec.revision,
            deletion=spec.deletion_policy,
            staged=staged,
        ),
        validation=spec.validation,
        validation_digest=desired.validation.digest if desired.validation else None,
        extras=spec.extras,
    )


def not_evaluated(wanted: Version) -> Reason:
    """Why a trained version does not serve yet."""
    return Reason(
        ReasonCode.NOT_EVALUATED, f"{wanted.remote} is trained, but has not passed its gate yet."
    )


def _not_serving(wanted: Version) -> Reason:
    if wanted.live.promoted:
        return Reason(
            ReasonCode.NOT_SERVING,
            f"{wanted.remote} was promoted, but is not deployed: nothing answers for it.",
        )
    return Reason(ReasonCode.NOT_SERVING, f"{wanted.remote} is trained, but does not serve yet.")


def _new_gate(wanted: Version) -> Reason:
    return Reason(
        ReasonCode.GATE_CHANGED,
        f"{wanted.remote} serves, and has no verdict of the gate as it is now.",
    )


def _renamed(version: Version, desired: Desired) -> Mark:
    """The version's mark under the model's present name; its id stays."""
    mark = version.mark
    if mark.model == desired.name:
        return mark
    # An id that the provider chose says nothing about a name.
    adopted = mark.adopted if desired.remote is None else mark.adopted or version.live.id
    return replace(mark, model=desired.name, adopted=adopted)


def _mark_of(desired: Desired, wanted: Version) -> Mark:
    """The mark that the desired version should bear before it is promoted."""
    mark, policy = _renamed(wanted, desired), desired.spec.deletion_policy
    return mark if mark.deletion is policy else replace(mark, deletion=policy)


_WHY = (
    (("spec.dataset.",), ReasonCode.DATASET_CHANGED, "the dataset"),
    (("spec.baseModel.",), ReasonCode.BASE_CHANGED, "the base"),
    (("spec.tunedFrom.",), ReasonCode.PARENT_CHANGED, "the parent's version"),
    (
        ("spec.hyperparameters.", "spec.vertex."),
        ReasonCode.HYPERPARAMETERS_CHANGED,
        "a hyperparameter",
    ),
    (("spec.revision.",), ReasonCode.REVISION_CHANGED, "the revision"),
)


def why_create(situation: Situation) -> Reason:
    """Why a first version is trained."""
    staged = "Only versions staged for a branch are live."
    return Reason(
        ReasonCode.NEW, staged if situation.versions else "No version of this model is live."
    )


def _why_retrain(deltas: tuple[FieldDelta, ...], desired: Desired) -> Reason:
    """One cause gives its own code; several give the general one."""
    causes = [
        (code, words)
        for prefixes, code, words in _WHY
        if any(f"{delta.field}.".startswith(prefixes) for delta in deltas)
    ]
    if any(code is ReasonCode.BASE_CHANGED for code, _ in causes):  # from or to another model
        causes = [each for each in causes if each[0] is not ReasonCode.PARENT_CHANGED]
    if not causes:
        return Reason(
            ReasonCode.HYPERPARAMETERS_CHANGED,
            "The set of hyperparameters in the manifest changed since the live version was "
            "trained.",
        )
    words = [each for _, each in causes]
    listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    code = causes[0][0] if len(causes) == 1 else ReasonCode.INPUTS_CHANGED
    changed = f"{listed[0].upper()}{listed[1:]} changed since the live version was trained"
    if code is ReasonCode.PARENT_CHANGED and desired.spec.tuned_from:
        return Reason(code, f"{changed}: {desired.spec.tuned_from} gets a new one.")
    return Reason(code, f"{changed}.")


def _why_update(deltas: tuple[FieldDelta, ...], desired: Desired, wanted: Version) -> Reason:
    fields = [delta.field for delta in deltas]
    if "metadata.name" in fields:
        old = next(delta.before for delta in deltas if delta.field == "metadata.name")
        return Reason(
            ReasonCode.RENAMED, f"Renamed from {old} to {desired.name}; nothing is trained."
        )
    if fields:
        listed = ", ".join(fields)
        differ = "differs, and is" if len(fields) == 1 else "differ, and are"
        return Reason(ReasonCode.FIELDS_CHANGED, f"{listed} {differ} edited in place.")
    if wanted.mark.pinned:
        return Reason(
            ReasonCode.MARK_CHANGED,
            f"The manifest wants {wanted.remote} again, which was rolled back to: its pin goes.",
        )
    return Reason(ReasonCode.MARK_CHANGED, "A mark has to be brought up to date.")
