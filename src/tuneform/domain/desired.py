"""What the manifests want, with the fingerprints that identify it."""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.domain.gate import Gate
from tuneform.domain.names import Owner
from tuneform.domain.spec import DatasetFacts, ModelSpec


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """How much a training is.

    Attributes:
        examples: count.
        characters: Unicode code points of all inputs and outputs.
        epochs: passes over the data, the service's default where the manifest leaves it out.
        steps: `ceil(epochs * examples / batch size)`.
    """

    examples: int
    characters: int
    epochs: int
    steps: int


@dataclass(frozen=True, slots=True)
class Desired:
    """One declared model with its identity.

    Attributes:
        owner: whose it is.
        spec: what the manifest says.
        data: what its dataset holds.
        base: the base as it enters the fingerprint: `models/…` or `fingerprint:HEX`.
        fingerprint: 64 hex digits.
        fingerprint_short, data_short: as they stand in marks.
        remote: the derived remote name; None where the provider assigns ids.
        training: how much training it would be.
        root: full resource name of the base at the root of its chain.
        gate: what a version must pass before it may serve; None where nothing is asked.
        validation: what its validation dataset holds; None where it has none.
    """

    owner: Owner
    spec: ModelSpec
    data: DatasetFacts
    base: str
    fingerprint: str
    fingerprint_short: str
    data_short: str
    remote: str | None
    training: TrainingSize
    root: str = ""
    gate: Gate | None = None
    validation: DatasetFacts | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class DesiredSet:
    """All declared models of one owner.

    Attributes:
        owner: whose they are.
        provider: its name in manifests.
        models: parents before children, else by name.
        chosen_ids: whether remote names are derived from fingerprints; False where the provider
            assigns them, and marks alone decide whose an object is.
        edits_training: whether the provider can edit what is in training; see `Capabilities`.
    """

    owner: Owner
    provider: str
    models: tuple[Desired, ...] = ()
    chosen_ids: bool = True
    edits_training: bool = True
