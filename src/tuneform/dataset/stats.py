"""A dataset in numbers, and what the guide advises for such numbers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuneform.dataset import guide
from tuneform.dataset.digest import example_digest
from tuneform.domain.capabilities import Base, Limits

_LABELS_MOST = 20
_LABELS_SHOWN = 10
_LABEL_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are, in Unicode characters; all zero where there is no text.

    Attributes:
        least: of the shortest.
        median: half of the texts are not longer.
        mean: the average.
        p95: 95 of a hundred texts are not longer.
        most: of the longest.
    """

    least: int = 0
    median: int = 0
    mean: float = 0.0
    p95: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """A dataset in numbers.

    Attributes:
        examples: count of rows.
        size: of the file, in bytes.
        inputs: lengths of the inputs, preamble included.
        outputs: lengths of the outputs.
        duplicates: rows that repeat an earlier row.
        distinct_outputs: count of different outputs.
        labels: the most common outputs with their counts, at most ten, where the outputs look like
            classes: at most 20 different ones, on average used twice. Printable, and cut to 60
            characters.
        steps: of training with the base's default settings.
        advice: sentences from the guide that these numbers call for.
    """

    examples: int
    size: int
    inputs: Lengths
    outputs: Lengths
    duplicates: int
    distinct_outputs: int
    labels: tuple[tuple[str, int], ...]
    steps: int
    advice: tuple[str, ...]


def stats(examples: Iterable[tuple[str, str]], size: int, base: Base) -> Stats:
    """Count.

    Memory grows with the count of examples, not with their length.

    Args:
        examples: inputs and outputs, as they are sent.
        size: of the file, in bytes.
        base: that would be trained.
    """
    inputs, outputs = array("Q"), array("Q")
    different: set[bytes] = set()
    labels = _Labels()
    for text_input, output in examples:
        inputs.append(len(text_input))
        outputs.append(len(output))
        different.add(example_digest(text_input, output))
        labels.count(output)
    count = len(inputs)
    return Stats(
        examples=count,
        size=size,
        inputs=_lengths(inputs),
        outputs=_lengths(outputs),
        duplicates=count - len(different),
        distinct_outputs=labels.distinct,
        labels=labels.common(),
        steps=base.defaults.steps(count),
        advice=_advice(count, base.limits),
    )


class _Labels:
    """Counts outputs; keeps their text only as long as there are few different ones."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._few = True

    @property
    def distinct(self) -> int:
        return len(self._seen)

    def count(self, output: str) -> None:
        self._seen.add(hash(output))
        if len(self._seen) > _LABELS_MOST:
            self._few = False
            self._counts.clear()
        if self._few:
            self._counts[output] += 1

    def common(self) -> tuple[tuple[str, int], ...]:
        if self._counts.total() < 2 * len(self._counts):
            return ()
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple((_printable(text), times) for text, times in ranked[:_LABELS_SHOWN])


def _printable(text: str) -> str:
    short = text if len(text) <= _LABEL_CHARACTERS else text[: _LABEL_CHARACTERS - 1] + "…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in short)


def _lengths(lengths: Sequence[int]) -> Lengths:
    if not lengths:
        return Lengths()
    ranked = sorted(lengths)
    count = len(ranked)
    # Nearest rank: an observed length, from the bottom, rounded up.
    return Lengths(
        least=ranked[0],
        median=ranked[-(-count // 2) - 1],
        mean=sum(ranked) / count,
        p95=ranked[-(-count * 95 // 100) - 1],
        most=ranked[-1],
    )


def _advice(count: int, limits: Limits) -> tuple[str, ...]:
    low, high = limits.examples_advised
    if count < low:
        return (guide.on_size(limits), guide.MORE, guide.RATE)
    if count <= high:
        return ()
    return (f"between {low:,} and {high:,} examples are advised; more take longer to train",)
