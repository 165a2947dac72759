"""Precision, recall and F1 of labels, over all answers. Pure.

Texts are labels without the white space around them. The labels of an evaluation are the distinct
expected outputs. An answer that is none of them is a miss of the label that was expected, and a
false alarm of nobody: it lowers recall, and no precision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import TypeAlias

Pair: TypeAlias = tuple[str, str]
"""What was expected, and what was answered."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each label was expected, answered, and answered where it was expected."""

    expected: Counter[str]
    answered: Counter[str]
    hits: Counter[str]

    def precision(self, label: str) -> float | None:
        """Hits among the answers of this label.

        Where it was never answered: 0 if it was expected, else not defined.
        """
        if self.answered[label]:
            return self.hits[label] / self.answered[label]
        return 0.0 if self.expected[label] else None

    def recall(self, label: str) -> float | None:
        """Hits among the examples of this label; not defined where there are none."""
        if not self.expected[label]:
            return None
        return self.hits[label] / self.expected[label]

    def f1(self, label: str) -> float:
        """Twice the hits, by expected and answered together; of a label that was expected."""
        return 2 * self.hits[label] / (self.expected[label] + self.answered[label])


def count(pairs: Sequence[Pair]) -> Counts:
    """Count what `Counts` holds. An empty answer is no label, whatever was expected."""
    given = [(expected.strip(), answer.strip()) for expected, answer in pairs if answer]
    return Counts(
        expected=Counter(expected.strip() for expected, _ in pairs),
        answered=Counter(answer for _, answer in given),
        hits=Counter(answer for expected, answer in given if answer == expected),
    )


def precision(pairs: Sequence[Pair], label: str | None) -> float | None:
    """Of a label, or the lowest of all labels; None where it is not defined."""
    counts = count(pairs)
    if label is not None:
        return counts.precision(label.strip())
    return _lowest([counts.precision(each) for each in counts.expected])


def recall(pairs: Sequence[Pair], label: str | None) -> float | None:
    """Of a label, or the lowest of all labels; None where it is not defined."""
    counts = count(pairs)
    if label is not None:
        return counts.recall(label.strip())
    return _lowest([counts.recall(each) for each in counts.expected])


def macro_f1(pairs: Sequence[Pair]) -> float | None:
    """The mean F1 of all labels, each of the same weight; None without any."""
    counts = count(pairs)
    if not counts.expected:
        return None
    return fsum(map(counts.f1, counts.expected)) / len(counts.expected)


def label_match(expected: str, answer: str) -> float:
    """Whether the answer is the label that was expected."""
    return float(expected.strip() == answer.strip())


def _lowest(values: Sequence[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)
