"""The kinds of ledgers, as tests see them from outside."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tuneform.clock import Clock
from tuneform.ledger.address import Address


class Kind:
    """Where a ledger is.

    Args:
        url: its address.
        clock: dates what is written.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.address = Address(url, Path("/nowhere"), clock)

    def open(self):
        """For writing."""
        return self.address.ledger()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What another program finds in it."""
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether anything was made."""
        raise NotImplementedError


class Somewhere(Kind):
    """In a file."""

    @property
    def path(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def exists(self) -> bool:
        return self.path.parent.exists()


class OnServer(Kind):
    """On a server."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        import psycopg

        with closing(psycopg.connect(self.url.replace("+psycopg", ""))) as connection:
            connection.execute("SET search_path TO tuneform")
            return connection.execute(query).fetchall()

    def exists(self) -> bool:
        return self.rows("SELECT to_regclass('tuneform.runs')") != [(None,)]
