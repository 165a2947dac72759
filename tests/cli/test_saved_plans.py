"""Saved plans: what a reviewer saw is what is applied, or nothing is."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import ANIMALS, NUMBERS, Project, Ran, Served, call, talk_to
from tests.cli.shell import Process, Terminal

NOTHING = "No changes. Live models match the manifests.\n"
PLAN = "plan.json"
FORMATS = ("text", "json", "markdown", "github")


def save(project: Project, *arguments: object, **environ: str) -> str:
    """Save a plan; its checksum."""
    told = project.ok("plan", "--out", PLAN, *arguments, **environ).err
    checksum = str(json.loads(text_of(project))["checksum"])
    assert f"Saved the plan to {PLAN}, checksum {checksum}." in told
    return checksum


def text_of(project: Project) -> str:
    return (project.root / PLAN).read_text(encoding="utf-8")


def refused(project: Project, code: int, *arguments: object, **environ: str) -> str:
    """Apply the saved plan, which must be refused with nothing written; one line of stderr."""
    before = project.live()
    ran = project.run("apply", PLAN, *arguments, **environ)
    assert ran.code == code, ran
    assert project.live() == before
    return " ".join(ran.err.split())


def replaced(project: Project) -> str:
    """One version serves, and another one is wanted; the remote name of the first."""
    project.model("numbers")
    project.apply()
    project.model("numbers", revision=2)
    return project.serving("numbers")


# What is applied is what was shown.


@pytest.mark.parametrize("option", ["--stage", "--destroy", "--target=numbers", "--exclude=new"])
def test_show_says_what_plan_said(project: Project, option: str) -> None:
    replaced(project)
    project.data("data/numbers.jsonl", (*NUMBERS, ("24", "25")))
    project.remove("data/animals.jsonl")  # it has repeated rows, and warnings are not in the file
    project.model("new", revision=3)
    checksum = save(project, option)
    for format_ in FORMATS:
        planned = project.ok("plan", option, "--no-samples", "--format", format_)
        shown = project.ok("show", PLAN, "--format", format_)
        assert shown.out == planned.out
        assert checksum in shown.err


def test_a_plan_is_applied_unasked_and_only_once(project: Project) -> None:
    project.model("numbers")
    save(project)
    done = project.ok("apply", PLAN)
    assert "Apply complete: 1 created." in done.out
    again = project.ok("apply", PLAN)
    assert again.out == "Nothing is left to do: this plan was carried out before.\n"
    assert project.trainings() == 1
    assert project.ok("plan").out == NOTHING


def test_a_plan_of_nothing_is_applied_as_that(project: Project) -> None:
    project.model("numbers")
    project.apply()
    save(project)
    assert project.ok("apply", PLAN).out == NOTHING


def test_exactly_that_is_applied(project: Project) -> None:
    """Somebody else's file does not get in: it would make another plan, so it is refused."""
    project.model("numbers")
    save(project, "--target", "numbers")
    project.model("other", dataset={"path": "../data/animals.jsonl"})
    project.ok("apply", PLAN)
    assert project.actions() == {"numbers": "keep", "other": "create"}


def test_a_plan_may_be_read_from_anywhere(project: Project, tmp_path: Path) -> None:
    project.model("numbers")
    file = tmp_path / "elsewhere" / "the plan"
    project.ok("plan", "--out", file)
    assert "1 to create" in call("show", file, folder=tmp_path).out
    project.ok("apply", file)
    assert project.ok("plan").out == NOTHING


def test_a_file_that_is_called_like_a_model(project: Project) -> None:
    project.model("numbers")
    project.ok("plan", "--out", "plan")
    mistaken = project.run("show", "plan")
    assert mistaken.code == 64
    assert "tuneform show ./plan" in mistaken.err
    assert "1 to create" in project.ok("show", "./plan").out
    project.ok("apply", "plan")


def test_a_killed_apply_goes_on_with_the_same_plan(served: Served) -> None:
    project = served.project
    project.model("numbers")
    save(project)
    with Process("apply", PLAN, folder=project.root, environ=project.environ) as process:
        process.await_error("training starts")
        process.interrupt(signal.SIGKILL)
        process.end()
    served.start_training()
    project.ok("apply", PLAN)
    assert project.ok("plan").out == NOTHING
    assert served.trainings() == 1


def test_an_interrupted_apply_goes_on_with_the_same_plan(served: Served) -> None:
    project = served.project
    project.model("numbers")
    save(project)
    with Process("apply", PLAN, folder=project.root, environ=project.environ) as process:
        process.await_error("training starts")
        process.interrupt()
        assert process.end()[0] == 130
    served.start_training()
    project.ok("apply", PLAN)
    assert project.ok("plan").out == NOTHING
    assert served.trainings() == 1


def test_started_without_waiting_then_finished(served: Served) -> None:
    project = served.project
    project.model("numbers")
    save(project)
    project.ok("apply", PLAN, "--no-wait")
    resumed = project.ok("apply", PLAN, "--no-wait", "--max-cost", 0)
    assert "A part of it was carried out before." in resumed.out
    assert "cost" not in resumed.out  # what has started is paid for
    assert project.run("apply", PLAN, "--timeout", "0.1s").code == 9
    served.start_training()
    project.ok("apply", PLAN)
    assert served.trainings() == 1


def test_the_advance_of_a_training_is_not_staleness(served: Served) -> None:
    project = served.project
    project.model("numbers")
    project.apply("--no-wait")
    save(project)
    assert project.actions() == {"numbers": "wait"}
    served.start_training()
    project.ok("wait")
    project.ok("apply", PLAN)
    assert project.ok("plan").out == NOTHING


def test_a_staged_plan_is_applied_as_staging(project: Project) -> None:
    first = replaced(project)
    save(project, "--stage")
    project.ok("apply", PLAN)
    assert project.serving("numbers") == first
    assert project.actions() == {"numbers": "promote"}


# Edited, or not what was approved.


def edit(project: Project, old: str, new: str) -> None:
    text = text_of(project)
    assert old in text
    project.write(PLAN, text.replace(old, new, 1))


def test_a_plan_edited_by_hand_is_refused(project: Project) -> None:
    project.model("numbers")
    save(project)
    edit(project, "No version of this", "No Version of this")
    assert "the plan file was edited" in refused(project, 7)
    assert project.run("show", PLAN).code == 7


def test_a_forged_plan_is_refused_by_the_checksum_of_its_reviewer(project: Project) -> None:
    from tuneform.planfile.sealing import checksum  # an attacker has the source, too

    project.model("numbers")
    approved = save(project)
    document = json.loads(text_of(project))
    document["changes"][0]["reason"]["message"] = "Nothing to see here."
    project.write(PLAN, json.dumps(document | {"checksum": checksum(document)}))
    told = refused(project, 7, "--checksum", approved)
    assert "this is not the plan that was approved" in told
    assert approved in told


def test_the_checksum_of_the_reviewer_approves(project: Project) -> None:
    project.model("numbers")
    checksum = save(project)
    assert project.run("apply", PLAN, "--checksum", "0" * 64).code == 7
    assert project.trainings() == 0
    project.ok("apply", PLAN, "--checksum", checksum.upper())


@pytest.mark.parametrize("checksum", ["", "abc", "g" * 64, "0" * 63])
def test_what_is_no_checksum_is_a_mistake_of_the_command_line(
    project: Project, checksum: str
) -> None:
    project.model("numbers")
    save(project)
    assert "64 hex digits" in refused(project, 64, "--checksum", checksum)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--checksum", "0" * 64), "name the PLANFILE"),
        ((PLAN, "--target", "numbers"), "says itself what it is about"),
        ((PLAN, "--exclude", "numbers"), "says itself what it is about"),
        ((PLAN, "--stage"), "says itself what it is about"),
        ((PLAN, "--yes-destroy", "demo"), "does not destroy"),
        (("--yes-destroy", "demo"), "about a saved plan"),
    ],
)
def test_options_that_contradict_a_plan(
    project: Project, arguments: tuple[str, ...], words: str
) -> None:
    project.model("numbers")
    save(project)
    ran = project.run("apply", *arguments)
    assert ran.code == 64
    assert words in " ".join(ran.err.split())
    assert project.trainings() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the plan file is no JSON"),
        ("{", "the plan file is no JSON"),
        ("[]", "the file is no plan"),
        ('{"format_version": "1.0"}', "the file is no plan"),
        ('{"format_version": "99.0"}', "newer than this release"),
        (b"\xff\xfe", "the plan file is no JSON"),
        ("[" * 100_000, "the plan file is no JSON"),
    ],
)
def test_what_is_no_plan_is_told(project: Project, content: str | bytes, words: str) -> None:
    project.model("numbers")
    project.write(PLAN, content)
    told = refused(project, 1)
    assert f"{PLAN}: " in told
    assert words in told
    assert project.run("show", PLAN).code == 1


def test_a_plan_that_was_printed_cannot_be_applied(project: Project) -> None:
    project.model("numbers")
    project.write(PLAN, project.ok("plan", "--format", "json").out)
    assert "the plan was printed, not saved" in refused(project, 1)


def test_a_plan_that_is_not_there(project: Project) -> None:
    project.model("numbers")
    for command in ("apply", "show"):
        ran = project.run(command, "nowhere.json")
        assert ran.code == 1
        assert "nowhere.json: the plan cannot be read: No such file or directory" in ran.err


# Stale, each part by its name.


def test_every_part_of_the_project_that_changed_is_named(project: Project) -> None:
    gated = {
        "gate": {"mustPass": {"path": "../data/golden.jsonl"}},
        "dataset": {"path": "../data/animals.jsonl"},
    }
    project.data("data/golden.jsonl", (("fox", "xof"),))
    project.model("described")
    project.model("gated", **gated)
    project.model("gone", revision=2)
    project.model("fed", dataset={"path": "../data/fed.jsonl"})
    project.data("data/fed.jsonl", ANIMALS[:21])
    save(project)
    project.model("described", description="Otherwise.")
    project.data("data/golden.jsonl", (("dog", "god"),))
    project.remove("models/gone.yaml")
    project.data("data/fed.jsonl", ANIMALS[:22])
    project.model("new", revision=3)
    told = refused(project, 7)
    for words in (
        "the plan is stale",
        "the manifest of described changed",
        "the gate of gated changed",
        "gone is no longer declared",
        "the dataset of fed changed",
        "new is declared now, and was not then",
        "run `tuneform plan --out FILE` again",
    ):
        assert words in told
    assert "the dataset of gated" not in told


def test_another_variable_environment_or_provider_is_named(project: Project) -> None:
    variables: dict[str, Any] = {"variables": {"word": "one"}, "environments": {"prod": {}}}
    project.settings(**variables)
    project.model("numbers", description="Says ${var.word}.")
    save(project)
    assert "the manifest of numbers changed" in refused(project, 7, "--var", "word=two")
    assert "made for owner demo, and this is demo/prod" in refused(project, 7, "--env", "prod")
    project.settings(provider={"type": "embedded", "data": "elsewhere"}, **variables)
    assert "the settings of provider embedded changed" in refused(project, 7)


def test_another_service_is_named(served: Served) -> None:
    project = served.project
    project.model("numbers")
    save(project)
    project.settings()
    ran = project.run("apply", PLAN)
    assert ran.code == 7
    assert "it was made for provider gemini, and this is embedded" in " ".join(ran.err.split())


def test_a_parent_that_changed_is_named_at_its_child(project: Project) -> None:
    project.model("child", tunedFrom="parent", revision=2)
    project.model("parent")
    save(project)
    project.data("data/numbers.jsonl", NUMBERS[:-1])
    project.model("child", tunedFrom="parent", dataset={"path": "../data/animals.jsonl"})
    assert "the dataset of parent changed" in refused(project, 7)


Meddling = Callable[[Project, str], None]


def rename(project: Project, remote: str) -> None:
    with project.service() as service:
        service.call("PATCH", remote, {"displayName": "Ours now"}, updateMask="displayName")


def delete(project: Project, remote: str) -> None:
    with project.service() as service:
        service.call("DELETE", remote)


def unmark(project: Project, remote: str) -> None:
    with project.service() as service:
        service.describe(remote, service.mark(remote).replace(" serving", ""))


def describe(project: Project, remote: str) -> None:
    with project.service() as service:
        service.describe(remote, f"Tidied up.\n{service.mark(remote)}")


def train_another(project: Project, _remote: str) -> None:
    project.model("numbers", revision=3)
    project.apply()
    project.model("numbers", revision=2)


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        (rename, "its displayName was changed since the plan was made"),
        (describe, "its description was changed since the plan was made"),
        (unmark, "its mark was changed since the plan was made"),
        (delete, "it is gone since the plan was made"),
        (train_another, "it appeared since the plan was made"),
    ],
)
def test_a_live_object_that_others_touched_makes_a_plan_stale(
    project: Project, meddle: Meddling, words: str
) -> None:
    remote = replaced(project)
    save(project)
    meddle(project, remote)
    told = refused(project, 7)
    assert "the plan is stale: tunedModels/numbers-" in told
    assert words in told


def test_a_rollback_makes_a_plan_stale(project: Project) -> None:
    replaced(project)
    project.apply()
    project.model("numbers", revision=3)
    save(project)
    project.ok("rollback", "numbers", "-y")
    assert "its mark was changed" in refused(project, 7)


def test_what_an_apply_did_beside_the_plan_is_no_staleness(project: Project) -> None:
    """The same thing was done by a pipeline without the file."""
    replaced(project)
    save(project)
    project.apply()
    assert "carried out before" in project.ok("apply", PLAN).out
    assert project.trainings() == 2


# Not stale.


def comment(project: Project) -> None:
    file = project.root / "models/numbers.yaml"
    file.write_text(f"# A comment.\n\n{file.read_text()}\n# Another one.\n")


def write_otherwise(project: Project) -> None:
    file = project.root / "models/numbers.yaml"
    file.write_text(file.read_text().replace("  ", "    ").replace("apiVersion", '"apiVersion"'))


def move(project: Project) -> None:
    (project.root / "models/numbers.yaml").rename(project.root / "models/elsewhere.yml")


def shuffle(project: Project) -> None:
    project.data("data/numbers.jsonl", NUMBERS[::-1])


def rewrite(project: Project) -> None:
    rows = (json.dumps({"output": b, "text_input": a}, indent=None) for a, b in NUMBERS)
    project.write("data/numbers.jsonl", "\r\n".join(rows))


@pytest.mark.parametrize("change", [comment, write_otherwise, move, shuffle, rewrite])
def test_what_changes_no_meaning_makes_nothing_stale(
    project: Project, change: Callable[[Project], None]
) -> None:
    project.model("numbers")
    save(project)
    change(project)
    project.ok("apply", PLAN)
    assert project.ok("plan").out == NOTHING


def test_a_plan_needs_no_ledger(project: Project) -> None:
    replaced(project)
    save(project)
    shutil.rmtree(project.root / ".tuneform")
    project.ok("apply", PLAN)
    assert project.trainings() == 2


# Targets.


def test_edits_beside_the_targets_do_not_matter(project: Project) -> None:
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    save(project, "--target", "numbers")
    project.data("data/animals.jsonl", ANIMALS[:-1])
    project.model("third", revision=2)
    done = project.ok("apply", PLAN)
    assert "1 created" in done.out
    assert [*project.live()] == [project.serving("numbers")]


def test_an_edit_of_a_target_does(project: Project) -> None:
    project.model("numbers")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    save(project, "--target", "numbers")
    project.model("numbers", displayName="Otherwise")
    assert "the manifest of numbers changed" in refused(project, 7)


# Secrets and example text.


def test_a_secret_is_not_in_the_file_and_is_in_what_is_applied(project: Project) -> None:
    project.settings(variables={"token": {"value": "hush-4711", "sensitive": True}})
    project.model("numbers", description="With ${var.token} in it.", displayName="A ${var.token}")
    save(project)
    assert "hush-4711" not in text_of(project)
    for format_ in FORMATS:
        assert "hush-4711" not in project.ok("show", PLAN, "--format", format_).told
    assert "hush-4711" not in project.ok("apply", PLAN).told
    live = project.live()[project.serving("numbers")]
    assert live["displayName"] == "A hush-4711"
    assert live["description"].startswith("With hush-4711 in it.\n")
    assert "carried out before" in project.ok("apply", PLAN).out


def test_another_secret_makes_it_stale_and_is_not_told(project: Project) -> None:
    project.settings(variables={"token": {"value": "hush-4711", "sensitive": True}})
    project.model("numbers", description="With ${var.token} in it.")
    save(project)
    told = refused(project, 7, "--var", "token=hush-4712")
    assert "the manifest of numbers changed" in told
    assert "hush" not in told


def test_no_example_text_is_in_the_file(project: Project) -> None:
    project.data("data/numbers.jsonl", (("needle-in", "needle-out"), *NUMBERS))
    project.data("data/golden.jsonl", (("needle-asked", "needle-said"),))
    gate = {"mustPass": {"path": "../data/golden.jsonl"}}
    project.model("numbers", dataset={"path": "../data/numbers.jsonl", "preamble": "needle-pre"})
    project.apply()
    project.data("data/numbers.jsonl", (("needle-in", "needle-other"), *NUMBERS))
    project.model(
        "numbers", dataset={"path": "../data/numbers.jsonl", "preamble": "needle-pre"}, gate=gate
    )
    assert project.plan()["numbers"]["data_change"]["changed"] == 1
    save(project)
    assert "needle" not in text_of(project)


# Destruction.


def test_a_saved_destruction_wants_the_owner_by_name(project: Project) -> None:
    project.model("numbers")
    project.apply()
    save(project, "--destroy")
    assert "add --yes-destroy demo" in refused(project, 64)
    assert "the owner is demo" in refused(project, 64, "--yes-destroy", "demos")
    assert "add --yes-destroy demo" in refused(project, 64, "-y")
    done = project.ok("apply", PLAN, "--yes-destroy", "demo")
    assert "Destroy complete: 1 deleted." in done.out
    assert not project.live()
    assert "carried out before" in project.ok("apply", PLAN).out


def test_a_saved_destruction_asks_at_a_terminal(project: Project) -> None:
    project.model("numbers")
    project.apply()
    save(project, "--destroy")
    with Terminal("apply", PLAN, folder=project.root, environ=project.environ) as terminal:
        terminal.await_text("Destroy these models? Type `demo` to go on:")
        terminal.type("demo\n")
        assert terminal.end() == 0
    assert not project.live()


def test_a_saved_destruction_spares_what_came_later(project: Project) -> None:
    project.model("numbers")
    project.apply()
    save(project, "--destroy")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    project.apply()
    project.ok("apply", PLAN, "--yes-destroy", "demo")
    assert [*project.live()] == [project.serving("animals")]


# Where it cannot be written.


@pytest.mark.parametrize("place", ["tuneform.yaml/plan.json", "models", "."])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_plan_that_cannot_be_written_is_an_error(
    project: Project, place: str, format_: str
) -> None:
    project.model("numbers")
    before = sorted(project.root.rglob("*[!b]"))
    ran = project.run("plan", "--out", place, "--format", format_)
    assert ran.code == 1, ran
    assert "cannot be written" in ran.err
    if format_ == "json":
        assert ran.json["format_version"] == "1.0"
    after = [each for each in sorted(project.root.rglob("*[!b]")) if ".tuneform" not in each.parts]
    assert [each for each in after if ".practice" not in each.parts] == before


def test_an_earlier_plan_is_overwritten_whole(project: Project) -> None:
    project.model("numbers")
    save(project)
    project.model("numbers", revision=2)
    save(project)
    project.ok("apply", PLAN)
    assert sorted(each.name for each in project.root.glob("*plan*")) == [PLAN]


# Guards.


def test_policy_is_asked_again_when_a_plan_is_applied(project: Project) -> None:
    project.model("numbers")
    save(project)
    project.settings(policy={"requiredLabels": ["team"]})
    assert "required label is missing" in refused(project, 5)
    project.settings(policy={"requiredLabels": ["team"], "warn": ["requiredLabels"]})
    assert "required label is missing" in project.ok("apply", PLAN).err


def test_a_budget_holds_for_a_saved_plan(project: Project) -> None:
    prices = {"asOf": "2026-01-01", "currency": "EUR", "perMillionTokens": {"*": 1_000_000}}
    project.settings(prices=prices)
    project.model("numbers")
    save(project)
    assert "--max-cost permits 1.00 EUR" in refused(project, 5, "--max-cost", 1)
    project.ok("apply", PLAN, "--max-cost", 1_000_000)


def test_deletions_are_guarded_in_a_saved_plan(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.remove("models/numbers.yaml")
    save(project)
    assert "--allow-deletes 1" in refused(project, 5)
    project.ok("apply", PLAN, "--allow-deletes", 1)
    assert not project.live()


def test_a_plan_that_policy_denies_is_shown_saved_and_refused(project: Project) -> None:
    """A reviewer sees what would have been; it cannot be applied."""
    project.settings(policy={"requiredLabels": ["team"]})
    project.model("numbers")
    ran = project.run("plan", "--out", PLAN)
    assert ran.code == 5
    assert "1 to create" in ran.out
    assert "required label is missing" in refused(project, 5)


def test_a_project_with_mistakes_applies_no_plan(project: Project) -> None:
    project.model("numbers")
    save(project)
    project.model("numbers", nonsense=True)
    refused(project, 3)


def test_marks_cannot_be_forged_in_a_plan(project: Project) -> None:
    """A document that says to delete a stranger is refused though its checksum is right."""
    from tuneform.planfile.sealing import checksum

    with project.service(trains=True) as service:
        stranger = service.train("somebody-elses", ANIMALS)
    project.model("numbers")
    project.apply()
    project.remove("models/numbers.yaml")
    save(project)
    document = json.loads(text_of(project))
    for step in document["changes"][0]["steps"]:
        step["remote"] = stranger
    project.write(PLAN, json.dumps(document | {"checksum": checksum(document)}))
    refused(project, 1, "--allow-deletes", 1)


def test_errors_about_plans_are_json_too(project: Project) -> None:
    project.model("numbers")
    save(project)
    project.model("numbers", revision=2)

    def failed(*arguments: object) -> Ran:
        return project.run(*arguments, "--format", "json")

    stale, missing = failed("apply", PLAN), failed("show", "nowhere.json")
    assert (stale.code, stale.json["error"]["code"]) == (7, "stale")
    assert (missing.code, missing.json["error"]["code"]) == (1, "local")


def test_a_served_project_knows_who_meddled(served: Served) -> None:
    """On a service of its own: an object that vanished is told before anything is sent."""
    project = served.project
    served.start_training()
    project.model("numbers")
    project.apply()
    project.model("numbers", revision=2)
    save(project)
    (remote,) = served.live()
    with talk_to(served.service, served.key) as client:
        client.call("DELETE", remote)
    ran = project.run("apply", PLAN)
    assert ran.code == 7
    assert f"{remote}: it is gone since the plan was made" in " ".join(ran.err.split())
    assert served.trainings() == 1
