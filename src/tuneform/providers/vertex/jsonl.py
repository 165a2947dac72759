"""Examples as the file that a tuning job reads: one JSON object in each line, with `contents`.

They go from their source to the disk one by one, and never stand in memory together. Form: section
3 of the reference on tuning jobs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

import msgspec

from tuneform.errors import InvalidRequest, LocalError
from tuneform.providers.base import Example

MOST_BYTES = 1_000_000_000
"""Of a file, as Google documents it."""

_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file with examples, which is gone when it is closed.

    Attributes:
        file: readable, at any offset.
        md5: base64, as Cloud Storage writes it.
        size: bytes.
    """

    file: IO[bytes] = field(repr=False)
    md5: str
    size: int


class _Part(msgspec.Struct, frozen=True, gc=False):
    text: str


class _Turn(msgspec.Struct, frozen=True, gc=False):
    role: str
    parts: tuple[_Part]


class _Row(msgspec.Struct, frozen=True, gc=False):
    contents: tuple[_Turn, _Turn]


def _row(text_input: str, output: str) -> _Row:
    return _Row((_Turn("user", (_Part(text_input),)), _Turn("model", (_Part(output),))))


ROW_BYTES = len(msgspec.json.encode(_row("", ""))) - len('""""') + len("\n")
"""Of a line, beside its two texts as JSON strings."""


@contextmanager
def encode(examples: Iterable[Example]) -> Iterator[Encoded]:
    """Write examples to a temporary file, for the time of the block.

    The file has no name, so nothing of it is left whatever becomes of the process.

    Args:
        examples: read once. What reading them raises passes through.

    Raises:
        InvalidRequest: a text is no valid Unicode, or the file would be too large.
        LocalError: there is no room for it.
    """
    with _temporary() as file:
        md5 = hashlib.md5(usedforsecurity=False)
        size = 0
        for piece in _pieces(examples):
            size += len(piece)
            if size > MOST_BYTES:
                raise InvalidRequest(
                    f"the examples have more than {MOST_BYTES:,} bytes as a tuning job reads them",
                    hint="use fewer or shorter examples",
                )
            md5.update(piece)
            _write(file, piece)
        yield Encoded(file, base64.b64encode(md5.digest()).decode(), size)


def _pieces(examples: Iterable[Example]) -> Iterator[bytes]:
    """The lines, many at a time."""
    encoder, buffer = msgspec.json.Encoder(), bytearray()
    for text_input, output in examples:
        try:
            encoder.encode_into(_row(text_input, output), buffer, -1)
        except UnicodeEncodeError:
            raise InvalidRequest(
                "cannot upload the examples: one holds a character that is not valid Unicode "
                "(a lone surrogate)",
                hint="check the encoding of the dataset",
            ) from None
        buffer += b"\n"
        if len(buffer) >= _BUFFER:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def _temporary() -> IO[bytes]:
    try:
        return TemporaryFile(prefix="tuneform-")
    except OSError as error:
        raise _no_room(error) from error


def _write(file: IO[bytes], piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> LocalError:
    return LocalError(
        f"cannot write the examples to a temporary file: {error.strerror}",
        hint="make room, or name another folder in TMPDIR",
    )
