"""The shape of manifests: the keys of both kinds, their types and their limits.

Every key that this release knows stands here once, with its unit, its default and what it is for;
those of gates are in `gate_shape`, those of policy and prices in `policy_shape`, those of
providers in `provider_shape`. The reference page and the schema for editors are made from them.
Types of single values are in `parts`, rules about them in `rules`. What several keys have to do
with each other is in `translate`, `gate`, `vertex`, `sections`, `provider` and `policy`; the JSON
Schema says it as well, as far as JSON Schema can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, ConfigDict, Field

from tuneform.manifest import rules
from tuneform.manifest.gate_shape import Gate
from tuneform.manifest.notation import Written
from tuneform.manifest.parts import (
    COUNT_AT_MOST,
    BaseModelName,
    Count,
    DatasetFields,
    Description,
    DisplayName,
    EnvironmentName,
    Format,
    LabelKey,
    LabelValue,
    Ledger,
    Maybe,
    Name,
    Parent,
    Preamble,
    Rate,
    RelativePath,
    Requirement,
    Section,
    Share,
    VariableName,
    VariableValue,
)
from tuneform.manifest.policy_shape import Policy, Prices
from tuneform.manifest.provider_shape import Provider, Vertex
from tuneform.manifest.words import ANY, Path

API_VERSION = "tuneform/v1"
REVISION_AT_MOST = 999_999_999
"""The mark has room for nine digits."""


class Dataset(Section):
    """The examples to train on."""

    path: RelativePath = Field(
        description="The file with the examples, relative to this manifest, inside the project.",
        examples=["datasets/numbers.jsonl"],
    )
    format: Maybe[Format] = Field(
        default=None,
        description="How the file is written. Default: from the suffix of its name.",
    )
    fields: Maybe[DatasetFields] = Field(
        default=None, description="The names of the two values in each example."
    )
    preamble: Maybe[Preamble] = Field(
        default=None,
        description="Put in front of every input as it is, without a space: in training, and in "
        "prompts of `generate` and of the gate. Part of the training inputs. Default: nothing.",
        examples=["Next number: "],
    )


class Hyperparameters(Section):
    """Settings of the training; what is left out, the service decides."""

    model_config = ConfigDict(
        json_schema_extra={"not": {"required": ["learningRate", "learningRateMultiplier"]}}
    )

    epoch_count: Maybe[Count] = Field(
        default=None,
        description="Passes over all examples. Default: the service decides.",
        examples=[5],
    )
    batch_size: Maybe[Count] = Field(
        default=None,
        description="Examples in one step; `vertex` has no such setting. "
        "Default: the service decides.",
        examples=[4],
    )
    learning_rate: Maybe[Rate] = Field(
        default=None,
        description="Size of a step, above 0; not together with `learningRateMultiplier`, which "
        "is what `vertex` takes. Default: the service decides.",
        examples=[0.001],
    )
    learning_rate_multiplier: Maybe[Rate] = Field(
        default=None,
        description="Factor on the learning rate that the service would choose, above 0; "
        "not together with `learningRate`. Default: the service decides.",
        examples=[0.5],
    )


class Lifecycle(Section):
    """What becomes of versions that are not wanted any longer."""

    deletion_policy: Maybe[Annotated[Literal["delete", "retain", "prevent"], Written()]] = Field(
        default="delete",
        description="What happens when no manifest declares the model any longer. `delete` deletes "
        "its versions, `retain` leaves them alone and forgets them, `prevent` refuses. It is kept "
        "on the live objects, so it outlives the manifest.",
    )
    keep_versions: Maybe[Annotated[int, Field(ge=0, le=COUNT_AT_MOST), Written(kind="integer")]] = (
        Field(
            default=1,
            description="How many superseded versions stay for applications and rollbacks.",
        )
    )


class ModelMetadata(Section):
    """What the model is called."""

    name: Name = Field(
        description="The model's name: at most 29 lower-case letters, digits and dashes, first a "
        "letter, last a letter or digit. Another name is another model; see `formerly`.",
        examples=["number-generator"],
    )
    formerly: Maybe[list[Name]] = Field(
        default=None,
        description="Earlier names of this model: it is renamed, not trained again. Default: none.",
        examples=[["next-number"]],
    )
    labels: Maybe[Annotated[dict[LabelKey, LabelValue], AfterValidator(rules.labels)]] = Field(
        default=None,
        description="Words of your own by which models can be chosen, at most 64. `vertex` stores "
        "them, and takes fewer characters; the others do not. Default: none.",
        examples=[{"team": "growth"}],
        json_schema_extra={"maxProperties": rules.LABELS_AT_MOST},
    )


class ModelSection(Section):
    """What is trained, and how it answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["baseModel"]}, {"required": ["tunedFrom"]}],
        }
    )

    display_name: Maybe[DisplayName] = Field(
        default=None,
        description="What people see in lists; editable in place. At most 128 characters on "
        "`vertex`, 40 elsewhere. Default: the name.",
        examples=["Number generator"],
    )
    description: Maybe[Description] = Field(
        default=None,
        description="What the model is for; editable in place. More than 300 characters, with the "
        "mark that is added, is a warning on `gemini`. Default: empty.",
        examples=["Says the next number."],
    )
    base_model: Maybe[BaseModelName] = Field(
        default=None,
        description="The base to train from, with its full name. Either this or `tunedFrom`.",
        examples=["models/gemini-1.5-flash-001-tuning"],
    )
    tuned_from: Maybe[Parent] = Field(
        default=None,
        description="The declared model to train on top of, by its `metadata.name`. Either this or "
        "`baseModel`. A new version of that model means a new version of this one.",
        examples=["number-generator"],
    )
    dataset: Dataset = Field(description="The examples to train on.")
    hyperparameters: Maybe[Hyperparameters] = Field(
        default=None,
        description="Settings of the training. Part of the training inputs: a change trains a new "
        "version. Default: the service decides.",
    )
    temperature: Maybe[Share] = Field(
        default=None,
        description="Randomness of answers, from 0 to 1; editable in place. `vertex` keeps no such "
        "setting. Default: not managed, left as it is.",
        examples=[0.7],
    )
    top_p: Maybe[Share] = Field(
        default=None,
        description="Share of the probability from which answers are drawn, from 0 to 1; editable "
        "in place. `vertex` keeps no such setting. Default: not managed, left as it is.",
        examples=[0.95],
    )
    top_k: Maybe[Count] = Field(
        default=None,
        description="Count of candidates from which each token is drawn, from 1; editable in "
        "place. `vertex` keeps no such setting. Default: not managed, left as it is.",
        examples=[40],
    )
    revision: Maybe[Annotated[int, Field(ge=1, le=REVISION_AT_MOST), Written(kind="integer")]] = (
        Field(
            default=1,
            description="Raise it to train again on purpose, with the same inputs.",
        )
    )
    gate: Maybe[Gate] = Field(
        default=None,
        description="What a version must pass before it may serve, and before the one that serves "
        "now is deleted. No part of the training inputs, but for `holdout`: another gate is "
        "evaluated again, without training. Default: none, every trained version may serve.",
        examples=[
            {
                "dataset": {"path": "datasets/held-out.jsonl"},
                "metrics": {"exactMatch": {"min": 0.9, "maxRegression": 0.02}},
                "mustPass": {"path": "datasets/golden.jsonl"},
            }
        ],
    )
    lifecycle: Maybe[Lifecycle] = Field(
        default=None,
        description="What becomes of versions that are not wanted any longer.",
    )
    vertex: Maybe[Vertex] = Field(
        default=None,
        description="What only Vertex AI has. Another provider refuses these keys.",
    )


class TunedModel(Section):
    """A tuned model that should exist."""

    api_version: Literal["tuneform/v1"] = Field(description="The version of this format.")
    kind: Literal["TunedModel"] = Field(description="What the document declares.")
    metadata: ModelMetadata = Field(description="What the model is called.")
    spec: ModelSection = Field(description="What is trained, and how it answers.")


class ProjectMetadata(Section):
    """What the project is called."""

    name: Name = Field(
        description="The owner of all live objects of this project: at most 29 lower-case letters, "
        "digits and dashes, first a letter, last a letter or digit.",
        examples=["demo"],
    )


_MANIFESTS = "Files, and folders whose `*.yaml` and `*.yml` files are read, subfolders included, "
_VARIABLES = (
    "Values for `${var.NAME}` in texts. `{value: …, sensitive: true}` is never shown. "
    "TUNEFORM_VAR_NAME, --var-file and --var replace them; of these the last one wins. "
)


class Environment(Section):
    """What is different in one environment: each key replaces the one above, variables merge."""

    manifests: Maybe[Annotated[list[RelativePath], Field(min_length=1)]] = Field(
        default=None,
        description=_MANIFESTS + "relative to tuneform.yaml. Default: as in the project.",
        examples=[["manifests"]],
    )
    provider: Maybe[Provider] = Field(
        default=None, description="The service that tunes. Default: as in the project."
    )
    ledger: Maybe[Ledger] = Field(
        default=None,
        description="Where our own record is kept. Default: as in the project.",
        examples=["sqlite:///.tuneform/prod.db"],
    )
    variables: Maybe[dict[VariableName, VariableValue]] = Field(
        default=None,
        description=_VARIABLES + "Default: as in the project.",
        examples=[{"stage": "prod"}],
    )
    policy: Maybe[Policy] = Field(
        default=None,
        description="What this project permits itself. `validate` and `plan` check it. "
        "Default: as in the project.",
        examples=[{"allowedBases": ["models/gemini-1.5-*"], "maxCost": 25.0}],
    )
    prices: Maybe[Prices] = Field(
        default=None,
        description="What training costs. Default: as in the project.",
        examples=[
            {
                "asOf": "2026-11-01",
                "currency": "USD",
                "perMillionTokens": {"models/gemini-1.5-flash-*": 8.0},
            }
        ],
    )


class ProjectSection(Section):
    """Where the manifests are, and which service tunes."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["manifests", "provider"]}, {"required": ["environments"]}]
        }
    )

    requires: Maybe[Requirement] = Field(
        default=None,
        description="The versions of tuneform that may work on this project: comparisons with "
        "`>=`, `>`, `<=`, `<`, `==`, `!=` and `~=`, separated by commas. Default: any.",
        examples=[">=0.1"],
    )
    manifests: Maybe[Annotated[list[RelativePath], Field(min_length=1)]] = Field(
        default=None,
        description=_MANIFESTS
        + "relative to tuneform.yaml. Needed, unless the chosen environment has it.",
        examples=[["manifests"]],
    )
    provider: Maybe[Provider] = Field(
        default=None,
        description="The service that tunes. Needed, unless the chosen environment has it.",
    )
    ledger: Maybe[Ledger] = Field(
        default="sqlite:///.tuneform/ledger.db",
        description="Where our own record is kept: an SQLite file, relative to tuneform.yaml, or a "
        "PostgreSQL database that a team shares, with the lock of the owner. TUNEFORM_LEDGER "
        "replaces it, and is the place for a password.",
        examples=["postgresql+psycopg://tuneform@db.example/tuneform"],
    )
    variables: Maybe[dict[VariableName, VariableValue]] = Field(
        default=None,
        description=_VARIABLES + "Default: none.",
        examples=[{"stage": "dev", "apiTitle": {"value": "Internal", "sensitive": True}}],
    )
    policy: Maybe[Policy] = Field(
        default=None,
        description="What this project permits itself. `validate` and `plan` check it. "
        "Default: no rules.",
        examples=[{"allowedBases": ["models/gemini-1.5-*"], "maxCost": 25.0}],
    )
    prices: Maybe[Prices] = Field(
        default=None,
        description="What training costs, where the list that is shipped is not yours. "
        "Default: the list that is shipped.",
        examples=[
            {
                "asOf": "2026-11-01",
                "currency": "USD",
                "perMillionTokens": {"models/gemini-1.5-flash-*": 8.0},
            }
        ],
    )
    environments: Maybe[dict[EnvironmentName, Environment | None]] = Field(
        default=None,
        description="Places where the same models are kept apart, such as `prod`, chosen with "
        "--env or TUNEFORM_ENV. Each is an owner of its own. Default: none.",
        examples=[{"prod": {"provider": {"type": "gemini"}}}],
    )


class Project(Section):
    """The project, in tuneform.yaml."""

    api_version: Literal["tuneform/v1"] = Field(description="The version of this format.")
    kind: Literal["Project"] = Field(description="What the document declares.")
    metadata: ProjectMetadata = Field(description="What the project is called.")
    spec: ProjectSection = Field(description="Where the manifests are, and which service tunes.")


KINDS: dict[str, type[Section]] = {"Project": Project, "TunedModel": TunedModel}


def numeric_paths(section: type[Section], path: Path = ()) -> Iterator[Path]:
    """Where a kind takes a number, so that a variable that stands alone keeps its type.

    `ANY` is in the place of keys that the user chooses.
    """
    for field in section.model_fields.values():
        yield from _numbers(field.annotation, (*path, field.alias or ""))
    if section.others:
        yield from numeric_paths(section.others, (*path, ANY))


def _numbers(annotation: Any, path: Path) -> Iterator[Path]:
    found = list(leaves(annotation))
    here = (*path, ANY) if dict in found else path
    for leaf in found:
        if leaf in {int, float}:
            yield here
        elif isinstance(leaf, type) and issubclass(leaf, Section):
            yield from numeric_paths(leaf, here)


def leaves(annotation: Any) -> Iterator[Any]:
    """Everything an annotation is made of: classes, and the words of literals."""
    if origin := get_origin(annotation):
        yield origin
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from leaves(argument)
