"""Statements on their way into a ledger, each on the disk when its writer needs it.

Threads that write at the same time share one transaction: whoever gets the connection writes for
all who wait. Knows nothing of runs and steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, Executable, Insert
from sqlalchemy.exc import DBAPIError

from tuneform.errors import LocalError

Statement: TypeAlias = tuple[Executable, Mapping[str, Any] | Sequence[Mapping[str, Any]]]
"""A statement, and its values by name, once or many times."""


class Place(Protocol):
    """Where a journal writes."""

    def open(self) -> Connection:
        """A connection for writing; what is not there yet is made, what is older carried over.

        Raises:
            LocalError: it cannot be made or written, or is not a ledger that this release knows.
        """
        ...

    def close(self, connection: Connection) -> None:
        """Let go of a connection."""
        ...

    def told(self, error: DBAPIError) -> LocalError:
        """What a database complains of, as our error with place, cause and next step."""
        ...


class Journal:
    """The way into one ledger. All methods may be called by any thread.

    Args:
        place: opened with the first write.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._queue = Lock()  # guards the two below; held for moments
        self._pending: list[Statement] = []
        self._noted = 0
        self._access = Lock()  # guards the two below; held while the disk works
        self._connection: Connection | None = None
        self._written = 0

    def insert(self, statement: Insert, values: Mapping[str, Any]) -> int:
        """Write one row at once, without what is queued.

        Returns:
            The number that the database gave it.

        Raises:
            LocalError: the ledger cannot be made or written.
        """
        with self._access:
            connection = self._opened()
            try:
                with connection.begin():
                    key = connection.execute(statement, values).inserted_primary_key
            except DBAPIError as error:
                raise self._failure(error) from error
        assert key is not None, "an INSERT of one row has a key"
        return int(key[0])

    def make(self) -> None:
        """Open the ledger, and make it where there is none.

        Raises:
            LocalError: it cannot be made.
        """
        with self._access:
            self._opened()

    def note(self, *statements: Statement) -> int:
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
            LocalError: the ledger cannot be written; everything stays queued.
        """
        with self._access:
            if self._written >= ticket:
                return
            with self._queue:
                statements = tuple(self._pending)
            self._commit(statements)
            with self._queue:
                del self._pending[: len(statements)]
            self._written += len(statements)

    def close(self) -> None:
        """Let go of the connection. What is queued is lost."""
        with self._access:
            self._release()

    def _commit(self, statements: Sequence[Statement]) -> None:
        connection = self._opened()
        try:
            with connection.begin():
                for statement, values in statements:
                    connection.execute(statement, values)
        except DBAPIError as error:
            raise self._failure(error) from error

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._place.open()
        return self._connection

    def _failure(self, error: DBAPIError) -> LocalError:
        """Tell an error; a connection that broke is let go of, so that a new one may be tried."""
        if error.connection_invalidated:
            self._release()
        return self._place.told(error)

    def _release(self) -> None:
        if self._connection is not None:
            self._place.close(self._connection)
            self._connection = None
