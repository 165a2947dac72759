"""Facts about files, remembered from one run to the next, so that unchanged files cost one stat.

What a fact is, the caller says: any type that msgspec can encode. An entry holds as long as size,
mtime, ctime and inode of its file are the same. As the last two cannot be carried in a repository,
a cache file that somebody committed never matches. A cache changes no result: whatever is wrong
with the cache file, the answer is "not known", and nobody is told.

    cache = FileCache(folder / "datasets.json", Checked, salt=version, clock=clock)
    before = os.lstat(path)                    # 1. look, before anything is read
    known = cache.get(key, before)             # 2. ask
    if known is None:
        known = read(path)                     # 3. read
        if same(before, os.lstat(path)):       # 4. nobody wrote meanwhile
            cache.put(key, before, known)
    cache.save()                               # 5. once, at the end

It does not open the files, and it does not know where they are.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from tuneform.clock import Clock

T = TypeVar("T")

_FORMAT = 1
_LARGEST_BYTES = 1 << 28
"""A cache file beyond this is not ours."""

_SETTLED = timedelta(seconds=2)
"""File systems stamp times in ticks, FAT in ticks of two seconds: a file as young as that may be
written again without a visible trace, so nothing is remembered about it."""


class _Entry(msgspec.Struct, Generic[T], frozen=True, array_like=True, gc=False):
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    fact: T


class _Book(msgspec.Struct, Generic[T], frozen=True, array_like=True):
    format: int
    salt: str
    entries: dict[str, _Entry[T]]


def same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether two looks at a file saw the same content, as far as a look can tell."""
    return (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_ctime_ns == after.st_ctime_ns
        and before.st_size == after.st_size
        and before.st_ino == after.st_ino
    )


class FileCache(Generic[T]):
    """What earlier runs found out about files.

    Args:
        path: of the cache file; its folder is made when something is saved.
        type_: of a fact; must survive `msgspec.json`.
        salt: whatever else the facts depend on, such as the version of the code that finds them;
            another salt knows nothing.
        clock: tells which files are too young to be remembered.
    """

    def __init__(self, path: Path, type_: type[T], *, salt: str, clock: Clock) -> None:
        self._path = path
        self._salt = salt
        # Files that change after this moment are read again by the next run.
        self._youngest_ns = int((clock.now() - _SETTLED).timestamp() * 1e9)
        self._known = _load(path, salt, type_)
        self._used: dict[str, _Entry[T]] = {}
        self._changed = False

    def get(self, key: str, stat: os.stat_result) -> T | None:
        """What is known about a file, None if nothing.

        Args:
            key: the file's path relative to the project, and the options of reading it.
            stat: of the file, taken before it is read.
        """
        entry = self._known.get(key)
        if (
            entry is None
            or entry.mtime_ns != stat.st_mtime_ns
            or entry.ctime_ns != stat.st_ctime_ns
            or entry.size != stat.st_size
            or entry.inode != stat.st_ino
        ):
            return None
        self._used[key] = entry
        return entry.fact

    def put(self, key: str, before: os.stat_result, value: T) -> None:
        """Remember a fact, unless the file is younger than two seconds before this cache was made.

        Args:
            key: as for `get`.
            before: of the file, taken before it was read; call this only if another look after
                reading was the `same`.
            value: the fact.
        """
        if max(before.st_mtime_ns, before.st_ctime_ns) > self._youngest_ns:
            return
        with suppress(UnicodeEncodeError):  # a file name that is not text stays unknown
            key.encode()
            self._used[key] = _Entry(
                before.st_size,
                before.st_mtime_ns,
                before.st_ctime_ns,
                before.st_ino,
                value,
            )
            self._changed = True

    def save(self) -> None:
        """Write what was asked for or put in by this run, and drop the rest.

        Nothing is written when nothing changed. A folder that cannot be written to, as in a
        read-only checkout, is no error.
        """
        if not self._changed and len(self._used) == len(self._known):
            return
        with suppress(OSError, UnicodeEncodeError):  # a fact that is not text is not kept
            _replace(self._path, msgspec.json.encode(_Book(_FORMAT, self._salt, self._used)))
            self._known = dict(self._used)
            self._changed = False


def _load(path: Path, salt: str, type_: type[T]) -> dict[str, _Entry[T]]:
    """All entries; none of them where one is not what it should be."""
    try:
        book = msgspec.json.decode(_read(path), type=_Book[type_])  # type: ignore[valid-type]
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return {}
    return book.entries if (book.format, book.salt) == (_FORMAT, salt) else {}


def _read(path: Path) -> bytes:
    """The content of a regular file of sane size; a device or a pipe is never waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > _LARGEST_BYTES:
            return b""
        return file.read(_LARGEST_BYTES)


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of an old one; a reader sees the one or the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sibling = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        with sibling.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sibling.replace(path)
    except OSError:
        sibling.unlink(missing_ok=True)
        raise
