"""What the keys of `spec.gate` have to do with each other, and the value they become.

Whether an own metric is installed, and what its files hold, is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from tuneform.domain.spec import DatasetRef, GateSpec, Measure, Metric
from tuneform.manifest import datasets
from tuneform.manifest.gate_rules import MEASURES, METRIC, misspelt
from tuneform.manifest.gate_shape import (
    Bounds,
    Gate,
    GateDataset,
    JsonBounds,
    LabelBounds,
    Metrics,
    OwnBounds,
    RegexBounds,
)
from tuneform.manifest.problems import Problem
from tuneform.manifest.words import Path, dotted, either, quoted

GATE: Final = ("spec", "gate")
DATASET: Final = (*GATE, "dataset")
MUST_PASS: Final = (*GATE, "mustPass")
METRICS: Final = (*GATE, "metrics")
_BOUNDS: Final = ("min", "maxRegression")
_LABELLED: Final = frozenset((Measure.PRECISION, Measure.RECALL))


def relations(gate: dict[str, Any], folder: str) -> Iterator[Problem]:
    """What is wrong between the keys of a gate.

    Args:
        gate: as it was written; whatever else is wrong with it is told elsewhere.
        folder: of the manifest, relative to the project.
    """
    if "metrics" not in gate and ("dataset" in gate or "mustPass" not in gate):
        yield _without_metrics(dataset="dataset" in gate)
    if "metrics" in gate and "dataset" not in gate:
        yield _missing(
            GATE,
            "dataset",
            "`spec.gate` has metrics, and no examples to measure them with.",
            "add `dataset: {path: …}`, or `dataset: {holdout: 0.1}`",
        )
    if isinstance(dataset := gate.get("dataset"), dict):
        yield from _dataset(dataset, folder)
    if isinstance(must_pass := gate.get("mustPass"), dict):
        yield from datasets.relations(must_pass, MUST_PASS, folder)
    if isinstance(metrics := gate.get("metrics"), dict):
        yield from _thresholds(metrics)


def trained_on(whole: DatasetRef, written: GateDataset | None) -> DatasetRef:
    """What is left for training of a dataset, once a gate has held out its part."""
    holdout = written.holdout if written else None
    return replace(whole, holdout=holdout) if holdout else whole


def asked(written: GateDataset, whole: DatasetRef, folder: str) -> DatasetRef:
    """The evaluation examples: those of a file of their own, or those that are held out.

    Args:
        written: checked, and without a word from `relations`.
        whole: the training dataset, held-out examples included.
        folder: of the manifest, relative to the project.
    """
    if written.holdout:
        return replace(whole, holdout=written.holdout, held_out=True)
    return datasets.dataset_ref(written, folder, whole.preamble)


def gate_spec(gate: Gate, whole: DatasetRef, folder: str, order: Sequence[str]) -> GateSpec:
    """The declared gate, about which `relations` had nothing to say.

    The preamble of the training dataset is put in front of everything that is asked.

    Args:
        gate: checked, with variables put in.
        whole: the training dataset, held-out examples included.
        folder: of the manifest, relative to the project.
        order: of the metrics, as they were written.
    """
    must_pass = gate.must_pass
    return GateSpec(
        dataset=asked(gate.dataset, whole, folder) if gate.dataset else None,
        metrics=tuple(_metrics(gate.metrics, order)) if gate.metrics else (),
        must_pass=datasets.dataset_ref(must_pass, folder, whole.preamble) if must_pass else None,
        must_pass_measure=(must_pass and must_pass.measure) or Measure.EXACT_MATCH,
        repeats=gate.repeats or 1,
        concurrency=gate.concurrency or 4,
    )


def _metrics(metrics: Metrics, order: Sequence[str]) -> Iterator[Metric]:
    known = {
        field.alias or name: getattr(metrics, name) for name, field in Metrics.model_fields.items()
    }
    declared: dict[str, Bounds] = {**known, **(metrics.model_extra or {})}
    for name in order:
        yield from _metric(name, declared[name])


def _metric(name: str, bounds: Bounds) -> Iterator[Metric]:
    """One metric, or of one with labels: that of the lowest, then that of each label."""
    whole = Metric(name, minimum=bounds.min, max_regression=bounds.max_regression)
    match bounds:
        case RegexBounds():
            yield replace(whole, pattern=bounds.pattern)
        case JsonBounds():
            yield replace(whole, fields=tuple(bounds.fields or ()))
        case OwnBounds():
            yield replace(whole, options=_compact(bounds.options or {}))
        case LabelBounds():
            if bounds.min is not None or bounds.max_regression is not None:
                yield whole
            for label, each in (bounds.labels or {}).items():
                yield Metric(name, label, each.min, each.max_regression)
        case _:
            yield whole


def _compact(options: dict[str, Any]) -> str:
    return json.dumps(options, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _dataset(dataset: dict[str, Any], folder: str) -> Iterator[Problem]:
    if "path" not in dataset and "holdout" not in dataset:
        yield _missing(
            DATASET,
            "path",
            "`spec.gate.dataset` needs `path` or `holdout`: a version has to be asked something.",
            "add `path:` with a file of examples, or `holdout: 0.1` to take some out of training",
        )
    elif "holdout" in dataset:
        yield from (_beside_holdout(key) for key in ("path", "format", "fields") if key in dataset)
    yield from datasets.relations(dataset, DATASET, folder)


def _beside_holdout(key: str) -> Problem:
    if key == "path":
        detail = "Both path and holdout are set; the examples come from one of them."
        hint = "remove one of the two"
    else:
        detail = (
            f"`{key}` belongs to a file of its own; what is held out is part of `spec.dataset`."
        )
        hint = "remove it"
    return Problem(
        (*DATASET, key),
        "conflicting-datasets",
        "conflicting datasets",
        detail,
        hint,
        at_key=True,
        subject=DATASET,
    )


def _thresholds(metrics: dict[str, Any]) -> Iterator[Problem]:
    if not metrics:
        detail = "`spec.gate.metrics` is empty, so nothing would be measured."
        hint = "add a metric such as `exactMatch: {min: 0.9}`"
        yield Problem(METRICS, "empty-mapping", "empty mapping", detail, hint, at_key=True)
    for name, bounds in metrics.items():
        here = (*METRICS, name)
        if name not in MEASURES and (problem := _strange(name)):
            yield problem
        elif isinstance(bounds, dict):
            labels = bounds.get("labels") if name in _LABELLED else None
            yield from _unbounded(here, bounds, labels=name in _LABELLED)
            for label, each in labels.items() if isinstance(labels, dict) else ():
                if isinstance(each, dict):
                    yield from _unbounded((*here, "labels", label), each)


def _unbounded(path: Path, bounds: dict[str, Any], *, labels: bool = False) -> Iterator[Problem]:
    keys = (*_BOUNDS, "labels") if labels else _BOUNDS
    if not any(key in bounds for key in keys):
        yield _missing(
            path,
            "min",
            f"`{dotted(path)}` needs {either(keys)}: without a threshold it decides nothing.",
            "add `min: 0.9`, or as much as it has to be",
        )


def _strange(name: str) -> Problem | None:
    """A name that is no metric of ours, and cannot be that of an own one."""
    path = (*METRICS, name)
    if close := misspelt(name):
        detail = (
            f"{quoted(name)} is no metric of this release, and too near to one to be that of an "
            "own metric."
        )
        hint = f"write `{close}`"
        return Problem(path, "unknown-key", "unknown key", detail, hint, at_key=True)
    if METRIC.fullmatch(name):
        return None
    detail = (
        f"{quoted(name)} is not a name for a metric: at most 63 letters, digits, dots, dashes and "
        "underscores, first a letter."
    )
    return Problem(path, "invalid-metric", "invalid metric", detail, at_key=True)


def _without_metrics(*, dataset: bool) -> Problem:
    if dataset:
        detail = "`spec.gate` has examples, and no metrics that say what to make of the answers."
    else:
        detail = "`spec.gate` needs `metrics` or `mustPass`: a gate has to ask for something."
    return _missing(GATE, "metrics", detail, "add `metrics:`, such as `exactMatch: {min: 0.9}`")


def _missing(path: Path, key: str, detail: str, hint: str) -> Problem:
    return Problem(
        path, "missing-key", "missing key", detail, hint, at_key=True, subject=(*path, key)
    )
