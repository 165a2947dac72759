"""Mistakes told so that they can be mended without the manual."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.errors import Forbidden, InvalidProject, Refused
from tuneform.render.diagnostics import (
    diagnostics_json,
    diagnostics_text,
    error_json,
    error_text,
)
from tuneform.render.json_text import json_text
from tuneform.render.look import Look

from .golden import assert_golden
from .laws import FOREIGN, LOOKS, assert_fits, assert_safe, law, stripped
from .values import DIAGNOSTICS


def test_golden():
    assert_golden("diagnostics-80.txt", diagnostics_text(DIAGNOSTICS, Look(80)))


@pytest.mark.parametrize(
    ("severities", "last"),
    [
        ("ee", "2 errors."),
        ("w", "1 warning."),
        ("ew", "1 error, 1 warning."),
    ],
)
def test_last_line_counts(severities, last):
    kinds = {"e": Severity.ERROR, "w": Severity.WARNING}
    text = diagnostics_text([Diagnostic(kinds[each], "x", "x") for each in severities], Look())
    assert text.split("\n")[-1] == last


def test_nothing_wrong_is_no_text():
    assert diagnostics_text((), Look()) == ""


def _with_snippet(snippet: str, column: int) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR, "x", "wrong", place=Place("a.yaml", 3, column), snippet=snippet
    )


@pytest.mark.parametrize(
    ("snippet", "column", "width", "shown", "caret"),
    [
        ("key: value", 6, 80, "    3 | key: value", "      |      ^"),
        ("漢字: value", 5, 80, "    3 | 漢字: value", "      |       ^"),
        ("\tkey: x", 2, 80, r"    3 | \tkey: x", "      |   ^"),
        ("abc", 4, 80, "    3 | abc", "      |    ^"),
        (
            "a" * 40 + "X" + "b" * 40,
            41,
            28,
            "    3 | …" + "a" * 10 + "X" + "b" * 7 + "…",
            "      |            ^",
        ),
        ("a" * 50, 1, 28, "    3 | " + "a" * 19 + "…", "      | ^"),
    ],
)
def test_caret_stands_under_the_column(snippet, column, width, shown, caret):
    lines = diagnostics_text([_with_snippet(snippet, column)], Look(width)).split("\n")
    assert lines[2:4] == [shown, caret]


def test_no_caret_without_a_column_and_none_beside_a_secret():
    assert "^" not in diagnostics_text([_with_snippet("key: value", 0)], Look())
    text = diagnostics_text([_with_snippet("key: hunter2 x", 7)], Look(secrets=("hunter2",)))
    assert "    3 | key: (sensitive) x" in text
    assert "^" not in text
    assert "hunter" not in text


DIAGNOSTIC = st.builds(
    Diagnostic,
    severity=st.sampled_from(Severity),
    code=st.just("code"),
    summary=FOREIGN,
    detail=FOREIGN,
    place=st.none() | st.builds(Place, FOREIGN, st.integers(0, 10**6), st.integers(0, 60)),
    subject=FOREIGN,
    field=FOREIGN,
    hint=FOREIGN,
    snippet=FOREIGN,
)


@law
@given(st.lists(DIAGNOSTIC, max_size=3), LOOKS)
def test_laws(diagnostics, look):
    text = diagnostics_text(diagnostics, look)
    assert_safe(text)
    plain = dataclasses.replace(look, colour=False)
    assert stripped(text) == diagnostics_text(diagnostics, plain)
    if not look.unicode:
        assert text.isascii()
    assert_safe(json_text(diagnostics_json(diagnostics)))


@law
@given(st.integers(20, 300))
def test_width(width):
    look = Look(width)
    assert_fits(diagnostics_text(DIAGNOSTICS, look), look)


def test_json():
    assert diagnostics_json(DIAGNOSTICS)[1] == {
        "severity": "warning",
        "code": "few-examples",
        "summary": "few examples",
        "detail": "15 examples are fewer than the 20 that the guide asks for.",
        "place": {"file": "models/datasets/support.jsonl", "line": 0, "column": 0},
        "subject": "TunedModel/support-bot",
        "field": "spec.dataset",
        "hint": "",
        "snippet": "",
    }


def test_error_text():
    error = Refused("the plan deletes 2 of the 2 models", hint="add --allow-deletes 2")
    assert error_text(error, Look()) == (
        "error: the plan deletes 2 of the 2 models\n  hint: add --allow-deletes 2"
    )


def test_an_invalid_project_tells_its_mistakes():
    assert error_text(InvalidProject(DIAGNOSTICS), Look()) == diagnostics_text(DIAGNOSTICS, Look())
    assert error_json(InvalidProject(DIAGNOSTICS))["diagnostics"] == diagnostics_json(DIAGNOSTICS)
    assert error_text(InvalidProject(()), Look()) == "error: the project has errors"


def test_error_json():
    error = Forbidden("refused", hint="ask for it", status=403, reason="PERMISSION_DENIED")
    assert error_json(error) == {
        "format_version": "1.0",
        "error": {
            "code": "forbidden",
            "message": "refused",
            "hint": "ask for it",
            "exit_code": 4,
            "status": 403,
            "reason": "PERMISSION_DENIED",
        },
        "diagnostics": [],
    }
