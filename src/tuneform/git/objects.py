"""Trees and contents of a repository, out of one running `git cat-file --batch`.

Objects are asked for by id alone and trees are read here, so that no path of a stranger is ever
part of a command, a pattern or a line of the protocol. Contents are the bytes that were committed:
no filter, line end or attribute has a say. A content is passed on in pieces as it comes.

Nothing here writes, and nothing knows what the contents mean.
"""

from __future__ import annotations

import os
import re
import selectors
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from tuneform.errors import LocalError
from tuneform.git.program import Git, cannot_start, complaint

_FULL_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PIECE: Final = 1 << 16
_LONGEST_LINE: Final = 4096
_LARGEST_TREE: Final = 1 << 26
"""Bytes of one tree object: more than a million names in one folder are no project."""

_ELSEWHERE: Final = (
    "in a shallow clone `git fetch --unshallow` brings it; "
    "where the clone is partial, clone again without --filter"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder.

    Attributes:
        mode: kind and permissions, as git writes them.
        name: without `/`, unless somebody forged it; bytes that are not UTF-8 as surrogates.
        id: of the object, in hex.
    """

    mode: int
    name: str
    id: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file; links and submodules are not."""
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)


class Objects:
    """The objects of one repository, while the program runs; `open_objects` makes one.

    For one thread. The pieces of a content are to be taken before anything else is asked for.
    """

    def __init__(self, git: Git, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._git = git
        self._process = process
        self._stderr = stderr
        self._asked = process.stdin
        self._answers = process.stdout.fileno()
        self._waiter = selectors.DefaultSelector()
        self._waiter.register(self._answers, selectors.EVENT_READ)
        self._ahead = b""

    def close(self) -> None:
        """Let go of the waiting; the program is ended by whoever started it."""
        self._waiter.close()

    def find(self, commit: str, path: str) -> Entry | None:
        """What is at a path at a commit, without following links.

        Args:
            commit: its full id.
            path: from the top of the work tree, with `/`; empty for the top itself.

        Returns:
            None where nothing is there.

        Raises:
            LocalError: the commit, or a tree on the way, is not in this clone.
        """
        entry: Entry | None = self._top(commit)
        for name in filter(None, path.split("/")):
            if entry is None or not entry.is_folder:
                return None
            entry = next((each for each in self.folder(entry.id) if each.name == name), None)
        return entry

    def folder(self, tree: str) -> list[Entry]:
        """The names in a folder, in git's order.

        Raises:
            LocalError: the tree is not in this clone, or damaged.
        """
        kind, size, pieces = self._open(tree)
        if kind != "tree" or size > _LARGEST_TREE:
            raise self._git.failed("cat-file", f"the tree {tree} is a {kind} of {size} bytes")
        try:
            return list(_entries(b"".join(pieces), len(tree) // 2))
        except ValueError as error:
            raise self._git.failed("cat-file", f"the tree {tree} is damaged") from error

    def content(self, blob: str) -> tuple[int, Iterator[bytes]]:
        """The content of a file.

        Returns:
            How many bytes, and the bytes in pieces.

        Raises:
            LocalError: the content is not in this clone.
        """
        kind, size, pieces = self._open(blob)
        if kind != "blob":
            raise self._git.failed("cat-file", f"the file {blob} is a {kind}")
        return size, pieces

    def _top(self, commit: str) -> Entry:
        if _FULL_ID.fullmatch(commit) is None:
            raise ValueError(f"{commit!r} is not the full id of a commit: resolve it first")
        header = self._header(f"{commit}^{{tree}}")
        if header is None:
            raise LocalError(
                f"{self._git.folder}: the commit {commit} is not in this clone", hint=_ELSEWHERE
            )
        name, _, size = header
        for _ in self._pieces(size):
            pass
        return Entry(stat.S_IFDIR, "", name)

    def _open(self, name: str) -> tuple[str, int, Iterator[bytes]]:
        header = self._header(name)
        if header is None:
            raise self._absent(name)
        _, kind, size = header
        return kind, size, self._pieces(size)

    def _header(self, wanted: str) -> tuple[str, str, int] | None:
        """Ask for an object: its id, kind and size; None where the clone does not hold it."""
        try:
            self._asked.write(f"{wanted}\n".encode())
            self._asked.flush()
        except OSError:
            raise self._died(wanted) from None
        while b"\n" not in self._ahead:
            if len(self._ahead) > _LONGEST_LINE:
                raise self._git.failed("cat-file", "its answer is not understood")
            self._ahead += self._read(wanted)
        line, _, self._ahead = self._ahead.partition(b"\n")
        match line.decode("ascii", "replace").split(" "):
            case [_, "missing"]:
                return None
            case [name, kind, size] if size.isdecimal():
                return name, kind, int(size)
            case _:
                raise self._git.failed("cat-file", "its answer is not understood")

    def _pieces(self, size: int) -> Iterator[bytes]:
        """The bytes of a content, and the line end that git puts behind them."""
        left = size
        while left:
            piece = self._ahead or self._read("a content")
            self._ahead = piece[left:]
            piece = piece[:left]
            left -= len(piece)
            yield piece
        while not self._ahead:
            self._ahead = self._read("a content")
        self._ahead = self._ahead[1:]

    def _read(self, wanted: str) -> bytes:
        if not self._waiter.select(self._git.timeout):
            raise self._git.silent("cat-file")
        piece = os.read(self._answers, _PIECE)
        if not piece:
            raise self._died(wanted)
        return piece

    def _died(self, wanted: str) -> LocalError:
        """Git ended by itself: what it said last, or that something is to be fetched."""
        self._stderr.seek(0)
        said = complaint(self._stderr.read(_PIECE))
        if "promisor" in said or "lazy fetching" in said:
            return self._absent(wanted)
        return self._git.failed("cat-file", said or "it ended early")

    def _absent(self, wanted: str) -> LocalError:
        return LocalError(
            f"{self._git.folder}: the clone does not hold all of its content "
            f"({wanted} is missing), and nothing is fetched",
            hint=_ELSEWHERE,
        )


@contextmanager
def open_objects(git: Git) -> Iterator[Objects]:
    """Run `git cat-file --batch` for the time of the block.

    Raises:
        LocalError: it cannot be started.
    """
    with tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own arguments; no shell
                git.command("cat-file", "--batch"),
                cwd=git.folder,
                env=git.environ,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        except OSError as error:
            raise cannot_start(git, error) from error
        with process:
            objects = Objects(git, process, stderr)
            try:
                yield objects
            finally:
                objects.close()
                process.kill()  # it only reads; a content may be left half taken


def _entries(data: bytes, width: int) -> Iterator[Entry]:
    """The entries of a tree: `MODE SP NAME NUL ID`, the id as `width` raw bytes.

    Raises:
        ValueError: it is no tree.
    """
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        nul = data.index(b"\0", space)
        end = nul + 1 + width
        if end > len(data):
            raise ValueError("a tree ends within an id")
        name = os.fsdecode(data[space + 1 : nul])
        yield Entry(int(data[at:space], 8), name, data[nul + 1 : end].hex())
        at = end
