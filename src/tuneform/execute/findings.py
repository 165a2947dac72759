"""What looks at an object tell about its training, for the record. Pure."""

from __future__ import annotations

from datetime import datetime

from tuneform.domain.live import Live, LiveState
from tuneform.domain.record import Trained


def told_by(live: Live) -> Trained | None:
    """What an object tells that a step answered with; None where it is nothing.

    A loss is the last one only where the training has ended.
    """
    match live.state:
        case LiveState.ACTIVE if live.curve or live.tokens is not None:
            loss = live.curve[-1].loss if live.curve else None
            return Trained(hyperparameters=live.hyperparameters, loss=loss, tokens=live.tokens)
        case LiveState.TRAINING if live.operation is not None:
            return Trained(operation=live.operation)
        case _:
            return None


def trained_at(listed: Live | None, now: datetime, loss: float | None) -> Trained:
    """What the end of a training that was watched tells.

    Args:
        listed: the object as last listed; None where it was not.
        now: when it was seen trained.
        loss: of the last step, where the object was looked at closely.
    """
    if listed is None:
        return Trained(loss=loss)
    seconds = None if listed.created is None else max(0.0, (now - listed.created).total_seconds())
    return Trained(
        hyperparameters=listed.hyperparameters, loss=loss, seconds=seconds, tokens=listed.tokens
    )
