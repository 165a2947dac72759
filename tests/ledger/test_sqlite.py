"""The ledger in a SQLite file: what it is made from, what is refused, and how that is told."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.kinds import Somewhere

from tuneform.clock import SteeredClock
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete, Watch
from tuneform.domain.report import Status
from tuneform.errors import LocalError
from tuneform.ledger.address import Address
from tuneform.ledger.base import RunInfo
from tuneform.ledger.source import OLDEST, VERSION
from tuneform.ledger.sqlite import told

DEMO, PROD = Owner("demo"), Owner("demo", "prod")
APPLY = RunInfo("apply", DEMO)
REMOTE = "tunedModels/support-abcdefghij"
DELETE = Delete(REMOTE)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".tuneform" / "ledger.db"


def open_file(path, clock=None):
    return Somewhere(f"sqlite:///{path}", clock or SteeredClock()).open()


@pytest.fixture
def ledger(path, clock):
    with closing(open_file(path, clock)) as opened:
        yield opened


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_power_may_fail_after_an_intent(ledger):
    ledger.begin_run(APPLY)
    mode = ledger._journal._connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    assert mode == 2, "FULL"


@settings(max_examples=25)
@given(st.text(max_size=600))
def test_no_reason_breaks_it(tmp_path_factory, reason):
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with closing(open_file(path)) as ledger:
        run = ledger.begin_run(APPLY)
        ledger.settle(ledger.intend(run, "support", Watch(REMOTE)), Status.FAILED, reason)
        ledger.end_run(run, "ended")
        assert len(ledger.recorded(DEMO).notes) == 1


# --- what is refused


def test_a_folder_is_refused(tmp_path, clock):
    with pytest.raises(LocalError, match="is a folder"):
        open_file(tmp_path, clock).begin_run(APPLY)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, clock):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError, match="cannot be made") as caught:
        open_file(tmp_path / "file" / "ledger.db", clock).begin_run(APPLY)
    assert "TUNEFORM_LEDGER" in caught.value.hint


@pytest.mark.parametrize("use", ["begin_run", "recorded"])
def test_what_is_no_database_is_refused(path, ledger, use):
    path.parent.mkdir()
    path.write_text("this is a text, and a long one, so that nobody takes it for a database")
    with pytest.raises(LocalError, match="is not a SQLite database") as caught:
        ledger.recorded(DEMO) if use == "recorded" else ledger.begin_run(APPLY)
    assert "Move the file away" in caught.value.hint


@pytest.mark.parametrize("use", ["begin_run", "recorded"])
def test_somebody_elses_database_is_refused_and_left_alone(path, ledger, use):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(LocalError, match="is not a ledger"):
        ledger.recorded(DEMO) if use == "recorded" else ledger.begin_run(APPLY)
    assert path.read_bytes() == before


@pytest.mark.parametrize("use", ["begin_run", "recorded"])
@pytest.mark.parametrize(
    ("version", "remedy"),
    [(VERSION + 1, "Use the release that wrote it"), (OLDEST - 1, "Move the file away")],
)
def test_another_version_is_refused(path, ledger, use, version, remedy):
    ledger.begin_run(APPLY)
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(LocalError, match=f"has version {version}, .* knows version {VERSION}") as e:
        ledger.recorded(DEMO) if use == "recorded" else ledger.begin_run(APPLY)
    assert e.value.hint.startswith(remedy)


def test_an_empty_file_is_a_ledger_not_yet_made(path, ledger):
    path.parent.mkdir()
    path.touch()
    assert ledger.recorded(DEMO) == RecordedSet()
    ledger.begin_run(APPLY)
    assert rows(path, "SELECT count(*) FROM runs") == [(1,)]


def test_half_a_file_of_a_crash_is_made_anew(path, ledger):
    path.parent.mkdir()
    path.with_name("ledger.db.new").write_text("half")
    ledger.begin_run(APPLY)
    assert rows(path, "SELECT count(*) FROM runs") == [(1,)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_FULL", "the disk is full"),
        ("SQLITE_READONLY", "may not be written"),
        ("SQLITE_READONLY_DIRECTORY", "may not be written"),
        ("SQLITE_CANTOPEN_ISDIR", "cannot be opened"),
        ("SQLITE_NOTADB", "not a SQLite database"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_BUSY_TIMEOUT", "another process"),
        ("SQLITE_LOCKED_SHAREDCACHE", "another process"),
        ("SQLITE_IOERR_WRITE", "the disk failed"),
        ("SQLITE_MISUSE", "the original words"),
    ],
)
def test_complaints_of_sqlite_are_told(tmp_path, name, words):
    error = sqlite3.OperationalError("the original words")
    error.sqlite_errorname = name
    ours = told(error, tmp_path / "ledger.db")
    assert words in ours.message
    assert "ledger.db" in ours.message
    assert ours.hint


def test_a_write_that_fails_keeps_its_rows_for_later(path, ledger):
    run = ledger.begin_run(APPLY)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        with ledger._journal._connection.begin():
            ledger._journal._connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LocalError, match="another process"):
            ledger.intend(run, "a", DELETE)
        other.execute("COMMIT")
    ledger.end_run(run, "ended")
    assert rows(path, "SELECT model FROM intents") == [("a",)]
    assert rows(path, "SELECT outcome FROM runs") == [("ended",)]


# --- addresses


@pytest.mark.parametrize(
    ("url", "below"), [("sqlite:///.tuneform/ledger.db", True), ("sqlite:///{}/x.db", False)]
)
def test_addresses(tmp_path, clock, url, below):
    elsewhere = tmp_path / "elsewhere"
    root = tmp_path / "project"
    with closing(Address(url.format(elsewhere), root, clock).ledger()) as ledger:
        ledger.begin_run(APPLY)
    made = root / ".tuneform" / "ledger.db" if below else elsewhere / "x.db"
    assert made.exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:secret@host/db", "knows sqlite and postgresql"),
        ("ledger.db", "no URL"),
        ("", "no URL"),
        ("sqlite://ledger.db", "names no file"),
        ("sqlite:///", "names no file"),
    ],
)
def test_other_addresses_are_refused(tmp_path, clock, url, words):
    with pytest.raises(LocalError, match=words) as caught:
        Address(url, tmp_path, clock)
    assert "secret" not in str(caught.value)
    assert caught.value.hint
