"""Which objects and uploads there are: a small SQLite file beside their bytes.

What is committed survives the death of the process. A row names the file with the bytes, which was
complete before the row came: so there is no moment at which half an object can be seen. Nothing
here opens those files.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_BUSY_SECONDS = 30.0

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL,
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL,
  blob TEXT NOT NULL,                  -- the file with its bytes
  size INTEGER NOT NULL,
  md5 TEXT NOT NULL,
  crc32c TEXT NOT NULL,
  content_type TEXT NOT NULL,
  metadata TEXT NOT NULL,              -- JSON
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,                 -- also the file with what came so far
  bucket TEXT NOT NULL,
  name TEXT NOT NULL,
  draft TEXT NOT NULL,                 -- JSON: what the finished object shall be
  created TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'OPEN',
  generation INTEGER                   -- of the object, once it is DONE
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (
  last INTEGER NOT NULL                -- never given twice, also while the clock stands still
);
INSERT INTO generations SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM generations);
"""


class Index:
    """The tables; each use has a connection of its own, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where there is none.

        Raises:
            sqlite3.Error: it cannot be used.
        """
        self._path = path
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")  # another process may be doing the same
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a question."""
        with closing(self._connect()) as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or, when anything is raised inside, nothing."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # without it, closing rolls back
