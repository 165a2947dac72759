"""What became of a plan."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.plan import Action, Cancel, Promote
from tuneform.domain.report import Outcome, Report, Status
from tuneform.render.json_text import json_text
from tuneform.render.look import Look
from tuneform.render.report import outcome_word, report_json, report_text

from .gate_values import (
    NEW,
    OLD,
    evaluate,
    evaluation,
    gated_change,
    passed,
    rolled_back,
    unpriced_change,
)
from .golden import assert_golden
from .laws import FOREIGN, LOOKS, assert_fits, assert_safe, law, stripped
from .values import OWNER, change, every_report, mark, start


def report(*outcomes: tuple[Action, Status, str], interrupted: bool = False) -> Report:
    made = tuple(
        Outcome(change(f"m{at}", action), status, code=code)
        for at, (action, status, code) in enumerate(outcomes)
    )
    return Report(OWNER, "embedded", made, interrupted=interrupted)


def test_golden():
    assert_golden("report-80.txt", report_text(every_report(), Look(80)))


KEPT = (Action.KEEP, Status.UNCHANGED, "")
CREATED = (Action.CREATE, Status.DONE, "")


@pytest.mark.parametrize(
    ("value", "closing"),
    [
        (report(), "Apply complete: nothing to do."),
        (report(KEPT), "Apply complete: 1 unchanged."),
        (
            report(KEPT, CREATED, KEPT, (Action.REPLACE, Status.DONE, "")),
            "Apply complete: 1 created, 1 replaced, 2 unchanged.",
        ),
        (report((Action.CREATE, Status.STARTED, "")), "Apply complete: 1 started."),
        (report((Action.HOLD, Status.HELD, "pinned")), "Apply complete: 1 held."),
        (
            report(CREATED, (Action.HOLD, Status.HELD, "protected")),
            "Apply incomplete: 1 created, 1 held.\nExit 5: a protection did its work.",
        ),
        (
            report((Action.WAIT, Status.TIMED_OUT, "timeout")),
            (
                "Apply incomplete: 1 timed out.\n"
                "Exit 9: time ran out; the training that has begun is not lost."
            ),
        ),
        (
            report((Action.CREATE, Status.FAILED, "x"), (Action.CREATE, Status.SKIPPED, "x")),
            "Apply incomplete: 1 failed, 1 skipped.\nExit 1: an error before anything was written.",
        ),
        (
            report((Action.CREATE, Status.INTERRUPTED, ""), interrupted=True),
            "Apply incomplete: 1 interrupted.\nExit 130: interrupted; run it again to go on.",
        ),
    ],
)
def test_closing_lines(value, closing):
    text = report_text(value, Look())
    assert text.endswith(closing)
    assert text[: -len(closing)].endswith("\n\n") or text == closing


def test_what_needs_somebody_stands_last():
    value = report(
        (Action.REPLACE, Status.FAILED, "x"), CREATED, (Action.HOLD, Status.HELD, "x"), CREATED
    )
    text = report_text(value, Look())
    places = [text.index(f" m{at}  ") for at in (1, 3, 0, 2)]
    assert places == sorted(places)


def test_what_stopped_many_is_told_once_with_their_count():
    """As when the ledger is lost: each is named, and the sentence does not drown them."""
    lost = "not begun: the session with the ledger was lost"
    halted = tuple(
        Outcome(change(f"m{at}", Action.CREATE), Status.SKIPPED, lost, "Check the server.", "local")
        for at in range(1000)
    )
    other = Outcome(change("other", Action.CREATE), Status.FAILED, "it broke", "", "remote")
    text = report_text(Report(OWNER, "x", (*halted[:500], other, *halted[500:])), Look(100))
    assert text.count(lost) == text.count("Check the server.") == 1
    assert f"these 1,000: {lost}" in text
    assert all(f" m{at} " in text for at in range(1000))
    assert text.index(" m999 ") < text.index("these 1,000") < text.index(" other ")
    few = report_text(Report(OWNER, "x", halted[:3]), Look(100))
    assert few.count(lost) == 3


OUTCOMES = st.builds(
    Outcome,
    change=st.builds(change, FOREIGN, st.sampled_from(Action)),
    status=st.sampled_from(Status),
    message=FOREIGN,
    hint=FOREIGN,
    code=FOREIGN,
    seconds=st.floats(0, 1e6),
    loss=st.none() | st.floats(),
)


@law
@given(st.lists(OUTCOMES, max_size=3), LOOKS)
def test_laws(outcomes, look):
    value = Report(OWNER, "gemini", tuple(outcomes))
    text = report_text(value, look)
    assert_safe(text)
    assert stripped(text) == report_text(value, dataclasses.replace(look, colour=False))
    assert text.isascii() or look.unicode
    told = report_json(value)
    assert json.loads(json_text(told))["summary"] == told["summary"]
    assert sum(told["summary"].values()) == len(outcomes)


@law
@given(LOOKS)
def test_width(look):
    assert_fits(report_text(every_report(), look), look)


def test_other_commands_close_in_their_own_name():
    waited = report((Action.WAIT, Status.DONE, ""))
    assert report_text(waited, Look(), title="Wait").endswith("Wait complete: 1 trained.")


def test_json():
    value = report_json(every_report())
    assert value["exit_code"] == 8
    assert value["interrupted"] is False
    assert value["outcomes"][1] == {
        "model": "number-generator",
        "action": "replace",
        "status": "failed",
        "code": "training-failed",
        "message": "The training of tunedModels/number-generator-abcdefghij failed.",
        "hint": "change the data, or raise spec.revision",
        "remote": "tunedModels/number-generator-abcdefghij",
        "performed": [],
        "seconds": 3725,
        "loss": None,
        "evaluation": None,
    }


def test_a_loss_that_is_no_number_is_null():
    lost = Outcome(change("m", Action.CREATE), Status.DONE, loss=math.nan)
    assert report_json(Report(OWNER, "x", (lost,)))["outcomes"][0]["loss"] is None


def gated_report() -> Report:
    """A gate that failed and one that was passed."""
    held = Outcome(
        gated_change(),
        Status.HELD,
        "The gate was not passed: 2 of 5 must-pass cases failed.",
        "change the data, or the gate",
        "gate-failed",
        gated_change().steps[:2],
        evaluation=evaluation(),
    )
    done = Outcome(unpriced_change(), Status.DONE, seconds=4.2, evaluation=passed())
    return Report(OWNER, "gemini", (held, done))


def test_a_gate_that_failed():
    assert_golden("report-gate-100.txt", report_text(gated_report(), Look(100)))
    assert gated_report().exit_code == 6


@law
@given(LOOKS)
def test_width_with_gates(look):
    text = report_text(gated_report(), look)
    assert_fits(text, look)
    assert_safe(text)


def test_json_of_evaluations_holds_no_example_text():
    value = report_json(gated_report())
    assert value["outcomes"][1]["evaluation"]["passed"] is True
    told = value["outcomes"][0]["evaluation"]
    assert (told["gate"], told["against"], told["must_pass_failed"]) == ("gggggggggg", OLD, 2)
    assert "four" not in json_text(told)


def test_an_edit_and_a_gate_are_an_update():
    both = change("m", Action.UPDATE, steps=(Promote(NEW), evaluate()))
    assert outcome_word(Outcome(both, Status.DONE)) == "updated"


@pytest.mark.parametrize(
    ("of", "word"),
    [
        (
            change(
                "m",
                Action.CREATE,
                steps=(dataclasses.replace(start("m"), mark=mark("m", staged=True)),),
            ),
            "staged",
        ),
        (change("m", Action.CREATE, steps=(start("m"),)), "created"),
        (change("m", Action.UPDATE, steps=(evaluate(),)), "evaluated"),
        (change("m", Action.UPDATE, steps=(Cancel("tunedModels/m-abcdefghij"),)), "cancelled"),
        (rolled_back(), "rolled back"),
    ],
)
def test_words_that_say_more_than_the_action(of, word):
    value = Report(OWNER, "x", (Outcome(of, Status.DONE, performed=of.steps),))
    assert report_text(value, Look()).endswith(f"Apply complete: 1 {word}.")
