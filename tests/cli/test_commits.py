"""The guard of commits: an old pipeline does not undo what a newer one has applied.

It is a guard and no decision: it needs a ledger that both share, and a git that can tell.
"""

from pathlib import Path

import pytest
from tests.cli.project import Project, Ran
from tests.cli.repository import Checkout, Team, run_git

NOTHING = "No changes. Live models match the manifests.\n"


def words(ran: Ran) -> str:
    """Both streams on one line."""
    return " ".join(ran.told.split())


def commits(checkout: Checkout, count: int = 2) -> list[str]:
    """One revision of the model in each commit."""
    made = []
    for revision in range(1, count + 1):
        checkout.model("numbers", revision=revision, lifecycle={"keepVersions": 5})
        made.append(checkout.commit())
    return made


@pytest.fixture
def checkout(checkout: Checkout) -> Checkout:
    """A repository with two commits; the second one is applied."""
    commits(checkout)
    checkout.apply()
    return checkout


def test_an_older_commit_is_refused(checkout: Checkout) -> None:
    newest = checkout.head
    serving = checkout.serving("numbers")
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    refused = checkout.apply(code=5)
    assert f"commit {checkout.head[:10]} is older than {newest[:10]}" in words(refused)
    assert "--allow-older-commit" in words(refused)
    assert checkout.serving("numbers") == serving
    assert checkout.trainings() == 1
    checkout.apply("--allow-older-commit")
    assert checkout.trainings() == 2
    # Going back was meant: now that commit is the last one, and the newer one goes forward.
    checkout.switch("main")
    checkout.apply()
    assert checkout.serving("numbers") == serving


def test_a_plan_may_always_be_made(checkout: Checkout) -> None:
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    checkout.ok("plan", "--out", "plan.json")
    assert checkout.run("apply", "plan.json").code == 5
    checkout.ok("apply", "plan.json", "--allow-older-commit")


def test_the_same_commit_goes_on(checkout: Checkout) -> None:
    checkout.model("numbers", revision=5)
    checkout.apply()  # dirty
    checkout.git("checkout", "-q", ".")
    checkout.apply()
    assert checkout.ok("plan").out == NOTHING


def test_another_branch_is_not_older(checkout: Checkout) -> None:
    checkout.git("switch", "-q", "-c", "side", "HEAD~1")
    checkout.model("numbers", revision=7)
    checkout.commit()
    checkout.apply()


def test_where_nothing_is_to_do_nothing_is_refused(checkout: Checkout) -> None:
    checkout.write("README.md", "Only words.\n")
    checkout.commit()
    checkout.model("numbers", revision=3)
    checkout.commit()
    checkout.apply()
    checkout.git("revert", "--no-edit", "HEAD")
    checkout.apply()
    checkout.git("switch", "-q", "--detach", "HEAD~3")
    assert checkout.apply().out == NOTHING


def test_what_is_staged_is_not_applied(checkout: Checkout) -> None:
    checkout.branch("work")
    checkout.model("numbers", revision=3)
    checkout.commit()
    checkout.apply("--stage")
    checkout.switch("main")
    checkout.model("numbers", revision=2, displayName="Other words")
    checkout.apply()
    # And to stage an old commit takes nothing from anybody.
    checkout.commit()
    checkout.apply()
    checkout.git("switch", "-q", "--detach", "HEAD~2")
    checkout.apply("--stage")


def test_a_rollback_is_no_older_commit(checkout: Checkout) -> None:
    checkout.model("numbers", revision=3)
    checkout.commit()
    checkout.apply()
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    checkout.run("rollback", "numbers", "-y")
    checkout.switch("main")
    checkout.ok("rollback", "numbers", "-y")


def test_what_was_applied_in_part_counts(checkout: Checkout) -> None:
    """It may have changed something: only somebody who looks can tell."""
    checkout.model("other", revision=3, hyperparameters={"epochCount": 2, "learningRate": 1e30})
    checkout.commit()
    checkout.apply(code=8)
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    assert "applied last" in words(checkout.apply(code=5))


def test_what_was_refused_counts_for_nothing(checkout: Checkout) -> None:
    checkout.remove("models/numbers.yaml")
    checkout.commit()
    checkout.apply(code=5)  # the last model would go
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    checkout.model("numbers", revision=2, displayName="Other words")
    checkout.apply()


@pytest.mark.parametrize("without", ["ledger", "git", "repository"])
def test_without_what_it_needs_it_knows_nothing(checkout: Checkout, without: str) -> None:
    checkout.git("switch", "-q", "--detach", "HEAD~1")
    if without == "ledger":
        (checkout.root / ".tuneform" / "ledger.db").unlink()
    if without == "repository":
        (checkout.top / ".git").rename(checkout.top.parent / "gone.git")
    environ = {"PATH": "/nonexistent"} if without == "git" else {}
    checkout.apply(**environ)
    assert checkout.trainings() == 2


def test_outside_a_repository_nothing_breaks(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.model("numbers", revision=2)
    project.apply()
    assert project.ok("plan").out == NOTHING


def test_two_machines_with_one_ledger(team: Team, tmp_path: Path) -> None:
    team.start_training()
    ledger = {"TUNEFORM_LEDGER": f"sqlite:///{tmp_path / 'shared.db'}"}
    desk = team.found("desk")
    desk.environ |= ledger
    desk.data("data/numbers.jsonl")
    commits(desk, 1)
    desk.push()
    slow = team.machine("slow")
    slow.environ |= ledger
    commits(desk)
    desk.push()
    desk.apply()
    # It takes a clone that knows the newer commit; one that does not says that it cannot tell.
    told = slow.run("apply", typed="").err
    assert f"commit {desk.head[:10]}, which was applied last, is not in this clone" in told
    slow.git("fetch", "--quiet")
    assert "is older than" in words(slow.apply(code=5))
    slow.pull()
    assert slow.apply().out == NOTHING
    assert team.trainings() == 1


def test_a_shallow_clone_that_cannot_tell_is_let_through(team: Team, tmp_path: Path) -> None:
    """Pipelines clone one commit only: they go on, whether or not they could tell."""
    team.start_training()
    ledger = {"TUNEFORM_LEDGER": f"sqlite:///{tmp_path / 'shared.db'}"}
    desk = team.found("desk")
    desk.environ |= ledger
    desk.data("data/numbers.jsonl")
    commits(desk, 1)
    desk.push()
    desk.apply()
    commits(desk, 3)
    desk.push()
    shallow = team.machine("shallow", "--depth=1")
    shallow.environ |= ledger
    shallow.apply()
    assert run_git(shallow.top, "rev-list", "--count", "HEAD") == "1"
    assert shallow.ok("plan").out == NOTHING
