"""What crash tests are made from: commands that die at an instant, and a world that they die in."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.cli.project import BARE_ENVIRONMENT, Project, Remote, talk_to

from tuneform.service import open_service
from tuneform.service.server import running

KEY = "the-key-of-the-tests"
KILLED = -9
CLEVER = {"epochCount": 4, "batchSize": 8, "learningRate": 0.5}
PAIRS = [(f"{word} {at}", word) for word in ("login", "refund") for at in range(10)]
HELD = [("login again", "login"), ("refund again", "refund")]


class Runner:
    """The process that runs commands in forks of itself."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("crash_runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, project: Project, *arguments: str, **task: Any) -> tuple[int, str]:
        """Run a command in a project; its exit code, -9 where it was killed, and what it told."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        environ = {**BARE_ENVIRONMENT, **project.environ}
        task |= {"arguments": arguments, "folder": str(project.root), "environ": environ}
        self.process.stdin.write(f"{json.dumps(task)}\n")
        self.process.stdin.flush()
        ended = json.loads(self.process.stdout.readline())
        return ended["code"], ended["told"]

    def close(self) -> None:
        """End it."""
        self.process.communicate()


@dataclass(frozen=True)
class World:
    """A project and the service behind it.

    Attributes:
        project: in its folder.
        expected: trainings that are started in all, if none is started twice.
        talk: opens a conversation with the service.
    """

    project: Project
    expected: int
    talk: Callable[[], AbstractContextManager[Remote]]

    def trained(self) -> Counter[str]:
        """How often each object was trained, by name; the deleted ones included."""
        with self.talk() as remote:
            rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
        return Counter(row["tunedModel"] for row in rows)

    def intended(self) -> set[str]:
        """The objects whose training was about to begin, as the ledger says."""
        runs = self.project.ok("history", "--format", "json").json["runs"]
        steps = (step for run in runs for step in run["steps"])
        return {step["remote"] for step in steps if step["do"] == "start"}

    def live(self) -> dict[str, Any]:
        """Every live object by name."""
        with self.talk() as remote:
            return remote.live()

    def serving(self) -> set[str]:
        """The models of which a trained version bears the mark of serving."""
        live = self.live().values()
        told = [each.get("description", "") for each in live if each["state"] == "ACTIVE"]
        marks = [each.split("\n")[-1] for each in told]
        return {re.findall(r"model=(\S+)", mark)[0] for mark in marks if " serving" in mark}


def declare_first(project: Project, provider: str) -> None:
    """What serves when the tests begin. Only the embedded service tunes what is tuned already."""
    project.data("data/numbers.jsonl")
    project.data("data/teams.jsonl", PAIRS)
    project.data("data/held.jsonl", HELD)
    project.model("gated", **_gated())
    project.model("parent")
    if provider == "embedded":
        project.model("child", tunedFrom="parent")
    else:
        project.model("child", revision=3)
    project.model("leaving", revision=5)


def declare_then(project: Project) -> None:
    """What is applied while the process dies: replaced, created, deleted, a chain and a gate."""
    project.model("gated", revision=2, **_gated())
    project.model("parent", revision=2)
    project.model("fresh")
    project.remove("models/leaving.yaml")


def _gated() -> dict[str, Any]:
    gate = {"dataset": {"path": "../data/held.jsonl"}, "metrics": {"exactMatch": {"min": 0.0}}}
    data = {"path": "../data/teams.jsonl"}
    return {"dataset": data, "hyperparameters": CLEVER, "gate": gate}


@contextmanager
def opened(folder: Path, provider: str, *, trains: bool = True, **environ: str) -> Iterator[World]:
    """Open the world that is kept in a folder."""
    project = Project(folder / "project", {"GEMINI_API_KEY": KEY, **environ})
    if provider == "embedded":
        project.settings()
        yield World(project, 8, project.service)
        return
    with open_service(folder / "service.db", api_key=KEY) as service, running(service) as url:
        if trains:
            service.start_training()
        project.settings(provider={"type": "gemini", "endpoint": url})
        yield World(project, 7, partial(talk_to, service, KEY))


def make_first(folder: Path, provider: str, **environ: str) -> Path:
    """A world in which the first manifests are applied, and the next ones are written."""
    (folder / "project").mkdir(parents=True)
    with opened(folder, provider, **environ) as world:
        declare_first(world.project, provider)
        world.project.apply()
        declare_then(world.project)
    return folder


@contextmanager
def another(
    first: Path, folder: Path, provider: str, *, trains: bool = True, **environ: str
) -> Iterator[World]:
    """A copy of a world."""
    shutil.copytree(first, folder)
    try:
        with opened(folder, provider, trains=trains, **environ) as world:
            yield world
    finally:
        shutil.rmtree(folder)


MODELS = {"gated", "parent", "child", "leaving"}
STAYING = MODELS - {"leaving"}


def check_after_the_crash(world: World) -> None:
    """Nothing is blocked, nothing is broken, and every model that served still serves."""
    assert world.serving() >= STAYING
    lock = world.project.ok("lock", "--format", "json").json
    assert lock["held"] is False, lock
    world.project.ok("history")
    status = world.project.ok("status", "--format", "json").json
    assert status["unexplained"] == [], status


def check_convergence(world: World) -> None:
    """One apply more puts all right, and nothing was trained twice."""
    again = world.project.apply()
    plan = world.project.run("plan", "--detailed-exitcode")
    assert plan.code == 0, (again, plan)
    # A name is made from owner, model and fingerprint.
    trained = world.trained()
    assert set(trained.values()) == {1}, trained
    assert len(trained) == world.expected, trained
    assert world.serving() == STAYING | {"fresh"}
    status = world.project.ok("status", "--format", "json").json
    assert status["unexplained"] == [], status
