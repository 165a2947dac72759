"""What manifests declare, after defaults, and what a dataset file was found to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from tuneform.domain.cost import PriceList
from tuneform.domain.diagnostic import Place
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.policy import NO_POLICY, Policy

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
        holdout: share of the examples, from 0 to below 1, that is held out of training; which ones
            their digests decide (`tuneform.dataset.holdout`).
        held_out: whether this is the part that is held out; else it is the part that trains.
    """

    path: str
    format: Format
    input_field: str = "text_input"
    output_field: str = "output"
    preamble: str = ""
    holdout: float = 0.0
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What reading the part that is meant gave.

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
    """Tuning settings; None means that the service decides. At most one of the rates is set.

    Attributes:
        epoch_count: passes over the data.
        batch_size: examples in a step.
        learning_rate: absolute.
        learning_rate_multiplier: of the rate that the service would choose.
        adapter_size: rank of the adapter: 1, 2, 4, 8, 16 or 32.
    """

    epoch_count: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None
    adapter_size: int | None = None

    def as_api(self) -> dict[str, int | float]:
        """The settings that are present, under their API names, in the API's order."""
        pairs = (
            ("epochCount", self.epoch_count),
            ("batchSize", self.batch_size),
            ("learningRate", self.learning_rate),
            ("learningRateMultiplier", self.learning_rate_multiplier),
            ("adapterSize", self.adapter_size),
        )
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Fields:
    """What can be edited in place. None means: leave as it is.

    Attributes:
        display_name: at most as many characters as the base permits.
        description: as users see it, without the mark.
        temperature: from 0.0 to 1.0.
        top_p: nucleus sampling, from 0.0 to 1.0.
        top_k: count of candidates, from 1.
        labels: pairs of key and value, sorted, where the provider stores labels. A label that is
            not among them stays as it is.
    """

    display_name: str | None = None
    description: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    labels: tuple[tuple[str, str], ...] | None = None


class Measure(StrEnum):
    """The metrics that every release has, under their names in manifests."""

    EXACT_MATCH = "exactMatch"
    NORMALIZED_MATCH = "normalizedMatch"
    CONTAINS = "contains"
    REGEX = "regex"
    JSON_FIELDS = "jsonFields"
    CHAR_F1 = "charF1"
    PRECISION = "precision"
    RECALL = "recall"
    MACRO_F1 = "macroF1"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its thresholds. Every value is a share from 0 to 1, more is better.

    Attributes:
        name: a `Measure`, or the name of an own metric (an entry point).
        label: of `precision` and `recall`: the expected output that is meant; None is the label
            with the lowest value.
        minimum: the least value that passes; None is no bound.
        max_regression: how far the value may be below that of the serving version; None is no
            bound.
        pattern: of `regex`: what an answer must match, as a whole.
        fields: of `jsonFields`: the keys that are compared; empty is all keys of the expected one.
        options: of an own metric: compact JSON with sorted keys, handed to it.
    """

    name: str
    label: str | None = None
    minimum: float | None = None
    max_regression: float | None = None
    pattern: str | None = None
    fields: tuple[str, ...] = ()
    options: str = "{}"

    @property
    def title(self) -> str:
        """How people see it: `precision of billing`."""
        return self.name if self.label is None else f"{self.name} of {self.label}"


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate as a manifest declares it.

    Attributes:
        dataset: the evaluation examples; those that are held out where the manifest says so.
        metrics: with their thresholds, in the order of the manifest; may be empty where
            `must_pass` is set.
        must_pass: cases that must be answered right every time; None where there are none.
        must_pass_measure: how that is told: a `Measure` of one answer.
        repeats: how often each example is asked, from 1.
        concurrency: questions at a time, from 1; no part of what the gate is.
    """

    dataset: DatasetRef | None
    metrics: tuple[Metric, ...]
    must_pass: DatasetRef | None = None
    must_pass_measure: str = Measure.EXACT_MATCH
    repeats: int = 1
    concurrency: int = 4

    @property
    def datasets(self) -> tuple[DatasetRef, ...]:
        """Everything that has to be read for it."""
        return tuple(ref for ref in (self.dataset, self.must_pass) if ref is not None)

    @property
    def compares(self) -> bool:
        """Whether the serving version has to be asked as well."""
        return any(metric.max_regression is not None for metric in self.metrics)


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
        gate: what a version must pass before it may serve; None where nothing is asked.
        validation: examples that the service measures a training with; they train nothing.
        extras: pairs of API name and value: settings of a create that only one provider has and
            that train nothing. They hold from the next version on.
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
    gate: GateSpec | None = None
    validation: DatasetRef | None = None
    extras: tuple[tuple[str, str | bool], ...] = ()

    @property
    def subject(self) -> str:
        """How messages name the document."""
        return f"TunedModel/{self.name}"


ProviderType = Literal["embedded", "gemini", "vertex"]

EndpointPolicy = Literal["perVersion", "servingOnly"]
"""`perVersion`: every version stays deployed, so that a rollback is immediate. `servingOnly`: what
no longer serves is undeployed, and deployed again should it serve again."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Which service to use.

    Attributes:
        type: `embedded`, `gemini` or `vertex`.
        endpoint: base URL of the service, None for Google's own.
        data: folder of the embedded service relative to the project, None for `.practice`.
        dialect: the API that the embedded service is spoken to in.
        project: id or number of the cloud project (vertex).
        location: region such as `europe-west4`, or `global`, `us`, `eu` (vertex).
        dataset_bucket: `gs://BUCKET[/PREFIX]` that examples are uploaded to (vertex).
        storage_endpoint: base URL of the storage service, None for Google's own (vertex).
        endpoint_policy: whether versions that no longer serve stay deployed (vertex).
        bases: full resource names of further bases that the service is known to tune (vertex).
        place: of the key in tuneform.yaml.
    """

    type: ProviderType
    endpoint: str | None = None
    data: str | None = None
    dialect: Literal["gemini", "vertex"] = "gemini"
    project: str | None = None
    location: str | None = None
    dataset_bucket: str | None = None
    storage_endpoint: str | None = None
    endpoint_policy: EndpointPolicy = "perVersion"
    bases: tuple[str, ...] = ()
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
        policy: what the team permits itself.
        prices: of training, where the project states its own.
    """

    name: str
    environment: str | None
    provider: ProviderSpec
    ledger: str
    manifests: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    policy: Policy = NO_POLICY
    prices: PriceList | None = None
