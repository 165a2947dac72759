"""What will be live after each step of a change, as far as anything but training decides it.

Pure expectation: `replay` holds it against what is live. The executor writes an object at a time,
so a promotion has half-way stages of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Mark, Verdict
from tuneform.domain.plan import (
    Cancel,
    Change,
    Delete,
    Evaluate,
    Patch,
    Promote,
    Release,
    Rewrite,
    Start,
    Step,
    Watch,
)
from tuneform.domain.spec import Fields
from tuneform.engine.diff import same_number

Texts: TypeAlias = Mapping[str, tuple[str, str, Mapping[str, str]]]
"""By remote name: digests (SHA-256, hex) of the display name, the description and, by key, the
labels that were seen."""


@dataclass(frozen=True, slots=True)
class Look:
    """An object as it is, or as it should be, without its training.

    Attributes:
        state: where it is in its life.
        mark: what it says about itself.
        values: what else can be compared, by API name; of texts their digests.
        open: whether the service may have filled in what is None here.
        uncancelled: the mark that a training keeps which ended before its cancel.
    """

    state: LiveState
    mark: Mark | None
    values: Mapping[str, object]
    open: bool = False
    uncancelled: Mark | None = None


Objects: TypeAlias = Mapping[str, Look]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is live after some steps.

    Attributes:
        done: count of steps that are complete.
        objects: by remote name.
        tail: steps that may be done in any order from here, by remote name.
        failed: remote name of the version that has just failed its gate; None where none has.
    """

    done: int
    objects: Objects
    tail: Mapping[str, Step] = field(default_factory=dict)
    failed: str | None = None


def stages(change: Change, texts: Texts, begun: str | None) -> list[Stage]:
    """What is live before and after each step, and where a step was cut short.

    Args:
        change: what was decided.
        texts: of all its versions.
        begun: remote name of the version that it starts; None where it has none yet.
    """
    body = _body(change.steps)
    objects: Objects = {each.remote: _seen(each, texts) for each in change.versions}
    found = [Stage(0, objects)]
    for at, step in enumerate(body):
        remote = step.remote or begun
        if remote is None:
            return found  # it was not started, so nothing beyond can have been done
        if isinstance(step, Evaluate):
            judged = _judged(objects[remote], step, passed=False)
            found.append(Stage(at, {**objects, remote: judged}, failed=remote))
        *halves, objects = _after(step, remote, objects)
        found += [Stage(at, half) for half in halves]
        found.append(Stage(at + 1, objects))
    tail = {step.remote: step for step in change.steps[len(body) :] if step.remote}
    return [*found[:-1], replace(found[-1], tail=tail)]


def look_of(live: Live) -> Look:
    """An object as it is now."""
    name, description = digest(live.display_name, live.description)
    labels = {key: digest(value)[0] for key, value in live.labels}
    return Look(live.state, live.mark, _values(live, (name, description, labels)))


def differences(expected: Look, now: Look) -> Iterator[str]:
    """The fields that differ. A training may have ended, and the service filled in its values."""
    ended = expected.state is LiveState.TRAINING and now.state in _ENDED
    if now.state is not expected.state and not ended:
        yield "state"
    late = ended and expected.uncancelled is not None and now.mark == expected.uncancelled
    if now.mark != expected.mark and not late:
        yield "mark"
    names = expected.values if expected.open else {**expected.values, **now.values}
    for name in names:
        value = expected.values.get(name)
        filled = expected.open and value is None
        if not filled and not _same(value, now.values.get(name)):
            yield name


def digest(*texts: str) -> tuple[str, ...]:
    """SHA-256 of the UTF-8 bytes of each, in hex."""
    return tuple(
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts
    )


_ENDED = frozenset({LiveState.ACTIVE, LiveState.FAILED})


def _same(one: object, other: object) -> bool:
    """Equal, single precision allowed for."""
    if isinstance(one, float) and isinstance(other, float):
        return same_number(one, other)
    return one == other


def _body(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps that are done one after the other; those behind them in any order."""
    end = len(steps)
    while end and isinstance(steps[end - 1], Delete | Release):
        end -= 1
    return steps[:end]


def _after(step: Step, remote: str, objects: Objects) -> Iterator[Objects]:
    """Objects after each write of a step; the last are those after the step."""
    match step:
        case Start():
            yield {**objects, remote: _started(step)}
        case Promote():
            yield from _promoted(step, remote, objects)
        case Delete():
            yield {name: look for name, look in objects.items() if name != remote}
        case Watch() | Evaluate() | Patch() | Rewrite() | Cancel() | Release():
            yield {**objects, remote: _changed(step, objects[remote])}
        case _:
            assert_never(step)


def _changed(step: Watch | Evaluate | Patch | Rewrite | Cancel | Release, look: Look) -> Look:
    match step:
        case Watch():
            return replace(look, state=LiveState.ACTIVE)
        case Evaluate():
            return _judged(look, step, passed=True)
        case Patch():
            return replace(look, mark=step.mark, values={**look.values, **_edited(step.fields)})
        case Rewrite():
            return replace(look, mark=step.mark)
        case Cancel():
            cancelled = replace(look.mark, cancelled=True) if look.mark else None
            return replace(look, mark=cancelled, uncancelled=look.mark)
        case Release():
            return replace(look, mark=None)
        case _:
            assert_never(step)


def _judged(look: Look, step: Evaluate, *, passed: bool) -> Look:
    verdict = Verdict(passed, step.gate.short)
    return replace(look, mark=replace(look.mark, verdict=verdict) if look.mark else None)


def _promoted(step: Promote, remote: str, objects: Objects) -> Iterator[Objects]:
    mark = objects[remote].mark
    served = mark.promoted(step.pinned) if mark else None
    objects = {**objects, remote: replace(objects[remote], mark=served)}
    for other in step.clears:
        yield objects
        mark = objects[other].mark
        retired = mark.retired() if mark else None
        objects = {**objects, other: replace(objects[other], mark=retired)}
    yield objects


def _seen(live: Live, texts: Texts) -> Look:
    values = _values(live, texts[live.remote])
    return Look(live.state, live.mark, values, open=live.state is LiveState.TRAINING)


def _values(live: Live, texts: tuple[str, str, Mapping[str, str]]) -> dict[str, object]:
    """What may be edited, or tells one object from another; hyperparameters do neither."""
    display_name, description, labels = texts
    return {
        "createTime": live.created,
        "displayName": display_name,
        "description": description,
        "temperature": live.temperature,
        "topP": live.top_p,
        "topK": live.top_k,
        "baseModel": live.base,
        "tunedModelSource": live.source,
        **{f"label {key}": value for key, value in labels.items()},
    }


def _started(step: Start) -> Look:
    values = {"baseModel": step.base, "tunedModelSource": step.source, **_edited(step.fields)}
    return Look(LiveState.TRAINING, step.mark, values, open=True)


def _edited(fields: Fields) -> dict[str, object]:
    """The values of the fields that are set."""
    values = {
        "displayName": fields.display_name,
        "description": fields.description,
        "temperature": fields.temperature,
        "topP": fields.top_p,
        "topK": fields.top_k,
        **{f"label {key}": value for key, value in fields.labels or ()},
    }
    return {
        name: digest(value)[0] if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }
