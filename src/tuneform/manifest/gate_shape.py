"""The shape of `spec.gate`: its keys, their types and their limits.

Which of them go together is said in `gate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from tuneform.manifest import gate_rules, rules
from tuneform.manifest.notation import Written
from tuneform.manifest.parts import (
    DatasetFields,
    ExampleField,
    Format,
    Maybe,
    RelativePath,
    Section,
    Share,
)

if TYPE_CHECKING:
    from pydantic.config import JsonDict

REPEATS_AT_MOST = 20
CONCURRENCY_AT_MOST = 64
HOLDOUT_AT_MOST = 0.5

_BOUNDED: JsonDict = {"anyOf": [{"required": ["min"]}, {"required": ["maxRegression"]}]}
_UNMEASURED = " Default: not measured."

Holdout = Annotated[float, Field(gt=0, le=HOLDOUT_AT_MOST), Written(kind="number")]
Pattern = Annotated[
    str,
    AfterValidator(gate_rules.pattern),
    Written(format="regex", maxLength=gate_rules.PATTERN_AT_MOST),
]
Label = Annotated[str, AfterValidator(gate_rules.label), Written(key=True)]
Options = Annotated[dict[str, Any], AfterValidator(gate_rules.options)]


class GateDataset(Section):
    """The examples that a version is asked, which it was not trained on."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["path"]}, {"required": ["holdout"]}],
            "dependentSchemas": {"holdout": {"properties": {"format": False, "fields": False}}},
        }
    )

    path: Maybe[RelativePath] = Field(
        default=None,
        description="The file with the examples, relative to this manifest, inside the project. "
        "The preamble of `spec.dataset` is put in front of their inputs. Either this or `holdout`.",
        examples=["datasets/held-out.jsonl"],
    )
    holdout: Maybe[Holdout] = Field(
        default=None,
        description="Share of `spec.dataset` that is held out of training and asked instead, above "
        "0, at most 0.5; which examples, their digests decide. It changes what is trained. Either "
        "this or `path`.",
        examples=[0.1],
    )
    format: Maybe[Format] = Field(
        default=None,
        description="How the file is written; only together with `path`. Default: from the suffix "
        "of its name.",
    )
    fields: Maybe[DatasetFields] = Field(
        default=None,
        description="The names of the two values in each example; only together with `path`. "
        "Default: `text_input` and `output`.",
    )


class Bounds(Section):
    """What the value of a metric, a share from 0 to 1, has to be: at least one of the two."""

    model_config = ConfigDict(json_schema_extra=_BOUNDED)

    min: Maybe[Share] = Field(
        default=None,
        description="The least value that passes. Default: no bound.",
        examples=[0.9],
    )
    max_regression: Maybe[Share] = Field(
        default=None,
        description="How far the value may be below that of the serving version, which is asked "
        "the same. Default: no bound.",
        examples=[0.02],
    )


class RegexBounds(Bounds):
    """A pattern that answers are held against, and what the share of those that fit has to be."""

    pattern: Pattern = Field(
        description="A regular expression, as Python reads it, that an answer as a whole must fit.",
        examples=["[a-z]+"],
    )


class JsonBounds(Bounds):
    """Keys that are compared, and what the share of those that agree has to be."""

    fields: Maybe[
        Annotated[
            list[ExampleField],
            Field(min_length=1),
            AfterValidator(rules.distinct),
        ]
    ] = Field(
        default=None,
        description="The keys that are compared. Default: all keys of the expected output.",
        examples=[["team", "urgency"]],
        json_schema_extra={"uniqueItems": True},
    )


class LabelBounds(Bounds):
    """Bounds for the label with the lowest value, for labels by name, or for both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["min"]},
                {"required": ["maxRegression"]},
                {"required": ["labels"]},
            ]
        }
    )

    labels: Maybe[Annotated[dict[Label, Bounds], Field(min_length=1)]] = Field(
        default=None,
        description="Bounds of single labels; a label is an expected output. Default: none.",
        examples=[{"billing": {"min": 0.9, "maxRegression": 0.05}}],
    )


class OwnBounds(Bounds):
    """What the value of a metric of your own has to be, and what the metric is handed."""

    options: Maybe[Options] = Field(
        default=None,
        description="Handed to the metric as they are. Default: nothing.",
        examples=[{"depth": 2}],
    )


class Metrics(Section):
    """What is measured. Any other name is that of a metric of your own, a Python entry point."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "minProperties": 1,
            "propertyNames": {
                "pattern": f"^{gate_rules.METRIC.pattern}$",
                "anyOf": [
                    {"enum": list(gate_rules.MEASURES)},
                    {"not": {"pattern": gate_rules.MISSPELT}},
                ],
            },
        },
    )
    __pydantic_extra__: dict[str, OwnBounds] = Field(init=False)
    others = OwnBounds

    exact_match: Maybe[Bounds] = Field(
        default=None,
        description="Share of answers that are the expected output, character for character."
        + _UNMEASURED,
        examples=[{"min": 0.9, "maxRegression": 0.02}],
    )
    normalized_match: Maybe[Bounds] = Field(
        default=None,
        description="Share of answers that are the expected output but for case, white space, "
        "compatible characters, quotes and brackets around the text, and the mark that ends it."
        + _UNMEASURED,
        examples=[{"min": 0.9}],
    )
    contains: Maybe[Bounds] = Field(
        default=None,
        description="Share of answers that contain the expected output." + _UNMEASURED,
        examples=[{"min": 0.9}],
    )
    regex: Maybe[RegexBounds] = Field(
        default=None,
        description="Share of answers that fit a pattern." + _UNMEASURED,
        examples=[{"pattern": "[a-z]+", "min": 1.0}],
    )
    json_fields: Maybe[JsonBounds] = Field(
        default=None,
        description="Share of the keys of the expected output, a JSON object, that the answer has "
        "with the same value; averaged over the examples." + _UNMEASURED,
        examples=[{"fields": ["team", "urgency"], "min": 0.9}],
    )
    char_f1: Maybe[Bounds] = Field(
        default=None,
        description="F1 of the characters that answer and expected output have in common, in "
        "whatever order; averaged over the examples." + _UNMEASURED,
        examples=[{"min": 0.8}],
    )
    precision: Maybe[LabelBounds] = Field(
        default=None,
        description="Of the answers that are a label, the share that should be it; `min` and "
        "`maxRegression` are about the label with the lowest value." + _UNMEASURED,
        examples=[{"min": 0.7, "labels": {"billing": {"min": 0.9}}}],
    )
    recall: Maybe[LabelBounds] = Field(
        default=None,
        description="Of the examples that expect a label, the share that were answered with it; "
        "`min` and `maxRegression` are about the label with the lowest value." + _UNMEASURED,
        examples=[{"min": 0.7}],
    )
    macro_f1: Maybe[Bounds] = Field(
        default=None,
        description="The F1 of precision and recall, averaged over all labels." + _UNMEASURED,
        examples=[{"min": 0.8}],
    )


class MustPass(Section):
    """Cases that must be answered right every time."""

    path: RelativePath = Field(
        description="The file with the cases, relative to this manifest, inside the project. The "
        "preamble of `spec.dataset` is put in front of their inputs.",
        examples=["datasets/golden.jsonl"],
    )
    format: Maybe[Format] = Field(
        default=None,
        description="How the file is written. Default: from the suffix of its name.",
    )
    fields: Maybe[DatasetFields] = Field(
        default=None,
        description="The names of the two values in each case. Default: `text_input` and `output`.",
    )
    measure: Maybe[
        Annotated[
            Literal["exactMatch", "normalizedMatch", "contains", "charF1", "jsonFields"], Written()
        ]
    ] = Field(default="exactMatch", description="How a right answer is told: its value is 1.")


class Gate(Section):
    """What a version must pass before it may serve: metrics, cases, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["metrics"]}, {"required": ["mustPass"]}],
            "dependentRequired": {"dataset": ["metrics"], "metrics": ["dataset"]},
        }
    )

    dataset: Maybe[GateDataset] = Field(
        default=None,
        description="The examples that `metrics` are measured with. Needed with `metrics`.",
    )
    metrics: Maybe[Metrics] = Field(
        default=None,
        description="What is measured, with its thresholds. Needed, unless there is `mustPass`.",
    )
    must_pass: Maybe[MustPass] = Field(
        default=None,
        description="Cases that must be answered right every time. Needed, unless there are "
        "`metrics`.",
    )
    repeats: Maybe[Annotated[int, Field(ge=1, le=REPEATS_AT_MOST), Written(kind="integer")]] = (
        Field(default=1, description="How often each example is asked, at most 20.")
    )
    concurrency: Maybe[
        Annotated[int, Field(ge=1, le=CONCURRENCY_AT_MOST), Written(kind="integer")]
    ] = Field(
        default=4,
        description="Questions at a time, at most 64; no part of what the gate is.",
    )
