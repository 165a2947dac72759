"""What became of the examples between two versions of a dataset, as counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

_BYTES = 16


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two datasets differ. Order does not matter, and duplicates count.

    Attributes:
        added: examples of the later one, with inputs that the earlier one has less often.
        removed: examples of the earlier one, with inputs that the later one has less often.
        changed: pairs of examples with the same input and different outputs.
        unchanged: examples that are in both.
    """

    added: int
    removed: int
    changed: int
    unchanged: int

    @property
    def same(self) -> bool:
        """Whether both are the same dataset."""
        return not (self.added or self.removed or self.changed)


def compare(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> Comparison:
    """Pair the examples of two datasets, first equal ones, then those with equal inputs.

    Memory grows with the count of different examples, 32 bytes each, not with their length.

    Args:
        before: inputs and outputs of the earlier one, as they are sent.
        after: the same of the later one.
    """
    # How much more often the earlier one has an example, negative where the later one has it more
    # often. Its key is the digest of the input, then that of the output.
    surplus: dict[bytes, int] = {}
    for example in before:
        key = _key(example)
        surplus[key] = surplus.get(key, 0) + 1
    count = 0
    for example in after:
        count += 1
        key = _key(example)
        surplus[key] = surplus.get(key, 0) - 1
    gone: dict[bytes, int] = {}
    come: dict[bytes, int] = {}
    for key, times in surplus.items():
        side = gone if times > 0 else come
        side[key[:_BYTES]] = side.get(key[:_BYTES], 0) + abs(times)
    changed = sum(min(times, come.get(key, 0)) for key, times in gone.items())
    added, removed = sum(come.values()), sum(gone.values())
    return Comparison(
        added=added - changed,
        removed=removed - changed,
        changed=changed,
        unchanged=count - added,
    )


def _key(example: tuple[str, str]) -> bytes:
    return b"".join(blake2b(text.encode(), digest_size=_BYTES).digest() for text in example)
