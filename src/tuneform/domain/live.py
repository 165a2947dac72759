"""What the provider has, in the shape that desired models are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tuneform.domain.mark import Mark
from tuneform.domain.spec import Hyperparameters


class LiveState(StrEnum):
    """Where a version is in its life. Absence is not a state."""

    TRAINING = "training"
    ACTIVE = "active"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LossPoint:
    """Mean loss of one training step.

    Attributes:
        step: from 1.
        epoch: from 0.
        loss: mean over the step's examples; single precision.
    """

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True, slots=True)
class Live:
    """One object of the provider, normalised.

    Attributes:
        remote: full resource name, such as `tunedModels/support-abcdefghij`.
        state: where it is in its life.
        mark: what it says about itself; None where it says nothing.
        display_name: as shown by the service.
        description: as users see it, without the mark.
        base: full resource name of the base (of the source's base where it has a source).
        source: remote name of the tuned model that it was tuned from.
        hyperparameters: the effective ones, filled in by the service.
        temperature, top_p, top_k: effective values; None where the service does not say.
        created: when, with time zone.
        curve: loss by step, only where it was asked for. Two looks at one object are equal whatever
            its curve, which grows by itself.
        operation: name of the operation that trains it, only in the answer to a create.
        labels: pairs of key and value, sorted, where the service stores labels; without those that
            hold the mark.
        endpoint: name that applications call, where it is not the remote name.
        deployed: whether anything answers for it once it is trained.
        spent: whether its training ended without a model. What is left is the service's record of
            it, which cannot be edited or deleted.
        origin: the mark that it was created with, where the service keeps that for ever.
        tokens: count of billed training tokens, once the service has counted them.
        extras: what it was created with that trains nothing, as in `ModelSpec.extras`; None where
            the service does not say. It never changes, and nothing is decided by it.
        validation: dataset digest, 64 hex digits, of the examples that it was measured with, or
            where they are; None where there are none, or the service does not say.
    """

    remote: str
    state: LiveState
    mark: Mark | None = None
    display_name: str = ""
    description: str = ""
    base: str | None = None
    source: str | None = None
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    created: datetime | None = None
    curve: tuple[LossPoint, ...] = field(default=(), compare=False)
    operation: str | None = field(default=None, compare=False)
    labels: tuple[tuple[str, str], ...] = ()
    endpoint: str | None = None
    deployed: bool = True
    spent: bool = False
    origin: Mark | None = None
    tokens: int | None = field(default=None, compare=False)
    extras: tuple[tuple[str, str | bool], ...] | None = field(default=None, compare=False)
    validation: str | None = field(default=None, compare=False)

    @property
    def address(self) -> str:
        """What applications call."""
        return self.endpoint or self.remote

    @property
    def id(self) -> str:
        """The last part of the remote name."""
        return self.remote.rpartition("/")[2]

    @property
    def promoted(self) -> bool:
        """Whether applications are meant to call it: ACTIVE, marked serving, never cancelled."""
        mark = self.mark
        return (
            self.state is LiveState.ACTIVE
            and mark is not None
            and mark.serving
            and not mark.cancelled
        )

    @property
    def is_estranged(self) -> bool:
        """Whether its mark names another version than it was created as, and no adoption says why.

        Then it was renamed, or somebody has edited the mark.
        """
        mark, origin = self.mark, self.origin
        if mark is None or origin is None:
            return origin is not None
        if mark.adopted is not None:
            return mark.adopted not in (self.id, self.remote)
        return mark.identity != origin.identity

    @property
    def serves(self) -> bool:
        """Whether applications may be calling it: promoted, and something answers for it."""
        return self.deployed and self.promoted


@dataclass(frozen=True, slots=True)
class Training:
    """How far one training is, from its operation.

    Attributes:
        steps_done: count.
        steps_total: count; None where the service does not say.
        curve: loss by step.
        error: why it failed or was cancelled, in the service's words; None where it did not.
    """

    steps_done: int = 0
    steps_total: int | None = None
    curve: tuple[LossPoint, ...] = ()
    error: str | None = None

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.steps_done / self.steps_total) if self.steps_total else 0.0


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that an owner's models left behind, and that no live version uses any more.

    Attributes:
        remote: full resource name, or a `gs://` URL.
        kind: what it is, such as `endpoint` or `upload`.
        why: how that is known, one sentence.
        created: when, with time zone; None where the service does not say.
    """

    remote: str
    kind: str
    why: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveSet:
    """Everything that the provider listed for these credentials, foreign objects included.

    A list that could not be read to its end never becomes a LiveSet.
    """

    objects: tuple[Live, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedSet:
    """What our own ledger adds. It explains, and never decides.

    Attributes:
        notes: pairs of remote name and one sentence about it.
    """

    notes: tuple[tuple[str, str], ...] = ()
