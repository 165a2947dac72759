"""Rows that stand more than once in a dataset, and inputs that are answered in two ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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


def find(inputs: Sequence[int], digests: Sequence[bytes]) -> Repeats:
    """Find what is repeated.

    Args:
        inputs: a hash of 64 bits of the input of each row.
        digests: the example digest of each row.

    Returns:
        Places of rows, from 0, in the order of the rows.
    """
    if len(set(inputs)) == len(inputs):
        return Repeats()
    groups: dict[int, dict[bytes, list[int]]] = {}
    for place in _repeated(inputs):
        groups.setdefault(inputs[place], defaultdict(list))[digests[place]].append(place)
    duplicates = [places for group in groups.values() for places in group.values()]
    return Repeats(
        tuple(sorted(tuple(places) for places in duplicates if len(places) > 1)),
        tuple(
            tuple(places[0] for places in group.values())
            for group in groups.values()
            if len(group) > 1
        ),
    )


def _repeated(inputs: Sequence[int]) -> Iterable[int]:
    """The places of all inputs that stand more than once."""
    seen: set[int] = set()
    again: set[int] = set()
    for each in inputs:
        (again if each in seen else seen).add(each)
    return (place for place, each in enumerate(inputs) if each in again)
