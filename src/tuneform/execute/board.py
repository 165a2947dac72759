"""Where every change stands: who may start, who has ended and how, and whether the run goes on.

Only the coordinating thread touches it; others may read `over`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from tuneform.clock import Clock
from tuneform.domain.report import ChangeEnded, Event, Status
from tuneform.errors import TuneformError
from tuneform.execute.ending import Ending, ending_of, halt
from tuneform.execute.job import Job, Lane
from tuneform.execute.order import Order
from tuneform.ledger.base import Ledger

Skip: TypeAlias = Callable[[Lane, str], Ending]
"""How a change ends whose lane waits in vain for another one, named by its key."""


class Board:
    """The state of a run.

    Args:
        ledger: where outcomes go.
        clock: times the changes.
        notify: is told events.
        stopping: whether a person wants nothing more to be begun.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        notify: Callable[[Event], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self.notify = notify
        self._stopping = stopping
        self._order = Order(())
        self._skip: Skip = lambda lane, _: halt(None, begun=lane.job.began is not None)
        self._interrupted = False
        self._cause: Ending | None = None
        self.ready: deque[Lane] = deque()
        """Lanes whose next step may be begun, first come, first served."""

    @property
    def halted(self) -> bool:
        """Whether nothing more may be begun, for anybody."""
        self._interrupted = self._interrupted or self._stopping()
        return self._interrupted or self._cause is not None

    @property
    def over(self) -> bool:
        """The same as was last found, without asking: for other threads, which may only read."""
        return self._interrupted or self._cause is not None

    def open_stage(self, lanes: Sequence[Lane], skip: Skip) -> None:
        """Begin a stage: lanes that wait for nobody are ready, those that wait in vain have ended.

        Args:
            lanes: in the order in which they shall start; of jobs that have no ending.
            skip: tells how a change ends that waits for another one in vain.
        """
        self._order, self._skip = Order(lanes), skip
        for lane in lanes:
            lane.job.lanes += 1
        self.ready.extend(self._order.first())
        for lane, key in self._order.hopeless():
            self.end(lane, skip(lane, key))

    def close_stage(self) -> None:
        """End what is left: the run was halted, or lanes wait for each other."""
        self.ready.clear()
        for lane, key in self._order.rest():
            self._order.end(lane, well=False)
            self._close(lane, self._halt(lane.job) if self.halted else self._skip(lane, key))

    def end(self, lane: Lane, ending: Ending | None = None) -> None:
        """A lane has ended, well where there is no ending; so have those that waited in vain."""
        ended = [(lane, ending)]
        while ended:
            lane, ending = ended.pop()
            followers = self._order.end(lane, well=ending is None)
            if followers is None:
                continue  # it waited in vain for two
            self._close(lane, ending)
            if ending is None:
                self.ready.extend(followers)
            else:
                ended.extend((each, self._skip(each, lane.key)) for each in followers)

    def end_job(self, job: Job) -> None:
        """Tell that nothing more will be done for a change. One that is unfinished was halted."""
        if not job.endings and not job.is_complete:
            job.endings.append(self._halt(job))
        self.notify(ChangeEnded(job.outcome()))

    def settle(self, lane: Lane, status: Status, detail: str = "") -> None:
        """Write down what became of the step under way, if it was begun."""
        if lane.intent is None:
            return
        intent, lane.intent = lane.intent, None
        try:
            self._ledger.settle(intent, status, detail)
        except TuneformError as error:
            # What was done stands in the report; nothing more is done without a record.
            self._cause = self._cause or ending_of(error)

    def _close(self, lane: Lane, ending: Ending | None) -> None:
        job = lane.job
        job.lanes -= 1
        if ending is not None and ending.status is Status.INTERRUPTED:
            ending = self._halt(job)  # a worker that stopped half-way does not know why
        if ending is not None:
            self.settle(lane, ending.status, ending.message)
            if lane.memory is not None and lane.memory.lost:
                ending = replace(ending, unsure=True)
            job.endings.append(ending)
            job.ended = self._clock.monotonic()
            if ending.for_all and self._cause is None:
                self._cause = ending
        if job.is_complete or (job.endings and not job.lanes):
            self.end_job(job)

    def _halt(self, job: Job) -> Ending:
        return halt(None if self._interrupted else self._cause, begun=job.began is not None)
