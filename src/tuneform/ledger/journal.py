"""Statements on their way into the file of a ledger, each on the disk when its writer needs it.

Threads that write at the same time share one transaction: whoever gets the file writes for all who
wait. Knows nothing of runs and steps.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from tuneform.ledger.schema import open_to_write, told

Values: TypeAlias = tuple[str | int | bytes | None, ...]
"""What a statement puts into its question marks."""


class Journal:
    """The way into one file. All methods may be called by any thread.

    Args:
        path: of the file; it is made with the first write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue = Lock()  # guards the two below; held for moments
        self._pending: list[tuple[str, Values]] = []
        self._noted = 0
        self._file = Lock()  # guards the two below; held while the disk works
        self._connection: sqlite3.Connection | None = None
        self._written = 0

    def insert(self, statement: str, values: Values) -> int:
        """Write one row at once, without what is queued.

        Returns:
            Its row id.

        Raises:
            LocalError: the file cannot be made or written.
        """
        with self._file:
            connection = self._opened()
            try:
                row = connection.execute(statement, values).lastrowid
            except sqlite3.Error as error:
                raise told(error, self._path) from error
        assert row is not None, "an INSERT has a row id"
        return row

    def note(self, *statements: tuple[str, Values]) -> int:
        """Queue statements, which go into one transaction.

        Returns:
            Their ticket: how many must have been written for them to be on disk.
        """
        with self._queue:
            self._pending += statements
            self._noted += len(statements)
            return self._noted

    def write(self, ticket: int) -> None:
        """Return when what has this ticket is on disk; write all that is queued if need be.

        Raises:
            LocalError: the file cannot be written; everything stays queued.
        """
        with self._file:
            if self._written >= ticket:
                return
            with self._queue:
                statements = tuple(self._pending)
            try:
                _commit(self._opened(), statements)
            except sqlite3.Error as error:
                raise told(error, self._path) from error
            with self._queue:
                del self._pending[: len(statements)]
            self._written += len(statements)

    def close(self) -> None:
        """Let go of the file. What is queued is lost."""
        with self._file:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_write(self._path)
        return self._connection


def _commit(connection: sqlite3.Connection, statements: tuple[tuple[str, Values], ...]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
