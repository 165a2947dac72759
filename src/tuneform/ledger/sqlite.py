"""A ledger in a local SQLite file: quick enough to write every intent to the disk itself.

Threads that intend at the same time share one transaction: whoever gets the file writes for all
who wait. The file is made with the first run, not before.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from tuneform.clock import Clock
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Step, Watch
from tuneform.ledger.base import IntentId, RunId
from tuneform.ledger.notes import Entry, notes_of
from tuneform.ledger.schema import open_to_read, open_to_write, told

DETAIL_CHARACTERS: Final = 500
"""Reasons are sentences; whatever is longer is cut."""

_INTENT = "INSERT INTO intents (run, number, model, step, remote, at) VALUES (?, ?, ?, ?, ?, ?)"
_OUTCOME = "INSERT INTO outcomes (run, number, outcome, detail, at) VALUES (?, ?, ?, ?, ?)"
_BEGIN = "INSERT INTO runs (owner, command, host, pid, began) VALUES (?, ?, ?, ?, ?)"
_END = "UPDATE runs SET ended = ?, outcome = ? WHERE run = ?"
_ENTRIES = """
SELECT i.remote, i.step, o.outcome, o.detail, coalesce(o.at, i.at), r.host
FROM runs AS r JOIN intents AS i ON i.run = r.run
LEFT JOIN outcomes AS o ON o.run = i.run AND o.number = i.number
WHERE r.owner = ? AND i.step IN ('start', 'watch') AND i.remote IS NOT NULL
ORDER BY i.run, i.number
"""

_Row: TypeAlias = tuple[str, tuple[str | int | None, ...]]
"""A statement with its values."""


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
        self._queue = Lock()  # guards the three below; held for moments
        self._pending: list[_Row] = []
        self._noted = 0
        self._intents = 0
        self._file = Lock()  # guards the two below; held while the disk works
        self._connection: sqlite3.Connection | None = None
        self._written = 0

    def begin_run(self, command: str, owner: Owner) -> RunId:
        """Open a run; make the file where there is none."""
        values = (str(owner), command, self._host, os.getpid(), self._now())
        with self._file:
            connection = self._opened()
            try:
                run = connection.execute(_BEGIN, values).lastrowid
            except sqlite3.Error as error:
                raise told(error, self._path) from error
        assert run is not None, "an INSERT has a row id"
        return RunId(run)

    def intend(self, run: RunId, model: str, step: Step) -> IntentId:
        """Note a step that is about to be performed; on disk when this returns (but for Watch)."""
        with self._queue:
            self._intents += 1
            intent = IntentId(run, self._intents)
            ticket = self._note(_INTENT, (*intent, model, step.do, step.remote, self._now()))
        if not isinstance(step, Watch):
            self._write(ticket)
        return intent

    def settle(self, intent: IntentId, outcome: str, detail: str = "") -> None:
        """Note what became of a step; on disk at once where there is a detail."""
        cut = " ".join(detail.split())[:DETAIL_CHARACTERS]
        with self._queue:
            ticket = self._note(_OUTCOME, (*intent, outcome, cut, self._now()))
        if cut:
            self._write(ticket)

    def end_run(self, run: RunId, outcome: str) -> None:
        """Close a run, and write what is left."""
        with self._queue:
            ticket = self._note(_END, (self._now(), outcome, run))
        self._write(ticket)

    def recorded(self, owner: Owner) -> RecordedSet:
        """Notes on an owner's objects, by remote name; none where there is no file yet."""
        connection = open_to_read(self._path)
        if connection is None:
            return RecordedSet()
        with closing(connection):
            try:
                rows = map(Entry._make, connection.execute(_ENTRIES, (str(owner),)))
                return notes_of(rows, self._host)
            except sqlite3.Error as error:
                raise told(error, self._path) from error

    def close(self) -> None:
        """Let go of the file. What was settled without a detail since the last intent is lost."""
        with self._file:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")

    def _note(self, statement: str, values: tuple[str | int | None, ...]) -> int:
        """Queue a row. Its ticket is how many rows must be written for it to be on disk."""
        self._pending.append((statement, values))
        self._noted += 1
        return self._noted

    def _write(self, ticket: int) -> None:
        """Return when the row with this ticket is on disk; write all that is queued if need be."""
        with self._file:
            if self._written >= ticket:
                return
            with self._queue:
                rows = tuple(self._pending)
            try:
                _commit(self._opened(), rows)
            except sqlite3.Error as error:
                raise told(error, self._path) from error  # the rows stay queued
            with self._queue:
                del self._pending[: len(rows)]
            self._written += len(rows)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_write(self._path)
        return self._connection


def _commit(connection: sqlite3.Connection, rows: tuple[_Row, ...]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, values in rows:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
