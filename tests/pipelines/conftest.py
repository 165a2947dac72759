"""A team's repository made of examples/gitops, its service, its GitHub, and a place for jobs."""

import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import BARE_ENVIRONMENT, talk_to
from tests.pipelines.github_api import REPOSITORY, GitHub, serving
from tests.pipelines.runner import ROOT, Event, Job, Runner, git

from tuneform.service import Service, open_service
from tuneform.service.server import running

KEY = "a-key-that-must-not-show"
WORKFLOWS = ROOT / "examples" / "gitops" / ".github" / "workflows"
TEAM = "models/datasets/team.jsonl"

TOOLS = ("bash", "git", "curl", "jq")
needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"the action needs {', '.join(TOOLS)} on the PATH"
)


@dataclass
class Team:
    """A repository with its pipelines.

    Attributes:
        work: a checkout in which people work.
        runner: runs its workflows.
        github: its comments and issues.
        service: what its models live in.
    """

    work: Path
    runner: Runner
    github: GitHub
    service: Service

    def git(self, *arguments: str) -> str:
        """Run git in the checkout."""
        return git(self.work, *arguments)

    def commit(self, path: str, text: str) -> None:
        """Add a line to a file."""
        with self.work.joinpath(path).open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")
        self.git("commit", "--quiet", "--all", "--message", f"Change {path}")

    def branch(self, name: str, start: str = "main") -> None:
        """Begin a branch with an example more."""
        self.git("checkout", "--quiet", "-B", name, start)
        self.commit(TEAM, '{"text_input": "the lift is stuck", "output": "facilities"}')
        self.git("push", "--quiet", "origin", name)

    def merge(self, name: str) -> Event:
        """Merge a branch and delete it, as the button does."""
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge", name)
        self.git("push", "--quiet", "origin", "main", f":{name}")
        return self.pushed()

    def pushed(self) -> Event:
        """What a push of the main branch starts."""
        return Event("push", git(self.runner.remote, "rev-parse", "main"))

    def pull_request(self, name: str, *labels: str, fork: bool = False) -> Event:
        """What a push to the branch of a pull request starts, on the merge that GitHub makes."""
        head = self.git("rev-parse", name)
        tree = self.git("merge-tree", "--write-tree", "main", name)
        merge = self.git("commit-tree", tree, "-p", "main", "-p", head, "-m", "Merge")
        self.git("push", "--quiet", "--force", "origin", f"{merge}:refs/pull/7/merge")
        payload = {
            "number": 7,
            "title": "$(touch pwned) `touch pwned` ${{ secrets.GEMINI_API_KEY }}",
            "labels": [{"name": label} for label in labels],
            "head": {
                "ref": name,
                "sha": head,
                "repo": {"full_name": "stranger/alerts" if fork else REPOSITORY},
            },
        }
        return Event("pull_request", merge, {"pull_request": payload})

    def run(self, workflow: str, event: Event, **more: Any) -> dict[str, Job]:
        """Run one of the workflows that a team copies."""
        return self.runner.run(WORKFLOWS / f"{workflow}.yml", event, **more)

    def act(self, event: Event | None = None, **given: str) -> Job:
        """Run a job that does nothing but use the action."""
        environ = {
            "GEMINI_API_KEY": "${{ secrets.GEMINI_API_KEY }}",
            "TUNEFORM_VAR_endpoint": "${{ vars.TUNEFORM_ENDPOINT }}",
        }
        with_ = {"environment": "prod"} | {k.replace("_", "-"): v for k, v in given.items()}
        steps = [
            {"uses": "actions/checkout@v4", "with": {"fetch-depth": 0}},
            {"id": "it", "uses": "<owner>/tuneform@v0", "env": environ, "with": with_},
        ]
        permissions = {"contents": "read", "pull-requests": "write", "issues": "write"}
        job = {"permissions": permissions, "steps": steps}
        return self.runner.run({"jobs": {"it": job}}, event or self.pushed())["it"]

    def trainings(self) -> int:
        """How many trainings were ever started."""
        with talk_to(self.service, KEY) as remote:
            return remote.trainings()

    def live(self) -> dict[str, Any]:
        """Every live object by name."""
        with talk_to(self.service, KEY) as remote:
            return remote.live()

    def lose(self, name: str) -> None:
        """Delete a live object behind everybody's back."""
        with talk_to(self.service, KEY) as remote:
            remote.call("DELETE", name)


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as GitHub fetches it: its own files and nothing of this checkout's."""
    folder = tmp_path_factory.mktemp("action")
    shutil.copytree(ROOT / "action", folder / "action")
    return folder


@pytest.fixture
def team(tmp_path: Path, action: Path) -> Iterator[Team]:
    """A team whose main branch is examples/gitops, pushed and not applied yet."""
    remote, work = tmp_path / "remote.git", tmp_path / "work"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    ignored = shutil.ignore_patterns(".practice", ".tuneform", "*.db*")
    shutil.copytree(ROOT / "examples" / "gitops", work, ignore=ignored)
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("commit", "--quiet", "--message", "Two models"),
        ("remote", "add", "origin", str(remote)),
        ("push", "--quiet", "origin", "main"),
    ):
        git(work, *arguments)
    with ExitStack() as stack:
        github = stack.enter_context(serving())
        service = stack.enter_context(open_service(None, api_key=KEY, trains=False))
        url = stack.enter_context(running(service))
        service.start_training()
        runner = Runner(
            folder=_machine(tmp_path / "machine", action),
            remote=remote,
            action=action,
            github=github,
            environ={**BARE_ENVIRONMENT, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            secrets={"GEMINI_API_KEY": KEY},
            variables={"TUNEFORM_ENDPOINT": url},
        )
        yield Team(work, runner, github, service)


def _machine(folder: Path, action: Path) -> Path:
    """A place for jobs, where the tuneform of this checkout counts as installed."""
    command = folder / "installed" / "bin" / "tuneform"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tuneform "$@"\n', "utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    command.parents[1].joinpath("requirement").write_text(
        f"{action}[embedded,oauth,postgres]", "utf-8"
    )
    return folder
