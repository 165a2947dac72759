"""One story on every transport and every ledger: the same plans, exit codes and record.

In process or through a port, in a file or on a server: what a user sees is the same.
"""

import pytest
from tests.cli.project import Project, talk_to

from tuneform.service import open_service
from tuneform.service.server import running

KEY = "the-key-of-the-tests"


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request):
    """What the environment says of the ledger."""
    if request.param == "sqlite":
        return {}
    return {"TUNEFORM_LEDGER": request.getfixturevalue("postgres").database()}


@pytest.fixture(params=["in-process", "loopback"])
def project(request, ledger, tmp_path):
    """A project, and how to talk to its service."""
    project = Project(tmp_path / "project", {"GEMINI_API_KEY": KEY, **ledger})
    project.root.mkdir()
    project.data("data/numbers.jsonl")
    if request.param == "in-process":
        project.settings()
        yield project, project.service
        return
    with open_service(tmp_path / "service.db", api_key=KEY) as service, running(service) as url:
        service.start_training()
        project.settings(provider={"type": "gemini", "endpoint": url})
        yield project, lambda: talk_to(service, KEY)


def test_the_story_is_the_same(project):
    project, talk = project
    project.model("first")
    project.model("second", revision=2, lifecycle={"deletionPolicy": "retain"})
    assert project.actions() == {"first": "create", "second": "create"}
    project.apply()
    project.model("first", revision=3, description="Counts.")
    project.remove("models/second.yaml")
    assert project.actions() == {"first": "replace", "second": "release"}
    project.apply()
    old, new = sorted(versions_of(talk, "first"), key=lambda each: each[1] == "serving")
    assert (old[1], new[1]) == ("kept", "serving")
    project.ok("rollback", "first", "-y")
    assert project.serving("first") == old[0]
    assert project.reason("first") == "pinned"
    project.ok("destroy", "--yes-destroy", "demo")
    assert project.run("forget", "first", "-y").code == 64
    with talk() as remote:
        assert remote.trainings() == 3
        assert len(remote.live()) == 1, "what was retained stays"
    check_the_record(project, old[0], new[0])


def versions_of(talk, model):
    """Names of a model's objects, and whether they serve."""
    with talk() as remote:
        live = remote.live().items()
    marks = [(name, each.get("description", "").split("\n")[-1]) for name, each in live]
    return [
        (name, "serving" if " serving" in mark else "kept")
        for name, mark in marks
        if f" model={model} " in mark
    ]


def check_the_record(project, old, new):
    runs = project.ok("history", "--format", "json").json["runs"]
    assert [(run["command"], run["exit_code"]) for run in runs] == [
        ("destroy", 0),
        ("rollback", 0),
        ("apply", 0),
        ("apply", 0),
    ]
    steps = [[(step["model"], step["do"]) for step in run["steps"]] for run in runs]
    assert all(step["outcome"] == "done" for run in runs for step in run["steps"])
    assert steps[:2] == [[("first", "delete")] * 2, [("first", "promote")]]
    assert sorted(steps[2]) == [
        ("first", "promote"),
        ("first", "start"),
        ("first", "watch"),
        ("second", "release"),
    ]
    versions = project.ok("lineage", "first", "--format", "json").json["versions"]
    assert [each["remote"] for each in versions] == [old, new]
    assert project.ok("lock", "--format", "json").json == {
        "format_version": "1.0",
        "owner": "demo",
        "held": False,
        "holder": None,
    }
