"""The look over the shoulder: is the object still what the plan, or this run, last saw?"""

from __future__ import annotations

import math
from dataclasses import replace

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields
from tuneform.errors import NotFound, Stale
from tuneform.execute.changes import Changes
from tuneform.execute.ending import PLAN
from tuneform.providers.base import Provider

_SINGLE_PRECISION = 1e-6
"""Relative: services keep rates and temperatures as 32-bit floats."""


def difference(seen: Live, now: Live, *, edits_training: bool = True) -> str | None:
    """The first field that neither this run nor its training can have changed; None where none is.

    A training ends, and meanwhile the service fills in what was left to it. Curves are no identity.

    Args:
        seen: the object before.
        now: the same as it is.
        edits_training: whether a mark can be written while it trains. Where not, the word for a
            cancel is the state of the training: it comes some time after the cancel was sent, and
            goes if the training succeeds all the same.
    """
    training = seen.state is LiveState.TRAINING
    ends = training and now.state in (LiveState.ACTIVE, LiveState.FAILED)
    if now.state is not seen.state and not ends:
        return "state"
    told_by_state = training and not edits_training
    if now.mark != seen.mark and not (
        told_by_state and _cancelled(now.mark) == _cancelled(seen.mark)
    ):
        return "mark"
    pairs = (
        ("createTime", seen.created, now.created),
        ("displayName", seen.display_name, now.display_name),
        ("description", seen.description, now.description),
        ("temperature", seen.temperature, now.temperature),
        ("topP", seen.top_p, now.top_p),
        ("topK", seen.top_k, now.top_k),
        ("baseModel", seen.base, now.base),
        ("tunedModelSource", seen.source, now.source),
        *_labels(seen, now, training=training),
        *_hyperparameters(seen, now),
    )
    for name, before, after in pairs:
        filled = training and before is None
        if not filled and not same(before, after):
            return name
    return None


def _cancelled(mark: Mark | None) -> Mark | None:
    return None if mark is None else replace(mark, cancelled=True)


def _labels(seen: Live, now: Live, *, training: bool) -> list[tuple[str, object, object]]:
    """Labels by key. While it trains, the service may add some of its own."""
    if seen.labels == now.labels:
        return []
    before, after = dict(seen.labels), dict(now.labels)
    keys = before if training else {**before, **after}
    return [(f"label {key}", before.get(key), after.get(key)) for key in keys]


def _hyperparameters(seen: Live, now: Live) -> list[tuple[str, object, object]]:
    before, after = seen.hyperparameters.as_api(), now.hyperparameters.as_api()
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]


def same(before: object, after: object) -> bool:
    """Equal, single precision allowed for."""
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, rel_tol=_SINGLE_PRECISION)
    return before == after


def look(provider: Provider, seen: Live) -> Live | None:
    """Observe an object again; None where it is gone.

    Raises:
        Stale: it is not what was seen; names the field.
    """
    now = provider.observe(seen.remote)
    edits = provider.capabilities.edits_training
    if now is not None and (field := difference(seen, now, edits_training=edits)):
        raise Stale(f"{seen.remote}: its {field} was changed since the plan was made", hint=PLAN)
    return now


def look_at(provider: Provider, seen: Live) -> Live:
    """Observe an object that must be there.

    Raises:
        Stale: it is gone, or not what was seen.
    """
    now = look(provider, seen)
    if now is None:
        raise gone(seen.remote)
    return now


def gone(remote: str) -> Stale:
    """What an object that vanished since the plan stops a change with."""
    return Stale(f"{remote} is gone since the plan was made", hint=PLAN)


def check_successor(provider: Provider, successor: str | None) -> None:
    """Make sure that applications are served before a version is taken from them.

    Args:
        provider: to be asked.
        successor: the version that must serve; None where none must.

    Raises:
        Stale: it does not serve any longer, whatever the plan, or this run, saw before.
    """
    if successor is None:
        return
    now = provider.observe(successor)
    if now is None:
        raise gone(successor)
    if not now.serves:
        raise Stale(f"{successor} does not serve any longer, so what it replaced stays", hint=PLAN)


def write(
    provider: Provider, changes: Changes, now: Live, fields: Fields, mark: Mark | None
) -> Live:
    """Edit fields and mark of an object just observed, and make sure that they are kept.

    Raises:
        Stale: it is gone by now; or what was read back is not what was written: nothing else
            reveals an edit that somebody made at the same moment.
    """
    try:
        with changes.requested():
            after = provider.patch(now, fields, mark)
    except NotFound as error:
        raise Stale(error.message, hint=PLAN) from error
    if field := difference(_edited(now, fields, mark), after):
        raise Stale(
            f"{now.remote}: its {field} did not stay as it was written; "
            "somebody may have edited it at the same time",
            hint=PLAN,
        )
    return after


def _edited(now: Live, fields: Fields, mark: Mark | None) -> Live:
    return replace(
        now,
        mark=mark,
        display_name=now.display_name if fields.display_name is None else fields.display_name,
        description=now.description if fields.description is None else fields.description,
        temperature=now.temperature if fields.temperature is None else fields.temperature,
        top_p=now.top_p if fields.top_p is None else fields.top_p,
        top_k=now.top_k if fields.top_k is None else fields.top_k,
        labels=tuple(sorted({**dict(now.labels), **dict(fields.labels or ())}.items())),
    )
