"""Real git repositories around projects, which know nothing of the machine that they are on.

A `Checkout` is a project that is also a work tree; a `Team` has a bare remote, a practice service
on loopback, and as many machines as a test wants: each a clone of its own, with a `.tuneform/` of
its own.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import ANIMALS, BARE_ENVIRONMENT, Project, Remote, talk_to

from tuneform.service import Service, open_service
from tuneform.service.server import running

GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.com",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.com",
}
KEY = "anything"
OWN_FOLDERS = ".tuneform/\n.practice/\n"

WORDS = {
    "billing": ("invoice", "refund", "charge", "card", "receipt", "price"),
    "delivery": ("parcel", "courier", "tracking", "address", "shipment", "customs"),
}
TICKETS = tuple(
    (f"{lead} {word}", topic)
    for topic, words in WORDS.items()
    for word in words
    for lead in ("where is my", "problem with the", "question about the")
)
"""Enough for the practice service to answer every one of `QUESTIONS` right."""
QUESTIONS = tuple(
    (f"please help with my {word}", topic) for topic, words in WORDS.items() for word in words
)
MUDDLED = tuple((text, "delivery" if topic == "billing" else "billing") for text, topic in TICKETS)
"""Whoever learns from these answers every question wrong."""
LEARNING = {"epochCount": 8, "batchSize": 4, "learningRate": 0.001}
"""With these, no answer to a question is a close one."""
GATE = {
    "dataset": {"path": "../data/questions.jsonl"},
    "metrics": {"exactMatch": {"min": 0.9}},
}


def needs_git() -> None:
    """Skip where nobody can make a repository."""
    if shutil.which("git") is None:
        pytest.skip("there is no git program")


def run_git(folder: Path, *arguments: object) -> str:
    """Run git, which must succeed; what it printed."""
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=folder,
        env={**BARE_ENVIRONMENT, **GIT_ENVIRONMENT},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Checkout(Project):
    """A project in a work tree.

    Args:
        top: of the work tree.
        below: the project's folder in it.
    """

    def __init__(self, top: Path, below: str = ".") -> None:
        super().__init__(top / below, GIT_ENVIRONMENT)
        self.top = top

    def git(self, *arguments: object) -> str:
        """Run git at the top of the work tree."""
        return run_git(self.top, *arguments)

    @property
    def head(self) -> str:
        """Full id of the commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def init(self) -> "Checkout":
        """Make the repository, with a `.gitignore` for what is kept beside git."""
        self.top.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet")
        self.git("symbolic-ref", "HEAD", "refs/heads/main")
        (self.top / ".gitignore").write_text(OWN_FOLDERS)
        return self

    def commit(self, message: str = "work") -> str:
        """Commit everything; the full id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    def branch(self, name: str) -> None:
        """Go on with a new branch from here."""
        self.git("switch", "--quiet", "--create", name)

    def switch(self, name: str) -> None:
        """Check a branch out."""
        self.git("switch", "--quiet", name)

    def push(self) -> None:
        """Give the remote the branch that is checked out."""
        self.git("push", "--quiet", "--set-upstream", "origin", "HEAD")

    def pull(self) -> None:
        """Take over what the remote has of the branch that is checked out."""
        self.git("pull", "--quiet", "--ff-only")

    def merge(self, name: str) -> str:
        """Merge a branch into the one that is checked out; the merge commit."""
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {name}", name)
        return self.head


def furnished(checkout: Checkout) -> Checkout:
    """The project of a checkout, on the embedded practice service, with two datasets."""
    checkout.root.mkdir(parents=True, exist_ok=True)
    checkout.settings()
    checkout.data("data/numbers.jsonl")
    checkout.data("data/animals.jsonl", ANIMALS)
    return checkout


@dataclass(frozen=True)
class Team:
    """A bare remote, a service on loopback, and machines.

    Attributes:
        folder: where the remote and the checkouts are.
        service: of this process; it trains only after `start_training`.
        url: where it listens.
    """

    folder: Path
    service: Service
    url: str

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.folder / "remote.git"

    def machine(self, name: str, *options: str) -> Checkout:
        """Clone the remote as somebody who has the key."""
        run_git(self.folder, "clone", "--quiet", *options, f"file://{self.remote}", name)
        made = Checkout(self.folder / name)
        made.environ["GEMINI_API_KEY"] = KEY
        return made

    def found(self, name: str) -> Checkout:
        """The first machine, with a project that has a provider and nothing else yet."""
        made = self.machine(name).init()
        made.settings(provider={"type": "gemini", "endpoint": self.url})
        return made

    def start_training(self) -> None:
        """Let everything that waits be trained, and what comes later too."""
        self.service.start_training()

    @contextmanager
    def _remote(self) -> Iterator[Remote]:
        with talk_to(self.service, KEY) as remote:
            yield remote

    def trainings(self) -> int:
        """How many trainings were ever started, the deleted ones included."""
        with self._remote() as remote:
            return remote.trainings()

    def live(self) -> dict[str, Any]:
        """Every live object by name."""
        with self._remote() as remote:
            return remote.live()

    def mark(self, remote_name: str) -> str:
        """The last line of an object's description."""
        with self._remote() as remote:
            return remote.mark(remote_name)


@contextmanager
def gathered(folder: Path) -> Iterator[Team]:
    """A team without machines yet."""
    folder.mkdir(parents=True, exist_ok=True)
    run_git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key=KEY, trains=False))
        url = stack.enter_context(running(service))
        yield Team(folder, service, url)
