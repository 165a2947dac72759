"""What the trainer asks of the API through which a training was ordered.

Arithmetic is the same for all of them; what is trained, when it may begin, and what becomes of it
afterwards is not. A dialect answers that, and never trains.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from tuneform.service.errors import Status
from tuneform.service.operations import begin, settle
from tuneform.service.records import Training
from tuneform.service.store import Tables
from tuneform.service.subject import Subject

Outcome = Literal["SUCCEEDED", "FAILED"]


class Dialect(Protocol):
    """One API, as the trainer sees it."""

    def subject(self, training: Training) -> Subject:
        """What faults know a training by."""

    def ready(self, seq: int) -> bool:
        """See to it that a training can begin; False when it cannot for now, or not any more."""

    def begin(self, tables: Tables, seq: int, started: str) -> None:
        """Say that the training has begun."""

    def end(
        self,
        tables: Tables,
        seq: int,
        outcome: Outcome,
        now: str,
        *,
        started: str = "",
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Say how the training ended; what it learnt is stored already."""

    def keeps(self, tables: Tables, seq: int) -> bool:
        """Whether what a training learnt is of use although somebody ended it early."""


class TunedModelsDialect:
    """The tunedModels API: its examples come with the create, so it is ready at once."""

    def subject(self, training: Training) -> Subject:
        """The model's own id."""
        return Subject.of(training.model)

    def ready(self, seq: int) -> bool:
        """Always."""
        del seq
        return True

    def begin(self, tables: Tables, seq: int, started: str) -> None:
        """Give the model its start time."""
        begin(tables, seq, started)

    def end(
        self,
        tables: Tables,
        seq: int,
        outcome: Outcome,
        now: str,
        *,
        started: str = "",
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Give the model its state; the error stands in its operation."""
        del error
        settle(tables, seq, "ACTIVE" if outcome == "SUCCEEDED" else outcome, now, started)

    def keeps(self, tables: Tables, seq: int) -> bool:
        """A cancelled model can be used, a deleted one leaves nothing."""
        return tables.resource(seq) is not None


TUNED_MODELS = TunedModelsDialect()


def end_failed(
    tables: Tables,
    seq: int,
    status: Status,
    message: str,
    now: str,
    dialect: Dialect = TUNED_MODELS,
) -> None:
    """End a training with an error, unless it has ended already."""
    error = {"code": status.grpc, "message": message}
    if tables.finish(seq, "FAILED", now, msgspec.json.encode(error)):
        dialect.end(tables, seq, "FAILED", now, error=error)
