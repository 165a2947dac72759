"""Branches, tags and checkouts: what a clone knows by name, and which name may have been meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

FORMAT: Final = (
    "%(refname)%00%(symref)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
)
"""For `git for-each-ref`. No name of a ref holds a line end, so each is one line."""

SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

_FOLDERS: Final = ("refs/heads/", "refs/remotes/", "refs/tags/")
_NEAR: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A name, and the commit that it stands for.

    Attributes:
        name: in full, such as `refs/heads/main`; `HEAD`, or `HEAD of FOLDER` for another worktree.
        sha: full id of the commit.
    """

    name: str
    sha: str

    @property
    def short(self) -> str:
        """As one types it, such as `main` or `origin/main`."""
        for folder in _FOLDERS:
            if self.name.startswith(folder):
                return self.name.removeprefix(folder)
        return self.name


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list of refs.

    Attributes:
        name: in full.
        sha: the commit; None where a tag of a tag has still to be followed.
    """

    name: str
    sha: str | None


def listed(out: bytes) -> Iterator[Listed]:
    """Read what git gave for `FORMAT`.

    Names of names (`refs/remotes/origin/HEAD`) and tags of files or trees are left out.
    """
    for line in out.splitlines():
        name, symbolic, kind, sha, inner_kind, inner = map(os.fsdecode, line.split(b"\0"))
        if symbolic:
            continue
        if kind == "commit":
            yield Listed(name, sha)
        elif inner_kind == "commit":
            yield Listed(name, inner)
        elif inner_kind == "tag":
            yield Listed(name, None)


def checkouts(out: bytes) -> Iterator[tuple[str, str]]:
    """Folder and commit of each checkout, of `git worktree list --porcelain`.

    A checkout without a commit, and a bare repository, are left out.
    """
    for block in out.split(b"\n\n"):
        lines = os.fsdecode(block).split("\n")
        folder = lines[0].removeprefix("worktree ")
        heads = [line.removeprefix("HEAD ") for line in lines if line.startswith("HEAD ")]
        if heads and SHA.fullmatch(heads[-1]) and heads[-1].strip("0"):
            yield folder, heads[-1]


def near(revision: str, refs: Iterable[Ref]) -> list[str]:
    """Names that may have been meant, best first; a branch that only the remote has comes first."""
    names = sorted({ref.short for ref in refs if not ref.name.startswith("HEAD")})
    same = [name for name in names if name.endswith(f"/{revision}")]
    close = get_close_matches(revision, names, n=_NEAR)
    return list(dict.fromkeys((*same, *close)))[:_NEAR]
