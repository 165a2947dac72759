"""A ledger on a PostgreSQL server, which several machines share.

Its tables are in a schema of their own, `tuneform`, made by the first command that writes. Sessions
are kept: a pooler between us and the server must hand out whole sessions, not transactions.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from secrets import token_bytes
from threading import Lock
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, event, insert, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from tuneform.errors import LocalError
from tuneform.ledger import tables
from tuneform.ledger.migrations import STEPS, Steps, migrate
from tuneform.ledger.source import OLDEST, VERSION, Row, Values, check_known, check_readable

SCHEMA: Final = "tuneform"

SECRET_BYTES: Final = 32
"""Length of the secret that digests of examples are keyed with: that of SHA-256."""

_MAKERS_KEY: Final = 0x74756E65666F726D
"""Advisory lock ("tuneform") of whoever makes the tables, or carries them over."""

_SETTINGS: Final[dict[str, str | int]] = {
    "connect_timeout": 10,
    # A server that vanished without a word is found out in a minute.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "tuneform",
}
_SESSION: Final = (
    f"SET search_path TO {SCHEMA}",
    "SET default_transaction_isolation TO 'read committed'",
    "SET statement_timeout TO '60s'",
    "SET lock_timeout TO '30s'",
    # The same for the server: a machine that vanished must not hold a lock for hours.
    "SET tcp_keepalives_idle TO 20",
    "SET tcp_keepalives_interval TO 10",
    "SET tcp_keepalives_count TO 3",
)
# Not `to_regclass`: it may answer from a cache that another session's tables have not reached yet.
_MADE: Final = text(
    "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = :schema AND tablename = 'ledger_version'"
)
_MOVE: Final = "Name another database; this one holds history only, and a new one is made."
_HINTS: Final = (
    (
        r"authentication failed|no password supplied|role .* does not exist|no pg_hba",
        "Check the user and the password in TUNEFORM_LEDGER.",
    ),
    (r"database .* does not exist", "Create the database, or name another one."),
    (r"permission denied", "Grant the user CREATE on the database, or use on its schema tuneform."),
    (r"read-only", "Name the server that may be written, not one that follows it."),
    (r"disk full|No space left", "Free some space on the server, and run the command again."),
)
_REACH: Final = "Check that the server runs and can be reached, then run the command again."


class Server:
    """A database on a server, as a `Place`.

    Args:
        url: `postgresql+psycopg://…`.
        steps: that carry an older ledger over.

    Raises:
        LocalError: the URL makes no sense, or the driver is not installed.
    """

    def __init__(self, url: str, steps: Steps = STEPS) -> None:
        self._url = _parsed(url)
        self._steps = steps
        self.name = _name(self._url)
        """Where it is, for people: without user and password."""

    def open(self) -> Connection:
        """A session for writing; the tables are made where there are none."""
        with self.telling(), ExitStack() as undo:
            connection = undo.enter_context(self.connect())
            self.prepare(connection)
            undo.pop_all()
        return connection

    def connect(self) -> Connection:
        """A session, whatever is in the database.

        Raises:
            LocalError: there is none to be had.
        """
        try:
            from tuneform.ledger.session import Session

            engine = create_engine(self._url, connect_args=_settings(self._url), poolclass=NullPool)
        except ImportError as error:
            raise LocalError(
                f"a ledger on PostgreSQL needs its driver: {error.name} is not installed",
                hint="pip install 'tuneform[postgres]'",
            ) from error
        # Of a session that breaks it warns on stderr, beside the error that it raises and we tell.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        event.listen(engine, "do_connect", lambda _, __, args, more: Session.connect(*args, **more))
        event.listen(engine, "connect", _begin_session)
        with self.telling():
            return engine.connect()

    def prepare(self, connection: Connection) -> None:
        """Make the tables, or carry them over, where need be.

        Raises:
            LocalError: they are of a version that this release does not know.
        """
        with connection.begin():
            version = version_of(connection)
        if version == 0:
            with connection.begin():
                if _version_exclusively(connection) == 0:
                    _make(connection)
        elif version != VERSION or version < max(self._steps):
            check_known(f"the ledger at {self.name}", version, _MOVE)
            migrate(connection, version=_version_exclusively, settle=_settle, steps=self._steps)

    def close(self, connection: Connection) -> None:
        """Let go of a connection."""
        connection.close()

    def told(self, error: DBAPIError) -> LocalError:
        """What the server or the way to it complains of, without user and password."""
        cause = _cause(error, self._url)
        hint = next((hint for words, hint in _HINTS if re.search(words, cause)), _REACH)
        return LocalError(f"the ledger at {self.name} cannot be used: {cause}", hint=hint)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Errors of the block, as ours."""
        try:
            yield
        except DBAPIError as error:
            raise self.told(error) from error


class ServerSource:
    """A `Source` on a server. One session is kept until it is closed.

    Args:
        server: is asked.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._access = Lock()  # guards the one below
        self._connection: Connection | None = None

    def ask(self, question: str, values: Values, *, needs: int = OLDEST) -> list[Row] | None:
        """The rows of an answer; None where there are no tables yet."""
        with self._access:
            if self._connection is None:
                self._connection = self._server.connect()
            connection = self._connection
            try:
                with connection.begin():
                    version = version_of(connection)
                    if version == 0:
                        return None
                    check_readable(f"the ledger at {self._server.name}", version, needs, _MOVE)
                    return [tuple(row) for row in connection.execute(text(question), values)]
            except DBAPIError as error:
                if error.connection_invalidated:
                    self._release()
                raise self._server.told(error) from error

    def close(self) -> None:
        """Let go of the session."""
        with self._access:
            self._release()

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def version_of(connection: Connection) -> int:
    """The version of the tables; 0 where there are none."""
    if connection.execute(_MADE, {"schema": SCHEMA}).scalar() is None:
        return 0
    return int(connection.execute(select(tables.LEDGER_VERSION.c.version)).scalar_one())


def _version_exclusively(connection: Connection) -> int:
    """The same, while nobody else makes tables until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKERS_KEY})
    return version_of(connection)


def _settle(connection: Connection, version: int) -> None:
    connection.execute(update(tables.LEDGER_VERSION).values(version=version))


def _make(connection: Connection) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    tables.TABLES.create_all(connection, checkfirst=False)
    tables.SHARED.create_all(connection, checkfirst=False)
    connection.execute(insert(tables.SECRETS), {"secret": token_bytes(SECRET_BYTES)})
    connection.execute(insert(tables.LEDGER_VERSION), {"version": VERSION})


def _begin_session(connection: Any, _: object) -> None:
    """Settings that every session of ours has. Where they fail, nobody else would close it."""
    with ExitStack() as undo:
        undo.callback(connection.close)
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)
        connection.commit()
        undo.pop_all()


def _parsed(url: str) -> URL:
    # Neither the URL nor the complaint is shown: both may hold a password.
    senseless = LocalError(
        "the URL of the ledger makes no sense",
        hint="Write it like `postgresql+psycopg://user@host:5432/database`; special characters "
        "of a password are written with %, such as %40 for @.",
    )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise senseless from error.with_traceback(None)
    if re.search(r"[@\s]", parsed.host or ""):
        raise senseless  # no host: what stands before an @ there is the end of a password
    return parsed


def _settings(url: URL) -> dict[str, str | int]:
    """Our settings, but for what the URL says itself."""
    return {name: value for name, value in _SETTINGS.items() if name not in url.query}


def _name(url: URL) -> str:
    host = url.host or url.query.get("host") or "the local server"
    place = host if isinstance(host, str) else ", ".join(host)
    return f"{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _cause(error: DBAPIError, url: URL) -> str:
    """The server's sentence, in one line; a password is never in it, and is taken out if it is."""
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    cause = lines[0] if lines else "the connection broke"
    for secret in (url.password, url.query.get("password")):
        if secret:
            cause = cause.replace(str(secret), "(sensitive)")
    return cause
