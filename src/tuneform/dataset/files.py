"""Where files of the project are, and whether they are in it at all.

A manifest comes through a pull request: what it names must not reach files outside of the
project, neither by `..`, nor by an absolute path, nor through a symbolic link. Nothing here reads
a file.
"""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path


class OutsideProject(ValueError):
    """A path leads out of the project.

    Args:
        relative: the path as it was given.
        reason: how it leaves, as the end of a sentence that begins with the path.
    """

    def __init__(self, relative: str, reason: str) -> None:
        super().__init__(f"{relative} {reason}")
        self.relative = relative
        self.reason = reason


class Files:
    """The files of one project, as they are found during one command.

    Folders are resolved once and remembered, so that looking at a file costs one system call.
    Links are followed as long as they stay inside.

    Args:
        root: the project directory; it may itself be reached through links.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._top = str(self.root)
        self._folders: dict[str, str] = {}

    def look(self, relative: str) -> tuple[str, os.stat_result]:
        """Find a file and look at it.

        Args:
            relative: to the project directory, with `/`.

        Returns:
            The path without links, and what the system says about the file there.

        Raises:
            OutsideProject: the path, or a link in it, leads out of the project.
            OSError: there is no such file, or the way to it is barred or a loop.
        """
        path = self._join(relative)
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            path = self._resolve(path, relative)
            found = Path(path).stat()
        return path, found

    def inside(self, relative: str) -> Path:
        """The path without links, whether or not there is such a file.

        Raises:
            OutsideProject: the path, or a link in it, leads out of the project.
        """
        return Path(self._resolve(self._join(relative), relative))

    def _join(self, relative: str) -> str:
        if relative.startswith("/"):
            raise OutsideProject(relative, "is an absolute path")
        if "\0" in relative or not (relative.isascii() or _is_file_name(relative)):
            raise OutsideProject(ascii(relative), "holds characters that no file name has")
        head, _, name = posixpath.normpath(relative).rpartition("/")
        if name == ".." or head == ".." or head.startswith("../"):
            raise OutsideProject(relative, "leads out of the project")
        folder = self._folders.get(head)
        if folder is None:
            folder = self._resolve(f"{self._top}/{head}", relative)
            self._folders[head] = folder
        return f"{folder}/{name}"

    def _resolve(self, path: str, relative: str) -> str:
        real = os.path.realpath(path)
        if real != self._top and not real.startswith(self._top.rstrip("/") + "/"):
            raise OutsideProject(relative, "leads out of the project through a symbolic link")
        return real


def _is_file_name(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def inside(root: Path, relative: str) -> Path:
    """The path of one file of a project, without links, whether or not there is such a file.

    For many files, make one `Files` and ask that.

    Args:
        root: the project directory.
        relative: to the project directory, with `/`.

    Raises:
        OutsideProject: the path, or a link in it, leads out of the project.
    """
    return Files(root).inside(relative)
