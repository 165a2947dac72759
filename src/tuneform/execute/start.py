"""Begin a training, and never a second one. What to do next is decided in `arrival.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from tuneform.domain.plan import Start
from tuneform.errors import Forbidden, RemoteError
from tuneform.execute.arrival import (
    Again,
    Begun,
    Blank,
    Look,
    after_create,
    given_up,
    needs_look,
)
from tuneform.execute.ending import Ending
from tuneform.execute.result import Errand, Later, Memory, Performed, Result, Tools
from tuneform.execute.unnamed import start_unnamed
from tuneform.providers.base import Creation, Provider, Validation


def start(tools: Tools, errand: Errand, step: Start) -> Result:
    """Send the create, or only look, as the attempt before decided; then decide what is next.

    Raises:
        Stale: the examples are not those that the plan saw; nothing was sent.
    """
    memory = errand.memory
    if step.remote is None:
        return start_unnamed(tools, errand, step, lambda: _creation(tools, step))
    if memory is None or not memory.look:
        creation = _creation(tools, step)
        try:
            return Performed(seen=(tools.provider.start(creation),), begun=True)
        except RemoteError as error:
            memory = errand.remember(error, tools.clock.monotonic())
    return _decide(tools, errand.model, step, step.remote, memory)


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
        validation=Validation(step.validation_digest, tools.validation(step))
        if step.validation_digest is not None
        else None,
        extras=step.extras,
    )


def _decide(tools: Tools, model: str, step: Start, remote: str, memory: Memory) -> Result:
    error = memory.error
    assert error is not None, "only an error leaves a memory"
    look = _look(tools.provider, remote) if needs_look(error) else Blank.UNSEEN
    tried = memory.tried(tools.clock.monotonic())
    decision = after_create(model, step, error, look, tried)
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


def _look(provider: Provider, remote: str) -> Look:
    try:
        return provider.observe(remote) or Blank.ABSENT
    except Forbidden:
        return Blank.HIDDEN
    except RemoteError:
        return Blank.UNSEEN
