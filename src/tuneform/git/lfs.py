"""Git LFS: files of which git holds only the address, while the content is kept elsewhere.

The content is not fetched: a reader is told that what it holds is no dataset.
"""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path

LARGEST_BYTES = 1024
"""A longer one is no pointer, by the specification (github.com/git-lfs/git-lfs, docs/spec.md)."""

_POINTER = re.compile(
    rb"version https?://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*?"
    rb"oid sha256:(?P<digest>[0-9a-f]{64})\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*?"
    rb"size (?P<size>[0-9]{1,18})\n?"
)
"""Keys are sorted after `version`, so extensions may stand on either side of `oid`."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What git holds in place of a file.

    Attributes:
        digest: SHA-256 of the file, in hex.
        size: of the file, in bytes.
    """

    digest: str
    size: int

    def leads_to(self, path: Path) -> bool:
        """Whether this is the pointer of a file; not, where the file cannot be read."""
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size != self.size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.digest
        except OSError:
            return False


def read_pointer(data: bytes) -> Pointer | None:
    """The pointer that a content is; None where it is a file of its own."""
    found = _POINTER.fullmatch(data) if len(data) < LARGEST_BYTES else None
    return None if found is None else Pointer(found["digest"].decode(), int(found["size"]))


def is_lfs_pointer(data: bytes) -> bool:
    """Whether this is a pointer that Git LFS keeps in place of a file."""
    return read_pointer(data) is not None
