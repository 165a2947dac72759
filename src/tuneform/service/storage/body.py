"""The bytes of a request on their way into a file, however many they are.

Only a piece is held at a time. A body of which less arrives than was announced is told as such:
what came of it may be of use to an upload that can be gone on with.
"""

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tuneform.service.storage.errors import StorageError, invalid, too_large

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_OBJECT = 1 << 30
"""Bytes of an object. The real service takes far more; a tuning job reads no more."""

MAX_JSON = 1 << 20
"""Bytes of a resource in a body."""

_PIECE = 1 << 18
_MAX_HEAD = 1 << 16
_HEAD_END = b"\r\n\r\n"


class Body:
    """The body of one request; read once."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._stream: IO[bytes] = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or ""
        self._left = int(length) if length.isdecimal() else None
        self._kept = b""

    @property
    def length(self) -> int | None:
        """Bytes that were announced and not read yet; None where nobody said."""
        return None if self._left is None else self._left + len(self._kept)

    def read(self, most: int) -> bytes:
        """Up to so many bytes; none at the end.

        Raises:
            StorageError: 400, less came than was announced.
        """
        if self._kept:
            kept, self._kept = self._kept[:most], self._kept[most:]
            return kept
        wanted = most if self._left is None else min(most, self._left)
        if wanted == 0:
            return b""
        try:
            piece = self._stream.read(wanted)
        except OSError:
            piece = b""
        if self._left is not None:
            if not piece:
                raise invalid("The request body ended early.")
            self._left -= len(piece)
        return piece

    def all(self) -> bytes:
        """All of a body that holds a resource.

        Raises:
            StorageError: 400, it is too large or ends early.
        """
        pieces, size = [], 0
        while piece := self.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_JSON:
                raise invalid(f"Request payload size exceeds the limit: {MAX_JSON} bytes.")
        return b"".join(pieces)

    def pieces(self) -> Iterator[bytes]:
        """The rest, piece by piece."""
        while piece := self.read(_PIECE):
            yield piece

    def until(self, end: bytes, most: int) -> bytes:
        """Everything before `end`, which is dropped; what follows it is read next.

        Raises:
            StorageError: 400, it does not come within `most` bytes.
        """
        found = b""
        while (at := found.find(end)) < 0:
            piece = self.read(_PIECE)
            if not piece or len(found) > most:
                raise invalid("Malformed multipart body.")
            found += piece
        self._kept = found[at + len(end) :] + self._kept
        return found[:at]

    def skip(self) -> None:
        """Read the rest, and forget it."""
        for _ in self.pieces():
            pass


def write(pieces: Iterator[bytes], file: Path, *, at: int = 0) -> int:
    """Put pieces into a file from an offset on; what was there beyond it goes.

    Returns:
        Bytes written; all of them are in the file also where the pieces break off.

    Raises:
        StorageError: 413, the object would be too large; 400, the body ended early.
    """
    with file.open("r+b" if file.exists() else "xb") as opened:
        opened.truncate(at)
        opened.seek(at)
        size = at
        for piece in pieces:
            size += len(piece)
            if size > MAX_OBJECT:
                opened.truncate(at)
                raise too_large(MAX_OBJECT)
            opened.write(piece)
    return size - at


# --- two parts in one body (RFC 2387) ------------------------------------------------------------


def boundary_of(content_type: str) -> bytes:
    """The boundary of `multipart/related`.

    Raises:
        StorageError: 400, there is none.
    """
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_maintype() != "multipart" or not boundary:
        raise invalid("Multipart upload needs Content-Type multipart/related with a boundary.")
    return boundary.encode("latin-1", "replace")


def first_part(body: Body, boundary: bytes) -> bytes:
    """The resource, from the first part; the body stands at the second part's head after.

    Raises:
        StorageError: 400, it is no such body.
    """
    body.until(b"--" + boundary, _MAX_HEAD)
    body.until(_HEAD_END, _MAX_HEAD)
    return body.until(b"\r\n--" + boundary, MAX_JSON)


def second_type(body: Body) -> str | None:
    """The content type that the second part's head names; the body stands at its bytes after."""
    head = body.until(_HEAD_END, _MAX_HEAD).lstrip(b" \t\r\n")
    return BytesParser().parsebytes(head + _HEAD_END, headersonly=True).get("Content-Type")


def cut_end(file: Path, boundary: bytes) -> None:
    """Take the closing boundary off a file that holds the rest of the body.

    Raises:
        StorageError: 400, there is none: the body was cut short.
    """
    end = b"\r\n--" + boundary + b"--"
    room = len(end) + 64  # white space may follow
    with file.open("r+b") as opened:
        size = opened.seek(0, 2)
        start = opened.seek(max(0, size - room))
        at = opened.read().rfind(end)
        if at < 0:
            raise _malformed()
        opened.truncate(start + at)


def _malformed() -> StorageError:
    return invalid("Malformed multipart body.")
