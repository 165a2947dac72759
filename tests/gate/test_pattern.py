"""Patterns, and the process that they are matched in."""

import json

import pytest

from tuneform.errors import LocalError
from tuneform.gate.pattern import matches
from tuneform.gate.pattern_process import reply_to


@pytest.mark.parametrize(
    ("pattern", "answer", "fits"),
    [
        ("[a-z]+", "billing", True),
        ("[a-z]+", "billing!", False),
        ("[a-z]+", "billing\n", False),
        ("a|ab", "ab", True),
        ("^a$", "a\n", False),
        (".*", "a\nb", False),
        ("(?s).*", "a\nb", True),
        ("(?i)ok", "OK", True),
        (r"\w+", "größe", True),
        ("x\ud800", "x\ud800", True),
        ("", "", True),
    ],
)
def test_the_whole_answer_must_fit(pattern, answer, fits):
    assert matches(pattern, [answer]) == [fits]


def test_answers_keep_their_order():
    assert matches("a", ["a", "b", "a"]) == [True, False, True]
    assert matches("a", []) == []


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "*", "(" * 5000 + ")" * 5000])
def test_a_pattern_that_is_none(pattern):
    with pytest.raises(LocalError, match="cannot be used") as error:
        matches(pattern, [])
    assert error.value.hint


def test_a_pattern_that_would_never_end_is_ended_and_nothing_is_decided():
    with pytest.raises(LocalError, match="took more than") as error:
        matches("(a+)+b", ["a" * 60], seconds=1.0)
    assert "aaa" not in f"{error.value.message}{error.value.hint}"
    assert error.value.__context__ is None


def test_the_process_without_a_process():
    assert json.loads(reply_to('{"pattern": "a+", "answers": ["aa", "b"]}')) == {
        "matched": [True, False]
    }
    assert "error" in json.loads(reply_to('{"pattern": "(", "answers": []}'))
