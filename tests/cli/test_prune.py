"""`tuneform prune --staged`: versions trained for branches that are gone."""

from pathlib import Path

import pytest
from tests.cli.project import Project, Ran, Served
from tests.cli.repository import Checkout, run_git
from tests.cli.shell import Terminal

PRUNE = ("prune", "--staged", "--older-than", "0s")


def words(ran: Ran) -> str:
    """Both streams on one line."""
    return " ".join(ran.told.split())


def stage(checkout: Checkout, branch: str, revision: int) -> None:
    """A branch from main with another version of the model, staged; then main again."""
    checkout.switch("main")
    checkout.branch(branch)
    checkout.model("numbers", revision=revision)
    checkout.commit(branch)
    checkout.apply("--stage")
    checkout.switch("main")


@pytest.fixture
def checkout(checkout: Checkout) -> Checkout:
    """A repository whose main is applied, with versions staged for two branches."""
    checkout.model("numbers")
    checkout.commit()
    checkout.apply()
    stage(checkout, "one", 2)
    stage(checkout, "two", 3)
    assert len(checkout.live()) == 3
    return checkout


def test_what_some_branch_wants_stays(checkout: Checkout) -> None:
    ran = checkout.ok(*PRUNE, "-y")
    assert "Nothing to prune; 4 refs were asked what they want." in ran.err
    assert len(checkout.live()) == 3


def test_what_nobody_wants_goes(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one")
    ran = checkout.ok(*PRUNE, "-y")
    assert "no local ref wants it" in words(ran)
    assert "Prune complete: 1 deleted." in ran.out
    assert len(checkout.live()) == 2
    assert "Nothing to prune" in checkout.ok(*PRUNE, "-y").err
    checkout.git("branch", "-D", "two")
    checkout.ok(*PRUNE, "-y")
    assert list(checkout.live()) == [checkout.serving("numbers")]


def test_several_versions_of_a_model_go_at_once(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one", "two")
    checkout.ok(*PRUNE, "-y")
    assert list(checkout.live()) == [checkout.serving("numbers")]


@pytest.mark.parametrize("ref", ["tag", "remote branch", "worktree", "detached"])
def test_any_ref_keeps_what_it_wants(checkout: Checkout, tmp_path: Path, ref: str) -> None:
    match ref:
        case "tag":
            checkout.git("tag", "-a", "-m", "kept", "kept", "one")
        case "remote branch":
            run_git(tmp_path, "init", "-q", "--bare", "remote.git")
            checkout.git("remote", "add", "origin", tmp_path / "remote.git")
            checkout.git("push", "-q", "origin", "one")
        case "worktree":
            checkout.git("worktree", "add", "-q", "--detach", tmp_path / "tree", "one")
        case _:
            checkout.git("switch", "-q", "--detach", "one")
    checkout.git("branch", "-D", "one")
    assert "Nothing to prune" in checkout.ok(*PRUNE, "-y").err
    assert len(checkout.live()) == 3


def test_what_the_work_tree_wants_stays(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one")
    checkout.model("numbers", revision=2)
    assert "Nothing to prune" in checkout.ok(*PRUNE, "-y").err


def test_what_is_young_stays(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one")
    for older in ((), ("--older-than", "1h")):
        assert "Nothing to prune" in checkout.ok("prune", "--staged", *older, "-y").err
    assert len(checkout.live()) == 3


def test_nothing_that_is_merged_is_ever_pruned(checkout: Checkout) -> None:
    """Neither what serves nor what is kept beside it, whatever the refs want."""
    checkout.merge("one")
    checkout.apply()
    before = set(checkout.live())
    checkout.model("numbers", revision=9)
    checkout.commit()
    checkout.git("branch", "-D", "one")
    checkout.ok(*PRUNE, "-y")
    assert set(checkout.live()) == before


def test_it_asks_first(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one")
    refused = checkout.run(*PRUNE)
    assert refused.code == 64
    assert "there is no terminal to ask at, and nothing was changed" in words(refused)
    assert len(checkout.live()) == 3
    with Terminal(*PRUNE, folder=checkout.root, environ=checkout.environ) as terminal:
        terminal.await_text("Delete these versions? Type `yes` to go on:")
        terminal.type("yes\n")
        assert terminal.end() == 0
    assert len(checkout.live()) == 2


def test_json_is_a_report(checkout: Checkout) -> None:
    assert checkout.ok(*PRUNE, "-y", "--format", "json").json["outcomes"] == []
    checkout.git("branch", "-D", "one")
    report = checkout.ok(*PRUNE, "-y", "--format", "json").json
    assert [each["status"] for each in report["outcomes"]] == ["done"]


def test_a_ref_with_mistakes_stops_it(checkout: Checkout) -> None:
    checkout.branch("broken")
    checkout.write("models/numbers.yaml", "spec: [unfinished\n")
    checkout.commit()
    checkout.switch("main")
    checkout.git("branch", "-D", "one")
    refused = checkout.run(*PRUNE, "-y")
    assert refused.code == 5
    assert "the project of refs/heads/broken has mistakes" in words(refused)
    assert "(models/numbers.yaml:1:7: invalid YAML)" in words(refused)
    assert "--ignore-ref broken" in words(refused)
    assert len(checkout.live()) == 3
    for name in ("refs/heads/broken", "broken"):
        checkout.ok(*PRUNE, "-y", "--ignore-ref", name)
    assert len(checkout.live()) == 2


def test_a_shallow_clone_does_not_know_enough(team_of_one: Served, tmp_path: Path) -> None:
    project = team_of_one.project
    source = f"file://{project.root}"
    run_git(tmp_path, "clone", "-q", "--depth=1", source, "shallow")
    shallow = Checkout(tmp_path / "shallow")
    shallow.environ["GEMINI_API_KEY"] = team_of_one.key
    refused = shallow.run(*PRUNE, "-y")
    assert refused.code == 5
    assert "this clone is shallow" in words(refused)
    assert "fetch-depth: 0" in words(refused)


@pytest.fixture
def team_of_one(served: Served) -> Served:
    """A project on loopback in a repository with two commits."""
    checkout = Checkout(served.project.root).init()
    served.project.model("numbers")
    checkout.commit()
    checkout.commit()
    return served


def test_another_environment_is_another_owner(checkout: Checkout) -> None:
    checkout.settings(environments={"prod": {}})
    checkout.commit()
    checkout.apply("--stage", "--env", "prod")
    checkout.git("branch", "-D", "one", "two")
    assert "Nothing to prune" in checkout.ok(*PRUNE, "-y", "--env", "prod").err
    assert len(checkout.live()) == 4


def test_a_branch_without_the_environment_wants_nothing_of_it(checkout: Checkout) -> None:
    """Environments come and go with branches; older ones are no mistake."""
    checkout.settings(environments={"prod": {}})
    checkout.commit()
    assert checkout.run(*PRUNE, "-y", "--env", "prod").code == 0


def test_a_training_that_nobody_wants_is_cancelled(team_of_one: Served) -> None:
    project = team_of_one.project
    checkout = Checkout(project.root)
    checkout.environ.update(project.environ)
    checkout.branch("gone")
    checkout.model("numbers", revision=5)
    checkout.commit()
    checkout.apply("--stage", "--no-wait")
    checkout.switch("main")
    checkout.git("branch", "-D", "gone")
    checkout.ok(*PRUNE, "-y")
    assert team_of_one.live() == {}


def test_a_chain_goes_children_first(checkout: Checkout) -> None:
    checkout.branch("chain")
    checkout.model("base", revision=11)
    checkout.model("child", tunedFrom="base", dataset={"path": "../data/animals.jsonl"})
    checkout.commit()
    checkout.apply("--stage", "--target", "child")
    assert len(checkout.live()) == 5
    checkout.switch("main")
    checkout.git("branch", "-D", "chain")
    checkout.ok(*PRUNE, "-y")
    assert len(checkout.live()) == 3


def test_outside_a_repository(project: Project) -> None:
    project.model("numbers")
    refused = project.run(*PRUNE, "-y")
    assert refused.code == 1
    assert "no git work tree" in words(refused)


def test_usage(project: Project) -> None:
    project.model("numbers")
    assert "tuneform prune --staged" in words(project.run("prune"))
    for time in ("soon", "7w", "1e400", "nan", "99999999999999d"):
        refused = project.run("prune", "--staged", "--older-than", time, "-y")
        assert refused.code == 64, refused


def test_nothing_is_left_over_by_a_service_whose_models_are_one_object(checkout: Checkout) -> None:
    assert checkout.ok("prune", "--leftovers", "-y").out == "Nothing is left over.\n"
    told = checkout.ok("prune", "--leftovers", "--format", "json").json
    assert told == {"format_version": "1.0", "leftovers": []}


def test_a_dry_run_only_tells(checkout: Checkout) -> None:
    checkout.git("branch", "-D", "one")
    ran = checkout.ok(*PRUNE, "--dry-run")
    assert "no local ref wants it" in words(ran)
    (change,) = checkout.ok(*PRUNE, "--dry-run", "--format", "json").json["changes"]
    assert [step["do"] for step in change["steps"]] == ["delete"]
    assert len(checkout.live()) == 3


@pytest.mark.parametrize("kinds", [(), ("--staged", "--leftovers")])
def test_one_thing_is_cleaned_at_a_time(checkout: Checkout, kinds: tuple[str, ...]) -> None:
    ran = checkout.run("prune", *kinds, "-y")
    assert ran.code == 64
    assert "tuneform prune --leftovers" in ran.err
