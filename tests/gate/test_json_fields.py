"""Answers that are JSON objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.errors import LocalError
from tuneform.gate.json_fields import check_expected, json_fields

from .values import ask_about

WANTED = '{"team": "billing", "urgency": 2}'


@pytest.mark.parametrize(
    ("reason", "answer", "score"),
    [
        ("the same", WANTED, 1.0),
        ("another order, other spaces", '{ "urgency":2,\n"team":"billing"}', 1.0),
        ("numbers by value", '{"team": "billing", "urgency": 2.0}', 1.0),
        ("half of it", '{"team": "billing", "urgency": 3}', 0.5),
        ("one is absent", '{"team": "billing"}', 0.5),
        ("one more counts for nothing", '{"team": "billing", "urgency": 2, "x": 1}', 1.0),
        ("a text is no number", '{"team": "billing", "urgency": "2"}', 0.5),
        ("a fence", f"```json\n{WANTED}\n```", 1.0),
        ("a bare fence", f"\n```\n{WANTED}\n```\n", 1.0),
        ("a fence on one line", f"```JSON {WANTED}```", 1.0),
        ("half a fence", f"```json\n{WANTED}", 0.0),
        ("words around it", f"Here you are: {WANTED}", 0.0),
        ("no object", "[1]", 0.0),
        ("broken", '{"team": "billing"', 0.0),
        ("words that JSON does not have", '{"team": "billing", "urgency": NaN}', 0.0),
        ("too many digits", '{"team": "billing", "urgency": ' + "9" * 5000 + "}", 0.0),
        ("too deep", "[" * 100_000, 0.0),
        ("a lone fence", "```", 0.0),
    ],
)
def test_share_of_fields(reason, answer, score):
    assert json_fields(WANTED, answer) == score, reason


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ('{"a": true}', '{"a": 1}', 0),
        ('{"a": 1}', '{"a": true}', 0),
        ('{"a": false}', '{"a": 0}', 0),
        ('{"a": true}', '{"a": true}', 1),
        ('{"a": null}', "{}", 0),
        ('{"a": null}', '{"a": null}', 1),
        ('{"a": [1, {"b": 2}]}', '{"a": [1.0, {"b": 2}]}', 1),
        ('{"a": [1, {"b": 2}]}', '{"a": [1, {"b": true}]}', 0),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', 0),
        ('{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1}}', 0),
    ],
)
def test_values_are_compared_as_a_whole_and_as_json_has_them(expected, answer, score):
    assert json_fields(expected, answer) == score


@pytest.mark.parametrize(
    ("fields", "answer", "score"),
    [
        (("team",), '{"team": "billing", "urgency": 9}', 1.0),
        (("team", "team"), '{"team": "billing"}', 1.0),
        (("team", "other"), '{"team": "billing"}', 1.0),
        (("team", "other"), '{"team": "billing", "other": null}', 0.5),
    ],
)
def test_only_the_fields_that_are_named(fields, answer, score):
    assert json_fields(WANTED, answer, fields) == score


@given(st.dictionaries(st.text(), st.integers() | st.booleans() | st.text(), min_size=1))
def test_an_object_has_its_own_fields(value):
    import json

    text = json.dumps(value)
    assert json_fields(text, text) == 1.0


@pytest.mark.parametrize("expected", ["secret", "[1]", "{}", "NaN", '{"secret": NaN}'])
def test_what_cannot_be_compared_is_found_before_anything_is_asked(expected):
    with pytest.raises(LocalError, match=r"held-out\.jsonl:2") as error:
        check_expected(ask_about(WANTED, expected), ())
    assert "secret" not in error.value.message
    assert error.value.hint


def test_a_field_that_nothing_has_would_compare_nothing():
    check_expected(ask_about(WANTED, '{"other": 1}'), ("team", "other"))
    with pytest.raises(LocalError, match="taem"):
        check_expected(ask_about(WANTED), ("taem",))
    check_expected([], ("taem",))
