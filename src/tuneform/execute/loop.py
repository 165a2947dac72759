"""The coordinating thread: sends errands to workers, takes up results, polls, and waits.

Everything that a run knows is changed here and nowhere else. Workers never sleep: whoever has to
wait says `Later`, and gives its thread to others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from tuneform.domain.live import Live
from tuneform.domain.plan import Start, Step, Watch
from tuneform.domain.report import Evaluated, Noticed, Status, StepBegan, StepEnded
from tuneform.errors import Exhausted, TuneformError
from tuneform.execute.attempt import Attempted, attempt
from tuneform.execute.board import Board, Skip
from tuneform.execute.crew import Crew
from tuneform.execute.delays import Delays
from tuneform.execute.ending import Ending, ending_of, late, no_room, started
from tuneform.execute.evaluate import not_passed
from tuneform.execute.findings import told_by, trained_at
from tuneform.execute.job import Lane
from tuneform.execute.options import Options
from tuneform.execute.result import Later, Memory, Performed, StillTraining, Tools, named
from tuneform.execute.vigil import Findings, Vigil, Watched
from tuneform.execute.watching import Sighting, poll

SLICE_SECONDS: Final = 0.2
"""The longest time in which nobody asks whether to stop."""


class Loop:
    """Drains lanes, one stage after the other.

    Args:
        tools: for the workers.
        options: how.
        crew: the workers; one more than errands under way, for polls.
        board: where every change stands.
    """

    def __init__(self, tools: Tools, options: Options, crew: Crew, board: Board) -> None:
        self._tools = tools
        self._options = options
        self._crew = crew
        self._board = board
        self._vigil = Vigil(options, tools.clock)
        self._errands = 0
        self._delays = Delays()
        self._flushes = True

    def drain(self, lanes: Sequence[Lane], skip: Skip) -> None:
        """Perform the steps of these lanes; return when all have ended, or when halted."""
        board = self._board
        board.open_stage(lanes, skip)
        while board.ready or self._delays or self._vigil or self._crew.busy:
            if board.halted:
                if not self._crew.busy:
                    break
                self._crew.collect(SLICE_SECONDS)
            else:
                self._send_what_is_due()
                self._rest()
        self._vigil.drop_idle()  # nobody is under way any longer
        self._delays.clear()
        board.close_stage()

    def _send_what_is_due(self) -> None:
        now = self._tools.clock.monotonic()
        self._board.ready.extend(self._delays.take_due(now))
        while self._board.ready and self._errands < self._options.parallelism:
            self._begin_in_time(self._board.ready.popleft(), now)
        due = self._vigil.due
        if due is not None and due <= now:
            tools, names = self._tools, self._vigil.begin_poll()
            self._crew.send(partial(poll, tools.provider, tools.clock, names), self._take_up_poll)

    def _rest(self) -> None:
        """Wait for the first thing to happen, but never long."""
        if not self._errands and not self._board.ready:
            self._flush()
        now = self._tools.clock.monotonic()
        dues = [due for due in (self._delays.due, self._vigil.due) if due is not None]
        pause = max(0.0, min((due - now for due in dues), default=SLICE_SECONDS))
        if self._crew.busy:
            self._crew.collect(min(pause, SLICE_SECONDS))
        elif dues and not self._board.ready:
            self._tools.clock.sleep(min(pause, SLICE_SECONDS))

    def _flush(self) -> None:
        """Put what was done on disk before an hour of waiting, which may end in a crash.

        Where that fails nothing is lost yet, and the next intent tells.
        """
        if self._flushes:
            try:
                self._tools.ledger.flush()
            except TuneformError:
                self._flushes = False

    def _begin_in_time(self, lane: Lane, now: float) -> None:
        """Begin, but ask for room in a quota no longer than there is time."""
        if _lacks_room(lane) and self._vigil.is_late(now):
            self._board.end(lane, no_room())
        else:
            self._begin(lane)

    def _begin(self, lane: Lane) -> None:
        step, job = lane.step, lane.job
        assert step is not None, "a lane is ready for a step"
        job.began = self._tools.clock.monotonic() if job.began is None else job.began
        if lane.memory is None:
            self._board.notify(StepBegan(lane.model, job.change.action, step))
        if isinstance(step, Watch):
            self._watch(lane, step)
        else:
            self._send(lane, step, partial(self._take_up, lane))

    def _send(
        self,
        lane: Lane,
        step: Step,
        then: Callable[[Future[Attempted]], None],
        unseen_since: float = 0.0,
    ) -> None:
        self._errands += 1
        errand = lane.errand(step, unseen_since=unseen_since, others_train=bool(self._vigil))
        self._crew.send(partial(attempt, self._tools, errand), then)

    def _take_up(self, lane: Lane, future: Future[Attempted]) -> None:
        result = self._answer(lane, future)
        match result:
            case Performed():
                self._complete(lane, result)
            case Later():
                self._postpone(lane, result)
            case Ending():
                self._board.end(lane, result)
            case StillTraining():
                raise AssertionError("only a watched training is examined")
            case _:
                assert_never(result)

    def _answer(
        self, lane: Lane, future: Future[Attempted]
    ) -> Performed | Later | StillTraining | Ending:
        """What a worker says. What it raises is that its intent could not be written."""
        self._errands -= 1
        try:
            attempted = future.result()
        except TuneformError as error:
            return replace(ending_of(error), for_all=True)
        lane.intent = attempted.intent
        return attempted.result

    def _complete(self, lane: Lane, result: Performed) -> None:
        step = lane.step
        assert step is not None, "a step was completed"
        if isinstance(step, Start) and step.remote is None and lane.intent is not None:
            self._tools.ledger.record_name(lane.intent, result.seen[0].remote)
        self._board.settle(lane, Status.DONE)
        if result.begun:
            self._record_cost(lane, result)
        for live in result.seen:
            self._record_training(live)
        if _lacks_room(lane):
            self._have_quota_tried()  # where one found room, there may be more
        lane.advance(result)
        lane.job.ended = self._tools.clock.monotonic()
        self._board.notify(StepEnded(lane.model, lane.job.change.action, step))
        if result.evaluation is not None:
            self._board.notify(Evaluated(result.evaluation))
        if result.evaluation is not None and not result.evaluation.passed:
            self._board.end(lane, not_passed(result.evaluation))
        elif lane.step is None:
            self._board.end(lane)
        elif isinstance(lane.step, Watch) and not self._board.halted:
            self._begin(lane)  # it takes no worker, and need not queue for one
        else:
            self._board.ready.append(lane)

    def _record_cost(self, lane: Lane, result: Performed) -> None:
        cost = lane.job.change.cost
        if cost is not None:
            tools, remote = self._tools, result.seen[0].remote
            tools.ledger.record_cost(tools.run, lane.model, remote, cost)

    def _record_training(self, live: Live) -> None:
        found = told_by(live)
        if found is not None:
            self._tools.ledger.record_training(self._tools.run, live.remote, found)

    def _postpone(self, lane: Lane, later: Later) -> None:
        now = self._tools.clock.monotonic()
        due = now + later.seconds
        if isinstance(lane.step, Start):
            self._vigil.start_waiting()
            if not _is_full(later.memory) and self._vigil.is_late(due):
                self._board.end(lane, later.otherwise)
                return
            if lane.memory is None:
                reason = later.otherwise.message
                self._board.notify(Noticed(f"{lane.model}: {reason.rstrip('.')}; trying again"))
        lane.memory = later.memory
        if _is_full(later.memory):
            self._delays.add_for_quota(lane, now, later.seconds, self._vigil.deadline)
        else:
            self._delays.add(lane, due)

    def _have_quota_tried(self) -> None:
        """There may be room: the one that has waited longest finds out."""
        lane = self._delays.take_for_quota()
        if lane is not None:
            self._board.ready.append(lane)

    # What is watched.

    def _watch(self, lane: Lane, step: Watch) -> None:
        """Waiting is no errand: one poll asks for all that is watched."""
        try:
            named_step = named(step, lane.job.remote_of(step))
            lane.intent = self._tools.ledger.intend(self._tools.run, lane.model, named_step)
        except TuneformError as error:
            self._board.end(lane, replace(ending_of(error), for_all=True))
            return
        remote = lane.job.remote_of(step)
        assert remote is not None, "what is watched has a name"
        if not self._options.wait:
            self._board.end(lane, started())
        elif not self._vigil.add(lane, remote):
            self._board.end(lane, late(lane.model, remote))

    def _take_up_poll(self, future: Future[Sighting]) -> None:
        error = future.exception()
        if not isinstance(error, Exception):
            self._take_up_findings(self._vigil.end_poll(future.result()))
            return
        ending_of_each = self._vigil.fail_poll(error)
        if ending_of_each is None:
            reason = str(error).rstrip(".")
            self._board.notify(Noticed(f"{reason}; the trainings go on, and so does the watching"))
            return
        for watched in self._vigil.drop_idle():
            self._board.end(watched.lane, ending_of_each(watched))

    def _take_up_findings(self, findings: Findings) -> None:
        for watched, progress in findings.progress:
            if progress.point is not None:
                watched.lane.job.loss = progress.point.loss
            self._board.notify(progress)
        for watched in findings.ended:
            self._trained(watched, Performed())
        for watched in findings.too_late:
            self._vigil.drop(watched)
            self._board.end(watched.lane, watched.late())
        for watched in () if self._board.halted else findings.closer:
            step = watched.lane.step
            assert step is not None, "a watched lane waits in its step"
            self._send(
                watched.lane, step, partial(self._take_up_examination, watched), watched.seen_at
            )

    def _take_up_examination(self, watched: Watched, future: Future[Attempted]) -> None:
        result = self._answer(watched.lane, future)
        if isinstance(result, Performed):
            self._trained(watched, result)
        elif isinstance(result, Ending):
            self._vigil.drop(watched)
            self._board.end(watched.lane, result)
            self._have_quota_tried()
        elif not self._vigil.end_examination(watched):
            self._vigil.drop(watched)
            self._board.end(watched.lane, watched.late())

    def _trained(self, watched: Watched, result: Performed) -> None:
        self._vigil.drop(watched)
        self._have_quota_tried()
        watched.lane.job.trained.add(watched.remote)
        found = trained_at(watched.live, self._tools.clock.now(), result.loss)
        self._tools.ledger.record_training(self._tools.run, watched.remote, found)
        self._complete(watched.lane, result)


def _lacks_room(lane: Lane) -> bool:
    """Whether a quota refused its create."""
    return lane.memory is not None and _is_full(lane.memory)


def _is_full(memory: Memory) -> bool:
    return isinstance(memory.error, Exhausted)
