"""`tuneform rollback`: an earlier version serves again, until the manifest says otherwise."""

from typing import Any

import pytest
from tests.cli.project import NUMBERS, Project, Ran
from tests.cli.repository import GATE, LEARNING, QUESTIONS, TICKETS, Checkout
from tests.cli.shell import Terminal

NOTHING = "No changes. Live models match the manifests.\n"


def words(ran: Ran) -> str:
    """What was told beside the result, on one line."""
    return " ".join(ran.err.split())


def grown(project: Project, revisions: int = 2, keep: int = 1) -> list[str]:
    """Apply one revision after the other; the remote names, the last one serves."""
    remotes = []
    for revision in range(1, revisions + 1):
        project.model("numbers", revision=revision, lifecycle={"keepVersions": keep})
        if isinstance(project, Checkout):
            project.commit()
        project.apply()
        remotes.append(project.serving("numbers"))
    return remotes


def test_it_pins_and_the_model_is_held(project: Project) -> None:
    first, second = grown(project)
    ran = project.ok("rollback", "numbers", "-y")
    assert f"rolled back to {first} instead of {second}" in ran.err
    assert "Rollback complete: 1 rolled back." in ran.out
    assert project.serving("numbers") == first
    assert project.reason("numbers") == "pinned"
    assert project.run("gate", "numbers").code == 6
    # Only a pin is open: that is no failure.
    project.apply()
    assert project.serving("numbers") == first
    assert project.trainings() == 2


def test_twice_changes_nothing(project: Project) -> None:
    first, _ = grown(project)
    project.ok("rollback", "numbers", "-y")
    before = project.live()
    again = project.ok("rollback", "numbers")
    assert f"{first} serves already" in again.err
    assert project.live() == before


def test_a_new_wish_takes_the_pin_off(project: Project) -> None:
    first, second = grown(project)
    project.ok("rollback", "numbers", "-y")
    project.model("numbers", revision=3)
    project.apply()
    assert project.serving("numbers") not in (first, second)
    assert project.ok("plan").out == NOTHING
    assert not any("pinned" in each["description"] for each in project.live().values())


def test_going_back_in_the_manifest_takes_the_pin_off(project: Project) -> None:
    first, _ = grown(project)
    project.ok("rollback", "numbers", "-y")
    project.model("numbers", revision=1)
    assert project.actions() == {"numbers": "update"}
    assert "was rolled back to: its pin goes" in " ".join(project.ok("plan").out.split())
    assert project.run("gate", "numbers").code == 0
    project.apply()
    assert project.serving("numbers") == first
    assert project.ok("plan").out == NOTHING
    assert project.trainings() == 2


def test_a_version_can_be_chosen(project: Project) -> None:
    first, second, third = grown(project, 3, keep=2)
    for to, remote in ((first, first), (second.rpartition("/")[2], second)):
        project.ok("rollback", "numbers", "--to", to, "-y")
        assert project.serving("numbers") == remote
    assert third in project.live()
    mark = project.live()[first]["description"].partition("fingerprint=")[2].split()[0]
    project.ok("rollback", "numbers", "--to", mark, "-y")
    assert project.serving("numbers") == first


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nmbers"], 64, "no manifest declares 'nmbers'"),
        (["numbers", "--to", "nothing"], 64, "'numbers' has no version 'nothing'"),
        (["numbers", "--to", "\x1b[2Jx"], 64, "has no version"),
        (["numbers", "--to", "SECOND"], 5, "is the desired version"),
        (["numbers"], 64, "there is no terminal to ask at, and nothing was changed"),
        ([], 64, "NAME"),
    ],
)
def test_what_cannot_be(project: Project, arguments: list[str], code: int, told: str) -> None:
    _, second = grown(project)
    refused = project.run("rollback", *(each.replace("SECOND", second) for each in arguments))
    assert refused.code == code, refused
    assert told in words(refused)
    assert "\x1b" not in refused.told
    assert project.serving("numbers") == second


def test_without_an_earlier_version(project: Project) -> None:
    grown(project, 1)
    refused = project.run("rollback", "numbers", "-y")
    assert refused.code == 5
    assert "there is no earlier proven version of 'numbers'" in words(refused)
    grown(project, 2, keep=0)
    assert project.run("rollback", "numbers", "-y").code == 5


def test_what_is_staged_or_failed_is_no_way_back(project: Project) -> None:
    (first,) = grown(project, 1)
    project.model("numbers", revision=2)
    project.apply("--stage")
    (staged,) = set(project.live()) - {first}
    project.model("numbers", revision=1)
    assert project.run("rollback", "numbers", "-y").code == 5
    refused = project.run("rollback", "numbers", "--to", staged, "-y")
    assert refused.code == 5
    assert "only staged for a branch" in words(refused)


def test_a_checkout_that_is_behind_is_told_so(project: Project) -> None:
    """Its manifest wants the very version that somebody means to go back to."""
    first, second, third = grown(project, 3, keep=2)
    project.model("numbers", revision=2, lifecycle={"keepVersions": 2})
    refused = project.run("rollback", "numbers", "-y")
    assert refused.code == 5
    assert f"the manifest here wants {second}, which does not serve now" in words(refused)
    assert project.serving("numbers") == third
    named = project.ok("rollback", "numbers", "--to", first, "-y")
    assert "Where another commit is applied next, that takes the pin off." in words(named)
    assert project.serving("numbers") == first


def test_a_gate_that_fails_by_itself_is_a_reason_to_go_back(project: Project) -> None:
    tickets: dict[str, Any] = {
        "dataset": {"path": "../data/tickets.jsonl"},
        "hyperparameters": LEARNING,
    }
    project.data("data/questions.jsonl", QUESTIONS)
    for rows in (TICKETS[1:], TICKETS):
        project.data("data/tickets.jsonl", rows)
        project.model("router", **tickets, gate=GATE)
        project.apply()
    second = project.serving("router")
    project.model("router", **tickets, gate=GATE | {"mustPass": {"path": "../data/never.jsonl"}})
    project.data("data/never.jsonl", [("good morning", "greeting")])
    assert project.apply(code=6).code == 6
    assert project.serving("router") == second
    assert "tuneform rollback router" in " ".join(project.ok("plan").out.split())
    project.ok("rollback", "router", "-y")
    assert project.serving("router") != second


def test_it_asks_at_a_terminal(project: Project) -> None:
    first, second = grown(project)
    for answer, serving, code in (("no", second, 1), ("yes", first, 0)):
        with Terminal(
            "rollback", "numbers", folder=project.root, environ=project.environ
        ) as terminal:
            terminal.await_text("Type `yes` to go on:")
            terminal.type(f"{answer}\n")
            assert terminal.end() == code
        assert project.serving("numbers") == serving


# Which commit.


def test_the_commit_is_named_with_its_files(checkout: Checkout) -> None:
    checkout.model("numbers")
    first = checkout.commit()
    checkout.apply()
    checkout.data("data/numbers.jsonl", NUMBERS[1:])
    checkout.commit()
    checkout.apply()
    ran = checkout.ok("rollback", "numbers", "-y", "--format", "json")
    assert ran.json["commit"] == first
    assert f"since commit {first[:10]}" in words(ran)
    assert "take models/numbers.yaml, data/numbers.jsonl as they were in that commit;" in words(ran)
    # What it says works.
    checkout.git("checkout", first, "--", "models/numbers.yaml", "data/numbers.jsonl")
    checkout.apply()
    assert checkout.ok("plan").out == NOTHING
    assert checkout.trainings() == 2


def test_the_newest_such_commit_is_named(checkout: Checkout) -> None:
    grown(checkout)
    checkout.git("revert", "--no-edit", "HEAD")
    reverted = checkout.head
    checkout.model("numbers", revision=2)
    checkout.commit()
    ran = checkout.ok("rollback", "numbers", "-y", "--format", "json")
    assert ran.json["commit"] == reverted


def test_it_is_found_behind_a_merge(checkout: Checkout) -> None:
    checkout.model("numbers")
    checkout.commit()
    checkout.apply()
    checkout.branch("side")
    checkout.model("numbers", revision=2)
    wanted = checkout.commit()
    checkout.switch("main")
    checkout.model("other", revision=7)
    checkout.commit()
    checkout.merge("side")
    checkout.apply()
    checkout.model("numbers", revision=3)
    checkout.commit()
    checkout.apply()
    named = checkout.ok("rollback", "numbers", "-y", "--format", "json").json["commit"]
    assert "revision: 2" in checkout.git("show", f"{named}:models/numbers.yaml")
    checkout.git("merge-base", "--is-ancestor", wanted, named)


def test_the_manifest_may_have_been_elsewhere(checkout: Checkout) -> None:
    checkout.settings(manifests=["."])
    checkout.model("numbers", file="old/place.yaml")
    first = checkout.commit()
    checkout.apply()
    checkout.remove("old/place.yaml")
    checkout.model("numbers", revision=2)
    checkout.commit()
    checkout.apply()
    ran = checkout.ok("rollback", "numbers", "-y")
    assert f"since commit {first[:10]}" in words(ran)
    assert "old/place.yaml" in words(ran)


def test_commits_with_mistakes_are_passed_over(checkout: Checkout) -> None:
    checkout.model("numbers")
    first = checkout.commit()
    checkout.apply()
    checkout.write("models/numbers.yaml", "spec: [unfinished\n")
    checkout.commit()
    checkout.model("numbers", revision=2)
    checkout.commit()
    checkout.apply()
    assert checkout.ok("rollback", "numbers", "-y", "--format", "json").json["commit"] == first


def test_a_chain_names_the_parents_files_too(checkout: Checkout) -> None:
    checkout.model("base")
    checkout.model("child", tunedFrom="base", dataset={"path": "../data/animals.jsonl"})
    checkout.commit()
    checkout.apply()
    checkout.data("data/numbers.jsonl", NUMBERS[1:])
    checkout.commit()
    checkout.apply()
    told = words(checkout.ok("rollback", "child", "-y"))
    assert "models/child.yaml, data/animals.jsonl, models/base.yaml, data/numbers.jsonl" in told


@pytest.mark.parametrize("where", ["no repository", "never committed", "no git"])
def test_where_git_does_not_tell(checkout: Checkout, where: str) -> None:
    checkout.model("numbers")
    checkout.apply()
    if where == "no git":
        checkout.commit()
    checkout.model("numbers", revision=2)
    checkout.apply()
    if where == "no repository":
        (checkout.top / ".git").rename(checkout.top.parent / "gone.git")
    environ = {"PATH": "/nonexistent"} if where == "no git" else {}
    ran = checkout.ok("rollback", "numbers", "-y", "--format", "json", **environ)
    assert ran.json["commit"] is None
    assert "No commit here has the manifest and data of that version" in words(ran)
