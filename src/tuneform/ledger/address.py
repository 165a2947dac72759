"""From the URL of a ledger to something that can be asked, written, and locked.

What a kind of ledger needs is loaded when it is chosen: asking a local file needs no SQLAlchemy,
which takes longer to load than a small plan takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tuneform.clock import Clock
from tuneform.domain.names import Owner
from tuneform.domain.record import LockState
from tuneform.errors import LocalError
from tuneform.ledger.archive import Archive
from tuneform.ledger.base import Ledger, Record
from tuneform.ledger.lock import FileLock, Lock, Patience, Purpose, hold, state_of
from tuneform.ledger.sqlite import SqliteSource

_SQLITE, _POSTGRES = "sqlite", "postgresql+psycopg"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}")
_HINT = (
    "Write `sqlite:///.tuneform/ledger.db`, four slashes before an absolute path, or "
    "`postgresql+psycopg://user@host/database`."
)


class Address:
    """Where a ledger is. Nothing is read or made yet.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql+psycopg://…`.
        root: what relative paths start from: the project directory.
        clock: dates the entries.

    Raises:
        LocalError: this release knows no such ledger.
    """

    def __init__(self, url: str, root: Path, clock: Clock) -> None:
        scheme, colon, rest = url.partition("://")
        if not colon or scheme not in (_SQLITE, _POSTGRES):
            # Only the scheme is shown: what follows may hold a password, and a slip puts it first.
            named = f"`{scheme}://…`" if colon and _SCHEME.fullmatch(scheme) else "no URL"
            raise LocalError(
                f"the ledger is {named}, and this release knows {_SQLITE} and {_POSTGRES}",
                hint=_HINT,
            )
        if scheme == _SQLITE and (not rest.startswith("/") or not rest.strip("/")):
            raise LocalError(f"the ledger is `{_SQLITE}://…` and names no file", hint=_HINT)
        self._url = url
        self._clock = clock
        self._file = root / rest[1:] if scheme == _SQLITE else None

    def record(self) -> Record:
        """For asking."""
        if self._file is not None:
            return Archive(SqliteSource(self._file))
        from tuneform.ledger.postgres import Server, ServerSource

        return Archive(ServerSource(Server(self._url)))

    def ledger(self) -> Ledger:
        """For writing, without a lock."""
        from tuneform.ledger.writer import Writer

        if self._file is not None:
            from tuneform.ledger.sqlite_file import SqliteFile

            return Writer(SqliteFile(self._file), SqliteSource(self._file), self._clock)
        from tuneform.ledger.postgres import Server, ServerSource

        server = Server(self._url)
        return Writer(server, ServerSource(server), self._clock)

    @contextmanager
    def locked(self, owner: Owner, purpose: Purpose, patience: Patience) -> Iterator[Ledger]:
        """Hold the lock of an owner for the time of the block, and write under it.

        What is written on a server goes through the very session that holds the lock: where that
        is lost, nothing more is written, and so nothing more is begun.

        Args:
            owner: whose models are about to be written.
            purpose: told to whoever has to wait.
            patience: how long to wait for another holder.

        Raises:
            Locked: another run holds it; says who, since when, where, for what, and what to do.
            LocalError: the lock cannot be made, or the ledger on a server cannot be used.
        """
        if self._file is not None:
            with hold(self._file_lock(owner), owner, purpose, patience, self._clock):
                self._carry_over(self._file)
                with closing(self.ledger()) as ledger:
                    yield ledger
            return
        from tuneform.ledger.advisory import AdvisoryLock, LockedServer
        from tuneform.ledger.postgres import Server, ServerSource
        from tuneform.ledger.writer import Writer

        server = Server(self._url)
        with (
            closing(AdvisoryLock(server, owner)) as lock,
            hold(lock, owner, purpose, patience, self._clock),
            closing(
                Writer(LockedServer(server, lock), ServerSource(server), self._clock)
            ) as ledger,
        ):
            yield ledger

    def lock_state(self, owner: Owner) -> LockState:
        """Who holds the lock of an owner, if anybody does. Nothing is written.

        Raises:
            LocalError: it cannot be told.
        """
        if self._file is not None:
            return state_of(self._file_lock(owner))
        from tuneform.ledger.advisory import AdvisoryLock
        from tuneform.ledger.postgres import Server

        with closing(AdvisoryLock(Server(self._url), owner)) as lock:
            return state_of(lock)

    @staticmethod
    def _carry_over(path: Path) -> None:
        """Do what opening it to write would do, also where there will be nothing to write."""
        if SqliteSource(path).is_older():
            from tuneform.ledger.sqlite_file import SqliteFile

            SqliteFile(path).open().close()

    def _file_lock(self, owner: Owner) -> Lock:
        assert self._file is not None, "a ledger on a server has no file"
        return FileLock(self._file.parent / "locks", owner)
