"""What an auditor and somebody who waits are told, from values: also where little is known."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.render.laws import FOREIGN, LOOKS, assert_safe, law

from tuneform.domain.names import Owner
from tuneform.domain.record import (
    Holder,
    Inputs,
    LockState,
    PastCost,
    PastEvaluation,
    PastRun,
    PastScore,
    PastStep,
    PastVersion,
    Trained,
)
from tuneform.domain.spec import Hyperparameters
from tuneform.render.lineage import lineage_json, lineage_text
from tuneform.render.lock import lock_text
from tuneform.render.look import Look

OWNER = Owner("demo")
AT = datetime(2026, 11, 1, 12, 30, 5, tzinfo=UTC)
WIDE = Look(width=300)
BARE = PastVersion("tunedModels/m", None, Trained(), (), (), ())


def run(number: int, outcome: str | None, **more: object) -> PastRun:
    step = PastStep("m", "start", "tunedModels/m", AT, outcome, "")
    made = PastRun(number, "apply", "ada", "host-a", None, False, AT, None, None, (step,))
    return made._replace(**more)


def told(version: PastVersion) -> list[str]:
    """The lines, with single spaces."""
    return [
        " ".join(line.split()) for line in lineage_text(OWNER, "m", [version], WIDE).split("\n")
    ]


def test_what_was_begun_elsewhere_says_so():
    assert "inputs not recorded: it was begun with another ledger or release" in told(BARE)
    assert lineage_text(OWNER, "m", [], WIDE) == "No version of m of demo is recorded."


def test_a_version_on_top_of_another_names_its_parent():
    inputs = Inputs("f" * 64, "d" * 64, "a.jsonl", None, "tunedModels/p", "p", "e" * 64, 3, {})
    lines = told(BARE._replace(inputs=inputs))
    assert "parent tunedModels/p" in lines
    assert f"fingerprint {'e' * 64}" in lines
    assert not any(line.startswith("base") for line in lines)
    (version,) = lineage_json(OWNER, "m", [BARE._replace(inputs=inputs)])["versions"]
    parent = {"model": "p", "remote": "tunedModels/p", "fingerprint": "e" * 64}
    assert version["inputs"]["parent"] == parent
    assert version["inputs"]["base"] is None


def test_it_was_begun_by_the_run_that_did_and_else_by_the_last_that_tried():
    tries = (run(1, "failed"), run(2, "failed", who="bob"))
    assert any(
        line.startswith("begun") and "bob" in line for line in told(BARE._replace(runs=tries))
    )
    done = (*tries, run(3, "done", who="eve", commit="c" * 40, dirty=True), run(4, None))
    lines = told(BARE._replace(runs=done))
    assert any(line.startswith("begun") and "eve" in line for line in lines)
    assert f"commit {'c' * 40}, files differed from it" in lines


def test_costs_and_verdicts_say_what_is_not_known():
    scores = (PastScore("exactMatch", 0.5, None, True), PastScore("recall", None, 0.1, False))
    version = BARE._replace(
        trained=Trained("operations/o", Hyperparameters(epoch_count=5), 0.25, 90.0),
        costs=(PastCost(7, 1, None, ""), PastCost(8, 2_000, Decimal("1.50"), "EUR")),
        evaluations=(
            PastEvaluation("tunedModels/m", "aaaaaaaaaa", False, scores, 4, 1, AT),
            PastEvaluation("tunedModels/m", "bbbbbbbbbb", True, (), 0, 0, AT),
        ),
    )
    text = "\n".join(told(version))
    assert "no known price, 1 token, by estimate, in run 7" in text
    assert "2,000 tokens, by estimate, in run 8" in text
    assert "failed gate aaaaaaaaaa: exactMatch 0.5, recall undefined, 3 of 4 that must pass" in text
    assert "passed gate bbbbbbbbbb\n" in f"{text}\n"
    (shown,) = lineage_json(OWNER, "m", [version])["versions"]
    assert [each["likely"] for each in shown["costs"]] == [None, "1.50"]
    assert [each["value"] for each in shown["evaluations"][0]["scores"]] == [0.5, None]


def test_who_waits_is_told_as_much_as_is_known():
    since = "2026-11-01T12:30:05+00:00"
    cases = {
        LockState(False): "Nobody is writing for demo.",
        LockState(True): "Another run is writing for demo; it does not say which.",
        LockState(True, Holder(7, "host-a", since, "apply", "ada")): (
            "`tuneform apply` is writing for demo: process 7 of ada on host-a, "
            "since 2026-11-01 12:30:05 UTC."
        ),
        LockState(True, Holder(7, "host-a", since, "destroy")): (
            "`tuneform destroy` is writing for demo: process 7 on host-a, "
            "since 2026-11-01 12:30:05 UTC."
        ),
    }
    for state, sentence in cases.items():
        assert lock_text(OWNER, state, WIDE) == sentence


@law
@given(LOOKS, st.lists(FOREIGN, min_size=8, max_size=8))
def test_whatever_a_ledger_holds_is_shown_without_harm(look, texts):
    """Who may write into a shared one may write anything."""
    a, b, c, d, e, f, g, h = texts
    inputs = Inputs(a, b, c, d, e, f, g, 1, {h: 1})
    steps = (PastStep(a, "start", b, AT, c, d),)
    runs = (PastRun(1, e, f, g, h, True, AT, AT, 0, steps),)
    scores = (PastScore(b, 0.1, None, True),)
    evaluations = (PastEvaluation(a, b, True, scores, 1, 0, AT),)
    costs = (PastCost(1, 1, Decimal(1), a),)
    version = PastVersion(h, inputs, Trained(g), runs, evaluations, costs)
    assert_safe(lineage_text(OWNER, "m", [version], look))
    holder = Holder(1, a, "2026-11-01T12:30:05+00:00", b, c)
    assert_safe(lock_text(OWNER, LockState(True, holder), look))
