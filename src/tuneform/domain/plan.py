"""The decision: one change for each model, with its reason and the steps that carry it out.

Plans are values. They are compared, printed and applied, and hold no client and no closure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

from tuneform.domain.cost import Cost, Total
from tuneform.domain.data_change import DataChange
from tuneform.domain.desired import TrainingSize
from tuneform.domain.gate import Gate
from tuneform.domain.live import Live
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.domain.spec import DatasetRef, Fields, Hyperparameters


class Action(StrEnum):
    """The headline of a change (contract, section 5), in the order that summaries use."""

    CREATE = "create"
    REPLACE = "replace"
    WAIT = "wait"
    PROMOTE = "promote"
    UPDATE = "update"
    DELETE = "delete"
    RELEASE = "release"
    HOLD = "hold"
    KEEP = "keep"


class ReasonCode(StrEnum):
    """Why a change has its action. Stable, for machines."""

    # create, replace
    NEW = "new"
    DATASET_CHANGED = "dataset-changed"
    BASE_CHANGED = "base-changed"
    PARENT_CHANGED = "parent-changed"
    HYPERPARAMETERS_CHANGED = "hyperparameters-changed"
    REVISION_CHANGED = "revision-changed"
    INPUTS_CHANGED = "inputs-changed"
    # wait, promote
    IN_TRAINING = "in-training"
    NOT_SERVING = "not-serving"
    SUPERSEDED_LEFT = "superseded-left"
    NOT_EVALUATED = "not-evaluated"
    # update
    FIELDS_CHANGED = "fields-changed"
    MARK_CHANGED = "mark-changed"
    RENAMED = "renamed"
    GATE_CHANGED = "gate-changed"
    ROLLED_BACK = "rolled-back"
    # delete, release
    NOT_DECLARED = "not-declared"
    DESTROY = "destroy"
    RETAINED = "retained"
    STAGED_UNWANTED = "staged-unwanted"
    # hold
    TRAINING_FAILED = "training-failed"
    TRAINING_CANCELLED = "training-cancelled"
    PROTECTED = "protected"
    IN_USE = "in-use"
    PINNED = "pinned"
    GATE_FAILED = "gate-failed"
    PARENT_HELD = "parent-held"
    LIKELY_RENAME = "likely-rename"
    UNKNOWN_WORD = "unknown-word"
    DUPLICATE = "duplicate"
    MARK_MISSING = "mark-missing"
    ID_TAKEN = "id-taken"
    INPUTS_CONTRADICT = "inputs-contradict"
    STATE_UNKNOWN = "state-unknown"
    # keep
    UP_TO_DATE = "up-to-date"
    ONLY_STAGED = "only-staged"
    STAGED = "staged"
    NOT_STAGED = "not-staged"


PROTECTIONS = frozenset({ReasonCode.PROTECTED, ReasonCode.IN_USE})
"""Holds that are a protection doing its work: exit 5 where nothing else is open."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why.

    Attributes:
        code: for machines.
        message: one or more sentences for people, with the remedy where there is one.
    """

    code: ReasonCode
    message: str


UP_TO_DATE = Reason(ReasonCode.UP_TO_DATE, "The desired version serves.")

Effect: TypeAlias = Literal["retrain", "in-place", "next-version"]

DeltaValue: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FieldDelta:
    """One field that differs: what caused a change, or what will only hold from the next one on.

    Attributes:
        field: dotted path in the manifest, such as `spec.hyperparameters.epochCount`.
        before: what the live version has; None where it has nothing, or nothing readable.
        after: what the manifest wants.
        effect: what follows. `retrain`: a new training. `in-place`: an edit. `next-version`:
            nothing now; the live version stays as it was trained, and the next one gets it.
    """

    field: str
    before: DeltaValue
    after: DeltaValue
    effect: Effect


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a training under the derived id.

    Attributes:
        remote: the name that it will have; None where the provider assigns it.
        fingerprint: 64 hex digits of the training inputs.
        data_digest: 64 hex digits; the examples are read again and must still give it.
        dataset: where they are.
        base: full resource name, or None where `source` is set.
        source: remote name of the parent's desired version.
        parent: the parent model, which must be promoted before this starts.
        hyperparameters: only what the manifest sets.
        fields: display name, description and sampling settings to create it with.
        mark: as it is sent with the create.
        validation: examples that the service measures the training with.
        validation_digest: of them, 64 hex digits.
        extras: settings of a create that only one provider has, by API name.
    """

    do = "start"
    remote: str | None
    fingerprint: str
    data_digest: str
    dataset: DatasetRef
    base: str | None
    source: str | None
    parent: str | None
    hyperparameters: Hyperparameters
    fields: Fields
    mark: Mark
    validation: DatasetRef | None = None
    validation_digest: str | None = None
    extras: tuple[tuple[str, str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait until the training ends."""

    do = "watch"
    remote: str | None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Have the version pass its gate, and write the verdict into its mark.

    Attributes:
        remote: the version; None where the provider assigns its name.
        gate: what it must pass.
        against: remote name of the serving version, where the gate compares with it.
    """

    do = "evaluate"
    remote: str | None
    gate: Gate
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Edit fields in place, and write the mark along with them.

    Attributes:
        remote: the object.
        fields: only those that differ.
        mark: the whole mark as it shall be.
    """

    do = "patch"
    remote: str | None
    fields: Fields
    mark: Mark


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Write the mark alone.

    Attributes:
        remote: the object.
        mark: the whole mark as it shall be.
    """

    do = "mark"
    remote: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Promote:
    """Make applications call this version: set the word, verify it, clear it on the others.

    Attributes:
        remote: the version that shall serve.
        clears: remote names of versions that carry the word until now.
        pinned: short fingerprint of the desired version, where this one is rolled back to.
    """

    do = "promote"
    remote: str | None
    clears: tuple[str, ...] = ()
    pinned: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Mark a superseded training as cancelled, then cancel it."""

    do = "cancel"
    remote: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object for good."""

    do = "delete"
    remote: str


@dataclass(frozen=True, slots=True)
class Release:
    """Take the mark off; the object stays."""

    do = "release"
    remote: str


Step: TypeAlias = Start | Watch | Evaluate | Patch | Rewrite | Promote | Cancel | Delete | Release


@dataclass(frozen=True, slots=True)
class Change:
    """The decision about one model.

    Attributes:
        model: its name.
        action: the headline.
        reason: why.
        remote: the desired version's live or derived name; None where there is none to be.
        steps: all that will be done, in order, and nothing else. Deletes of different models
            are carried out children first, after everything else.
        deltas: the fields that caused it, then those that hold from the next version on.
        training: how much training it is, where it starts or watches one.
        cost: what that training will cost, where it starts one.
        data: what became of its examples, where the dataset is a cause.
        notes: sentences that explain and decide nothing.
        parent: the declared model that it is tuned on top of.
        versions: the live objects of this model that the decision was made from, newest first.
    """

    model: str
    action: Action
    reason: Reason
    remote: str | None = None
    steps: tuple[Step, ...] = ()
    deltas: tuple[FieldDelta, ...] = ()
    training: TrainingSize | None = None
    cost: Cost | None = None
    data: DataChange | None = None
    notes: tuple[str, ...] = ()
    parent: str | None = None
    versions: tuple[Live, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether people are shown it: all but models that are kept, with nothing to say."""
        return self.action is not Action.KEEP or bool(self.deltas)


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions for one owner.

    Attributes:
        owner: whose models.
        provider: its name in manifests.
        changes: one for each model, parents before children, else by name.
        live_models: count of models of this owner that have live versions; selecting targets
            does not change it.
        staging: whether it only trains and evaluates (`apply --stage`).
    """

    owner: Owner
    provider: str
    changes: tuple[Change, ...] = ()
    live_models: int = 0
    staging: bool = False

    @property
    def summary(self) -> dict[Action, int]:
        """Count of changes by action, every action present."""
        counts = Counter(change.action for change in self.changes)
        return {action: counts[action] for action in Action}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing held."""
        return all(change.action is Action.KEEP for change in self.changes)

    @property
    def total(self) -> Total:
        """What all trainings that it begins will cost together."""
        costs = [each.cost for each in self.changes if each.cost is not None]
        priced = [each for each in costs if each.likely is not None]
        return Total(
            trainings=len(costs),
            unknown=len(costs) - len(priced),
            likely=sum((each.likely or Decimal() for each in priced), Decimal()),
            least=sum((each.least or Decimal() for each in priced), Decimal()),
            most=sum((each.most or Decimal() for each in priced), Decimal()),
            currency=next((each.currency for each in priced), ""),
        )

    @property
    def has_steps(self) -> bool:
        """Whether applying it would do anything."""
        return any(change.steps for change in self.changes)
