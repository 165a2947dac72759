"""Every command in every format that it offers: whatever reads it can parse it, also when it fails.

The data is hostile: what it says is shown, and nothing of it is obeyed.
"""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from tests.cli.project import NUMBERS, Project, Ran, Served
from tests.cli.repository import Checkout
from tests.cli.shell import Process
from tests.render.gfm import assert_inert
from xmlschema import XMLSchema

EVIL = '</details><img src=x onerror=y> @team ::error::x [a](https://host.example) `|` "</code>'
ROWS = tuple((f"{EVIL} {at}", f"{at} {EVIL}") for at in range(20))
DIVERGING = {"epochCount": 2, "batchSize": 8, "learningRate": 1e30}
UNPASSABLE = {
    "dataset": {"path": "../data/held.jsonl"},
    "metrics": {"exactMatch": {"min": 1}},
    "mustPass": {"path": "../data/golden.jsonl"},
}
PASSABLE = {"dataset": {"path": "../data/held.jsonl"}, "metrics": {"exactMatch": {"min": 0}}}
JUNIT = XMLSchema(str(Path(__file__).parents[1] / "render" / "junit.xsd"))


# What reads a format.


def read_json(text: str) -> None:
    document = json.loads(text)
    assert isinstance(document, dict)


def read_jsonl(text: str) -> None:
    assert events(text)


def read_junit(text: str) -> None:
    declaration, _, document = text.partition("\n")
    assert declaration == '<?xml version="1.0" encoding="UTF-8"?>'
    JUNIT.validate(document)
    root = ET.fromstring(text.encode())
    failures = len(list(root.iter("failure")))
    assert int(root.get("tests", "")) == len(list(root.iter("testcase"))) > 0
    assert int(root.get("failures", "")) == failures


def read_sarif(text: str) -> None:
    """What the standard and GitHub's page require."""
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json") or "sarif" in log["$schema"]
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "tuneform"
    ids = [rule["id"] for rule in driver["rules"]]
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("note", "warning", "error")
        assert ids[result["ruleIndex"]] == result["ruleId"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9/._~%-]+", place["artifactLocation"]["uri"])
            assert place.get("region", {"startLine": 1})["startLine"] >= 1
    assert {rule["shortDescription"]["text"] for rule in driver["rules"]} - {""} or not ids


def read_markdown(text: str) -> None:
    assert text.startswith(("<!-- tuneform:", "## "))
    assert len(text) < 65_536
    assert_inert(text)


def read_text(text: str) -> None:
    assert "\x1b" not in text


def read_github(text: str) -> None:
    """What the runner would obey: annotations of ours, and nothing of the data."""
    word = None
    for line in text.splitlines():
        command = re.match(r"\s*::(.*?)::(.*)", line)
        if word is None and command and command[1] == "stop-commands":
            word = command[2]
        elif word is not None and line == f"::{word}::":
            word = None
        elif word is None and command:
            assert re.match(r"(error|warning) (file=|title=)", command[1]), line
            assert "::" not in command[2].lstrip().removeprefix(":")[:2]
    assert word is None


def read_yaml(text: str) -> None:
    assert isinstance(yaml.safe_load(text), dict)


def read_env(text: str) -> None:
    """What a shell makes of it: assignments, and nothing else."""
    assert all(re.match(r"[A-Z0-9_]+=", word) for word in shlex.split(text))


READERS: dict[str, Callable[[str], None]] = {
    "text": read_text,
    "json": read_json,
    "jsonl": read_jsonl,
    "junit": read_junit,
    "sarif": read_sarif,
    "markdown": read_markdown,
    "github": read_github,
    "yaml": read_yaml,
    "env": read_env,
}
PLANS = ("text", "json", "markdown", "github")
RUNS = ("text", "json", "jsonl", "markdown", "github")
GATES = ("text", "json", "markdown", "junit", "github")
CHECKS = ("text", "json", "markdown", "junit", "sarif", "github")
SIMPLE = ("text", "json")


def events(text: str) -> list[dict[str, Any]]:
    """The lines of a run, each a document."""
    found = [json.loads(line) for line in text.splitlines()]
    common = {"format_version", "event", "at", "model", "action", "step", "outcome"}
    assert all(common <= each.keys() for each in found)
    return found


def shown(project: Project, format_: str, *arguments: object, code: int = 0) -> Ran:
    """Run a command in a format, and have the result read."""
    summary = project.root / "summary.md"
    summary.unlink(missing_ok=True)
    environ = {"GITHUB_STEP_SUMMARY": str(summary), "COLUMNS": "60"}
    ran = project.run(*arguments, "--format", format_, **environ)
    assert ran.code == code, ran
    READERS[format_](ran.out)
    assert summary.exists() == (format_ == "github" and "::stop-commands::" in ran.out)
    if summary.exists():
        read_markdown(summary.read_text(encoding="utf-8"))
    return ran


@pytest.fixture
def evil(project: Project) -> Project:
    """Whatever people may write is written as a trap."""
    project.data("data/evil.jsonl", ROWS)
    project.data("data/held.jsonl", [(f"{EVIL} asked {at}", EVIL) for at in range(6)])
    project.data("data/golden.jsonl", [(f"{EVIL} must {at}", EVIL) for at in range(2)])
    return project


def declare(project: Project, **spec: Any) -> None:
    spec = {
        "dataset": {"path": "../data/evil.jsonl"},
        "displayName": EVIL[:36],
        "description": EVIL,
    } | spec
    project.model("evil", labels={"team": "growth"}, **spec)


# What goes well.


@pytest.mark.parametrize("format_", CHECKS)
def test_validate(evil: Project, format_: str) -> None:
    declare(evil, gate=PASSABLE)
    shown(evil, format_, "validate")


@pytest.mark.parametrize("format_", RUNS)
def test_a_life_in_every_format(evil: Project, format_: str) -> None:
    """plan, apply, replace, delete, destroy; plans have no lines of events."""
    plans = format_ if format_ in PLANS else "json"
    declare(evil, gate=PASSABLE)
    shown(evil, plans, "plan")
    shown(evil, format_, "apply", "-y")
    shown(evil, format_, "apply", "-y")
    evil.data("data/evil.jsonl", [*ROWS[1:], (ROWS[0][0], "other"), (f"new {EVIL}", EVIL)])
    declare(evil, gate=PASSABLE, description=f"Other. {EVIL}")
    shown(evil, plans, "plan", "--out", "plan.json", "--samples", 5)
    shown(evil, plans, "show", "plan.json")
    shown(evil, format_, "apply", "plan.json")
    shown(evil, format_, "apply", "plan.json")
    shown(evil, plans, "plan", "--destroy")
    shown(evil, format_, "destroy", "--yes-destroy", "demo")
    shown(evil, format_, "destroy", "--yes-destroy", "demo")


@pytest.mark.parametrize("format_", GATES)
@pytest.mark.parametrize("record", [(), ("--record",)])
def test_gate_and_evaluate(evil: Project, format_: str, record: tuple[str, ...]) -> None:
    declare(evil, gate=PASSABLE)
    shown(evil, format_, "gate", code=6)
    evil.apply()
    shown(evil, format_, "gate")
    shown(evil, format_, "evaluate", "evil", *record)
    declare(evil, gate=UNPASSABLE)
    shown(evil, format_, "evaluate", "evil", *record, code=6)
    shown(evil, format_, "gate", "evil", code=6)


@pytest.mark.parametrize("format_", SIMPLE)
def test_the_others(evil: Project, format_: str) -> None:
    declare(evil)
    evil.apply()
    remote = evil.serving("evil")
    for arguments in (
        ("status",),
        ("show", "evil"),
        ("wait",),
        ("generate", "evil", EVIL),
        ("dataset", "check", "data/evil.jsonl"),
        ("dataset", "stats", "data/evil.jsonl"),
        ("dataset", "diff", "data/evil.jsonl", "data/held.jsonl"),
    ):
        shown(evil, format_, *arguments)
    declare(evil, revision=2)
    evil.apply()
    shown(evil, format_, "rollback", "evil", "-y")
    shown(evil, format_, "forget", "evil", "-y")
    shown(evil, format_, "import", remote, "--as", "evil", "--dataset", "data/evil.jsonl")


@pytest.mark.parametrize("format_", ["text", "json", "env", "yaml"])
def test_output(evil: Project, format_: str) -> None:
    declare(evil, dataset={"path": "../data/evil.jsonl", "preamble": f"{EVIL}\n"})
    evil.apply()
    told = shown(evil, format_, "output").out
    assert evil.serving("evil") in told


@pytest.mark.parametrize("format_", PLANS)
def test_diff(checkout: Checkout, format_: str) -> None:
    checkout.data("data/evil.jsonl", ROWS)
    declare(checkout)
    checkout.commit()
    shown(checkout, format_, "diff", "HEAD")
    checkout.data("data/evil.jsonl", [*ROWS[1:], (ROWS[0][0], "other")])
    declare(checkout, displayName="Otherwise")
    told = shown(checkout, format_, "diff", "HEAD").out
    assert "evil" in told


@pytest.mark.parametrize("format_", SIMPLE)
def test_prune(checkout: Checkout, format_: str) -> None:
    checkout.model("numbers")
    checkout.commit()
    shown(checkout, format_, "prune", "--staged")


@pytest.mark.parametrize("format_", SIMPLE)
def test_cancel(served: Served, format_: str) -> None:
    served.project.model("numbers")
    served.project.apply("--no-wait")
    shown(served.project, format_, "cancel", "numbers")


# What does not.


def broken(project: Project) -> None:
    project.model("broken", nonsense=EVIL, description=EVIL * 20)
    project.write("data/rows.jsonl", f'{{"text_input": "{EVIL[:9]}"}}\n')
    project.model("rows", dataset={"path": "../data/rows.jsonl"})


@pytest.mark.parametrize("format_", CHECKS[1:])
def test_mistakes_are_results_of_validate(evil: Project, format_: str) -> None:
    broken(evil)
    told = shown(evil, format_, "validate", code=3).out
    assert "models/broken.yaml" in told.replace("%2F", "/")
    assert "nonsense" in told


@pytest.mark.parametrize("format_", CHECKS[1:])
def test_denials_are_results_of_validate(evil: Project, format_: str) -> None:
    evil.settings(policy={"requiredLabels": ["cost-center"]})
    declare(evil)
    told = shown(evil, format_, "validate", code=5).out
    assert "required label is missing" in told
    assert "models/evil.yaml" in told.replace("%2F", "/")


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("apply", "-y"),
        ("destroy", "--yes-destroy", "demo"),
        ("gate",),
        ("evaluate", "evil"),
        ("evaluate", "evil", "--record"),
        ("status",),
        ("show", "evil"),
        ("output",),
        ("wait",),
        ("generate", "evil", "x"),
        ("rollback", "evil", "-y"),
        ("forget", "evil", "-y"),
        ("validate",),
    ],
    ids=" ".join,
)
def test_mistakes_are_json_in_every_command(evil: Project, arguments: tuple[str, ...]) -> None:
    broken(evil)
    ran = evil.run(*arguments, "--format", "json")
    assert ran.code == 3
    assert {each["severity"] for each in ran.json["diagnostics"]} >= {"error"}
    assert arguments == ("validate",) or ran.json["error"]["exit_code"] == 3


@pytest.mark.parametrize("format_", PLANS)
def test_what_policy_denies_is_planned_all_the_same(evil: Project, format_: str) -> None:
    evil.settings(policy={"requiredLabels": ["cost-center"]})
    declare(evil)
    ran = shown(evil, format_, "plan", code=5)
    beside = ran.out if format_ in ("markdown", "github") else ran.err
    assert " ".join(beside.split()).count("this model lacks: cost-center") == 1
    assert "evil" in ran.out


@pytest.mark.parametrize("format_", RUNS)
def test_what_policy_denies_is_not_applied(evil: Project, format_: str) -> None:
    evil.settings(policy={"requiredLabels": ["cost-center"]})
    declare(evil)
    ran = evil.run("apply", "-y", "--format", format_)
    assert ran.code == 5
    assert "this model lacks: cost-center" in " ".join(ran.told.split())
    if format_ != "text":
        READERS["text" if format_ == "markdown" else format_](ran.out)
    assert evil.trainings() == 0


@pytest.mark.parametrize("format_", RUNS)
@pytest.mark.parametrize(
    ("spec", "code"), [({"gate": UNPASSABLE}, 6), ({"hyperparameters": DIVERGING}, 8)]
)
def test_a_run_that_ends_badly_is_reported(
    evil: Project, format_: str, spec: dict[str, Any], code: int
) -> None:
    declare(evil, **spec)
    shown(evil, format_, "apply", "-y", code=code)
    shown(evil, format_, "apply", "-y", code=code)


# Lines of events.


def test_lines_begin_with_the_plan_and_end_with_the_report(evil: Project) -> None:
    declare(evil, gate=PASSABLE)
    told = events(evil.apply("--format", "jsonl").out)
    assert [told[0]["event"], told[-1]["event"]] == ["plan", "report"]
    assert told[0]["summary"]["create"] == 1
    assert told[-1]["exit_code"] == 0
    done = [each["step"]["do"] for each in told if each["event"] == "step-ended"]
    assert done == ["start", "watch", "evaluate", "promote"]
    (verdict,) = (each for each in told if each["event"] == "evaluated")
    assert verdict["evaluation"]["passed"] is True
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)


@pytest.mark.parametrize(
    ("spec", "code"), [({"gate": UNPASSABLE}, 6), ({"hyperparameters": DIVERGING}, 8)]
)
def test_lines_of_a_failing_run_end_with_its_exit_code(
    evil: Project, spec: dict[str, Any], code: int
) -> None:
    declare(evil, **spec)
    told = events(evil.apply("--format", "jsonl", code=code).out)
    assert [told[0]["event"], told[-1]["event"]] == ["plan", "report"]
    assert told[-1]["exit_code"] == code
    assert EVIL not in json.dumps([each for each in told if each["event"] == "evaluated"])


def test_lines_of_an_interrupted_run_end_with_its_report(served: Served) -> None:
    project = served.project
    project.model("numbers")
    arguments = ("apply", "-y", "--format", "jsonl")
    with Process(*arguments, folder=project.root, environ=project.environ) as process:
        process.await_error("Plan: 1 to create")
        stream = process.process.stdout
        assert stream is not None
        while json.loads(stream.readline())["event"] != "step-began":
            pass
        process.interrupt()
        code, out, _ = process.end()
    assert code == 130
    last = events(out)[-1]
    assert (last["event"], last["exit_code"], last["interrupted"]) == ("report", 130, True)


def stale(project: Project) -> tuple[object, ...]:
    project.ok("plan", "--out", "plan.json")
    project.model("numbers", revision=2)
    return ("plan.json",)


def mistaken(project: Project) -> tuple[object, ...]:
    project.model("numbers", nonsense=True)
    return ("-y",)


def forbidden(project: Project) -> tuple[object, ...]:
    project.settings(policy={"requiredLabels": ["team"]})
    return ("-y",)


def unasked(_project: Project) -> tuple[object, ...]:
    return ()


def guarded(project: Project) -> tuple[object, ...]:
    project.remove("models/numbers.yaml")
    return ("-y",)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [(stale, 7), (mistaken, 3), (forbidden, 5), (unasked, 64), (guarded, 5)],
)
def test_what_stops_a_run_before_it_began_is_a_line_too(
    project: Project, prepare: Callable[[Project], tuple[object, ...]], code: int
) -> None:
    project.model("numbers")
    project.apply()
    project.model("numbers", displayName="Otherwise")
    arguments = prepare(project)
    ran = project.run("apply", *arguments, "--format", "jsonl")
    assert ran.code == code
    (told,) = events(ran.out)
    assert told["event"] == "error"
    assert told["exit_code"] == told["error"]["exit_code"] == code
    assert bool(told["diagnostics"]) == (prepare in (mistaken, forbidden))


# GitHub.


def test_the_summary_of_a_job_is_added_to(project: Project) -> None:
    summary = project.write("summary.md", "# Before\n")
    project.model("numbers")
    for command in (("validate",), ("plan",), ("apply", "-y"), ("gate",)):
        project.ok(*command, "--format", "github", GITHUB_STEP_SUMMARY=str(summary))
    told = summary.read_text()
    assert told.startswith("# Before\n")
    assert len(re.findall("^## ", told, re.MULTILINE)) == 4


def test_a_summary_that_cannot_be_written_is_an_error(project: Project) -> None:
    project.model("numbers")
    ran = project.run("plan", "--format", "github", GITHUB_STEP_SUMMARY=str(project.root))
    assert ran.code == 1
    assert "GITHUB_STEP_SUMMARY" in ran.err


def test_no_data_is_obeyed_by_a_runner(project: Project) -> None:
    """At some width, a line of the log begins with what the data says."""
    project.model("numbers", description="word " * 4)
    project.apply()
    for count in range(6, 18):
        words = f"{'word ' * count}::error title=Mine::by data ##[warning]too"
        project.model("numbers", description=words)
        shown(project, "github", "plan")


# Nothing but what is offered.


@pytest.mark.parametrize(
    ("arguments", "format_"),
    [
        (("plan",), "junit"),
        (("plan",), "jsonl"),
        (("apply", "-y"), "sarif"),
        (("status",), "markdown"),
        (("validate",), "jsonl"),
        (("gate",), "sarif"),
        (("output",), "markdown"),
        (("show", "numbers"), "markdown"),
        (("plan",), "html"),
    ],
)
def test_other_formats_are_mistakes_of_the_command_line(
    project: Project, arguments: tuple[str, ...], format_: str
) -> None:
    project.model("numbers")
    ran = project.run(*arguments, "--format", format_)
    assert ran.code == 64
    assert format_ in ran.err
    assert "Traceback" not in ran.told


@pytest.mark.parametrize("format_", PLANS)
def test_a_plan_of_many_models_is_short_enough_for_a_comment(
    project: Project, format_: str
) -> None:
    for at in range(150):
        project.model(f"model-{at}", revision=at + 1, description=f"{EVIL} {NUMBERS[at % 23]}")
    told = shown(project, format_, "plan").out
    assert "150" in told
