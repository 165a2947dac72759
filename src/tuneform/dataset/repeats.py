"""Rows that stand more than once in a dataset, and inputs that are answered in two ways."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_MANY = 100_000
_HEAPS = 64


class Digests(Protocol):
    """Digests by the place of their row."""

    def __getitem__(self, place: int, /) -> bytes:
        """That of one row."""
        ...


@dataclass(frozen=True, slots=True)
class Repeats:
    """What is repeated.

    Attributes:
        duplicates: for each example that stands more than once, the places of its rows.
        conflicts: for each input with different outputs, the place of the first row of each output.
    """

    duplicates: tuple[tuple[int, ...], ...] = ()
    conflicts: tuple[tuple[int, ...], ...] = ()

    @property
    def superfluous(self) -> int:
        """How many rows could go without losing an example."""
        return sum(len(places) - 1 for places in self.duplicates)


def find(inputs: Sequence[int], digests: Digests) -> Repeats:
    """Find what is repeated.

    Args:
        inputs: a hash of 64 bits of the input of each row.
        digests: the example digest of each row.

    Returns:
        Places of rows, from 0, in the order of the rows.
    """
    again = _repeated(inputs)
    if not again:
        return Repeats()
    groups: dict[int, dict[bytes, list[int]]] = {}
    for place, each in enumerate(inputs):
        if each in again:
            groups.setdefault(each, defaultdict(list))[digests[place]].append(place)
    duplicates = [places for group in groups.values() for places in group.values()]
    return Repeats(
        tuple(sorted(tuple(places) for places in duplicates if len(places) > 1)),
        tuple(
            tuple(places[0] for places in group.values())
            for group in groups.values()
            if len(group) > 1
        ),
    )


def _repeated(inputs: Sequence[int]) -> set[int]:
    """The hashes that stand more than once."""
    if len(inputs) < _MANY:
        return _twice(inputs)
    # A set of all of them would be the largest thing in memory. Hashes spread evenly.
    heaps = [array("q") for _ in range(_HEAPS)]
    for each in inputs:
        heaps[each % _HEAPS].append(each)
    return set().union(*map(_twice, heaps))


def _twice(hashes: Sequence[int]) -> set[int]:
    if len(set(hashes)) == len(hashes):
        return set()
    return {each for each, count in Counter(hashes).items() if count > 1}
