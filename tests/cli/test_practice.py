"""The practice service, inside a command and served: what it needs, and how it says no."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.project import BARE_ENVIRONMENT, Project
from tests.cli.shell import Process

WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from tuneform.cli.run import run
sys.exit(run(sys.argv[2:]))
"""


def without(module: str, *arguments: str, folder: Path, **environ: str) -> tuple[int, str]:
    """Run a command where a package is not installed."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, module, *arguments],
        cwd=folder,
        env={**BARE_ENVIRONMENT, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("arguments", [("plan",), ("apply", "-y"), ("serve", "--port", "0")])
def test_what_is_not_installed_is_named_with_what_installs_it(
    project: Project, arguments: tuple[str, ...]
) -> None:
    project.model("numbers")
    code, told = without("werkzeug", *arguments, folder=project.root)
    assert code == 1, told
    assert "werkzeug" in told
    assert "hint: pip install 'tuneform[embedded]'" in told
    assert without("werkzeug", "validate", folder=project.root)[0] == 0


@pytest.mark.parametrize("module", ["psycopg", "google"])
def test_nor_are_other_extras_needed_before_they_are_used(project: Project, module: str) -> None:
    project.model("numbers")
    assert without(module, "apply", "-y", folder=project.root)[0] == 0
    if module == "psycopg":
        url = "postgresql+psycopg://ada@127.0.0.1:1/demo"
        code, told = without(module, "history", folder=project.root, TUNEFORM_LEDGER=url)
        assert code == 1, told
        assert "hint: pip install 'tuneform[postgres]'" in told


def test_two_do_not_train_at_once(project: Project) -> None:
    project.model("numbers")
    with project.service(trains=True):
        ran = project.run("apply", "-y")
    assert ran.code == 7, ran
    assert "hint: wait until it ends, or stop it" in ran.err
    assert project.trainings() == 0
    project.apply()


def test_a_data_file_that_is_none_is_told_and_left_alone(project: Project) -> None:
    project.model("numbers")
    path = project.write(".practice/service.db", "notes of somebody, and no models\n" * 50)
    before = path.read_bytes()
    for command in (("plan",), ("apply", "-y")):
        ran = project.run(*command)
        assert ran.code == 1, ran
        assert ".practice/service.db" in ran.err
        assert "provider.data" in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("pace", ["fast", "-1", "nan", "1e9"])
def test_a_pace_that_is_none_is_told(project: Project, pace: str) -> None:
    project.model("numbers")
    ran = project.run("apply", "-y", TUNEFORM_STEP_SECONDS=pace)
    assert ran.code == 64, ran
    assert "TUNEFORM_STEP_SECONDS" in ran.err


# serve


def test_a_port_that_is_taken_is_told(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = project.run("serve", "--port", port)
    assert ran.code == 1, ran
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use" in " ".join(ran.err.split())
    assert "hint: choose another --port" in ran.err


def test_a_file_of_faults_that_is_none_is_told_with_its_place(project: Project) -> None:
    project.write("faults.yaml", "rules:\n  - effect: \x1b[2J\n")
    project.write("faults.json", json.dumps({"rules": [{"effect": "\x1b[2J"}]}))
    for name in ("faults.yaml", "faults.json", "nowhere.yaml"):
        ran = project.run("serve", "--port", "0", "--faults", name)
        assert ran.code == 1, ran
        assert name in ran.err
        assert "hint: mend the file" in ran.err
        assert "\x1b" not in ran.told


def test_data_that_another_process_serves_are_told(project: Project) -> None:
    data = project.root / "data.db"
    arguments = ("serve", "--port", "0", "--data", data)
    with Process(*arguments, folder=project.root, environ={}) as first:
        assert first.process.stdout is not None
        assert first.process.stdout.readline().startswith(b"http://127.0.0.1:")
        ran = project.run(*arguments)
        assert ran.code == 7, ran
        assert str(first.process.pid) in ran.err
        assert "give another --data" in ran.err
    project.write("notes.db", "no data of a service\n" * 200)
    ran = project.run("serve", "--port", "0", "--data", "notes.db")
    assert ran.code == 1, ran
    assert "hint: give another --data" in ran.err


def test_a_ledger_that_cannot_be_read_stops_no_look(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.write(".tuneform/ledger.db", b"not a database, and long enough" * 40)
    shown = project.ok("status", "--format", "json").json
    assert [each["state"] for each in shown["models"]] == ["serving"]
    assert project.ok("plan").out.startswith("No changes.")
