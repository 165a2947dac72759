"""A ledger in a local SQLite file: quick enough to write every intent to the disk itself.

The file is made with the first run, not before. Asking reads the file on a connection of its own,
so that whoever only plans writes nothing.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from tuneform.clock import Clock
from tuneform.domain.cost import Cost, Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.gate import Evaluation
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import SHORT, Owner, short
from tuneform.domain.plan import Step, Watch
from tuneform.ledger import history
from tuneform.ledger.base import (
    IntentId,
    PastEvaluation,
    RunId,
    RunInfo,
)
from tuneform.ledger.journal import Journal
from tuneform.ledger.schema import open_to_read, open_to_write, told

DETAIL_CHARACTERS: Final = 500
"""Reasons are sentences; whatever is longer is cut."""

DATASETS_KEPT: Final = 1_000
"""How many datasets of an owner have their digests kept: 40 bytes for each example."""

_BEGIN = (
    "INSERT INTO runs (owner, command, git_commit, dirty, host, pid, began)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INTENT = "INSERT INTO intents (run, number, model, step, remote, at) VALUES (?, ?, ?, ?, ?, ?)"
_OUTCOME = "INSERT INTO outcomes (run, number, outcome, detail, at) VALUES (?, ?, ?, ?, ?)"
_END = "UPDATE runs SET ended = ?, outcome = ? WHERE run = ?"
_EVALUATION = (
    "INSERT INTO evaluations"
    " (run, model, remote, gate, passed, scores, must_pass, must_pass_failed, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_COST = (
    "INSERT OR REPLACE INTO costs (run, remote, model, tokens, likely, currency, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
# A dataset that is recorded again becomes the newest.
_DATASET = "INSERT OR REPLACE INTO datasets (owner, data, rows, at) VALUES (?, ?, ?, ?)"
_FORGET = """
DELETE FROM datasets WHERE owner = ?1 AND dataset NOT IN
(SELECT dataset FROM datasets WHERE owner = ?1 ORDER BY dataset DESC LIMIT ?2)
"""

T = TypeVar("T")


class SqliteLedger:
    """A `Ledger` in one file.

    Args:
        path: of the file; its folder is made with it.
        clock: dates the entries.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._host = platform.node()
        self._journal = Journal(path)
        self._numbers = Lock()  # guards the one below
        self._intents = 0
        self._secret: bytes | None = None

    def begin_run(self, info: RunInfo) -> RunId:
        """Open a run; make the file where there is none."""
        git = (info.commit, int(info.dirty))
        values = (str(info.owner), info.command, *git, self._host, os.getpid(), self._now())
        return RunId(self._journal.insert(_BEGIN, values))

    def intend(self, run: RunId, model: str, step: Step) -> IntentId:
        """Note a step that is about to be performed; on disk when this returns (but for Watch)."""
        with self._numbers:
            self._intents += 1
            intent = IntentId(run, self._intents)
        values = (*intent, model, step.do, step.remote, self._now())
        ticket = self._journal.note((_INTENT, values))
        if not isinstance(step, Watch):
            self._journal.write(ticket)
        return intent

    def settle(self, intent: IntentId, outcome: str, detail: str = "") -> None:
        """Note what became of a step; on disk at once where there is a detail."""
        cut = " ".join(detail.split())[:DETAIL_CHARACTERS]
        ticket = self._journal.note((_OUTCOME, (*intent, outcome, cut, self._now())))
        if cut:
            self._journal.write(ticket)

    def end_run(self, run: RunId, outcome: str) -> None:
        """Close a run, and write what is left."""
        self._journal.write(self._journal.note((_END, (self._now(), outcome, run))))

    def record_evaluation(self, run: RunId, evaluation: Evaluation) -> None:
        """Note a verdict; on disk when this returns."""
        values = (
            run,
            evaluation.model,
            evaluation.remote,
            evaluation.gate,
            int(evaluation.passed),
            history.scores_text(evaluation.scores),
            evaluation.must_pass,
            evaluation.must_pass_failed,
            self._now(),
        )
        self._journal.write(self._journal.note((_EVALUATION, values)))

    def record_cost(self, run: RunId, model: str, remote: str, cost: Cost) -> None:
        """Note what a training costs; on disk with whatever comes next."""
        likely = None if cost.likely is None else str(cost.likely)
        values = (run, remote, model, cost.tokens.likely, likely, cost.currency, self._now())
        self._journal.note((_COST, values))

    def record_rows(
        self, owner: Owner, data: str, rows: Iterable[tuple[bytes, bytes, int]]
    ) -> None:
        """Note the digests of a dataset, and drop those beyond the newest; written like a cost."""
        whose = str(owner)
        self._journal.note(
            (_DATASET, (whose, _short(data), history.packed(rows), self._now())),
            (_FORGET, (whose, DATASETS_KEPT)),
        )

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects, by remote name; none where there is no file yet."""
        asked = partial(history.recorded, owner=str(owner), host=self._host)
        return self._ask(asked, RecordedSet())

    def last_applied(self, owner: Owner) -> str | None:
        """The commit of the newest apply that did something."""
        return self._ask(partial(history.last_applied, owner=str(owner)), None)

    def evaluations(self, owner: Owner, model: str) -> tuple[PastEvaluation, ...]:
        """Verdicts on versions of a model, newest first."""
        return self._ask(partial(history.evaluations, owner=str(owner), model=model), ())

    def spent(self, owner: Owner) -> tuple[Spent, ...]:
        """What the trainings of an owner cost together, by currency."""
        return self._ask(partial(history.spent, owner=str(owner)), ())

    def rows(self, owner: Owner, data: str) -> list[KeyedRow] | None:
        """The keyed digests of a dataset; None where they are not kept."""
        return self._ask(partial(history.rows, owner=str(owner), data=_short(data)), None)

    def secret(self) -> bytes:
        """What digests are keyed with; makes the file where there is none."""
        if self._secret is None:
            connection = open_to_read(self._path) or open_to_write(self._path)
            self._secret = self._answer(connection, history.secret)
        return self._secret

    def close(self) -> None:
        """Let go of the file. What nothing has written since the last intent is lost."""
        self._journal.close()

    def _ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The answer of the file; `otherwise` where there is none."""
        connection = open_to_read(self._path)
        return otherwise if connection is None else self._answer(connection, question)

    def _answer(
        self, connection: sqlite3.Connection, question: Callable[[sqlite3.Connection], T]
    ) -> T:
        with closing(connection):
            try:
                return question(connection)
            except sqlite3.Error as error:
                raise told(error, self._path) from error

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")


def _short(data: str) -> str:
    """Digests of datasets stand in the file as they stand in marks."""
    return data if SHORT.fullmatch(data) else short(data)
