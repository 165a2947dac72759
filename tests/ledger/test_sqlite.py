"""The ledger in a SQLite file: what it is made from, what is refused, and how that is told."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.kinds import Somewhere

from tuneform.clock import SteeredClock
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.live import RecordedSet
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete, Watch
from tuneform.domain.report import Status
from tuneform.errors import LocalError
from tuneform.ledger.address import Address
from tuneform.ledger.base import RunInfo
from tuneform.ledger.lock import Patience, Purpose
from tuneform.ledger.source import OLDEST, VERSION
from tuneform.ledger.sqlite import told
from tuneform.ledger.sqlite_file import SqliteFile

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
def test_a_pipe_is_refused(path, ledger, use):
    """SQLite would wait for its other end."""
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(LocalError, match="is a pipe or a device"):
        ledger.recorded(DEMO) if use == "recorded" else ledger.begin_run(APPLY)


COUNTING = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9) SELECT x FROM c"
"""It ends, so that this test does as well; that of a stranger would not."""


@pytest.mark.parametrize("use", ["begin_run", "recorded"])
@pytest.mark.parametrize(
    "trap",
    [
        f"ALTER TABLE runs RENAME TO gone; CREATE VIEW runs AS {COUNTING}",
        f"CREATE /* a TABLE */ VIEW ours AS {COUNTING}",
        f"CREATE TRIGGER t BEFORE INSERT ON runs BEGIN SELECT count(*) FROM ({COUNTING}); END",
        f"CREATE VIEW o AS {COUNTING}; PRAGMA writable_schema=1; UPDATE sqlite_master SET type=''",
    ],
)
def test_a_file_that_would_keep_us_busy_is_refused(path, ledger, use, trap):
    """A branch may hold a `.tuneform/ledger.db`, and a pipeline plans what it looks at."""
    ledger.begin_run(APPLY)
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(trap)
    with pytest.raises(LocalError, match=r"is not a ledger|it is damaged"):
        ledger.recorded(DEMO) if use == "recorded" else ledger.begin_run(APPLY)


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


# --- what is carried over

VERSION_2 = (Path(__file__).parent / "version-2.sql").read_text("utf-8")


@pytest.fixture
def older(path):
    """A ledger as the release before wrote it, with a run that trained, gated and paid."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_2)
    return path


def test_a_plan_asks_an_older_ledger_and_changes_nothing(older, ledger):
    before = older.read_bytes()
    assert dict(ledger.recorded(DEMO).notes) == {REMOTE: "started on 2026-03-01 by elsewhere"}
    assert ledger.last_applied(DEMO) == "a" * 40
    assert len(ledger.evaluations(DEMO, "support")) == 1
    assert [(each.likely, each.counted) for each in ledger.spent(DEMO)] == [(Decimal("1.5"), 0)]
    assert ledger.rows(DEMO, "dataaaaaaa") == [KeyedRow(b"i" * 16, b"o" * 16, 7)]
    with pytest.raises(LocalError, match="version 2, and this question needs version 3"):
        ledger.runs(DEMO)
    assert older.read_bytes() == before


def test_an_older_ledger_is_carried_over_with_all_that_it_knows(older, ledger, clock):
    secret = ledger.secret()
    run = ledger.begin_run(RunInfo("apply", DEMO, who="ada"))
    ledger.end_run(run, "ended", 0)
    assert rows(older, "PRAGMA user_version") == [(VERSION,)]
    assert ledger.secret() == secret == b"s" * 32
    later, earlier = ledger.runs(DEMO)
    assert (later.who, later.exit_code) == ("ada", 0)
    assert (earlier.who, earlier.host, earlier.exit_code) == ("", "elsewhere", None)
    (version,) = ledger.lineage(DEMO, "support")
    assert version.inputs is None
    assert [each.likely for each in version.costs] == [Decimal("1.5")]
    assert [each.passed for each in version.evaluations] == [True]


def test_what_is_carried_over_is_what_is_made_anew(older, tmp_path):
    fresh = tmp_path / "fresh.db"
    for path in (older, fresh):
        with closing(open_file(path)) as ledger:
            ledger.begin_run(APPLY)
    assert shape(older) == shape(fresh)


def shape(path):
    """Tables with their columns and keys, and what is indexed."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {}
        for (table,) in tables.fetchall():
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            indexes = connection.execute(f"PRAGMA index_list({table})").fetchall()
            foreign = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
            found[table] = (
                {(name, bool(notnull or key), key) for _, name, _, notnull, _, key in columns},
                {
                    tuple(each[2] for each in connection.execute(f"PRAGMA index_info({index})"))
                    for _, index, *_ in indexes
                },
                {(table, source) for _, _, table, source, *_ in foreign},
            )
        return found


def test_all_who_come_carry_it_over_once(older):
    def come(_):
        with closing(open_file(older)) as ledger:
            return ledger.begin_run(APPLY)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(come, range(16)))) == 16


def test_taking_the_lock_carries_it_over_though_nothing_will_be_written(older):
    kind = Somewhere(f"sqlite:///{older}", SteeredClock())
    with kind.address.locked(DEMO, Purpose("apply"), Patience()):
        pass
    with closing(kind.address.record()) as record:
        assert len(record.runs(DEMO)) == 1


def test_a_step_that_fails_leaves_what_was_there(older):
    steps = {3: ("CREATE TABLE later (x INTEGER)", "INSERT INTO nowhere VALUES (1)")}
    with pytest.raises(LocalError, match="nowhere"):
        SqliteFile(older, steps).open()
    assert rows(older, "PRAGMA user_version") == [(2,)]
    assert rows(older, "SELECT name FROM sqlite_master WHERE name = 'later'") == []


def test_steps_are_taken_in_their_order(older):
    steps = {
        4: ("UPDATE later SET x = x * 10",),
        3: ("CREATE TABLE later (x INTEGER)", "INSERT INTO later VALUES (1)"),
    }
    SqliteFile(older, steps).open().close()
    assert rows(older, "SELECT x FROM later") == [(10,)]
    assert rows(older, "PRAGMA user_version") == [(4,)]


def test_asking_a_file_loads_no_sqlalchemy(path, ledger):
    ledger.begin_run(APPLY)
    told = subprocess.run(
        [sys.executable, "-c", ASK, str(path)], check=True, capture_output=True, text=True
    )
    assert told.stdout == "1 False\n"


ASK = """
import sys
from pathlib import Path
from tuneform.clock import SystemClock
from tuneform.domain.names import Owner
from tuneform.ledger.address import Address
record = Address(f"sqlite:///{sys.argv[1]}", Path("/"), SystemClock()).record()
record.recorded(Owner("demo"))
print(len(record.runs(Owner("demo"))), "sqlalchemy" in sys.modules)
"""


# --- what is made


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
