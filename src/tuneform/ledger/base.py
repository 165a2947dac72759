"""The contract with a ledger: what was meant, what became of it, and notes made from that.

A ledger explains, and never decides: without one the plan is the same plan. No example text, no
key and no prompt goes into it, only names, kinds of steps, times and reasons.
"""

from __future__ import annotations

from typing import NamedTuple, NewType, Protocol

from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Step

RunId = NewType("RunId", int)
"""One execution of one plan."""


class IntentId(NamedTuple):
    """One step that is about to be performed.

    Attributes:
        run: that will perform it.
        number: unique within the run, from 1.
    """

    run: RunId
    number: int


class Ledger(Protocol):
    """Where a run writes down what it is about to do. All methods may be called by any thread.

    Methods that write raise `tuneform.errors.LocalError` where the place cannot be written, so that
    a run which cannot keep its record ends before anything is changed remotely.
    """

    def begin_run(self, command: str, owner: Owner) -> RunId:
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

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects. A ledger that was never written has none.

        Raises:
            LocalError: it cannot be read. Whoever only reads may say so and go on without notes.
        """
        ...

    def close(self) -> None:
        """Let go of the file. A run begun later opens it again."""
        ...
