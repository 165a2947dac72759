"""SARIF: what code scanning reads of diagnostics."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.render import plain
from tuneform.render.json_text import json_text
from tuneform.render.sarif import sarif_json

from .golden import assert_golden
from .laws import FOREIGN, assert_safe, law
from .values import DIAGNOSTICS


def _object(required: str, **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MESSAGE = _object("text", text=_TEXT)
_RULE = _object(
    "id shortDescription fullDescription help",
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    defaultConfiguration=_object("", level=_LEVEL),
)
_LOCATION = _object(
    "",
    physicalLocation=_object(
        "artifactLocation",
        artifactLocation=_object(
            "uri",
            uri={"type": "string", "pattern": r"^[A-Za-z0-9/._~%-]+$"},
            uriBaseId={"const": "%SRCROOT%"},
        ),
        region=_object("startLine", startLine=_COUNT, startColumn=_COUNT),
    ),
    logicalLocations={
        "type": "array",
        "items": _object("", fullyQualifiedName=_TEXT),
    },
)
_RESULT = _object(
    "ruleId ruleIndex level message locations partialFingerprints",
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION, "uniqueItems": True},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
)
_RUN = _object(
    "tool results",
    tool=_object(
        "driver",
        driver=_object(
            "name rules",
            name=_TEXT,
            semanticVersion=_TEXT,
            rules={"type": "array", "items": _RULE, "uniqueItems": True},
        ),
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": _RESULT},
)
_SCHEMA = _object(
    "version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": _RUN, "minItems": 1, "maxItems": 1},
)
"""Of the standard's schema what we use, and of GitHub's page what it requires; nothing else."""


def log(diagnostics, **more):
    told = sarif_json(diagnostics, version="1.2.3", **more)
    Draft202012Validator(_SCHEMA).validate(told)
    return told["runs"][0]


def results(diagnostics, **more):
    return log(diagnostics, **more)["results"]


def test_golden():
    assert_golden("validate.sarif", json_text(sarif_json(DIAGNOSTICS, version="1.2.3")))


def test_nothing_found_is_a_run_without_results():
    run = log([])
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_each_code_is_one_rule_and_results_point_to_it():
    run = log([*DIAGNOSTICS, DIAGNOSTICS[0]])
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["conflicting-hyperparameters", "few-examples"]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [
        each["ruleId"] for each in run["results"]
    ]


@pytest.mark.parametrize(
    ("place", "region"),
    [
        (Place("a.yaml", 3, 5), {"startLine": 3, "startColumn": 5}),
        (Place("a.yaml", 3), {"startLine": 3}),
        (Place("a.yaml"), None),
    ],
)
def test_regions(place, region):
    (result,) = results([dataclasses.replace(DIAGNOSTICS[0], place=place)])
    assert result["locations"][0]["physicalLocation"].get("region") == region


def test_without_a_place_or_a_subject_there_is_no_location():
    (result,) = results([Diagnostic(Severity.ERROR, "code", "summary")])
    assert result["locations"] == []
    assert result["message"] == {"text": "summary"}


@pytest.mark.parametrize(
    ("file", "folder", "uri"),
    [
        ("a b/é#1.yaml", "", "a%20b/%C3%A9%231.yaml"),
        ("c:d?.yaml", "", "c%3Ad%3F.yaml"),
        ("a.yaml", "teams/growth", "teams/growth/a.yaml"),
        ("a.yaml", ".", "a.yaml"),
        ("../a.yaml", "teams/growth", "teams/a.yaml"),
        ("\udc80.yaml", "", "%ED%B2%80.yaml"),
    ],
)
def test_paths_are_relative_to_the_repository_and_encoded(file, folder, uri):
    (result,) = results([dataclasses.replace(DIAGNOSTICS[0], place=Place(file))], folder=folder)
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def fingerprints(*diagnostics: Diagnostic) -> list[str]:
    return [each["partialFingerprints"]["tuneform/v1"] for each in results(diagnostics)]


def test_a_fingerprint_stays_when_the_mistake_moves_in_its_file():
    first = DIAGNOSTICS[0]
    moved = dataclasses.replace(first, place=Place(first.place.file, 99, 1))
    assert fingerprints(first) == fingerprints(moved)
    twice = fingerprints(first, moved)
    assert len(set(twice)) == 2
    assert twice[0] == fingerprints(first)[0]
    other = dataclasses.replace(first, field="spec.other")
    assert fingerprints(other) != fingerprints(first)


def test_text_makes_no_link():
    told = dataclasses.replace(DIAGNOSTICS[0], detail="see [a](https://host.example) and a[0]")
    (result,) = results([told])
    assert result["message"]["text"].startswith("see \\[a](https://host.example) and a[0] Hint: ")


def test_secrets_and_lines_of_files_are_not_told():
    secret = dataclasses.replace(
        DIAGNOSTICS[0],
        detail="hunter2",
        hint="hunter2",
        subject="hunter2",
        place=Place("hunter2", 1),
        snippet="a line",
    )
    text = json_text(sarif_json([secret], version="1", secrets=("hunter2",)))
    assert "hunter2" not in text
    assert "(sensitive)" in text
    assert "a line" not in text


@law
@given(FOREIGN)
def test_it_keeps_to_the_schema_whatever_is_in_it(foreign):
    file = foreign.replace("/", "") or "x"
    told = Diagnostic(
        Severity.WARNING, "code", "summary", foreign, Place(file, 1, 1), foreign, foreign, foreign
    )
    (result,) = results([told])
    assert_safe(json_text(result))
    assert plain.clean(foreign)[:5].replace("[", "") in re.sub(
        r"\\\[|\[", "", result["message"]["text"]
    )
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    if file not in (".", ".."):
        assert unquote(uri, errors="surrogatepass") == file
