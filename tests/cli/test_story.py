"""From a pull request to a rollback: two machines that share a remote, a service, and no ledger.

Nothing of tuneform goes from one machine to the other: what the second one knows, it knows from
git and from the live list. One test walks the whole road; the chapters stand below it in order.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.cli.repository import GATE, LEARNING, MUDDLED, QUESTIONS, TICKETS, Checkout, Team

NOTHING = "No changes. Live models match the manifests.\n"
ROUTER: dict[str, Any] = {"dataset": {"path": "../data/tickets.jsonl"}, "hyperparameters": LEARNING}
BETTER = (*TICKETS, ("lost my receipt", "billing"))


@dataclass
class Story:
    """What the chapters hand on.

    Attributes:
        team: the remote and the service.
        desk: the machine of somebody who writes branches.
        runner: the machine that applies main.
        versions: remote names that served, in their order.
        commits: those that wanted them.
    """

    team: Team
    desk: Checkout
    runner: Checkout
    versions: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)


@pytest.fixture
def story(team: Team) -> Story:
    """Main is applied: a router without a gate serves."""
    team.start_training()
    desk = team.found("desk")
    desk.data("data/tickets.jsonl", TICKETS[:30])
    desk.model("router", **ROUTER)
    first = desk.commit("A first router")
    desk.push()
    desk.apply()
    return Story(team, desk, team.machine("runner"), [desk.serving("router")], [first])


def test_from_the_pull_request_to_the_rollback(story: Story) -> None:
    a_branch_is_seen_and_proven_before_it_is_merged(story)
    after_the_merge_another_machine_only_swaps(story)
    bad_data_ends_in_its_branch(story)
    a_better_idea_goes_live_and_the_oldest_version_goes(story)
    the_other_machine_rolls_it_back(story)
    a_revert_takes_the_pin_off(story)
    the_next_change_goes_the_same_way_as_ever(story)
    what_was_staged_in_vain_goes_with_its_branch(story)


def a_branch_is_seen_and_proven_before_it_is_merged(story: Story) -> None:
    desk, team = story.desk, story.team
    story.commits.append(propose(desk, "more-tickets", TICKETS))
    reviewed = desk.ok("diff", "origin/main", GEMINI_API_KEY="")  # nobody needs a key to look
    assert "6 examples added, 30 unchanged" in reviewed.out
    assert '+ "where is my shipment" -> "delivery"' in reviewed.out
    assert "gate:  12 examples; exactMatch at least 0.9" in reviewed.out
    assert steps(desk.plan("--stage")["router"]) == ["start", "watch", "evaluate"]
    staged = desk.apply("--stage")
    assert "gate passed: exactMatch 1" in staged.out
    assert "Apply complete: 1 staged." in staged.out
    assert [desk.serving("router")] == story.versions
    assert team.trainings() == 2


def after_the_merge_another_machine_only_swaps(story: Story) -> None:
    runner, team = story.runner, story.team
    merged = accept(story.desk, "more-tickets")
    runner.pull()
    assert runner.head == merged
    assert steps(runner.plan()["router"]) == ["promote"]
    assert runner.run("gate", "router").code == 6
    runner.apply()
    story.versions.append(runner.serving("router"))
    assert runner.run("gate", "router").code == 0
    assert set(team.live()) == set(story.versions)
    assert len(team.live()) == 2
    assert team.trainings() == 2


def bad_data_ends_in_its_branch(story: Story) -> None:
    desk = story.desk
    propose(desk, "muddled", MUDDLED)
    failed = desk.apply("--stage", code=6)
    assert "exactMatch is 0, and must be at least 0.9" in failed.out
    assert "Exit 6: a gate was not passed; what served before serves on." in failed.out
    assert desk.reason("router", "--stage") == "gate-failed"
    desk.apply("--stage", code=6)
    assert story.runner.serving("router") == story.versions[-1]
    assert story.runner.run("gate", "router").code == 0
    assert story.team.trainings() == 3


def a_better_idea_goes_live_and_the_oldest_version_goes(story: Story) -> None:
    desk, runner = story.desk, story.runner
    desk.switch("main")
    story.commits.append(propose(desk, "lost-receipts", BETTER))
    desk.apply("--stage")
    accept(desk, "lost-receipts")
    runner.pull()
    assert steps(runner.plan()["router"]) == ["promote", "delete"]
    runner.apply()
    story.versions.append(runner.serving("router"))
    assert story.versions[0] not in story.team.live()
    assert runner.ok("plan").out == NOTHING
    assert story.team.trainings() == 4


def the_other_machine_rolls_it_back(story: Story) -> None:
    desk, runner = story.desk, story.runner
    _, second, third = story.versions
    back = desk.ok("rollback", "router", "-y")
    assert f"rolled back to {second} instead of {third}" in back.err
    assert f"revert what changed 'router' since commit {story.commits[1][:10]}" in back.err
    for machine in (desk, runner):
        assert machine.serving("router") == second
        assert machine.reason("router") == "pinned"
        asked = machine.run("gate", "router")
        assert asked.code == 6
        assert "pinned" in asked.out
    assert runner.apply().out.endswith("Apply complete: 1 held.\n")


def a_revert_takes_the_pin_off(story: Story) -> None:
    desk, runner = story.desk, story.runner
    second = story.versions[1]
    desk.git("revert", "--no-edit", "-m1", "HEAD")
    desk.push()
    runner.pull()
    assert steps(runner.plan()["router"]) == ["mark"]
    runner.apply()
    assert "pinned" not in story.team.mark(second)
    assert runner.serving("router") == second
    assert runner.run("gate").code == 0
    assert desk.ok("plan").out == NOTHING
    assert story.team.trainings() == 4


def the_next_change_goes_the_same_way_as_ever(story: Story) -> None:
    desk, runner = story.desk, story.runner
    propose(desk, "fewer", TICKETS[:-1])
    desk.apply("--stage")
    accept(desk, "fewer")
    runner.pull()
    runner.apply()
    assert runner.run("gate").code == 0
    assert runner.serving("router") not in story.versions
    assert story.team.trainings() == 5


def what_was_staged_in_vain_goes_with_its_branch(story: Story) -> None:
    desk, team = story.desk, story.team
    prune = ("prune", "--staged", "--older-than", "0s", "-y")
    assert desk.ok(*prune).err.startswith("Nothing to prune")
    desk.git("branch", "--quiet", "-D", "muddled")
    desk.git("push", "--quiet", "origin", "--delete", "muddled")
    assert "Prune complete: 1 deleted." in desk.ok(*prune).out
    assert not any("staged" in team.mark(each) for each in team.live())
    assert story.runner.ok("plan").out == NOTHING


# The few words in which the chapters are told.


def propose(machine: Checkout, branch: str, rows: Any) -> str:
    """A branch with other data and the gate, committed and pushed; its commit."""
    machine.branch(branch)
    machine.data("data/tickets.jsonl", rows)
    machine.data("data/questions.jsonl", QUESTIONS)
    machine.model("router", **ROUTER, gate=GATE)
    commit = machine.commit(branch)
    machine.push()
    return commit


def accept(machine: Checkout, branch: str) -> str:
    """Merge a branch of the remote into its main; the merge commit, which is checked out."""
    machine.git("fetch", "--quiet", "--prune")
    machine.switch("main")
    machine.pull()
    merged = machine.merge(f"origin/{branch}")
    machine.push()
    return merged


def steps(change: dict[str, Any]) -> list[str]:
    """What a change will do, in words."""
    return [each["do"] for each in change["steps"]]
