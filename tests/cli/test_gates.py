"""Gates: what a version must pass before it serves, told to people and to pipelines."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, Ran, Served
from tests.cli.shell import Process

NOTHING = "No changes. Live models match the manifests.\n"
WORDS = {"billing": "invoice payment refund", "login": "password account signin"}
CLEVER = {"epochCount": 20, "batchSize": 4, "learningRate": 0.5}
WRONG = {"path": "../data/swapped.jsonl"}
"""What is trained with this answers everything wrong."""

EXACT = {"exactMatch": {"min": 0.9}}


def pairs(numbers: range, *, swapped: bool = False) -> list[tuple[str, str]]:
    """Messages with the team that they are for; or with the wrong one."""
    found = [(f"{words} {at}", team) for team, words in WORDS.items() for at in numbers]
    other = dict(zip(WORDS, reversed(WORDS), strict=True))
    return [(text, other[team] if swapped else team) for text, team in found]


def gate(*, metrics: Any = EXACT, file: str = "held", **more: Any) -> dict[str, Any]:
    return {"dataset": {"path": f"../data/{file}.jsonl"}, "metrics": metrics} | more


@pytest.fixture
def teams(project: Project) -> Project:
    """A label task that is learnt to the full; `held` asks fairly, `wrong` cannot be passed."""
    project.data("data/teams.jsonl", pairs(range(12)))
    project.data("data/swapped.jsonl", pairs(range(12), swapped=True))
    project.data("data/held.jsonl", pairs(range(20, 24)))
    project.data("data/wrong.jsonl", pairs(range(30, 34), swapped=True))
    return project


def declare(project: Project, **spec: Any) -> None:
    """The model of these tests."""
    spec = {"dataset": {"path": "../data/teams.jsonl"}, "hyperparameters": CLEVER} | spec
    project.model("teams", **spec)


def trained(project: Project, **spec: Any) -> str:
    """The model, trained and serving; its remote name."""
    declare(project, **spec)
    project.apply()
    return project.serving("teams")


def marks(project: Project) -> dict[str, str]:
    return {name: each["description"] for name, each in project.live().items()}


def asked(project: Project, code: int) -> dict[str, Any]:
    """What `gate` says to a pipeline about the model."""
    ran = project.run("gate", "teams", "--format", "json")
    assert ran.code == code, ran
    (answer,) = ran.json["models"]
    assert ran.json["passed"] == answer["passed"] == (code == 0)
    return dict(answer)


def evaluated(project: Project, *arguments: object, code: int = 0) -> dict[str, Any]:
    ran = project.run("evaluate", "teams", "--format", "json", *arguments)
    assert ran.code == code, ran
    return dict(ran.json)


def scores(project: Project, **spec: Any) -> dict[str, float]:
    """The values of the metrics, by their titles."""
    found = evaluated(project, **spec)["scores"]
    return {
        " of ".join(filter(None, (each["metric"], each["label"]))): each["value"] for each in found
    }


# Passed.


def test_a_version_that_passes_serves(teams: Project) -> None:
    declare(teams, gate=gate())
    assert "exactMatch at least 0.9" in teams.ok("plan").out
    applied = teams.apply()
    assert "gate passed: exactMatch 1" in applied.out
    remote = teams.serving("teams")
    assert " gate=passed:" in marks(teams)[remote]
    answer = asked(teams, 0)
    assert answer["remote"] == remote
    assert answer["verdict"].startswith("passed:")
    assert "passed" in teams.ok("status").out
    assert teams.ok("plan").out == NOTHING


def test_a_model_without_a_gate_may_go_live_when_it_serves(teams: Project) -> None:
    declare(teams)
    assert asked(teams, 6)["code"] == "new"
    teams.apply()
    assert "asks for no gate" in asked(teams, 0)["message"]


# Not passed.


def test_a_first_version_that_fails_never_serves(teams: Project) -> None:
    declare(teams, gate=gate(file="wrong"))
    applied = teams.apply(code=6)
    assert "exactMatch is 0, and must be at least 0.9" in " ".join(applied.out.split())
    assert teams.run("output", "teams").code == 6
    assert teams.reason("teams") == "gate-failed"
    teams.apply(code=6)
    assert teams.trainings() == len(teams.live()) == 1
    answer = asked(teams, 6)
    assert answer["code"] == "gate-failed"
    assert answer["verdict"].startswith("failed:")
    status = teams.ok("status")
    assert "held" in status.out
    assert "failed" in status.out


def test_an_old_version_serves_on_when_its_successor_fails(teams: Project) -> None:
    first = trained(teams, lifecycle={"keepVersions": 0})
    declare(teams, lifecycle={"keepVersions": 0}, gate=gate(file="wrong"), revision=2)
    report = teams.apply("--format", "json", code=6).json
    assert report["exit_code"] == 6
    assert teams.serving("teams") == first
    assert len(teams.live()) == 2
    plan = teams.plan()["teams"]
    assert (plan["action"], plan["reason"]["code"]) == ("hold", "gate-failed")
    assert not plan["steps"]
    assert teams.run("plan", "--detailed-exitcode").code == 2
    teams.apply(code=6)
    assert teams.trainings() == 2
    assert asked(teams, 6)["code"] == "gate-failed"
    assert teams.ok("generate", "teams", "invoice payment refund 3").out == "billing\n"


def test_a_failed_gate_is_mended_by_data_or_by_another_gate(teams: Project) -> None:
    trained(teams)
    declare(teams, gate=gate(file="wrong"), revision=2)
    teams.apply(code=6)
    declare(teams, gate=gate(), revision=2)
    assert "train" not in {step["do"] for step in teams.plan()["teams"]["steps"]}
    teams.apply()
    assert teams.trainings() == 2
    assert asked(teams, 0)["verdict"].startswith("passed:")


def test_one_that_fails_stops_no_other(teams: Project) -> None:
    declare(teams, gate=gate(file="wrong"))
    teams.model("numbers")
    report = teams.apply("--format", "json", code=6).json
    assert {each["model"]: each["status"] for each in report["outcomes"]} == {
        "numbers": "done",
        "teams": "held",
    }


def test_a_child_of_one_that_fails_is_not_trained(teams: Project) -> None:
    declare(teams, gate=gate(file="wrong"))
    teams.model("child", tunedFrom="teams")
    teams.apply(code=6)
    assert teams.trainings() == 1
    assert teams.reason("child") == "parent-held"


# A gate that changes.


def test_a_changed_gate_is_evaluated_again_without_training(teams: Project) -> None:
    remote = trained(teams, gate=gate())
    before = marks(teams)
    declare(teams, gate=gate(metrics={"macroF1": {"min": 0.5}}))
    assert teams.actions() == {"teams": "update"}
    assert asked(teams, 6)["code"] == "gate-changed"
    teams.apply()
    assert teams.trainings() == 1
    assert marks(teams)[remote] != before[remote]
    assert asked(teams, 0)
    assert teams.ok("plan").out == NOTHING


def test_a_gate_of_other_questions_is_another_gate(teams: Project) -> None:
    trained(teams, gate=gate())
    teams.data("data/held.jsonl", pairs(range(40, 44)))
    assert teams.actions() == {"teams": "update"}
    teams.data("data/held.jsonl", reversed(pairs(range(20, 24))))
    assert teams.ok("plan").out == NOTHING
    declare(teams, gate=gate(concurrency=1))
    assert teams.ok("plan").out == NOTHING


def test_a_serving_version_that_fails_a_new_gate_serves_on_and_is_held(teams: Project) -> None:
    remote = trained(teams, gate=gate())
    declare(teams, gate=gate(file="wrong"))
    teams.apply(code=6)
    assert teams.serving("teams") == remote
    assert teams.reason("teams") == "gate-failed"
    teams.apply(code=6)
    assert teams.trainings() == 1
    declare(teams)
    teams.apply()
    assert asked(teams, 0)


def test_an_interrupted_evaluation_leaves_no_verdict(teams: Project) -> None:
    remote = trained(teams)
    teams.data("data/held.jsonl", pairs(range(100, 400)))
    declare(teams, gate=gate(repeats=20))
    with Process("apply", "-y", folder=teams.root, environ=teams.environ) as process:
        process.await_error("evaluating 600 examples")
        process.interrupt()
        assert process.end()[0] == 130
    assert "gate=" not in marks(teams)[remote]
    assert teams.serving("teams") == remote
    declare(teams, gate=gate())
    teams.apply()
    assert teams.trainings() == 1


# What is asked, and how it is measured.


def test_cases_that_must_pass_are_asked_beside_the_metrics(teams: Project) -> None:
    teams.data("data/golden.jsonl", [("invoice payment refund 50", "login")])
    declare(teams, gate=gate(mustPass={"path": "../data/golden.jsonl"}))
    applied = teams.apply(code=6)
    assert "1 of 1 must-pass cases failed" in " ".join(applied.out.split())
    assert "invoice payment" not in applied.told
    case = evaluated(teams, code=6)["worst"][0]
    assert (case["place"], case["expected"], case["answer"]) == (
        "data/golden.jsonl:1",
        "login",
        "billing",
    )


def test_a_gate_of_must_pass_cases_alone(teams: Project) -> None:
    teams.data("data/golden.jsonl", [("invoice payment refund 50", "billing")])
    trained(teams, gate={"mustPass": {"path": "../data/golden.jsonl"}})
    assert asked(teams, 0)


def test_a_version_may_not_fall_behind_the_one_that_serves(teams: Project) -> None:
    behind = gate(metrics={"exactMatch": {"maxRegression": 0.1}})
    first = trained(teams, gate=behind)
    declare(teams, gate=behind, dataset=WRONG)
    applied = teams.apply(code=6)
    assert "may be at most 0.1 below the 1 of the serving version" in " ".join(applied.out.split())
    assert teams.serving("teams") == first
    again = evaluated(teams, code=6)
    assert (again["against"], again["scores"][0]["baseline"]) == (first, 1)
    declare(teams, gate=behind, revision=2)
    teams.apply()
    assert teams.serving("teams") != first


def test_what_is_held_out_is_never_sent_to_be_trained(teams: Project) -> None:
    secrets = [(f"needle {at} asked", f"needle-{at}-said") for at in range(40)]
    teams.data("data/teams.jsonl", secrets)
    declare(teams)
    (whole,) = (each["remote"] for each in teams.plan().values())
    held = {"dataset": {"holdout": 0.25}, "metrics": {"exactMatch": {"min": 0}}}
    declare(teams, gate=held)
    cut = teams.plan()["teams"]
    assert cut["remote"] != whole
    teams.apply()
    cases = evaluated(teams, "--worst", 40)["worst"]
    with teams.service() as service:
        (training,) = service.call("GET", "/practice/v1/trainings")["trainings"]
    assert training["examples"] == cut["training"]["examples"] == 40 - len(cases)
    assert 5 <= len(cases) <= 15
    files = (each for each in (teams.root / ".practice").rglob("*") if each.is_file())
    kept = b"".join(each.read_bytes() for each in files)
    assert {each["expected"].encode() in kept for each in cases} == {False}
    outside = {said for _, said in secrets} - {each["expected"] for each in cases}
    assert {said.encode() in kept for said in outside} == {True}
    teams.data("data/teams.jsonl", secrets[::-1])
    assert teams.ok("plan").out == NOTHING


def test_examples_that_are_trained_may_not_be_asked(teams: Project) -> None:
    teams.data("data/held.jsonl", [*pairs(range(20, 24)), pairs(range(3, 4))[0]])
    declare(teams, gate=gate())
    refused = teams.run("validate")
    assert refused.code == 3
    assert "data/held.jsonl:9" in refused.err
    assert "data/teams.jsonl:4" in " ".join(refused.err.split())


def test_labels_are_measured_each(teams: Project) -> None:
    trained(
        teams,
        gate=gate(
            metrics={
                "precision": {"min": 0.9, "labels": {"billing": {"min": 0.9}}},
                "recall": {"labels": {"login": {"min": 0.9}}},
                "macroF1": {"min": 0.9},
            },
            repeats=2,
        ),
    )
    assert scores(teams) == {
        "precision": 1,
        "precision of billing": 1,
        "recall of login": 1,
        "macroF1": 1,
    }
    assert evaluated(teams)["repeats"] == 2


def test_texts_are_measured_in_other_ways(teams: Project) -> None:
    trained(
        teams,
        gate=gate(
            metrics={
                "normalizedMatch": {"min": 0.9},
                "contains": {"min": 0.9},
                "charF1": {"min": 0.9},
                "regex": {"pattern": "billing|login", "min": 1},
            }
        ),
    )
    assert set(scores(teams).values()) == {1.0}


def test_fields_of_json_are_measured_each(teams: Project) -> None:
    def rows(numbers: range) -> list[tuple[str, str]]:
        return [(text, json.dumps({"team": team, "v": 1})) for text, team in pairs(numbers)]

    teams.data("data/teams.jsonl", rows(range(12)))
    teams.data("data/held.jsonl", rows(range(20, 22)))
    trained(teams, gate=gate(metrics={"jsonFields": {"fields": ["team"], "min": 0.9}}))
    assert scores(teams) == {"jsonFields": 1}


# Metrics of one's own.


HALF_MARKS = """
def score(expected, answer, options):
    return 0.5

def fail(expected, answer, options):
    raise ValueError(expected)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """A package with two metrics, as pip leaves it."""
    folder = tmp_path / "site"
    info = folder / "half_marks-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: half-marks\nVersion: 1.0\n")
    points = "halfMarks = half_marks:score\nbroken = half_marks:fail\n"
    (info / "entry_points.txt").write_text(f"[tuneform.metrics]\n{points}")
    (folder / "half_marks.py").write_text(HALF_MARKS)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    sys.modules.pop("half_marks", None)


@pytest.mark.usefixtures("installed")
def test_a_metric_of_ones_own_decides_like_any_other(teams: Project) -> None:
    declare(teams, gate=gate(metrics={"halfMarks": {"min": 0.6}}))
    assert "halfMarks is 0.5" in teams.apply(code=6).out


@pytest.mark.usefixtures("installed")
def test_a_metric_that_breaks_decides_nothing(teams: Project) -> None:
    first = trained(teams)
    declare(teams, gate=gate(metrics={"broken": {"min": 0.6}}), revision=2)
    applied = teams.apply(code=8)
    assert "the metric broken (half_marks:fail) raised ValueError" in " ".join(applied.out.split())
    assert teams.serving("teams") == first
    for record in ((), ("--record",)):
        ran = teams.run("evaluate", "teams", *record)
        assert ran.code == 1
        assert "raised ValueError" in " ".join(ran.err.split())
        ran = teams.run("evaluate", "teams", *record, "--format", "json")
        assert "raised ValueError" in json.dumps(ran.json)
    assert "gate=" not in "".join(marks(teams).values())
    assert teams.reason("teams") == "not-evaluated"


@pytest.mark.usefixtures("installed")
def test_a_metric_that_is_misspelt_is_told_offline(teams: Project) -> None:
    declare(teams, gate=gate(metrics={"halfMark": {"min": 0.6}}))
    refused = teams.run("validate")
    assert refused.code == 3
    assert "did you mean 'halfMarks'?" in refused.err
    assert "models/teams.yaml:" in refused.err


def test_a_metric_that_is_not_installed_is_told_offline(teams: Project) -> None:
    declare(teams, gate=gate(metrics={"halfMarks": {"min": 0.6}}))
    refused = teams.run("plan")
    assert refused.code == 3
    assert "'halfMarks' is no metric of tuneform" in " ".join(refused.err.split())
    assert teams.run("gate").code == 3


# Nothing is needed but the mark.


@pytest.mark.parametrize(("file", "code"), [("held", 0), ("wrong", 6)])
def test_another_machine_knows_the_verdict(teams: Project, file: str, code: int) -> None:
    declare(teams, gate=gate(file=file))
    teams.apply(code=code)

    def told() -> Any:
        change = teams.plan()["teams"]
        change.pop("notes")  # all that a ledger adds
        return asked(teams, code), change

    before = told()
    shutil.rmtree(teams.root / ".tuneform")
    assert told() == before
    teams.apply(code=code)
    assert teams.trainings() == 1


# evaluate.


def test_evaluate_reads_only_and_record_writes(teams: Project) -> None:
    remote = trained(teams)
    declare(teams, gate=gate())
    before = teams.live()
    assert "Gate passed." in teams.ok("evaluate", "teams").out
    assert teams.live() == before
    teams.ok("evaluate", "teams", "--record")
    assert " gate=passed:" in marks(teams)[remote]
    assert asked(teams, 0)
    assert teams.ok("plan").out == NOTHING


def test_what_was_recorded_by_hand_counts(teams: Project) -> None:
    remote = trained(teams)
    declare(teams, gate=gate(file="wrong"))
    teams.run("evaluate", "teams")
    assert asked(teams, 6)["code"] == "gate-changed"
    assert teams.run("evaluate", "teams", "--record").code == 6
    assert " gate=failed:" in marks(teams)[remote]
    assert teams.reason("teams") == "gate-failed"
    assert teams.serving("teams") == remote


def test_evaluate_shows_where_a_version_falls_short(teams: Project) -> None:
    declare(teams, gate=gate(file="wrong"))
    teams.apply(code=6)
    shown = teams.run("evaluate", "teams", "--worst", 2)
    assert shown.code == 6
    assert "data/wrong.jsonl:1" in shown.out
    assert "Gate failed: exactMatch is 0, and must be at least 0.9." in shown.out
    assert "data/wrong.jsonl:3" not in shown.out
    assert "invoice" not in teams.run("evaluate", "teams", "--no-samples").told


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "junit", "github"])
def test_private_data_is_shown_in_no_format(teams: Project, format_: str) -> None:
    declare(teams, gate=gate(file="wrong"))
    teams.apply(code=6)
    arguments = ("evaluate", "teams", "--format", format_)
    summary = teams.root / "summary.md"
    hidden = teams.run(*arguments, "--no-samples", GITHUB_STEP_SUMMARY=str(summary))
    assert hidden.code == 6
    assert "invoice" not in hidden.told
    assert not summary.exists() or "invoice" not in summary.read_text()


def test_an_earlier_version_can_be_asked(teams: Project) -> None:
    first = trained(teams, dataset=WRONG)
    second = trained(teams, gate=gate())
    assert evaluated(teams)["remote"] == second
    for name in (first, first.removeprefix("tunedModels/")):
        assert evaluated(teams, "--version", name, code=6)["remote"] == first
    unknown = teams.run("evaluate", "teams", "--version", "nothing-like-it")
    assert unknown.code == 64
    assert first.removeprefix("tunedModels/") in " ".join(unknown.err.split())


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("untrained", 6, "no version of 'untrained' is trained"),
        ("gateless", 5, "the manifest of 'gateless' declares no gate"),
        ("untraind", 64, "did you mean 'untrained'?"),
        ("nobody", 64, "there is no model 'nobody'"),
    ],
)
@pytest.mark.parametrize("record", [(), ("--record",)])
def test_what_cannot_be_evaluated(
    teams: Project, name: str, code: int, words: str, record: tuple[str, ...]
) -> None:
    teams.model("untrained", gate=gate())
    teams.model("gateless", revision=2)
    ran = teams.run("evaluate", name, *record)
    assert ran.code == code
    assert words in " ".join(ran.err.split())
    assert (
        teams.run("evaluate", name, *record, "--format", "json").json["error"]["exit_code"] == code
    )


# gate.


def test_gate_answers_for_all_that_is_declared(teams: Project) -> None:
    trained(teams, gate=gate())
    teams.model("late")
    every = teams.run("gate")
    assert every.code == 6
    assert "Gate: 1 of 2 models may go live." in every.out
    assert teams.ok("gate", "teams", "teams").out.endswith("Gate: 1 of 1 model may go live.\n")
    typo = teams.run("gate", "team")
    assert typo.code == 64
    assert "did you mean 'teams'?" in typo.err


def rename(project: Project) -> None:
    with project.service() as service:
        remote = project.serving("teams")
        service.call("PATCH", remote, {"displayName": "Ours now"}, updateMask="displayName")


def delete(project: Project) -> None:
    with project.service() as service:
        service.call("DELETE", project.serving("teams"))


def roll_back(project: Project) -> None:
    trained(project, gate=gate(), revision=2)
    project.ok("rollback", "teams", "-y")


def edit(project: Project) -> None:
    declare(project, gate=gate(), displayName="Otherwise")


def feed(project: Project) -> None:
    project.data("data/teams.jsonl", pairs(range(13)))


def unmark(project: Project) -> None:
    remote = project.serving("teams")
    with project.service() as service:
        service.describe(remote, "Tidied up.")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (rename, "fields-changed"),
        (edit, "fields-changed"),
        (delete, "new"),
        (roll_back, "pinned"),
        (feed, "dataset-changed"),
        (unmark, "mark-missing"),
    ],
)
def test_gate_says_no_to_what_has_drifted(
    teams: Project, change: Callable[[Project], None], reason: str
) -> None:
    trained(teams, gate=gate())
    change(teams)
    answer = asked(teams, 6)
    assert answer["code"] == reason
    assert answer["message"]


def test_what_applications_cannot_notice_keeps_no_gate_shut(teams: Project) -> None:
    """An old version that is left to delete is no drift; beside it, an edit is."""
    trained(teams, gate=gate())
    trained(teams, gate=gate(), revision=2)
    fewer: dict[str, Any] = {"gate": gate(), "revision": 2, "lifecycle": {"keepVersions": 0}}
    declare(teams, **fewer)
    assert teams.actions() == {"teams": "promote"}
    assert asked(teams, 0)
    declare(teams, displayName="Otherwise", **fewer)
    asked(teams, 6)


def test_gate_of_a_training_says_to_wait(served: Served) -> None:
    served.project.model("numbers")
    served.project.apply("--no-wait")
    ran = served.project.run("gate")
    assert ran.code == 6
    assert "in-training" in ran.out
    assert "`tuneform wait`" in ran.out


def test_gate_of_nothing_says_what_is_odd(project: Project) -> None:
    ran = project.run("gate")
    assert ran.code == 6  # most likely it is the wrong folder
    assert ran.out == "Gate: 0 of 0 models may go live.\n"
    assert "warning: " in ran.err


def test_gate_reads_only(teams: Project) -> None:
    declare(teams, gate=gate())
    asked(teams, 6)
    assert not teams.live()
    trained(teams, gate=gate())
    before = teams.live()
    asked(teams, 0)
    assert teams.live() == before


def test_gate_of_a_project_with_mistakes(teams: Project) -> None:
    declare(teams, nonsense=True)
    ran: Ran = teams.run("gate", "--format", "json")
    assert ran.code == 3
    assert ran.json["diagnostics"]
