"""What is too large, too deep or without end is refused, with its place, before it costs much."""

import json
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.project import Project

from tuneform.manifest.compose import DEPTH_AT_MOST, NODES_AT_MOST
from tuneform.manifest.interpolate import expand, literal
from tuneform.manifest.source import BYTES_AT_MOST

ROOM = 3_000_000_000
"""Bytes of memory that all of this process may take: enough for the suite, not for a bomb."""


@pytest.fixture(autouse=True)
def _no_bomb_goes_off():
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (ROOM, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, limits)


def laughs(levels: int = 9) -> str:
    """Every level holds the one before it ten times."""
    more = (
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
        for level in range(1, levels)
    )
    return "".join(("a0: &a0 [lol]\n", *more))


BOMBS = {
    "aliases": laughs(),
    "merged": "a: &a {x: 1}\n" + "b: {<<: [" + "*a, " * 5 + "*a]}\n" + laughs(),
    "deep flow": "a: " + "[" * (DEPTH_AT_MOST + 5) + "]" * (DEPTH_AT_MOST + 5) + "\n",
    "very deep flow": "a: " + "[" * 100_000 + "\n",
    "deep maps": "a: " + "{a: " * 5_000 + "1" + "}" * 5_000 + "\n",
    "deep blocks": "".join(f"{' ' * level}a:\n" for level in range(DEPTH_AT_MOST + 20)),
    "wide": "a: [" + "1," * (NODES_AT_MOST + 10) + "]\n",
    "large": "a: " + "x" * BYTES_AT_MOST + "\n",
    "itself": "a: &a [*a]\n",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("file", ["models/bomb.yaml", "tuneform.yaml"])
def test_a_manifest_that_is_too_much(project: Project, name: str, file: str) -> None:
    project.model("numbers")
    head = "" if name.startswith("very") else "apiVersion: tuneform/v1\nkind: TunedModel\n"
    project.write(file, head + BOMBS[name])
    ran = project.run("validate", "--format", "json")
    assert ran.code == 3, ran.told[:2_000]
    places = [each["place"] for each in ran.json["diagnostics"] if each["severity"] == "error"]
    assert any(place and place["file"] == file for place in places)
    assert name == "large" or any(place["line"] for place in places if place)
    assert len(ran.out) < 1_000_000


@pytest.mark.parametrize("name", BOMBS)
def test_a_variable_file_that_is_too_much(project: Project, tmp_path: Path, name: str) -> None:
    project.model("numbers")
    file = tmp_path / "vars.yaml"
    file.write_text(BOMBS[name])
    ran = project.run("validate", "--var-file", file)
    assert ran.code == 3, ran.told[:2_000]
    assert "vars.yaml" in ran.err


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("json", b"[" * 100_000),
        ("json", b'[{"text_input": ' + b"[" * 100_000),
        ("json", b'[{"text_input": "a", "output": ' + b'{"a":' * 50_000),
        ("jsonl", b'{"text_input": "a", "output": ' + b"[" * 100_000 + b"\n"),
        ("jsonl", b'{"text_input": "a", "output": 1' + b"0" * 100_000 + b"}\n"),
        ("jsonl", b'{"text_input": "' + b"x" * 10_000_000 + b'", "output": "y"}\n'),
        ("csv", b'text_input,output\n"' + b"x" * 10_000_000),
        ("csv", b"," * 1_000_000 + b"\n"),
        ("tsv", b"text_input\toutput\n" + b"\0" * 1_000_000),
    ],
)
def test_a_dataset_that_is_too_much(project: Project, suffix: str, content: bytes) -> None:
    project.write(f"data/bomb.{suffix}", content)
    project.model("bomb", dataset={"path": f"../data/bomb.{suffix}"})
    for arguments in (("validate",), ("dataset", "check", f"data/bomb.{suffix}")):
        ran = project.run(*arguments)
        assert ran.code == 3, ran.told[:2_000]
        assert f"data/bomb.{suffix}" in ran.told
        assert len(ran.told) < 200_000


# Files without end, wherever one can be named.


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "/dev/zero"),
        ("apply", "/dev/zero"),
        ("validate", "--var-file", "/dev/zero"),
        ("dataset", "check", "/dev/zero"),
        ("dataset", "stats", "/dev/zero"),
        ("dataset", "diff", "/dev/zero", "/dev/zero"),
    ],
    ids=" ".join,
)
def test_a_device_without_end(project: Project, arguments: tuple[str, ...]) -> None:
    project.model("numbers")
    ran = project.run(*arguments)
    assert ran.code in (1, 3, 64), ran.told[:2_000]
    assert "this is a bug" not in ran.told
    assert "hint: " in ran.err


def fed(path: Path, content: bytes) -> threading.Thread:
    """A named pipe that somebody writes into."""
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: path.write_bytes(content), daemon=True)
    thread.start()
    return thread


def test_a_plan_through_a_pipe_is_read(project: Project, tmp_path: Path) -> None:
    project.model("numbers")
    project.ok("plan", "--out", "plan.json")
    writer = fed(tmp_path / "pipe.json", (project.root / "plan.json").read_bytes())
    shown = project.ok("show", str(tmp_path / "pipe.json")).out
    writer.join()
    assert shown == project.ok("show", "plan.json").out


PLANS: dict[str, Callable[[dict[str, object]], bytes]] = {
    "nothing": lambda _: b"",
    "deep": lambda _: b"[" * 200_000,
    "deep inside": lambda plan: json.dumps(plan).encode()[:-1] + b',"x":' + b"[" * 100_000,
    "long number": lambda _: b'{"format_version": 1' + b"0" * 100_000 + b"}",
    "no text": lambda _: b"\xff\xfe\x00",
    "not a number": lambda _: b'{"format_version": NaN}',
    "twice": lambda plan: json.dumps(plan).encode()[:-1] + b',"checksum":"0"}',
    "a page": lambda _: b"<html>\x1b[2J",
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("command", [("show",), ("apply",)])
def test_a_plan_file_that_is_none(project: Project, name: str, command: tuple[str]) -> None:
    project.model("numbers")
    project.ok("plan", "--out", "good.json")
    good = json.loads((project.root / "good.json").read_text())
    project.write("bad.json", PLANS[name](good))
    ran = project.run(*command, "bad.json")
    assert ran.code in (1, 7), ran
    assert "hint: " in ran.err
    assert "\x1b" not in ran.told
    assert project.trainings() == 0


@given(st.text("${}var.x \n", max_size=30))
def test_a_text_that_is_written_literally_is_read_back(text):
    def nothing(name: str) -> str:
        raise AssertionError(f"{name} was asked for")

    assert expand(literal(text), nothing) == text
