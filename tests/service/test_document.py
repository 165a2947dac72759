"""The document of the practice service: its examples run, and its numbers are those of the code."""

import dataclasses
import json
import re
import typing
from pathlib import Path

import pytest

from tuneform.service import (
    Behaviour,
    drafts,
    fields,
    generation,
    learning,
    read_faults,
    routes,
    search,
    server,
    wire,
)
from tuneform.service.faults import AnyRule, RequestRule
from tuneform.service.storage import body, uploads

DOCUMENT = (Path(__file__).parents[2] / "docs" / "practice-service.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def test_every_switch_is_explained():
    named = set(re.findall(r"`([a-z_]+)`", DOCUMENT))
    assert {field.name for field in dataclasses.fields(Behaviour)} <= named


@pytest.mark.parametrize(
    "number",
    [
        *(wire.MAX_BODY, drafts.MAX_INPUT, drafts.MAX_OUTPUT, drafts.MAX_STEPS, drafts.MAX_VISITS),
        *(int(learning.RATE_SCALE), int(learning.DIVERGED), generation.MAX_PROMPT),
        *(body.MAX_OBJECT, uploads.GRANULE),
        *(server.CONNECTIONS, drafts.LARGE_FROM, fields.MAX_LENGTH, search.MAX_LENGTH),
    ],
)
def test_the_numbers_are_those_of_the_code(number):
    assert f"{number:,}" in DOCUMENT


def test_the_examples_in_python_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for example in (block for block in blocks("python") if "open_service" in block):
        exec(compile(example, "practice-service.md", "exec"), {})
    assert (tmp_path / "practice.db").exists()


def test_the_body_of_the_example_with_curl_is_taken(practice):
    (body,) = re.findall(r"-d '(.*?)'", "\n".join(blocks("sh")), re.DOTALL)
    practice.ok("POST", "tunedModels", json.loads(body), tunedModelId="adder")


def test_the_control_routes_are_shown_as_they_are(practice):
    health, trainings = (json.loads(block) for block in blocks("json"))
    practice.train("adder")
    practice.ok("DELETE", "tunedModels/adder")
    shown = practice.ok("GET", "/practice/v1/trainings")
    (told,), (real,) = trainings["trainings"], shown["trainings"]
    assert trainings.keys() == shown.keys()
    assert told.keys() == real.keys()
    same = [key for key in told if isinstance(told[key], int | dict)]
    assert [told[key] for key in same] == [real[key] for key in same]
    assert practice.ok("GET", "/practice/v1/health") == health


def test_the_faults_of_the_example_are_read(tmp_path):
    (text,) = (block for block in blocks("yaml") if "effect" in block)
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    assert len(read_faults(file).rules) == 3


@pytest.mark.parametrize("rule", typing.get_args(AnyRule), ids=lambda rule: rule.__name__)
def test_every_effect_is_explained_with_its_keys(rule):
    (row,) = re.findall(rf"^\| `{rule.__struct_config__.tag}` \|.*$", DOCUMENT, re.MULTILINE)
    common = {"name", "probability", *RequestRule.__struct_fields__}
    assert {key for key in rule.__struct_fields__ if f"`{key}" not in row} <= common
    assert all(f"| `{key}` |" in DOCUMENT for key in common)


def test_every_verb_is_listed():
    table = Path(routes.__file__).read_text()
    for verb in re.findall(r"\}:(\w+)\"", table):
        assert verb in DOCUMENT, verb
