"""The contract with a ledger: what was meant, what became of it, and notes made from that.

A ledger explains, and never decides: without one the plan is the same plan. No example text, no
key and no prompt goes into it, only names, kinds of steps, times, reasons, numbers, and digests of
examples that are keyed with a secret of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, NewType, Protocol

from tuneform.domain.cost import Cost, Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.gate import Evaluation
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Step
from tuneform.domain.record import PastEvaluation, PastRun, PastVersion, Trained

RunId = NewType("RunId", int)
"""One execution of one plan."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is.

    Attributes:
        command: such as `apply`.
        owner: whose models it writes.
        commit: of git that the manifests are from, in full; None where there is none.
        dirty: whether files differed from that commit.
        who: the user that the operating system names; empty where it names none. The machine is
            added by the ledger.
    """

    command: str
    owner: Owner
    commit: str | None = None
    dirty: bool = False
    who: str = ""


class IntentId(NamedTuple):
    """One step that is about to be performed.

    Attributes:
        run: that will perform it.
        number: unique within the run, from 1.
    """

    run: RunId
    number: int


class Record(Protocol):
    """What can be asked. A ledger that was never written knows nothing, and is not made by asking.

    All methods raise `tuneform.errors.LocalError` where it cannot be read. Whoever only explains
    with it may say so and go on without.
    """

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects. A ledger that was never written has none."""
        ...

    def last_applied(self, owner: Owner) -> str | None:
        """The git commit of the newest `apply` that completed a step, dirty or not.

        None where there was none. A run outside of git counts for nothing.
        """
        ...

    def evaluations(self, owner: Owner, model: str) -> tuple[PastEvaluation, ...]:
        """Verdicts on versions of a model, newest first."""
        ...

    def spent(self, owner: Owner) -> tuple[Spent, ...]:
        """What the trainings of an owner cost, by currency; empty where there were none."""
        ...

    def rows(self, owner: Owner, data: str) -> list[KeyedRow] | None:
        """The examples of a dataset in the order in which they were recorded.

        Args:
            owner: whose.
            data: digest of the dataset, 64 hex digits or short.

        Returns:
            None where they were not recorded, or not kept.
        """
        ...

    def runs(
        self, owner: Owner, model: str | None = None, limit: int | None = None
    ) -> tuple[PastRun, ...]:
        """Runs of an owner, newest first.

        Args:
            owner: whose.
            model: only runs that did something about this model, with these steps alone.
            limit: most to return; None is all.
        """
        ...

    def lineage(self, owner: Owner, model: str) -> tuple[PastVersion, ...]:
        """What is known of each version that a run touched as one of this model, oldest first."""
        ...

    def secret(self) -> bytes | None:
        """What digests of examples are keyed with: 32 random bytes, made with the ledger.

        None where it was never written.
        """
        ...

    def close(self) -> None:
        """Let go of the file or server. A question asked later opens it again."""
        ...


class Ledger(Record, Protocol):
    """Where a run writes down what it is about to do. All methods may be called by any thread.

    Methods that write raise `tuneform.errors.LocalError` where the place cannot be written, so that
    a run which cannot keep its record ends before anything is changed remotely.
    """

    def begin_run(self, info: RunInfo) -> RunId:
        """Open a run. It is on disk when this returns, so the place is known to be writable."""
        ...

    def intend(self, run: RunId, model: str, step: Step) -> IntentId:
        """Note that a step is about to be performed.

        On disk when this returns, with everything noted before it: the request may leave. With a
        `Start` goes what the version is made from: its lineage begins before it does. Watching
        changes nothing remotely, so a `Watch` is on disk with whatever is written next.
        """
        ...

    def record_name(self, intent: IntentId, remote: str) -> None:
        """Note the name that the provider has assigned to what a start began.

        On disk at the latest with the next intent, or with the end of the run. An intent that was
        noted with a name keeps it.
        """
        ...

    def settle(self, intent: IntentId, outcome: str, detail: str = "") -> None:
        """Note what became of a step.

        With a detail it is on disk when this returns; without one at the latest with the next
        intent, or with the end of the run.

        Args:
            intent: from `intend`.
            outcome: a `tuneform.domain.report.Status`, as text.
            detail: the reason, where it did not go well.
        """
        ...

    def flush(self) -> None:
        """Write what is noted, before a long wait. All of it is on disk when this returns."""
        ...

    def end_run(self, run: RunId, outcome: str, exit_code: int | None = None) -> None:
        """Close a run. Everything noted is on disk when this returns."""
        ...

    def record_evaluation(self, run: RunId, evaluation: Evaluation) -> None:
        """Note a verdict with its numbers, without cases. On disk when this returns."""
        ...

    def record_cost(self, run: RunId, model: str, remote: str, cost: Cost) -> None:
        """Note what a training costs that this run has begun, by estimate.

        On disk at the latest with the next intent, or with the end of the run. Within a run the
        last word on a version counts.
        """
        ...

    def record_training(self, run: RunId, remote: str, trained: Trained) -> None:
        """Note what the service told of a training.

        On disk with the next `flush`, or with the end of the run. What is said again within a run
        adds to what was said before.
        """
        ...

    def record_rows(
        self, owner: Owner, data: str, rows: Iterable[tuple[bytes, bytes, int]]
    ) -> None:
        """Note the examples of a dataset as keyed digests, so that a later one can be compared.

        Written like a cost. The datasets that were recorded last are kept.

        Args:
            owner: whose.
            data: digest of the dataset, 64 hex digits or short.
            rows: keyed digests of input and output, 16 bytes each, and count of characters.
        """
        ...

    def secret(self) -> bytes:
        """What digests are keyed with. A ledger that was never written is made by this."""
        ...
