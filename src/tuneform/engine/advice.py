"""What a loss curve suggests for the next training. Advice is words; nothing applies it.

The tuning guide says: "Ideally you want to stop training at the lowest point in the curve right
before it plateaus"; "If the loss starts to plateau before 5 epochs, use a smaller value. If the
loss is converging and doesn't seem to plateau, use a higher value"; learning rate: "Use a smaller
value for smaller datasets". `examine` finds the shape of a curve, `advise` puts it into words.

Shapes are judged on the mean loss of each epoch, in parts of the whole fall from the first epoch
to the lowest: losses have no unit, so multiplying all of them by a number changes no shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from tuneform.domain.live import LossPoint

LEAST_EPOCHS = 3
"""Two epochs are a straight line: whether it flattens cannot be told."""

LEAST_STEPS = 6
"""Two steps an epoch at least; fewer, and one unlucky batch is the shape."""

SETTLED = 0.05
"""A twentieth of the whole fall left to gain is within the noise of small batches."""

SLOW = 0.25
"""Flat also means slow: what is left comes at less than this part of the average pace, so that an
even fall over many epochs, with little left for the last of them, is not called flat."""

RISEN = 0.10
"""A rise by a tenth of the whole fall is more than the noise of small batches."""

UNMOVED = 0.01
"""A fall by less than a hundredth of the loss's size is none."""

ADVISED_EXAMPLES = 100
"""The guide's lower end of recommended dataset sizes."""


class Shape(StrEnum):
    """How a curve goes."""

    UNCLEAR = "unclear"  # too little to go by
    BROKEN = "broken"  # not a number, or infinite
    DIVERGED = "diverged"  # ends above its beginning
    RISING = "rising"  # turned upwards again
    UNMOVED = "unmoved"
    FLATTENED = "flattened"
    FALLING = "falling"  # still at the end


@dataclass(frozen=True, slots=True)
class Reading:
    """A curve, examined.

    Attributes:
        shape: how it goes.
        means: mean loss of each epoch, in order; finite.
        epoch: from 1: the lowest (rising), where it flattens (flattened); else the last.
        step: of the first loss that is no number (broken), else 0.
    """

    shape: Shape
    means: tuple[float, ...] = ()
    epoch: int = 0
    step: int = 0


def examine(curve: Sequence[LossPoint], *, epochs: int | None) -> Reading:
    """Find the shape of a curve.

    Args:
        curve: by step.
        epochs: how many the training has; a curve that ends earlier is unclear, as the training
            goes on or was cancelled. None where nobody knows.
    """
    odd = next((point.step for point in curve if not math.isfinite(point.loss)), None)
    if odd is not None:
        return Reading(Shape.BROKEN, step=odd)
    means = _epoch_means(curve, epochs)
    too_short = len(means) < LEAST_EPOCHS or len(curve) < LEAST_STEPS
    if too_short or (epochs is not None and len(means) < epochs):
        return Reading(Shape.UNCLEAR, means, len(means))
    shape, epoch = _shape(means)
    return Reading(shape, means, epoch)


def _epoch_means(curve: Sequence[LossPoint], epochs: int | None) -> tuple[float, ...]:
    """Mean loss of each epoch.

    The service gives a step the epoch that its last example begins, so the very last step bears
    the number of an epoch that is never trained: it belongs to the one before.
    """
    grouped: dict[int, list[float]] = {}
    for point in sorted(curve, key=lambda point: point.step):
        epoch = point.epoch if epochs is None else min(point.epoch, epochs - 1)
        grouped.setdefault(epoch, []).append(point.loss)
    groups = [losses for _, losses in sorted(grouped.items())]
    if epochs is None and len(groups) > 1 and len(groups[-1]) * 2 <= len(groups[-2]):
        tail = groups.pop()
        groups[-1] = groups[-1] + tail
    # Divided first, so that no sum of large numbers overflows.
    return tuple(sum(loss / len(losses) for loss in losses) for losses in groups)


def _shape(means: tuple[float, ...]) -> tuple[Shape, int]:
    """The shape of at least three epochs, and the epoch it is about, from 1."""
    size = max(map(abs, means))
    if size == 0:
        return Shape.UNCLEAR, len(means)
    scaled = [mean / size for mean in means]
    first, last, least = scaled[0], scaled[-1], min(scaled)
    if last - first > UNMOVED and last - first > RISEN * (first - least):
        return Shape.DIVERGED, len(means)
    fall = first - least
    if fall <= UNMOVED:
        return Shape.UNMOVED, len(means)
    if last - least > RISEN * fall:
        return Shape.RISING, scaled.index(least) + 1
    flat = _flattens(scaled, fall)
    return (Shape.FLATTENED, flat) if flat < len(means) else (Shape.FALLING, len(means))


def _flattens(means: list[float], fall: float) -> int:
    """The first epoch after which little comes, and slowly; the last where there is none."""
    pace = fall / (len(means) - 1)
    for index, mean in enumerate(means[:-1]):
        left = mean - min(means[index:])
        if left <= SETTLED * fall and left / (len(means) - 1 - index) <= SLOW * pace:
            return index + 1
    return len(means)


def advise(
    curve: Sequence[LossPoint], *, epochs: int | None, examples: int | None
) -> tuple[str, ...]:
    """Say what a curve suggests, with its numbers; nothing where it says too little.

    Args:
        curve: loss by step of one version.
        epochs: of its training, as the service counts them.
        examples: of its dataset.

    Returns:
        Sentences, each one advice.
    """
    reading = examine(curve, epochs=epochs)
    told = _told(reading)
    if reading.shape in _TOO_FAST:
        return (told, *_few(examples))
    return (told,) if told else ()


_TOO_FAST = frozenset({Shape.BROKEN, Shape.DIVERGED, Shape.RISING})
"""Shapes that a smaller learning rate may mend."""


def _told(reading: Reading) -> str:
    """A shape, its numbers, and what follows; empty where nothing does."""
    means, epoch, total = reading.means, reading.epoch, len(reading.means)
    match reading.shape:
        case Shape.UNCLEAR:
            told = ""
        case Shape.BROKEN:
            told = f"The loss at step {reading.step} is no number. Try a smaller learning rate."
        case Shape.DIVERGED:
            told = f"The loss rises, {_way(means, 1, total)}. Try a smaller learning rate."
        case Shape.RISING:
            told = (
                f"The loss is lowest in epoch {epoch} of {total} and rises again, "
                f"{_way(means, epoch, total)}. "
                f"Try an epochCount of {epoch}, or a smaller learning rate."
            )
        case Shape.UNMOVED:
            told = (
                f"The loss hardly moves, {_way(means, 1, total)}. "
                "Look at the dataset first: more epochs of the same will not help."
            )
        case Shape.FLATTENED:
            told = (
                f"The loss flattens at epoch {epoch} of {total}; {_way(means, epoch, total)} "
                f"little is gained. An epochCount of {epoch} would do nearly as well."
            )
        case Shape.FALLING:
            told = (
                f"The loss is still falling at the end, {_way(means, total - 1, total)}. "
                f"An epochCount above {total} may bring it lower."
            )
        case _:
            assert_never(reading.shape)
    return told


def _few(examples: int | None) -> tuple[str, ...]:
    """The guide's word on small datasets, where a smaller rate is advised."""
    if examples is None or examples >= ADVISED_EXAMPLES:
        return ()
    count = "1 example" if examples == 1 else f"{examples} examples"
    told = (
        "The tuning guide advises a smaller learning rate for smaller datasets; "
        f"this one has {count}, fewer than {ADVISED_EXAMPLES}."
    )
    return (told,)


def _way(means: tuple[float, ...], first: int, last: int) -> str:
    """`from 0.81 in epoch 1 to 0.02 in epoch 5`: means of two epochs, counted from 1."""
    before, after = means[first - 1], means[last - 1]
    return f"from {before:.3g} in epoch {first} to {after:.3g} in epoch {last}"
