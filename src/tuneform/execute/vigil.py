"""The trainings that a run watches, and when to look at them. Looking itself is `watching.py`'s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tuneform.clock import Clock
from tuneform.domain.live import Live, Training
from tuneform.domain.report import Progressed
from tuneform.errors import BadReply, Exhausted, RemoteError, ServiceFailure, Unreachable
from tuneform.execute.ending import Ending, ending_of, late
from tuneform.execute.job import Lane
from tuneform.execute.options import Options
from tuneform.execute.watching import PATIENCE_SECONDS, Rhythm, Sighting, Verdict, judge


@dataclass(slots=True)
class Watched:
    """One training that is watched.

    Attributes:
        lane: whose step waits for it.
        remote: the object.
        seen_at: monotonic second when it was last seen.
        steps_done: as last told; -1 before anything was.
        steps_total: as last told; 0 where nobody knows it.
        examined: whether it is being looked at closely.
        live: the object, as last listed; None before it was.
    """

    lane: Lane
    remote: str
    seen_at: float
    steps_done: int = -1
    steps_total: int = 0
    examined: bool = False
    live: Live | None = None

    def late(self) -> Ending:
        """How its change ends when time is up."""
        return late(self.lane.model, self.remote, self.steps_done, self.steps_total)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a poll means.

    Attributes:
        ended: trained, and something follows that will look at the object.
        closer: to be looked at closely.
        progress: what moved on, and what to tell of it.
        too_late: time is up for these.
    """

    ended: list[Watched] = field(default_factory=list)
    closer: list[Watched] = field(default_factory=list)
    progress: list[tuple[Watched, Progressed]] = field(default_factory=list)
    too_late: list[Watched] = field(default_factory=list)


class Vigil:
    """What is watched, the deadline, and the rhythm of polls."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._clock = clock
        self._options = options
        self._rhythm = Rhythm(options.poll_first, options.poll_most)
        self._watched: dict[str, Watched] = {}
        self._next = 0.0
        self._polling = False
        self._failing_since: float | None = None
        self._over = False
        self.deadline: float | None = None
        """Monotonic second when waiting ends; None before it began, or where it never ends."""

    def __len__(self) -> int:
        return len(self._watched)

    def start_waiting(self) -> None:
        """The run has to wait from now on: the deadline counts from the first time."""
        if self.deadline is None and self._options.timeout is not None:
            self.deadline = self._clock.monotonic() + self._options.timeout

    def add(self, lane: Lane, remote: str) -> bool:
        """Watch a training; False where the time is up, and it would not be looked at again."""
        self.start_waiting()
        if self._over:
            return False
        now = self._clock.monotonic()
        if not self._watched and not self._polling:
            self._rhythm = Rhythm(self._options.poll_first, self._options.poll_most)
            self._plan_poll(now, cost=0.0)
        self._watched[remote] = Watched(lane, remote, now)
        return True

    def drop(self, watched: Watched) -> None:
        """Watch it no longer."""
        self._watched.pop(watched.remote, None)

    def drop_idle(self) -> list[Watched]:
        """Watch nothing any longer but what is being looked at closely."""
        idle = [watched for watched in self._watched.values() if not watched.examined]
        for watched in idle:
            self.drop(watched)
        return idle

    @property
    def due(self) -> float | None:
        """Monotonic second of the next poll; None while nothing is watched or one is under way."""
        return self._next if self._watched and not self._polling else None

    def begin_poll(self) -> tuple[str, ...]:
        """What the poll shall look for."""
        self._polling = True
        return tuple(self._watched)

    def end_poll(self, sighting: Sighting) -> Findings:
        """Take up what a poll saw."""
        self._polling, self._failing_since = False, None
        now = self._clock.monotonic()
        self._plan_poll(now, cost=now - sighting.began)
        findings = Findings()
        for watched in self._watched.values():
            if not watched.examined:
                self._judge(watched, sighting, now, findings)
        if self.is_late(sighting.began):
            self._over = True
            settled = {each.remote for each in (*findings.ended, *findings.closer)}
            findings.too_late.extend(
                each
                for each in self._watched.values()
                if each.remote not in settled and not each.examined
            )
        return findings

    def is_late(self, now: float) -> bool:
        """Whether time is up at a monotonic second."""
        return self.deadline is not None and now >= self.deadline

    def fail_poll(self, error: Exception) -> Callable[[Watched], Ending] | None:
        """Take up that a poll failed; how each ends, where there is no point in polling on."""
        self._polling = False
        now = self._clock.monotonic()
        self._plan_poll(now, cost=0.0)
        since = self._failing_since = now if self._failing_since is None else self._failing_since
        passing = isinstance(error, Unreachable | ServiceFailure | BadReply | Exhausted)
        if self.is_late(now):
            self._over = True
            if isinstance(error, RemoteError):
                return Watched.late
            return lambda _: ending_of(error)
        if passing and now - since < PATIENCE_SECONDS:
            return None
        ending = ending_of(error)
        told = f"{ending.message.rstrip('.')}; the training goes on remotely"
        return lambda _: replace(ending, message=told)

    def end_examination(self, watched: Watched) -> bool:
        """It has not ended; whether there is time to watch on."""
        watched.examined = False
        return not self._over

    def _judge(self, watched: Watched, sighting: Sighting, now: float, findings: Findings) -> None:
        live = sighting.listed.get(watched.remote)
        if live is not None:
            watched.seen_at, watched.live = now, live
        last = watched.lane.at + 1 == len(watched.lane.places)
        match judge(live, now - watched.seen_at, last=last):
            case Verdict.ENDED:
                findings.ended.append(watched)
            case Verdict.EXAMINE:
                watched.examined = True
                findings.closer.append(watched)
            case Verdict.WAIT:
                training = sighting.trainings.get(watched.remote)
                if training is not None and training.steps_done != watched.steps_done:
                    watched.steps_done = training.steps_done
                    watched.steps_total = training.steps_total or 0
                    findings.progress.append((watched, _progressed(watched, training)))

    def _plan_poll(self, now: float, cost: float) -> None:
        self._next = now + self._rhythm.after(cost)
        if self.deadline is not None:  # one last look when time is up
            self._next = min(self._next, max(self.deadline, now))


def _progressed(watched: Watched, training: Training) -> Progressed:
    point = training.curve[-1] if training.curve else None
    total = training.steps_total or 0
    return Progressed(watched.lane.model, training.steps_done, total, point)
