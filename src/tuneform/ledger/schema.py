"""The SQLite file of the ledger: its tables, its version, and its errors told for people.

Knows nothing of runs and steps; `sqlite.py` does.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from secrets import token_bytes
from typing import Final

from filelock import FileLock

from tuneform.errors import LocalError

VERSION: Final = 2
"""Kept in `user_version`. A change of the tables raises it; older files are not carried over."""

APPLICATION: Final = 0x74756E65
"""Kept in `application_id` ("tune"): tells our file from somebody else's database."""

SECRET_BYTES: Final = 32
"""Length of the secret that digests of examples are keyed with: that of SHA-256."""

BUSY_SECONDS: Final = 10.0
"""How long to wait for another process of ours; its transactions take milliseconds."""

_TABLES = """
CREATE TABLE secrets (
    secret BLOB NOT NULL
);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    command TEXT NOT NULL,
    git_commit TEXT,
    dirty INTEGER NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    began TEXT NOT NULL,
    ended TEXT,
    outcome TEXT
);
CREATE INDEX runs_by_owner ON runs (owner);
CREATE TABLE intents (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    model TEXT NOT NULL,
    step TEXT NOT NULL,
    remote TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE outcomes (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, number),
    FOREIGN KEY (run, number) REFERENCES intents
) WITHOUT ROWID;
CREATE TABLE evaluations (
    evaluation INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs,
    model TEXT NOT NULL,
    remote TEXT NOT NULL,
    gate TEXT NOT NULL,
    passed INTEGER NOT NULL,
    scores TEXT NOT NULL,
    must_pass INTEGER NOT NULL,
    must_pass_failed INTEGER NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX evaluations_by_model ON evaluations (model);
CREATE TABLE costs (
    run INTEGER NOT NULL REFERENCES runs,
    remote TEXT NOT NULL,
    model TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    likely TEXT,
    currency TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run, remote)
) WITHOUT ROWID;
CREATE TABLE datasets (
    dataset INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    data TEXT NOT NULL,
    rows BLOB NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (owner, data)
);
"""

_MOVE_AWAY = "Move the file away; it holds history only, and a new one is made."

_CAUSES = {
    "SQLITE_FULL": ("the disk is full", "Free some space, and run the command again."),
    "SQLITE_READONLY": ("it may not be written", "Make it and its folder writable."),
    "SQLITE_PERM": ("it may not be written", "Make it and its folder writable."),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Make it and its folder readable and writable."),
    "SQLITE_NOTADB": ("it is not a SQLite database", _MOVE_AWAY),
    "SQLITE_CORRUPT": ("it is damaged", _MOVE_AWAY),
    "SQLITE_BUSY": ("another process keeps it locked", "Wait until that process ends."),
    "SQLITE_LOCKED": ("another process keeps it locked", "Wait until that process ends."),
    "SQLITE_IOERR": ("the disk failed", "Check the disk, or set TUNEFORM_LEDGER to another one."),
}


def told(error: sqlite3.Error, path: Path) -> LocalError:
    """What SQLite complains of, as our error with place, cause and next step."""
    name = getattr(error, "sqlite_errorname", "")
    primary = "_".join(name.split("_")[:2])  # SQLITE_IOERR_WRITE and its kind are SQLITE_IOERR
    cause, hint = _CAUSES.get(primary, (str(error), _MOVE_AWAY))
    return LocalError(f"{path}: the ledger cannot be used: {cause}", hint=hint)


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the file, and make it where there is none.

    The connection may be used by any thread, one at a time.

    Raises:
        LocalError: it cannot be made or written, or is not a ledger that this release knows.
    """
    if path.is_dir():
        raise LocalError(f"{path}: the ledger is a folder", hint="Name a file in `ledger`.")
    if _is_absent(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock", timeout=BUSY_SECONDS):
                if _is_absent(path):
                    _make(path)
        except OSError as error:  # a Timeout is one as well
            raise LocalError(
                f"{path}: the ledger cannot be made: {error.strerror or 'its folder is locked'}",
                hint="Make its folder writable, or set TUNEFORM_LEDGER to another place.",
            ) from error
    return _connect(path, "rw")


def open_to_read(path: Path) -> sqlite3.Connection | None:
    """Open the file without changing it; None where there is none.

    Raises:
        LocalError: it cannot be read, or is not a ledger that this release knows.
    """
    return None if _is_absent(path) else _connect(path, "ro")


def _is_absent(path: Path) -> bool:
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _make(path: Path) -> None:
    """Make it beside its place and move it there: nobody ever opens half a ledger."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
            connection.execute("INSERT INTO secrets VALUES (?)", (token_bytes(SECRET_BYTES),))
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error as error:
        raise told(error, path) from error
    fresh.replace(path)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        with ExitStack() as undo:
            undo.callback(connection.close)
            _check(connection, path)
            connection.execute("PRAGMA synchronous = FULL")  # an intent outlives a loss of power
            undo.pop_all()
    except sqlite3.Error as error:
        raise told(error, path) from error
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise LocalError(f"{path}: this database is not a ledger of tuneform", hint=_MOVE_AWAY)
    if version != VERSION:
        another = "Use the release that wrote it, or set TUNEFORM_LEDGER to another file."
        raise LocalError(
            f"{path}: the ledger has version {version}, and this release knows version {VERSION}",
            hint=_MOVE_AWAY if version < VERSION else another,
        )
