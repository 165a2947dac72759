"""The plan as its document tells it. Redacted texts stay redacted: enough to show, not to apply.

A document is never trusted. Marks are parsed and must bear the plan's owner, and every step must
be about an object that the plan saw, or that it starts: no document makes apply touch a stranger.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from posixpath import splitext
from typing import TypeVar, assert_never

from msgspec import UnsetType

from tuneform.domain import gate, plan
from tuneform.domain.cost import Cost, Range
from tuneform.domain.data_change import DataChange, Sample
from tuneform.domain.desired import TrainingSize
from tuneform.domain.live import Live
from tuneform.domain.mark import Mark, parse_mark
from tuneform.domain.names import Owner
from tuneform.domain.spec import (
    SUFFIXES,
    DatasetRef,
    Fields,
    GateSpec,
    Hyperparameters,
    Metric,
)
from tuneform.planfile import shape
from tuneform.planfile.flaw import Flaw


def plan_of(document: shape.Plan) -> plan.Plan:
    """The plan that a document tells.

    Raises:
        Flaw: a part of it contradicts another one, or is no mark.
    """
    project, _, environment = document.owner.partition("/")
    _check_models([each.model for each in document.changes])
    return plan.Plan(
        owner=Owner(project, environment or None),
        provider=document.provider,
        changes=tuple(
            _change(_Place(document.owner, each.model, f"changes[{at}]"), each)
            for at, each in enumerate(document.changes)
        ),
        live_models=document.live_models,
        staging=document.staging,
    )


def _check_models(names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise Flaw("changes", f"there are two changes of {twice}")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the document we are, and whose plan it is."""

    owner: str
    model: str
    path: str

    def at(self, path: str) -> _Place:
        return _Place(self.owner, self.model, f"{self.path}.{path}")

    def mark(self, text: str) -> Mark:
        """A mark of this owner, in the one spelling that marks have."""
        parsed = parse_mark(text)
        if parsed is None or str(parsed) != text:
            raise Flaw(f"{self.path}.mark", "it is no mark")
        if parsed.owner != self.owner:
            raise Flaw(f"{self.path}.mark", f"it names owner {parsed.owner}, not {self.owner}")
        return parsed

    def own_mark(self, text: str) -> Mark:
        """A mark that this change writes."""
        parsed = self.mark(text)
        if parsed.model != self.model:
            raise Flaw(f"{self.path}.mark", f"it names model {parsed.model}, not {self.model}")
        return parsed


def _change(place: _Place, told: shape.Change) -> plan.Change:
    versions = tuple(
        _live(place.at(f"versions[{at}]"), each) for at, each in enumerate(told.versions)
    )
    steps = tuple(_step(place.at(f"steps[{at}]"), each) for at, each in enumerate(told.steps))
    _check_objects(place, steps, {each.remote for each in versions})
    return plan.Change(
        model=told.model,
        action=told.action,
        reason=plan.Reason(told.reason.code, told.reason.message),
        remote=told.remote,
        steps=steps,
        deltas=tuple(
            plan.FieldDelta(each.field, each.before, each.after, each.effect)
            for each in told.deltas
        ),
        training=_training(told.training),
        cost=_cost(told.cost),
        data=_data_change(told.data_change),
        notes=told.notes,
        parent=told.parent,
        versions=versions,
    )


def _check_objects(place: _Place, steps: Collection[plan.Step], seen: Collection[str]) -> None:
    """Every step is about an object that the plan saw, or that an earlier step begins."""
    known: set[str | None] = {*seen}
    for at, step in enumerate(steps):
        if isinstance(step, plan.Start):
            known.add(step.remote)
        for remote in _objects(step):
            if remote not in known:
                raise Flaw(
                    f"{place.path}.steps[{at}]", f"there is no {remote} that it could be about"
                )
        if isinstance(step, plan.Delete):
            known.discard(step.remote)


def _objects(step: plan.Step) -> tuple[str | None, ...]:
    match step:
        case plan.Promote():
            return (step.remote, *step.clears)
        case plan.Evaluate() if step.against is not None:
            return (step.remote, step.against)
        case _:
            return (step.remote,)


def _step(place: _Place, told: shape.Step) -> plan.Step:  # noqa: PLR0911 - one for each kind
    match told:
        case shape.Start():
            return plan.Start(
                remote=told.remote,
                fingerprint=told.fingerprint,
                data_digest=told.data_digest,
                dataset=_dataset(told.dataset),
                base=told.base,
                source=told.source,
                parent=told.parent,
                hyperparameters=_hyperparameters(told.hyperparameters),
                fields=_fields(told.fields),
                mark=place.own_mark(told.mark),
                validation=_validation(told),
                validation_digest=_given(told.validation_digest),
                extras=_extras(told),
            )
        case shape.Watch():
            return plan.Watch(told.remote)
        case shape.Evaluate():
            return plan.Evaluate(told.remote, _gate(told.gate), told.against)
        case shape.Patch():
            return plan.Patch(told.remote, _fields(told.fields), place.own_mark(told.mark))
        case shape.Rewrite():
            return plan.Rewrite(told.remote, place.own_mark(told.mark))
        case shape.Promote():
            return plan.Promote(told.remote, told.clears, told.pinned)
        case shape.Cancel():
            return plan.Cancel(told.remote)
        case shape.Delete():
            return plan.Delete(told.remote)
        case shape.Release():
            return plan.Release(told.remote)
        case _:
            assert_never(told)


def _dataset(path: str, holdout: float | None = None) -> DatasetRef:
    """Where the examples are. How they are read, the manifest says."""
    suffix = splitext(path)[1].lower()
    return DatasetRef(
        path, SUFFIXES.get(suffix, "jsonl"), holdout=holdout or 0.0, held_out=holdout is not None
    )


def _validation(told: shape.Start) -> DatasetRef | None:
    path = _given(told.validation)
    return None if path is None else _dataset(path)


def _extras(told: shape.Start) -> tuple[tuple[str, str | bool], ...]:
    """Those of a start, in the order of the document: JSON keeps it."""
    return tuple((_given(told.extras) or {}).items())


_Value = TypeVar("_Value")


def _given(value: _Value | UnsetType) -> _Value | None:
    return None if isinstance(value, UnsetType) else value


def _hyperparameters(told: shape.Hyperparameters) -> Hyperparameters:
    return Hyperparameters(
        _given(told.epoch_count),
        _given(told.batch_size),
        _given(told.learning_rate),
        _given(told.learning_rate_multiplier),
        _given(told.adapter_size),
    )


def _fields(told: shape.Fields) -> Fields:
    return Fields(
        _given(told.display_name),
        _given(told.description),
        _given(told.temperature),
        _given(told.top_p),
        _given(told.top_k),
        None if (labels := _given(told.labels)) is None else tuple(sorted(labels.items())),
    )


def _gate(told: shape.Gate) -> gate.Gate:
    definition = told.definition
    return gate.Gate(
        spec=GateSpec(
            dataset=_dataset(definition.dataset, definition.holdout)
            if definition.dataset is not None
            else None,
            metrics=tuple(
                Metric(
                    name=each.name,
                    label=each.label,
                    minimum=each.min,
                    max_regression=each.max_regression,
                    pattern=each.pattern,
                    fields=each.fields,
                    options=each.options,
                )
                for each in definition.metrics
            ),
            must_pass=_dataset(definition.must_pass) if definition.must_pass is not None else None,
            must_pass_measure=definition.measure,
            repeats=definition.repeats,
        ),
        digest=told.digest,
        short=told.short,
        data=told.data,
        examples=told.examples,
        must_pass=told.must_pass,
    )


def _training(told: shape.Training | None) -> TrainingSize | None:
    if told is None:
        return None
    return TrainingSize(told.examples, told.characters, told.epochs, told.steps)


def _cost(told: shape.Cost | None) -> Cost | None:
    if told is None:
        return None
    return Cost(
        tokens=Range(told.tokens.least, told.tokens.likely, told.tokens.most),
        likely=_amount(told.likely),
        least=_amount(told.least),
        most=_amount(told.most),
        currency=told.currency or "",
        as_of=told.as_of,
    )


def _amount(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)


def _data_change(told: shape.DataChange | None) -> DataChange | None:
    if told is None:
        return None
    return DataChange(
        added=told.added,
        removed=told.removed,
        changed=told.changed,
        unchanged=told.unchanged,
        characters=told.characters,
        source=told.source,
        commit=told.commit,
        samples=tuple(
            Sample(each.kind, each.input, each.before, each.after) for each in told.samples
        ),
    )


def _live(place: _Place, told: shape.Version) -> Live:
    """An object without its texts, of which only digests are told."""
    return Live(
        remote=told.remote,
        state=told.state,
        mark=None if told.mark is None else place.mark(told.mark),
        base=told.base,
        source=told.source,
        temperature=told.temperature,
        top_p=told.top_p,
        top_k=told.top_k,
        created=told.created,
        endpoint=_given(told.endpoint),
        deployed=_given(told.deployed) is not False,
        spent=_given(told.spent) is True,
    )
