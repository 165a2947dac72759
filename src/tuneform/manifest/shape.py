"""The shape of manifests: the keys of both kinds, their types and their limits.

Every key that this release knows stands here once, with its unit, its default and what it is for;
the reference page and the schema for editors are made from it. Rules about single values are in
`rules`. What several keys have to do with each other is in `translate`; the JSON Schema says it as
well, as far as JSON Schema can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tuneform.domain.names import NAME
from tuneform.manifest import rules
from tuneform.manifest.notation import NotNull, Written
from tuneform.manifest.requires import PATTERN, requirement
from tuneform.manifest.words import Path

API_VERSION = "tuneform/v1"
COUNT_AT_MOST = 2**31 - 1
"""The service keeps counts in 32 bits."""
REVISION_AT_MOST = 999_999_999
"""The mark has room for nine digits."""

_NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"

T = TypeVar("T")
Maybe = Annotated[T | None, NotNull()]
"""A key that may be left out, but not be null: `temperature:` with nothing behind it is a slip."""

Name = Annotated[str, AfterValidator(rules.name), Written(pattern=f"^{NAME.pattern}$")]
EnvironmentName = Annotated[
    str, AfterValidator(rules.name), Written(key=True, pattern=f"^{NAME.pattern}$")
]
DisplayName = Annotated[
    str,
    AfterValidator(rules.display_name),
    Written(pattern=_NO_CONTROL, minLength=1, maxLength=rules.DISPLAY_NAME_AT_MOST),
]
Description = Annotated[
    str, AfterValidator(rules.description), Written({"not": {"pattern": "tuneform/"}})
]
Preamble = Annotated[str, AfterValidator(rules.preamble)]
ExampleField = Annotated[
    str, AfterValidator(rules.example_field), Written(pattern=_NO_CONTROL, minLength=1)
]
BaseModelName = Annotated[
    str, AfterValidator(rules.base_model), Written(pattern=f"^{rules.BASE_MODEL.pattern}$")
]
Parent = Annotated[str, AfterValidator(rules.parent), Written(pattern=f"^{NAME.pattern}$")]
RelativePath = Annotated[
    str,
    AfterValidator(rules.relative_path),
    Written(
        pattern=r"^(?!/|~/|[A-Za-z]:)[^\\\u0000-\u001f\u007f-\u009f]+$",
        maxLength=rules.PATH_AT_MOST,
    ),
]
Endpoint = Annotated[
    str, AfterValidator(rules.endpoint), Written(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^?#@\s]+$")
]
Requirement = Annotated[str, AfterValidator(requirement), Written(pattern=PATTERN)]
Ledger = Annotated[str, AfterValidator(rules.ledger), Written(pattern=r"^sqlite:///[^?#]+$")]
LabelKey = Annotated[
    str, AfterValidator(rules.label_key), Written(key=True, pattern=f"^{rules.LABEL_KEY.pattern}$")
]
LabelValue = Annotated[
    str,
    AfterValidator(rules.label_value),
    Written(pattern=_NO_CONTROL, maxLength=rules.LABEL_VALUE_AT_MOST),
]
VariableName = Annotated[
    str,
    AfterValidator(rules.variable_name),
    Written(key=True, pattern=f"^{rules.VARIABLE_NAME.pattern}$"),
]
_SCALAR_TYPES = ["string", "number", "boolean"]
VariableValue = Annotated[
    Any,
    AfterValidator(rules.variable),
    Written(
        {
            "anyOf": [
                {"type": _SCALAR_TYPES},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["value"],
                    "properties": {
                        "value": {"type": _SCALAR_TYPES},
                        "sensitive": {"type": "boolean", "default": False},
                    },
                },
            ]
        },
        kind=None,
    ),
]
Count = Annotated[int, Field(ge=1, le=COUNT_AT_MOST), Written(kind="integer")]
Rate = Annotated[float, Field(gt=0), Written(kind="number")]
Share = Annotated[float, Field(ge=0, le=1), Written(kind="number")]


class Section(BaseModel):
    """A mapping of which every key is known."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        defer_build=True,
    )


class DatasetFields(Section):
    """The names of the two values in each example."""

    input: Maybe[ExampleField] = Field(
        default=None,
        description="Key or column of the input. Default: `text_input`.",
        examples=["question"],
    )
    output: Maybe[ExampleField] = Field(
        default=None,
        description="Key or column of the expected output. Default: `output`.",
        examples=["answer"],
    )


class Dataset(Section):
    """The examples to train on."""

    path: RelativePath = Field(
        description="The file with the examples, relative to this manifest, inside the project.",
        examples=["datasets/numbers.jsonl"],
    )
    format: Maybe[Annotated[Literal["jsonl", "json", "csv", "tsv"], Written()]] = Field(
        default=None,
        description="How the file is written. Default: from the suffix of its name.",
    )
    fields: Maybe[DatasetFields] = Field(
        default=None, description="The names of the two values in each example."
    )
    preamble: Maybe[Preamble] = Field(
        default=None,
        description="Put in front of every input as it is, without a space: in training, and in "
        "prompts of `generate`. Part of the training inputs. Default: nothing.",
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
        description="Examples in one step. Default: the service decides.",
        examples=[4],
    )
    learning_rate: Maybe[Rate] = Field(
        default=None,
        description="Size of a step, above 0; not together with `learningRateMultiplier`. "
        "Default: the service decides.",
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
        description="Words of your own by which models can be chosen, at most 64. Default: none.",
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
        description="What people see in lists, at most 40 characters; editable in place. "
        "Default: the name.",
        examples=["Number generator"],
    )
    description: Maybe[Description] = Field(
        default=None,
        description="What the model is for; editable in place. More than 300 characters, with the "
        "mark that is added, is a warning. Default: empty.",
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
        description="Randomness of answers, from 0 to 1; editable in place. "
        "Default: not managed, left as it is.",
        examples=[0.7],
    )
    top_p: Maybe[Share] = Field(
        default=None,
        description="Share of the probability from which answers are drawn, from 0 to 1; editable "
        "in place. Default: not managed, left as it is.",
        examples=[0.95],
    )
    top_k: Maybe[Count] = Field(
        default=None,
        description="Count of candidates from which each token is drawn, from 1; editable in "
        "place. Default: not managed, left as it is.",
        examples=[40],
    )
    revision: Maybe[Annotated[int, Field(ge=1, le=REVISION_AT_MOST), Written(kind="integer")]] = (
        Field(
            default=1,
            description="Raise it to train again on purpose, with the same inputs.",
        )
    )
    lifecycle: Maybe[Lifecycle] = Field(
        default=None,
        description="What becomes of versions that are not wanted any longer.",
    )


class TunedModel(Section):
    """A tuned model that should exist."""

    api_version: Literal["tuneform/v1"] = Field(description="The version of this format.")
    kind: Literal["TunedModel"] = Field(description="What the document declares.")
    metadata: ModelMetadata = Field(description="What the model is called.")
    spec: ModelSection = Field(description="What is trained, and how it answers.")


class Provider(Section):
    """The service that tunes."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {
                    "if": {"properties": {"type": {"const": "embedded"}}, "required": ["type"]},
                    "then": {"properties": {"endpoint": False}},
                },
                {
                    "if": {"properties": {"type": {"const": "gemini"}}, "required": ["type"]},
                    "then": {"properties": {"data": False}},
                },
            ]
        }
    )

    type: Annotated[Literal["embedded", "gemini"], Written()] = Field(
        description="`embedded` is the practice service inside this process: free, no key, no "
        "network. `gemini` is the tunedModels API.",
    )
    data: Maybe[RelativePath] = Field(
        default=None,
        description="`embedded` only: the folder of its data, relative to tuneform.yaml, inside "
        "the project. Default: `.practice`.",
        examples=[".practice"],
    )
    endpoint: Maybe[Endpoint] = Field(
        default=None,
        description="`gemini` only: the base address of the service. Default: Google's own.",
        examples=["http://127.0.0.1:8765"],
    )


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
        description="Where our own record is kept, relative to tuneform.yaml. "
        "TUNEFORM_LEDGER replaces it.",
    )
    variables: Maybe[dict[VariableName, VariableValue]] = Field(
        default=None,
        description=_VARIABLES + "Default: none.",
        examples=[{"stage": "dev", "apiTitle": {"value": "Internal", "sensitive": True}}],
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
    """Where a kind takes a number, so that a variable that stands alone keeps its type."""
    for field in section.model_fields.values():
        here = (*path, field.alias or "")
        for leaf in leaves(field.annotation):
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
