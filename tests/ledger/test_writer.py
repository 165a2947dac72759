"""What a run writes: what is on disk when, and what is remembered of it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from tuneform.domain.live import RecordedSet
from tuneform.domain.mark import Mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete, Promote, Start, Watch
from tuneform.domain.record import Trained
from tuneform.domain.report import Status
from tuneform.domain.spec import DatasetRef, Fields, Hyperparameters
from tuneform.ledger.base import RunInfo
from tuneform.ledger.notes import Entry, notes_of
from tuneform.ledger.writer import DETAIL_CHARACTERS

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


def test_it_is_made_with_the_first_run(kind, ledger):
    assert ledger.recorded(DEMO) == RecordedSet()
    assert not kind.exists()
    ledger.begin_run(APPLY)
    assert kind.rows("SELECT owner, command, ended FROM runs") == [("demo", "apply", None)]


def test_an_intent_is_on_disk_before_it_is_answered(kind, ledger):
    run = ledger.begin_run(APPLY)
    intent = ledger.intend(run, "support", DELETE)
    assert kind.rows("SELECT run, number, model, step, remote, at FROM intents") == [
        (*intent, "support", "delete", REMOTE, "2026-03-04T12:00:00+00:00")
    ]


def test_watching_changes_nothing_and_is_written_with_whatever_comes_next(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.intend(run, "a", Watch(REMOTE))
    assert kind.rows("SELECT count(*) FROM intents") == [(0,)]
    ledger.intend(run, "b", DELETE)
    assert kind.rows("SELECT model FROM intents") == [("a",), ("b",)]


def test_an_outcome_is_on_disk_with_the_next_intent(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.DONE)
    ledger.intend(run, "b", DELETE)
    assert kind.rows("SELECT outcome, detail FROM outcomes") == [("done", "")]


def test_before_a_long_wait_all_is_put_on_disk(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", START), Status.DONE)
    ledger.record_training(run, REMOTE, Trained(operation="o"))
    ledger.intend(run, "a", Watch(REMOTE))
    ledger.flush()
    ledger.flush()
    assert kind.rows("SELECT step FROM intents ORDER BY number") == [("start",), ("watch",)]
    assert kind.rows("SELECT outcome FROM outcomes") == [("done",)]
    assert kind.rows("SELECT operation FROM trainings") == [("o",)]


def test_what_a_version_is_made_from_is_on_disk_before_it_is_begun(kind, ledger):
    ledger.intend(ledger.begin_run(APPLY), "support", START)
    assert kind.rows("SELECT remote, fingerprint, data, base FROM versions") == [
        (REMOTE, "ab" * 32, "cd" * 32, "models/base")
    ]


def test_what_a_training_tells_adds_up(ledger):
    run = ledger.begin_run(APPLY)
    ledger.intend(run, "support", START)
    ledger.record_training(run, REMOTE, Trained(operation="o"))
    ledger.record_training(run, REMOTE, Trained(seconds=60.5))
    later = ledger.begin_run(APPLY)
    effective = Hyperparameters(5, 4, 0.001, None)
    ledger.record_training(later, REMOTE, Trained(hyperparameters=effective, loss=0.25))
    ledger.end_run(later, "ended", 0)
    (version,) = ledger.lineage(DEMO, "support")
    assert version.trained == Trained("o", effective, 0.25, 60.5)


def test_a_reason_is_on_disk_at_once(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", Watch(REMOTE)), Status.FAILED, "no\n  luck")
    assert kind.rows("SELECT outcome, detail FROM outcomes") == [("failed", "no luck")]


def test_a_reason_is_cut(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.FAILED, "x" * 5000)
    assert kind.rows("SELECT length(detail) FROM outcomes") == [(DETAIL_CHARACTERS,)]


def test_the_end_of_a_run_writes_what_is_left(kind, ledger, clock):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "a", DELETE), Status.DONE)
    clock.sleep(60)
    ledger.end_run(run, "ended")
    assert kind.rows("SELECT count(*) FROM outcomes") == [(1,)]
    assert kind.rows("SELECT ended, outcome FROM runs") == [("2026-03-04T12:01:00+00:00", "ended")]


def test_threads_may_write_at_once(kind, ledger):
    run = ledger.begin_run(APPLY)

    def work(number):
        intent = ledger.intend(run, f"model-{number}", DELETE)
        ledger.settle(intent, Status.DONE)
        return intent

    with ThreadPoolExecutor(8) as pool:
        intents = list(pool.map(work, range(200)))
    ledger.end_run(run, "ended")
    assert len(set(intents)) == 200
    found = kind.rows("SELECT number, model FROM intents JOIN outcomes USING (run, number)")
    assert sorted(found) == sorted(
        (intent.number, f"model-{number}") for number, intent in enumerate(intents)
    )


def test_two_ledgers_may_share_a_file(kind, clock, ledger):
    first = ledger.begin_run(APPLY)
    with closing(kind.open()) as other:
        second = other.begin_run(RunInfo("apply", PROD))
        other.intend(second, "a", DELETE)
        ledger.intend(first, "a", DELETE)
    assert first != second
    assert kind.rows("SELECT count(*) FROM intents") == [(2,)]


def test_many_may_make_the_file_at_once(kind):
    def begin(_):
        with closing(kind.open()) as ledger:
            return ledger.begin_run(APPLY)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(16)))) == 16


def test_notes_are_those_of_the_owner(kind, clock, ledger):
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


@pytest.mark.parametrize(
    "reason", ["\x00", "a\x00b\ud800", "'; DROP TABLE runs; --", "😀" * 600, ":a %s %(b)s"]
)
def test_no_reason_breaks_it(ledger, reason):
    run = ledger.begin_run(APPLY)
    ledger.settle(ledger.intend(run, "support", Watch(REMOTE)), Status.FAILED, reason)
    ledger.end_run(run, "ended")
    assert len(ledger.recorded(DEMO).notes) == 1


def test_what_the_provider_names_later_is_known_by_that_name(kind, ledger):
    run = ledger.begin_run(APPLY)
    nameless = ledger.intend(run, "support", replace(START, remote=None))
    named = ledger.intend(run, "support", START)
    ledger.record_name(nameless, "jobs/7")
    ledger.record_name(named, "jobs/8")
    ledger.intend(run, "support", Watch("jobs/7"))
    ledger.end_run(run, "ended")
    assert kind.rows("SELECT remote FROM intents ORDER BY number") == [
        ("jobs/7",),
        (REMOTE,),
        ("jobs/7",),
    ]
    found = {each.remote: each for each in ledger.lineage(DEMO, "support")}
    assert found["jobs/7"].inputs == found[REMOTE].inputs
    assert [step.step for run in found["jobs/7"].runs for step in run.steps] == ["start", "watch"]
