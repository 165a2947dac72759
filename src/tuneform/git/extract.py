"""A project as it was at a commit, written into a folder of its own.

The commit may be a stranger's: names that lead elsewhere are refused, links that lead out are left
out, and a tree that unfolds without end is stopped. Contents pass through in pieces; the size of
the project does not matter for memory. Submodules are left out: their files are not in this
repository.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tuneform.errors import LocalError
from tuneform.git.objects import Entry, Objects

_LONGEST_PATH: Final = 4096
"""Bytes of a path, and of the target of a link: what Linux takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a commit is written before it is refused.

    Attributes:
        bytes: of all files.
        files: that are written, links included.
        entries: names that are looked at, whether or not they are chosen. A few small trees that
            hold each other many times over unfold into billions of names.
    """

    bytes: int = 1 << 30
    files: int = 100_000
    entries: int = 2_000_000


DEFAULT_LIMITS: Final = Limits()


def extract(
    objects: Objects,
    tree: str,
    to: Path,
    only: Callable[[str], bool],
    limits: Limits,
) -> None:
    """Write the files below a tree.

    Args:
        objects: of the repository.
        tree: id of the tree that becomes the folder.
        to: the folder; it is made, or empty.
        only: whether a path (relative to the tree, with `/`) is wanted.
        limits: what is too much.

    Raises:
        LocalError: the folder cannot be written, or the tree is too large, damaged or forged.
    """
    writer = _Writer(Path(os.path.realpath(to)), limits)
    try:
        writer.open()
        for path, entry in _walk(objects, tree, limits):
            if (entry.is_file or entry.is_link) and only(path):
                writer.take(path, entry, objects)
        writer.link()
    except OSError as error:
        raise LocalError(
            f"{error.filename or to} cannot be written: {error.strerror}",
            hint="make room, or name an empty folder that can be written",
        ) from error


def _walk(objects: Objects, tree: str, limits: Limits) -> Iterator[tuple[str, Entry]]:
    """Everything below a tree but the folders themselves, with its path."""
    folders = [("", tree)]
    seen = 0
    while folders:
        above, each = folders.pop()
        for entry in objects.folder(each):
            seen += 1
            if seen > limits.entries:
                raise _too_much(f"{limits.entries} names", "entries")
            path = f"{above}{_safe(entry.name, tree)}"
            if len(os.fsencode(path)) > _LONGEST_PATH:
                raise _too_much(f"{_LONGEST_PATH} bytes in a path", None)
            if entry.is_folder:
                folders.append((f"{path}/", entry.id))
            else:
                yield path, entry


def _safe(name: str, tree: str) -> str:
    """The name, unless it is one that no honest commit holds.

    A folder `.git` would make a repository, with settings of its own, out of what is written.
    """
    if name in {"", ".", ".."} or "/" in name or name.casefold() == ".git":
        raise LocalError(
            f"the tree {tree} holds the name {name!r}, which git itself never writes",
            hint="do not use this commit: somebody forged it",
        )
    return name


@dataclass(slots=True)
class _Writer:
    """Puts files into a folder, and counts."""

    to: Path
    limits: Limits
    written: int = 0
    count: int = 0
    folders: set[Path] = field(default_factory=set)
    links: dict[Path, bytes] = field(default_factory=dict)

    def open(self) -> None:
        self.to.mkdir(parents=True, exist_ok=True)
        if any(self.to.iterdir()):
            raise LocalError(f"{self.to} is not empty", hint="name an empty folder")

    def take(self, path: str, entry: Entry, objects: Objects) -> None:
        """Write a file; of a link, remember the target."""
        size, pieces = objects.content(entry.id)
        self.count += 1
        self.written += size
        if self.count > self.limits.files:
            raise _too_much(f"{self.limits.files} files", "files")
        if self.written > self.limits.bytes:
            raise _too_much(f"{self.limits.bytes} bytes", "bytes")
        place = self.to / path
        self._make(place.parent)
        if entry.is_file:
            _write(place, pieces)
        elif size < _LONGEST_PATH:
            self._remember(place, b"".join(pieces))
        else:
            _pass_over(pieces)

    def link(self) -> None:
        """Make the links, and take back those that lead out of the folder.

        They come last, when all folders are there: so nothing is ever written through one. Where
        a link leads depends on the others, so that is asked when all of them are made.
        """
        for place, target in self.links.items():
            place.symlink_to(os.fsdecode(target))
        top = f"{self.to}{os.sep}"
        for place in self.links:
            if not f"{os.path.realpath(place)}{os.sep}".startswith(top):
                place.unlink()

    def _remember(self, place: Path, target: bytes) -> None:
        if target and b"\0" not in target:
            self.links[place] = target

    def _make(self, folder: Path) -> None:
        if folder not in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
            self.folders.add(folder)


def _write(place: Path, pieces: Iterable[bytes]) -> None:
    """Write a new file; one that is there already is a name that the tree holds twice."""
    with place.open("xb") as file:
        file.writelines(pieces)


def _pass_over(pieces: Iterable[bytes]) -> None:
    """Take a content that nobody wants: the next one comes behind it."""
    for _ in pieces:
        pass


def _too_much(what: str, limit: str | None) -> LocalError:
    named = f" (limit: {limit})" if limit else ""
    return LocalError(
        f"the commit holds more than {what}{named}",
        hint="keep the project in a folder of its own, without large files beside it",
    )
