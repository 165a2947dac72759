"""Reading the text of one file, without waiting and without surprises."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.manifest.source import BYTES_AT_MOST, Source, decode


def open_source(path: str, file: str) -> Source | Diagnostic:
    """The text of a file of the project, or why there is none.

    Args:
        path: where it is, links resolved.
        file: how messages name it.
    """
    try:
        # Opening a pipe would wait for its other end, and a link may have been put here meanwhile.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb", buffering=0) as opened:
            seen = os.fstat(handle)
            if not stat.S_ISREG(seen.st_mode):
                return _told(
                    file, "not-a-file", "not a file", "It is a folder, a pipe or a device."
                )
            if seen.st_size > BYTES_AT_MOST:
                return _too_large(file)
            return decode(file, opened.readall())
    except OSError as error:
        return _unreadable(file, error)


def open_given(path: str) -> Source | Diagnostic:
    """The same for a file that was named on the command line, where a pipe is welcome."""
    try:
        with Path(path).open("rb") as opened:
            data = opened.read(BYTES_AT_MOST + 1)
    except (OSError, ValueError) as error:
        return _unreadable(path, error)
    return decode(path, data) if len(data) <= BYTES_AT_MOST else _too_large(path)


def _unreadable(file: str, error: OSError | ValueError) -> Diagnostic:
    said = error.strerror if isinstance(error, OSError) else None
    detail = f"The system says: {said or 'not a usable path'}."
    return _told(file, "unreadable", "cannot be read", detail, "check the path and its permissions")


def _too_large(file: str) -> Diagnostic:
    detail = f"The file is larger than {BYTES_AT_MOST:,} bytes."
    return _told(file, "too-large", "too large", detail, "split it")


def _told(file: str, code: str, summary: str, detail: str, hint: str = "") -> Diagnostic:
    return Diagnostic(Severity.ERROR, code, summary, detail, Place(file), hint=hint)
