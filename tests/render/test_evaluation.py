"""What an evaluation found, and whether models may go live."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.gate import Case, Evaluation, Score
from tuneform.domain.spec import Metric
from tuneform.domain.status import GateAnswer
from tuneform.render.evaluation import (
    evaluation_json,
    evaluation_text,
    score_lines,
    verdict_json,
    verdict_words,
)
from tuneform.render.gate import gate_json, gate_text
from tuneform.render.json_text import json_text
from tuneform.render.look import Look

from .gate_values import ANSWERS, EXACT, NEW, OLD, evaluation, passed
from .golden import assert_golden
from .laws import FOREIGN, LOOKS, assert_fits, assert_safe, law, stripped


def test_golden():
    assert_golden("evaluation-80.txt", evaluation_text(evaluation(), Look(80)))
    assert_golden("evaluation-30-ascii.txt", evaluation_text(evaluation(), Look(30, unicode=False)))


def test_one_that_passed():
    text = evaluation_text(passed(against=None, seconds=0.0), Look())
    assert text == "\n".join(
        [
            "Evaluation of number-generator",
            f"  {NEW}",
            "  42 examples, by gate gggggggggg",
            "",
            "METRIC      VALUE   NEEDS                             SERVING",
            "exactMatch  0.9762  at least 0.9, at most 0.02 lower  0.9524   ok",
            "Must-pass cases: ok, all 5 passed.",
            "",
            "Gate passed.",
        ]
    )


def test_nothing_compared_leaves_no_column():
    score = Score(Metric("charF1", minimum=0.5), 0.75, None, passed=True)
    assert score_lines(passed(scores=(score,)), Look()) == [
        "METRIC  VALUE  NEEDS",
        "charF1  0.75   at least 0.5  ok",
    ]


def test_only_cases_that_must_pass():
    text = evaluation_text(passed(scores=(), examples=0), Look())
    assert "METRIC" not in text
    assert "\n\nMust-pass cases: ok, all 5 passed.\n\nGate passed." in text
    bare = evaluation_text(passed(scores=(), must_pass=0), Look())
    assert bare.endswith("which serves\n\nGate passed.")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (passed(), "gate passed: exactMatch 0.9762, 5 of 5 must-pass cases"),
        (passed(scores=(), must_pass=1), "gate passed: 1 of 1 must-pass case"),
        (passed(scores=(), must_pass=0), "gate passed"),
        (evaluation(scores=()), "gate failed: 2 of 5 must-pass cases failed"),
        (
            evaluation(must_pass=0, must_pass_failed=0, scores=evaluation().scores[:1]),
            "gate failed: exactMatch is 0.8095, and must be at least 0.9",
        ),
        (evaluation(scores=(), must_pass_failed=0), "gate failed"),
    ],
)
def test_verdicts_in_one_line(value, words):
    assert verdict_words(value) == words


def test_without_samples_no_text_of_an_example_is_shown():
    text = evaluation_text(evaluation(), Look(), samples=False)
    assert "datasets/golden.jsonl:3: score 0, must pass" in text
    assert not any(each in text for each in ("four", "six", "long", "input", "answer"))
    told = json_text(evaluation_json(evaluation(), samples=False))
    assert not any(each in told for each in ("four", "six", "long"))


def test_long_and_hostile_texts_take_one_line_each():
    shown = evaluation_text(evaluation(), Look(60)).split("\n")
    (asked,) = [line for line in shown if "long" in line]
    assert len(asked) == 60
    assert asked.endswith('…"')
    assert r'    expected  "x\n\x1b[2J"' in shown


def test_json():
    value = evaluation_json(evaluation())
    assert set(value) == {
        *("format_version", "model", "remote", "gate", "passed", "examples", "repeats", "scores"),
        *("must_pass", "must_pass_failed", "against", "seconds", "failures", "worst"),
    }
    assert value["scores"][0] == {
        "metric": "exactMatch",
        "label": None,
        "value": 0.8095,
        "baseline": 0.9524,
        "minimum": 0.9,
        "max_regression": 0.02,
        "passed": False,
    }
    assert value["scores"][1]["value"] is None
    assert (value["against"], value["must_pass_failed"]) == (OLD, 2)
    assert value["worst"][0] == {
        "place": "datasets/golden.jsonl:3",
        "score": 0,
        "must_pass": True,
        "input": "Next number: four",
        "expected": "five",
        "answer": "six",
    }
    assert json.loads(json_text(value)) == value


def test_a_verdict_tells_no_example():
    assert set(verdict_json(evaluation())) == set(evaluation_json(evaluation())) - {
        *("format_version", "model", "remote", "failures", "worst")
    }


SHARE = st.none() | st.floats()
EVALUATIONS = st.builds(
    Evaluation,
    FOREIGN,
    FOREIGN,
    FOREIGN,
    st.booleans(),
    st.integers(0, 10**9),
    st.integers(1, 9),
    st.lists(
        st.builds(
            lambda metric, value: Score(metric, value, value, passed=value == 1),
            st.builds(Metric, FOREIGN, st.none() | FOREIGN, st.floats(0, 1), st.floats(0, 1)),
            SHARE,
        ),
        max_size=2,
    ).map(tuple),
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(
        st.builds(Case, FOREIGN, FOREIGN, FOREIGN, FOREIGN, st.floats(), st.booleans()), max_size=2
    ).map(tuple),
    st.none() | FOREIGN,
    st.floats(0, 1e6),
)


@law
@given(EVALUATIONS, LOOKS, st.booleans())
def test_laws(value, look, samples):
    text = evaluation_text(value, look, samples=samples)
    assert_safe(text)
    assert stripped(text) == evaluation_text(
        value, dataclasses.replace(look, colour=False), samples=samples
    )
    assert text.isascii() or look.unicode
    told = evaluation_json(value, samples=samples)
    assert json.loads(json_text(told))["passed"] == value.passed


@law
@given(LOOKS)
def test_width(look):
    assert_fits(evaluation_text(evaluation(), look), look)
    assert_fits(evaluation_text(passed(), look), look)
    text = gate_text(ANSWERS, look)
    assert_fits(text, look, but=(text.split("\n")[-1],))


def test_a_value_that_is_no_number():
    score = Score(EXACT, math.nan, math.inf, passed=False)
    assert verdict_json(evaluation(scores=(score,)))["scores"][0]["value"] is None


def test_the_gate_golden():
    assert_golden("gate-80.txt", gate_text(ANSWERS, Look(80)))


def test_the_gate_counts():
    assert gate_text((), Look()) == "Gate: 0 of 0 models may go live."
    assert gate_text(ANSWERS[1:2], Look(30)).endswith("\nGate: 0 of 1 model may go live.")


def test_the_gate_for_programs():
    value = gate_json(ANSWERS)
    assert value["passed"] is False
    assert gate_json(ANSWERS[:1])["passed"] is True
    assert value["models"][1] == {
        "model": "number-generator",
        "passed": False,
        "code": "gate-failed",
        "message": "The gate was not passed: exactMatch is 0.8, and must be at least 0.9.",
        "hint": "change the data, or the gate",
        "remote": NEW,
        "verdict": "failed:gggggggggg",
    }


@law
@given(
    st.lists(
        st.builds(
            GateAnswer,
            FOREIGN,
            st.booleans(),
            FOREIGN,
            FOREIGN,
            FOREIGN,
            st.none() | FOREIGN,
            FOREIGN,
        ),
        max_size=3,
    ),
    LOOKS,
)
def test_gate_laws(answers, look):
    text = gate_text(answers, look)
    assert_safe(text)
    assert stripped(text) == gate_text(answers, dataclasses.replace(look, colour=False))
    assert text.isascii() or look.unicode
    may = bool(answers) and all(each.passed for each in answers)
    assert json.loads(json_text(gate_json(answers)))["passed"] == may
