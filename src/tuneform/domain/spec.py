"""What manifests declare, after defaults, and what a dataset file was found to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from tuneform.domain.diagnostic import Place
from tuneform.domain.mark import DeletionPolicy

Format = Literal["jsonl", "json", "csv", "tsv"]

SUFFIXES: dict[str, Format] = {f".{name}": name for name in get_args(Format)}
"""What the suffix of a file, in lower case, tells about its format."""


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """Where the examples are, and how to read them.

    Attributes:
        path: relative to the project directory, with `/`, inside the project.
        format: of the file, from the manifest or from the suffix.
        input_field: key or column of the input.
        output_field: key or column of the output.
        preamble: put in front of every input, in training and in prompts (plain concatenation).
    """

    path: str
    format: Format
    input_field: str = "text_input"
    output_field: str = "output"
    preamble: str = ""


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What reading the whole file gave.

    Attributes:
        digest: dataset digest, 64 hex digits (contract, section 3).
        examples: count of rows.
        characters: Unicode code points of all inputs, preamble included, and outputs.
    """

    digest: str
    examples: int
    characters: int


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Tuning settings; None means that the service decides. At most one of the rates is set."""

    epoch_count: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None

    def as_api(self) -> dict[str, int | float]:
        """The settings that are present, under their API names, in the API's order."""
        pairs = (
            ("epochCount", self.epoch_count),
            ("batchSize", self.batch_size),
            ("learningRate", self.learning_rate),
            ("learningRateMultiplier", self.learning_rate_multiplier),
        )
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Fields:
    """What can be edited in place. None means: leave as it is.

    Attributes:
        display_name: at most 40 characters.
        description: as users see it, without the mark.
        temperature: from 0.0 to 1.0.
        top_p: nucleus sampling, from 0.0 to 1.0.
        top_k: count of candidates, from 1.
    """

    display_name: str | None = None
    description: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One declared model: the content of one TunedModel manifest, defaults filled in.

    Attributes:
        name: `metadata.name`.
        place: of the document's `metadata.name`; finer places are found when a message needs them.
        dataset: where the examples are.
        fields: what can be edited in place; display name and description are never None.
        base_model: full resource name `models/…`, or None where `tuned_from` is set.
        tuned_from: the declared model to tune on top of.
        formerly: earlier names of this model.
        labels: for targets, sorted by key.
        hyperparameters: only what the manifest sets.
        revision: raised to train again on purpose, from 1.
        deletion_policy: what holds when the manifest is gone.
        keep_versions: count of superseded proven versions that stay.
    """

    name: str
    place: Place
    dataset: DatasetRef
    fields: Fields
    base_model: str | None = None
    tuned_from: str | None = None
    formerly: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    revision: int = 1
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    keep_versions: int = 1

    @property
    def subject(self) -> str:
        """How messages name the document."""
        return f"TunedModel/{self.name}"


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Which service to use.

    Attributes:
        type: `embedded` or `gemini`.
        endpoint: base URL of a gemini service, None for Google's own.
        data: folder of the embedded service relative to the project, None for `.practice`.
        place: of the key in tuneform.yaml.
    """

    type: Literal["embedded", "gemini"]
    endpoint: str | None = None
    data: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """The content of tuneform.yaml with one environment chosen and variables put in.

    Attributes:
        name: `metadata.name`.
        environment: the chosen one, else None.
        provider: which service to use.
        ledger: URL such as `sqlite:///.tuneform/ledger.db`, relative to the project.
        manifests: files and folders, relative to the project.
        secrets: values of sensitive variables; they are redacted wherever they would be shown.
    """

    name: str
    environment: str | None
    provider: ProviderSpec
    ledger: str
    manifests: tuple[str, ...]
    secrets: tuple[str, ...] = ()
