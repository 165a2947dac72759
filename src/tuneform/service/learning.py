"""The model that is really trained: hashed character n-grams, and a softmax over the outputs.

Pure arithmetic on values: no file, no clock, no thread. Everything is deterministic: equal
examples, hyperparameters and parent give equal weights and losses, in whatever order the examples
came. It is a small linear classifier and no language model: it can only answer with an output that
it was shown.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

DIMENSION = 512
"""Features of a text. Fixed: stored weights have this many rows."""

ORDERS = (1, 2, 3, 4)
"""Lengths of the n-grams."""

RATE_SCALE = 8_000.0
"""What a learning rate of the API is multiplied with: 0.001 becomes 8, at which this model (texts
of unit length, mean gradient of a batch) learns in the guide's five epochs."""

DIVERGED = 1e6
"""A mean loss beyond this, or none at all, means that training came to nothing."""

_LARGEST_RATE = 3e38
"""What single precision can hold."""

_CACHED_FEATURES = 4_000_000
"""Up to this many features are computed once, more are computed again for each batch."""

_AT_ONCE = 200_000
"""Characters of texts that are featurised together: each takes about a hundred bytes meanwhile."""

Matrix = NDArray[np.float32]
_Codes = NDArray[np.uint32]
_Rows = NDArray[np.intp]


class Diverged(Exception):
    """The loss left all bounds: the learning rate is far too high."""


def featurise(texts: Sequence[str]) -> Matrix:
    """One row of unit length for each text: the root of each n-gram's share."""
    if len(texts) > 1 and sum(map(len, texts)) > _AT_ONCE:
        half = len(texts) // 2
        return np.vstack([featurise(texts[:half]), featurise(texts[half:])])
    marked = [f"\x02{text.casefold()}\x03" for text in texts]
    codes = np.frombuffer("".join(marked).encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    owners = np.repeat(np.arange(len(marked)), [len(text) for text in marked])
    cells = []
    hashes: _Codes = np.zeros(len(codes), dtype=np.uint32)
    for order in ORDERS:
        tail = codes[order - 1 :]
        hashes = hashes[: len(tail)] * np.uint32(0x01000193) + tail + np.uint32(1)
        whole = owners[: len(tail)] == owners[order - 1 :]  # not from one text into the next
        buckets = _mix(hashes)[whole] % np.uint32(DIMENSION)
        cells.append(owners[: len(tail)][whole] * DIMENSION + buckets)
    counts = np.bincount(np.concatenate(cells), minlength=len(marked) * DIMENSION)
    rows = counts.reshape(len(marked), DIMENSION).astype(np.float32)
    shares: Matrix = np.sqrt(rows / rows.sum(axis=1, keepdims=True))
    return shares


def _mix(values: _Codes) -> _Codes:
    """Spread the bits of 32-bit integers; the same on every machine and in every process."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x7FEB352D)
    values = values ^ (values >> np.uint32(15))
    values = values * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))


@dataclass(frozen=True, slots=True)
class Learnt:
    """Known outputs, and a column of weights for each."""

    outputs: tuple[str, ...]
    matrix: Matrix

    def answers(self, text: str, count: int = 1) -> list[tuple[str, float]]:
        """The most probable outputs for a text, each with the logarithm of its probability."""
        scores = (featurise([text]) @ self.matrix)[0].astype(np.float64)
        scores -= scores.max()
        scores -= math.log(float(np.exp(scores).sum()))
        best = np.argsort(-scores, kind="stable")[:count]
        return [(self.outputs[i], float(scores[i])) for i in best]


def packed(learnt: Learnt) -> tuple[bytes, bytes]:
    """Outputs and weights as bytes, the same on every machine."""
    matrix = np.ascontiguousarray(learnt.matrix, dtype="<f4").tobytes()
    return msgspec.json.encode(learnt.outputs), matrix


def unpacked(outputs: bytes, matrix: bytes) -> Learnt:
    """What was packed; an empty matrix stands for one that nothing was learnt into."""
    known = msgspec.json.decode(outputs, type=tuple[str, ...])
    if not matrix:
        return Learnt(known, np.zeros((DIMENSION, len(known)), dtype=np.float32))
    weights = np.frombuffer(matrix, dtype="<f4").reshape(DIMENSION, len(known))
    return Learnt(known, weights.astype(np.float32, copy=False))


def untrained(outputs: Sequence[str]) -> Learnt:
    """A model that knows the outputs, and nothing about when to give which."""
    known = tuple(sorted(set(outputs)))
    return Learnt(known, np.zeros((DIMENSION, len(known)), dtype=np.float32))


def _grown(parent: Learnt, outputs: Sequence[str]) -> Learnt:
    """The parent with columns for the outputs that it does not know yet."""
    new = untrained([output for output in outputs if output not in set(parent.outputs)])
    return Learnt(parent.outputs + new.outputs, np.hstack([parent.matrix, new.matrix]))


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a training depends on."""

    examples: tuple[tuple[str, str], ...]
    epochs: int
    batch: int
    rate: float
    parent: Learnt | None = None
    stand_for: int = 0
    """How many examples the given ones stand for, where they are a sample."""

    @property
    def count(self) -> int:
        """How many examples an epoch visits."""
        return max(self.stand_for, len(self.examples))

    @property
    def total_steps(self) -> int:
        """ceil(epochs x examples / batch), as the real service counts."""
        return -(-self.epochs * self.count // self.batch)


class Fitting:
    """A training under way: step after step, each with its loss."""

    def __init__(self, recipe: Recipe) -> None:
        examples = sorted(recipe.examples)
        outputs = [output for _, output in examples]
        start = _grown(recipe.parent, outputs) if recipe.parent else untrained(outputs)
        column = {output: i for i, output in enumerate(start.outputs)}
        self._recipe = recipe
        self._rate = np.float32(min(recipe.rate * RATE_SCALE, _LARGEST_RATE))
        self._lines = np.arange(min(recipe.batch, recipe.epochs * recipe.count))
        self._texts = [text for text, _ in examples]
        self._targets = np.array([column[output] for output in outputs])
        self._outputs = start.outputs
        self._matrix = start.matrix.copy()
        small = len(examples) * DIMENSION <= _CACHED_FEATURES
        self._features = featurise(self._texts) if small else None

    def losses(self) -> Iterator[float]:
        """Take the steps; gives each one's mean loss, before its correction.

        Raises:
            Diverged: when the loss leaves all bounds.
        """
        for rows in self._batches():
            yield self._take(rows)

    def _batches(self) -> Iterator[_Rows]:
        """The rows of each step: epochs one after the other, each in an order of its own."""
        size = self._recipe.batch
        all_rows = np.arange(self._recipe.count, dtype=np.uint32)
        waiting: _Rows = np.empty(0, dtype=np.intp)
        for epoch in range(self._recipe.epochs):
            salt = _mix(np.full_like(all_rows, epoch + 1))
            order = np.argsort(_mix(all_rows + salt), kind="stable")
            waiting = np.concatenate([waiting, order % len(self._texts)])
            whole = len(waiting) - len(waiting) % size
            for start in range(0, whole, size):
                yield waiting[start : start + size]
            waiting = waiting[whole:]
        if len(waiting):
            yield waiting

    def _take(self, rows: _Rows) -> float:
        texts, count = self._rows(rows), len(rows)
        wanted = (self._lines[:count], self._targets[rows])
        with np.errstate(over="ignore", invalid="ignore"):
            scores = texts @ self._matrix
            scores -= np.maximum.reduce(scores, axis=1, keepdims=True)
            chances = np.exp(scores)
            sums = np.add.reduce(chances, axis=1, keepdims=True)
            loss = float(np.add.reduce(np.log(sums[:, 0]) - scores[wanted])) / count
            chances *= self._rate / (count * sums)
            chances[wanted] -= self._rate / count
            self._matrix -= texts.T @ chances
        if not loss <= DIVERGED:
            raise Diverged
        return loss

    def _rows(self, rows: _Rows) -> Matrix:
        if self._features is not None:
            return self._features[rows]
        return featurise([self._texts[row] for row in rows])

    def learnt(self) -> Learnt:
        """What was learnt so far."""
        return Learnt(self._outputs, self._matrix.copy())
