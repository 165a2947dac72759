"""One model as it stands: what is wanted, what is live, and whether something forbids acting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from tuneform.domain.desired import Desired
from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Reason, ReasonCode
from tuneform.engine.diff import contradictions
from tuneform.engine.estate import Estate, Version, newest_first, serving_version


@dataclass(frozen=True)
class Situation:
    """What is known about one model before anything is decided; what follows is worked out once.

    Attributes:
        name: of the model.
        desired: None where no manifest declares it.
        versions: all live ones, newest first, former names included.
        spent: what is left of trainings that came to nothing, newest first. No versions.
        edits_training: whether the provider can edit what is in training.
    """

    name: str
    desired: Desired | None
    versions: tuple[Version, ...]
    spent: tuple[Version, ...] = ()
    edits_training: bool = True

    @cached_property
    def wanted(self) -> Version | None:
        """The live version with the desired fingerprint, else the newest try that came to nothing.

        Such a try holds the model: what failed is not trained again in a loop that spends.
        """
        if self.desired is None:
            return None
        short = self.desired.fingerprint_short
        candidates = chain(self.versions, self.spent) if self.spent else self.versions
        return next((each for each in candidates if each.mark.fingerprint == short), None)

    @cached_property
    def shown(self) -> tuple[Live, ...]:
        """What a change tells of the model: its versions, and the try that holds it."""
        wanted = self.wanted
        tried = (wanted,) if wanted is not None and wanted in self.spent else ()
        return tuple(each.live for each in (*tried, *self.versions))

    def is_editable(self, version: Version) -> bool:
        """Whether its mark and fields can be written now."""
        return self.edits_training or version.live.state is not LiveState.TRAINING

    @cached_property
    def serving(self) -> Version | None:
        """The version that applications are to call now; whether it answers is another matter."""
        wanted = self.desired.fingerprint_short if self.desired else None
        return serving_version(self.versions, wanted)

    @cached_property
    def merged(self) -> tuple[Version, ...]:
        """Versions that are not merely staged for a branch."""
        return tuple(each for each in self.versions if not each.mark.staged)

    @cached_property
    def superseded(self) -> tuple[Version, ...]:
        """Versions that have, or will have, a successor; newest first."""
        wanted = self.wanted
        return tuple(each for each in self.merged if each is not wanted)

    @cached_property
    def reference(self) -> Version | None:
        """The version that a reader compares the desired one with: serving, else the newest."""
        return self.serving or next(iter(self.merged), None)

    @cached_property
    def deletion(self) -> DeletionPolicy:
        """What holds when the manifest is gone: the serving version's word, else the newest's."""
        reference = self.reference or next(iter(self.versions), None)
        return reference.mark.deletion if reference else DeletionPolicy.DELETE


def situation_of(model: Desired, estate: Estate) -> Situation:
    """A declared model as it stands."""
    names = (model.name, *model.spec.formerly)
    return Situation(
        model.name, model, estate.of(names), estate.spent_of(names), estate.edits_training
    )


def hold_reason(situation: Situation, estate: Estate, held: Collection[str]) -> Reason | None:
    """Why nothing may be done for this model; None where nothing forbids it.

    Args:
        situation: the model.
        estate: everything live.
        held: names of parents that are held themselves.
    """
    conflict = _conflict(situation, estate)
    if conflict or situation.desired is None:
        return conflict
    desired = situation.desired
    wanted, serving = situation.wanted, situation.serving
    if serving and serving.mark.pinned == desired.fingerprint_short and serving is not wanted:
        return _pinned(serving, desired)
    ended = _ended_badly(wanted, desired) if wanted else None
    ended = ended or (_failed_gate(wanted, desired, serving) if wanted else None)
    ended = ended or (_unanswering(wanted, desired) if wanted else None)
    if ended:
        return ended
    if desired.spec.tuned_from in held:
        return Reason(
            ReasonCode.PARENT_HELD,
            f"It is tuned from {desired.spec.tuned_from}, which is held itself.",
        )
    return None


def _pinned(serving: Version, desired: Desired) -> Reason:
    if serving.live.deployed:
        return Reason(
            ReasonCode.PINNED,
            f"Rolled back to {serving.remote}, which serves on until the manifest changes.",
        )
    return Reason(
        ReasonCode.PINNED,
        f"Rolled back to {serving.remote}, which is not deployed any longer: nothing answers for "
        f"it. Run `tuneform rollback {desired.name}` again, and it serves.",
    )


def _unanswering(wanted: Version, desired: Desired) -> Reason | None:
    """A gate asks the version, and nothing answers for it before it is promoted."""
    live, gate = wanted.live, desired.gate
    if live.deployed or live.promoted or live.state is not LiveState.ACTIVE:
        return None
    if gate is None or is_judged(wanted, desired):
        return None
    return Reason(
        ReasonCode.NOT_EVALUATED,
        f"{wanted.remote} is trained, but not deployed, so its gate cannot ask it. Deploy it with "
        f"the service's own tools, or set spec.revision: {desired.spec.revision + 1} to train "
        "again.",
    )


def _ended_badly(wanted: Version, desired: Desired) -> Reason | None:
    again = f"change the data, or set spec.revision: {desired.spec.revision + 1} to train again"
    if wanted.mark.cancelled and wanted.live.state is LiveState.TRAINING:
        return Reason(
            ReasonCode.TRAINING_CANCELLED,
            f"The training of {wanted.remote} is marked as cancelled, but is still running. "
            f"Run `tuneform cancel {desired.name}` again.",
        )
    if wanted.mark.cancelled:
        return Reason(
            ReasonCode.TRAINING_CANCELLED,
            f"The training of {wanted.remote} was cancelled. To go on, {again}.",
        )
    if wanted.live.state is LiveState.FAILED:
        return Reason(
            ReasonCode.TRAINING_FAILED,
            f"The training of {wanted.remote} failed (`tuneform show {desired.name}` says why). "
            f"To go on, {again}.",
        )
    return None


def _failed_gate(wanted: Version, desired: Desired, serving: Version | None) -> Reason | None:
    """A verdict of another gate, or without a gate, counts for nothing."""
    verdict = wanted.mark.verdict
    if verdict is None or verdict.passed or not is_judged(wanted, desired):
        return None
    told = f"`tuneform evaluate {desired.name}` shows where it fell short"
    if serving is wanted:
        return Reason(
            ReasonCode.GATE_FAILED,
            f"{wanted.remote} serves, and did not pass the gate since that changed; {told}. "
            f"`tuneform rollback {desired.name}` serves an earlier version; else mend the data or "
            "the gate.",
        )
    stays = f"{serving.remote} serves on. " if serving else "Nothing serves. "
    return Reason(
        ReasonCode.GATE_FAILED,
        f"{wanted.remote} did not pass its gate; {told}. {stays}"
        f"To go on, change the data or the gate, or set spec.revision: "
        f"{desired.spec.revision + 1} to train again.",
    )


def is_judged(version: Version, desired: Desired) -> bool:
    """Whether the version bears a verdict of the gate as it is now."""
    verdict, gate = version.mark.verdict, desired.gate
    return gate is not None and verdict is not None and verdict.gate == gate.short


def _conflict(situation: Situation, estate: Estate) -> Reason | None:
    """What makes the live state ambiguous. The first that applies; all forbid acting."""
    for version in situation.versions:
        if version.mark.unknown:
            words = ", ".join(repr(word) for word in version.mark.unknown)
            return Reason(
                ReasonCode.UNKNOWN_WORD,
                f"The mark of {version.remote} has words that this release does not understand: "
                f"{words}. Use the release that wrote them, or mend the "
                f"{'description' if estate.chosen_ids else 'mark'}{_as_created(version.live)}.",
            )
    copies = _copies(situation.versions)
    if copies:
        return _copied(copies) if estate.chosen_ids else _trained_twice(situation.name, copies)
    if situation.desired is None:
        return None
    return _conflict_with_desired(situation, situation.desired, estate)


def _copies(versions: tuple[Version, ...]) -> list[Version]:
    """Those that share a fingerprint with another one."""
    if not versions[1:]:  # most models have one
        return []
    prints = Counter(version.mark.fingerprint for version in versions)
    return [each for each in versions if prints[each.mark.fingerprint] > 1]


def _copied(copies: list[Version]) -> Reason:
    names = " and ".join(sorted(each.remote for each in copies))
    return Reason(
        ReasonCode.DUPLICATE,
        f"{names} claim to be the same version. Take the mark off the description of the "
        "copy, or delete the copy.",
    )


def _trained_twice(name: str, copies: list[Version]) -> Reason:
    """Two runs may begin one training each where nobody but the service can choose the id."""
    short = copies[0].mark.fingerprint
    twins = sorted((each for each in copies if each.mark.fingerprint == short), key=newest_first)
    oldest = twins[0]
    keeper = next((each for each in twins if each.live.promoted), oldest)
    other = next(each for each in twins if each is not keeper)
    if other.live.state is LiveState.TRAINING:
        remedy = f"stops {other.remote}; what it was trained until then is paid for"
        command = f"tuneform cancel {name} --version {other.live.id}"
    else:
        remedy = f"lets {other.remote} go, or delete it with the service's own tools"
        command = f"tuneform forget {name} --version {other.live.id}"
    return Reason(
        ReasonCode.DUPLICATE,
        f"{' and '.join(each.remote for each in twins)} are the same version, trained more than "
        f"once. {oldest.remote} is the oldest{_since(oldest)}. `{command}` {remedy}.",
    )


def _since(version: Version) -> str:
    created = version.live.created
    return f", begun {created:%Y-%m-%d %H:%M:%S %Z}" if created else ""


def _conflict_with_desired(situation: Situation, desired: Desired, estate: Estate) -> Reason | None:
    wanted = situation.wanted
    occupant = estate.by_remote.get(desired.remote or "")
    if occupant and (wanted is None or occupant.mark is None):
        return _not_marked_so(occupant, "has the id of the desired version", desired)
    if wanted is None or wanted in situation.spent:
        names = (desired.name, *desired.spec.formerly)
        lost = estate.estranged_of(names, desired.fingerprint_short)
        if lost:
            return _not_marked_so(lost, "was created as the desired version", desired)
    if wanted is None:
        return None
    if wanted.live.state is LiveState.UNKNOWN:
        return Reason(
            ReasonCode.STATE_UNKNOWN,
            f"The service reports a state of {wanted.remote} that this release does not know.",
        )
    odd = contradictions(desired, wanted, estate.by_remote.get(wanted.live.source or ""))
    if odd:
        return Reason(
            ReasonCode.INPUTS_CONTRADICT,
            f"The mark of {wanted.remote} claims the desired fingerprint, but {'; '.join(odd)}. "
            f"Mend the mark if it was edited{_as_created(wanted.live)}; else set spec.revision: "
            f"{desired.spec.revision + 1} to train a new version, or take the mark off"
            f"{' its description' if estate.chosen_ids else ''}.",
        )
    return None


def _not_marked_so(live: Live, what: str, desired: Desired) -> Reason:
    """No mark, or another one, on the desired version itself, or on the id that it would have."""
    mark, again = live.mark, f"else set spec.revision: {desired.spec.revision + 1}"
    if mark is None:
        return Reason(
            ReasonCode.MARK_MISSING,
            f"{live.remote} {what}, but no mark says so. If it "
            f"was trained from this manifest, `tuneform import {live.remote} --as {desired.name} "
            f"--dataset {desired.spec.dataset.path}` restores its mark; {again}.",
        )
    adopted = f" adopted={mark.adopted}" if mark.adopted else ""
    return Reason(
        ReasonCode.ID_TAKEN,
        f"{live.remote} {what}, but its mark says owner={mark.owner} model={mark.model} "
        f"fingerprint={mark.fingerprint}{adopted}. Mend the mark if it was edited"
        f"{_as_created(live)}, {again}.",
    )


def _as_created(live: Live) -> str:
    """What a mark said in the beginning, where the service keeps that; to be put in a sentence."""
    return f" (it was created with {live.origin})" if live.origin else ""
