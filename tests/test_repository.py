"""The house rules that no linter knows: data, pins and texts that a reader relies on."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]

_TEXT = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".json",
    ".jsonl",
    ".csv",
    ".tsv",
    ".cfg",
    ".sh",
}
_FOLDERS = ("src", "tests", "docs", "examples", "manifests", "bench", "action", ".ci")


def _texts() -> list[Path]:
    """Every text of the repository: the files at its root, and those in its folders."""
    inside = [path for folder in _FOLDERS for path in ROOT.joinpath(folder).rglob("*")]
    return sorted(
        path
        for path in (*ROOT.iterdir(), *inside)
        if path.is_file()
        and (path.suffix in _TEXT or path.name in {"Makefile", "run", ".importlinter"})
        and not {".practice", ".tuneform", "__pycache__"} & set(path.parts)
    )


TEXTS = _texts()
"""The files that are ours; what tools leave behind is not."""

DATASETS = sorted(
    path
    for folder in ("manifests", "examples")
    for path in ROOT.joinpath(folder).rglob("*")
    if path.suffix in {".jsonl", ".csv"}
)
MANIFESTS = sorted(
    path
    for path in (ROOT / "tuneform.yaml", *ROOT.glob("manifests/*"), *ROOT.glob("examples/**/*"))
    if path.suffix == ".yaml"
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _examples(path: Path) -> list[tuple[str, str]]:
    """Input and output of each row; both are text, and neither is empty."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        rows = [list(row) for row in csv.reader(text.splitlines(), strict=True)][1:]
    else:
        values = [json.loads(line) for line in text.splitlines()]
        assert all(set(value) == {"text_input", "output"} for value in values)
        rows = [[value["text_input"], value["output"]] for value in values]
    assert all(
        len(row) == 2 and all(isinstance(cell, str) and cell for cell in row) for row in rows
    )
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize("path", DATASETS, ids=_name)
def test_no_example_occurs_twice_or_contradicts_another(path: Path) -> None:
    """A reader copies these files: they show what a clean dataset looks like."""
    inputs = [text_input.casefold() for text_input, _ in _examples(path)]
    assert inputs
    assert len(inputs) == len(set(inputs))


@pytest.mark.parametrize("held_out", ["tickets", "chat"])
def test_held_out_rows_are_not_trained_on(held_out: str) -> None:
    """What a model is judged by must be new to it, and ask for what it can say."""
    folder = ROOT / "manifests" / "datasets"
    judged = _examples(folder / f"{held_out}-held-out.jsonl")
    trained = _examples(folder / "tickets.jsonl") + _examples(folder / "chat.jsonl")
    assert not {row[0].casefold() for row in judged} & {row[0].casefold() for row in trained}
    assert {row[1] for row in judged} == {row[1] for row in trained}


def test_the_demo_has_enough_examples_of_each_kind() -> None:
    """The guide's 15, a classifier of 200 and more, and a smaller one on top of it."""
    folder = ROOT / "manifests" / "datasets"
    counts = {path.stem: len(_examples(path)) for path in folder.glob("*.jsonl")}
    assert counts["numbers"] == 15
    assert counts["tickets"] >= 200
    assert counts["tickets-held-out"] >= 40
    assert counts["chat"] >= 60


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_shipped_manifests_name_the_schema_for_editors(path: Path) -> None:
    """The path in the first line leads to the committed schema from where the file lies."""
    prefix = "# yaml-language-server: $schema="
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(prefix)
    schema = (path.parent / first.removeprefix(prefix)).resolve()
    assert schema == ROOT / "docs" / "manifest.schema.json"
    assert schema.is_file()


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_datasets_of_shipped_manifests_exist(path: Path) -> None:
    """Each manifest finds its dataset beside it."""
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        if document["kind"] == "TunedModel":
            assert path.parent.joinpath(document["spec"]["dataset"]["path"]) in DATASETS


def test_the_licence_is_the_whole_apache_licence() -> None:
    """The text that pyproject.toml names is the one in the file."""
    text = ROOT.joinpath("LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_supported_versions_are_the_ones_that_pip_admits() -> None:
    """The oldest Python among the classifiers is the lower bound, and none is left out between."""
    prefix = "Programming Language :: Python :: 3."
    minors = [int(line.removeprefix(prefix)) for line in PROJECT["classifiers"] if prefix in line]
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))


def _requirements() -> list[str]:
    extras = [one for extra in PROJECT["optional-dependencies"].values() for one in extra]
    return [*PROJECT["dependencies"], *extras, *PYPROJECT["dependency-groups"]["dev"]]


def _key(requirement: str) -> str:
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("requirement", _requirements())
def test_dependencies_have_a_lower_bound_and_no_upper_one(requirement: str) -> None:
    """Stub packages are dated by their library's version, which has the bound."""
    bounded = re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?>=[0-9.]+", requirement)
    assert bounded or requirement.startswith("types-")


def _pins() -> list[str]:
    lines = ROOT.joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_constraints_pin_every_dependency_and_name_no_place() -> None:
    """Only `name==version`: no address, no path, no editable line; in order, each once."""
    pins = _pins()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*( ;.*)?", pin) for pin in pins)
    keys = [_key(pin) for pin in pins]
    assert len(keys) == len(set(keys))
    assert {_key(requirement) for requirement in _requirements()} <= set(keys)


_ADDRESSES = re.compile(
    r"(index-[u]rl|find-[l]inks|trusted-[h]ost|--[i]ndex\b|py[p]i\.org|python[h]osted|/[s]imple/)",
    re.IGNORECASE,
)
_HOMES = re.compile(r"(?<![\w.])/(home|root|Users)/\w")


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_no_text_names_a_registry_or_a_machine(path: Path) -> None:
    """Where packages come from is the business of whoever installs."""
    if path == Path(__file__):
        return
    text = path.read_text(encoding="utf-8")
    assert not _ADDRESSES.search(text)
    assert not _HOMES.search(text)


@pytest.mark.parametrize("path", [path for path in TEXTS if "src" in path.parts], ids=_name)
def test_nothing_in_the_source_is_left_for_later(path: Path) -> None:
    """What is not built is absent, and not announced in a comment."""
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text(encoding="utf-8"))


def test_the_ci_script_and_the_makefile_parse() -> None:
    """A typo there would be found by nobody but CI."""
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)
    assert ROOT.joinpath(".ci", "run").stat().st_mode & 0o111
