"""What became of the examples between two versions of a dataset, as counts and as samples.

The earlier version is there as text, or as codes that were kept of it (`keyed`). It only explains:
nothing is decided by it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Literal

from tuneform.dataset.balance import KEY_BYTES, Balance, Side, weigh
from tuneform.dataset.keyed import code
from tuneform.domain.data_change import DataChange, KeyedRow, Sample

Source = Callable[[], Iterable[tuple[str, str]]]
"""Gives inputs and outputs, as they are sent; asked twice, it gives the same twice."""


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
    found = weigh(_weighed(before, _digest), _weighed(after, _digest))
    return Comparison(found.added, found.removed, found.changed, found.unchanged)


def differences(
    before: Source,
    after: Source,
    *,
    samples: int,
    source: Literal["git", "ledger"],
    commit: str | None = None,
) -> DataChange:
    """Compare two datasets, and show some of the examples that differ.

    Samples are the first changed ones, then the first added ones, both in the order of the later
    dataset, then the first removed ones in the order of the earlier one. Memory grows as for
    `compare`; texts are held of samples only.

    Args:
        before: the earlier one; read twice if there are samples to find.
        after: the same of the later one.
        samples: how many there may be at most; 0 for data that must not be shown.
        source: where the earlier one was found.
        commit: that has it, if one has.
    """
    balance = weigh(_weighed(before(), _digest), _weighed(after(), _digest))
    shown = _later(after, balance, _digest, samples)
    shown = _earlier(before, balance, shown, samples)
    return _data_change(balance, shown, source, commit)


def differences_keyed(
    before: Iterable[KeyedRow], after: Source, *, secret: bytes, samples: int
) -> DataChange:
    """Compare a dataset with what is known of an earlier one by its codes.

    Counts are those of `differences`. Samples show the later side only: of a changed example the
    output before is not known, and removed examples have no text.

    Args:
        before: codes of the earlier one.
        after: the later one; read twice if there are samples to find.
        secret: that the codes were made with; with another one, everything differs.
        samples: how many there may be at most.
    """
    key = partial(code, secret=secret)
    codes = ((row.input + row.output, row.characters) for row in before)
    balance = weigh(codes, _weighed(after(), key))
    return _data_change(balance, _later(after, balance, key, samples), "ledger", None)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _weighed(
    examples: Iterable[tuple[str, str]], key: Callable[[str], bytes]
) -> Iterator[tuple[bytes, int]]:
    for text_input, output in examples:
        yield key(text_input) + key(output), len(text_input) + len(output)


def _later(after: Source, balance: Balance, key: Callable[[str], bytes], most: int) -> list[Sample]:
    """Changed examples, then added ones; what the changed ones were before is left open."""
    changes = min(most, balance.changed)
    additions = min(most - changes, balance.added)
    changed: list[Sample] = []
    added: list[Sample] = []
    side = Side(balance, -1)
    for text_input, output in after() if changes or additions else ():
        found = side.take(key(text_input) + key(output))
        if found == "paired" and len(changed) < changes:
            changed.append(Sample("changed", text_input, None, output))
        elif found == "alone" and len(added) < additions:
            added.append(Sample("added", text_input, None, output))
        if len(changed) + len(added) == changes + additions:
            break
    return changed + added


def _earlier(before: Source, balance: Balance, shown: list[Sample], most: int) -> list[Sample]:
    """The samples with what changed ones were before, and removed ones behind them."""
    samples = list(shown)
    incomplete: dict[str, deque[int]] = {}
    for place, sample in enumerate(shown):
        if sample.kind == "changed":
            incomplete.setdefault(sample.text_input, deque()).append(place)
    removals = min(most - len(shown), balance.removed)
    removed: list[Sample] = []
    side = Side(balance, 1)
    for text_input, output in before() if incomplete or removals else ():
        found = side.take(_digest(text_input) + _digest(output))
        if found == "paired" and text_input in incomplete:
            place = incomplete[text_input].popleft()
            samples[place] = replace(samples[place], before=output)
            if not incomplete[text_input]:
                del incomplete[text_input]
        elif found == "alone" and len(removed) < removals:
            removed.append(Sample("removed", text_input, output, None))
        if not incomplete and len(removed) == removals:
            break
    return samples + removed


def _data_change(
    balance: Balance, samples: list[Sample], source: Literal["git", "ledger"], commit: str | None
) -> DataChange:
    return DataChange(
        added=balance.added,
        removed=balance.removed,
        changed=balance.changed,
        unchanged=balance.unchanged,
        characters=balance.characters,
        source=source,
        commit=commit,
        samples=tuple(samples),
    )
