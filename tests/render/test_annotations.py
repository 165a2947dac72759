"""Annotations: one line each, and nothing in them is another command."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.plan import Action, Plan
from tuneform.errors import InvalidProject, UsageError
from tuneform.render import plain
from tuneform.render.annotations import (
    diagnostics_annotations,
    error_annotations,
    gate_annotations,
    plan_annotations,
)

from .answers import ANSWERS
from .laws import FOREIGN, assert_safe, law
from .values import DIAGNOSTICS, OWNER, change, every_plan, kept_plan

_COMMAND = re.compile(r"::(error|warning) ([a-z]+=[^:,\r\n]*(?:,[a-z]+=[^:,\r\n]*)*)::([^\r\n]*)")
_TRICKS = st.lists(
    st.one_of(FOREIGN, st.sampled_from(("::", "::error::x", "%", "%0A", "%25", "\r\n", ":", ",")))
).map("".join)


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Level, properties and message, decoded as the runner does it."""
    match = _COMMAND.fullmatch(line)
    assert match, line
    level, named, message = match.groups()
    properties = dict(each.split("=", 1) for each in named.split(","))
    return level, {name: _decoded(value) for name, value in properties.items()}, _decoded(message)


def _decoded(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        text = text.replace(code, character)
    return text.replace("%25", "%")


def test_diagnostics_with_their_places():
    assert diagnostics_annotations(DIAGNOSTICS, folder="teams").split("\n") == [
        (
            "::error file=teams/models/support.yaml,line=14,col=5,title=conflicting hyperparameters"
            "::Both learningRate and learningRateMultiplier are set; "
            "the service accepts one of them. Hint: remove one of the two"
        ),
        (
            "::warning file=teams/models/datasets/support.jsonl,title=few examples"
            "::15 examples are fewer than the 20 that the guide asks for."
        ),
    ]


def test_without_a_place_there_is_only_a_title():
    told = Diagnostic(Severity.ERROR, "code", "summary")
    assert diagnostics_annotations([told]) == "::error title=summary::summary"


def test_held_models_are_warnings():
    assert plan_annotations(every_plan()) == (
        "::warning title=severity is held"
        "::The training failed. To go on, change the data, or set spec.revision: 2."
    )
    assert plan_annotations(kept_plan()) == ""


def test_closed_gates_are_errors():
    line = "::error title=b may not go live::It is rolled back. Hint: lift the pin"
    assert gate_annotations(ANSWERS) == line


def test_data_and_properties_are_escaped_as_documented():
    told = dataclasses.replace(DIAGNOSTICS[0], summary="a:b,c%", detail="100%: a,b", hint="")
    line = diagnostics_annotations([dataclasses.replace(told, place=Place("a,b:c%.yaml"))])
    assert line == "::error file=a%2Cb%3Ac%25.yaml,title=a%3Ab%2Cc%25::100%25: a,b"


@pytest.mark.parametrize("trick", ["::add-mask::x", "  ::error::x", "a\n::add-mask::x"])
def test_no_message_begins_another_command(trick):
    line = gate_annotations([dataclasses.replace(ANSWERS[1], message=trick)])
    assert "\n" not in line
    _, _, message = read(line)
    assert not re.search(r"^\s*::", message, re.MULTILINE)


def test_secrets_are_redacted_before_a_cut():
    answer = dataclasses.replace(ANSWERS[1], message="x" * 3_990 + "hunter2" * 20)
    assert "hunter" not in gate_annotations([answer], secrets=("hunter2" * 20,))


@law
@given(_TRICKS)
def test_foreign_text_stays_in_its_place(foreign):
    told = Diagnostic(
        Severity.ERROR, "code", foreign, foreign, Place(foreign or "x", 1), "", "", ""
    )
    held = change(foreign, Action.HOLD, message=foreign)
    for text in (
        diagnostics_annotations([told]),
        plan_annotations(Plan(OWNER, "gemini", (held,))),
        gate_annotations([dataclasses.replace(ANSWERS[1], model=foreign, message=foreign)]),
    ):
        assert_safe(text)
        level, properties, message = read(text)
        assert level in ("error", "warning")
        assert set(properties) <= {"file", "line", "col", "title"}
        assert plain.clean(foreign)[:3].lstrip(" :") in message
        assert plain.clean(foreign)[:3].strip(" :") in properties["title"]


def test_what_ends_a_command_is_an_error_of_the_job():
    told = error_annotations(UsageError("no model fits 'x'", hint="look at\nstatus"))
    assert told == ("::error title=tuneform%3A usage::no model fits 'x'. Hint: look at\\nstatus")


def test_an_invalid_project_is_told_at_its_places():
    place = Place("models/a.yaml", 3, 5)
    mistake = Diagnostic(Severity.ERROR, "unknown-key", "unknown key", "What is that?", place)
    told = error_annotations(InvalidProject([mistake]), folder="ml")
    assert told.startswith("::error file=ml/models/a.yaml,line=3,col=5,title=unknown key::")
