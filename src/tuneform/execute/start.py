"""Begin a training, and never a second one. What to do next is decided in `arrival.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from tuneform.domain.plan import Start
from tuneform.errors import Exhausted, Forbidden, RemoteError
from tuneform.execute.arrival import (
    Again,
    Begun,
    Blank,
    Look,
    Tried,
    after_create,
    given_up,
    is_lost,
    needs_look,
)
from tuneform.execute.ending import Ending
from tuneform.execute.result import Errand, Later, Memory, Performed, Result, Tools
from tuneform.providers.base import Creation, Provider


def start(tools: Tools, errand: Errand, step: Start) -> Result:
    """Send the create, or only look, as the attempt before decided; then decide what is next.

    Raises:
        Stale: the examples are not those that the plan saw; nothing was sent.
    """
    memory = errand.memory
    if memory is None or not memory.look:
        creation = _creation(tools, step)
        try:
            return Performed(seen=(tools.provider.start(creation),), begun=True)
        except RemoteError as error:
            memory = _remember(errand, error, tools.clock.monotonic())
    return _decide(tools, errand.model, step, memory)


def _creation(tools: Tools, step: Start) -> Creation:
    return Creation(
        remote=step.remote,
        base=step.base,
        source=step.source,
        hyperparameters=step.hyperparameters,
        fields=step.fields,
        mark=step.mark,
        data=step.data_digest,
        examples=tools.examples(step),
    )


def _remember(errand: Errand, error: RemoteError, now: float) -> Memory:
    before = errand.memory or Memory(since=now)
    # Trainings of our own take up the quota: while they go on, patience has not begun.
    in_turn = errand.others_train and isinstance(error, Exhausted)
    return Memory(
        since=before.since if type(before.error) is type(error) and not in_turn else now,
        error=error,
        sends=before.sends + 1,
        lost=before.lost or is_lost(error),
    )


def _decide(tools: Tools, model: str, step: Start, memory: Memory) -> Result:
    error = memory.error
    assert error is not None, "only an error leaves a memory"
    look = _look(tools.provider, step.remote) if needs_look(error) else Blank.UNSEEN
    waited = tools.clock.monotonic() - memory.since
    decision = after_create(model, step, error, look, Tried(memory.sends, memory.lost, waited))
    match decision:
        case Begun():
            return Performed(seen=(decision.live,), begun=memory.lost)
        case Again():
            again = replace(memory, look=decision.look)
            otherwise = given_up(error, lost=memory.lost)
            return Later(decision.seconds, again, otherwise)
        case Ending():
            return decision
        case _:
            assert_never(decision)


def _look(provider: Provider, remote: str | None) -> Look:
    if remote is None:
        return Blank.UNSEEN
    try:
        return provider.observe(remote) or Blank.ABSENT
    except Forbidden:
        return Blank.HIDDEN
    except RemoteError:
        return Blank.UNSEEN
