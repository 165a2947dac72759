"""The project as it was at a git revision: its files in a folder of their own, read as ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tuneform.app.declare import Declared, declare
from tuneform.app.invocation import Invocation
from tuneform.domain.diagnostic import Diagnostic
from tuneform.errors import InvalidProject, LocalError
from tuneform.git import Repository, find_repository, is_lfs_pointer
from tuneform.git.lfs import LARGEST_BYTES
from tuneform.manifest.discover import PROJECT_FILE


def known_repository(invocation: Invocation) -> Repository | None:
    """The git repository that the project is in, for what only explains; None where git is mute."""
    try:
        return find_repository(invocation.root, invocation.environ)
    except LocalError:
        return None


def repository_of(invocation: Invocation) -> Repository:
    """The git repository that the project is in, for what cannot be told without it.

    Raises:
        LocalError: there is none, no git program, or one that refuses.
    """
    repository = find_repository(invocation.root, invocation.environ)
    if repository is None:
        raise LocalError(
            f"{invocation.root}: this is no git work tree, or there is no git program",
            hint="run it in a clone of the repository, with git on the PATH",
        )
    return repository


@contextmanager
def checked_out(
    invocation: Invocation, repository: Repository, commit: str
) -> Iterator[Invocation]:
    """The same call of the command, on the project as it was at a commit.

    The work tree is not touched. What is kept there beside git (`.tuneform/`) is not seen, so
    nothing is cached.
    """
    with TemporaryDirectory(prefix="tuneform-") as folder:
        root = Path(folder)
        repository.extract(commit, root)
        yield replace(invocation, root=root)


def declared_at(invocation: Invocation, repository: Repository, commit: str) -> Declared | None:
    """What the manifests wanted at a commit; None where there was no project or environment yet.

    Raises:
        InvalidProject: they had mistakes.
        LocalError: git does not have all of it.
    """
    if repository.read(commit, PROJECT_FILE) is None:
        return None
    with checked_out(invocation, repository, commit) as then:
        try:
            return declare(then)
        except InvalidProject as error:
            # The work tree has it, or the command would have ended by now.
            if any(each.code == "unknown-environment" for each in mistakes(error)):
                return None
            _check_pointers(then.root, commit, error)
            raise


def _check_pointers(root: Path, commit: str, error: InvalidProject) -> None:
    """Tell of a file that only looks broken, as git has nothing but its address.

    Raises:
        LocalError: there is one.
    """
    for file in dict.fromkeys(each.place.file for each in mistakes(error) if each.place):
        path = root / file
        if path.is_file() and is_lfs_pointer(_beginning(path)):
            raise LocalError(
                f"{file} at {commit[:10]} is kept with Git LFS: git itself has only its address, "
                "and nothing is fetched",
                hint="compare with a commit that has the file in git; `tuneform plan` compares "
                "with what is live",
            )


def _beginning(path: Path) -> bytes:
    """As much of a file as tells whether it is a pointer; datasets may be large."""
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES)


def mistakes(error: InvalidProject) -> list[Diagnostic]:
    """What an error carries; `errors` stands below the domain and cannot say so itself."""
    return [each for each in error.diagnostics if isinstance(each, Diagnostic)]


def folder_in_repository(invocation: Invocation) -> str:
    """The project directory relative to the repository, with `/`; empty where it is the top."""
    repository = known_repository(invocation)
    return repository.prefix if repository else ""
