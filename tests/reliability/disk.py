"""A small disk of its own for a folder: what is full there is really full."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = 4 * 1024 * 1024
PAGE = 4096
OURS = "tuneform-disk-"
"""What such a disk is called, with the process that mounted it; no test run unmounts another's."""


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
    unmount_abandoned()
    aside = folder.with_name(f"{folder.name}.aside")
    shutil.copytree(folder, aside)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", f"{OURS}{os.getpid()}"]
    try:
        done = subprocess.run([*mount, str(folder)], capture_output=True, check=False, text=True)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield Disk(folder)
    finally:
        _unmount(folder)


def unmount_abandoned() -> None:
    """Take away what a test run left behind that was killed."""
    for folder, number in _mounted():
        if not Path(f"/proc/{number}").exists():
            _unmount(folder)


def _mounted() -> list[tuple[Path, int]]:
    """Disks of this kind, and the process that mounted each."""
    table = Path("/proc/self/mounts")
    lines = table.read_text().splitlines() if table.exists() else ()
    named = [line.split()[:2] for line in lines if line.startswith(OURS)]
    return [
        (Path(place.replace("\\040", " ")), int(name.removeprefix(OURS))) for name, place in named
    ]


def _unmount(folder: Path) -> None:
    """At once, even where a process that is just ending still has a file open there."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
