"""What a run knows about one change. Only the coordinating thread reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tuneform.domain.gate import Evaluation
from tuneform.domain.live import Live
from tuneform.domain.plan import Action, Change, Delete, Plan, Rewrite, Start, Step
from tuneform.domain.report import Outcome, Status
from tuneform.execute.ending import Ending
from tuneform.execute.result import Errand, Memory, Performed
from tuneform.execute.steps import touched
from tuneform.ledger.base import IntentId

_GRAVITY = (
    Status.FAILED,
    Status.STALE,
    Status.HELD,
    Status.TIMED_OUT,
    Status.INTERRUPTED,
    Status.SKIPPED,
    Status.STARTED,
)


@dataclass(slots=True)
class Job:
    """One change under way.

    Attributes:
        change: the decision; it is never made again.
        seen: its objects by remote name, as the plan or this run last saw them.
        trained: remote names whose training this run watched to its end.
        started: remote name of the version that this run began.
        performed: places of completed steps in `change.steps`.
        endings: why it goes no further; the report tells the gravest.
        parent: the job of the model that this one is tuned on top of, where it has one.
        lanes: count of its lanes that have not ended.
        began, ended: monotonic seconds.
        loss: of the last training step that was seen.
        notes: sentences for the report of a change that went well.
        evaluation: what its gate found.
    """

    change: Change
    seen: dict[str, Live] = field(default_factory=dict)
    trained: set[str] = field(default_factory=set)
    started: str | None = None
    performed: set[int] = field(default_factory=set)
    endings: list[Ending] = field(default_factory=list)
    parent: Job | None = None
    lanes: int = 0
    began: float | None = None
    ended: float = 0.0
    loss: float | None = None
    notes: list[str] = field(default_factory=list)
    evaluation: Evaluation | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every step is performed."""
        return len(self.performed) == len(self.change.steps)

    def remote_of(self, step: Step) -> str | None:
        """The object of a step; where the provider assigns names, the one that was started."""
        return step.remote or self.started

    @property
    def desired(self) -> str | None:
        """The desired version, as soon as it has a name."""
        return self.change.remote or self.started

    def successor_of(self, step: Step) -> str | None:
        """The version that must serve before a step may take another one from applications.

        None where the step takes none away, or where the whole model is to go.
        """
        change = self.change
        if change.action is Action.DELETE or step.remote == self.desired:
            return None
        return self.desired if isinstance(step, Delete) or self._retires(step) else None

    def _retires(self, step: Step) -> bool:
        """Whether it only takes the word off a version that serves."""
        if not isinstance(step, Rewrite) or step.mark.serving:
            return False
        live = self.seen.get(step.remote)
        return live is not None and live.serves

    def apply(self, place: int, result: Performed) -> None:
        """Take up what a completed step showed."""
        step = self.change.steps[place]
        self.performed.add(place)
        self.seen.update((live.remote, live) for live in result.seen)
        for remote in result.gone:
            self.seen.pop(remote, None)
        if isinstance(step, Start):
            self.started = result.seen[0].remote
        if result.loss is not None:
            self.loss = result.loss
        if result.note:
            self.notes.append(result.note)
        if result.evaluation is not None:
            self.evaluation = result.evaluation

    def outcome(self) -> Outcome:
        """What became of it."""
        steps, change = self.change.steps, self.change
        performed = tuple(steps[place] for place in sorted(self.performed))
        if self.started is not None and change.remote is None:
            # What the provider has named meanwhile is told by its name.
            change = replace(change, remote=self.started)
            performed = tuple(replace(e, remote=e.remote or self.started) for e in performed)
        seconds = 0.0 if self.began is None else self.ended - self.began
        if self.endings:
            ending = min(self.endings, key=lambda each: _GRAVITY.index(each.status))
            return Outcome(
                change,
                ending.status,
                message=ending.message,
                hint=ending.hint,
                code=ending.code,
                performed=performed,
                seconds=seconds,
                loss=self.loss,
                evaluation=self.evaluation,
                unsure=any(each.unsure for each in self.endings),
            )
        return Outcome(
            change,
            Status.DONE if steps else Status.UNCHANGED,
            message="; ".join(self.notes),
            performed=performed,
            seconds=seconds,
            loss=self.loss,
            evaluation=self.evaluation,
        )


def jobs_of(plan: Plan) -> list[Job]:
    """All changes at their beginning, children with their parents."""
    jobs = {change.model: job_of(change) for change in plan.changes}
    for job in jobs.values():
        job.parent = jobs.get(job.change.parent or "")
    return list(jobs.values())


def job_of(change: Change) -> Job:
    """A change at its beginning; a held one has ended already."""
    job = Job(change, {live.remote: live for live in change.versions})
    if change.action is Action.HOLD:
        job.endings.append(Ending(Status.HELD, change.reason.code, change.reason.message))
    return job


@dataclass(slots=True)
class Lane:
    """Steps of one job that are performed one after the other.

    Attributes:
        job: whose steps.
        key: unique in its stage; others may wait for it.
        places: of its steps in the change.
        after: keys of lanes that must have ended well before. One that is not in the stage has
            not.
        at: index in `places` of the step that is next or under way.
        memory, intent: of that step, after its first attempt.
    """

    job: Job
    key: str
    places: tuple[int, ...]
    after: tuple[str, ...] = ()
    at: int = 0
    memory: Memory | None = None
    intent: IntentId | None = None

    @property
    def model(self) -> str:
        """Whose steps."""
        return self.job.change.model

    @property
    def step(self) -> Step | None:
        """The step that is next or under way; None when all are performed."""
        if self.at == len(self.places):
            return None
        return self.job.change.steps[self.places[self.at]]

    def errand(
        self, step: Step, *, unseen_since: float = 0.0, others_train: bool = False
    ) -> Errand:
        """The next attempt at its step, as a value for a worker."""
        job = self.job
        remote = job.remote_of(step)
        if isinstance(step, Start) and step.source is None and job.parent is not None:
            step = replace(step, source=job.parent.desired)
        start = next((each for each in job.change.steps if isinstance(each, Start)), None)
        return Errand(
            model=self.model,
            step=step,
            remote=remote,
            seen={name: job.seen[name] for name in touched(step, remote) if name in job.seen},
            fingerprint=start.mark.fingerprint if start is not None else None,
            trained=remote in job.trained,
            unseen_since=unseen_since,
            others_train=others_train,
            successor=job.successor_of(step),
            memory=self.memory,
            intent=self.intent,
        )

    def advance(self, result: Performed) -> None:
        """Its step is complete: go on to the next."""
        self.job.apply(self.places[self.at], result)
        self.at += 1
        self.memory = self.intent = None
