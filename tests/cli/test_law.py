"""The law: apply makes live what manifests say, once; what says the same changes nothing."""

import csv
import io
import json
import shutil

import pytest
from tests.cli.project import NUMBERS, OTHER_BASE, SETTINGS, Project

NOTHING = "No changes. Live models match the manifests.\n"


def test_apply_then_plan_changes_nothing(project: Project) -> None:
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    applied = project.apply()
    assert "Apply complete: 2 created." in applied.out
    assert project.ok("plan", "--detailed-exitcode").out == NOTHING
    assert project.apply().out == NOTHING
    assert project.trainings() == 2


def test_plan_announces_what_apply_does(project: Project) -> None:
    project.model("numbers")
    planned = project.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert planned.out.endswith("Plan: 1 to create, 0 to replace, 0 to update, 0 to delete.\n")
    assert project.apply().out.startswith(planned.out)


def test_a_plan_writes_nothing(project: Project) -> None:
    project.model("numbers")
    project.ok("plan")
    assert project.trainings() == 0


def rows(pairs=NUMBERS) -> list[dict[str, str]]:
    return [{"text_input": text, "output": output} for text, output in pairs]


def as_json(pairs) -> str:
    return json.dumps(rows(pairs), indent=4)


def as_table(pairs, delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([("output", "text_input"), *((output, text) for text, output in pairs)])
    return text.getvalue()


def as_lines(pairs, end: str = "\n", *, turned: bool = False) -> str:
    order = reversed if turned else list
    return "".join(json.dumps(dict(order(list(row.items())))) + end for row in rows(pairs))


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        pytest.param("jsonl", as_lines(NUMBERS[::-1]), id="other order of rows"),
        pytest.param("jsonl", as_lines(NUMBERS, turned=True), id="other order of keys"),
        pytest.param("jsonl", as_lines(NUMBERS, "\r\n"), id="CRLF"),
        pytest.param("jsonl", "\ufeff" + as_lines(NUMBERS), id="byte order mark"),
        pytest.param("json", as_json(NUMBERS), id="JSON"),
        pytest.param("csv", as_table(NUMBERS, ","), id="CSV"),
        pytest.param("tsv", as_table(NUMBERS[::-1], "\t"), id="TSV"),
    ],
)
def test_a_dataset_that_says_the_same_changes_nothing(
    project: Project, suffix: str, text: str
) -> None:
    project.model("numbers")
    project.apply()
    project.remove("data/numbers.jsonl")
    project.write(f"elsewhere/renamed.{suffix}", text)
    project.model("numbers", dataset={"path": f"../elsewhere/renamed.{suffix}"})
    assert project.ok("plan").out == NOTHING


def test_a_manifest_that_says_the_same_changes_nothing(project: Project) -> None:
    manifest = project.model("numbers")
    project.apply()
    text = manifest.read_text()
    manifest.unlink()
    project.write("models/other.yml", f"---\n# The same.\n{text}".replace("\n", "\r\n"))
    assert project.ok("plan").out == NOTHING


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"displayName": "Next number"}, "displayName"),
        ({"description": "Says the next number."}, "description"),
        ({"temperature": 0.25}, "temperature"),
        ({"topP": 0.5}, "topP"),
        ({"topK": 3}, "topK"),
    ],
)
def test_editable_fields_are_edited_in_place(project: Project, edit, field: str) -> None:
    project.model("numbers")
    project.apply()
    serving = project.serving("numbers")
    project.model("numbers", **edit)
    change = project.plan()["numbers"]
    assert change["action"] == "update"
    assert [(each["field"], each["effect"]) for each in change["deltas"]] == [
        (f"spec.{field}", "in-place")
    ]
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert project.live()[serving][field] == pytest.approx(edit[field]) or (
        project.live()[serving][field].startswith(str(edit[field]))
    )
    assert project.trainings() == 1


def test_a_field_that_is_not_managed_is_left_alone(project: Project) -> None:
    project.model("numbers", temperature=0.25)
    project.apply()
    project.model("numbers")
    assert project.ok("plan").out == NOTHING


RETRAINING = {
    "epochs": ({"hyperparameters": SETTINGS | {"epochCount": 3}}, "hyperparameters-changed"),
    "one example": ({"dataset": {"path": "../data/more.jsonl"}}, "dataset-changed"),
    "preamble": (
        {"dataset": {"path": "../data/numbers.jsonl", "preamble": "Next: "}},
        "dataset-changed",
    ),
    "revision": ({"revision": 2}, "revision-changed"),
}


@pytest.mark.parametrize(("edit", "reason"), RETRAINING.values(), ids=RETRAINING)
def test_training_inputs_replace_new_before_old(project: Project, edit, reason: str) -> None:
    project.data("data/more.jsonl", (*NUMBERS, ("100", "101")))
    project.model("numbers", lifecycle={"keepVersions": 0})
    project.apply()
    old = project.serving("numbers")
    project.model("numbers", lifecycle={"keepVersions": 0}, **edit)
    change = project.plan()["numbers"]
    assert (change["action"], change["reason"]["code"]) == ("replace", reason)
    assert [each["do"] for each in change["steps"]] == ["start", "watch", "promote", "delete"]
    assert change["steps"][-1]["remote"] == old
    project.apply()
    new = project.serving("numbers")
    assert new == change["remote"] != old
    assert set(project.live()) == {new}
    assert project.ok("plan").out == NOTHING


def test_another_base_replaces_where_the_service_offers_it(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.model("numbers", baseModel=OTHER_BASE)
    refused = project.run("plan")
    assert refused.code == 3
    assert "the service does not offer this base" in refused.err
    assert "models/numbers.yaml:6:14" in refused.err
    assert set(project.live()) == {
        each for each in project.live() if each.startswith("tunedModels/numbers-")
    }


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_superseded_versions_are_kept_as_told(project: Project, kept: int) -> None:
    remotes = []
    for revision in (1, 2, 3):
        project.model("numbers", revision=revision, lifecycle={"keepVersions": kept})
        project.apply()
        remotes.append(project.serving("numbers"))
    assert set(project.live()) == set(remotes[2 - kept :])


def test_lowering_keep_versions_deletes_what_is_too_much(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.model("numbers", revision=2)
    project.apply()
    project.model("numbers", revision=2, lifecycle={"keepVersions": 0})
    assert project.reason("numbers") == "superseded-left"
    project.apply()
    assert list(project.live()) == [project.serving("numbers")]


def test_going_back_to_a_kept_version_trains_nothing(project: Project) -> None:
    project.model("numbers")
    project.apply()
    first = project.serving("numbers")
    project.model("numbers", revision=2)
    project.apply()
    project.model("numbers")
    assert project.actions() == {"numbers": "promote"}
    project.apply()
    assert project.serving("numbers") == first
    assert project.trainings() == 2


def test_deleting_our_folder_changes_no_plan(project: Project) -> None:
    project.model("kept")
    project.model("edited", dataset={"path": "../data/animals.jsonl"})
    project.model("replaced", hyperparameters=SETTINGS | {"epochCount": 3})
    project.model("removed", revision=7)
    project.apply()
    project.model("edited", dataset={"path": "../data/animals.jsonl"}, displayName="Edited")
    project.model("replaced", hyperparameters=SETTINGS | {"epochCount": 4})
    project.model("created", revision=9)
    project.remove("models/removed.yaml")
    before = project.ok("plan", "--format", "json").json
    shutil.rmtree(project.root / ".tuneform")
    after = project.ok("plan", "--format", "json").json
    assert {each["action"] for each in before["changes"]} == {
        *("keep", "update", "replace", "create", "delete")
    }
    assert decided(after) == decided(before)


def decided(plan):
    """A plan without what only explains it."""
    return {
        **plan,
        "changes": [
            {key: value for key, value in change.items() if key != "notes"}
            for change in plan["changes"]
        ],
    }
