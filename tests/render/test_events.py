"""Events as JSON lines."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.live import LossPoint
from tuneform.domain.plan import Action
from tuneform.domain.report import (
    ChangeEnded,
    Evaluated,
    Noticed,
    Progressed,
    Status,
    StepBegan,
    StepEnded,
)
from tuneform.render.events import event_json, json_line, plan_event, report_event
from tuneform.render.json_text import json_text
from tuneform.render.plan_json import step_json

from .answers import EVALUATION
from .laws import FOREIGN, assert_safe, law
from .values import every_plan, every_report, outcome, start

AT = datetime(2026, 3, 1, 12, 30, 5, 678_900, tzinfo=timezone(timedelta(hours=2)))
COMMON = {"format_version", "event", "at", "model", "action", "step", "outcome"}
STEP = start("support")
ENDED = outcome(every_plan().changes[0], Status.DONE, loss=0.25, seconds=3.5)
EVENTS = (
    StepBegan("support", Action.CREATE, STEP),
    StepEnded("support", Action.CREATE, STEP),
    Progressed("support", 3, 19, LossPoint(3, 0, 0.5)),
    Evaluated(EVALUATION),
    ChangeEnded(ENDED),
    Noticed("The service is busy; trying again."),
)


def told(event):
    return event_json(event, AT)


def test_every_event_has_the_same_keys():
    lines = [told(each) for each in EVENTS]
    lines += [plan_event(every_plan(), AT), report_event(every_report(), AT)]
    assert [line["event"] for line in lines] == [
        *("step-began", "step-ended", "progressed", "evaluated", "change-ended", "noticed"),
        *("plan", "report"),
    ]
    for line in lines:
        assert set(line) >= COMMON
        assert line["format_version"] == "1.0"
        assert line["at"] == "2026-03-01T10:30:05.678Z"


def test_steps_are_those_of_plans():
    for event in EVENTS[:2]:
        line = told(event)
        assert (line["model"], line["action"]) == ("support", "create")
        assert line["step"] == step_json(STEP)


def test_progress():
    line = told(EVENTS[2])
    assert [line[each] for each in ("steps_done", "steps_total", "loss")] == [3, 19, 0.5]
    line = told(Progressed("support", 3, 0))
    assert [line[each] for each in ("steps_done", "steps_total", "loss")] == [3, None, None]
    assert told(Progressed("support", 3, 9, LossPoint(3, 0, float("nan"))))["loss"] is None


def test_the_end_of_a_change():
    line = told(EVENTS[4])
    assert (line["model"], line["action"]) == ("alert-team", "create")
    assert line["outcome"] == {
        "status": "done",
        "code": "",
        "message": "",
        "hint": "",
        "remote": "tunedModels/alert-team-abcdefghij",
        "seconds": 3.5,
        "loss": 0.25,
    }


def test_an_evaluation_tells_no_example():
    line = told(EVENTS[3])
    assert line["model"] == "support"
    assert line["evaluation"]["passed"] is False
    assert len(line["evaluation"]["scores"]) == 3
    assert line["evaluation"]["failures"] == list(EVALUATION.failures)
    for text in ("In: x", "held-out"):
        assert text not in json_line(line)
    assert "Next number" not in json_line(told(EVENTS[0]))


def test_first_and_last_line():
    first, last = plan_event(every_plan(), AT), report_event(every_report(), AT)
    assert first["summary"]["create"] == 1
    assert (first["owner"], first["provider"], first["staging"]) == ("demo/prod", "gemini", False)
    assert last["exit_code"] == every_report().exit_code
    assert last["summary"] == {
        **dict.fromkeys((each.value for each in Status), 0),
        "done": 2,
        "failed": 1,
        "held": 1,
        "unchanged": 1,
    }


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="aware"):
        event_json(EVENTS[5], datetime(2026, 3, 1))  # noqa: DTZ001 - the very mistake
    assert event_json(EVENTS[5], datetime(2026, 3, 1, tzinfo=UTC))["at"] == (
        "2026-03-01T00:00:00.000Z"
    )


@law
@given(FOREIGN)
def test_a_line_is_one_line(foreign):
    failed = dataclasses.replace(ENDED, message=foreign, hint=foreign)
    for event in (Noticed(foreign), ChangeEnded(failed)):
        line = json_line(told(event))
        assert "\n" not in line
        assert_safe(line)
        assert json.loads(line) == json.loads(json_text(told(event)))


@law
@given(st.recursive(st.none() | st.integers() | FOREIGN, lambda each: st.lists(each, max_size=3)))
def test_a_line_says_what_indented_json_says(value):
    assert json.loads(json_line(value)) == json.loads(json_text(value))
    assert len(json_line(value).splitlines()) == 1


def test_no_number_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        json_line(float("nan"))
