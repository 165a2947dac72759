"""What is live, as a table, as a stack, and in the contract's shape."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given

from tuneform.domain.cost import Spent
from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Verdict
from tuneform.domain.status import ModelState, ModelStatus, StatusReport, VersionStatus
from tuneform.render.look import Look
from tuneform.render.status import progress_word, status_json, status_text, version_word

from .golden import assert_golden
from .laws import LOOKS, assert_fits, assert_safe, law, stripped
from .values import OWNER, live, mark, status_report


def test_golden():
    assert_golden("status-80.txt", status_text(status_report(), Look(80)))


def test_full_names_where_there_is_room_and_stacked_where_there_is_none():
    assert "  tunedModels/number-generator-abcdefghij  serving " in status_text(
        status_report(), Look(120)
    )
    assert "\n    training  42 %  loss 0.31\n" in status_text(status_report(), Look(40))


def test_nothing_at_all():
    empty = StatusReport(OWNER, "embedded", (), ())
    assert status_text(empty, Look()) == "demo/prod on embedded\n\nNo models, declared or live."


@pytest.mark.parametrize(
    ("object_", "word"),
    [
        (live("m"), "active"),
        (live("m", state=LiveState.TRAINING), "training"),
        (live("m", mark=mark("m", cancelled=True)), "cancelled"),
        (live("m", mark=mark("m", staged=True)), "staged"),
        (live("m", mark=mark("m", staged=True), state=LiveState.FAILED), "failed"),
        (live("m", mark=None, state=LiveState.UNKNOWN), "unknown"),
    ],
)
def test_version_word(object_, word):
    assert version_word(VersionStatus(object_, 1.0), None) == word
    assert version_word(VersionStatus(object_, 1.0), object_.remote) == "serving"


@pytest.mark.parametrize(
    ("state", "progress", "word"),
    [
        (LiveState.TRAINING, 0.0, "0 %"),
        (LiveState.TRAINING, 0.999, "99 %"),
        (LiveState.TRAINING, 1.0, "100 %"),
        (LiveState.ACTIVE, 1.0, ""),
        (LiveState.FAILED, 0.5, "50 %"),
        (LiveState.TRAINING, -1, "0 %"),
    ],
)
def test_progress_word(state, progress, word):
    assert progress_word(VersionStatus(live("m", state=state), progress)) == word


def gated_status() -> StatusReport:
    """A version that was rolled back to, and the one that did not pass."""
    good = mark("m", serving=True, pinned="cccccccccc", verdict=Verdict(True, "gggggggggg"))
    bad = mark("m", verdict=Verdict(False, "gggggggggg"))
    staged = mark("n", staged=True)
    serving = live("m", mark=good)
    versions = (live("m", "zzzzzzzzzz", mark=bad), serving)
    return StatusReport(
        OWNER,
        "embedded",
        (
            ModelStatus("m", True, ModelState.HELD, serving.remote, _done(*versions)),
            ModelStatus("n", False, ModelState.ABSENT, None, _done(live("n", mark=staged))),
        ),
        (),
    )


def _done(*versions: Live) -> tuple[VersionStatus, ...]:
    return tuple(VersionStatus(each, 1.0) for each in versions)


def test_verdicts_and_pins():
    assert status_text(gated_status(), Look(80)).split("\n")[2:6] == [
        "MODEL  STATE   VERSION                                    GATE    DONE  LOSS",
        "m      held    tunedModels/m-zzzzzzzzzz  active           failed",
        "               tunedModels/m-abcdefghij  serving, pinned  passed",
        "n      absent  tunedModels/n-abcdefghij  staged",
    ]
    assert "\n    serving, pinned  gate passed\n" in status_text(gated_status(), Look(40))


@law
@given(LOOKS)
@pytest.mark.parametrize("report", [status_report(), gated_status()])
def test_laws(report, look):
    text = status_text(report, look)
    assert_safe(text)
    assert_fits(text, look)
    assert stripped(text) == status_text(report, dataclasses.replace(look, colour=False))


def test_json_has_the_shape_of_the_contract():
    value = status_json(status_report())
    assert value["models"][0] == {
        "model": "number-generator",
        "state": "serving",
        "serving": "tunedModels/number-generator-abcdefghij",
        "versions": [
            {
                "remote": "tunedModels/number-generator-zzzzzzzzzz",
                "fingerprint": "aaaaaaaaaa",
                "state": "training",
                "progress": 0.42,
            },
            {
                "remote": "tunedModels/number-generator-abcdefghij",
                "fingerprint": "aaaaaaaaaa",
                "state": "active",
                "progress": 1.0,
            },
        ],
    }
    assert value["models"][2]["serving"] is None
    assert set(value) == {"format_version", "models", "unexplained"}
    assert value["unexplained"] == ["tunedModels/copied-abcdefghij"]


def test_what_was_spent_is_told_where_anything_was():
    spent = (Spent("USD", Decimal("1.2"), 3, 0), Spent("EUR", Decimal(0), 2, 0))
    told = status_text(dataclasses.replace(status_report(), spent=spent), Look(80))
    assert told.endswith("\n\nSpent, as far as the ledger knows: about 1.20 USD for 3 trainings.")
    assert "Spent" not in status_text(status_report(), Look(80))
    counted = (Spent("USD", Decimal("1.2"), 3, 0, 2),)
    told = status_text(dataclasses.replace(status_report(), spent=counted), Look(120))
    assert told.endswith("for 3 trainings, 2 of them by the service's own count.")
