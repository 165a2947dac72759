"""The SQLite file of a ledger, for asking: no SQLAlchemy, and nothing is written.

What makes and writes it is in `sqlite_file.py`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from tuneform.errors import LocalError
from tuneform.ledger.source import OLDEST, VERSION, Row, Values, check_readable

APPLICATION: Final = 0x74756E65
"""Kept in `application_id` ("tune"): tells our file from somebody else's database."""

_FOREIGN: Final = """
SELECT 1 FROM sqlite_master
WHERE NOT (sql IS NULL OR sql GLOB 'CREATE TABLE [a-z]*' OR sql GLOB 'CREATE INDEX [a-z]*'
    OR sql GLOB 'CREATE UNIQUE INDEX [a-z]*')
"""
"""What no ledger of ours has: a branch may hold a file whose views and triggers never end."""

BUSY_SECONDS: Final = 10.0
"""How long to wait for another process of ours; its transactions take milliseconds."""

MOVE_AWAY: Final = "Move the file away; it holds history only, and a new one is made."

_CAUSES = {
    "SQLITE_FULL": ("the disk is full", "Free some space, and run the command again."),
    "SQLITE_READONLY": ("it may not be written", "Make it and its folder writable."),
    "SQLITE_PERM": ("it may not be written", "Make it and its folder writable."),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Make it and its folder readable and writable."),
    "SQLITE_NOTADB": ("it is not a SQLite database", MOVE_AWAY),
    "SQLITE_CORRUPT": ("it is damaged", MOVE_AWAY),
    "SQLITE_BUSY": ("another process keeps it locked", "Wait until that process ends."),
    "SQLITE_LOCKED": ("another process keeps it locked", "Wait until that process ends."),
    "SQLITE_IOERR": ("the disk failed", "Check the disk, or set TUNEFORM_LEDGER to another one."),
}


class SqliteSource:
    """A `Source` in one file. Each question opens it anew: a plan asks one or two.

    Args:
        path: of the file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, question: str, values: Values, *, needs: int = OLDEST) -> list[Row] | None:
        """The rows of an answer; None where there is no file."""
        if is_absent(self._path):
            return None
        with closing(connect(self._path, "ro")) as connection:
            try:
                check_readable(str(self._path), version_of(connection), needs, MOVE_AWAY)
                return connection.execute(question, dict(values)).fetchall()
            except sqlite3.Error as error:
                raise told(error, self._path) from error

    def is_older(self) -> bool:
        """Whether there is a file that has to be carried over before it can be written."""
        if is_absent(self._path):
            return False
        with closing(connect(self._path, "ro")) as connection:
            return version_of(connection) < VERSION

    def close(self) -> None:
        """Nothing is kept open."""


def told(error: sqlite3.Error, path: Path) -> LocalError:
    """What SQLite complains of, as our error with place, cause and next step."""
    name = getattr(error, "sqlite_errorname", "")
    primary = "_".join(name.split("_")[:2])  # SQLITE_IOERR_WRITE and its kind are SQLITE_IOERR
    cause, hint = _CAUSES.get(primary, (str(error), MOVE_AWAY))
    return LocalError(f"{path}: the ledger cannot be used: {cause}", hint=hint)


def is_absent(path: Path) -> bool:
    """Whether nothing was ever written there."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file of ours, which any thread may use, one at a time.

    Args:
        path: of the file.
        mode: `ro` or `rw`.

    Raises:
        LocalError: it cannot be opened, or is not ours.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):  # SQLite would wait for a pipe
        raise LocalError(
            f"{path}: the ledger is a pipe or a device", hint="Name a file in `ledger`."
        )
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}{_unchanging(path) if mode == 'ro' else ''}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        with ExitStack() as undo:
            undo.callback(connection.close)
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION or connection.execute(_FOREIGN).fetchone():
                raise LocalError(
                    f"{path}: this database is not a ledger of tuneform", hint=MOVE_AWAY
                )
            undo.pop_all()
    except sqlite3.Error as error:
        raise told(error, path) from error
    return connection


def _unchanging(path: Path) -> str:
    """What lets SQLite read a ledger in a folder where it may not put its files beside it.

    Whoever writes the ledger has put them there, so that without them nobody is about to.
    """
    writable = os.access(path.parent, os.W_OK)
    return "" if writable or Path(f"{path}-wal").exists() else "&immutable=1"


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables, which SQLite keeps in the head of the file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
