"""Watch many trainings: one list call tells of all, and only what ended is looked at closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tuneform.clock import Clock
from tuneform.domain.live import Live, LiveState, Training
from tuneform.domain.plan import ReasonCode
from tuneform.domain.report import Status
from tuneform.errors import RemoteError, Unauthenticated
from tuneform.execute.arrival import LAG_SECONDS
from tuneform.execute.ending import Ending
from tuneform.execute.look import gone
from tuneform.execute.result import Errand, Performed, Result, StillTraining, Tools
from tuneform.providers.base import Provider

PROGRESS_SAMPLE: Final = 8
"""Trainings whose progress is asked for in one poll: as many as a terminal shows at once."""

UNLISTED_SECONDS: Final = 10.0
"""How long a training may be missing from the list before it is looked for by name."""

PATIENCE_SECONDS: Final = 600.0
"""How long polls may fail before watching is given up; the trainings go on without us."""

GROWTH: Final = 1.5


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one poll saw.

    Attributes:
        began: monotonic second when it was begun.
        listed: watched objects by remote name; one that lags or vanished is missing.
        trainings: progress of some of those that train.
    """

    began: float
    listed: Mapping[str, Live]
    trainings: Mapping[str, Training]


def poll(provider: Provider, clock: Clock, watched: tuple[str, ...]) -> Sighting:
    """List once, and ask for the progress of the first few that train.

    Raises:
        RemoteError: the list could not be read to its end.
    """
    began = clock.monotonic()
    wanted = set(watched)
    listed = {live.remote: live for live in provider.list() if live.remote in wanted}
    going = (r for r in watched if r in listed and listed[r].state is LiveState.TRAINING)
    sample = [remote for remote, _ in zip(going, range(PROGRESS_SAMPLE), strict=False)]
    found = ((remote, _training(provider, remote)) for remote in sample)
    return Sighting(began, listed, {remote: each for remote, each in found if each is not None})


def _training(provider: Provider, remote: str) -> Training | None:
    """Progress; it is no reason to stop watching where it cannot be had."""
    try:
        return provider.training(remote)
    except Unauthenticated:
        raise
    except RemoteError:
        return None


class Verdict(Enum):
    """What a listed object means for whoever watches it."""

    WAIT = auto()
    ENDED = auto()
    EXAMINE = auto()


def judge(live: Live | None, unlisted: float, *, last: bool) -> Verdict:
    """Whether a watched training goes on, has ended well, or must be looked at closely.

    Args:
        live: from the list; None where it is missing.
        unlisted: seconds since it was last seen.
        last: whether nothing follows that would look at the object anyway.
    """
    if live is None:
        return Verdict.EXAMINE if unlisted >= UNLISTED_SECONDS else Verdict.WAIT
    match live.state:
        case LiveState.TRAINING | LiveState.UNKNOWN:
            return Verdict.WAIT
        case LiveState.FAILED:
            return Verdict.EXAMINE
        case LiveState.ACTIVE:
            cancelled = live.mark is not None and live.mark.cancelled
            return Verdict.EXAMINE if last or cancelled else Verdict.ENDED


def examine(tools: Tools, errand: Errand) -> Result:
    """Look closely at one watched object: has it ended, how, and why?

    Raises:
        Stale: it has been missing for longer than reads lag.
    """
    remote = errand.remote
    assert remote is not None, "a watched object has a name"
    live = tools.provider.observe(remote)
    if live is None:
        if tools.clock.monotonic() - errand.unseen_since < LAG_SECONDS:
            return StillTraining()
        raise gone(remote)
    match live.state:
        case LiveState.TRAINING | LiveState.UNKNOWN:
            return StillTraining()
        case LiveState.FAILED | LiveState.ACTIVE if live.mark is not None and live.mark.cancelled:
            return _cancelled(errand.model, remote)
        case LiveState.FAILED:
            return _failed(errand.model, remote, _training(tools.provider, remote))
        case LiveState.ACTIVE:
            return Performed(loss=live.curve[-1].loss if live.curve else None)


def _cancelled(model: str, remote: str) -> Ending:
    return Ending(
        Status.HELD,
        ReasonCode.TRAINING_CANCELLED,
        f"the training of {remote} was cancelled",
        f"Raise `spec.revision` to train again; `tuneform show {model}` tells more.",
    )


def _failed(model: str, remote: str, training: Training | None) -> Ending:
    error = training.error if training is not None else None
    return Ending(
        Status.FAILED,
        ReasonCode.TRAINING_FAILED,
        f"the training of {remote} failed: {error or 'the service does not say why'}",
        f"Change the data, or raise `spec.revision`; `tuneform show {model}` tells more.",
    )


@dataclass(slots=True)
class Rhythm:
    """When to poll next: soon at first, then less often, and never for more than a tenth of it.

    Attributes:
        interval: seconds until the next poll, if polls cost nothing.
        most: seconds; the interval grows no further.
        before: seconds that the poll before the last one took.
    """

    interval: float
    most: float
    before: float = 0.0

    def after(self, cost: float) -> float:
        """Seconds to the next poll, where the last one took `cost` seconds.

        A poll that had to be tried again takes long, and is no more work for that: only what two
        in a row took is what polls cost.
        """
        pause = max(self.interval, 9 * min(cost, self.before))
        self.before = cost
        self.interval = min(self.interval * GROWTH, self.most)
        return pause
