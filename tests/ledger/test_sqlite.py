"""The ledger in a SQLite file: what is on disk when, what is refused, and what is remembered."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.clock import SteeredClock
from tuneform.domain.live import RecordedSet
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete, Promote, Start, Watch
from tuneform.domain.report import Status
from tuneform.domain.spec import DatasetRef, Fields, Hyperparameters
from tuneform.errors import LocalError
from tuneform.ledger.address import open_ledger
from tuneform.ledger.base import RunInfo
from tuneform.ledger.notes import Entry, notes_of
from tuneform.ledger.schema import VERSION, told
from tuneform.ledger.sqlite import DETAIL_CHARACTERS, SqliteLedger

DEMO, PROD = Owner("demo"), Owner("demo", "prod")
APPLY = RunInfo("apply", DEMO)
REMOTE = "tunedModels/support-abcdefghij"
DELETE = Delete(REMOTE)
START = Start(
    remote=REMOTE,
    fingerprint="ab" * 32,
    data_digest="cd" * 32,
    dataset=DatasetRef("data.jsonl", "jsonl"),
    base="models/base",
    source=None,
    parent=None,
    hyperparameters=Hyperparameters(),
    fields=Fields(description="Says something."),
    mark=Mark("demo", "support"),
)


@pytest.fixture
def clock():
    return SteeredClock(datetime(2026, 3, 4, 12, tzinfo=UTC))


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".tuneform" / "ledger.db"


@pytest.fixture
def ledger(path, clock):
    with closing(SqliteLedger(path, clock)) as opened:
        yield opened


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_it_is_made_with_the_first_run(path, ledger):
    assert ledger.recorded(DEMO) == RecordedSet()
    assert not path.parent.exists()
    ledger.begin_run(APPLY)
    assert rows(path, "SELECT owner, command, ended FROM runs") == [("demo", "apply", None)]


def test_an_intent_is_on_disk_before_it_is_answered(path, ledger):
    run = ledger.begin_run(APPLY)
    intent = ledger.intend(run, "support", DELETE)
    assert rows(path, "SELECT run, number, model, step, remote, at FROM intents") == [
        (*intent, "support", "delete", REMOTE, "2026-03-04T12:00:00+00:00")
    ]


def test_watching_changes_nothing_and_is_written_with_whatever_comes_next(path, ledger):
    run = ledger.begin_run(APPLY)
    ledger.intend(run, "a", Watch(REMOTE))
    assert rows(path, "SELECT count(*) FROM intents") == [(0,)]
    ledger.intend(run, "b", DELETE)
    assert rows(path, "SELECT model FROM intents") == [("a",), ("b",)]


def test_an_outcome_is_on_disk_with_the_next_intent(path, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.DONE)
    ledger.intend(run, "b", DELETE)
    assert rows(path, "SELECT outcome, detail FROM outcomes") == [("done", "")]


def test_a_reason_is_on_disk_at_once(path, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", Watch(REMOTE)), Status.FAILED, "no\n  luck")
    assert rows(path, "SELECT outcome, detail FROM outcomes") == [("failed", "no luck")]


def test_a_reason_is_cut(path, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.FAILED, "x" * 5000)
    assert rows(path, "SELECT length(detail) FROM outcomes") == [(DETAIL_CHARACTERS,)]


def test_the_end_of_a_run_writes_what_is_left(path, ledger, clock):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.DONE)
    clock.sleep(60)
    ledger.end_run(run, "ended")
    assert rows(path, "SELECT count(*) FROM outcomes") == [(1,)]
    assert rows(path, "SELECT ended, outcome FROM runs") == [("2026-03-04T12:01:00+00:00", "ended")]


def test_threads_may_write_at_once(path, ledger):
    run = ledger.begin_run(APPLY)

    def work(number):
        intent = ledger.intend(run, f"model-{number}", DELETE)
        ledger.settle(intent, Status.DONE)
        return intent

    with ThreadPoolExecutor(8) as pool:
        intents = list(pool.map(work, range(200)))
    ledger.end_run(run, "ended")
    assert len(set(intents)) == 200
    found = rows(path, "SELECT number, model FROM intents JOIN outcomes USING (run, number)")
    assert sorted(found) == sorted(
        (intent.number, f"model-{number}") for number, intent in enumerate(intents)
    )


def test_two_ledgers_may_share_a_file(path, clock, ledger):
    first = ledger.begin_run(APPLY)
    with closing(SqliteLedger(path, clock)) as other:
        second = other.begin_run(RunInfo("apply", PROD))
        other.intend(second, "a", DELETE)
        ledger.intend(first, "a", DELETE)
    assert first != second
    assert rows(path, "SELECT count(*) FROM intents") == [(2,)]


def test_many_may_make_the_file_at_once(path, clock):
    def begin(_):
        with closing(SqliteLedger(path, clock)) as ledger:
            return ledger.begin_run(APPLY)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(16)))) == 16


def test_power_may_fail_after_an_intent(path, ledger):
    ledger.begin_run(APPLY)
    (mode,) = ledger._journal._connection.execute("PRAGMA synchronous").fetchone()
    assert mode == 2, "FULL"


def test_notes_are_those_of_the_owner(path, clock, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "support", START), Status.DONE)
    ledger.end_run(run, "ended")
    assert ledger.recorded(DEMO) == RecordedSet(
        ((REMOTE, "started on 2026-03-04 by this machine"),)
    )
    assert ledger.recorded(PROD) == RecordedSet()


def test_the_last_word_on_an_object_counts(ledger, clock):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "support", START), Status.DONE)
    ledger.settle(ledger.intend(run, "support", Promote(REMOTE)), Status.DONE)
    clock.sleep(86400)
    ledger.settle(ledger.intend(run, "support", Watch(REMOTE)), Status.FAILED, "the loss is NaN")
    ledger.end_run(run, "ended")
    assert dict(ledger.recorded(DEMO).notes) == {
        REMOTE: "training failed on 2026-03-05: the loss is NaN"
    }


@pytest.mark.parametrize(
    ("step", "outcome", "detail", "host", "note"),
    [
        ("start", "done", "", "here", "started on 2026-03-04 by this machine"),
        ("start", "done", "", "there", "started on 2026-03-04 by there"),
        (
            "start",
            None,
            None,
            "here",
            "a start was begun on 2026-03-04 by this machine, and how it ended is not recorded",
        ),
        ("start", "failed", "no quota", "here", "starting failed on 2026-03-04: no quota"),
        ("watch", "failed", "", "here", "training failed on 2026-03-04"),
        ("watch", "done", "", "here", None),
        ("watch", None, None, "here", None),
        ("start", "stale", "x", "here", None),
    ],
)
def test_notes(step, outcome, detail, host, note):
    entry = Entry(REMOTE, step, outcome, detail, "2026-03-04T12:00:00+00:00", host)
    assert dict(notes_of([entry], "here").notes).get(REMOTE) == note


@settings(max_examples=25)
@given(st.text(max_size=600))
def test_no_reason_breaks_it(tmp_path_factory, reason):
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with closing(SqliteLedger(path, SteeredClock())) as ledger:
        run = ledger.begin_run(APPLY)
        ledger.settle(ledger.intend(run, "support", Watch(REMOTE)), Status.FAILED, reason)
        ledger.end_run(run, "ended")
        assert len(ledger.recorded(DEMO).notes) == 1


# --- what is refused


def test_a_folder_is_refused(tmp_path, clock):
    with pytest.raises(LocalError, match="is a folder"):
        SqliteLedger(tmp_path, clock).begin_run(APPLY)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, clock):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError, match="cannot be made") as caught:
        SqliteLedger(tmp_path / "file" / "ledger.db", clock).begin_run(APPLY)
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
    [(VERSION + 1, "Use the release that wrote it"), (VERSION - 1, "Move the file away")],
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
        ledger._journal._connection.execute("PRAGMA busy_timeout = 0")
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
    with closing(open_ledger(url.format(elsewhere), root, clock)) as ledger:
        ledger.begin_run(APPLY)
    made = root / ".tuneform" / "ledger.db" if below else elsewhere / "x.db"
    assert made.exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:secret@host/db", "knows sqlite only"),
        ("ledger.db", "no URL"),
        ("", "no URL"),
        ("sqlite://ledger.db", "names no file"),
        ("sqlite:///", "names no file"),
    ],
)
def test_other_addresses_are_refused(tmp_path, clock, url, words):
    with pytest.raises(LocalError, match=words) as caught:
        open_ledger(url, tmp_path, clock)
    assert "secret" not in str(caught.value)
    assert caught.value.hint
