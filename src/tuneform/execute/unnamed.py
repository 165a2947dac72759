"""Begin a training where the provider assigns its name, and never a second one by our doing.

Nothing that is sent with such a create makes it unique. So what is there is looked for before each
create, and for as long as reads may lag after one whose reply was lost; then nobody sends it again
in this run. Two runs that begin at the same moment both look in vain: each looks once more when its
own training has begun, and the younger one stops its own. What still slips through is a duplicate,
which the next plan reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from tuneform.domain.live import Live, LiveState
from tuneform.domain.plan import Start
from tuneform.errors import RemoteError, Unauthenticated
from tuneform.execute.arrival import (
    Again,
    Begun,
    after_unnamed,
    eldest_first,
    given_up,
    recognise,
)
from tuneform.execute.ending import Ending
from tuneform.execute.result import Errand, Later, Memory, Performed, Result, Tools
from tuneform.providers.base import Creation


def start_unnamed(
    tools: Tools, errand: Errand, step: Start, creation: Callable[[], Creation]
) -> Result:
    """Look; where nothing is there, and nothing may be on its way, send the create once.

    Args:
        tools: of the worker.
        errand: with what the attempt before left.
        step: its step, without a name.
        creation: reads what is to be sent; called only where something is.

    Raises:
        Stale: the examples are not those that the plan saw; nothing was sent.
        RemoteError: what is there cannot be told, so nothing was sent.
    """
    model, memory = errand.model, errand.memory
    if memory is not None and memory.lost:
        return _look_again(tools, model, step, memory)
    found = recognise(model, step, tools.provider.find(step.mark))
    if found is not None:
        return found if isinstance(found, Ending) else Performed((found.live,), note=_found(found))
    try:
        begun = tools.provider.start(creation())
    except RemoteError as error:
        return _after(tools, errand, step, error)
    return _first_of_twins(tools, step, begun)


def _after(tools: Tools, errand: Errand, step: Start, error: RemoteError) -> Result:
    """What to do after a create that did not simply succeed."""
    memory = errand.remember(error, tools.clock.monotonic())
    if memory.lost:
        return _look_again(tools, errand.model, step, memory)
    return _result(step, memory, tools.clock.monotonic())


def _look_again(tools: Tools, model: str, step: Start, memory: Memory) -> Result:
    """It may have arrived: only what is there can tell."""
    try:
        found = recognise(model, step, tools.provider.find(step.mark))
    except Unauthenticated:
        raise
    except RemoteError:
        found = None
    match found:
        case Begun():
            return Performed((found.live,), begun=True)
        case Ending():
            return found
        case None:
            return _result(step, memory, tools.clock.monotonic())
        case _:
            assert_never(found)


def _result(step: Start, memory: Memory, now: float) -> Result:
    error = memory.error
    assert error is not None, "only an error leaves a memory"
    decision = after_unnamed(step, error, memory.tried(now))
    match decision:
        case Again():
            otherwise = given_up(error, lost=memory.lost)
            return Later(decision.seconds, replace(memory, look=decision.look), otherwise)
        case Ending():
            return decision
        case _:
            assert_never(decision)


def _first_of_twins(tools: Tools, step: Start, begun: Live) -> Performed:
    """Go on with the oldest training of these inputs; where that is not our own, stop our own."""
    try:
        twins = [each for each in tools.provider.find(step.mark) if _goes_on(each, step)]
    except RemoteError:
        twins = []  # the next plan looks again
    ahead = [each for each in twins if eldest_first(each) < eldest_first(begun)]
    if not ahead or begun.created is None:
        return Performed((begun,), begun=True)
    eldest = min(ahead, key=eldest_first)
    try:
        tools.provider.cancel(begun.remote)
    except RemoteError as error:
        return Performed(
            (eldest,),
            note=f"{eldest.remote} was begun a moment before; {begun.remote} was not needed and "
            f"could not be cancelled: {error.message}",
        )
    return Performed(
        (eldest,),
        note=f"{eldest.remote} was begun a moment before, so {begun.remote} was told to stop",
    )


def _goes_on(live: Live, step: Start) -> bool:
    mark = live.mark
    return (
        live.state in (LiveState.TRAINING, LiveState.ACTIVE)
        and live.created is not None
        and mark is not None
        and not mark.cancelled
        and not mark.unknown
        and mark.identity == step.mark.identity
    )


def _found(begun: Begun) -> str:
    return f"{begun.live.remote} had been begun already"
