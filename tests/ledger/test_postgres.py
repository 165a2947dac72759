"""A ledger on a server: away, lost in mid-run, too new, not ours; and what is never shown."""

import contextlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests import server
from tests.ledger.kinds import OnServer

from tuneform.clock import SteeredClock
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete
from tuneform.errors import LocalError
from tuneform.ledger.base import RunInfo
from tuneform.ledger.lock import Patience, Purpose
from tuneform.ledger.postgres import Server, _begin_session
from tuneform.ledger.source import VERSION

DEMO = Owner("demo")
APPLY = RunInfo("apply", DEMO)
DELETE = Delete("tunedModels/support-abcdefghij")
PASSWORD = "not%21to%21be%21seen"
PLAIN = "not!to!be!seen"


@pytest.fixture
def kind(postgres):
    return OnServer(postgres.database(), SteeredClock())


def locked(kind, owner=DEMO):
    return kind.address.locked(owner, Purpose("apply"), Patience())


def end_sessions(kind):
    """As an administrator does, or a server that restarts."""
    kind.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_its_tables_are_in_a_schema_of_their_own(kind):
    with closing(kind.open()) as ledger:
        ledger.begin_run(APPLY)
    assert kind.rows("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'runs'") == [
        ("tuneform",)
    ]
    assert kind.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_lost_session_writes_nothing_more_as_the_lock_is_lost_with_it(kind):
    with locked(kind) as ledger:
        run = ledger.begin_run(APPLY)
        ledger.intend(run, "support", DELETE)
        end_sessions(kind)
        with pytest.raises(LocalError, match="cannot be used"):
            ledger.intend(run, "support", DELETE)
        with locked(kind) as other:  # another machine is free to go on
            other.begin_run(APPLY)
            with pytest.raises(LocalError, match="was lost, and with it the lock of demo"):
                ledger.intend(run, "support", DELETE)
        with pytest.raises(LocalError, match="was lost"):
            ledger.end_run(run, "ended")
    assert kind.rows("SELECT count(*) FROM intents") == [(1,)]


def test_a_session_that_breaks_is_told_by_one_error_alone(kind, caplog):
    """The driver adds a warning of its own, on stderr, where many rows were under way."""
    server = Server(kind.url)
    with closing(server.open()) as connection:
        end_sessions(kind)
        many = text("SELECT set_config('tuneform.at', :at, true)")
        with (
            pytest.raises(LocalError, match="cannot be used"),
            server.telling(),
            connection.begin(),
        ):
            connection.execute(many, [{"at": str(number)} for number in range(3)])
    assert caplog.records == []


def test_a_session_that_breaks_at_its_beginning_is_closed():
    """Nobody else knows it yet."""

    class Broken:
        closed = False

        def cursor(self):
            raise OSError

        def close(self):
            self.closed = True

    broken = Broken()
    with pytest.raises(OSError):  # noqa: PT011
        _begin_session(broken, None)
    assert broken.closed


def test_without_a_lock_a_new_session_is_tried(kind):
    with closing(kind.open()) as ledger:
        run = ledger.begin_run(APPLY)
        end_sessions(kind)
        with pytest.raises(LocalError):
            ledger.intend(run, "support", DELETE)
        ledger.end_run(run, "ended")
    assert kind.rows("SELECT count(*) FROM intents") == [(1,)], "what was queued was written"


def test_a_server_that_is_frozen_is_not_waited_for_without_end(kind):
    server = Server(kind.url)
    with closing(server.open()) as connection:
        with connection.begin():
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.connection.dbapi_connection.patience = 0.3
        os.kill(backend, signal.SIGSTOP)
        try:
            with (
                pytest.raises(LocalError, match=r"did not answer within 0.3 seconds") as caught,
                server.telling(),
                connection.begin(),
            ):
                connection.exec_driver_sql("SELECT 1")
        finally:
            os.kill(backend, signal.SIGCONT)
        assert "Check that the server runs" in caught.value.hint
        assert connection.invalidated


def test_whoever_asks_may_ask_again(kind):
    with closing(kind.open()) as ledger:
        ledger.begin_run(APPLY)
    with closing(kind.address.record()) as record:
        assert len(record.runs(DEMO)) == 1
        end_sessions(kind)
        with pytest.raises(LocalError):
            record.runs(DEMO)
        assert len(record.runs(DEMO)) == 1


def test_a_newer_ledger_is_refused(kind):
    with closing(kind.open()) as ledger:
        ledger.begin_run(APPLY)
    raise_version(kind, VERSION + 1)
    with closing(kind.open()) as ledger:
        for use in (lambda: ledger.begin_run(APPLY), lambda: ledger.recorded(DEMO)):
            with pytest.raises(LocalError, match=f"has version {VERSION + 1}, .* knows") as caught:
                use()
            assert "Use the release that wrote it" in caught.value.hint
    with pytest.raises(LocalError, match="has version"), locked(kind):
        pass


def raise_version(kind, version):
    with closing(Server(kind.url).connect()) as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE ledger_version SET version = {version}")


def test_an_older_ledger_is_carried_over_once_by_all_who_come(kind):
    with closing(kind.open()) as ledger:
        ledger.begin_run(APPLY)
    steps = {VERSION + 1: ("CREATE TABLE later (x INTEGER)", "INSERT INTO later VALUES (1)")}

    def come(_):
        with contextlib.suppress(LocalError):
            Server(kind.url, steps).open().close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(come, range(12)))
    assert kind.rows("SELECT * FROM later") == [(1,)]
    assert kind.rows("SELECT version FROM ledger_version") == [(VERSION + 1,)]


def test_a_step_that_fails_leaves_what_was_there(kind):
    with closing(kind.open()) as ledger:
        ledger.begin_run(APPLY)
    steps = {VERSION + 1: ("CREATE TABLE later (x INTEGER)", "INSERT INTO nowhere VALUES (1)")}
    with pytest.raises(LocalError, match="nowhere"):
        Server(kind.url, steps).open()
    assert kind.rows("SELECT to_regclass('tuneform.later')") == [(None,)]
    assert kind.rows("SELECT version FROM ledger_version") == [(VERSION,)]


def test_a_server_that_comes_and_goes():
    if reason := server.missing():
        pytest.skip(reason)
    with server.running() as own:
        kind = OnServer(own.database(), SteeredClock())
        with closing(kind.open()) as ledger:
            ledger.begin_run(APPLY)
        own.stop()
        for use in (
            lambda: kind.open().begin_run(APPLY),
            lambda: kind.address.record().recorded(DEMO),
            lambda: kind.address.lock_state(DEMO),
            lambda: locked(kind).__enter__(),
        ):
            with pytest.raises(LocalError, match=f"the ledger at 127.0.0.1:{own.port}/") as caught:
                use()
            assert "Check that the server runs" in caught.value.hint
        own.start()
        with closing(kind.address.record()) as record:
            assert record.recorded(DEMO) == RecordedSet()
            assert len(record.runs(DEMO)) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://ada:{PASSWORD}@127.0.0.1:1/demo",
        f"postgresql+psycopg://127.0.0.1:1/demo?user=ada&password={PASSWORD}",
        f"postgresql+psycopg://ada:{PASSWORD}@127.0.0.1:port/demo",
        f"postgresql+psycopg://ada:{PASSWORD}@host with spaces/x:y:z",
        f"postgresql+psycopg://ada:{PASSWORD}@127.0.0.1:1/demo?nonsense=1",
        f"postgresql://ada:{PASSWORD}@127.0.0.1/demo",
        f"mysql://ada:{PASSWORD}@127.0.0.1/demo",
        f"ada:{PASSWORD}@127.0.0.1/demo",
        f"sqlite://ada:{PASSWORD}@127.0.0.1/demo",
        f"ada:{PASSWORD}@://127.0.0.1/demo",
        f"postgresql+psycopg://ada:x@{PASSWORD}@127.0.0.1:1/demo",
    ],
)
def test_a_password_is_never_shown(url):
    if url.startswith("postgresql+psycopg:"):
        pytest.importorskip("psycopg")
    with pytest.raises(LocalError) as caught:
        OnServer(url, SteeredClock()).open().begin_run(APPLY)
    told = f"{caught.value.message} {caught.value.hint}"
    assert PASSWORD not in told
    assert PLAIN not in told
    assert "ada:" not in told


def test_a_password_that_a_server_repeats_is_taken_out():
    pytest.importorskip("psycopg")
    there = Server(f"postgresql+psycopg://ada:{PASSWORD}@db.invalid/demo")
    error = DBAPIError("SELECT 1", {}, Exception(f"no user ada with {PLAIN}\n  and more"))
    assert there.told(error).message == (
        "the ledger at db.invalid/demo cannot be used: no user ada with (sensitive)"
    )
