"""The shape of `policy` and `prices` in tuneform.yaml: their keys, types and limits.

Which of them go together is said in `policy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from tuneform.manifest import policy_rules, rules
from tuneform.manifest.notation import Written
from tuneform.manifest.parts import COUNT_AT_MOST, Count, Maybe, Rate, Section

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_BOUNDED: JsonDict = {"anyOf": [{"required": ["least"]}, {"required": ["most"]}]}
_DEFAULT = " Default: no rule."

BaseGlob = Annotated[
    str,
    AfterValidator(policy_rules.base_glob),
    Written(pattern=f"^{policy_rules.BASE_GLOB.pattern}$"),
]
BaseGlobKey = Annotated[
    str,
    AfterValidator(policy_rules.base_glob),
    Written(key=True, pattern=f"^{policy_rules.BASE_GLOB.pattern}$"),
]
LabelName = Annotated[
    str, AfterValidator(rules.label_key), Written(pattern=f"^{rules.LABEL_KEY.pattern}$")
]
Day = Annotated[
    str,
    AfterValidator(policy_rules.day),
    Written(format="date", pattern=f"^{policy_rules.DATE.pattern}$"),
]
Currency = Annotated[
    str,
    AfterValidator(policy_rules.currency),
    Written(pattern=f"^{policy_rules.CURRENCY.pattern}$"),
]
Amount = Annotated[float, Field(ge=0), Written(kind="number")]
Whole = Annotated[int, Field(ge=0, le=COUNT_AT_MOST), Written(kind="integer")]
Rule = Annotated[
    Literal[
        "allowedBases",
        "requiredLabels",
        "examples",
        "hyperparameters",
        "maxDeletes",
        "maxTrainings",
        "maxCost",
        "retirementDays",
    ],
    Written(),
]


class CountBounds(Section):
    """The least and the most that is permitted, both inclusive: at least one of the two."""

    model_config = ConfigDict(json_schema_extra=_BOUNDED)

    least: Maybe[Count] = Field(
        default=None, description="Fewer are not permitted. Default: no bound.", examples=[1]
    )
    most: Maybe[Count] = Field(
        default=None, description="More are not permitted. Default: no bound.", examples=[20]
    )


class RateBounds(Section):
    """The least and the most that is permitted, both inclusive: at least one of the two."""

    model_config = ConfigDict(json_schema_extra=_BOUNDED)

    least: Maybe[Rate] = Field(
        default=None, description="Less is not permitted. Default: no bound.", examples=[0.0001]
    )
    most: Maybe[Rate] = Field(
        default=None, description="More is not permitted. Default: no bound.", examples=[0.01]
    )


class SettingBounds(Section):
    """Bounds of what manifests set; what one leaves to the service is not judged."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    epoch_count: Maybe[CountBounds] = Field(
        default=None,
        description="Passes over all examples." + _DEFAULT,
        examples=[{"least": 1, "most": 20}],
    )
    batch_size: Maybe[CountBounds] = Field(
        default=None, description="Examples in one step." + _DEFAULT, examples=[{"most": 64}]
    )
    learning_rate: Maybe[RateBounds] = Field(
        default=None, description="Size of a step." + _DEFAULT, examples=[{"most": 0.01}]
    )
    learning_rate_multiplier: Maybe[RateBounds] = Field(
        default=None,
        description="Factor on the learning rate." + _DEFAULT,
        examples=[{"least": 0.1, "most": 10.0}],
    )
    adapter_size: Maybe[CountBounds] = Field(
        default=None,
        description="Rank of the adapter, which manifests set as `spec.vertex.adapterSize`."
        + _DEFAULT,
        examples=[{"most": 8}],
    )


class Policy(Section):
    """What the project permits itself. Rules that are left out do not exist."""

    allowed_bases: Maybe[Annotated[list[BaseGlob], Field(min_length=1)]] = Field(
        default=None,
        description="Bases that may be trained on, with their full names; `*`, `?` and `[…]` "
        "stand for other characters. A model that is tuned on top of another one counts with the "
        "base at the end of the chain." + _DEFAULT,
        examples=[["models/gemini-1.5-*"]],
    )
    required_labels: Maybe[
        Annotated[list[LabelName], Field(min_length=1), AfterValidator(rules.distinct)]
    ] = Field(
        default=None,
        description="Keys of labels that every model must have." + _DEFAULT,
        examples=[["team"]],
        json_schema_extra={"uniqueItems": True},
    )
    examples: Maybe[CountBounds] = Field(
        default=None,
        description="Count of training examples of a model." + _DEFAULT,
        examples=[{"least": 20, "most": 5000}],
    )
    hyperparameters: Maybe[SettingBounds] = Field(
        default=None,
        description="Bounds of what manifests set; what one leaves to the service is not judged."
        + _DEFAULT,
        examples=[{"epochCount": {"least": 1, "most": 20}}],
    )
    max_deletes: Maybe[Whole] = Field(
        default=None,
        description="How many models one plan may delete." + _DEFAULT,
        examples=[2],
    )
    max_trainings: Maybe[Count] = Field(
        default=None,
        description="How many trainings may be under way at a time." + _DEFAULT,
        examples=[4],
    )
    max_cost: Maybe[Amount] = Field(
        default=None,
        description="What all trainings of one plan may cost together, in the currency of the "
        "price list." + _DEFAULT,
        examples=[25.0],
    )
    retirement_days: Maybe[Whole] = Field(
        default=None,
        description="A base that retires within so many days is told." + _DEFAULT,
        examples=[90],
    )
    warn: Maybe[Annotated[list[Rule], Field(min_length=1), AfterValidator(rules.distinct)]] = Field(
        default=None,
        description="Names of the rules above that only warn; all others deny. Default: none.",
        examples=[["requiredLabels", "retirementDays"]],
        json_schema_extra={"uniqueItems": True},
    )


class Prices(Section):
    """What training costs."""

    as_of: Day = Field(
        description="The day on which the prices were looked up: year, month, day.",
        examples=["2026-11-01"],
    )
    currency: Currency = Field(
        description="ISO 4217 code of the currency: three capital letters.", examples=["USD"]
    )
    per_million_tokens: Annotated[dict[BaseGlobKey, Amount], Field(min_length=1)] = Field(
        description="Amount for a million training tokens, by the full name of a base; `*`, `?` "
        "and `[…]` stand for other characters. The first that fits counts.",
        examples=[{"models/gemini-1.5-flash-*": 8.0}],
    )
