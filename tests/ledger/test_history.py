"""What a ledger remembers of runs, verdicts, costs and datasets; and what it must never hold."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.conftest import NOON
from tests.ledger.kinds import Somewhere

from tuneform.clock import SteeredClock
from tuneform.domain.cost import Cost, Range, Spent
from tuneform.domain.data_change import KeyedRow
from tuneform.domain.gate import Case, Evaluation, Score
from tuneform.domain.names import Owner, short
from tuneform.domain.plan import Delete, Watch
from tuneform.domain.record import PastEvaluation, PastScore, Trained
from tuneform.domain.report import Status
from tuneform.domain.spec import Measure, Metric
from tuneform.ledger.base import RunInfo
from tuneform.ledger.writer import DATASETS_KEPT

DEMO, PROD = Owner("demo"), Owner("demo", "prod")
APPLY = RunInfo("apply", DEMO, "1" * 40)
REMOTE = "tunedModels/support-abcdefghij"
ROW = KeyedRow(b"i" * 16, b"o" * 16, 42)
TOKENS = Range(800, 1000, 1300)

EVALUATION = Evaluation(
    model="support",
    remote=REMOTE,
    gate="gategateab",
    passed=False,
    examples=20,
    repeats=1,
    scores=(
        Score(Metric(Measure.EXACT_MATCH, minimum=0.9), 0.95, 0.5, passed=True),
        Score(Metric(Measure.PRECISION, label="secret label"), None, None, passed=False),
    ),
    must_pass=3,
    must_pass_failed=1,
    worst=(Case("data.jsonl:1", "secret question", "secret output", "secret answer", 0.0),),
)


def cost(likely, currency="USD"):
    if likely is None:
        return Cost(TOKENS)
    amount = Decimal(likely)
    return Cost(TOKENS, amount, amount, amount, currency, date(2026, 3, 4))


def apply(ledger, commit, outcome=Status.DONE, *, command="apply", owner=DEMO, dirty=False):
    """A run of one step."""
    run = ledger.begin_run(RunInfo(command, owner, commit, dirty))
    if outcome is not None:
        ledger.settle(ledger.intend(run, "support", Delete(REMOTE)), outcome)
    ledger.end_run(run, "ended")


def test_a_ledger_that_was_never_written_knows_nothing_and_is_not_made(kind, ledger):
    assert ledger.last_applied(DEMO) is None
    assert ledger.evaluations(DEMO, "support") == ()
    assert ledger.spent(DEMO) == ()
    assert ledger.rows(DEMO, "abcdefghij") is None
    assert ledger.runs(DEMO) == ()
    assert ledger.lineage(DEMO, "support") == ()
    with closing(kind.address.record()) as record:
        assert record.secret() is None
    assert not kind.exists()


# --- commits


def test_the_last_commit_that_was_applied(ledger):
    assert ledger.last_applied(DEMO) is None
    apply(ledger, "a" * 40)
    apply(ledger, "b" * 40)
    assert ledger.last_applied(DEMO) == "b" * 40


@pytest.mark.parametrize(
    "odd",
    [
        {"outcome": None},
        {"outcome": Status.FAILED},
        {"outcome": Status.STALE},
        {"command": "destroy"},
        {"command": "apply --stage"},
        {"owner": PROD},
        {"commit": None},
    ],
)
def test_runs_that_do_not_count(ledger, odd):
    apply(ledger, "a" * 40)
    apply(ledger, **{"commit": "b" * 40, **odd})
    assert ledger.last_applied(DEMO) == "a" * 40


def test_a_run_counts_with_one_step_that_went_well_and_dirty_alike(ledger):
    run = ledger.begin_run(RunInfo("apply", DEMO, "c" * 40, dirty=True))
    for outcome in (Status.FAILED, Status.DONE, Status.FAILED):
        ledger.settle(ledger.intend(run, "support", Delete(REMOTE)), outcome)
    ledger.end_run(run, "broken")
    assert ledger.last_applied(DEMO) == "c" * 40


def test_whether_files_differed_is_kept(kind, ledger):
    ledger.begin_run(RunInfo("apply", DEMO, "c" * 40, dirty=True))
    assert kind.rows("SELECT git_commit, dirty FROM runs") == [("c" * 40, 1)]


# --- evaluations


def test_verdicts_newest_first(ledger, clock):
    run = ledger.begin_run(APPLY)
    ledger.record_evaluation(run, EVALUATION)
    clock.sleep(60)
    other = ledger.begin_run(RunInfo("evaluate", DEMO))
    better = Evaluation("support", REMOTE, "gategateab", True, 20, 1, ())
    ledger.record_evaluation(other, better)
    first = PastEvaluation(
        REMOTE,
        "gategateab",
        passed=False,
        scores=(
            PastScore("exactMatch", 0.95, 0.5, passed=True),
            PastScore("precision", None, None, passed=False),
        ),
        must_pass=3,
        must_pass_failed=1,
        at=NOON,
    )
    found = ledger.evaluations(DEMO, "support")
    assert found == (
        PastEvaluation(REMOTE, "gategateab", True, (), 0, 0, NOON.replace(minute=1)),
        first,
    )
    assert ledger.evaluations(DEMO, "another") == ()
    assert ledger.evaluations(PROD, "support") == ()


def test_a_verdict_is_on_disk_at_once(kind, ledger):
    ledger.record_evaluation(ledger.begin_run(APPLY), EVALUATION)
    with closing(kind.open()) as other:
        assert len(other.evaluations(DEMO, "support")) == 1


def test_no_example_text_is_in_the_file(tmp_path, clock):
    kind = Somewhere(f"sqlite:///{tmp_path}/ledger.db", clock)
    with closing(kind.open()) as ledger:
        ledger.record_evaluation(ledger.begin_run(APPLY), EVALUATION)
    written = b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.is_file())
    assert b"exactMatch" in written
    assert b"secret label" not in written
    assert b"question" not in written
    assert b"answer" not in written


SCORES = st.builds(
    Score,
    st.builds(Metric, st.sampled_from(list(Measure)) | st.text(min_size=1)),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    passed=st.booleans(),
)


@settings(max_examples=25)
@given(st.lists(SCORES, max_size=4))
def test_scores_come_back_as_they_were(tmp_path_factory, scores):
    folder = tmp_path_factory.mktemp("ledger")
    with closing(Somewhere(f"sqlite:///{folder}/ledger.db", SteeredClock()).open()) as ledger:
        evaluation = Evaluation("support", REMOTE, "g", True, 1, 1, tuple(scores))
        ledger.record_evaluation(ledger.begin_run(APPLY), evaluation)
        (found,) = ledger.evaluations(DEMO, "support")
    assert [tuple(each) for each in found.scores] == [
        (str(each.metric.name), each.value, each.baseline, each.passed) for each in scores
    ]


# --- costs


def test_what_was_spent_is_summed_by_currency(ledger):
    run = ledger.begin_run(APPLY)
    amounts = ["0.1", "0.2", "1000000.000001", None, None]
    for at, amount in enumerate(amounts):
        ledger.record_cost(run, "support", f"{REMOTE}-{at}", cost(amount))
    ledger.record_cost(run, "support", REMOTE, cost("7", "EUR"))
    ledger.record_cost(ledger.begin_run(RunInfo("apply", PROD)), "support", REMOTE, cost("50"))
    ledger.end_run(run, "ended")
    assert ledger.spent(DEMO) == (
        Spent("", Decimal(), 2, 2),
        Spent("EUR", Decimal(7), 1, 0),
        Spent("USD", Decimal("1000000.300001"), 3, 0),
    )
    assert ledger.spent(PROD) == (Spent("USD", Decimal(50), 1, 0),)


def test_what_the_service_has_counted_replaces_the_estimate(ledger):
    begun = ledger.begin_run(APPLY)
    for remote, amount in (("a", "3"), ("b", "3"), ("c", None)):
        ledger.intend(begun, "support", Watch(remote))
        ledger.record_cost(begun, "support", remote, cost(amount))
    ledger.end_run(begun, "ended")
    tokens = TOKENS.likely
    seen = ledger.begin_run(APPLY)
    for remote in ("b", "c"):
        ledger.record_training(seen, remote, Trained(tokens=2 * tokens))
    ledger.end_run(seen, "ended")
    assert ledger.spent(DEMO) == (
        Spent("", Decimal(), 1, 1, 0),
        Spent("USD", Decimal(9), 2, 0, 1),
    )
    (estimated, counted, unpriced) = (each.costs[0] for each in ledger.lineage(DEMO, "support"))
    assert (estimated.tokens, estimated.likely, estimated.counted) == (tokens, Decimal(3), False)
    assert (counted.tokens, counted.likely, counted.counted) == (2 * tokens, Decimal(6), True)
    assert (unpriced.tokens, unpriced.likely, unpriced.counted) == (2 * tokens, None, True)


def test_within_a_run_a_version_is_paid_for_once(ledger):
    for amount in ("1", "2"):
        run = ledger.begin_run(APPLY)
        ledger.record_cost(run, "support", REMOTE, cost("99"))
        ledger.record_cost(run, "support", REMOTE, cost(amount))
        ledger.end_run(run, "ended")
    # Destroyed and trained again under the same id it costs again.
    assert ledger.spent(DEMO) == (Spent("USD", Decimal(3), 2, 0),)


def test_a_cost_is_on_disk_with_the_next_intent(ledger):
    run = ledger.begin_run(APPLY)
    ledger.record_cost(run, "support", REMOTE, cost("1"))
    assert ledger.spent(DEMO) == ()
    ledger.intend(run, "support", Delete(REMOTE))
    assert len(ledger.spent(DEMO)) == 1


# --- datasets


def test_digests_of_a_dataset_come_back_in_their_order(ledger):
    rows = [KeyedRow(bytes([at]) * 16, bytes([255 - at]) * 16, at**8) for at in range(200)]
    run = ledger.begin_run(APPLY)
    ledger.record_rows(DEMO, "ab" * 32, iter(rows))
    ledger.record_rows(PROD, "ab" * 32, [])
    ledger.end_run(run, "ended")
    assert ledger.rows(DEMO, "ab" * 32) == rows
    assert ledger.rows(DEMO, short("ab" * 32)) == rows
    assert ledger.rows(PROD, short("ab" * 32)) == []
    assert ledger.rows(DEMO, short("cd" * 32)) is None


def test_many_examples_are_one_piece(kind, ledger):
    run = ledger.begin_run(APPLY)
    ledger.record_rows(DEMO, "ab" * 32, (ROW for _ in range(100_000)))
    ledger.end_run(run, "ended")
    ledger.close()
    assert ledger.rows(DEMO, "ab" * 32) == [ROW] * 100_000
    assert kind.rows("SELECT length(rows) FROM datasets") == [(4_000_000,)]


def test_a_digest_of_another_length_is_a_mistake_of_ours(ledger):
    with pytest.raises(AssertionError):
        ledger.record_rows(DEMO, "ab" * 32, [(b"short", b"o" * 16, 1)])


def test_only_the_newest_datasets_are_kept(ledger):
    names = [f"{at:04x}" * 16 for at in range(DATASETS_KEPT + 2)]
    run = ledger.begin_run(APPLY)
    ledger.record_rows(PROD, names[0], [ROW])
    for name in names[:DATASETS_KEPT]:
        ledger.record_rows(DEMO, name, [ROW])
    ledger.record_rows(DEMO, names[0], [ROW, ROW])  # once more: the newest now
    for name in names[DATASETS_KEPT:]:
        ledger.record_rows(DEMO, name, [ROW])
    ledger.end_run(run, "ended")
    kept = [name for name in names if ledger.rows(DEMO, name) is not None]
    assert kept == [names[0], *names[3:]]
    assert ledger.rows(DEMO, names[0]) == [ROW, ROW]
    assert ledger.rows(PROD, names[0]) == [ROW], "owners do not push each other out"


def test_rows_are_written_with_the_next_intent(ledger):
    run = ledger.begin_run(APPLY)
    ledger.record_rows(DEMO, "ab" * 32, [ROW])
    assert ledger.rows(DEMO, "ab" * 32) is None
    ledger.intend(run, "support", Delete(REMOTE))
    assert ledger.rows(DEMO, "ab" * 32) == [ROW]


# --- the secret


def test_the_secret_is_made_with_the_ledger_and_stays(kind, ledger):
    secret = ledger.secret()
    assert kind.exists()
    assert len(secret) == 32
    assert len(set(secret)) > 8, "random"
    ledger.begin_run(APPLY)
    assert ledger.secret() == secret
    with closing(kind.open()) as other:
        assert other.secret() == secret


def test_every_ledger_has_its_own(tmp_path, clock):
    secrets = set()
    for name in ("a", "b"):
        with closing(Somewhere(f"sqlite:///{tmp_path}/{name}/l.db", clock).open()) as ledger:
            secrets.add(ledger.secret())
    assert len(secrets) == 2


def test_all_who_make_it_at_once_get_the_same(kind):
    def ask(_):
        with closing(kind.open()) as ledger:
            return ledger.secret()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1


# --- processes

WRITE = """
import os, sys
from decimal import Decimal
from pathlib import Path
from tuneform.clock import SystemClock
from tuneform.domain.cost import Cost, Range
from tuneform.domain.gate import Evaluation
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete
from tuneform.ledger.base import RunInfo
from tuneform.ledger.address import Address

url, name = sys.argv[1:]
owner = Owner("demo")
COST = Cost(Range(1, 1, 1), Decimal(1), currency="USD")
ledger = Address(url, Path("/"), SystemClock()).ledger()
print(ledger.secret().hex(), flush=True)
sys.stdin.readline()
run = ledger.begin_run(RunInfo("apply", owner, name * 40))
for at in range(25):
    intent = ledger.intend(run, name, Delete(f"tunedModels/{name}-{at}"))
    ledger.settle(intent, "done")
    ledger.record_cost(run, name, f"tunedModels/{name}-{at}", COST)
    ledger.record_rows(owner, f"{ord(name):02x}" * 32, [(b"i" * 16, b"o" * 16, at)])
    ledger.record_evaluation(run, Evaluation(name, "r", "g", True, 1, 1, ()))
print("written", flush=True)
os._exit(9)  # as if killed: nothing is closed
"""


def begin(url: str, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_share_a_file_and_what_they_wrote_outlives_them(kind, ledger):
    with begin(kind.url, "a") as one, begin(kind.url, "b") as two:
        assert one.stdout.readline() == two.stdout.readline() == f"{ledger.secret().hex()}\n"
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert one.stdout.read() == two.stdout.read() == "written\n"
    assert (one.returncode, two.returncode) == (9, 9)
    assert ledger.spent(DEMO) == (Spent("USD", Decimal(50), 50, 0),)
    assert [len(ledger.evaluations(DEMO, name)) for name in "ab"] == [25, 25]
    assert ledger.rows(DEMO, "61" * 32) == [ROW._replace(characters=24)]
    assert ledger.last_applied(DEMO) in {"a" * 40, "b" * 40}
