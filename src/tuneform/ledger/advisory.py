"""The lock of an owner on a shared ledger: an advisory lock of a PostgreSQL session.

It lives as long as the session. Where the process dies, the server frees it; where the machine
vanishes, it does so when its keepalives go unanswered, in less than a minute.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, insert, text
from sqlalchemy.exc import DBAPIError

from tuneform.domain.names import Owner
from tuneform.domain.record import Holder
from tuneform.errors import LocalError
from tuneform.ledger.postgres import Server, version_of
from tuneform.ledger.source import VERSION
from tuneform.ledger.tables import LOCKS

_TRY: Final = text("SELECT pg_try_advisory_lock(:key)")
# A key of 64 bits stands in two columns; one that does is told by `objsubid`.
_HOLDS: Final = """
SELECT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
AND d.datname = current_database()
AND ((l.classid::bigint << 32) | l.objid::bigint) = :key
"""
_HELD: Final = text(_HOLDS)
_HOLDER: Final = text(f"""
SELECT k.pid, k.host, k.since, k.command, k.who FROM locks AS k
WHERE k.owner = :owner AND k.backend IN ({_HOLDS})
""")  # noqa: S608 - no value stands in it
_NEVER_IDLE: Final = """
SELECT set_config(name, '0', false) FROM pg_settings
WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout')
"""


class AdvisoryLock:
    """The lock of one owner on a server.

    Args:
        server: that keeps it.
        owner: whose.
    """

    def __init__(self, server: Server, owner: Owner) -> None:
        self._server = server
        self._owner = str(owner)
        self._session: Connection | None = None

    @property
    def session(self) -> Connection:
        """The session that holds it.

        Raises:
            LocalError: it was lost, and the lock with it.
        """
        session = self._session
        if session is None or session.invalidated or session.closed:
            raise LocalError(
                f"the session with the ledger at {self._server.name} was lost, and with it the "
                f"lock of {self._owner}",
                hint="Check the server, then run the command again: it goes on from here.",
            )
        return session

    def acquire(self) -> bool:
        """Try to hold it."""
        with self._server.telling():
            connection = self._connected()
            with connection.begin():
                held = connection.execute(_TRY, {"key": key_of(self._owner)}).scalar_one()
            if held:
                self._server.prepare(connection)
                with connection.begin():
                    connection.exec_driver_sql(_NEVER_IDLE)
        return bool(held)

    def is_held(self) -> bool:
        """Whether any session holds it."""
        with self._server.telling():
            connection = self._connected()
            with connection.begin():
                found = connection.execute(_HELD, {"key": key_of(self._owner)}).first()
        return found is not None

    def announce(self, holder: Holder) -> None:
        """Say who holds it, in a row that is believed only with the session that holds it."""
        session = self.session
        with self._server.telling(), session.begin():
            session.execute(delete(LOCKS).where(LOCKS.c.owner == self._owner))
            backend = session.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            row = {"owner": self._owner, "backend": backend, **asdict(holder)}
            session.execute(insert(LOCKS), row)

    def holder(self) -> Holder | None:
        """Who holds it, as that row says."""
        values = {"owner": self._owner, "key": key_of(self._owner)}
        with self._server.telling():
            connection = self._connected()
            with connection.begin():
                if version_of(connection) != VERSION:
                    return None
                found = connection.execute(_HOLDER, values).first()
        try:
            return None if found is None else Holder(*found)
        except ValueError:
            return None

    def release(self) -> None:
        """Let go of it; where the session is lost, so is the lock."""
        if self._session is not None and not self._session.invalidated:
            with suppress(DBAPIError), self._session.begin():
                self._session.execute(delete(LOCKS).where(LOCKS.c.owner == self._owner))
        self.close()

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            with suppress(DBAPIError):
                self._session.close()
            self._session = None

    def _connected(self) -> Connection:
        if self._session is None:
            self._session = self._server.connect()
        return self._session


class LockedServer:
    """A `Place` that is written through the session that holds a lock, and through no other.

    Args:
        server: the place.
        lock: that is held.
    """

    def __init__(self, server: Server, lock: AdvisoryLock) -> None:
        self._server = server
        self._lock = lock

    def open(self) -> Connection:
        """The session of the lock; never a new one."""
        return self._lock.session

    def close(self, connection: Connection) -> None:
        """The session stays with the lock."""

    def told(self, error: DBAPIError) -> LocalError:
        """What the server complains of."""
        return self._server.told(error)


def key_of(owner: str) -> int:
    """The key of an owner's lock, as PostgreSQL takes it: 64 bits with a sign."""
    digest = sha256(f"tuneform/v1 lock\x00{owner}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
