"""The SQLite file of a ledger, for writing: made whole, carried over, and safe against power loss.

Asking it needs none of this; `sqlite.py` does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from secrets import token_bytes
from typing import Final

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tuneform.errors import LocalError
from tuneform.ledger import tables
from tuneform.ledger.migrations import STEPS, Steps, migrate
from tuneform.ledger.source import VERSION, check_known
from tuneform.ledger.sqlite import (
    APPLICATION,
    BUSY_SECONDS,
    MOVE_AWAY,
    connect,
    is_absent,
    told,
    version_of,
)

SECRET_BYTES: Final = 32
"""Length of the secret that digests of examples are keyed with: that of SHA-256."""


class SqliteFile:
    """A `Place` in one file.

    Args:
        path: of the file; its folder is made with it.
        steps: that carry an older file over.
    """

    def __init__(self, path: Path, steps: Steps = STEPS) -> None:
        self._path = path
        self._steps = steps

    def open(self) -> Connection:
        """Open the file, and make it where there is none."""
        path = self._path
        if path.is_dir():
            raise LocalError(f"{path}: the ledger is a folder", hint="Name a file in `ledger`.")
        if is_absent(path):
            self._make()
        plain = _connect(path)
        found = version_of(plain)
        try:
            connection = _engine(lambda: plain).connect()
            if found < max(self._steps):
                migrate(connection, version=_version, settle=_settle, steps=self._steps)
        except DBAPIError as error:
            plain.close()
            raise self.told(error) from error
        return connection

    def close(self, connection: Connection) -> None:
        """Let go of a connection."""
        connection.close()

    def told(self, error: DBAPIError) -> LocalError:
        """What SQLite complains of."""
        cause = error.orig
        assert isinstance(cause, sqlite3.Error), "this driver raises nothing else"
        return told(cause, self._path)

    def _make(self) -> None:
        path = self._path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock", timeout=BUSY_SECONDS):
                if is_absent(path):
                    _make(path)
        except DBAPIError as error:
            raise self.told(error) from error
        except sqlite3.Error as error:
            raise told(error, path) from error
        except OSError as error:  # a Timeout is one as well
            raise LocalError(
                f"{path}: the ledger cannot be made: {error.strerror or 'its folder is locked'}",
                hint="Make its folder writable, or set TUNEFORM_LEDGER to another place.",
            ) from error


def _make(path: Path) -> None:
    """Make it beside its place and move it there: nobody ever opens half a ledger."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute(f"PRAGMA application_id = {APPLICATION}")
    with (
        _engine(lambda: sqlite3.connect(fresh, isolation_level=None)).connect() as connection,
        connection.begin(),
    ):
        tables.TABLES.create_all(connection)
        connection.execute(insert(tables.SECRETS), {"secret": token_bytes(SECRET_BYTES)})
        _settle(connection, VERSION)
    fresh.replace(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = connect(path, "rw")
    try:
        check_known(str(path), version_of(connection), MOVE_AWAY)
        connection.execute("PRAGMA synchronous = FULL")  # an intent outlives a loss of power
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(creator: Callable[[], sqlite3.Connection]) -> Engine:
    """Connections that write: each transaction has the file for itself from its beginning."""
    engine = create_engine("sqlite+pysqlite://", creator=creator, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The driver begins nothing by itself; BEGIN alone would wait for the lock in mid-way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _settle(connection: Connection, version: int) -> None:
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")
