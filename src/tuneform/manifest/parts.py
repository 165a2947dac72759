"""What the shapes of manifests are made of: the base of all mappings, and types of single values.

A type joins a rule, which checks the value, and how it is written in JSON Schema. Which keys there
are is not said here.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tuneform.domain.names import NAME
from tuneform.manifest import rules
from tuneform.manifest.notation import NotNull, Written
from tuneform.manifest.requires import PATTERN, requirement

COUNT_AT_MOST = 2**31 - 1
"""The service keeps counts in 32 bits."""

NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"

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
    Written(pattern=NO_CONTROL, minLength=1, maxLength=rules.DISPLAY_NAME_AT_MOST),
]
Description = Annotated[
    str, AfterValidator(rules.description), Written({"not": {"pattern": "tuneform/"}})
]
Preamble = Annotated[str, AfterValidator(rules.preamble)]
ExampleField = Annotated[
    str, AfterValidator(rules.example_field), Written(pattern=NO_CONTROL, minLength=1)
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
Ledger = Annotated[
    str,
    AfterValidator(rules.ledger),
    Written(pattern=r"^(sqlite:///[^?#]+|postgresql\+psycopg://[^#\s]+)$"),
]
LabelKey = Annotated[
    str, AfterValidator(rules.label_key), Written(key=True, pattern=f"^{rules.LABEL_KEY.pattern}$")
]
LabelValue = Annotated[
    str,
    AfterValidator(rules.label_value),
    Written(pattern=NO_CONTROL, maxLength=rules.LABEL_VALUE_AT_MOST),
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
Format = Annotated[Literal["jsonl", "json", "csv", "tsv"], Written()]
Count = Annotated[int, Field(ge=1, le=COUNT_AT_MOST), Written(kind="integer")]
Rate = Annotated[float, Field(gt=0), Written(kind="number")]
Share = Annotated[float, Field(ge=0, le=1), Written(kind="number")]


class Section(BaseModel):
    """A mapping of which every key is known.

    Attributes:
        others: what further keys take, where there may be any.
    """

    others: ClassVar[type[Section] | None] = None

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
