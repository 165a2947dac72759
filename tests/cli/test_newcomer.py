"""What somebody meets who does everything for the first time, and some of it wrong.

Every mistake gives one message with its place, its cause and the next step, the exit code of the
contract, and never a traceback.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.project import BASE, Project, Ran, Served, call

PROJECT_COMMANDS = (
    ("validate",),
    ("plan",),
    ("apply", "-y"),
    ("destroy", "--yes-destroy", "demo"),
    ("status",),
    ("show", "numbers"),
    ("wait",),
    ("cancel", "numbers"),
    ("generate", "numbers", "5"),
    ("output",),
    ("import", "x", "--as", "y", "--dataset", "z.jsonl"),
    ("forget", "numbers", "-y"),
)
EVERY_COMMAND = (
    *((), ("init",), ("validate",), ("plan",), ("apply",), ("destroy",), ("status",), ("show",)),
    *(("wait",), ("cancel",), ("generate",), ("output",), ("import",), ("forget",), ("dataset",)),
    *(("dataset", "check"), ("dataset", "stats"), ("dataset", "diff"), ("schema",), ("serve",)),
    ("version",),
)


def is_told(ran: Ran, code: int, *words: str) -> None:
    """The command failed as it should, and says all that is needed."""
    told = " ".join(ran.err.split())
    assert ran.code == code, ran
    assert told.startswith(("error: ", "warning: ")), ran
    assert "hint: " in told, ran
    assert "Traceback" not in ran.told
    assert "bug in tuneform" not in ran.told
    for each in words:
        assert each in told, ran


# The first minute.


def test_init_makes_a_project_that_works(tmp_path: Path) -> None:
    first = call("init", "My Models", folder=tmp_path)
    assert first.code == 0
    assert "Project 'my-models'" in first.out
    assert "cd 'My Models' && tuneform plan" in first.out
    made = Project(tmp_path / "My Models")
    assert made.ok("validate").out == "Valid: 1 model.\n"
    assert "Apply complete: 1 created." in made.apply().out
    assert made.ok("plan").told == "No changes. Live models match the manifests.\n"
    assert made.ok("generate", "next-number", "7").out.strip()


def test_init_twice_overwrites_nothing(tmp_path: Path) -> None:
    assert call("init", folder=tmp_path).code == 0
    (tmp_path / "tuneform.yaml").write_text("mine")
    is_told(call("init", folder=tmp_path), 1, "tuneform.yaml is there already", "tuneform plan")
    assert (tmp_path / "tuneform.yaml").read_text() == "mine"


def test_init_leaves_a_gitignore_alone(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc\n.tuneform/\n")
    made = call("init", folder=tmp_path)
    assert made.code == 0
    assert made.err == "Add to your .gitignore: .practice/\n"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.tuneform/\n"


def test_init_onto_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    is_told(call("init", "taken", folder=tmp_path), 1, "taken is a file")


def test_without_a_command_help_is_shown(tmp_path: Path) -> None:
    for arguments in ((), ("dataset",)):
        ran = call(*arguments, folder=tmp_path)
        assert (ran.code, ran.out) == (64, "")
        assert ran.err.startswith("Usage: tuneform")
        assert "\\n" not in ran.err


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_every_command_has_help(tmp_path: Path, command: tuple[str, ...]) -> None:
    long = call(*command, "--help", folder=tmp_path)
    assert (long.code, long.err) == (0, "")
    assert long.out.startswith(f"Usage: {' '.join(('tuneform', *command))}")
    assert call(*command, "-h", folder=tmp_path).out == long.out
    assert call(*command, "-h", folder=tmp_path, environ={"COLUMNS": "30"}).code == 0


# The command line.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("aply",), ("aply", "`tuneform --help`")),
        (("plan", "--targt", "x"), ("--targt", "--target", "`tuneform plan --help`")),
        (("plan", "surplus"), ("surplus",)),
        (("--project", ".", "plan"), ("options stand after the command",)),
        (("plan", "--project", "nowhere"), ("--project", "'nowhere'")),
        (("plan", "--format", "xml"), ("--format", "'text', 'json'")),
        (("plan", "--var", "stage"), ("--var", "NAME=VALUE")),
        (("apply", "--timeout", "soon"), ("--timeout 'soon'", "90s")),
        (("apply", "--parallelism", "0"), ("--parallelism",)),
        (("show",), ("NAME", "`tuneform show --help`")),
        (("import", "x"), ("--as",)),
        (("destroy", "-y"), ("-y", "`tuneform destroy --help`")),
        (("serve", "--port", "99999"), ("--port",)),
        (("dataset", "chek"), ("chek", "`tuneform dataset --help`")),
        (("dataset", "check", "examples.txt"), ("suffix", ".jsonl")),
    ],
)
def test_a_wrong_command_line_is_told(
    project: Project, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    project.write("examples.txt", "hello")
    is_told(project.run(*arguments), 64, *words)


@pytest.mark.parametrize("command", ["show", "cancel", "generate", "output", "forget", "wait"])
def test_the_name_of_nothing_is_told(project: Project, command: str) -> None:
    project.model("numbers")
    project.apply()
    prompt = ["5"] if command == "generate" else []
    is_told(project.run(command, "numbrs", *prompt), 64, "'numbrs'")


@pytest.mark.parametrize("command", ["show", "cancel", "generate", "output", "wait"])
def test_a_near_name_is_suggested(project: Project, command: str) -> None:
    project.model("numbers")
    prompt = ["5"] if command == "generate" else []
    is_told(project.run(command, "numbrs", *prompt), 64, "did you mean 'numbers'?")


def test_an_empty_prompt_is_told(project: Project) -> None:
    project.model("numbers")
    project.apply()
    is_told(project.run("generate", "numbers", ""), 64, "the prompt is empty")


# Files.


@pytest.mark.parametrize("command", PROJECT_COMMANDS, ids=" ".join)
def test_an_empty_folder_is_no_project(tmp_path: Path, command: tuple[str, ...]) -> None:
    is_told(call(*command, folder=tmp_path), 3, "no tuneform.yaml", "`tuneform init`")
    assert not list(tmp_path.iterdir())


def broken_yaml(project: Project) -> None:
    project.write("models/numbers.yaml", "spec: [unfinished\n")


def typo(project: Project) -> None:
    project.model("numbers", baseModle=BASE)


def no_dataset(project: Project) -> None:
    project.model("numbers", dataset={"path": "../data/missing.jsonl"})


def bad_row(project: Project) -> None:
    project.model("numbers", dataset={"path": "../data/bad.jsonl"})
    project.write("data/bad.jsonl", '{"text_input": "1", "output": "2"}\n{"text_input": 3}\n')


def binary(project: Project) -> None:
    project.write("models/numbers.yaml", bytes(range(256)))


def folder_instead(project: Project) -> None:
    (project.root / "models/numbers.yaml").mkdir()
    project.settings(manifests=["models/numbers.yaml", "nothing"])


def unknown_base(project: Project) -> None:
    project.model("numbers", baseModel="gemini-1.5-flash")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (broken_yaml, ("models/numbers.yaml:1:",)),
        (typo, ("models/numbers.yaml:13:3", "`baseModle`", "write `baseModel`")),
        (no_dataset, ("data/missing.jsonl", "not found")),
        (bad_row, ("data/bad.jsonl:2",)),
        (binary, ("models/numbers.yaml",)),
        (folder_instead, ("`nothing`", "tuneform.yaml:8:5")),
        (unknown_base, ("models/numbers.yaml:6:14", "write `models/gemini-1.5-flash`")),
    ],
)
def test_a_mistake_in_a_file_is_told_by_every_command(
    project: Project, mistake: Callable[[Project], None], words: tuple[str, ...]
) -> None:
    mistake(project)
    for command in (("validate",), ("plan",), ("apply", "-y")):
        is_told(project.run(*command), 3, *words)
        as_json = project.run(*command, "--format", "json")
        assert as_json.code == 3
        assert as_json.json["diagnostics"]


def test_all_mistakes_of_all_files_are_told_at_once(project: Project) -> None:
    for mistake in (typo, bad_row):
        mistake(project)
        (project.root / "models/numbers.yaml").rename(
            project.root / f"models/{mistake.__name__}.yaml"
        )
    project.write("models/broken.yaml", "spec: [unfinished\n")
    told = project.run("plan").err
    for place in ("models/typo.yaml", "models/broken.yaml:1:", "data/bad.jsonl:2"):
        assert place in told


def test_a_dataset_is_checked_though_its_manifest_and_the_project_have_mistakes(
    project: Project,
) -> None:
    project.settings(polices={})
    project.data("data/bad.jsonl", [("1", "2"), ("2", "")])
    project.model("numbers", gate={}, dataset={"path": "../data/bad.jsonl"})
    project.model("lonely", tunedFrom="numbrs")
    told = project.run("validate").err
    for place in (
        "tuneform.yaml:10:3",
        "models/numbers.yaml",
        "spec.gate",
        "data/bad.jsonl:2",
        "models/lonely.yaml",
        "No manifest declares 'numbrs'",
    ):
        assert place in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("path", ["tuneform.yaml", "models/numbers.yaml", "data/numbers.jsonl"])
def test_an_unreadable_file_is_told(project: Project, path: str) -> None:
    project.model("numbers")
    (project.root / path).chmod(0)
    is_told(project.run("plan"), 3, path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_read_only_folder_can_be_planned_on_and_not_applied(served: Served) -> None:
    served.project.model("numbers")
    served.project.root.chmod(0o555)
    try:
        assert served.project.run("plan").code == 0
        is_told(served.project.run("apply", "-y"), 1, ".tuneform")
    finally:
        served.project.root.chmod(0o755)
    assert served.trainings() == 0


# The network, and keys.


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_no_network_is_told(project: Project) -> None:
    endpoint = f"http://127.0.0.1:{closed_port()}"
    project.settings(provider={"type": "gemini", "endpoint": endpoint})
    project.model("numbers")
    assert project.ok("validate").out == "Valid: 1 model.\n"
    is_told(project.run("plan", GEMINI_API_KEY="a-key"), 1, "127.0.0.1", "tuneform serve")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("another-key", ("API key not valid", "check GEMINI_API_KEY")),
        ("", ("GEMINI_API_KEY is set, but empty",)),
        (" spaced ", ("has a space",)),
    ],
)
def test_a_wrong_key_is_told_and_not_shown(
    served: Served, key: str, words: tuple[str, ...]
) -> None:
    served.project.model("numbers")
    for command in (("plan",), ("apply", "-y")):
        ran = served.project.run(*command, GEMINI_API_KEY=key)
        is_told(ran, 4, *words)
        assert not key.strip() or key not in ran.told


def test_no_key_at_all_is_told(served: Served) -> None:
    del served.project.environ["GEMINI_API_KEY"]
    is_told(served.project.run("plan"), 4, "GEMINI_API_KEY")


def test_an_endpoint_of_somebody_else_does_not_get_the_key(project: Project) -> None:
    project.settings(provider={"type": "gemini", "endpoint": "https://models.example"})
    ran = project.run("plan", GEMINI_API_KEY="a-key")
    is_told(ran, 5, "models.example", "TUNEFORM_TRUSTED_ENDPOINTS=models.example")


# No terminal.


def test_apply_without_a_terminal_wants_to_be_told(project: Project) -> None:
    project.model("numbers")
    ran = project.run("apply", typed="yes\n")
    is_told(ran, 64, "no terminal", "add -y")
    assert "1 to create" in ran.out
    assert project.trainings() == 0


# Datasets on their own.


def test_dataset_commands_need_no_project(tmp_path: Path) -> None:
    there = Project(tmp_path)
    there.data("one.jsonl")
    there.write("two.csv", 'text_input,output\n1,2\n"three, four",5\n')
    assert there.run("dataset", "check", "one.jsonl", "two.csv").code == 0
    stats = there.ok("dataset", "stats", "one.jsonl", "--format", "json").json
    assert stats
    counts = there.ok("dataset", "diff", "one.jsonl", "two.csv", "--format", "json").json
    assert counts
    there.write("bad.jsonl", '{"text_input": ""}\n')
    assert there.run("dataset", "check", "one.jsonl", "bad.jsonl").code == 3
    assert there.run("dataset", "stats", "bad.jsonl").code == 3
    assert there.run("dataset", "check", "missing.jsonl").code == 3
