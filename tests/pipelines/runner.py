"""Runs a workflow as GitHub does: its expressions, its conditions, and every line of shell in it.

The actions of others that the workflows use are stood in for by what they are documented to do.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.pipelines.expressions import holds, interpolate
from tests.pipelines.github_api import REPOSITORY, GitHub

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load(ROOT.joinpath("action.yml").read_text(encoding="utf-8"))
PATIENCE = 600.0
"""Seconds before a step is given up; none ever lasts so long on a machine that works."""

SHELLS = {
    None: ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
}


@dataclass(frozen=True)
class Event:
    """What started a workflow.

    Attributes:
        name: such as `push`.
        sha: what is checked out unless a step asks for something else.
        payload: `github.event`.
    """

    name: str
    sha: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_foreign(self) -> bool:
        """Whether it is a pull request from a fork."""
        head = self.payload.get("pull_request", {}).get("head", {})
        return bool(head) and head["repo"]["full_name"] != REPOSITORY


@dataclass
class Job:
    """One job that has ended.

    Attributes:
        result: `success`, `failure` or `skipped`.
        outputs: as the jobs that need it see them.
        steps: outputs of its steps that have an id, and their `outcome`.
        log: what its steps printed.
        summary: the Markdown of all of them.
        environments: variables of each line of shell.
    """

    result: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    summary: str = ""
    environments: list[dict[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.result}\n{self.log}"


@dataclass
class Runner:
    """A machine that runs jobs.

    Attributes:
        folder: where it works; each job has its own place there.
        remote: the bare repository that is checked out.
        action: a copy of the action, as GitHub would have fetched it.
        github: its API.
        environ: variables of the machine.
        secrets, variables: of the repository.
    """

    folder: Path
    remote: Path
    action: Path
    github: GitHub
    environ: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    jobs_run: int = 0

    def run(
        self,
        workflow: Path | Mapping[str, Any],
        event: Event,
        after: Mapping[str, Callable[[], None]] | None = None,
    ) -> dict[str, Job]:
        """Run the jobs of a workflow, each after those that it needs.

        Args:
            workflow: the file, or what stands in it.
            event: what started it.
            after: what happens elsewhere in the world when a job has ended.
        """
        if isinstance(workflow, Path):
            workflow = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        done: dict[str, Job] = {}
        for name, job in workflow["jobs"].items():  # written in the order of their needs
            done[name] = self._job(job, event, done)
            (after or {}).get(name, lambda: None)()
        return done

    def _job(self, job: Mapping[str, Any], event: Event, done: Mapping[str, Job]) -> Job:
        needed = {job["needs"]: done[job["needs"]]} if "needs" in job else {}
        failed = any(each.result != "success" for each in needed.values())
        granted = dict(job["permissions"])
        if event.is_foreign:
            granted = dict.fromkeys(granted, "read")
        self.jobs_run += 1
        token = f"token-of-job-{self.jobs_run}"
        self.github.tokens[token] = granted
        place = self.folder / str(self.jobs_run)
        for part in ("workspace", "temp"):
            place.joinpath(part).mkdir(parents=True)
        shutil.copytree(self.folder / "installed", place / "temp" / "tuneform")
        contexts = {
            "github": {
                "event": event.payload,
                "event_name": event.name,
                "repository": REPOSITORY,
                "sha": event.sha,
                "token": token,
            },
            "secrets": {} if event.is_foreign else self.secrets,
            "vars": self.variables,
            "needs": {name: {"outputs": each.outputs} for name, each in needed.items()},
            "runner": {"temp": str(place / "temp")},
        }
        if not holds(job.get("if"), contexts, failed=failed):
            return Job()
        machine = _Machine(self, place, event, Job(result="success"))
        return machine.job(job, contexts)


class _Machine:
    """One job under way."""

    def __init__(self, runner: Runner, place: Path, event: Event, job: Job) -> None:
        self._runner = runner
        self._event = event
        self._job = job
        self._workspace, self._temp = place / "workspace", place / "temp"
        self._path = [runner.environ["PATH"]]

    def job(self, job: Mapping[str, Any], contexts: Mapping[str, Any]) -> Job:
        contexts = {**contexts, "steps": self._job.steps}
        if not self._steps(job["steps"], contexts, {}):
            self._job.result = "failure"
        self._job.outputs = {
            name: interpolate(value, contexts) for name, value in job.get("outputs", {}).items()
        }
        return self._job

    def _steps(
        self, steps: list[dict[str, Any]], contexts: Mapping[str, Any], environ: Mapping[str, str]
    ) -> bool:
        """Run steps one after the other; whether none failed."""
        failed = False
        for step in steps:
            if not holds(step.get("if"), contexts, failed=failed):
                continue
            own = {k: interpolate(v, contexts) for k, v in step.get("env", {}).items()}
            given = {k: interpolate(v, contexts) for k, v in step.get("with", {}).items()}
            variables = {**environ, **own}
            if "run" in step:
                ok, outputs = self._shell(step, variables)
            else:
                ok, outputs = self._use(step["uses"], given, contexts, variables)
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}
            failed = failed or not ok
        return not failed

    def _shell(
        self, step: Mapping[str, Any], environ: Mapping[str, str]
    ) -> tuple[bool, dict[str, str]]:
        told = {
            f"GITHUB_{name}": self._temp / name.lower()
            for name in ("OUTPUT", "PATH", "ENV", "STEP_SUMMARY")
        }
        for file in told.values():
            file.write_bytes(b"")
        script = self._temp / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        variables = {
            **self._runner.environ,
            **self._defaults(),
            **environ,
            **{name: str(file) for name, file in told.items()},
            "PATH": os.pathsep.join(self._path),
        }
        self._job.environments.append(variables)
        done = subprocess.run(
            [*SHELLS[step.get("shell")], str(script)],
            cwd=self._workspace,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        self._job.log += done.stdout.decode()
        self._job.summary += told["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        assert told["GITHUB_ENV"].read_bytes() == b""
        self._path[:0] = told["GITHUB_PATH"].read_text(encoding="utf-8").splitlines()
        lines = told["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        return done.returncode == 0, dict(line.split("=", 1) for line in lines)

    def _defaults(self) -> dict[str, str]:
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self._runner.action),
            "GITHUB_API_URL": self._runner.github.url,
            "GITHUB_EVENT_NAME": self._event.name,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "42",
            "GITHUB_SERVER_URL": "https://github.invalid",
            "GITHUB_SHA": self._event.sha,
            "GITHUB_WORKSPACE": str(self._workspace),
            "RUNNER_TEMP": str(self._temp),
        }

    def _use(
        self,
        action: str,
        given: Mapping[str, str],
        contexts: Mapping[str, Any],
        environ: Mapping[str, str],
    ) -> tuple[bool, dict[str, str]]:
        artefacts = self._runner.folder / "artefacts"
        match action.partition("@")[0]:
            case "<owner>/tuneform":
                return self._ours(given, contexts, environ)
            case "actions/checkout":
                self._check_out(given.get("ref", self._event.sha), int(given.get("fetch-depth", 1)))
            case "actions/setup-python":
                return True, {"python-path": sys.executable}
            case "actions/upload-artifact":
                artefacts.joinpath(given["name"]).mkdir(parents=True, exist_ok=True)
                shutil.copy(self._workspace / given["path"], artefacts / given["name"])
            case "actions/download-artifact":
                target = self._workspace / given.get("path", ".")
                shutil.copytree(artefacts / given["name"], target, dirs_exist_ok=True)
            case other:
                raise AssertionError(f"the tests know no {other}")
        return True, {}

    def _ours(
        self, given: Mapping[str, str], contexts: Mapping[str, Any], environ: Mapping[str, str]
    ) -> tuple[bool, dict[str, str]]:
        assert set(given) <= set(ACTION["inputs"]), f"no such input: {given}"
        inputs = {
            name: given.get(name, interpolate(each.get("default"), contexts))
            for name, each in ACTION["inputs"].items()
        }
        # An action sees what the workflow hands it: no secret, no variable, no other job.
        inside = {"github": contexts["github"], "runner": contexts["runner"]}
        inside |= {"inputs": inputs, "steps": {}}
        ok = self._steps(ACTION["runs"]["steps"], inside, environ)
        outputs = ACTION["outputs"].items()
        return ok, {name: interpolate(each["value"], inside) for name, each in outputs}

    def _check_out(self, ref: str, depth: int) -> None:
        for arguments in (
            ("init", "--quiet"),
            ("remote", "add", "origin", self._runner.remote.as_uri()),
            (
                ("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", ref)
                if depth == 0
                else ("fetch", "--quiet", f"--depth={depth}", "origin", ref)
            ),
            ("checkout", "--quiet", "--detach", "FETCH_HEAD" if depth else self._tip(ref)),
        ):
            git(self._workspace, *arguments)

    def _tip(self, ref: str) -> str:
        return git(self._runner.remote, "rev-parse", ref)


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody who has no settings of their own; what it prints."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Tests"), ("EMAIL", "tests@example.invalid"))
        },
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
