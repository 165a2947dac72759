"""What goes to a worker, and what comes back. Workers share nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tuneform.clock import Clock
from tuneform.domain.gate import Evaluation, Gate
from tuneform.domain.live import Live
from tuneform.domain.plan import Start, Step
from tuneform.errors import Exhausted, RemoteError
from tuneform.execute.arrival import Tried
from tuneform.execute.changes import Changes
from tuneform.execute.ending import Ending
from tuneform.gate import Question
from tuneform.ledger.base import IntentId, Ledger, RunId
from tuneform.providers.base import Example, Provider

Questions: TypeAlias = tuple[Sequence[Question], Sequence[Question]]
"""Those of the evaluation, and those that must be answered right."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every worker may use; all of it may be called by several threads at once.

    Attributes:
        provider: the service.
        ledger: where intents go.
        run: the run that they belong to.
        clock: says how late it is. Workers never sleep: they answer `Later`.
        examples: reads the dataset of a start again; raises Stale where it is another one.
        validation: the same of its validation dataset.
        questions: reads those of a model's gate; raises Stale where they are other ones.
        stopping: whether an evaluation shall end early.
    """

    provider: Provider
    ledger: Ledger
    run: RunId
    clock: Clock
    examples: Callable[[Start], Iterable[Example]]
    validation: Callable[[Start], Iterable[Example]]
    questions: Callable[[str, Gate], Questions]
    stopping: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Memory:
    """What one attempt at a step leaves to the next.

    Attributes:
        since: monotonic second of the first attempt that met with `error`, or had to wait.
        error: what the last create answered.
        sends: count of creates sent.
        lost: whether the reply to one of them was lost, so that it may have arrived.
        look: the next attempt only looks, and sends nothing.
    """

    since: float
    error: RemoteError | None = None
    sends: int = 0
    lost: bool = False
    look: bool = False

    def tried(self, now: float) -> Tried:
        """What was tried so far."""
        return Tried(self.sends, self.lost, now - self.since)


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt at one step.

    Attributes:
        model: whose step it is.
        step: what to do.
        remote: the object; None where the provider will assign its name.
        seen: the objects that it touches, as the plan or this run last saw them.
        fingerprint: short fingerprint of the version that this change trains; None where it
            trains none, and the plan saw the version itself.
        trained: whether this run watched the object's training end. Reads may still lag.
        unseen_since: monotonic second when a watched object was last seen.
        others_train: whether this run watches trainings, whose end may free a quota.
        successor: remote name of the version that must serve, if the step takes away one that
            another is to replace; None where it does not.
        memory: of the attempt before; None for the first.
        intent: its entry in the ledger; None before the first attempt.
        changes: what this attempt has changed, or may have.
    """

    model: str
    step: Step
    remote: str | None
    seen: Mapping[str, Live] = field(default_factory=dict)
    fingerprint: str | None = None
    trained: bool = False
    unseen_since: float = 0.0
    others_train: bool = False
    successor: str | None = None
    memory: Memory | None = None
    intent: IntentId | None = None
    changes: Changes = field(default_factory=Changes)

    def remember(self, error: RemoteError, now: float) -> Memory:
        """What the next attempt shall know after one more create that did not simply succeed.

        Args:
            error: what it answered.
            now: monotonic second.
        """
        before = self.memory or Memory(since=now)
        # Trainings of our own take up the quota: while they go on, patience has not begun.
        in_turn = self.others_train and isinstance(error, Exhausted)
        return Memory(
            since=before.since if type(before.error) is type(error) and not in_turn else now,
            error=error,
            sends=before.sends + 1,
            lost=before.lost or error.lost,
        )

    @property
    def named_step(self) -> Step:
        """The step with the name of its object, where the provider has assigned it meanwhile."""
        return named(self.step, self.remote)


def named(step: Step, remote: str | None) -> Step:
    """A step with the name of its object; a start has none before it is done."""
    if step.remote is not None or remote is None or isinstance(step, Start):
        return step
    return replace(step, remote=remote)


@dataclass(frozen=True, slots=True)
class Performed:
    """The step is complete.

    Attributes:
        seen: objects as they are now.
        gone: remote names of objects that are no more.
        loss: of the last training step, where it was read.
        note: one sentence worth telling, else empty.
        evaluation: what a gate found, passed or not.
        begun: whether this run began the training, so that it has to be paid for now.
    """

    seen: tuple[Live, ...] = ()
    gone: tuple[str, ...] = ()
    loss: float | None = None
    note: str = ""
    evaluation: Evaluation | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """The step must wait.

    Attributes:
        seconds: until the next attempt.
        memory: what that attempt must know.
        otherwise: how the change ends if it cannot be waited for.
    """

    seconds: float
    memory: Memory
    otherwise: Ending


@dataclass(frozen=True, slots=True)
class StillTraining:
    """A watched training that was looked at closely has not ended."""


Result: TypeAlias = Performed | Later | StillTraining | Ending
