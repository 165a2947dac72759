"""What a ledger tells: history, lineage, who is writing; and a ledger that a team shares."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import server
from tests.cli.project import ANIMALS, BASE, NUMBERS, SETTINGS, Project
from tests.cli.shell import Process


@pytest.fixture
def shared(project: Project, postgres: server.Server) -> Project:
    """The project with a ledger on a server."""
    project.environ["TUNEFORM_LEDGER"] = postgres.database()
    return project


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request, project: Project) -> Project:
    """The project with one kind of ledger after the other."""
    return project if request.param == "sqlite" else request.getfixturevalue("shared")


# --- what was done


def test_history_tells_what_was_done_newest_first(kept: Project) -> None:
    assert kept.ok("history").out == "No run of demo is recorded.\n"
    kept.model("numbers")
    kept.model("animals", dataset={"path": "../data/animals.jsonl"})
    kept.apply(USER="ada")
    kept.remove("models/animals.yaml")
    kept.apply("--allow-deletes", 1, LOGNAME="eve")
    later, earlier = kept.ok("history", "--format", "json").json["runs"]
    assert (later["who"], earlier["who"]) == ("eve", "ada")
    assert [run["exit_code"] for run in (later, earlier)] == [0, 0]
    assert [(step["model"], step["do"], step["outcome"]) for step in later["steps"]] == [
        ("animals", "delete", "done")
    ]
    assert {step["model"] for step in earlier["steps"]} == {"numbers", "animals"}
    (only,) = kept.ok("history", "numbers", "--format", "json").json["runs"]
    assert {step["model"] for step in only["steps"]} == {"numbers"}
    assert len(kept.ok("history", "--limit", 1, "--format", "json").json["runs"]) == 1
    told = kept.ok("history").out
    assert told.index("animals  delete") < told.index("numbers  start")
    assert "apply  by eve@" in told


def test_a_model_that_nobody_knows_is_a_mistake(kept: Project) -> None:
    kept.model("numbers")
    assert kept.ok("lineage", "numbers").out == "No version of numbers of demo is recorded.\n"
    for command in ("history", "lineage"):
        ran = kept.run(command, "number")
        assert ran.code == 64
        assert "did you mean 'numbers'?" in ran.err


def test_lineage_tells_an_auditor_where_a_version_comes_from(kept: Project) -> None:
    gate = {"dataset": {"path": "../data/animals.jsonl"}, "metrics": {"exactMatch": {"min": 0.0}}}
    kept.model("numbers", gate=gate, hyperparameters={"epochCount": 2})
    kept.model("child", baseModel=None, tunedFrom="numbers")
    kept.apply(USER="ada")
    (parent,) = kept.ok("lineage", "numbers", "--format", "json").json["versions"]
    (child,) = kept.ok("lineage", "child", "--format", "json").json["versions"]
    assert parent["remote"] == kept.serving("numbers")
    assert len(parent["inputs"]["fingerprint"]) == len(parent["inputs"]["dataset"]["digest"]) == 64
    assert parent["inputs"]["base"] == BASE
    assert parent["inputs"]["dataset"]["path"] == "data/numbers.jsonl"
    assert parent["inputs"]["hyperparameters"] == {"epochCount": 2}
    assert parent["training"]["hyperparameters"]["batchSize"] > 0, "what the service filled in"
    assert parent["training"]["operation"].startswith(f"{parent['remote']}/operations/")
    assert parent["training"]["loss"] > 0
    assert parent["training"]["seconds"] >= 0
    assert parent["begun"]["who"] == "ada"
    assert [each["passed"] for each in parent["evaluations"]] == [True]
    assert [each["run"] for each in parent["costs"]] == [parent["begun"]["run"]]
    assert child["inputs"]["base"] is None
    assert child["inputs"]["parent"] == {
        "model": "numbers",
        "remote": parent["remote"],
        "fingerprint": parent["inputs"]["fingerprint"],
    }
    told = kept.ok("lineage", "child").out
    assert parent["inputs"]["fingerprint"] in told
    assert "by ada@" in told


def test_lineage_follows_a_version_through_a_rename(kept: Project) -> None:
    kept.model("numbers")
    kept.apply()
    remote = kept.serving("numbers")
    kept.remove("models/numbers.yaml")
    kept.model("digits", formerly=["numbers"])
    kept.apply()
    (version,) = kept.ok("lineage", "digits", "--format", "json").json["versions"]
    assert version["remote"] == remote
    assert version["inputs"]["base"] == BASE
    assert [run["command"] for run in version["runs"]] == ["apply", "apply"]


def test_what_is_recorded_holds_no_example_text(kept: Project) -> None:
    secret = "nobody may read this in a ledger"
    kept.data("data/numbers.jsonl", ((secret, secret), *NUMBERS))
    dataset = {"path": "../data/numbers.jsonl", "preamble": f"{secret}: "}
    kept.model("numbers", dataset=dataset, description=f"Not {secret}.")
    kept.apply()
    assert secret not in kept.ok("lineage", "numbers", "--format", "json").out
    assert secret not in kept.ok("history", "--format", "json").out
    if "TUNEFORM_LEDGER" not in kept.environ:
        with closing(sqlite3.connect(kept.root / ".tuneform" / "ledger.db")) as connection:
            assert secret not in "\n".join(connection.iterdump())


# --- without it


EDITS = st.fixed_dictionaries(
    {
        "revision": st.integers(1, 2),
        "keep": st.integers(0, 1),
        "temperature": st.sampled_from([None, 0.25]),
        "animals": st.booleans(),
        "there": st.booleans(),
    }
)


@settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.tuples(EDITS, EDITS), min_size=1, max_size=3))
@pytest.mark.parametrize("how", ["sqlite", "postgres"])
def test_without_the_ledger_the_plan_is_the_same_plan(request, tmp_path_factory, how, life):
    """The law, on whole projects: whatever was done before, deleting the record decides nothing."""
    project = Project(tmp_path_factory.mktemp("law"))
    project.settings()
    project.data("data/numbers.jsonl")
    project.data("data/animals.jsonl", ANIMALS)
    if how == "postgres":
        project.environ["TUNEFORM_LEDGER"] = request.getfixturevalue("postgres").database()
    for edits in life:
        for name, edit in zip(("one", "two"), edits, strict=True):
            _write(project, name, edit)
        with_it = decided(project)
        without = decided(project, TUNEFORM_LEDGER="sqlite:///.nowhere/ledger.db")
        broken = decided(project, TUNEFORM_LEDGER="postgresql+psycopg://127.0.0.1:1/nothing")
        assert with_it == without == broken
        project.run("apply", "-y", "--allow-deletes", 2)
    before = decided(project)
    shutil.rmtree(project.root / ".tuneform", ignore_errors=True)
    assert decided(project) == before


def _write(project: Project, name: str, edit) -> None:
    manifest = project.root / f"models/{name}.yaml"
    manifest.unlink(missing_ok=True)
    if edit["there"]:
        project.model(
            name,
            dataset={"path": f"../data/{'animals' if edit['animals'] else 'numbers'}.jsonl"},
            hyperparameters=SETTINGS | {"epochCount": 1 if name == "one" else 2},
            revision=edit["revision"],
            temperature=edit["temperature"],
            lifecycle={"keepVersions": edit["keep"]},
        )


def decided(project: Project, **environ: str):
    """Actions, reasons and steps, by model."""
    changes = project.plan(**environ)
    return {
        name: (change["action"], change["reason"], change["remote"], change["steps"])
        for name, change in changes.items()
    }


# --- who is writing


def test_lock_tells_who_is_writing_and_who_waits_is_told(kept: Project) -> None:
    assert kept.ok("lock").out == "Nobody is writing for demo.\n"
    assert kept.ok("lock", "--format", "json").json == {
        "format_version": "1.0",
        "owner": "demo",
        "held": False,
        "holder": None,
    }
    kept.model("numbers")
    slow = {**kept.environ, "TUNEFORM_STEP_SECONDS": "0.5", "USER": "ada"}
    with Process("apply", "-y", folder=kept.root, environ=slow) as other:
        other.await_error("numbers")
        held = kept.ok("lock", "--format", "json").json
        assert held["held"]
        assert (held["holder"]["command"], held["holder"]["who"]) == ("apply", "ada")
        assert held["holder"]["pid"] == other.process.pid
        refused = kept.run("destroy", "--yes-destroy", "demo")
        assert refused.code == 7
        assert f"process {other.process.pid} of ada on " in " ".join(refused.err.split())
        assert kept.run("plan").code == 0, "a plan needs no lock"
        waited = kept.run("apply", "-y", "--lock-timeout", "600s")
        assert waited.code == 0, waited
        assert waited.err.count("Waiting: ") == 1
        assert "No changes." in waited.out
        assert other.end()[0] == 0
    assert kept.trainings() == 1


def test_a_run_that_is_killed_lets_go(kept: Project) -> None:
    kept.model("numbers")
    slow = {**kept.environ, "TUNEFORM_STEP_SECONDS": "0.2"}
    with Process("apply", "-y", folder=kept.root, environ=slow) as other:
        other.await_error("numbers")
        other.process.kill()
        other.process.wait()
    kept.apply("--lock-timeout", "600s")
    assert kept.trainings() == 1
    *_, killed = kept.ok("history", "--format", "json").json["runs"]
    assert (killed["ended"], killed["exit_code"]) == (None, None)
    assert "under way, or died" in kept.ok("history").out


@pytest.mark.parametrize("text", ["soon", "-1", "5x"])
def test_a_lock_timeout_that_is_no_time_is_a_mistake(project: Project, text: str) -> None:
    ran = project.run("apply", "-y", f"--lock-timeout={text}")
    assert ran.code == 64
    assert "--lock-timeout" in ran.err


# --- a server that is away


def test_a_server_that_is_away_stops_apply_before_anything_is_written(project: Project) -> None:
    pytest.importorskip("psycopg")
    project.model("numbers")
    project.environ["TUNEFORM_LEDGER"] = "postgresql+psycopg://ada:not-to-be-seen@127.0.0.1:1/team"
    ran = project.run("apply", "-y")
    assert ran.code == 1
    assert "the ledger at 127.0.0.1:1/team cannot be used" in " ".join(ran.err.split())
    assert "not-to-be-seen" not in ran.told
    assert project.trainings() == 0
    assert project.actions() == {"numbers": "create"}, "a plan goes on without it"
    assert project.run("history").code == 1
    assert project.run("lock").code == 1


def test_a_password_in_the_manifest_is_not_repeated(project: Project) -> None:
    project.settings(
        ledger="postgres://ada:${var.word}@127.0.0.1/team",
        variables={"word": {"value": "not-to-be-seen", "sensitive": True}},
    )
    ran = project.run("plan")
    assert ran.code == 3
    assert "invalid-ledger" in ran.told or "invalid ledger" in ran.told
    assert "not-to-be-seen" not in ran.told


def test_a_password_may_come_from_a_sensitive_variable(project: Project) -> None:
    pytest.importorskip("psycopg")
    project.settings(
        ledger="postgresql+psycopg://ada:${var.word}@127.0.0.1:1/team",
        variables={"word": {"value": "not-to-be-seen", "sensitive": True}},
    )
    project.model("numbers")
    ran = project.run("apply", "-y")
    assert ran.code == 1
    assert "127.0.0.1:1/team" in ran.err
    assert "not-to-be-seen" not in ran.told


def test_a_server_that_stops_in_mid_apply_ends_the_run_and_loses_nothing(project: Project) -> None:
    if reason := server.missing():
        pytest.skip(reason)
    with server.running() as own:
        project.environ["TUNEFORM_LEDGER"] = own.database()
        project.model("numbers")
        slow = {**project.environ, "TUNEFORM_STEP_SECONDS": "0.5"}
        with Process("apply", "-y", folder=project.root, environ=slow) as under_way:
            under_way.await_error("numbers")
            while not trains(project):
                assert under_way.process.poll() is None
            own.stop()
            code, out, err = under_way.end()
        told = " ".join((out + err).split())
        assert code == 8, told
        assert "the ledger at 127.0.0.1:" in told
        assert "Check that the server runs" in told
        assert "serving" not in next(iter(project.live().values()))["description"]
        own.start()
        project.apply()
        assert project.ok("plan", "--detailed-exitcode").code == 0
        assert project.trainings() == 1


def trains(project: Project) -> bool:
    """Whether the start of a training is on record, and what came of it."""
    runs = project.ok("history", "--format", "json").json["runs"]
    return any(step["outcome"] == "done" for run in runs for step in run["steps"])
