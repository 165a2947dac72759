"""The JSON of the tunedModels API as typed structures: what we read, and what we write.

Unknown fields are ignored, and scalars may be null, as proto3 JSON permits. What is of a wrong type
is an error of the decoder. Nothing here knows the domain; `codec` translates.
Fields and types: sections 3, 4 and 6 of the API reference (package
google.ai.generativelanguage.v1beta).
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.providers.google.wire import Read, Status, Write

_FLOAT = struct.Struct("<f")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Hyperparameters(Read, frozen=True):
    """The effective settings."""

    epoch_count: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None


class Snapshot(Read, frozen=True):
    """One training step. Zeros are left out; a loss that is not finite is a string."""

    step: int | None = None
    epoch: int | None = None
    mean_loss: float | str | None = None


class TuningTask(Read, frozen=True):
    """The training of a model."""

    hyperparameters: Hyperparameters | None = None
    snapshots: list[Snapshot] | None = None


class TunedModelSource(Read, frozen=True):
    """The tuned model that this one was tuned from, and its base."""

    tuned_model: str | None = None
    base_model: str | None = None


class TunedModel(Read, frozen=True):
    """A tuned model. A state may be a name, or a number where a gateway asks for numbers."""

    name: str
    display_name: str | None = None
    description: str | None = None
    base_model: str | None = None
    tuned_model_source: TunedModelSource | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    state: str | int | None = None
    create_time: datetime | None = None
    tuning_task: TuningTask | None = None


class TunedModelPage(Read, frozen=True):
    """A page of tuned models. UNSET tells an empty page from a reply that is none."""

    items: list[TunedModel] | UnsetType = msgspec.field(name="tunedModels", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class BaseModel(Read, frozen=True):
    """A base model."""

    name: str
    supported_generation_methods: list[str] | None = None


class BaseModelPage(Read, frozen=True):
    """A page of base models."""

    items: list[BaseModel] | UnsetType = msgspec.field(name="models", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class OperationMetadata(Read, frozen=True):
    """CreateTunedModelMetadata, or that of another kind of operation."""

    type_url: str | None = msgspec.field(name="@type", default=None)
    tuned_model: str | None = None
    total_steps: int | None = None
    completed_steps: int | None = None
    snapshots: list[Snapshot] | None = None


class Operation(Read, frozen=True):
    """A long-running operation."""

    name: str
    done: bool | None = None
    error: Status | None = None
    metadata: OperationMetadata | None = None


class OperationPage(Read, frozen=True):
    """A page of operations."""

    items: list[Operation] | UnsetType = msgspec.field(name="operations", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class Example(Write, frozen=True):
    """One pair."""

    text_input: str
    output: str


class Examples(Write, frozen=True):
    """The inner of the two `examples` of the API."""

    examples: list[Example]


class Dataset(Write, frozen=True):
    """The outer one."""

    examples: Examples


class NewSource(Write, frozen=True):
    """The tuned model to start from."""

    tuned_model: str


class NewTask(Write, frozen=True):
    """How to train."""

    hyperparameters: dict[str, int | float]
    training_data: Dataset


class NewModel(Write, frozen=True):
    """The body of a create."""

    tuning_task: NewTask
    description: str
    display_name: str | UnsetType = UNSET
    base_model: str | UnsetType = UNSET
    tuned_model_source: NewSource | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET


class Edit(Write, frozen=True):
    """The body of a patch: only what changes."""

    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET


@lru_cache(maxsize=4096)
def single(value: float) -> float:
    """A single-precision number as the shortest decimal that reads back as the same one.

    The service keeps floats in single precision: what was sent as 0.7 may come back as
    0.699999988079071, and is 0.7. Numbers beyond single precision's range stay as they are.
    """
    try:
        packed = _FLOAT.pack(value)
    except OverflowError:
        return value
    (exact,) = _FLOAT.unpack(packed)
    decimals = (float(f"{exact:.{digits}g}") for digits in range(6, 9))
    return next((each for each in decimals if _FLOAT.pack(each) == packed), float(f"{exact:.9g}"))


def loss(value: float | str | None) -> float:
    """A mean loss; one that diverged is not a number, and always the same object then."""
    if isinstance(value, str):
        return _NOT_FINITE.get(value, math.nan)
    return single(value) if value else 0.0
