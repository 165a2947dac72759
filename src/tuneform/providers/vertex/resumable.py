"""One resumable upload: piece after piece, and after a failure from where the service got to.

Protocol: "Resumable uploads" of the Cloud Storage JSON API. The address of a session is a secret of
its own, so it is only ever used at the endpoint that was admitted, whatever host it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from tuneform.errors import BadReply, RemoteError
from tuneform.providers.google.call import Call, Reply
from tuneform.providers.google.client import ApiClient
from tuneform.providers.vertex.jsonl import Encoded

_BLOCK: Final = 1 << 18

PIECE: Final = 8 << 20
"""Bytes of a piece; a multiple of 256 KiB, as the API asks."""

MOST_STANDSTILLS: Final = 5
"""Pieces in a row of which nothing was kept. A service that does that for ever ends in an error."""

_GOING_ON: Final = 308
_GONE: Final = frozenset({404, 410, 499})
_RANGE = re.compile(r"bytes=0-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Load:
    """What is uploaded, and in which pieces.

    Attributes:
        encoded: the file.
        piece: bytes of a piece.
    """

    encoded: Encoded
    piece: int = PIECE


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file, read while they are sent.

    A request outlives its reply for a while, and would keep them in memory for as long.

    Attributes:
        encoded: the file.
        start: offset of the first byte.
        size: bytes.
    """

    encoded: Encoded
    start: int
    size: int

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in blocks; as often as somebody asks."""
        file, left = self.encoded.file, self.size
        file.seek(self.start)
        while left and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block


class SessionGone(Exception):
    """The service does not know the session any more: the upload begins anew."""


class Session:
    """An upload that was begun.

    Args:
        client: speaks with the storage.
        begun: the reply that began it.
        begin: the call that it is the reply to.
        load: what is uploaded.

    Raises:
        BadReply: the reply names no session at this endpoint.
    """

    def __init__(self, client: ApiClient, begun: Reply, begin: Call, load: Load) -> None:
        self._client = client
        self._what = begin.what
        self._path, self._query = _place(client, begun, begin)
        self._encoded = load.encoded
        self._most = load.piece
        self._position = 0
        self._unsure = False
        self._standstills = 0

    def send(self) -> bytes:
        """Send everything, and return the resource of the object.

        Raises:
            SessionGone: begin anew.
            RemoteError: it failed for good; patience ended, or a precondition holds no more.
        """
        try:
            while True:
                done = self._client.retried(self._push)
                if done is not None:
                    return done
        except RemoteError as error:
            if error.status not in _GONE:
                raise
            raise SessionGone from error

    def _push(self) -> bytes | None:
        """Send the next piece; after a failure ask first how far the upload is.

        Returns:
            The resource of the object, once it is complete.
        """
        size = self._encoded.size
        if self._unsure:
            done = self._taken(self._put(self._piece(0)))
            if done is not None:
                return done
        self._unsure = True
        before = self._position
        done = self._taken(self._put(self._piece(min(self._most, size - before))))
        self._standstills = self._standstills + 1 if self._position <= before else 0
        if done is None and self._standstills >= MOST_STANDSTILLS:
            raise self._client.bad_reply(
                self._call(self._piece(0)), "nothing of what is sent is kept"
            )
        self._unsure = False
        return done

    def _piece(self, size: int) -> Piece:
        return Piece(self._encoded, self._position, size)

    def _put(self, piece: Piece) -> Reply:
        return self._client.once(self._call(piece), also={_GOING_ON})

    def _call(self, piece: Piece) -> Call:
        """Send a piece; an empty one asks how far the upload is."""
        first, last = piece.start, piece.start + piece.size - 1
        headers = {
            "content-range": f"bytes {f'{first}-{last}' if piece.size else '*'}/"
            f"{self._encoded.size}",
            "content-length": str(piece.size),
            "content-type": "application/jsonl",
        }
        return Call(self._what, "PUT", self._path, self._query, piece, headers=headers)

    def _taken(self, reply: Reply) -> bytes | None:
        """Note how far the upload is; the resource where it is complete."""
        if reply.status != _GOING_ON:
            return reply.body
        found = reply.headers.get("range")
        match = _RANGE.fullmatch(found) if found else None
        kept = int(match[1]) + 1 if match else 0
        if (found and not match) or kept > self._encoded.size:
            call = self._call(self._piece(0))
            raise self._client.bad_reply(call, f"it has kept the range {found}")
        self._position = kept
        return None


def _place(client: ApiClient, begun: Reply, begin: Call) -> tuple[str, str]:
    """Path and query of a session, below the endpoint."""
    text = begun.headers.get("location", "")
    try:
        told, own = httpx.URL(text), httpx.URL(client.endpoint.url)
    except httpx.InvalidURL:
        raise _elsewhere(client, begin) from None
    prefix = own.raw_path.rstrip(b"/") + b"/"
    same = (told.scheme, told.host, told.port) == (own.scheme, own.host, own.port)
    if not (same and not told.userinfo and told.raw_path.startswith(prefix)):
        raise _elsewhere(client, begin)
    path, _, query = told.raw_path.removeprefix(prefix).decode("ascii").partition("?")
    return path, query


def _elsewhere(client: ApiClient, begin: Call) -> BadReply:
    return client.bad_reply(begin, "it names no session of this storage to upload to")
