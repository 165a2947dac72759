"""`validate --provider`: what of a project another provider would not honour, told offline."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from tests.cli.project import NUMBERS, Project, call

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns(".practice", ".tuneform")

BASE = "models/gemini-3.5-flash"
PORTABLE = {"baseModel": BASE, "hyperparameters": {"epochCount": 2}}
VERTEX = {
    "type": "vertex",
    "project": "acme-models",
    "location": "us",
    "datasetBucket": "gs://acme-tuning/datasets",
}


@pytest.fixture
def odd(project: Project) -> Project:
    """A model with much that tuning jobs have not."""
    project.model("numbers", labels={"Team": "growth"}, temperature=0.5)
    project.model("plain", revision=2, **PORTABLE)
    return project


def fields(ran) -> list[tuple[str, str]]:
    return [(each["code"], each["field"]) for each in ran.json["diagnostics"]]


def test_a_report_names_every_field_at_its_place(odd: Project):
    ran = odd.run("validate", "--provider", "vertex", "--format", "json")
    assert ran.code == 3
    assert (ran.json["provider"], ran.json["valid"]) == ("vertex", False)
    assert sorted(fields(ran)) == [
        ("base-not-offered", "spec.baseModel"),
        ("field-not-supported", "spec.hyperparameters.batchSize"),
        ("field-not-supported", "spec.hyperparameters.learningRate"),
        ("field-not-supported", "spec.temperature"),
        ("label-not-supported", "metadata.labels.Team"),
    ]
    lines = (odd.root / "models" / "numbers.yaml").read_text().splitlines()
    for each in ran.json["diagnostics"]:
        key = each["field"].rpartition(".")[2]
        assert lines[each["place"]["line"] - 1].lstrip().startswith(f"{key}:")
        assert each["hint"]


def test_text_says_what_to_use_instead(odd: Project):
    ran = odd.run("validate", "--provider", "vertex")
    assert (ran.code, ran.out) == (3, "")
    assert "Provider vertex cannot honour spec.hyperparameters.learningRate." in ran.err
    assert "use spec.hyperparameters.learningRateMultiplier" in ran.err


@pytest.mark.parametrize("format_", ["junit", "sarif", "markdown", "github"])
def test_reports_for_machines(odd: Project, format_: str):
    ran = odd.run("validate", "--provider", "vertex", "--format", format_)
    assert ran.code == 3
    if format_ == "junit":
        assert "spec.temperature" in ET.canonicalize(ran.out)
    elif format_ == "sarif":
        rules = {each["ruleId"] for each in json.loads(ran.out)["runs"][0]["results"]}
        assert "field-not-supported" in rules
    else:
        assert "spec.temperature" in ran.told


def test_at_home_nothing_of_it_is_wrong(odd: Project):
    assert odd.ok("validate").out == "Valid: 2 models.\n"


def test_what_fits_is_said(project: Project):
    project.model("plain", labels={"team": "growth"}, **PORTABLE)
    assert project.ok("validate", "--provider", "vertex").out == "Portable to vertex: 1 model.\n"


def test_a_base_that_is_gone_is_not_portable(project: Project):
    project.model("numbers")
    ran = project.run("validate", "--provider", "gemini", "--format", "json")
    assert ran.code == 3
    assert fields(ran) == [("base-not-offered", "spec.baseModel")]
    assert "since 2025-05-27" in ran.json["diagnostics"][0]["detail"]


def test_what_only_vertex_has_is_refused_elsewhere(project: Project):
    project.settings(provider=VERTEX)
    project.model(
        "numbers",
        vertex={"adapterSize": 4, "exportLastCheckpointOnly": True, "validation": {"share": 0.1}},
        **PORTABLE,
    )
    project.ok("validate")
    ran = project.run("validate", "--provider", "embedded", "--format", "json")
    assert ran.code == 3
    assert sorted(each for each in fields(ran) if each[0] != "few-examples") == [
        ("base-not-checked", "spec.baseModel"),
        *(
            ("field-not-supported", f"spec.vertex.{key}")
            for key in ("adapterSize", "exportLastCheckpointOnly", "validation")
        ),
    ]


def test_a_project_of_its_own_is_stopped_by_the_same_rules(odd: Project):
    odd.settings(provider=VERTEX)
    ran = odd.run("validate", "--format", "json")
    assert ran.code == 3
    # Whether the base is offered matters only where something has to be trained.
    assert "base-not-offered" not in dict(fields(ran))
    assert len(fields(ran)) == 4


def test_its_own_bases_count(project: Project):
    project.settings(provider={**VERTEX, "bases": ["models/brand-new"]})
    project.model("numbers", baseModel="models/brand-new", hyperparameters=None)
    project.ok("validate", "--provider", "vertex")


@pytest.mark.parametrize(
    ("settings", "codes"), [({}, []), ({"temperature": 0.5}, ["field-not-supported"])]
)
def test_the_practice_service_in_that_dialect_is_as_strict(project: Project, settings, codes):
    project.settings(provider={"type": "embedded", "dialect": "vertex"})
    project.model("numbers", hyperparameters={"epochCount": 2}, **settings)
    ran = project.run("validate", "--format", "json")
    assert [code for code, _ in fields(ran)] == codes


def test_a_mistake_in_the_provider_alone_is_told(project: Project):
    """Which provider was meant is not known then, and none is guessed."""
    project.settings(provider={**VERTEX, "location": "no/where"})
    project.model("numbers", vertex={"adapterSize": 4}, hyperparameters=None)
    assert fields(project.run("validate", "--format", "json")) == [
        ("invalid-location", "spec.provider.location")
    ]


def test_limits_of_datasets_are_those_of_the_provider(project: Project):
    project.data("data/long.jsonl", (*NUMBERS, ("word " * 10_000, "x")))
    project.model("numbers", dataset={"path": "../data/long.jsonl"}, **PORTABLE)
    assert fields(project.run("validate", "--format", "json"))[0][0] == "field-too-long"
    project.ok("validate", "--provider", "vertex")
    assert project.run("validate", "--provider", "gemini").code == 3


def test_names_and_descriptions_may_be_longer_there(project: Project):
    words = {"displayName": "n" * 100, "description": "d" * 1_000}
    project.model("numbers", **words, **PORTABLE)
    assert fields(project.run("validate", "--format", "json")) == [
        ("too-long", "spec.displayName"),
        ("long-description", "spec.description"),
    ]
    project.ok("validate", "--provider", "vertex")


def test_validation_examples_are_checked_and_only_warn_where_they_are_trained(project: Project):
    project.settings(provider=VERTEX)
    project.data("data/validation.jsonl", NUMBERS[:2])
    project.model(
        "numbers", vertex={"validation": {"path": "../data/validation.jsonl"}}, **PORTABLE
    )
    ran = project.ok("validate", "--format", "json")
    assert [code for code, _ in fields(ran)] == ["validation-overlap"] * 2
    project.data("data/validation.jsonl", [("", "x")])
    assert [code for code, _ in fields(project.run("validate", "--format", "json"))] == [
        "field-empty"
    ]
    project.remove("data/validation.jsonl")
    ran = project.run("validate", "--format", "json")
    assert fields(ran) == [("dataset-missing", "spec.vertex.validation.path")]


def test_mistakes_of_the_project_are_part_of_the_report(odd: Project):
    odd.settings(provider={"type": "embeded"})
    ran = odd.run("validate", "--provider", "vertex", "--format", "json")
    codes = [code for code, _ in fields(ran)]
    assert (ran.code, codes[-1]) == (3, "unknown-value")
    assert "field-not-supported" in codes


def test_nobody_is_asked(odd: Project):
    """Neither credentials nor a service: the report is made from files alone."""
    odd.settings(provider={"type": "gemini", "endpoint": "http://127.0.0.1:9"})
    assert odd.run("validate", "--provider", "vertex").code == 3
    assert odd.run("validate", "--provider", "openai").code == 64


@pytest.mark.parametrize("shipped", [".", "examples/minimal", "examples/gitops", "starter"])
def test_shipped_projects_move_by_editing_one_block(shipped: str, tmp_path: Path):
    """All they need is a base that is offered there; the practice service takes theirs."""
    folder = tmp_path / "shipped"
    if shipped == "starter":
        assert call("init", "shipped", folder=tmp_path).code == 0
    elif shipped == ".":
        shutil.copytree(ROOT / "manifests", folder / "manifests")
        shutil.copy(ROOT / "tuneform.yaml", folder)
    else:
        shutil.copytree(ROOT / shipped, folder, ignore=LEFT_BEHIND)
    moved = Project(folder)
    ran = moved.run("validate", "--provider", "vertex", "--format", "json")
    errors = [each for each in ran.json["diagnostics"] if each["severity"] == "error"]
    assert {each["code"] for each in errors} == {"base-not-offered"}
    project = yaml.safe_load((folder / "tuneform.yaml").read_text())
    project["spec"]["provider"] = {"type": "embedded", "dialect": "vertex"}
    moved.write("tuneform.yaml", yaml.safe_dump(project))
    moved.ok("validate")


def test_the_example_for_vertex_is_sound_in_each_environment(tmp_path: Path):
    shutil.copytree(ROOT / "examples" / "vertex", tmp_path / "rooms", ignore=LEFT_BEHIND)
    rooms = Project(tmp_path / "rooms")
    for options in ((), ("--env", "prod"), ("--env", "prod", "--provider", "vertex")):
        ran = rooms.ok("validate", *options, "--format", "json")
        assert ran.json["diagnostics"] == []
