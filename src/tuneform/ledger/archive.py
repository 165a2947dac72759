"""A `Record`: a source that is asked, with the owner's name put in."""

from __future__ import annotations

import platform

from tuneform.domain.cost import Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import SHORT, Owner, short
from tuneform.domain.record import PastEvaluation, PastRun, PastVersion
from tuneform.ledger import history, lineage
from tuneform.ledger.source import Source


class Archive:
    """What can be asked of a ledger, wherever it is kept.

    Args:
        source: is asked.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects, by remote name."""
        return history.recorded(self._source, str(owner), platform.node())

    def last_applied(self, owner: Owner) -> str | None:
        """The commit of the newest apply that did something."""
        return history.last_applied(self._source, str(owner))

    def evaluations(self, owner: Owner, model: str) -> tuple[PastEvaluation, ...]:
        """Verdicts on versions of a model, newest first."""
        return history.evaluations(self._source, str(owner), model)

    def spent(self, owner: Owner) -> tuple[Spent, ...]:
        """What the trainings of an owner cost together, by currency."""
        return history.spent(self._source, str(owner))

    def rows(self, owner: Owner, data: str) -> list[KeyedRow] | None:
        """The keyed digests of a dataset; None where they are not kept."""
        return history.rows(self._source, str(owner), short_data(data))

    def runs(
        self, owner: Owner, model: str | None = None, limit: int | None = None
    ) -> tuple[PastRun, ...]:
        """Runs of an owner, newest first."""
        return lineage.runs(self._source, str(owner), model, limit)

    def lineage(self, owner: Owner, model: str) -> tuple[PastVersion, ...]:
        """What is known of each version of a model, oldest first."""
        return lineage.lineage(self._source, str(owner), model)

    def secret(self) -> bytes | None:
        """What digests are keyed with; None where the ledger was never written."""
        return history.secret(self._source)

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()


def short_data(data: str) -> str:
    """Digests of datasets stand in the ledger as they stand in marks."""
    return data if SHORT.fullmatch(data) else short(data)
