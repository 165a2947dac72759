"""The repository around a folder, and the questions that it answers.

Every path is relative to the folder that was asked for (the project), as it may be a part of a
larger repository; every commit is named by its full id, which `resolve` finds. Nothing is written,
and nothing is fetched: what a shallow or partial clone lacks is said to be lacking.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tuneform.errors import LocalError, UsageError
from tuneform.git.changes import is_dirty
from tuneform.git.extract import DEFAULT_LIMITS, Limits, extract
from tuneform.git.objects import Entry, Objects, open_objects
from tuneform.git.program import Answer, Git, find_git
from tuneform.git.refs import FORMAT, SHA, Ref, checkouts, listed, near

TIMEOUT_SECONDS: Final = 60.0
"""A git that says nothing for as long as this is stopped."""

LARGEST_BYTES: Final = 1 << 28
"""Of one file that is held in memory."""

_NOT_HERE: Final = ("not a git repository", "must be run in a work tree", "safe.bareRepository")
_SOMEBODY_ELSES: Final = ("dubious ownership", "owned by someone else")


@dataclass(frozen=True, slots=True)
class Commit:
    """What is checked out.

    Attributes:
        sha: full id.
        dirty: whether files of the project differ from it, or are not known to git. No filter is
            run for that: what Git LFS unpacked is compared with its digest, and what another
            filter wrote may count as different.
    """

    sha: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a work tree; `find_repository` makes one.

    Every method raises `LocalError` where git fails, or is silent for too long.

    Attributes:
        root: top of the work tree.
        prefix: the project's folder in it, with `/`; empty for the top itself.
    """

    root: Path
    prefix: str
    git: Git = field(repr=False)

    def head(self) -> Commit | None:
        """What is checked out; None before the first commit."""
        sha = self._commit("HEAD")
        return None if sha is None else Commit(sha, is_dirty(self.git, self.prefix))

    def is_shallow(self) -> bool:
        """Whether the clone was made without all of the history."""
        return self.git.ask("rev-parse", "--is-shallow-repository").line == "true"

    def resolve(self, revision: str) -> str:
        """The full id of the commit that a revision names.

        Raises:
            UsageError: it names none here, or is none; says which names are near.
        """
        sha = self._commit(revision)
        if sha is None:
            raise UsageError(
                f"{revision!r} is no commit of this repository", hint=self._advice(revision)
            )
        return sha

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether one commit is part of the history of the other; a commit is of its own.

        Returns:
            None where this clone cannot tell: it lacks one of them, or history between them.

        Raises:
            UsageError: a revision begins with a dash.
        """
        first, second = self._commit(older), self._commit(newer)
        if first is None or second is None:
            return None
        if self._leads_to(first, second):
            return True
        if self.is_shallow() and not self._leads_to(second, first):
            return None
        return False

    def merge_base(self, sha: str) -> str:
        """Where the history of HEAD left that of a commit; the commit where they share nothing.

        Args:
            sha: full id of a commit.
        """
        return self.git.ask("merge-base", "HEAD", sha, fine=(0, 1)).line or sha

    def refs(self) -> tuple[Ref, ...]:
        """Branches, remote-tracking branches, tags of commits, and all that is checked out."""
        folders = ("refs/heads", "refs/remotes", "refs/tags")
        lines = listed(self.git.ask("for-each-ref", f"--format={FORMAT}", *folders).out)
        found = ((each.name, each.sha or self._commit(each.name)) for each in lines)
        named = [Ref(name, sha) for name, sha in found if sha is not None]
        return tuple(sorted({*named, *self._heads()}))

    def commits_touching(self, path: str | Sequence[str], limit: int) -> tuple[str, ...]:
        """The commits in HEAD's history that changed a file, or anything in a folder.

        Side branches count, also where the merge took nothing from them. A merge counts where two
        sides had changed, as it may hold what neither has. Renames are not followed.

        Args:
            path: or several, of which any will do.
            limit: most commits.

        Returns:
            Full ids, newest first; none before the first commit.
        """
        paths = [path] if isinstance(path, str) else path
        places = [self._place(each) or "." for each in paths]
        if limit <= 0 or not places or self._commit("HEAD") is None:
            return ()
        answer = self.git.ask(
            *("rev-list", "--full-history", "--simplify-merges", "--date-order"),
            *(f"--max-count={limit}", "HEAD", "--", *places),
        )
        return tuple(answer.out.decode("ascii").split())

    def read(self, sha: str, path: str, limit: int = LARGEST_BYTES) -> bytes | None:
        """The content of a file at a commit.

        Returns:
            None where there is no such file, or it is a folder, a link or a submodule.

        Raises:
            LocalError: it has more bytes than `limit`, or this clone does not hold it.
        """
        with open_objects(self.git) as objects:
            entry = objects.find(sha, self._place(path))
            if entry is None or not entry.is_file:
                return None
            return _whole(objects, entry, f"{path} at {sha}", limit)

    def blobs(
        self, shas: Iterable[str], path: str, limit: int = LARGEST_BYTES
    ) -> Iterator[tuple[str, bytes]]:
        """The contents that a file had, each once, with the first of the commits that has it.

        Commits without the file are passed over.

        Raises:
            LocalError: one has more bytes than `limit`, or this clone does not hold it. Those
                before it have been given.
        """
        place, seen = self._place(path), set[str]()
        with open_objects(self.git) as objects:
            for sha in shas:
                entry = objects.find(sha, place)
                if entry is None or not entry.is_file or entry.id in seen:
                    continue
                seen.add(entry.id)
                yield sha, _whole(objects, entry, f"{path} at {sha}", limit)

    def extract(
        self,
        sha: str,
        to: Path,
        only: Callable[[str], bool] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Write the project as it was at a commit; nothing, if it was not there yet.

        Links are written where they stay in the project, else left out, as are submodules.

        Args:
            sha: full id of the commit.
            to: a folder; it is made, or empty. After an error it may hold a part.
            only: whether a path is wanted; all are, if this is not given.
            limits: what is too much.

        Raises:
            LocalError: `to` cannot be written, the project is too large, its tree is damaged or
                forged, or this clone does not hold all of it.
        """
        with open_objects(self.git) as objects:
            entry = objects.find(sha, self.prefix)
            if entry is not None and entry.is_folder:
                extract(objects, entry.id, to, only or _all, limits)

    def tree_id(self, sha: str) -> str | None:
        """What stands for the project at a commit: the same id, the same files.

        Returns:
            None where the project was not there.
        """
        return self.tree_ids((sha,)).get(sha)

    def tree_ids(self, shas: Iterable[str]) -> dict[str, str]:
        """`tree_id` of many commits at once; those without the project are left out."""
        with open_objects(self.git) as objects:
            entries = {sha: objects.find(sha, self.prefix) for sha in shas}
        return {sha: entry.id for sha, entry in entries.items() if entry and entry.is_folder}

    def _commit(self, revision: str) -> str | None:
        """The full id of a commit; None where the revision names none here."""
        if revision.startswith("-"):
            raise UsageError(
                f"{revision!r} is no revision: it begins with a dash",
                hint="name a branch, a tag or a commit",
            )
        if not revision or not revision.isprintable():
            return None
        answer = self.git.try_("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return answer.line if answer.code == 0 and SHA.fullmatch(answer.line) else None

    def _advice(self, revision: str) -> str:
        """What to do about a revision that is not here."""
        refs = self.refs()
        names = near(revision, refs)
        hints = [f"did you mean {' or '.join(map(repr, names))}?"] if names else []
        if self.is_shallow():
            hints.append("the clone is shallow: `git fetch --unshallow` brings the rest")
        if not refs:
            hints.append("the repository has no commit yet")
        return "; ".join(hints) or "`git fetch` brings what is new in the remote"

    def _leads_to(self, older: str, newer: str) -> bool:
        return self.git.ask("merge-base", "--is-ancestor", older, newer, fine=(0, 1)).code == 0

    def _heads(self) -> Iterator[Ref]:
        """What is checked out, here and in the other worktrees."""
        for folder, sha in checkouts(self.git.ask("worktree", "list", "--porcelain").out):
            here = os.path.realpath(folder) == os.path.realpath(self.root)
            yield Ref("HEAD" if here else f"HEAD of {folder}", sha)

    def _place(self, path: str) -> str:
        """A path of the project, from the top of the work tree; empty for the top itself.

        Raises:
            LocalError: it leads out of the project.
        """
        inside = posixpath.normpath(path or ".")
        if inside.startswith("/") or inside.split("/")[0] == ".." or "\0" in inside:
            raise LocalError(
                f"{path!r} leads out of the project", hint="name a path below the project's folder"
            )
        place = posixpath.normpath(posixpath.join(self.prefix, inside))
        return "" if place == "." else place


def find_repository(
    folder: Path, environ: Mapping[str, str], timeout: float = TIMEOUT_SECONDS
) -> Repository | None:
    """The repository in whose work tree a folder is.

    Args:
        folder: the project directory.
        environ: environment variables: PATH, and where the user's git configuration is.
        timeout: seconds of silence after which git is stopped.

    Returns:
        None where there is no git program, no such folder, or no work tree around it (a bare
        repository has none).

    Raises:
        LocalError: there is one, but git refuses it: it belongs to another user, or is damaged.
    """
    git = find_git(folder, environ, timeout)
    if git is None or not folder.is_dir():
        return None
    answer = git.try_("rev-parse", "--show-toplevel")
    if answer.code != 0:
        if any(words in answer.complaint for words in _NOT_HERE):
            return None
        raise _refused(git, answer)
    root = Path(answer.line)
    prefix = git.ask("rev-parse", "--show-prefix").line.removesuffix("/")
    return Repository(root, prefix, Git(git.path, git.environ, root, timeout))


def _refused(git: Git, answer: Answer) -> LocalError:
    """Git will not read a repository that is there."""
    if any(words in answer.complaint for words in _SOMEBODY_ELSES):
        return LocalError(
            f"{git.folder}: git does not read a repository of another user: {answer.complaint}",
            hint="if you trust it: git config --global --add safe.directory FOLDER, "
            "with the folder that git names",
        )
    return git.failed("rev-parse", answer.complaint or f"exit code {answer.code}")


def _whole(objects: Objects, entry: Entry, what: str, limit: int) -> bytes:
    size, pieces = objects.content(entry.id)
    if size > limit:
        raise LocalError(
            f"{what} has {size} bytes, more than {limit}",
            hint="compare with a commit at which the file was smaller",
        )
    return b"".join(pieces)


def _all(path: str) -> bool:  # noqa: ARG001 - it stands in for a choice
    return True
