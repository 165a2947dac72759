"""What became of a plan, and the events on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from tuneform.domain.gate import Evaluation
from tuneform.domain.live import LossPoint
from tuneform.domain.names import Owner
from tuneform.domain.plan import PROTECTIONS, Action, Change, ReasonCode, Step, Watch
from tuneform.errors import Forbidden, Unauthenticated


class Status(StrEnum):
    """What became of one change."""

    DONE = "done"
    UNCHANGED = "unchanged"
    STARTED = "started"  # training, and nobody waits for it (--no-wait)
    HELD = "held"
    FAILED = "failed"
    SKIPPED = "skipped"  # its parent did not get there, or deletes had to wait for a child
    STALE = "stale"  # the object changed since the plan
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change.

    Attributes:
        change: the decision.
        status: how it ended.
        message: what happened, one sentence; empty where there is nothing to say.
        hint: the next step, else empty.
        code: for machines: a ReasonCode or the code of an error; empty where it went well.
        performed: the steps that were completed, in order.
        seconds: from the first step to the last.
        loss: of the last training step, where this run watched it.
        evaluation: what its gate found, where this run evaluated it.
        unsure: whether a step that was not completed may have changed something, or begun a
            training: its reply was lost, or an error followed.
    """

    change: Change
    status: Status
    message: str = ""
    hint: str = ""
    code: str = ""
    performed: tuple[Step, ...] = ()
    seconds: float = 0.0
    loss: float | None = None
    evaluation: Evaluation | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all of it.

    Attributes:
        owner: whose models.
        provider: its name in manifests.
        outcomes: in the order of the plan.
        interrupted: whether Ctrl-C ended it.
    """

    owner: Owner
    provider: str
    outcomes: tuple[Outcome, ...] = field(default=())
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """As the contract's section 7 says: what is still open decides."""
        if self.interrupted:
            return 130
        if (early := self._early_error()) is not None:
            return early
        left = [(kind, each) for each in self.outcomes if (kind := _open_kind(each)) is not None]
        causes = {kind for kind, each in left if not _follows(each)}
        kinds = causes or {kind for kind, _ in left}
        return kinds.pop() if len(kinds) == 1 else 8 if kinds else 0

    def _early_error(self) -> int | None:
        """The exit code of an error before anything was written; None where there was none."""
        if any(each.unsure or _has_written(each) for each in self.outcomes):
            return None
        errors = [each for each in self.outcomes if _is_error(each)]
        if errors:
            return 4 if all(each.code in _REFUSED_ENTRY for each in errors) else 1
        return 7 if any(each.status is Status.STALE for each in self.outcomes) else None


_REFUSED_ENTRY = frozenset({Forbidden.code, Unauthenticated.code})


def _has_written(outcome: Outcome) -> bool:
    """Whether a step was completed that changes something."""
    return any(not isinstance(step, Watch) for step in outcome.performed)


def _is_error(outcome: Outcome) -> bool:
    """Whether an error stopped it, and no state of the model."""
    return outcome.status is Status.FAILED and outcome.code not in frozenset(ReasonCode)


def _follows(outcome: Outcome) -> bool:
    """Whether it is open only because another one is: a child of a late parent is late itself."""
    return outcome.status is Status.SKIPPED or (
        outcome.status is Status.HELD and outcome.code == ReasonCode.PARENT_HELD
    )


def _open_kind(outcome: Outcome) -> int | None:
    """The exit code that this outcome alone would give; None where nothing is open."""
    match outcome.status:
        case Status.DONE | Status.UNCHANGED | Status.STARTED:
            return None
        case Status.TIMED_OUT:
            return 9
        case Status.HELD if outcome.code in PROTECTIONS:
            return 5
        case Status.HELD if outcome.code == ReasonCode.GATE_FAILED:
            return 6
        case Status.HELD if outcome.code == ReasonCode.PINNED:
            return 0
        case _:
            return 8


@dataclass(frozen=True, slots=True)
class StepBegan:
    """A step is about to be performed."""

    model: str
    action: Action
    step: Step


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is complete."""

    model: str
    action: Action
    step: Step


@dataclass(frozen=True, slots=True)
class Progressed:
    """A watched training moved on.

    Attributes:
        steps_done, steps_total: counts; the total is 0 where nobody knows it.
        point: the last loss, where the service tells.
    """

    model: str
    steps_done: int
    steps_total: int
    point: LossPoint | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A gate has been evaluated; its verdict stands in the mark."""

    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class ChangeEnded:
    """Nothing more will be done for this model in this run."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something worth a line while waiting, such as a retry or the first Ctrl-C."""

    message: str


Event: TypeAlias = StepBegan | StepEnded | Progressed | Evaluated | ChangeEnded | Noticed
