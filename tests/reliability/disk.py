"""A small disk of its own for a folder: what is full there is really full."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = 4 * 1024 * 1024
PAGE = 4096


@dataclass(frozen=True)
class Disk:
    """A file system that ends at `SIZE` bytes.

    Attributes:
        folder: where it is mounted.
    """

    folder: Path

    def fill(self, room: int = 0) -> None:
        """Leave only this much room, in bytes."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(PAGE))
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 (it is how a disk says it)
            stream.truncate(max(stream.tell() - room, 0))

    def free(self) -> None:
        """Let there be room again."""
        (self.folder / "filler").unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Put a folder on a disk of its own, with what is in it; that is lost at the end."""
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False, text=True)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
