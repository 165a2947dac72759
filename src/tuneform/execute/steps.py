"""One attempt at one step, in a worker: look again, act, and say what is there now."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from tuneform.domain.live import Live, LiveState
from tuneform.domain.plan import (
    Cancel,
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
from tuneform.domain.report import Status
from tuneform.domain.spec import Fields
from tuneform.execute.arrival import LAG_SECONDS, LOOK_SECONDS
from tuneform.execute.ending import AGAIN, Ending
from tuneform.execute.evaluate import evaluate
from tuneform.execute.look import check_successor, gone, look, look_at, write
from tuneform.execute.promote import promote
from tuneform.execute.result import Errand, Later, Memory, Performed, Result, Tools
from tuneform.execute.start import start
from tuneform.execute.watching import examine

STOP_SECONDS: Final = 30.0
"""How long a cancel or a delete waits for a training to stop."""

STOP_LOOK_SECONDS: Final = 0.5


def perform(tools: Tools, errand: Errand) -> Result:
    """Attempt the step of an errand.

    Raises:
        Stale: an object is not what was seen, or the examples are others; nothing was written.
        RemoteError: the service refused, or could not be reached.
    """
    step = errand.step
    match step:
        case Start():
            return start(tools, errand, step)
        case Watch():
            return examine(tools, errand)
        case Patch() | Rewrite() | Promote() | Evaluate():
            return _edit(tools, errand, step)
        case Cancel():
            return _cancel(tools, errand)
        case Delete():
            return _delete(tools, errand)
        case Release():
            now = look_at(tools.provider, _seen(errand))
            return Performed((write(tools.provider, errand.changes, now, Fields(), None),))
        case _:
            assert_never(step)


def touched(step: Step, remote: str | None) -> tuple[str, ...]:
    """Remote names of the objects that a step is about; of a start, none yet."""
    if isinstance(step, Start) or remote is None:
        return ()
    match step:
        case Promote():
            return (remote, *step.clears)
        case Evaluate() if step.against is not None:
            return (remote, step.against)
        case _:
            return (remote,)


def _seen(errand: Errand) -> Live:
    """The object, as last seen. A step on an object that nobody saw is a bug, and a KeyError."""
    assert errand.remote is not None, "only a start may have no name yet"
    return errand.seen[errand.remote]


def _edit(tools: Tools, errand: Errand, step: Patch | Rewrite | Promote | Evaluate) -> Result:
    now = _look_settled(tools, errand)
    if isinstance(now, Later):
        return now
    match step:
        case Patch():
            return Performed((write(tools.provider, errand.changes, now, step.fields, step.mark),))
        case Rewrite():
            check_successor(tools.provider, errand.successor)
            return Performed((write(tools.provider, errand.changes, now, Fields(), step.mark),))
        case Promote():
            return promote(tools, errand, step, now)
        case Evaluate():
            return evaluate(tools, errand, step, now)
        case _:
            assert_never(step)


def _look_settled(tools: Tools, errand: Errand) -> Live | Later:
    """Look at an object; where the list called it trained, until a read says so as well."""
    seen = _seen(errand)
    now = look(tools.provider, seen)
    if now is not None and not (errand.trained and now.state is LiveState.TRAINING):
        return now
    if errand.trained and (
        later := _later(tools, errand, LOOK_SECONDS, LAG_SECONDS, _lagging(seen.remote))
    ):
        return later
    if now is None:
        raise gone(seen.remote)
    return now


def _later(
    tools: Tools, errand: Errand, pause: float, most: float, otherwise: Ending
) -> Later | None:
    """Another attempt after a pause; None where it has been waited for so many seconds."""
    late = tools.clock.monotonic()
    memory = errand.memory or Memory(since=late)
    return Later(pause, memory, otherwise) if late - memory.since < most else None


def _lagging(remote: str) -> Ending:
    return Ending(
        Status.FAILED,
        "lagging",
        f"{remote} is listed as trained, and does not read as trained yet",
        AGAIN,
    )


def _cancel(tools: Tools, errand: Errand) -> Result:
    """Mark first: a service may go on calling a cancelled version ACTIVE.

    Where a training cannot be edited, its state alone says that it was cancelled. It is watched
    until it has stopped, as it may be trained all the same: then there is something to mark.
    """
    now = look_at(tools.provider, _seen(errand))
    mark, sent = now.mark, errand.memory is not None
    assert mark is not None, "a plan cancels only what is ours"
    cancelled = replace(mark, cancelled=True)
    if now.state is LiveState.ACTIVE and sent:
        now = write(tools.provider, errand.changes, now, Fields(), cancelled)
        return Performed(
            (now,), note=f"{now.remote} was trained before it stopped; it never serves"
        )
    if now.state in (LiveState.ACTIVE, LiveState.FAILED):
        # Nothing is left to cancel, and the word would spoil what may be a good version.
        ended = f"the training of {now.remote} had already ended"
        return Performed((now,), note="" if sent else ended)
    edits = tools.provider.capabilities.edits_training
    if not mark.cancelled and edits:
        now = write(tools.provider, errand.changes, now, Fields(), cancelled)
    if not sent:
        with errand.changes.requested():
            tools.provider.cancel(now.remote)
    return Performed((now,)) if edits else _stopping(tools, errand, now)


def _stopping(tools: Tools, errand: Errand, now: Live) -> Result:
    """Look again, for a while, whether a training that was asked to stop has."""
    return _until_stopped(tools, errand, now.remote) or Performed(
        (now,),
        note=f"{now.remote} is still being stopped; should it be trained all the same, the next "
        "plan tells",
    )


def _delete(tools: Tools, errand: Errand) -> Result:
    """Delete; what is gone already is a success. A cancelled training is given time to stop."""
    seen = _seen(errand)
    now = look(tools.provider, seen)
    if now is not None:
        edits = tools.provider.capabilities.edits_training
        cancelled = now.mark is not None and now.mark.cancelled
        stopping = now.state is LiveState.TRAINING and (cancelled or not edits)
        if stopping and (later := _until_stopped(tools, errand, seen.remote)):
            return later
        if stopping and not edits:
            return _left_to_stop(now) if cancelled else _not_stopped(seen.remote)
        if not now.spent:
            check_successor(tools.provider, errand.successor)
            with errand.changes.requested():
                tools.provider.delete(seen.remote)
    return Performed(gone=(seen.remote,))


def _until_stopped(tools: Tools, errand: Errand, remote: str) -> Later | None:
    return _later(tools, errand, STOP_LOOK_SECONDS, STOP_SECONDS, _not_stopped(remote))


def _left_to_stop(now: Live) -> Performed:
    """There is nothing to delete before it has stopped, and then most likely nothing either."""
    return Performed(
        (now,),
        note=f"{now.remote} is still being stopped; what it may have made by then, the next plan "
        "deletes",
    )


def _not_stopped(remote: str) -> Ending:
    return Ending(
        Status.FAILED, "not-stopped", f"the cancelled training of {remote} has not stopped", AGAIN
    )
