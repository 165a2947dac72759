"""What a loss curve suggests: shapes in a table, and laws for all curves."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform.domain.live import LossPoint
from tuneform.engine.advice import Shape, advise, examine

law = settings(suppress_health_check=[HealthCheck.too_slow])


def curve(means: list[float], per_epoch: int = 4) -> tuple[LossPoint, ...]:
    """Epochs whose steps all have the mean loss."""
    losses = [(epoch, mean) for epoch, mean in enumerate(means) for _ in range(per_epoch)]
    return tuple(LossPoint(step, epoch, loss) for step, (epoch, loss) in enumerate(losses, 1))


@pytest.mark.parametrize(
    ("reason", "means", "shape", "epoch"),
    [
        ("nothing", [], Shape.UNCLEAR, 0),
        ("two epochs are a straight line", [1, 0.5], Shape.UNCLEAR, 2),
        ("all zero", [0, 0, 0], Shape.UNCLEAR, 3),
        ("the guide's picture", [1, 0.4, 0.1, 0.03, 0.028, 0.027], Shape.FLATTENED, 4),
        ("flat from the second epoch", [1, 0.02, 0.01, 0.012, 0.01], Shape.FLATTENED, 2),
        ("an even fall", [5, 4, 3, 2, 1], Shape.FALLING, 5),
        ("an even fall over many epochs", [30 - x for x in range(30)], Shape.FALLING, 30),
        ("slower and slower, not flat yet", [1, 0.7, 0.5, 0.36, 0.26], Shape.FALLING, 5),
        ("turns upwards", [1, 0.4, 0.2, 0.3, 0.5], Shape.RISING, 3),
        ("a small rise is noise", [1, 0.3, 0.1, 0.08, 0.1], Shape.FLATTENED, 3),
        ("up from the beginning", [1, 2, 4], Shape.DIVERGED, 3),
        ("down, then above its beginning", [1, 0.5, 3], Shape.DIVERGED, 3),
        ("hardly moves", [1, 0.999, 0.998], Shape.UNMOVED, 3),
        ("exactly constant", [0.5, 0.5, 0.5], Shape.UNMOVED, 3),
        ("slightly negative losses", [1, 0.2, -0.01, -0.011, -0.012], Shape.FLATTENED, 3),
        ("the largest numbers", [1.7e308, -1.7e308, -1.7e308, -1.7e308], Shape.FLATTENED, 2),
        ("the smallest numbers", [1e-300, 0, 0, 0], Shape.FLATTENED, 2),
    ],
)
def test_shapes(reason, means, shape, epoch):
    reading = examine(curve(means), epochs=None)
    assert (reading.shape, reading.epoch) == (shape, epoch), reason


def test_a_training_that_is_not_complete_says_nothing():
    points = curve([5, 4, 3])
    assert examine(points, epochs=4).shape is Shape.UNCLEAR
    assert examine(points, epochs=3).shape is Shape.FALLING


def test_too_few_steps_say_nothing():
    assert advise(curve([3, 2, 1], per_epoch=1), epochs=3, examples=15) == ()


@pytest.mark.parametrize("epochs", [None, 3])
def test_the_last_step_is_no_epoch_of_its_own(epochs):
    points = (*curve([3, 2, 1]), LossPoint(13, 3, 1.0))
    assert examine(points, epochs=epochs).means == (3, 2, 1)


def test_the_order_of_points_changes_nothing():
    points = curve([3, 2, 1])
    assert examine(points[::-1], epochs=3) == examine(points, epochs=3)


def test_no_number_is_told_even_of_a_short_curve():
    points = (LossPoint(1, 0, 2.0), LossPoint(2, 0, math.nan), LossPoint(3, 0, 1.0))
    assert advise(points, epochs=5, examples=None) == (
        "The loss at step 2 is no number. Try a smaller learning rate.",
    )


@pytest.mark.parametrize(
    ("means", "examples", "told"),
    [
        (
            [1, 0.4, 0.02, 0.019, 0.018],
            15,
            (
                (
                    "The loss flattens at epoch 3 of 5; from 0.02 in epoch 3 to 0.018 in epoch 5 "
                    "little is gained. An epochCount of 3 would do nearly as well."
                ),
            ),
        ),
        (
            [5, 4, 3, 2, 1],
            None,
            (
                (
                    "The loss is still falling at the end, from 2 in epoch 4 to 1 in epoch 5. "
                    "An epochCount above 5 may bring it lower."
                ),
            ),
        ),
        (
            [1, 2, 4],
            500,
            ("The loss rises, from 1 in epoch 1 to 4 in epoch 3. Try a smaller learning rate.",),
        ),
        (
            [1, 0.2, 0.5],
            15,
            (
                (
                    "The loss is lowest in epoch 2 of 3 and rises again, from 0.2 in epoch 2 to "
                    "0.5 in epoch 3. Try an epochCount of 2, or a smaller learning rate."
                ),
                (
                    "The tuning guide advises a smaller learning rate for smaller datasets; this "
                    "one has 15 examples, fewer than 100."
                ),
            ),
        ),
        (
            [1, 1, 1],
            15,
            (
                (
                    "The loss hardly moves, from 1 in epoch 1 to 1 in epoch 3. Look at the dataset "
                    "first: more epochs of the same will not help."
                ),
            ),
        ),
    ],
)
def test_words(means, examples, told):
    assert advise(curve(means), epochs=len(means), examples=examples) == told


MEANS = st.lists(st.integers(-1000, 1000).map(float), min_size=3, max_size=12)


@law
@given(MEANS, st.integers(-60, 60))
def test_the_size_of_losses_changes_no_shape(means, power):
    plain = examine(curve(means), epochs=None)
    scaled = examine(curve([math.ldexp(mean, power) for mean in means]), epochs=None)
    assert (scaled.shape, scaled.epoch) == (plain.shape, plain.epoch)


POINTS = st.builds(
    LossPoint,
    st.integers(1, 50),
    st.integers(0, 12),
    st.floats() | st.sampled_from([1.7e308, -1.7e308, 5e-324, 0.0]),
)


@law
@given(
    st.lists(POINTS, max_size=40),
    st.none() | st.integers(1, 12),
    st.none() | st.integers(0, 1000),
)
def test_any_curve_can_be_read(points, epochs, examples):
    told = advise(points, epochs=epochs, examples=examples)
    assert all(any(character.isdigit() for character in sentence) for sentence in told)
    assert all("nan" not in sentence and "inf" not in sentence for sentence in told)


@law
@given(MEANS)
def test_the_named_epoch_exists(means):
    reading = examine(curve(means), epochs=len(means))
    assert 1 <= reading.epoch <= len(means)
    if reading.shape is Shape.FLATTENED:
        assert reading.epoch < len(means)
