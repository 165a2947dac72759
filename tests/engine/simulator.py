"""A tiny, pure stand-in for apply and a service: a plan's steps, done to a set of live objects.

It checks the plan on the way: a step on an object that is not there, a start under an id that is
taken or from a parent that does not serve, a promotion of what is not trained is an AssertionError
or a KeyError.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import (
    Cancel,
    Change,
    Delete,
    Evaluate,
    Patch,
    Plan,
    Promote,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.domain.spec import Fields, Hyperparameters

from .builders import BASE, DAWN, mark_of

Objects = dict[str, Live]


def perform_plan(plan: Plan, live: Iterable[Live]) -> tuple[Live, ...]:
    """What is live after all steps of a plan went well: deletes last, children first."""
    objects = {each.remote: each for each in live}
    names: dict[str | None, str] = {}  # of versions that the service names, by model
    for change in plan.changes:
        for each in change.steps:
            if isinstance(each, Delete):
                continue
            step = each
            if isinstance(step, Start) and step.remote is None:
                names[change.model] = f"jobs/begun-{len(objects)}"
                step = replace(step, source=step.source or names.get(step.parent))
            if step.remote is None:
                step = replace(step, remote=names[change.model])
            perform(step, objects)
    for step in _children_first(plan.changes, objects):
        perform(step, objects)
    return tuple(objects.values())


def _children_first(changes: Iterable[Change], objects: Objects) -> list[Delete]:
    deletes = [step for each in changes for step in each.steps if isinstance(step, Delete)]

    def depth(remote: str | None) -> int:
        source = objects[remote].source if remote in objects else None
        return 1 + depth(source) if source else 0

    return sorted(deletes, key=lambda step: depth(step.remote), reverse=True)


def perform(step: Step, objects: Objects) -> None:
    """Do one step, in place."""
    match step:
        case Start():
            assert step.remote is not None
            assert step.remote not in objects
            objects[step.remote] = _begun(step, objects)
        case Watch():
            _change(objects, step.remote, state=LiveState.ACTIVE)
        case Evaluate():
            live = objects[step.remote or ""]
            assert live.state is LiveState.ACTIVE
            passed = replace(mark_of(live), verdict=Verdict(True, step.gate.short))
            _change(objects, step.remote, mark=passed)
        case Patch():
            _edit(objects, step.remote, step.fields)
            _change(objects, step.remote, mark=step.mark)
        case Rewrite():
            _change(objects, step.remote, mark=step.mark)
        case Promote():
            _promote(step, objects)
        case Cancel():
            live = objects[step.remote]
            mark = replace(mark_of(live), cancelled=True)
            spent = live.origin is not None
            _change(objects, step.remote, mark=mark, state=LiveState.FAILED, spent=spent)
        case Delete():
            _delete(objects, step.remote)
        case Release():
            _change(objects, step.remote, mark=None)
        case _:
            assert_never(step)


def _delete(objects: Objects, remote: str) -> None:
    """What was spent has no model to delete."""
    if not objects[remote].spent:
        del objects[remote]


def _begun(step: Start, objects: Objects) -> Live:
    if step.source:
        parent = objects[step.source]
        assert parent.state is LiveState.ACTIVE, "a child starts from a parent that is trained"
        assert parent.serves or step.mark.staged, "… and that serves, unless both are staged"
    asked, fields = step.hyperparameters, step.fields
    newest = max((each.created for each in objects.values() if each.created), default=DAWN)
    return Live(
        remote=step.remote or "",
        state=LiveState.TRAINING,
        mark=step.mark,
        display_name=fields.display_name or "",
        description=fields.description or "",
        base=step.base or (objects[step.source].base if step.source else BASE),
        source=step.source,
        hyperparameters=Hyperparameters(
            asked.epoch_count or 5, asked.batch_size or 4, asked.learning_rate or 0.001
        ),
        temperature=fields.temperature or 0.9,
        labels=fields.labels or (),
        origin=step.mark if step.remote and step.remote.startswith("jobs/") else None,
        created=newest + timedelta(hours=1),
    )


def _promote(step: Promote, objects: Objects) -> None:
    target = objects[step.remote or ""]
    assert target.state is LiveState.ACTIVE
    assert not mark_of(target).cancelled
    _change(objects, step.remote, mark=mark_of(target).promoted(step.pinned), deployed=True)
    for remote in step.clears:
        _change(objects, remote, mark=mark_of(objects[remote]).retired())


def _edit(objects: Objects, remote: str | None, fields: Fields) -> None:
    names = ("display_name", "description", "temperature", "top_p", "top_k")
    given = {name: getattr(fields, name) for name in names}
    given["labels"] = tuple(
        sorted({**dict(objects[remote or ""].labels), **dict(fields.labels or ())}.items())
    )
    _change(objects, remote, **{name: value for name, value in given.items() if value is not None})


def _change(objects: Objects, remote: str | None, **fields: object) -> None:
    assert remote is not None
    objects[remote] = replace(objects[remote], **fields)
