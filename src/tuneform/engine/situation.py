"""One model as it stands: what is wanted, what is live, and whether something forbids acting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from tuneform.domain.desired import Desired
from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import DeletionPolicy, Mark
from tuneform.domain.plan import Reason, ReasonCode
from tuneform.engine.diff import contradictions
from tuneform.engine.estate import Estate, Version, serving_version


@dataclass(frozen=True)
class Situation:
    """What is known about one model before anything is decided; what follows is worked out once.

    Attributes:
        name: of the model.
        desired: None where no manifest declares it.
        versions: all live ones, newest first, former names included.
    """

    name: str
    desired: Desired | None
    versions: tuple[Version, ...]

    @cached_property
    def wanted(self) -> Version | None:
        """The live version with the desired fingerprint."""
        if self.desired is None:
            return None
        short = self.desired.fingerprint_short
        return next((each for each in self.versions if each.mark.fingerprint == short), None)

    @cached_property
    def serving(self) -> Version | None:
        """The version that applications call now."""
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
        return Reason(
            ReasonCode.PINNED,
            f"Rolled back to {serving.remote}, which serves on until the manifest changes.",
        )
    ended = _ended_badly(wanted, desired) if wanted else None
    ended = ended or (_failed_gate(wanted, desired, serving) if wanted else None)
    if ended:
        return ended
    if desired.spec.tuned_from in held:
        return Reason(
            ReasonCode.PARENT_HELD,
            f"It is tuned from {desired.spec.tuned_from}, which is held itself.",
        )
    return None


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
                f"{words}. Use the release that wrote them, or mend the description.",
            )
    copies = _copies(situation.versions)
    if copies:
        names = " and ".join(sorted(each.remote for each in copies))
        return Reason(
            ReasonCode.DUPLICATE,
            f"{names} claim to be the same version. Take the mark off the description of the "
            "copy, or delete the copy.",
        )
    if situation.desired is None:
        return None
    return _conflict_with_desired(situation, situation.desired, estate)


def _copies(versions: tuple[Version, ...]) -> list[Version]:
    """Those that share a fingerprint with another one."""
    if not versions[1:]:  # most models have one
        return []
    prints = Counter(version.mark.fingerprint for version in versions)
    return [each for each in versions if prints[each.mark.fingerprint] > 1]


def _conflict_with_desired(situation: Situation, desired: Desired, estate: Estate) -> Reason | None:
    wanted = situation.wanted
    occupant = estate.by_remote.get(desired.remote or "")
    if occupant and occupant.mark is None:
        return Reason(
            ReasonCode.MARK_MISSING,
            f"{occupant.remote} has the id of the desired version, but no mark. If it was trained "
            f"from this manifest, `tuneform import {occupant.remote} --as {desired.name} "
            f"--dataset {desired.spec.dataset.path}` restores its mark; else set "
            f"spec.revision: {desired.spec.revision + 1}.",
        )
    if wanted is None:
        return _taken(occupant, occupant.mark, desired) if occupant and occupant.mark else None
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
            f"Set spec.revision: {desired.spec.revision + 1} to train a new version, or take the "
            "mark off its description.",
        )
    return None


def _taken(occupant: Live, mark: Mark, desired: Desired) -> Reason:
    """Another mark on the id that the desired version would have: a create could only fail."""
    return Reason(
        ReasonCode.ID_TAKEN,
        f"{occupant.remote} has the id of the desired version, but its mark says "
        f"owner={mark.owner} model={mark.model} fingerprint={mark.fingerprint}. Mend the mark if "
        f"it was edited, else set spec.revision: {desired.spec.revision + 1}.",
    )
