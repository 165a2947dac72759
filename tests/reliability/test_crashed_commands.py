"""Every other command that writes, killed at its requests and commits: run again, it is done.

So is an `apply` that deletes: elsewhere one dies among many other requests, here between any two of
the steps that a deletion takes.

Whatever is killed: nothing is trained, nobody else's object and no protected one is touched, what
served serves on unless the command is there to end that, the lock is free, and what holds nothing
is told as left over.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from tests.cli.repository import GIT_ENVIRONMENT, OWN_FOLDERS, needs_git, run_git
from tests.reliability.crash import KILLED, Runner, World, another, opened

EVERY = bool(os.environ.get("TUNEFORM_EVERY_CRASH"))
REMOTE = ("before-request", "after-reply")
SEAMS = (*REMOTE, "before-commit", "after-commit", "statement")
INSTANTS = [(provider, seam) for provider in ("gemini", "embedded", "vertex") for seam in SEAMS]
STARTS = dict.fromkeys(SEAMS, (1, 1))
if not EVERY:
    # The instants of the ledger are the same whatever is spoken.
    INSTANTS = [("gemini", "after-reply"), ("gemini", "after-commit"), ("vertex", "before-request")]
    STARTS = {"after-reply": (3, 5), "after-commit": (3, 5), "before-request": (5, 27)}
"""The first instant, and from one to the next; all are tried on request. Steps are odd, as even
instants lose the ledger."""

MOST = 500

OWNER, GUARDED = "demo", "guarded"
SERVING = {"first", "second", GUARDED}
SECOND = {"description": "Another one.", "revision": 3}
PROTECTED = 5
"""What apply and destroy answer as long as the protected model is there."""

ABOUT = "ABOUT"
"""Stands for a name that is known only once a world is made."""


@dataclass(frozen=True)
class Case:
    """A command that is to be killed.

    Attributes:
        arguments: the command.
        prepare: makes what it is about, in a world where `first` and `second` serve; its name, if
            ABOUT is among the arguments.
        check: that it has done what it is for.
        codes: what it may answer where all is done already.
        ends: models that need not serve any longer.
        trains: whether trainings go on while it runs.
        recorded: whether the ledger tells of it.
        closely: how many times closer instants are tried than those of other commands.
    """

    arguments: tuple[str, ...]
    prepare: Callable[[World], str | None]
    check: Callable[[World], None]
    codes: tuple[int, ...] = (0,)
    ends: frozenset[str] = frozenset()
    trains: bool = True
    recorded: bool = True
    closely: int = 1


def declare(world, name, **spec):
    """Write a manifest that any service can honour, and that makes several checkpoints."""
    world.project.model(name, hyperparameters={"epochCount": 2}, **spec)


def apply_all(world, *, code=PROTECTED):
    """Apply, and find nothing left to do but what is held."""
    world.project.apply(code=code)
    plan = world.project.plan().values()
    assert {each["action"] for each in plan} <= {"keep", "hold"}, plan


# --- rollback


def replace_first(world):
    declare(world, "first", revision=2, description="Kept.")
    world.project.apply(code=PROTECTED)


def check_rolled_back(world):
    versions = sorted(world.versions("first"), key=lambda each: "serving" in each.mark)
    later, earlier = (each.mark for each in versions)
    assert "serving" not in later
    assert later["rev"] == "2"
    assert versions[1].serves
    assert "pinned" in earlier
    assert earlier["rev"] == "1"
    apply_all(world, code=8)
    assert sorted(world.versions("first"), key=lambda each: "serving" in each.mark) == versions


# --- import


HANDMADE = [(f"hand {number}", "x") for number in range(20)]


@contextmanager
def training(world):
    """A conversation in which trainings go on; the embedded service trains only here."""
    embedded = (world.project.root / ".practice").exists()
    with world.project.service(trains=True) if embedded else world.talk() as remote:
        yield remote


def train_by_hand(world):
    world.project.data("data/hand.jsonl", HANDMADE)
    with training(world) as remote:
        return world.tongue.train(remote, "handmade", HANDMADE)


def check_imported(world):
    (adopted,) = world.versions("adopted")
    assert adopted.mark["adopted"] == adopted.name.rpartition("/")[2]
    world.project.ok("validate")
    apply_all(world)
    assert "adopted" in world.serving()


# --- forget


def forget_the_manifest(world):
    world.project.remove("models/second.yaml")


def check_forgotten(world):
    assert not world.versions("second")
    apply_all(world)
    assert len(world.versions()) == len(SERVING) + 1, "it stays"


# --- delete


def check_deleted(world):
    assert not world.versions("second")
    apply_all(world)


# --- prune


def stage_for_a_branch(world):
    project = world.project
    project.write(".gitignore", OWN_FOLDERS)
    for revision in (5, 6):
        declare(world, "second", revision=revision)
        project.apply("--stage")
    declare(world, "second", **SECOND)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "main")):
        run_git(project.root, *words)


def check_pruned(world):
    assert not [each for each in world.versions("second") if "staged" in each.mark]
    apply_all(world)


def leave_over(world):
    """An upload whose version is gone, and endpoints that hold nothing."""
    with world.talk() as remote:
        if not world.tongue.leave_over(remote, OWNER):
            pytest.skip("nothing can be left over there")
    project = world.project
    project.data("data/brief.jsonl", HANDMADE)
    declare(world, "brief", dataset={"path": "../data/brief.jsonl"})
    project.apply(code=PROTECTED)
    project.remove("models/brief.yaml")
    project.apply(code=PROTECTED)
    assert sorted(world.left_over().values()) == ["endpoint", "endpoint", "upload"]


def check_cleaned(world):
    assert not world.left_over()
    apply_all(world)


# --- destroy


def check_destroyed(world):
    left = world.versions()
    assert all(map(is_untouchable, left)), left
    assert len(left) == 2, "the stranger's, and the guarded one"


# --- cancel


def begin_a_training(world):
    declare(world, "slow")
    world.project.run("apply", "-y", "--no-wait")


def check_cancelled(world):
    (slow,) = world.versions("slow")
    assert "cancelled" in slow.mark
    world.project.apply(code=8)
    assert world.project.reason("slow") == "training-cancelled"


CASES = {
    "rollback": Case(("rollback", "first", "-y"), replace_first, check_rolled_back),
    "import": Case(
        ("import", ABOUT, "--as", "adopted", "--dataset", "data/hand.jsonl"),
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
    "delete": Case(
        ("apply", "-y"),
        forget_the_manifest,
        check_deleted,
        (PROTECTED,),
        frozenset({"second"}),
        closely=9,
    ),
    "prune": Case(
        ("prune", "--staged", "--older-than", "0s", "-y"), stage_for_a_branch, check_pruned
    ),
    "prune leftovers": Case(
        ("prune", "--leftovers", "--older-than", "0s", "-y"),
        leave_over,
        check_cleaned,
        recorded=False,
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


def furnish(world: World) -> None:
    """Two models that serve, one that is protected and not declared, and a stranger's."""
    project = world.project
    project.data("data/numbers.jsonl")
    declare(world, GUARDED, revision=7, lifecycle={"deletionPolicy": "prevent"})
    declare(world, "first")
    declare(world, "second", **SECOND)
    project.apply()
    project.remove(f"models/{GUARDED}.yaml")
    with training(world) as remote:
        world.tongue.furnish(remote)


@pytest.fixture(scope="module")
def runner():
    with closing(Runner()) as runner:
        yield runner


@pytest.fixture(scope="module")
def furnished(request, tmp_path_factory):
    """A world that all cases begin with, its provider, and what no command may touch there."""
    folder = tmp_path_factory.mktemp("commands") / "furnished"
    (folder / "project").mkdir(parents=True)
    with opened(folder, request.param) as world:
        furnish(world)
        others = {each.name: each.content for each in world.shown() if is_untouchable(each)}
    return folder, request.param, others


@pytest.fixture(scope="module", params=CASES)
def case(request, furnished, tmp_path_factory):
    """One command, the world that it is about, and what `furnished` says of that."""
    case, (folder, provider, others) = CASES[request.param], furnished
    if request.param == "prune":
        needs_git()
    if request.param == "cancel" and provider == "embedded":
        pytest.skip("nothing of the embedded service is in training while nobody waits for it")
    made = tmp_path_factory.mktemp("case") / "made"
    shutil.copytree(folder, made)
    with opened(made, provider, trains=case.trains) as world:
        about = case.prepare(world)
    arguments = tuple(about if each == ABOUT else each for each in case.arguments)
    return replace(case, arguments=arguments), made, provider, others


def is_untouchable(seen):
    """Whether no command may touch it."""
    return seen.mark.get("owner") != OWNER or seen.mark.get("model") == GUARDED


def untouched(world, others):
    """These things as they are now."""
    return {each.name: each.content for each in world.shown() if each.name in others}


def check_nothing_is_broken(world, case):
    assert world.serving() >= SERVING - case.ends
    lock = world.project.ok("lock", "--format", "json").json
    assert lock["held"] is False, lock
    world.project.ok("history")
    status = world.project.ok("status", "--format", "json").json
    assert status["unexplained"] == [], status
    idle = world.idle()
    assert not idle or idle <= world.left_over().keys(), "it is told what holds nothing"


@pytest.mark.parametrize(("furnished", "seam"), INSTANTS, indirect=["furnished"], scope="module")
def test_what_was_killed_is_done_by_the_same_command_again(runner, case, tmp_path, seam):
    case, made, provider, others = case
    if seam not in REMOTE and not case.recorded:
        pytest.skip("the ledger does not tell of it")
    killed = 0
    first, step = STARTS[seam]
    for at in range(first, MOST, max(1, step // case.closely)):
        with another(
            made, tmp_path / "world", provider, trains=case.trains, **GIT_ENVIRONMENT
        ) as world:
            trained = world.trained()
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
            assert not world.astray()
            assert not world.idle()
            assert untouched(world, others) == others
            assert world.trained() == trained, "nothing is trained by that"
    assert 0 < killed < MOST // 2
