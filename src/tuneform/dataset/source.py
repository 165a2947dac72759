"""The bytes of a dataset file, in blocks of whole lines.

Whatever the path turns out to be (a folder, a pipe, a device, a file of another size than a moment
ago), reading ends, and takes no more memory than a block and the longest line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from tuneform.dataset.files import Files, OutsideProject
from tuneform.dataset.rows import Fault, Unusable

BLOCK_BYTES = 1 << 16
"""Read at once; small enough for the processor's caches, large enough to forget the calls."""

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def blocks(
    files: Files, relative: str, most: int, *, block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """Read a file without its byte order mark.

    Args:
        files: the project.
        relative: path of the file in it.
        most: bytes that the file may have.
        block_bytes: read at once; no result depends on it.

    Yields:
        Blocks that end with a line feed; only the last one may lack it.

    Raises:
        Unusable: there is no such file, it cannot be read, or it is too large.
    """
    try:
        handle = _open(files, relative, most)
        try:
            yield from _whole_lines(_chunks(handle, most, block_bytes))
        finally:
            os.close(handle)
    except OSError as error:
        raise Unusable(_barred(error)) from error


def _open(files: Files, relative: str, most: int) -> int:
    try:
        path, found = files.look(relative)
    except OutsideProject as error:
        hint = "datasets are files inside the project; copy it there"
        fault = Fault(0, 0, "dataset-outside", f"the path {error.reason}", hint)
        raise Unusable(fault) from error
    _regular(found, most)  # before opening: to open a pipe or a device can wait, or do things
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _regular(os.fstat(handle), most)
    except Unusable:
        os.close(handle)
        raise
    return handle


def _regular(found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
        raise Unusable(
            Fault(
                0, 0, "dataset-not-file", f"this is {kind}, not a file", "name a file of examples"
            )
        )
    if found.st_size > most:
        raise Unusable(_too_large(f"{found.st_size:,}", most))


def _chunks(handle: int, most: int, block_bytes: int) -> Iterator[bytes]:
    left = most
    chunk = os.read(handle, block_bytes)
    if chunk.startswith(_UTF16):
        hint = "save it as UTF-8"
        raise Unusable(Fault(0, 0, "dataset-invalid", "the file is UTF-16, not UTF-8", hint))
    while chunk:
        left -= len(chunk)
        if left < 0:  # it grew since it was looked at
            raise Unusable(_too_large("more and more", most))
        yield chunk
        chunk = os.read(handle, block_bytes)


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pieces: list[bytes] = []
    first = True
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            pieces.append(chunk)
            continue
        pieces.append(chunk[:end])
        block = b"".join(pieces)
        pieces = [chunk[end:]]
        yield block.removeprefix(_BOM) if first else block
        first = False
    last = b"".join(pieces)
    if first:
        last = last.removeprefix(_BOM)
    if last:
        yield last


def _too_large(size: str, most: int) -> Fault:
    detail = f"the file has {size} bytes, the limit is {most:,}"
    return Fault(0, 0, "dataset-too-large", detail, "remove or shorten examples")


def _barred(error: OSError) -> Fault:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = "check the path; in a manifest it is relative to the manifest"
        return Fault(0, 0, "dataset-missing", "There is no such file.", hint)
    reason = os.strerror(error.errno).lower() if error.errno else "unknown cause"
    hint = "check the permissions" if isinstance(error, PermissionError) else ""
    return Fault(0, 0, "dataset-unreadable", f"The file cannot be read: {reason}.", hint)
