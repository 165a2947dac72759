"""How an older ledger becomes one of this release: steps in order, each in a transaction.

A step is written once and never again: it says in SQL what became of the tables then, and knows
nothing of `tables.py`, which goes on changing. A new ledger is made whole and takes no step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Connection

Steps = Mapping[int, tuple[str, ...]]
"""Statements by the version that they lead to. Both SQLite and PostgreSQL must take them."""

STEPS: Final[Steps] = {
    # Who ran, how it ended, and what versions are made from. No server ever had version 2,
    # so these are the only ones that may be in the dialect of SQLite.
    3: (
        "ALTER TABLE runs ADD COLUMN who TEXT",
        "ALTER TABLE runs ADD COLUMN exit_code INTEGER",
        """
        CREATE TABLE versions (
            run INTEGER NOT NULL,
            number INTEGER NOT NULL,
            remote TEXT,
            fingerprint TEXT NOT NULL,
            data TEXT NOT NULL,
            dataset TEXT NOT NULL,
            base TEXT,
            source TEXT,
            parent TEXT,
            revision INTEGER NOT NULL,
            hyperparameters TEXT NOT NULL,
            PRIMARY KEY (run, number),
            FOREIGN KEY (run, number) REFERENCES intents (run, number)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX versions_by_remote ON versions (remote)",
        """
        CREATE TABLE trainings (
            run INTEGER NOT NULL REFERENCES runs (run),
            remote TEXT NOT NULL,
            operation TEXT,
            hyperparameters TEXT NOT NULL,
            loss DOUBLE,
            seconds DOUBLE,
            at TEXT NOT NULL,
            PRIMARY KEY (run, remote)
        ) WITHOUT ROWID
        """,
    ),
    # What a service has counted and billed.
    4: ("ALTER TABLE trainings ADD COLUMN tokens BIGINT",),
}


def migrate(
    connection: Connection,
    *,
    version: Callable[[Connection], int],
    settle: Callable[[Connection, int], None],
    steps: Steps = STEPS,
) -> None:
    """Take the steps that an older ledger lacks.

    Each looks again at the version inside its transaction: another process may have taken it.

    Args:
        connection: no transaction is open; beginning one excludes other writers.
        version: reads the version, and excludes whoever else would carry the ledger over.
        settle: writes it.
        steps: by the version that they lead to.
    """
    for target in sorted(steps):
        with connection.begin():
            if version(connection) == target - 1:
                for statement in steps[target]:
                    connection.exec_driver_sql(statement)
                settle(connection, target)
