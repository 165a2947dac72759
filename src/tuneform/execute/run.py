"""Carry out a plan and say what became of it: three stages, and a record of the run around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tuneform.clock import Clock
from tuneform.domain.gate import Gate
from tuneform.domain.plan import Plan, Start
from tuneform.domain.report import ChangeEnded, Event, Noticed, Report, Status
from tuneform.errors import LocalError
from tuneform.execute.board import Board
from tuneform.execute.crew import Crew
from tuneform.execute.ending import Ending
from tuneform.execute.job import Job, Lane, job_of
from tuneform.execute.loop import Loop
from tuneform.execute.options import Options
from tuneform.execute.result import Questions, Tools
from tuneform.execute.stages import bodies, cancels, skipped_child, skipped_delete, tails
from tuneform.ledger.base import Ledger, RunId, RunInfo
from tuneform.providers.base import Example, Provider


def execute(  # noqa: PLR0913 - every seam of a run is named where it is handed in
    plan: Plan,
    *,
    provider: Provider,
    ledger: Ledger,
    clock: Clock,
    examples: Callable[[Start], Iterable[Example]],
    questions: Callable[[str, Gate], Questions],
    notify: Callable[[Event], None],
    options: Options,
    stopping: Callable[[], bool],
) -> Report:
    """Perform the steps of a plan and nothing else.

    Each model ends in an outcome of its own; what stops one model stops its children, and no other.

    Args:
        plan: as it was confirmed. Nothing is decided again.
        provider: the service; several threads call it at once.
        ledger: is written before and after each step. A plan without steps does not touch it.
        clock: measures all waiting.
        examples: reads the dataset of a start again, digesting it; raises Stale where it is not
            what the plan saw. Several threads call it at once.
        questions: reads those of a model's gate, preambles in front; raises Stale where they are
            not what the plan saw. Several threads call it at once.
        notify: is told events, by the calling thread only.
        options: how to go about it.
        stopping: whether to begin nothing more (the first Ctrl-C). Asked by the calling thread,
            at least every 0.2 seconds but for requests under way.

    Raises:
        LocalError: the ledger cannot be written; nothing was done.
    """
    jobs = [job_of(change) for change in plan.changes]
    for job in jobs:
        if job.endings or job.is_complete:
            notify(ChangeEnded(job.outcome()))
    if any(not job.endings and not job.is_complete for job in jobs):
        info = RunInfo(options.command, plan.owner, options.commit, options.dirty, options.who)
        run = ledger.begin_run(info)
        board = Board(ledger, clock, notify, stopping)
        tools = Tools(
            provider, ledger, run, clock, examples, questions, stopping=lambda: board.over
        )
        ended, code = "broken", None
        try:
            with Crew(options.parallelism + 1) as crew:
                _drain(jobs, Loop(tools, options, crew, board), board)
            ended, code = "ended", _report(plan, jobs).exit_code
        finally:
            _end_run(ledger, run, ended, code, notify)
    return _report(plan, jobs)


def _report(plan: Plan, jobs: Sequence[Job]) -> Report:
    outcomes = tuple(job.outcome() for job in jobs)
    interrupted = any(outcome.status is Status.INTERRUPTED for outcome in outcomes)
    return Report(plan.owner, plan.provider, outcomes, interrupted)


def _drain(jobs: Sequence[Job], loop: Loop, board: Board) -> None:
    """Cancels first, deletes last. A stage is arranged when the one before it has ended."""
    models = {job.change.model: job for job in jobs}

    def skip_child(_: Lane, parent: str) -> Ending:
        return skipped_child(models[parent])

    def skip_delete(lane: Lane, child: str) -> Ending:
        return skipped_delete(lane.key, child)

    for stage, skip in ((cancels, skip_child), (bodies, skip_child), (tails, skip_delete)):
        lanes = stage(jobs)
        if lanes and board.halted:
            break
        loop.drain(lanes, skip)
    for job in jobs:
        if not job.endings and not job.is_complete:
            board.end_job(job)


def _end_run(
    ledger: Ledger,
    run: RunId,
    outcome: str,
    code: int | None,
    notify: Callable[[Event], None],
) -> None:
    """Close the record. The report tells what was done even where this fails."""
    try:
        ledger.end_run(run, outcome, code)
    except LocalError as error:
        notify(Noticed(f"the record of this run is incomplete: {error}"))
