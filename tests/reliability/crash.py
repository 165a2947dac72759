"""What crash tests are made from: commands that die at an instant, and a world that they die in."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.cli.project import BARE_ENVIRONMENT, Project, Remote, talk_to
from tests.reliability import vertex
from tests.reliability.tongues import Gemini, Seen, Vertex

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
        tongue: reads what the service shows.
    """

    project: Project
    expected: int
    talk: Callable[[], AbstractContextManager[Remote]]
    tongue: Any = field(default_factory=Gemini)

    def trained(self) -> Counter[str]:
        """How often each object was trained, by name; the deleted ones included."""
        with self.talk() as remote:
            rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
        return Counter(map(self.tongue.trained, rows))

    def intended(self) -> set[str]:
        """The objects whose training was about to begin, as the ledger says."""
        return {step["remote"] for step in self._starts()}

    def unrecorded(self, before: set[str]) -> Counter[str]:
        """What was trained beside these without a record of it, as the record would call it."""
        begun = self.trained().keys() - before
        recorded = Counter(map(self.tongue.recorded, self._starts()))
        return Counter(map(self.tongue.known_as, begun)) - recorded

    def _starts(self) -> list[dict[str, Any]]:
        runs = self.project.ok("history", "--format", "json").json["runs"]
        return [step for run in runs for step in run["steps"] if step["do"] == "start"]

    def shown(self) -> list[Seen]:
        """Everything that the service shows."""
        with self.talk() as remote:
            return list(self.tongue.shown(remote))

    def versions(self, model: str | None = None) -> list[Seen]:
        """The versions whose mark names a model; or all that there are, whoever has them."""
        with self.talk() as remote:
            found = self.tongue.versions(remote)
        return [each for each in found if model is None or each.mark.get("model") == model]

    def serving(self) -> set[str]:
        """The models of which a version that answers bears the mark of serving."""
        return {each.mark["model"] for each in self.versions() if each.serves}

    def astray(self) -> list[Seen]:
        """Versions that answer although they are not to."""
        return [each for each in self.versions() if self.tongue.is_astray(each)]

    def idle(self) -> set[str]:
        """What is ours and holds nothing."""
        with self.talk() as remote:
            return set(self.tongue.idle(remote, "demo"))

    def left_over(self) -> dict[str, str]:
        """What is told as left over, by name: its kind."""
        told = ("prune", "--leftovers", "--older-than", "0s", "--dry-run", "--format", "json")
        found = self.project.ok(*told).json["leftovers"]
        return {each["remote"]: each["kind"] for each in found}


def declare_first(project: Project, provider: str) -> None:
    """What serves when the tests begin. Provider gemini tunes nothing that is tuned already."""
    project.data("data/numbers.jsonl")
    project.data("data/teams.jsonl", PAIRS)
    project.data("data/held.jsonl", HELD)
    plain = _plain(provider)
    project.model("gated", **_gated(provider))
    project.model("parent", **plain)
    if provider == "gemini":
        project.model("child", revision=3)
    else:
        project.model("child", tunedFrom="parent", **plain)
    project.model("leaving", revision=5, **plain)


def declare_then(project: Project, provider: str) -> None:
    """What is applied while the process dies: replaced, created, deleted, a chain and a gate."""
    plain = _plain(provider)
    project.model("gated", revision=2, **_gated(provider))
    project.model("parent", revision=2, **plain)
    project.model("fresh", **plain)
    project.remove("models/leaving.yaml")


def _plain(provider: str) -> dict[str, Any]:
    """Tuning jobs take neither a batch size nor a rate."""
    return {"hyperparameters": {"epochCount": 2}} if provider == "vertex" else {}


def _gated(provider: str) -> dict[str, Any]:
    gate = {"dataset": {"path": "../data/held.jsonl"}, "metrics": {"exactMatch": {"min": 0.0}}}
    data = {"path": "../data/teams.jsonl"}
    return {"dataset": data, "hyperparameters": CLEVER, "gate": gate, **_plain(provider)}


@contextmanager
def opened(folder: Path, provider: str, *, trains: bool = True, **environ: str) -> Iterator[World]:
    """Open the world that is kept in a folder."""
    project = Project(folder / "project", {"GEMINI_API_KEY": KEY, **environ})
    if provider == "embedded":
        project.settings()
        yield World(project, 8, project.service)
        return
    key = None if provider == "vertex" else KEY  # tokens are let in only where no key is asked for
    with open_service(folder / "service.db", api_key=key) as service, running(service) as url:
        if trains:
            service.start_training()
        talk = partial(talk_to, service, KEY)
        if provider == "vertex":
            project.environ |= vertex.account(folder / "account.json", url)
            # More is done, and so more can be cut short, where versions are undeployed as well.
            project.settings(provider=vertex.provider_at(url, endpointPolicy="servingOnly"))
            yield World(project, 8, talk, Vertex(vertex.HOME, vertex.BUCKET))
            return
        project.settings(provider={"type": "gemini", "endpoint": url})
        yield World(project, 7, talk)


def make_first(folder: Path, provider: str, **environ: str) -> Path:
    """A world in which the first manifests are applied, and the next ones are written."""
    (folder / "project").mkdir(parents=True)
    with opened(folder, provider, **environ) as world:
        declare_first(world.project, provider)
        world.project.apply()
        declare_then(world.project, provider)
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
    # What is trained is told by owner, model and fingerprint.
    trained = world.trained()
    assert set(trained.values()) == {1}, trained
    assert len(trained) == world.expected, trained
    assert world.serving() == STAYING | {"fresh"}
    assert not world.astray()
    assert not world.idle()
    status = world.project.ok("status", "--format", "json").json
    assert status["unexplained"] == [], status
