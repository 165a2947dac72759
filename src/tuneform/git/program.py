"""The git program, called so that a repository of strangers can run nothing and reach nowhere.

The branch of a pull request is read before anybody has looked at it. So no hook, filter, pager,
monitor or transport is ever started, paths are never patterns, and what is read is never replaced
(`git replace`). Where git is refused or fails, its own sentence is passed on.

What the answers mean is not known here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tuneform.errors import LocalError

_HANDED_ON: Final = frozenset(
    {
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_SYSTEM",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_EXEC_PATH",
        "HOME",
        "LD_LIBRARY_PATH",
        "SUDO_UID",
        "TMPDIR",
        "XDG_CONFIG_HOME",
    }
)
"""Where the user's own configuration is, `safe.directory` above all. GIT_DIR, GIT_INDEX_FILE and
their kin are left out: in a hook they name another repository than the one around the folder."""

_HANDED_ON_PREFIXES: Final = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")

_OWN: Final = {
    "GIT_ALLOW_PROTOCOL": "none",  # a release before 2.44 would fetch what a partial clone lacks
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

_SETTINGS: Final = (
    "core.fsmonitor=",  # empty and not `false`: releases before 2.36 would run a program `false`
    "core.hooksPath=/dev/null",
    "safe.bareRepository=explicit",  # a folder may be committed that looks like a repository
)

_SHOWN: Final = 300
"""Characters of git's own sentence that are passed on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said.

    Attributes:
        code: exit code.
        out: standard output, bytes as they came.
        complaint: the sentence on standard error that tells what is wrong, else empty.
    """

    code: int
    out: bytes
    complaint: str

    @property
    def line(self) -> str:
        """The output, where it is one value with a line end behind it."""
        return os.fsdecode(self.out.removesuffix(b"\n"))


@dataclass(frozen=True, slots=True)
class Git:
    """The program, and how it is called.

    Attributes:
        path: where the program is.
        environ: all that it sees of the environment.
        folder: where it works.
        timeout: seconds without an answer after which it is stopped.
    """

    path: str
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    timeout: float

    def command(self, *arguments: str, settings: tuple[str, ...] = ()) -> list[str]:
        """The command line; `settings` (`KEY=VALUE`) overrule every configuration file."""
        each = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
        return [self.path, *each, *arguments]

    def try_(self, *arguments: str, settings: tuple[str, ...] = ()) -> Answer:
        """Ask, and take whatever comes.

        Raises:
            LocalError: there is no answer: git cannot be started, or is silent for too long.
        """
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments; no shell
                self.command(*arguments, settings=settings),
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=self.timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise self.silent(arguments[0]) from error
        except OSError as error:
            raise cannot_start(self, error) from error
        return Answer(done.returncode, done.stdout, complaint(done.stderr))

    def ask(
        self, *arguments: str, fine: Container[int] = (0,), settings: tuple[str, ...] = ()
    ) -> Answer:
        """Ask, and be sure of the answer.

        Args:
            arguments: the command and its arguments.
            fine: exit codes that are answers.
            settings: `KEY=VALUE`, for this call.

        Raises:
            LocalError: git fails.
        """
        answer = self.try_(*arguments, settings=settings)
        if answer.code not in fine:
            raise self.failed(arguments[0], answer.complaint or f"exit code {answer.code}")
        return answer

    def failed(self, verb: str, cause: str) -> LocalError:
        """Git said no, where it should not."""
        return LocalError(
            f"{self.folder}: `git {verb}` failed: {cause}",
            hint="mend the repository: `git fsck` and `git status` tell more",
        )

    def silent(self, verb: str) -> LocalError:
        """Git says nothing."""
        return LocalError(
            f"{self.folder}: `git {verb}` gave no answer for {self.timeout:g} seconds",
            hint="try it by hand: the disk may be slow, or the repository very large",
        )


def find_git(folder: Path, environ: Mapping[str, str], timeout: float) -> Git | None:
    """The git program for a folder; None where there is no program.

    Relative places in PATH are passed over: the folder may hold a file `git` of its own.
    """
    places = environ.get("PATH", os.defpath).split(os.pathsep)
    trusted = os.pathsep.join(place for place in places if place.startswith("/"))
    path = shutil.which("git", path=trusted) if trusted else None
    if path is None:
        return None
    kept = {
        name: value
        for name, value in environ.items()
        if name in _HANDED_ON or name.startswith(_HANDED_ON_PREFIXES)
    }
    return Git(path, {**kept, **_OWN, "PATH": trusted}, folder, timeout)


def cannot_start(git: Git, error: OSError) -> LocalError:
    """The program was there a moment ago, or is not one."""
    return LocalError(
        f"{git.folder}: {git.path} cannot be run: {error.strerror}",
        hint="check that `git --version` works in that folder",
    )


def complaint(stderr: bytes) -> str:
    """The one line of standard error that tells the cause, fit to be shown.

    Names out of the repository stand in it, so nothing that steers a terminal is let through.
    """
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    line = next(iter((*told, *lines)), "")
    shown = line.removeprefix("fatal: ").removeprefix("error: ")[:_SHOWN]
    return "".join(character if character.isprintable() else "?" for character in shown)
