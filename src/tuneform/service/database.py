"""The SQLite file: opening it, its tables, and transactions by threads and processes.

Readers never wait (WAL). Writers of one process queue on a lock, writers of several on SQLite's
own. What is committed survives the death of the process. It does not wait for the disk (that would
be most of the time of a create): a loss of power may take the last moments with it, and leaves an
older, whole file. Nothing here knows what the rows mean.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

_BUSY_SECONDS = 30.0

_TABLES = """
CREATE TABLE service (
  id TEXT NOT NULL                     -- random; binds page tokens to this file
);
CREATE TABLE models (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of creation
  id TEXT NOT NULL UNIQUE,
  resource BLOB NOT NULL               -- the TunedModel as JSON, without its snapshots
);
CREATE TABLE permissions (
  model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
  id TEXT NOT NULL,
  grantee_type TEXT NOT NULL,
  email TEXT NOT NULL,                 -- empty for EVERYONE
  role TEXT NOT NULL,
  PRIMARY KEY (model, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX grants ON permissions (model, grantee_type, email);
CREATE TABLE trainings (               -- outlives its model: the history of the service
  seq INTEGER PRIMARY KEY,             -- the seq of its model
  model TEXT NOT NULL,
  operation TEXT NOT NULL,
  display_name TEXT NOT NULL,
  source TEXT NOT NULL,
  data_digest TEXT NOT NULL,
  examples INTEGER NOT NULL,
  epochs INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  rate REAL NOT NULL,
  total_steps INTEGER NOT NULL,
  completed_steps INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT 'TRAINING',
  error BLOB,
  created TEXT NOT NULL,
  started TEXT,
  finished TEXT,
  deleted TEXT
);
CREATE INDEX trainings_by_model ON trainings (model);
CREATE INDEX unfinished ON trainings (seq) WHERE outcome = 'TRAINING';
CREATE TABLE inputs (                  -- only while the training is unfinished
  training INTEGER PRIMARY KEY,
  examples BLOB NOT NULL,
  parent_outputs BLOB,
  parent_matrix BLOB
);
CREATE TABLE snapshots (               -- one row for each batch of steps that was written
  training INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  steps BLOB NOT NULL,
  PRIMARY KEY (training, first_step)
);
CREATE TABLE weights (
  training INTEGER PRIMARY KEY,
  outputs BLOB NOT NULL,
  matrix BLOB NOT NULL
);
CREATE TABLE trainer (                 -- who trains, for the message to the one who may not
  pid INTEGER NOT NULL,
  since TEXT NOT NULL
);
"""

_VERTEX = """
ALTER TABLE trainings ADD COLUMN dialect TEXT NOT NULL DEFAULT 'gemini';
ALTER TABLE trainings ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE inputs ADD COLUMN checkpoints TEXT NOT NULL DEFAULT '[]';
CREATE TABLE checkpoints (             -- weights from the middle of a training
  training INTEGER NOT NULL,
  step INTEGER NOT NULL,
  outputs BLOB NOT NULL,
  matrix BLOB NOT NULL,
  PRIMARY KEY (training, step)
);
CREATE TABLE vertex (                  -- everything that has a name in the Vertex dialect
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of creation
  kind TEXT NOT NULL,                  -- tuningJobs, models, versions, endpoints, operations
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  resource BLOB NOT NULL,              -- as it is answered, JSON
  notes BLOB NOT NULL,                 -- what nobody is told, JSON
  due REAL,                            -- when something is to happen to it; seconds since 1970
  UNIQUE (kind, name)
);
CREATE INDEX vertex_lists ON vertex (kind, parent, seq);
CREATE INDEX vertex_due ON vertex (due) WHERE due IS NOT NULL;
"""

_FORMATS = (_TABLES, _VERTEX)
"""What each format of the file adds to the one before: older files are brought up to date."""

SCHEMA_VERSION = len(_FORMATS)

# A branch may bring a file whose views and triggers never end.
_STRANGE = """
SELECT 1 FROM sqlite_master
WHERE NOT (sql IS NULL OR sql GLOB 'CREATE TABLE [a-z]*' OR sql GLOB 'CREATE INDEX [a-z]*'
    OR sql GLOB 'CREATE UNIQUE INDEX [a-z]*')
"""


class DataUnusable(Exception):
    """The data file cannot be opened, written or understood; the message says which and why."""


class Database:
    """Connections to one data file, shared by the threads of a process."""

    def __init__(self, path: Path, *, service_id: str) -> None:
        """Open the file, and make it and its folder where there is none.

        Args:
            path: the data file.
            service_id: what a new file is to call itself.

        Raises:
            DataUnusable: when that fails.
        """
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self._write = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:
                self._writer = opened.enter_context(closing(self._connect()))
                self._prepare(service_id)
                opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise DataUnusable(
                f"cannot use {path} as the data file of the practice service: {error}; "
                "name a file in a folder that can be written"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=200,
        )
        with ExitStack() as opened:
            opened.enter_context(closing(connection))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            opened.pop_all()
        return connection

    def _prepare(self, service_id: str) -> None:
        if self._writer.execute(_STRANGE).fetchone():
            raise DataUnusable(
                f"{self.path} holds views or triggers, and is no data file of the practice "
                "service; name another file"
            )
        if self._version() == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            version = self._version()  # another process may have been quicker
            if not 0 <= version <= SCHEMA_VERSION:
                raise DataUnusable(
                    f"{self.path} was written by another release of the practice service "
                    f"(format {version}, this one reads {SCHEMA_VERSION}); name another file"
                )
            for tables in _FORMATS[version:]:
                for statement in tables.split(";\n"):
                    connection.execute(statement)
            if version == 0:
                connection.execute("INSERT INTO service (id) VALUES (?)", (service_id,))
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _version(self) -> int:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        return int(version)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file."""
        with self._pool:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self.path} was closed")
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Keep a connection for the next reader; one that outlived the database is closed."""
        with self._pool:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or, when anything is raised inside, nothing."""
        with self._write:
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection; nothing may use the database afterwards."""
        with self._write, self._pool:
            self._closed = True
            for connection in (*self._idle, self._writer):
                connection.close()
            self._idle.clear()
