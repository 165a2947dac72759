"""Identity of training inputs and of gates, and how much a training is (contract, section 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from tuneform.domain.capabilities import Base
from tuneform.domain.desired import TrainingSize
from tuneform.domain.spec import DatasetFacts, GateSpec, Hyperparameters, Metric

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


def gate_digest(gate: GateSpec, data: Sequence[str]) -> str:
    """SHA-256 of what a gate asks for, and of the examples that it asks.

    How many questions are asked at a time, the names of files and the order of metrics are no part
    of it: a verdict holds on when they change.

    Args:
        gate: as declared.
        data: dataset digest, 64 hex digits, of each of `gate.datasets`.

    Returns:
        64 hex digits.

    Raises:
        ValueError: there are not as many digests as datasets.
    """
    named = [name for name, ref in (("dataset", gate.dataset), ("mustPass", gate.must_pass)) if ref]
    digests = dict(zip(named, data, strict=True))
    definition = {
        "dataset": digests.get("dataset"),
        "metrics": sorted((_metric(each) for each in gate.metrics), key=_CANONICAL.encode),
        "mustPass": digests.get("mustPass"),
        "mustPassMeasure": str(gate.must_pass_measure) if gate.must_pass else None,
        "repeats": gate.repeats,
        "v": 1,
    }
    return hashlib.sha256(_CANONICAL.encode(definition).encode()).hexdigest()


def _metric(metric: Metric) -> dict[str, object]:
    bounds = {"min": metric.minimum, "maxRegression": metric.max_regression}
    return {
        "name": str(metric.name),
        "label": metric.label,
        **{name: None if bound is None else float(bound) for name, bound in bounds.items()},
        "pattern": metric.pattern,
        "fields": sorted(metric.fields),
        "options": metric.options,
    }


def training_size(data: DatasetFacts, hyperparameters: Hyperparameters, base: Base) -> TrainingSize:
    """How much a training is, with the service's defaults where the manifest sets nothing."""
    epochs, batch = hyperparameters.epoch_count, hyperparameters.batch_size
    return TrainingSize(
        examples=data.examples,
        characters=data.characters,
        epochs=epochs or base.defaults.epoch_count,
        steps=base.defaults.steps(data.examples, epochs, batch),
    )
