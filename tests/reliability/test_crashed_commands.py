"""Every other command that writes, killed at its requests and commits: run again, it is done.

Whatever is killed: nothing is trained, nobody else's object and no protected one is touched, what
served serves on unless the command is there to end that, and the lock is free.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import pytest
from tests.cli.project import NUMBERS, Project
from tests.cli.repository import GIT_ENVIRONMENT, OWN_FOLDERS, needs_git, run_git
from tests.reliability.crash import KILLED, Runner, World, another, opened

EVERY = bool(os.environ.get("TUNEFORM_EVERY_CRASH"))
SEAMS = ("before-request", "after-reply", "before-commit", "after-commit", "statement")
SEAMS = SEAMS if EVERY else ("after-reply", "after-commit")
PROVIDERS = ("gemini", "embedded") if EVERY else ("gemini",)
FIRST, STEP, MOST = (1, 1, 500) if EVERY else (3, 5, 500)
"""Some instants, from the first write on; all of them on request."""

STRANGER, GUARDED = "tunedModels/stranger", "guarded"
SERVING = {"first", "second", GUARDED}
SECOND = {"description": "Another one.", "revision": 3}
PROTECTED = 5
"""What apply and destroy answer as long as the protected model is there."""


@dataclass(frozen=True)
class Case:
    """A command that is to be killed.

    Attributes:
        arguments: the command.
        prepare: makes what it is about, in a world where `first` and `second` serve.
        check: that it has done what it is for.
        codes: what it may answer where all is done already.
        ends: models that need not serve any longer.
        trains: whether trainings go on while it runs.
    """

    arguments: tuple[str, ...]
    prepare: Callable[[World], None]
    check: Callable[[World], None]
    codes: tuple[int, ...] = (0,)
    ends: frozenset[str] = frozenset()
    trains: bool = True


def versions(world, model):
    """The objects whose mark names a model, by name: their marks."""
    marks = {
        name: each.get("description", "").split("\n")[-1] for name, each in world.live().items()
    }
    return {name: mark for name, mark in marks.items() if f" model={model} " in mark}


def apply_all(world, *, code=PROTECTED):
    """Apply, and find nothing left to do but what is held."""
    world.project.apply(code=code)
    plan = world.project.plan().values()
    assert {each["action"] for each in plan} <= {"keep", "hold"}, plan


# --- rollback


def replace_first(world):
    world.project.model("first", revision=2, description="Kept.")
    world.project.apply(code=PROTECTED)


def check_rolled_back(world):
    marks = sorted(versions(world, "first").values(), key=lambda mark: " serving" in mark)
    assert [" serving" in mark for mark in marks] == [False, True], marks
    assert " pinned=" in marks[-1], marks
    assert " rev=1" in marks[-1], marks
    apply_all(world, code=8)
    assert sorted(versions(world, "first").values()) == sorted(marks)


# --- import


def train(world, name, pairs):
    """Train an object that is nobody's of ours; the embedded service trains only here."""
    embedded = (world.project.root / ".practice").exists()
    with world.project.service(trains=True) if embedded else world.talk() as remote:
        remote.train(name, pairs)


def train_by_hand(world):
    world.project.data("data/hand.jsonl", [(f"hand {number}", "x") for number in range(20)])
    train(world, "handmade", [(f"hand {number}", "x") for number in range(20)])


def check_imported(world):
    assert " adopted=handmade" in versions(world, "adopted")["tunedModels/handmade"]
    world.project.ok("validate")
    apply_all(world)
    assert "adopted" in world.serving()


# --- forget


def forget_the_manifest(world):
    world.project.remove("models/second.yaml")


def check_forgotten(world):
    assert not versions(world, "second")
    apply_all(world)
    assert len(world.live()) == len(SERVING) + 1, "it stays"


# --- prune


def stage_for_a_branch(world):
    project = world.project
    project.write(".gitignore", OWN_FOLDERS)
    for revision in (5, 6):
        project.model("second", revision=revision)
        project.apply("--stage")
    project.model("second", **SECOND)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "main")):
        run_git(project.root, *words)


def check_pruned(world):
    assert not [mark for mark in versions(world, "second").values() if " staged" in mark]
    apply_all(world)


# --- destroy


def check_destroyed(world):
    live = world.live()
    assert set(live) == {STRANGER, *versions(world, GUARDED)}


# --- cancel


def begin_a_training(world):
    world.project.model("slow")
    world.project.run("apply", "-y", "--no-wait")


def check_cancelled(world):
    (mark,) = versions(world, "slow").values()
    assert " cancelled" in mark
    world.project.apply(code=8)
    assert world.project.reason("slow") == "training-cancelled"


CASES = {
    "rollback": Case(("rollback", "first", "-y"), replace_first, check_rolled_back),
    "import": Case(
        ("import", "handmade", "--as", "adopted", "--dataset", "data/hand.jsonl"),
        train_by_hand,
        check_imported,
    ),
    # Where it was done to the end nothing is left to be forgotten, and it says so.
    "forget": Case(
        ("forget", "second", "-y"),
        forget_the_manifest,
        check_forgotten,
        (0, 64),
        frozenset({"second"}),
    ),
    "prune": Case(
        ("prune", "--staged", "--older-than", "0s", "-y"), stage_for_a_branch, check_pruned
    ),
    "destroy": Case(
        ("destroy", "--yes-destroy", "demo"),
        lambda _: None,
        check_destroyed,
        (PROTECTED,),
        frozenset({"first", "second"}),
    ),
    "cancel": Case(("cancel", "slow"), begin_a_training, check_cancelled, trains=False),
}


def furnish(project: Project, world: World) -> None:
    """Two models that serve, one that is protected and not declared, and a stranger's."""
    project.data("data/numbers.jsonl")
    project.model(GUARDED, revision=7, lifecycle={"deletionPolicy": "prevent"})
    project.model("first")
    project.model("second", **SECOND)
    project.apply()
    project.remove(f"models/{GUARDED}.yaml")
    train(world, "stranger", NUMBERS)


@pytest.fixture(scope="module")
def runner():
    with closing(Runner()) as runner:
        yield runner


@pytest.fixture(scope="module", params=PROVIDERS)
def furnished(request, tmp_path_factory):
    """A world that all cases begin with, and its provider."""
    folder = tmp_path_factory.mktemp("commands") / "furnished"
    (folder / "project").mkdir(parents=True)
    with opened(folder, request.param) as world:
        furnish(world.project, world)
    return folder, request.param


@pytest.fixture(scope="module", params=CASES)
def case(request, furnished, tmp_path_factory):
    """One command, the world that it is about, and its provider."""
    case, (folder, provider) = CASES[request.param], furnished
    if request.param == "prune":
        needs_git()
    if request.param == "cancel" and provider == "embedded":
        pytest.skip("nothing of the embedded service is in training while nobody waits for it")
    made = tmp_path_factory.mktemp("case") / "made"
    shutil.copytree(folder, made)
    with opened(made, provider, trains=case.trains) as world:
        case.prepare(world)
    return case, made, provider


def untouchable(world):
    """What no command may touch."""
    live = world.live()
    return {name: live[name] for name in (STRANGER, *versions(world, GUARDED))}


def check_nothing_is_broken(world, case):
    assert world.serving() >= SERVING - case.ends
    lock = world.project.ok("lock", "--format", "json").json
    assert lock["held"] is False, lock
    world.project.ok("history")
    status = world.project.ok("status", "--format", "json").json
    assert status["unexplained"] == [], status


@pytest.mark.parametrize("seam", SEAMS)
def test_what_was_killed_is_done_by_the_same_command_again(runner, case, tmp_path, seam):
    case, made, provider = case
    killed = 0
    for at in range(FIRST, MOST, STEP):
        with another(
            made, tmp_path / "world", provider, trains=case.trains, **GIT_ENVIRONMENT
        ) as world:
            trained, others = world.trained(), untouchable(world)
            code, told = runner.run(world.project, *case.arguments, seam=seam, at=at)
            if code != KILLED:
                assert code in case.codes, told
                break
            killed += 1
            if at % 2 == 0:
                shutil.rmtree(world.project.root / ".tuneform", ignore_errors=True)
            check_nothing_is_broken(world, case)
            again = world.project.run(*case.arguments)
            assert again.code in case.codes, again
            case.check(world)
            assert untouchable(world) == others
            assert world.trained() == trained, "nothing is trained by that"
    assert 0 < killed < MOST // 2
