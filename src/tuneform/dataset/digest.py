"""Example digests and dataset digests, as section 3 of the contract defines them.

They stand for what is sent: whitespace counts, and nothing is normalised. They do not stand for
how a file writes it: format, key order, line ends and the order of rows leave them alone.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from operator import itemgetter

import msgspec

# Escapes exactly what ECMAScript's JSON.stringify escapes, in the same form, for every character;
# a test compares all of Unicode. Lone surrogates, which JSON.stringify would escape, are refused.
_encode = msgspec.json.Encoder().encode

BYTES = 32
"""Of a digest."""
AROUND_TEXTS = len("[,]")
"""Bytes of a canonical text beside the two JSON strings in it."""
_MANY = 2_000
_TOO_MANY = 100_000
"""To be taken apart at once."""


def canonical(inputs: Iterable[str], outputs: Iterable[str], preamble: str = "") -> list[bytes]:
    """The compact JSON `[preamble + text_input,output]` of each example, in UTF-8.

    Raises:
        UnicodeEncodeError: a string holds half of a surrogate pair.
    """
    if preamble:
        inputs = [preamble + text_input for text_input in inputs]
    return list(map(_encode, zip(inputs, outputs, strict=True)))


def digests_of(texts: Iterable[bytes]) -> list[bytes]:
    """The example digests of canonical texts, 32 bytes each."""
    sha256 = hashlib.sha256
    return [sha256(text).digest() for text in texts]


def example_digest(text_input: str, output: str) -> bytes:
    """The digest of one example, 32 bytes.

    Args:
        text_input: with the preamble in front, as it is sent.
        output: as it is sent.

    Raises:
        UnicodeEncodeError: a string holds half of a surrogate pair.
    """
    return hashlib.sha256(_encode((text_input, output))).digest()


def dataset_digest(digests: Iterable[bytes]) -> str:
    """The digest of a dataset, 64 hex digits: any order gives the same, and duplicates count.

    Args:
        digests: of its examples, 32 bytes each.
    """
    return hashlib.sha256(b"".join(_ranked(list(digests)))).hexdigest()


def _ranked(digests: list[bytes]) -> list[bytes]:
    """The digests sorted."""
    if len(digests) < _MANY:
        return sorted(digests)
    # They spread evenly, so sorting 256 heaps of them takes half the time of sorting them all.
    heaps: list[list[bytes]] = [[] for _ in range(256)]
    for digest in digests:
        heaps[digest[0]].append(digest)
    return [digest for heap in heaps for digest in sorted(heap)]


class Digests:
    """Example digests in one piece: a million of them are 32 MB, as a list they would be 73."""

    def __init__(self) -> None:
        self._joined = bytearray()

    def add(self, digests: Iterable[bytes]) -> None:
        """Keep some more, 32 bytes each, in their order."""
        self._joined += b"".join(digests)

    def __len__(self) -> int:
        return len(self._joined) // BYTES

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._joined[place * BYTES : (place + 1) * BYTES])

    def __iter__(self) -> Iterator[bytes]:
        return map(itemgetter(0), struct.iter_unpack(f"{BYTES}s", self._joined))

    def dataset_digest(self) -> str:
        """The digest of the dataset, 64 hex digits."""
        if len(self) < _TOO_MANY:
            return dataset_digest(self)
        found = hashlib.sha256()
        for piece in self._in_order():
            found.update(piece)
        return found.hexdigest()

    def _in_order(self) -> Iterator[bytes]:
        """The digests sorted, in pieces: only one heap of them has to be apart at a time."""
        heaps = [bytearray() for _ in range(256)]
        for digest in self:
            heaps[digest[0]] += digest
        for heap in heaps:
            yield b"".join(sorted(heap[at : at + BYTES] for at in range(0, len(heap), BYTES)))
