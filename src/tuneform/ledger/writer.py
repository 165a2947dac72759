"""A `Ledger`: what a run writes, as rows of the tables, through a journal.

It is made with the first run, not before.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, text, update

from tuneform.clock import Clock
from tuneform.domain.cost import Cost
from tuneform.domain.gate import Evaluation
from tuneform.domain.names import Owner
from tuneform.domain.plan import Start, Step, Watch
from tuneform.domain.record import Trained
from tuneform.ledger import history, tables
from tuneform.ledger.archive import Archive, short_data
from tuneform.ledger.base import IntentId, RunId, RunInfo
from tuneform.ledger.journal import Journal, Place, Statement
from tuneform.ledger.lineage import hyperparameters_text
from tuneform.ledger.source import Source

DETAIL_CHARACTERS: Final = 500
"""Reasons are sentences; whatever is longer is cut."""

DATASETS_KEPT: Final = 1_000
"""How many datasets of an owner have their digests kept: 40 bytes for each example."""

# The values are bound by other names than the columns, which an UPDATE would set to them.
_END = (
    update(tables.RUNS)
    .where(tables.RUNS.c.run == bindparam("the_run"))
    .values(ended=bindparam("at"), outcome=bindparam("what"), exit_code=bindparam("code"))
)
_NO_TRAINING = delete(tables.TRAININGS).where(
    tables.TRAININGS.c.run == bindparam("run"), tables.TRAININGS.c.remote == bindparam("remote")
)
# Both databases say it so, and SQLAlchemy has a construct of its own for each of them.
_COST = text("""
INSERT INTO costs (run, remote, model, tokens, likely, currency, at)
VALUES (:run, :remote, :model, :tokens, :likely, :currency, :at)
ON CONFLICT (run, remote) DO UPDATE SET tokens = excluded.tokens, likely = excluded.likely,
currency = excluded.currency, at = excluded.at
""")
_RUN, _INTENT, _OUTCOME, _VERSION, _EVALUATION, _DATASET, _TRAINING = map(
    insert,
    (
        tables.RUNS,
        tables.INTENTS,
        tables.OUTCOMES,
        tables.VERSIONS,
        tables.EVALUATIONS,
        tables.DATASETS,
        tables.TRAININGS,
    ),
)
_NO_DATASET = delete(tables.DATASETS).where(
    tables.DATASETS.c.owner == bindparam("owner"), tables.DATASETS.c.data == bindparam("data")
)
_NEWEST = (
    select(tables.DATASETS.c.dataset)
    .where(tables.DATASETS.c.owner == bindparam("owner"))
    .order_by(tables.DATASETS.c.dataset.desc())
    .limit(DATASETS_KEPT)
)
_FORGET = delete(tables.DATASETS).where(
    tables.DATASETS.c.owner == bindparam("owner"), tables.DATASETS.c.dataset.not_in(_NEWEST)
)


class Writer(Archive):
    """A `Ledger` in one place.

    Args:
        place: is written; opened with the first run.
        source: the same place, for asking.
        clock: dates the entries.
    """

    def __init__(self, place: Place, source: Source, clock: Clock) -> None:
        super().__init__(source)
        self._clock = clock
        self._journal = Journal(place)
        self._memory = Lock()  # guards all below
        self._intents = 0
        self._grown: set[str] = set()  # owners with a dataset more
        self._untold: dict[tuple[RunId, str], dict[str, Any]] = {}
        self._trained: dict[tuple[RunId, str], Trained] = {}
        self._secret: bytes | None = None

    def begin_run(self, info: RunInfo) -> RunId:
        """Open a run; make the place where there is none."""
        row = {
            "owner": str(info.owner),
            "command": info.command,
            "git_commit": info.commit,
            "dirty": int(info.dirty),
            "host": platform.node(),
            "pid": os.getpid(),
            "began": self._now(),
            "who": _safe(info.who),
        }
        return RunId(self._journal.insert(_RUN, row))

    def intend(self, run: RunId, model: str, step: Step) -> IntentId:
        """Note a step that is about to be performed; on disk when this returns (but for Watch)."""
        with self._memory:
            self._intents += 1
            intent = IntentId(run, self._intents)
        row = {"model": model, "step": step.do, "remote": step.remote, "at": self._now()}
        made_from = [(_VERSION, _key(intent) | _inputs(step))] if isinstance(step, Start) else []
        ticket = self._journal.note((_INTENT, _key(intent) | row), *made_from)
        if not isinstance(step, Watch):
            self._journal.write(ticket)
        return intent

    def settle(self, intent: IntentId, outcome: str, detail: str = "") -> None:
        """Note what became of a step; on disk at once where there is a detail."""
        cut = _safe(" ".join(detail.split())[:DETAIL_CHARACTERS])
        row = {"outcome": str(outcome), "detail": cut, "at": self._now()}
        ticket = self._journal.note((_OUTCOME, _key(intent) | row))
        if cut:
            self._journal.write(ticket)

    def flush(self) -> None:
        """Write what is noted."""
        self._journal.write(self._journal.note(*self._told()))

    def end_run(self, run: RunId, outcome: str, exit_code: int | None = None) -> None:
        """Close a run, and write what is left."""
        row = {"the_run": run, "at": self._now(), "what": outcome, "code": exit_code}
        with self._memory:
            forget: list[Statement] = [(_FORGET, {"owner": owner}) for owner in self._grown]
            self._grown.clear()
        self._journal.write(self._journal.note(*self._told(), *forget, (_END, row)))

    def record_evaluation(self, run: RunId, evaluation: Evaluation) -> None:
        """Note a verdict; on disk when this returns."""
        row = {
            "run": run,
            "model": evaluation.model,
            "remote": evaluation.remote,
            "gate": evaluation.gate,
            "passed": int(evaluation.passed),
            "scores": history.scores_text(evaluation.scores),
            "must_pass": evaluation.must_pass,
            "must_pass_failed": evaluation.must_pass_failed,
            "at": self._now(),
        }
        self._journal.write(self._journal.note((_EVALUATION, row)))

    def record_cost(self, run: RunId, model: str, remote: str, cost: Cost) -> None:
        """Note what a training costs; on disk with whatever comes next."""
        row = {
            "run": run,
            "remote": remote,
            "model": model,
            "tokens": cost.tokens.likely,
            "likely": None if cost.likely is None else str(cost.likely),
            "currency": cost.currency,
            "at": self._now(),
        }
        self._journal.note((_COST, row))

    def record_training(self, run: RunId, remote: str, trained: Trained) -> None:
        """Note what the service told of a training; on disk with a flush or the run's end."""
        with self._memory:
            known = self._trained.get((run, remote), Trained()).updated(trained)
            self._trained[run, remote] = known
            self._untold[run, remote] = {
                "run": run,
                "remote": remote,
                "operation": None if known.operation is None else _safe(known.operation),
                "hyperparameters": hyperparameters_text(known.hyperparameters),
                "loss": known.loss,
                "seconds": known.seconds,
                "at": self._now(),
                "tokens": known.tokens,
            }

    def record_rows(
        self, owner: Owner, data: str, rows: Iterable[tuple[bytes, bytes, int]]
    ) -> None:
        """Note the digests of a dataset; written like a cost. The end of a run drops the oldest."""
        key = {"owner": str(owner), "data": short_data(data)}
        row = {"rows": history.packed(rows), "at": self._now()}
        # One that is recorded again becomes the newest.
        self._journal.note((_NO_DATASET, key), (_DATASET, key | row))
        with self._memory:
            self._grown.add(str(owner))

    def secret(self) -> bytes:
        """What digests are keyed with; makes the place where there is none."""
        with self._memory:
            if self._secret is None:
                found = super().secret()
                if found is None:
                    self._journal.make()
                    found = super().secret()
                assert found is not None, "a ledger has a secret from its making on"
                self._secret = found
            return self._secret

    def _told(self) -> list[Statement]:
        """What trainings told and nobody has queued yet, as one statement for all."""
        with self._memory:
            rows = list(self._untold.values())
            self._untold.clear()
        return [(_NO_TRAINING, rows), (_TRAINING, rows)] if rows else []

    def close(self) -> None:
        """Let go of the place. What nothing has written since the last intent is lost."""
        self._journal.close()
        super().close()

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")


def _key(intent: IntentId) -> dict[str, Any]:
    return {"run": intent.run, "number": intent.number}


def _inputs(start: Start) -> dict[str, Any]:
    """What a version is made from: neither preamble nor description, which are people's texts."""
    return {
        "remote": start.remote,
        "fingerprint": start.fingerprint,
        "data": start.data_digest,
        "dataset": _safe(start.dataset.path),
        "base": start.base,
        "source": start.source,
        "parent": start.parent,
        "revision": start.mark.revision,
        "hyperparameters": hyperparameters_text(start.hyperparameters),
    }


def _safe(text: str) -> str:
    """Text that every database takes: no NUL, no half characters."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
