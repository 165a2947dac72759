"""What may stand in a plan document, as typed structures: nothing else is read.

`Plan` is what `plan --format json` prints; `SavedPlan` is the same with what it was made from. The
published schema is made from these classes. Nothing here knows the domain but for its words;
`told` translates.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from tuneform.domain.live import LiveState
from tuneform.domain.names import NAME, SHORT
from tuneform.domain.plan import Action, ReasonCode

FORMAT_VERSION = "1.0"


def _whole(pattern: str) -> str:
    """The same, of a whole text: in Python a `$` alone would let a last line feed pass."""
    return rf"^{pattern}$(?!\n)"


Name = Annotated[str, Meta(pattern=_whole(NAME.pattern))]
Names = Annotated[str, Meta(pattern=_whole(f"{NAME.pattern}(/{NAME.pattern})?"))]
Remote = Annotated[
    str, Meta(pattern=_whole("[!-~]{1,300}"), description="Full resource name of a tuned model.")
]
Hex = Annotated[str, Meta(pattern=_whole("[0-9a-f]{64}"), description="SHA-256.")]
Short = Annotated[
    str, Meta(pattern=_whole(SHORT.pattern), description="First characters of a digest's base32.")
]
Mark = Annotated[
    str,
    Meta(
        pattern="^tuneform/v1 ",
        description="What an object says about itself: the last line of its description.",
    ),
]
Amount = Annotated[
    str,
    Meta(pattern=_whole(r"[0-9]{1,30}(\.[0-9]{1,30})?"), description="A decimal number."),
]
Count = Annotated[int, Meta(ge=0)]
Text: TypeAlias = str | None


class Part(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of all parts. A key that a release does not know may change what a plan means."""


class Hyperparameters(Part, frozen=True, rename="camel"):
    """Only what the manifest sets."""

    epoch_count: Count | UnsetType = UNSET
    batch_size: Count | UnsetType = UNSET
    learning_rate: float | UnsetType = UNSET
    learning_rate_multiplier: float | UnsetType = UNSET
    adapter_size: Count | UnsetType = UNSET


class Fields(Part, frozen=True, rename="camel"):
    """What can be edited in place, as far as it is set."""

    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: Count | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET


class Metric(Part, frozen=True, rename="camel"):
    """One metric of a gate with its thresholds; options of an own metric are JSON text."""

    name: str
    label: Text
    min: float | None
    max_regression: float | None
    pattern: Text
    fields: tuple[str, ...]
    options: str


class Definition(Part, frozen=True, rename="camel"):
    """A gate as the manifest declares it; paths are relative to the project."""

    dataset: Text
    holdout: float | None
    metrics: tuple[Metric, ...]
    must_pass: Text
    measure: str
    repeats: Count


class Gate(Part, frozen=True):
    """A gate with its identity, and the digests of its datasets."""

    digest: Hex
    short: Short
    data: tuple[Hex, ...]
    examples: Count
    must_pass: Count
    definition: Definition


class Start(Part, frozen=True, tag_field="do", tag="start"):
    """Begin a training."""

    remote: Remote | None
    fingerprint: Hex
    data_digest: Hex
    dataset: str
    base: Text
    source: Remote | None
    parent: Name | None
    hyperparameters: Hyperparameters
    fields: Fields
    mark: Mark
    validation: str | UnsetType = UNSET
    validation_digest: Hex | UnsetType = UNSET
    extras: dict[str, str | bool] | UnsetType = UNSET


class Watch(Part, frozen=True, tag_field="do", tag="watch"):
    """Wait until the training ends."""

    remote: Remote | None


class Evaluate(Part, frozen=True, tag_field="do", tag="evaluate"):
    """Have the version pass its gate, compared with the one that serves where `against` is set."""

    remote: Remote | None
    gate: Gate
    against: Remote | None


class Patch(Part, frozen=True, tag_field="do", tag="patch"):
    """Edit fields in place, and write the mark along with them."""

    remote: Remote | None
    fields: Fields
    mark: Mark


class Rewrite(Part, frozen=True, tag_field="do", tag="mark"):
    """Write the mark alone."""

    remote: Remote
    mark: Mark


class Promote(Part, frozen=True, tag_field="do", tag="promote"):
    """Let applications call this version, and no longer those that are cleared."""

    remote: Remote | None
    clears: tuple[Remote, ...]
    pinned: Short | None


class Cancel(Part, frozen=True, tag_field="do", tag="cancel"):
    """Cancel a superseded training."""

    remote: Remote


class Delete(Part, frozen=True, tag_field="do", tag="delete"):
    """Delete an object for good."""

    remote: Remote


class Release(Part, frozen=True, tag_field="do", tag="release"):
    """Take the mark off; the object stays."""

    remote: Remote


Step: TypeAlias = Start | Watch | Evaluate | Patch | Rewrite | Promote | Cancel | Delete | Release


class Reason(Part, frozen=True):
    """Why: a stable code, and sentences for people."""

    code: ReasonCode
    message: str


class Delta(Part, frozen=True):
    """One field that differs; null is: nothing, or nothing readable."""

    field: str
    before: str | int | float | bool | None
    after: str | int | float | bool | None
    effect: Literal["retrain", "in-place", "next-version"]


class Training(Part, frozen=True):
    """How much a training is."""

    examples: Count
    characters: Count
    epochs: Count
    steps: Count


class Tokens(Part, frozen=True):
    """Training tokens, all epochs together; estimated."""

    least: Count
    likely: Count
    most: Count


class Cost(Part, frozen=True):
    """What a training will cost; amounts are null where no price is known."""

    tokens: Tokens
    currency: Text
    least: Amount | None
    likely: Amount | None
    most: Amount | None
    as_of: date | None


class TotalCost(Part, frozen=True):
    """What all trainings will cost; those without a known price are counted, and not summed."""

    trainings: Count
    unknown: Count
    currency: Text
    least: Amount | None
    likely: Amount | None
    most: Amount | None


class Sample(Part, frozen=True):
    """One example that differs. Saved plans have none."""

    kind: Literal["added", "removed", "changed"]
    input: str
    before: Text
    after: Text


class DataChange(Part, frozen=True):
    """How the examples differ from those of the version before, paired by their inputs."""

    added: Count
    removed: Count
    changed: Count
    unchanged: Count
    characters: int
    tokens: int
    source: Literal["git", "ledger"]
    commit: Text
    samples: tuple[Sample, ...]


class Texts(Part, frozen=True):
    """Digests of what people may edit."""

    display_name: Hex
    description: Hex


class Version(Part, frozen=True):
    """A live object that the decision was made from.

    `labels`: SHA-256 of each value. `endpoint`: what applications call, where it is not `remote`.
    `spent`: its training ended without a model. Absent where there is nothing to say.
    """

    remote: Remote
    state: LiveState
    mark: Mark | None
    created: Annotated[datetime, Meta(tz=True)] | None
    base: Text
    source: Text
    temperature: float | None
    top_p: float | None
    top_k: int | None
    texts: Texts
    labels: dict[str, Hex] | UnsetType = UNSET
    endpoint: Remote | UnsetType = UNSET
    deployed: bool | UnsetType = UNSET
    spent: bool | UnsetType = UNSET


class Change(Part, frozen=True):
    """The decision about one model. `remote` is the desired version; `versions`: newest first."""

    model: Name
    action: Action
    reason: Reason
    remote: Remote | None
    parent: Name | None
    steps: tuple[Step, ...]
    deltas: tuple[Delta, ...]
    training: Training | None
    cost: Cost | None
    data_change: DataChange | None
    notes: tuple[str, ...]
    versions: tuple[Version, ...]


class Plan(Part, frozen=True):
    """A plan as `plan --format json` prints it. Owner is `PROJECT` or `PROJECT/ENVIRONMENT`."""

    format_version: Literal["1.0"]
    owner: Names
    provider: str
    staging: bool
    live_models: Count
    changes: tuple[Change, ...]
    summary: dict[Action, Count]
    total_cost: TotalCost


class Provider(Part, frozen=True):
    """The service that was asked; its settings as a digest."""

    type: str
    settings: Hex


class Selection(Part, frozen=True):
    """What `--target` and `--exclude` said."""

    targets: tuple[str, ...]
    excludes: tuple[str, ...]


class Inputs(Part, frozen=True):
    """Digests of what one declared model was planned from."""

    manifest: Hex
    dataset: Hex
    gate: Hex | None
    fingerprint: Hex


class MadeFrom(Part, frozen=True):
    """What a plan was made from, beside the live objects."""

    tuneform: str
    project: Name
    environment: Name | None
    provider: Provider
    selection: Selection
    destroy: bool
    models: dict[Name, Inputs]


class SavedPlan(Plan, frozen=True):
    """A plan as `plan --out` writes it. The checksum is of all but itself."""

    made_from: MadeFrom
    checksum: Hex
