"""The identity of training inputs, and how much a training is (contract, section 3)."""

from __future__ import annotations

import hashlib
import json

from tuneform.domain.capabilities import Base
from tuneform.domain.desired import TrainingSize
from tuneform.domain.spec import DatasetFacts, Hyperparameters

_CANONICAL = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def fingerprint(
    base: str, dataset: str, hyperparameters: dict[str, int | float], revision: int
) -> str:
    """SHA-256 of the training inputs.

    Args:
        base: `models/…`, or `fingerprint:HEX` of the declared parent.
        dataset: dataset digest, 64 hex digits.
        hyperparameters: only what the manifest sets, under API names; counts are int, rates float.
        revision: `spec.revision`.

    Returns:
        64 hex digits.
    """
    inputs = {
        "base": base,
        "dataset": dataset,
        "hyperparameters": hyperparameters,
        "revision": revision,
        "v": 1,
    }
    return hashlib.sha256(_CANONICAL.encode(inputs).encode()).hexdigest()


def training_size(data: DatasetFacts, hyperparameters: Hyperparameters, base: Base) -> TrainingSize:
    """How much a training is, with the service's defaults where the manifest sets nothing."""
    epochs, batch = hyperparameters.epoch_count, hyperparameters.batch_size
    return TrainingSize(
        examples=data.examples,
        characters=data.characters,
        epochs=epochs or base.defaults.epoch_count,
        steps=base.defaults.steps(data.examples, epochs, batch),
    )
