"""The plan to apply: as the document tells it, with the manifests' own values for what they say.

Texts of a document may be redacted, and how a dataset is read is not in it. Whether the manifests
are still those of the plan was compared before (`origin.stale_parts`); here a value that is told
and differs is an error all the same, since what is applied is what was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.plan import Change, Evaluate, Patch, Plan, Start, Step
from tuneform.domain.spec import DatasetRef, Fields
from tuneform.errors import Stale
from tuneform.planfile.read import SavedPlan
from tuneform.planfile.sealing import REDACTED, visible


def restore(saved: SavedPlan, desired: DesiredSet) -> Plan:
    """The plan to apply.

    Args:
        saved: as it was read.
        desired: what the manifests say, compared with what the plan was made from.

    Raises:
        Stale: the document and the manifests contradict each other.
    """
    models = {model.name: model for model in desired.models}
    return replace(
        saved.plan,
        changes=tuple(
            _restored(change, models.get(change.model)) if change.steps else change
            for change in saved.plan.changes
        ),
    )


def _restored(change: Change, model: Desired | None) -> Change:
    return replace(change, steps=tuple(_step(step, change.model, model) for step in change.steps))


def _step(step: Step, name: str, model: Desired | None) -> Step:
    if not isinstance(step, Start | Patch | Evaluate):
        return step
    if model is None:
        raise _contradiction(name, "no manifest declares the model")
    match step:
        case Start():
            return _start(step, model)
        case Patch():
            wanted = _chosen(step.fields, model.spec.fields)
            _compare(name, _pairs(step.fields, wanted))
            return replace(step, fields=wanted)
        case Evaluate():
            return _evaluate(step, model)


def _start(step: Start, model: Desired) -> Start:
    spec = model.spec
    _compare(
        model.name,
        [
            ("fingerprint", step.fingerprint, model.fingerprint),
            ("fingerprint of the mark", step.mark.fingerprint, model.fingerprint_short),
            ("data_digest", step.data_digest, model.data.digest),
            ("dataset", step.dataset.path, spec.dataset.path),
            ("base", step.base, spec.base_model),
            ("parent", step.parent, spec.tuned_from),
            ("hyperparameters", step.hyperparameters, spec.hyperparameters),
            ("validation dataset", _path(step.validation), _path(spec.validation)),
            ("validation_digest", step.validation_digest, _validation_digest(model)),
            *_each("extras", step.extras, spec.extras),
            *_pairs(step.fields, spec.fields),
        ],
    )
    return replace(
        step,
        dataset=spec.dataset,
        base=spec.base_model,
        fields=spec.fields,
        validation=spec.validation,
        extras=spec.extras,
    )


def _path(ref: DatasetRef | None) -> str | None:
    return None if ref is None else ref.path


def _validation_digest(model: Desired) -> str | None:
    return None if model.validation is None else model.validation.digest


def _evaluate(step: Evaluate, model: Desired) -> Evaluate:
    gate = model.gate
    if gate is None or (step.gate.digest, step.gate.short) != (gate.digest, gate.short):
        raise _contradiction(model.name, "its gate is another one")
    return replace(step, gate=gate)


def _chosen(told: Fields, wanted: Fields) -> Fields:
    """Of what the manifest wants, what the document sets."""
    names = (field.name for field in fields(Fields))
    chosen = Fields(
        **{name: getattr(wanted, name) for name in names if getattr(told, name) is not None}
    )
    keys = {key for key, _ in told.labels or ()}
    labels = tuple(pair for pair in chosen.labels or () if pair[0] in keys)
    return replace(chosen, labels=labels or None)


def _pairs(told: Fields, wanted: Fields) -> Iterator[tuple[str, object, object]]:
    for field in fields(Fields):
        if field.name != "labels":
            yield field.name, getattr(told, field.name), getattr(wanted, field.name)
    yield from _each("labels", told.labels or (), wanted.labels or ())


def _each(
    name: str, told: Iterable[tuple[str, object]], wanted: Iterable[tuple[str, object]]
) -> Iterator[tuple[str, object, object]]:
    """Both by key; a key that only one of them has makes them differ."""
    before, after = dict(told), dict(wanted)
    for key in {**before, **after}:
        yield f"{name}.{key}", before.get(key), after.get(key)


def _compare(model: str, pairs: Iterable[tuple[str, object, object]]) -> None:
    for name, told, wanted in pairs:
        if not _agrees(told, wanted):
            raise _contradiction(model, f"its {name} is another one")


def _agrees(told: object, wanted: object) -> bool:
    if isinstance(told, str) and isinstance(wanted, str):
        return REDACTED in told or told == visible(wanted)
    return told == wanted


def _contradiction(model: str, why: str) -> Stale:
    return Stale(
        f"the plan file does not fit the manifest of {model}: {why}", hint="make the plan again"
    )
