"""A project on the practice service in this process, and one that reaches it over loopback."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.cli.project import ANIMALS, Project, Served
from tests.cli.repository import Checkout, Team, furnished, gathered, needs_git

from tuneform.service import open_service
from tuneform.service.server import running

KEY = "a-key-that-must-not-show"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project on the embedded practice service, with two datasets."""
    made = Project(tmp_path / "demo")
    made.root.mkdir()
    made.settings()
    made.data("data/numbers.jsonl")
    made.data("data/animals.jsonl", ANIMALS)
    return made


@pytest.fixture
def served(project: Project) -> Iterator[Served]:
    """The same with provider gemini, and a service on loopback that trains when it is told to."""
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key=KEY, trains=False))
        url = stack.enter_context(running(service))
        project.environ["GEMINI_API_KEY"] = KEY
        project.settings(provider={"type": "gemini", "endpoint": url})
        yield Served(project, service, url, KEY)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A bare remote and a service on loopback; machines are cloned by the test."""
    needs_git()
    with gathered(tmp_path / "team") as made:
        yield made


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The same as `project`, in a repository of its own; nothing is committed yet."""
    needs_git()
    return furnished(Checkout(tmp_path / "work").init())
