"""The model that is trained: that it learns, and that it is the same every time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.service.learning import (
    DIMENSION,
    Diverged,
    Fitting,
    Recipe,
    featurise,
    packed,
    unpacked,
    untrained,
)

NUMBERS = tuple((str(n), str(n + 1)) for n in range(15))


def fitted(examples, epochs=5, batch=4, rate=0.001, parent=None):
    fitting = Fitting(Recipe(tuple(examples), epochs, batch, rate, parent))
    losses = list(fitting.losses())
    return fitting.learnt(), losses


def test_the_guides_settings_learn_the_guides_kind_of_examples():
    learnt, losses = fitted(NUMBERS)
    assert losses[0] == pytest.approx(math.log(15), rel=1e-5)
    assert losses[-1] < 0.5
    assert all(learnt.answers(text)[0][0] == output for text, output in NUMBERS)


def test_a_classifier_finds_its_way_to_texts_that_it_has_not_seen():
    words = {"fruit": ["apple", "pear", "plum"], "metal": ["iron", "copper", "zinc"]}
    train = [(f"a {size} {w}", kind) for kind, ws in words.items() for w in ws for size in "xyz"]
    learnt, _ = fitted(train)
    assert learnt.answers("some apples")[0][0] == "fruit"
    assert learnt.answers("old copper coins")[0][0] == "metal"


def test_a_smaller_rate_learns_more_slowly():
    assert fitted(NUMBERS, rate=0.0002)[1][-1] > fitted(NUMBERS, rate=0.001)[1][-1]


@given(st.permutations(NUMBERS))
@settings(max_examples=10)
def test_the_order_of_the_examples_makes_no_difference(examples):
    once, losses = fitted(NUMBERS)
    again, same = fitted(examples)
    assert losses == same
    assert packed(once) == packed(again)


@pytest.mark.parametrize(
    ("epochs", "batch"), [(5, 2), (5, 4), (3, 2), (1, 15), (1, 16), (5, 100), (2, 7)]
)
def test_the_number_of_steps(epochs, batch):
    assert len(fitted(NUMBERS, epochs, batch)[1]) == math.ceil(epochs * 15 / batch)


def test_epochs_see_every_example_once():
    fitting = Fitting(Recipe(NUMBERS, 3, 4, 0.001))
    rows = [row for batch in fitting._batches() for row in batch.tolist()]
    for epoch in range(3):
        assert sorted(rows[epoch * 15 : epoch * 15 + 15]) == list(range(15))
    assert rows[:15] != rows[15:30]


def test_a_sample_is_visited_as_often_as_all_that_it_stands_for():
    fitting = Fitting(Recipe(NUMBERS, 2, 4, 0.001, stand_for=40))
    rows = [row for batch in fitting._batches() for row in batch.tolist()]
    assert len(rows) == 80
    assert len(list(fitting.losses())) == 20 == fitting._recipe.total_steps
    assert all(rows[:40].count(row) in (2, 3) for row in range(15))


def test_a_rate_far_too_high_diverges():
    for rate in (1e9, 1e30, 3e38, 1e300):
        with pytest.raises(Diverged):
            fitted(NUMBERS, rate=rate)


def test_training_goes_on_from_a_parent():
    parent, _ = fitted(NUMBERS)
    child, losses = fitted([("hundred", "hundred one"), ("0", "1")], parent=parent)
    assert child.outputs == (*parent.outputs, "hundred one")
    assert child.answers("hundred")[0][0] == "hundred one"
    assert child.answers("7")[0][0] == "8"
    assert losses


def test_answers_are_probabilities():
    learnt, _ = fitted(NUMBERS)
    chances = [math.exp(log) for _, log in learnt.answers("3", count=99)]
    assert len(chances) == 15
    assert sum(chances) == pytest.approx(1)
    assert chances == sorted(chances, reverse=True)


def test_a_large_dataset_trains_without_keeping_its_features():
    examples = [(f"number {n}", "odd" if n % 2 else "even") for n in range(8100)]
    learnt, losses = fitted(examples, epochs=1, batch=512)
    assert len(losses) == 16
    assert learnt.outputs == ("even", "odd")


@given(st.text(min_size=1, max_size=50))
def test_features_have_unit_length_whatever_the_text(text):
    (row,) = featurise([text])
    assert row.shape == (DIMENSION,)
    assert float(np.linalg.norm(row)) == pytest.approx(1, rel=1e-5)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_a_text_has_the_same_features_in_any_company(texts):
    together = featurise(texts)
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, featurise([text])[0])


def test_features_are_the_same_in_every_process_and_on_every_machine():
    (row,) = featurise(["twenty two"])
    assert np.flatnonzero(row)[:6].tolist() == [1, 6, 45, 65, 77, 81]


def test_weights_survive_being_kept():
    learnt, _ = fitted(NUMBERS)
    again = unpacked(*packed(learnt))
    assert again.outputs == learnt.outputs
    assert np.array_equal(again.matrix, learnt.matrix)
    nothing = unpacked(packed(untrained(["b", "a"]))[0], b"")
    assert nothing.answers("x")[0] == ("a", pytest.approx(math.log(0.5)))


def test_texts_are_featurised_alike_however_many_there_are():
    texts = ["one", "", "long" * 60_000, "two", "three"]
    assert np.array_equal(featurise(texts), np.vstack([featurise([text]) for text in texts]))
