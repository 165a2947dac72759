"""JUnit XML: what readers of it count, and that it is XML whatever is in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from xmlschema import XMLSchema

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.gate import Evaluation, Score
from tuneform.domain.spec import Metric
from tuneform.domain.status import GateAnswer
from tuneform.render import plain
from tuneform.render.junit import evaluation_junit, gate_junit, validate_junit

from .answers import ANSWERS, EVALUATION
from .golden import assert_golden
from .laws import FOREIGN, assert_safe, law
from .values import DIAGNOSTICS

_SCHEMA = XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def parsed(text: str) -> ET.Element:
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    _SCHEMA.validate(text.partition("\n")[2])
    return ET.fromstring(text.encode())


def cases(text: str) -> dict[str, str | None]:
    """Names of cases, and the message of the failure where one failed."""
    found = {}
    for case in parsed(text).iter("testcase"):
        failure = case.find("failure")
        found[case.get("name")] = None if failure is None else failure.get("message")
    return found


def test_golden():
    assert_golden("validate.xml", validate_junit(DIAGNOSTICS, ["models/good.yaml"]))
    assert_golden("gate.xml", gate_junit(ANSWERS))
    assert_golden("evaluation.xml", evaluation_junit([EVALUATION]))


def test_each_file_is_a_case_that_fails_with_its_errors():
    two = (*DIAGNOSTICS, dataclasses.replace(DIAGNOSTICS[0], summary="another"))
    nowhere = dataclasses.replace(DIAGNOSTICS[0], place=None)
    assert cases(validate_junit((*two, nowhere), ["models/good.yaml"])) == {
        "models/datasets/support.jsonl": None,
        "models/good.yaml": None,
        "models/support.yaml": "conflicting hyperparameters (and 1 more)",
        "project": "conflicting hyperparameters",
    }


def test_a_warning_is_told_and_fails_nothing():
    root = parsed(validate_junit(DIAGNOSTICS[1:]))
    assert root.get("failures") == "0"
    assert "few examples" in root.find(".//system-out").text


def test_nothing_wrong_is_a_case_that_passed():
    assert cases(validate_junit([])) == {"project": None}


def test_each_model_of_a_gate_is_a_case():
    assert cases(gate_junit(ANSWERS)) == {"a": None, "b": "It is rolled back."}
    assert parsed(gate_junit(ANSWERS)).find(".//failure").get("type") == "pinned"


def test_each_metric_is_a_case_and_what_must_pass_is_one():
    text = evaluation_junit([EVALUATION])
    assert cases(text) == {
        "exactMatch": "exactMatch is 0.85; needs at least 0.9",
        "precision of billing": "precision of billing is not defined; needs at least 0.5",
        "charF1": None,
        "must-pass cases": "1 of 12 must-pass cases failed",
    }
    assert "In: x" not in text
    root = parsed(text)
    assert [root.get(each) for each in ("tests", "failures", "time")] == ["4", "3", "3.200"]


def test_what_all_passed_does_not_fail():
    kept = dataclasses.replace(EVALUATION, must_pass_failed=0, scores=EVALUATION.scores[2:])
    assert cases(evaluation_junit([kept])) == {"charF1": None, "must-pass cases": None}
    none = dataclasses.replace(kept, must_pass=0)
    assert cases(evaluation_junit([none, none])) == {"charF1": None}


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ufffe", "\uffff", "\ud800", "\u202e"])
def test_what_xml_forbids_is_shown_by_number(character):
    answer = dataclasses.replace(ANSWERS[1], model=f"a{character}b")
    (name,) = cases(gate_junit([answer]))
    assert character not in name
    assert name.startswith("a\\")


def test_secrets_are_redacted():
    for text in _documents("hunter2"):
        assert "hunter2" in text
    for text in _documents("hunter2", ("hunter2",)):
        assert "hunter2" not in text


@law
@given(FOREIGN)
def test_it_is_xml_of_the_schema_whatever_is_in_it(foreign):
    for text in _documents(foreign):
        assert_safe(text)
        parsed(text)
    shown = plain.clean(foreign).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    model = dataclasses.replace(ANSWERS[0], model=foreign)
    assert cases(gate_junit([model])) == {shown: None}


def _documents(foreign: str, secrets: tuple[str, ...] = ()) -> list[str]:
    found = Diagnostic(
        Severity.ERROR, foreign, foreign, foreign, Place(foreign or "x", 1), foreign, "f", foreign
    )
    score = Score(Metric(foreign, label=foreign, minimum=0.9), 0.5, 0.25, passed=False)
    evaluation = Evaluation(foreign, foreign, "g", False, 1, 1, (score,), must_pass=2)
    answer = GateAnswer(foreign, False, foreign, foreign, foreign, foreign, "")
    return [
        validate_junit([found], [foreign], secrets=secrets),
        gate_junit([answer, dataclasses.replace(answer, passed=True)], secrets=secrets),
        evaluation_junit([evaluation], secrets=secrets),
    ]
