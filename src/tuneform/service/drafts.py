"""What a create asks for, judged: from a checked message to a draft, or to a refusal.

Pure: whether an id is taken, a base exists or a source is ready is asked elsewhere. The limits are
those of the guide; where the real service's bound is unknown, ours is named here and in the
document of differences.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tuneform.service.errors import ApiError, Violation, invalid, invalid_field
from tuneform.service.wire import single

MAX_DISPLAY_NAME = 40
MAX_INPUT = 40_000
MAX_OUTPUT = 5_000
MAX_ID = 40
MAX_STEPS = 1_000_000
MAX_VISITS = 10_000_000
"""Epochs times examples; no recorded training came near it."""

DEFAULT_EPOCHS = 5
SMALL_BATCH, LARGE_BATCH = 4, 16
SMALL_RATE, LARGE_RATE = 0.001, 0.0002
LARGE_FROM = 1_000
"""From this many examples on, the defaults are the larger batch and the smaller rate. The API
document names both pairs and no threshold."""

_ID = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_SUFFIX = 12
_AT = "tuned_model.tuning_task"
_EXAMPLES_AT = f"{_AT}.training_data.examples.examples"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a training runs with, and how it is told to the caller."""

    epochs: int
    batch: int
    rate: float
    shown: Mapping[str, Any]
    """As the resource shows them: the multiplier only to those who set it."""


@dataclass(frozen=True, slots=True)
class Examples:
    """The training data in the form in which it is kept: pairs as JSON, sorted."""

    pairs: bytes
    count: int

    @property
    def digest(self) -> str:
        """SHA-256 of the pairs: equal data has one digest, in whatever order it came."""
        return hashlib.sha256(self.pairs).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """A tuned model that may be created, if its id is free and its source is ready."""

    id: str
    """Empty when one is to be made up."""
    base: str
    source: str
    """Name of a tuned model to start from; exactly one of base and source is set."""
    display_name: str
    editable: Mapping[str, Any]
    """Description, temperature and so on: proto names, as set by the caller."""
    examples: Examples
    hyperparameters: Hyperparameters

    @property
    def total_steps(self) -> int:
        """ceil(epochs x examples / batch)."""
        settings = self.hyperparameters
        return -(-settings.epochs * self.examples.count // settings.batch)


def draft(body: Mapping[str, Any], model_id: str) -> Draft:
    """Judge a create.

    Args:
        body: a checked `TunedModel`.
        model_id: the `tunedModelId` parameter; empty when it was not given.

    Raises:
        ApiError: 400, for the first thing that is wrong.
    """
    display_name = body.get("display_name", "")
    if not model_id and not display_name:
        raise invalid("Either tuned_model_id or display_name must be set.")
    if model_id:
        _check_id(model_id)
    base, source = _origin(body)
    check_editable(body)
    task = body.get("tuning_task")
    if task is None:
        raise invalid_field(_AT, "is required")
    examples = _examples(task)
    settings = _hyperparameters(task.get("hyperparameters", {}), examples.count)
    editable = {key: body[key] for key in EDITABLE if key in body and key != "display_name"}
    return Draft(model_id, base, source, display_name, editable, examples, settings)


EDITABLE = (
    "display_name",
    "description",
    "temperature",
    "top_p",
    "top_k",
    "reader_project_numbers",
)
"""What can be set at any time."""


def _check_id(model_id: str) -> None:
    if len(model_id) > MAX_ID or not _ID.fullmatch(model_id):
        raise invalid_field(
            "tuned_model_id",
            "must be at most 40 characters, begin with a letter, end with a letter or digit, "
            f"and match {_ID.pattern}",
        )


def _origin(body: Mapping[str, Any]) -> tuple[str, str]:
    """Base and source; the new SDK names a tuned model as base, and means it as source."""
    base: str = body.get("base_model", "")
    source: str = body.get("tuned_model_source", {}).get("tuned_model", "")
    if base.startswith("tunedModels/"):
        base, source = "", base
    if source:
        if not re.fullmatch(r"tunedModels/[^/:]+", source):
            raise invalid_field(
                "tuned_model.tuned_model_source.tuned_model", "must look like tunedModels/ID"
            )
        return "", source
    if not base:
        raise invalid_field("tuned_model.base_model", "or tuned_model_source is required")
    if not re.fullmatch(r"models/[^/:]+", base):
        raise invalid_field("tuned_model.base_model", "must look like models/ID")
    return base, ""


def check_editable(values: Mapping[str, Any]) -> None:
    """Check the ranges of what can be edited, for create and patch alike.

    Raises:
        ApiError: 400; for a long display name in the recorded words.
    """
    if len(values.get("display_name", "")) > MAX_DISPLAY_NAME:
        raise invalid(
            "Request contains an invalid argument.",
            Violation("tuned_model.display_name", "must not be longer than 40 characters"),
        )
    for key in ("temperature", "top_p"):
        if not 0.0 <= values.get(key, 0.0) <= 1.0:  # NaN as well
            raise invalid_field(f"tuned_model.{key}", "must be between 0 and 1")
    if values.get("top_k", 1) < 1:
        raise invalid_field("tuned_model.top_k", "must be at least 1")


def _examples(task: Mapping[str, Any]) -> Examples:
    rows = task.get("training_data", {}).get("examples", {}).get("examples", [])
    if not rows:
        raise invalid_field(_EXAMPLES_AT, "at least one example is required")
    for i, row in enumerate(rows):
        _check_text(row, "text_input", MAX_INPUT, i)
        _check_text(row, "output", MAX_OUTPUT, i)
    pairs = sorted([row["text_input"], row["output"]] for row in rows)
    return Examples(msgspec.json.encode(pairs), len(pairs))


def _check_text(row: Mapping[str, Any], key: str, limit: int, i: int) -> None:
    text = row.get(key, "")
    if not text:
        raise invalid_field(f"{_EXAMPLES_AT}[{i}].{key}", "is required and must not be empty")
    if len(text) > limit:
        raise invalid_field(
            f"{_EXAMPLES_AT}[{i}].{key}",
            f"has {len(text):,} characters, the limit is {limit:,}",
        )


def _hyperparameters(given: Mapping[str, Any], count: int) -> Hyperparameters:
    large = count >= LARGE_FROM
    epochs = given.get("epoch_count", DEFAULT_EPOCHS)
    batch = given.get("batch_size", LARGE_BATCH if large else SMALL_BATCH)
    usual = LARGE_RATE if large else SMALL_RATE
    multiplier = given.get("learning_rate_multiplier")
    rate = given.get("learning_rate", usual) if multiplier is None else multiplier * usual
    for key, value in (("epoch_count", epochs), ("batch_size", batch)):
        if value < 1:
            raise invalid_field(f"{_AT}.hyperparameters.{key}", "must be at least 1")
    shown: dict[str, Any] = {"epochCount": epochs, "batchSize": batch}
    if multiplier is None:
        shown["learningRate"] = _positive("learning_rate", rate)
    else:
        shown["learningRateMultiplier"] = _positive("learning_rate_multiplier", multiplier)
    if epochs * count > MAX_VISITS or -(-epochs * count // batch) > MAX_STEPS:
        raise _too_much()
    return Hyperparameters(epochs, batch, rate, shown)


def _positive(key: str, value: float) -> float:
    if not 0.0 < value < float("inf"):
        raise invalid_field(f"{_AT}.hyperparameters.{key}", "must be greater than 0")
    return single(value)


def _too_much() -> ApiError:
    return invalid_field(
        f"{_AT}.hyperparameters.epoch_count",
        f"asks for more than {MAX_STEPS:,} steps, or {MAX_VISITS:,} visits to examples, which "
        "this practice service does not train",
    )


def made_up_id(display_name: str, draw: Callable[[int], str]) -> str:
    """An id in the recorded form: the words of the display name, and 12 random characters.

    Args:
        display_name: from which all but lower-case ASCII letters and digits is dropped.
        draw: gives that many random characters of `[a-z0-9]`.
    """
    words = ("".join(re.findall(r"[a-z0-9]", word)) for word in display_name.lower().split())
    slug = "-".join(word for word in words if word)
    slug = re.sub(r"^[^a-z]+", "", slug)[: MAX_ID - _SUFFIX - 1].strip("-")
    return f"{slug or 'model'}-{draw(_SUFFIX)}"


def immutable_changes(body: Mapping[str, Any], resource: Mapping[str, Any]) -> Sequence[str]:
    """The immutable fields that a PATCH without mask sets to something else than they are."""
    task = resource["tuningTask"]
    given = body.get("tuning_task", {})
    source = resource.get("tunedModelSource", {}).get("tunedModel", "")
    asked = {
        "base_model": (body.get("base_model", ""), resource.get("baseModel", "")),
        "tuned_model_source": (body.get("tuned_model_source", {}).get("tuned_model", ""), source),
    }
    changed = [name for name, (new, old) in asked.items() if new and new != old]
    if given.get("training_data", {}).get("examples"):
        changed.append("tuning_task.training_data")
    shown = task["hyperparameters"]
    names = {
        "epoch_count": "epochCount",
        "batch_size": "batchSize",
        "learning_rate": "learningRate",
        "learning_rate_multiplier": "learningRateMultiplier",
    }
    for name, value in given.get("hyperparameters", {}).items():
        if single(value) != shown.get(names[name]):
            changed.append(f"tuning_task.hyperparameters.{name}")
    return changed
