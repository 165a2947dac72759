"""Example digests and dataset digests, as section 3 of the contract defines them.

They stand for what is sent: whitespace counts, and nothing is normalised. They do not stand for
how a file writes it: format, key order, line ends and the order of rows leave them alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

# Escapes exactly what ECMAScript's JSON.stringify escapes, in the same form, for every character;
# a test compares all of Unicode. Lone surrogates, which JSON.stringify would escape, are refused.
_encode = msgspec.json.Encoder().encode

_MANY = 2_000


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
