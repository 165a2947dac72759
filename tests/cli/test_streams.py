"""Results to stdout, everything else to stderr; readable on any screen; secrets on neither."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.cli.project import ANIMALS, BARE_ENVIRONMENT, Project, Served
from tests.cli.shell import PATIENCE, TUNEFORM, Terminal, plain

from tuneform import __version__

JSON_COMMANDS = (
    ("validate",),
    ("plan",),
    ("apply", "-y"),
    ("status",),
    ("show", "numbers"),
    ("output",),
    ("generate", "numbers", "5"),
    ("wait",),
    ("plan", "--destroy"),
    ("dataset", "check", "data/numbers.jsonl"),
    ("dataset", "stats", "data/numbers.jsonl"),
    ("dataset", "diff", "data/numbers.jsonl", "data/animals.jsonl"),
    ("forget", "numbers", "-y"),
    ("import", "{remote}", "--as", "numbers", "--dataset", "data/numbers.jsonl"),
    ("destroy", "--yes-destroy", "demo"),
)


def test_json_is_all_that_stands_on_stdout(project: Project) -> None:
    """One project, every command in turn; `json` fails on anything that is not one document."""
    project.model("numbers")
    project.apply()
    remote = project.serving("numbers")
    for command in JSON_COMMANDS:
        arguments = [each.format(remote=remote) for each in command]
        document = project.ok(*arguments, "--format", "json").json
        if command[0] != "output":
            assert document["format_version"] == "1.0", command


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("plan",), 3), (("validate",), 3), (("apply", "-y"), 3), (("show", "nobody"), 3)],
)
def test_errors_are_json_too(project: Project, arguments: tuple[str, ...], code: int) -> None:
    project.model("numbers", nonsense=True)
    ran = project.run(*arguments, "--format", "json")
    assert ran.code == code
    assert ran.json["diagnostics"][0]["place"]["file"] == "models/numbers.yaml"


def test_schema_is_json(tmp_path: Path) -> None:
    assert Project(tmp_path).ok("schema").json["$schema"]


def test_nothing_is_coloured_off_a_terminal(project: Project) -> None:
    project.model("numbers")
    for command in (("plan",), ("apply", "-y"), ("status",), ("show", "numbers"), ("show", "x")):
        assert "\x1b" not in project.run(*command).told


@pytest.mark.parametrize("columns", ["30", "1", "0", "wide", ""])
def test_any_width_will_do(project: Project, columns: str) -> None:
    project.model("numbers", description="A few words that do not fit into a narrow window.")
    project.ok("plan", COLUMNS=columns)
    project.apply(COLUMNS=columns)
    project.model("numbers", displayName="Another name", hyperparameters={"epochCount": 9})
    for command in (("plan",), ("status",), ("show", "numbers"), ("output",)):
        project.ok(*command, COLUMNS=columns)
    assert project.run("show", "nobody", COLUMNS=columns).code == 64


@pytest.mark.parametrize(
    ("environ", "arguments", "coloured"),
    [
        ({}, (), True),
        ({"NO_COLOR": "1"}, (), False),
        ({"TERM": "dumb"}, (), False),
        ({}, ("--no-color",), False),
    ],
    ids=["plain", "NO_COLOR", "TERM=dumb", "--no-color"],
)
def test_colour_at_a_terminal_can_be_refused(
    project: Project, environ: dict[str, str], arguments: tuple[str, ...], *, coloured: bool
) -> None:
    project.model("numbers")
    with Terminal("plan", *arguments, folder=project.root, environ=environ) as terminal:
        assert terminal.end() == 0
    assert ("\x1b[" in terminal.seen) is coloured
    assert "1 to create" in plain(terminal.seen)


@pytest.mark.parametrize("columns", [80, 40, 20])
def test_a_terminal_asks_draws_and_reports(served: Served, columns: int) -> None:
    project = served.project
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    arguments = {"folder": project.root, "environ": project.environ, "columns": columns}
    with Terminal("apply", **arguments) as terminal:
        terminal.await_text("Type `yes` to go on:")
        terminal.type("yes\n")
        terminal.await_text("0/6")
        served.start_training()
        assert terminal.end() == 0
    assert "2 created" in " ".join(plain(terminal.seen).split())
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.rindex("\x1b[?25l")


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "\x04"], ids=["no", "empty", "y", "end"])
def test_only_the_exact_word_goes_on(project: Project, answer: str) -> None:
    project.model("numbers")
    with Terminal("apply", folder=project.root, environ={}) as terminal:
        terminal.await_text("Type `yes` to go on:")
        terminal.type(answer)
        assert terminal.end() == 1
    assert "nothing was changed" in plain(terminal.seen)
    assert project.trainings() == 0


def test_ctrl_c_at_the_prompt_changes_nothing(project: Project) -> None:
    project.model("numbers")
    with Terminal("apply", folder=project.root, environ={}) as terminal:
        terminal.await_text("Type `yes` to go on:")
        terminal.process.send_signal(2)
        assert terminal.end() == 130
    assert "Traceback" not in terminal.seen
    assert project.trainings() == 0


def test_destroy_asks_for_the_owner(project: Project) -> None:
    project.model("numbers")
    project.apply()
    for answer, code, left in (("yes\n", 1, 1), ("demo\n", 0, 0)):
        with Terminal("destroy", folder=project.root, environ={}) as terminal:
            terminal.await_text("Type `demo` to go on:")
            terminal.type(answer)
            assert terminal.end() == code
        assert len(project.live()) == left


# Processes.


def process(project: Project, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TUNEFORM, *arguments],
        cwd=project.root,
        env={**BARE_ENVIRONMENT, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_the_module_runs(project: Project) -> None:
    assert process(project, "version").stdout == f"tuneform {__version__}\n"
    assert project.ok("version").out == f"tuneform {__version__}\n"
    assert process(project, "bogus").returncode == 64


def test_a_screen_without_unicode_will_do(project: Project) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    project.data("data/words.jsonl", tuple((f"größe {n}", "naïve ☂") for n in range(20)))
    project.model("words", dataset={"path": "../data/words.jsonl"}, displayName="Wörter ☂")
    commands = (
        ("plan",),
        ("apply", "-y"),
        ("status",),
        ("show", "words"),
        ("show", "words", "--format", "json"),
        ("generate", "words", "gr 3"),
        ("output", "--format", "yaml"),
        ("dataset", "stats", "data/words.jsonl"),
        ("plan", "--help"),
    )
    for command in commands:
        ran = process(project, *command, **ascii_only)
        assert ran.returncode == 0, ran.stderr
        assert (ran.stdout + ran.stderr).isascii()


def test_a_reader_that_goes_away_is_no_error(project: Project) -> None:
    for number in range(300):
        project.model(f"m{number}", file=f"models/{number}.yaml", revision=number + 1)
    with subprocess.Popen(
        [*TUNEFORM, "plan", "--format", "json"],
        cwd=project.root,
        env=BARE_ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.read(1)
        started.stdout.close()
        err = started.stderr.read().decode()
        started.wait(timeout=PATIENCE)
    assert err == ""
    assert started.returncode == 0


@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("<&-", 0), (">/dev/full", 1), ("2>/dev/full", 0)],
)
def test_streams_that_lead_nowhere(project: Project, redirection: str, code: int) -> None:
    for command in ("plan", "version", "--help"):
        ran = subprocess.run(
            ["/bin/sh", "-c", f'"$0" -m tuneform {command} {redirection}', TUNEFORM[0]],
            cwd=project.root,
            env=BARE_ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == code, ran
        assert "Traceback" not in ran.stderr
        assert "bug" not in ran.stderr


def test_a_closed_stdin_is_no_terminal(project: Project) -> None:
    project.model("numbers")
    ran = process(project, "apply")
    assert ran.returncode == 64
    assert "no terminal" in ran.stderr


# Secrets.

SECRET = "Xq7-do-not-show-me"


def files_with(project: Project, text: str) -> list[str]:
    found = (path for path in project.root.rglob("*") if path.is_file())
    return [str(path) for path in found if text.encode() in path.read_bytes()]


def test_a_sensitive_value_shows_nowhere(project: Project) -> None:
    variables = {"token": {"value": "none", "sensitive": True}}
    project.settings(variables=variables)
    project.model("numbers", description="Secret: ${var.token}.")
    given = {"TUNEFORM_VAR_token": SECRET}
    log = {"TUNEFORM_LOG": str(project.root / "log.txt")}
    told = ""
    for command in (
        ("plan", "-v"),
        ("apply", "-y", "-v"),
        ("status",),
        ("show", "numbers"),
        ("plan", "--format", "json"),
        ("show", "numbers", "--format", "json"),
        ("status", "--format", "json"),
        ("validate", "--format", "json"),
    ):
        told += project.ok(*command, **given, **log).told
    project.model("numbers", description="Secret: ${var.token}, and no more.")
    told += project.run("plan", **given).told
    project.model("numbers", displayName="${var.token}" * 9, nonsense="${var.token}")
    for as_json in ((), ("--format", "json")):
        told += project.run("plan", *as_json, **given).told
        told += project.run("validate", *as_json, **given).told
        told += project.run("plan", *as_json, "--var", f"token={SECRET}", "--env", "x").told
    assert "(sensitive)" in told
    assert SECRET not in told
    # The service is somebody else: what is sent to it, it keeps.
    kept = [each for each in files_with(project, SECRET) if "/.practice/" not in each]
    assert kept == []


def test_the_key_shows_nowhere(served: Served) -> None:
    project = served.project
    project.model("numbers")
    served.start_training()
    log = {"TUNEFORM_LOG": str(project.root / "log.txt")}
    told = ""
    for command in (("plan", "-v"), ("apply", "-y", "-v"), ("status", "-v"), ("plan", "--format")):
        arguments = (*command, "json") if command[-1] == "--format" else command
        told += project.ok(*arguments, **log).told
    told += project.run("plan", "-v", GEMINI_API_KEY=f"{served.key}-wrong", **log).told
    assert "GET v1beta/tunedModels" in told
    assert served.key not in told
    assert files_with(project, served.key) == []
    assert "GET" in (project.root / "log.txt").read_text()


def test_example_text_is_in_no_file_of_ours(project: Project) -> None:
    telling = "a-sentence-that-only-the-dataset-holds"
    project.data("data/telling.jsonl", (*ANIMALS, (telling, "x")))
    project.model("numbers", dataset={"path": "../data/telling.jsonl"})
    told = project.apply("-v").told + project.ok("show", "numbers").told
    assert telling not in told
    found = [each for each in files_with(project, telling) if "/.practice/" not in each]
    assert found == [str(project.root / "data/telling.jsonl")]


def test_a_log_that_cannot_be_written_is_told(project: Project) -> None:
    ran = project.run("plan", TUNEFORM_LOG=str(project.root / "no/such/folder/log.txt"))
    assert ran.code == 1
    assert "TUNEFORM_LOG" in ran.err
    assert json.dumps(ran.out) == '""'
