"""The counting behind every comparison: which examples one dataset has more often than another.

Examples are known by keys: that of the input, then that of the output. What a key is made of, the
caller says; equal texts need equal keys, and nothing else is asked. No text is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

KEY_BYTES = 16
"""Of an input, and of an output."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How two datasets differ. Order does not matter, and duplicates count.

    Attributes:
        surplus: how much more often the earlier one has an example, by its key; negative where the
            later one has it more often.
        pairs: how many pairs of examples have the same input and different outputs, by the key of
            that input, where there are any.
        added: count of examples of the later one, with inputs that the earlier one has less often.
        removed: the same the other way round.
        changed: count of all pairs.
        unchanged: count of examples that are in both.
        characters: of the later one less those of the earlier one.
    """

    surplus: dict[bytes, int]
    pairs: dict[bytes, int]
    added: int
    removed: int
    changed: int
    unchanged: int
    characters: int


def weigh(before: Iterable[tuple[bytes, int]], after: Iterable[tuple[bytes, int]]) -> Balance:
    """Pair the examples of two datasets, first equal ones, then those with equal inputs.

    Memory grows with the count of different examples, 32 bytes each, not with their length.

    Args:
        before: key of each example of the earlier one, and its Unicode code points, output
            included.
        after: the same of the later one.
    """
    surplus: dict[bytes, int] = {}
    characters = count = 0
    for key, length in before:
        surplus[key] = surplus.get(key, 0) + 1
        characters -= length
    for key, length in after:
        surplus[key] = surplus.get(key, 0) - 1
        characters += length
        count += 1
    gone: dict[bytes, int] = {}
    come: dict[bytes, int] = {}
    for key, times in surplus.items():
        side = gone if times > 0 else come
        side[key[:KEY_BYTES]] = side.get(key[:KEY_BYTES], 0) + abs(times)
    both = {key: min(times, come.get(key, 0)) for key, times in gone.items()}
    pairs = {key: times for key, times in both.items() if times}
    changed, new = sum(pairs.values()), sum(come.values())
    return Balance(
        surplus=surplus,
        pairs=pairs,
        added=new - changed,
        removed=sum(gone.values()) - changed,
        changed=changed,
        unchanged=count - new,
        characters=characters,
    )


class Side:
    """Tells example by example what became of it, while one of the datasets goes by again.

    Of equal examples the first ones differ; of examples with one input the first ones are paired,
    so that pairs are the same from both sides.

    Args:
        balance: of the two datasets.
        sign: 1 for the earlier one, -1 for the later one.
    """

    def __init__(self, balance: Balance, sign: Literal[1, -1]) -> None:
        self._left = {
            key: times * sign for key, times in balance.surplus.items() if times * sign > 0
        }
        self._pairs = dict(balance.pairs)

    def take(self, key: bytes) -> Literal["alone", "paired"] | None:
        """What became of the next example: it has no counterpart, or one; None if it is in both."""
        left = self._left.get(key, 0)
        if not left:
            return None
        self._left[key] = left - 1
        text_input = key[:KEY_BYTES]
        pairs = self._pairs.get(text_input, 0)
        if not pairs:
            return "alone"
        self._pairs[text_input] = pairs - 1
        return "paired"
