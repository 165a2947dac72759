"""In which order: cancels first, then everything else, deletes last and children before parents.

Pure: jobs in, lanes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tuneform.domain.plan import Cancel, Delete, ReasonCode, Release, Start, Step
from tuneform.domain.report import Status
from tuneform.execute.ending import AGAIN, Ending
from tuneform.execute.job import Job, Lane

TRAINING_PARENT: Final = "parent-training"


def cancels(jobs: Sequence[Job]) -> list[Lane]:
    """The cancels that changes begin with: they free what the trainings to come may need."""
    lanes = ((job, _leading_cancels(job.change.steps)) for job in _going(jobs))
    return [Lane(job, job.change.model, places) for job, places in lanes if places]


def bodies(jobs: Sequence[Job]) -> list[Lane]:
    """Everything but leading cancels, deletes and releases; children wait for their parents."""
    lanes = {job.change.model: lane for job in _going(jobs) if (lane := _body(job)).places}
    ended = {job.change.model for job in jobs if job.endings}
    for lane in lanes.values():
        parents = {
            step.parent
            for step in lane.job.change.steps
            if isinstance(step, Start) and step.parent is not None
        }
        # A parent without a change, or with nothing to do, serves already.
        lane.after = tuple(sorted(name for name in parents if name in lanes or name in ended))
    return list(lanes.values())


def tails(jobs: Sequence[Job]) -> list[Lane]:
    """Deletes and releases of changes that got so far, one lane for each object."""
    children = _children(jobs)
    lanes: list[Lane] = []
    for job in _going(jobs):
        for place, step in enumerate(job.change.steps):
            if isinstance(step, Delete):
                after = tuple(sorted(children.get(step.remote, ())))
                lanes.append(Lane(job, step.remote, (place,), after))
            elif isinstance(step, Release):
                lanes.append(Lane(job, f"release {step.remote}", (place,)))
    return lanes


def skipped_child(parent: Job) -> Ending:
    """How a change ends whose parent did not get to serve in this run."""
    name = parent.change.model
    status = parent.endings[0].status if parent.endings else Status.SKIPPED
    if status is Status.STARTED:
        return Ending(
            Status.SKIPPED,
            TRAINING_PARENT,
            f"its parent {name} is still training",
            f"Run `tuneform apply` when {name} is trained: this model starts once {name} serves.",
        )
    return Ending(
        Status.SKIPPED,
        f"parent-{status}",
        f"its parent {name} did not get so far ({status})",
        f"See to {name} first. {AGAIN}",
    )


def skipped_delete(remote: str, child: str) -> Ending:
    """How a delete ends while another object still names this one as its source."""
    return Ending(
        Status.SKIPPED,
        ReasonCode.IN_USE,
        f"{remote} was not deleted: {child} was tuned from it and is still there",
        AGAIN,
    )


def _going(jobs: Iterable[Job]) -> list[Job]:
    return [job for job in jobs if not job.endings and not job.is_complete]


def _leading_cancels(steps: tuple[Step, ...]) -> tuple[int, ...]:
    others = (place for place, step in enumerate(steps) if not isinstance(step, Cancel))
    return tuple(range(next(others, len(steps))))


def _body(job: Job) -> Lane:
    steps = job.change.steps
    places = (
        place
        for place in range(len(_leading_cancels(steps)), len(steps))
        if not isinstance(steps[place], Delete | Release)
    )
    return Lane(job, job.change.model, tuple(places))


def _children(jobs: Iterable[Job]) -> dict[str, set[str]]:
    """Objects that are there now, by the remote name of the object that they were tuned from."""
    children: dict[str, set[str]] = {}
    for job in jobs:
        for live in job.seen.values():
            if live.source is not None:
                children.setdefault(live.source, set()).add(live.remote)
    return children
