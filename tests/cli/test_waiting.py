"""Trainings that last: wait, --no-wait, --timeout, cancel, interrupts, and going on afterwards.

The service trains only when a test lets it, so that nothing here depends on how fast anything is.
"""

import signal
import socket
from pathlib import Path

import pytest
from tests.cli.project import ANIMALS, Project, Served
from tests.cli.shell import PATIENCE, Process, Terminal

from tuneform.cli.values import TRAINING_PATIENCE, patience

NOTHING = "No changes. Live models match the manifests.\n"


def test_no_wait_then_wait_then_apply(served: Served) -> None:
    project = served.project
    project.model("numbers")
    started = project.apply("--no-wait")
    assert "Apply complete: 1 started." in started.out
    assert project.actions() == {"numbers": "wait"}
    assert project.run("output", "numbers").code == 6
    served.start_training()
    project.ok("wait", "numbers")
    assert project.ok("wait").out == "Nothing is in training.\n"
    assert project.actions() == {"numbers": "promote"}
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert served.trainings() == 1


def test_no_wait_is_refused_where_training_needs_this_process(project: Project) -> None:
    project.model("numbers")
    refused = project.apply("--no-wait", code=64)
    assert "tuneform serve" in " ".join(refused.err.split())
    assert project.trainings() == 0


def test_time_runs_out_and_the_training_goes_on(served: Served) -> None:
    project = served.project
    project.model("numbers")
    assert "Exit 9: time ran out" in project.apply("--timeout", "0.1s", code=9).out
    assert project.run("wait", "--timeout", "0.1s").code == 9
    served.start_training()
    project.ok("wait", "--timeout", "none")
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert served.trainings() == 1


@pytest.mark.parametrize(("text", "seconds"), [("none", None), ("0", 0.0), ("24h", 86400.0)])
def test_trainings_are_waited_for_as_long_as_is_said(text: str, seconds: float | None) -> None:
    assert patience(text) == seconds
    assert patience(TRAINING_PATIENCE) == 86400.0


def test_a_timed_out_parent_leaves_its_child_for_later(served: Served) -> None:
    project = served.project
    project.model("one")
    project.model("two", revision=2)
    report = project.apply("--timeout", "0.1", "--format", "json", code=9).json
    assert {each["status"] for each in report["outcomes"]} == {"timed-out"}
    assert report["exit_code"] == 9


def test_cancel_stops_a_training_for_good(served: Served) -> None:
    project = served.project
    project.model("numbers")
    project.apply("--no-wait")
    assert "never serves" in project.ok("cancel", "numbers").out
    served.start_training()
    assert "cancelled already" in project.ok("cancel", "numbers").out
    assert project.ok("cancel", "numbers", "--format", "json").json["outcomes"] == []
    assert project.reason("numbers") == "training-cancelled"
    held = project.apply(code=8)
    assert "set spec.revision: 2 to train again" in " ".join(held.out.split())
    assert project.run("output", "numbers").code == 6
    assert served.trainings() == 1
    project.model("numbers", revision=2)
    project.apply()
    assert len(served.live()) == 1


def test_what_is_trained_cannot_be_cancelled(project: Project) -> None:
    project.model("numbers")
    project.apply()
    refused = project.run("cancel", "numbers")
    assert refused.code == 5
    assert "no version of 'numbers' is in training" in refused.err


def test_a_training_can_be_stopped_while_some_manifest_has_a_mistake(served: Served) -> None:
    project = served.project
    project.model("numbers")
    project.apply("--no-wait")
    project.write("models/broken.yaml", "spec: [unfinished\n")
    assert project.run("plan").code == 3
    assert "never serves" in project.ok("cancel", "numbers").out


def test_a_superseded_training_is_cancelled_first(served: Served) -> None:
    project = served.project
    project.model("numbers")
    project.apply("--no-wait")
    project.model("numbers", revision=2)
    steps = [each["do"] for each in project.plan()["numbers"]["steps"]]
    assert steps == ["cancel", "start", "watch", "promote", "delete"]
    project.apply("--no-wait")
    served.start_training()
    project.apply()
    assert list(served.live()) == [project.serving("numbers")]


def test_a_failed_training_is_held_and_never_tried_again(project: Project) -> None:
    diverging = {"epochCount": 2, "batchSize": 8, "learningRate": 1e30}
    project.model("numbers", hyperparameters=diverging)
    project.apply(code=8)
    assert project.reason("numbers") == "training-failed"
    again = project.apply(code=8)
    assert "tuneform show numbers" in " ".join(again.out.split())
    assert project.trainings() == 1
    assert "error" in project.ok("show", "numbers").out


def test_a_running_apply_shuts_others_out(served: Served) -> None:
    project = served.project
    project.model("numbers")
    with Process("apply", "-y", folder=project.root, environ=project.environ) as first:
        first.await_error("training starts")
        second = project.run("apply", "-y")
        assert second.code == 7
        assert "`tuneform apply` is writing for demo" in second.err
        assert project.run("plan").code == 0
        served.start_training()
        assert first.end()[0] == 0
    assert served.trainings() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_the_training_and_the_next_apply_goes_on(
    served: Served, number: signal.Signals
) -> None:
    project = served.project
    project.model("numbers")
    project.model("other", dataset={"path": "../data/animals.jsonl"})
    with Process("apply", "-y", folder=project.root, environ=project.environ) as process:
        process.await_error("numbers: training starts")
        process.await_error("other: training starts")
        process.interrupt(number)
        code, out, err = process.end()
    assert code == 130, out + err
    assert "Stopping: nothing more is started" in err
    assert "Exit 130: interrupted; run it again to go on." in out
    assert "Traceback" not in out + err
    served.start_training()
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert served.trainings() == 2


@pytest.mark.parametrize("command", [("status",), ("plan",), ("forget", "numbers", "-y")])
def test_an_interrupt_of_a_command_that_does_not_train_is_told(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    project = Project(tmp_path, {"GEMINI_API_KEY": "practice"})
    project.data("data/numbers.jsonl")
    project.model("numbers")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        port = silent.getsockname()[1]
        project.settings(provider={"type": "gemini", "endpoint": f"http://127.0.0.1:{port}"})
        with Process(*command, folder=project.root, environ=project.environ) as process:
            asking, _ = silent.accept()
            with asking:
                process.interrupt()
                code, out, err = process.end()
    assert (code, out) == (130, "")
    assert err.endswith("Interrupted.\n")


def test_the_report_of_an_interrupted_apply_is_still_json(served: Served) -> None:
    project = served.project
    project.model("numbers")
    arguments = ("apply", "-y", "--format", "json")
    with Process(*arguments, folder=project.root, environ=project.environ) as process:
        process.await_error("training starts")
        process.interrupt()
        code, out, err = process.end()
    assert code == 130, out + err
    assert '"interrupted": true' in out


def test_a_second_interrupt_ends_at_once(served: Served) -> None:
    """The service does not answer: only the second Ctrl-C gets out."""
    project = served.project
    project.model("numbers")
    with Process("wait", folder=project.root, environ=project.environ) as nothing:
        assert nothing.end()[0] == 0
    project.apply("--no-wait")
    with Process("wait", folder=project.root, environ=project.environ) as process:
        process.await_error("waiting for its training")
        process.interrupt()
        process.await_error("Stopping")
        process.interrupt()
        code, out, err = process.end()
    assert code == 130, out + err
    assert "Traceback" not in out + err


def test_a_dead_apply_is_found_by_the_next_one(project: Project) -> None:
    """Killed where it stands, with the trainer inside: the next apply trains it to the end."""
    project.model("numbers", hyperparameters={"epochCount": 20, "batchSize": 1})
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    with Process("apply", "-y", folder=project.root, environ=project.environ) as process:
        process.await_error("training starts")
        process.interrupt(signal.SIGKILL)
        assert process.end()[0] == -signal.SIGKILL
    project.apply()
    assert project.ok("plan").out == NOTHING
    assert project.trainings() == 2


def test_data_that_changed_since_the_plan_stops_that_change_only(served: Served) -> None:
    """Examples are read again when they are sent; these changed while somebody thought."""
    project = served.project
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    served.start_training()
    with Terminal("apply", folder=project.root, environ=project.environ) as terminal:
        terminal.await_text("Type `yes` to go on:")
        project.data("data/animals.jsonl", (*ANIMALS, ("one", "more")))
        terminal.type("yes\n")
        assert terminal.end() == 8
    assert served.trainings() == 1
    project.apply()
    assert project.ok("plan").out == NOTHING
