"""Adopting what was trained elsewhere: import, its refusals, and a crash at each of its steps."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.cli.project import ANIMALS, NUMBERS, SETTINGS, Project

NOTHING = "No changes. Live models match the manifests.\n"
IMPORT = ("import", "tunedModels/legacy", "--as", "numbers", "--dataset", "data/numbers.jsonl")


@pytest.fixture
def legacy(project: Project) -> Project:
    """A project beside an object that somebody trained by hand."""
    with project.service(trains=True) as service:
        service.train("legacy", description="Made by hand.")
    return project


def test_import_writes_a_manifest_and_the_next_apply_promotes(legacy: Project) -> None:
    imported = legacy.ok(*IMPORT)
    assert "Wrote models/numbers.yaml" in imported.err
    manifest = yaml.safe_load((legacy.root / "models/numbers.yaml").read_text())
    assert manifest["spec"] == {
        "displayName": "By hand",
        "description": "Made by hand.",
        "baseModel": "models/gemini-1.5-flash-001-tuning",
        "dataset": {"path": "../data/numbers.jsonl"},
        "hyperparameters": SETTINGS,
    }
    assert legacy.actions() == {"numbers": "promote"}
    legacy.apply()
    assert legacy.serving("numbers") == "tunedModels/legacy"
    assert legacy.ok("plan").out == NOTHING
    assert legacy.trainings() == 1


def test_the_bare_id_will_do(legacy: Project) -> None:
    legacy.ok("import", "legacy", "--as", "numbers", "--dataset", "data/numbers.jsonl")
    assert legacy.actions() == {"numbers": "promote"}


def test_import_twice_changes_nothing_the_second_time(legacy: Project) -> None:
    legacy.ok(*IMPORT)
    text, live = (legacy.root / "models/numbers.yaml").read_bytes(), legacy.live()
    assert "bears the mark of 'numbers' already" in legacy.ok(*IMPORT).out
    again = legacy.ok(*IMPORT, "--format", "json").json
    assert (again["outcomes"], again["manifest"]) == ([], None)
    assert (legacy.root / "models/numbers.yaml").read_bytes() == text
    assert legacy.live() == live


def test_a_manifest_that_would_spoil_the_project_does_not_stay(legacy: Project) -> None:
    legacy.model("counting", formerly=["numbers"])
    before = legacy.live()
    refused = legacy.run(*IMPORT)
    assert refused.code == 3, refused
    assert "numbers" in refused.err
    assert not (legacy.root / "models/numbers.yaml").exists()
    legacy.ok("validate")
    assert legacy.live() == before


# What a crash leaves behind, made by hand: the first steps without the others.


def manifest_only(project: Project) -> None:
    """It died after the manifest was written, before the object was marked."""
    project.model("numbers", displayName="By hand", description="Made by hand.")


def half_a_manifest(project: Project) -> None:
    """It died while the manifest was written: only the file beside it is there."""
    project.write("models/.import-abc.tmp", "apiVersion: tunef")


def mark_only(project: Project) -> None:
    """The manifest was lost after the object was marked: it never reached git."""
    project.ok(*IMPORT)
    project.remove("models/numbers.yaml")


def everything(project: Project) -> None:
    """It died after its last step."""
    project.ok(*IMPORT)


CRASHES = (manifest_only, half_a_manifest, mark_only, everything)


@pytest.mark.parametrize("crash", CRASHES)
def test_import_goes_on_after_a_crash(legacy: Project, crash: Callable[[Project], None]) -> None:
    crash(legacy)
    legacy.ok(*IMPORT)
    assert legacy.actions() == {"numbers": "promote"}
    legacy.apply()
    assert legacy.ok("plan").out == NOTHING
    assert legacy.serving("numbers") == "tunedModels/legacy"
    assert legacy.trainings() == 1


@pytest.mark.parametrize("crash", CRASHES)
def test_an_apply_after_a_crash_loses_nothing(
    legacy: Project, crash: Callable[[Project], None]
) -> None:
    crash(legacy)
    legacy.apply()
    assert "tunedModels/legacy" in legacy.live()


def test_a_lost_mark_is_restored_and_the_manifest_left_alone(legacy: Project) -> None:
    legacy.ok(*IMPORT)
    legacy.apply()
    manifest = legacy.root / "models/numbers.yaml"
    manifest.write_text(manifest.read_text() + "# A remark.\n")
    text = manifest.read_text()
    with legacy.service() as service:
        service.describe("tunedModels/legacy", "Made by hand.")
    legacy.ok(*IMPORT)
    assert manifest.read_text() == text
    legacy.apply()
    assert legacy.serving("numbers") == "tunedModels/legacy"
    assert legacy.trainings() == 1


# Refusals. Nothing is written by any of them.


def refused(project: Project, *arguments: object, code: int = 5) -> str:
    """The message of an import that must not happen, in one line."""
    before = {path: path.read_bytes() for path in (project.root / "models").rglob("*.yaml")}
    live = project.live()
    ran = project.run("import", *arguments)
    assert ran.code == code, ran
    assert "hint: " in ran.err
    assert {path: path.read_bytes() for path in (project.root / "models").rglob("*.yaml")} == before
    assert project.live() == live
    return " ".join(ran.err.split())


def test_another_number_of_examples_is_refused(legacy: Project) -> None:
    legacy.data("data/long.jsonl", (*NUMBERS, ("100", "101"), ("200", "201")))
    message = refused(legacy, "legacy", "--as", "numbers", "--dataset", "data/long.jsonl")
    assert "was trained in 6 steps, but 25 examples" in message


def test_an_object_of_another_owner_is_refused(legacy: Project) -> None:
    legacy.settings(environments={"prod": {}})
    legacy.ok(*IMPORT, "--env", "prod")
    legacy.remove("models/numbers.yaml")
    assert "bears the mark of owner=demo/prod model=numbers" in refused(legacy, *IMPORT[1:])


def test_a_version_of_another_model_is_refused(legacy: Project) -> None:
    legacy.ok(*IMPORT)
    message = refused(legacy, "legacy", "--as", "second", "--dataset", "data/numbers.jsonl")
    assert "bears the mark of owner=demo model=numbers" in message


def test_a_second_of_the_same_is_refused(legacy: Project) -> None:
    """Adopted, it would only be held as a duplicate."""
    legacy.model("numbers")
    legacy.apply()
    message = refused(legacy, *IMPORT[1:])
    assert f"{legacy.serving('numbers')} is the version" in message


def test_another_version_of_the_same_model_is_refused(project: Project) -> None:
    project.model("numbers")
    project.apply()
    old = project.serving("numbers")
    project.model("numbers", revision=2)
    message = refused(project, old, "--as", "numbers", "--dataset", "data/numbers.jsonl")
    assert "bears the mark of another version of 'numbers'" in message


def test_other_settings_than_the_manifest_says_are_refused(legacy: Project) -> None:
    legacy.model("numbers", hyperparameters=SETTINGS | {"learningRate": 0.5})
    message = refused(legacy, *IMPORT[1:])
    assert "was not trained from the manifest of 'numbers': its learningRate is" in message


def test_another_dataset_than_the_manifest_says_is_refused(legacy: Project) -> None:
    legacy.model("numbers", dataset={"path": "../data/animals.jsonl"})
    message = refused(legacy, *IMPORT[1:], code=64)
    assert "declared with the dataset data/animals.jsonl, not data/numbers.jsonl" in message


def test_a_failed_training_is_refused(project: Project) -> None:
    failing = {"hyperparameters": SETTINGS | {"learningRate": 1e30}}
    with project.service(trains=True) as service:
        service.train("legacy", **failing)
    assert "there is nothing to adopt" in refused(project, *IMPORT[1:])


def test_a_cancelled_training_is_refused(legacy: Project) -> None:
    """It may be called ACTIVE all the same, and never serves."""
    legacy.ok(*IMPORT)
    with legacy.service() as service:
        described = service.live()["tunedModels/legacy"]["description"]
        service.describe("tunedModels/legacy", f"{described} cancelled")
    assert "was cancelled: it never serves" in refused(legacy, *IMPORT[1:])


def test_versions_that_no_manifest_declares_are_not_mixed_with_others(legacy: Project) -> None:
    legacy.model("numbers", revision=2)
    legacy.apply()
    legacy.remove("models/numbers.yaml")
    message = refused(legacy, *IMPORT[1:])
    assert "is a version of 'numbers' already, and no manifest declares it" in message


def test_no_manifest_of_another_model_is_written_over(legacy: Project) -> None:
    legacy.model("other", file="models/numbers.yaml", dataset={"path": "../data/animals.jsonl"})
    message = refused(legacy, *IMPORT[1:], code=1)
    assert "models/numbers.yaml exists, and does not declare 'numbers'" in message


def test_a_project_of_files_has_no_place_for_a_new_one(legacy: Project) -> None:
    legacy.model("other", dataset={"path": "../data/animals.jsonl"})
    legacy.settings(manifests=["models/other.yaml"])
    message = refused(legacy, *IMPORT[1:], code=1)
    assert "lists no folder under manifests" in message


def test_the_child_of_a_stranger_is_refused(legacy: Project) -> None:
    with legacy.service(trains=True) as service:
        service.train("child", ANIMALS, tunedModelSource={"tunedModel": "tunedModels/legacy"})
    message = refused(legacy, "child", "--as", "animals", "--dataset", "data/animals.jsonl")
    assert "was tuned from tunedModels/legacy, which no manifest wants" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing", "--as", "numbers", "--dataset", "data/numbers.jsonl"),
        ("legacy", "--as", "Bad Name", "--dataset", "data/numbers.jsonl"),
        ("legacy", "--as", "numbers", "--dataset", "data/missing.jsonl"),
        ("legacy", "--as", "numbers", "--dataset", "../outside.jsonl"),
        ("legacy", "--as", "numbers", "--dataset", "data"),
    ],
)
def test_what_makes_no_sense_is_told(legacy: Project, arguments: tuple[str, ...]) -> None:
    refused(legacy, *arguments, code=64)


def test_the_dataset_is_found_from_where_one_stands(legacy: Project, tmp_path: Path) -> None:
    inside = Project(legacy.root / "data")
    inside.ok(*IMPORT[:-1], "numbers.jsonl", "--project", "..")
    assert legacy.actions() == {"numbers": "promote"}


def test_the_child_of_a_declared_model_names_its_parent(project: Project) -> None:
    project.model("parent")
    project.apply()
    with project.service(trains=True) as service:
        source = {"tunedModel": project.serving("parent")}
        service.train("legacy", ANIMALS, tunedModelSource=source)
    project.ok("import", "legacy", "--as", "child", "--dataset", "data/animals.jsonl")
    assert project.actions() == {"parent": "keep", "child": "promote"}
    project.apply()
    assert project.trainings() == 2
