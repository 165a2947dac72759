"""Real repositories, made by the git program, that know nothing of the machine they are on."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tuneform.git import Repository, find_repository


class Sandbox:
    """A repository in a folder of its own; each commit is an hour after the last one."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self._hours = 0
        folder.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str | bytes, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return os.fsdecode(done.stdout).strip()

    def init(self) -> "Sandbox":
        self.git("init", "--quiet")
        self.git("symbolic-ref", "HEAD", "refs/heads/main")
        return self

    def write(self, path: str, text: str | bytes) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        return place

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        for path, text in (files or {}).items():
            self.write(path, text)
        self.git("add", "--all")
        self.dated("commit", "--quiet", "--allow-empty", "--no-verify", "-m", "work")
        return self.git("rev-parse", "HEAD")

    def dated(self, *arguments: str) -> str:
        self._hours += 1
        date = f"2026-01-01T{self._hours:02}:00:00+0000"
        self.environ = {**self.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return self.git(*arguments)

    def blob(self, data: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=data)

    def forge(self, *entries: tuple[str, str, str]) -> str:
        """A commit with a tree of these (mode, name, id), honest or not."""
        raw = b"".join(
            f"{mode} ".encode() + os.fsencode(name) + b"\0" + bytes.fromhex(sha)
            for mode, name, sha in entries
        )
        return self.dated("commit-tree", "-m", "forged", self.tree(raw))

    def tree(self, raw: bytes) -> str:
        return self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)

    def opened(self, below: str = ".") -> Repository:
        found = find_repository(self.folder / below, self.environ)
        assert found is not None
        return found


@pytest.fixture
def environ(tmp_path_factory):
    if shutil.which("git") is None:
        pytest.skip("there is no git program")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.com",
        "GIT_COMMITTER_NAME": "Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.com",
    }


@pytest.fixture
def sandbox(tmp_path, environ):
    return Sandbox(tmp_path / "work", environ).init()


@pytest.fixture
def elsewhere(tmp_path, environ):
    """Makes another sandbox: a clone, a worktree, or nothing yet."""
    return lambda name: Sandbox(tmp_path / name, environ)


@pytest.fixture
def fake_git(tmp_path, environ):
    """An environment whose `git` is a shell script of ours."""

    def make(script: str) -> dict[str, str]:
        folder = tmp_path / "fake"
        folder.mkdir()
        program = folder / "git"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {**environ, "PATH": f"{folder}{os.pathsep}{environ['PATH']}"}

    return make
