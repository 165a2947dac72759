"""The contract with a ledger: what was meant, what became of it, and notes made from that.

A ledger explains, and never decides: without one the plan is the same plan. No example text, no
key and no prompt goes into it, only names, kinds of steps, times, reasons, numbers, and digests of
examples that are keyed with a secret of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NewType, Protocol

from tuneform.domain.cost import Cost, Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.gate import Evaluation
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Step

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
    """

    command: str
    owner: Owner
    commit: str | None = None
    dirty: bool = False


class IntentId(NamedTuple):
    """One step that is about to be performed.

    Attributes:
        run: that will perform it.
        number: unique within the run, from 1.
    """

    run: RunId
    number: int


class PastScore(NamedTuple):
    """One metric of an evaluation of the past, by the place that it has in the gate.

    Attributes:
        metric: its name, without a label.
        value: from 0 to 1; None where it was not defined.
        baseline: the same of the version that served then; None where it was not asked.
        passed: whether the thresholds held.
    """

    metric: str
    value: float | None
    baseline: float | None
    passed: bool


class PastEvaluation(NamedTuple):
    """A verdict of the past.

    Attributes:
        remote: the version that was asked.
        gate: short digest of the gate.
        passed: the verdict.
        scores: in the order of the gate.
        must_pass: count of cases that must pass.
        must_pass_failed: count of those that did not.
        at: when it was recorded, UTC.
    """

    remote: str
    gate: str
    passed: bool
    scores: tuple[PastScore, ...]
    must_pass: int
    must_pass_failed: int
    at: datetime


class Ledger(Protocol):
    """Where a run writes down what it is about to do. All methods may be called by any thread.

    Methods that write raise `tuneform.errors.LocalError` where the place cannot be written, so that
    a run which cannot keep its record ends before anything is changed remotely.
    """

    def begin_run(self, info: RunInfo) -> RunId:
        """Open a run. It is on disk when this returns, so the place is known to be writable."""
        ...

    def intend(self, run: RunId, model: str, step: Step) -> IntentId:
        """Note that a step is about to be performed.

        On disk when this returns, with everything noted before it: the request may leave. Watching
        changes nothing remotely, so a `Watch` is on disk with whatever is written next.
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

    def end_run(self, run: RunId, outcome: str) -> None:
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

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects. A ledger that was never written has none.

        Raises:
            LocalError: it cannot be read, as with all methods that follow. Whoever only reads may
                say so and go on without.
        """
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

    def secret(self) -> bytes:
        """What digests of examples are keyed with: 32 random bytes, made with the ledger.

        A ledger that was never written is made by this: ask for `rows` first where nothing shall
        be written.
        """
        ...

    def close(self) -> None:
        """Let go of the file. A run begun later opens it again."""
        ...
