"""A dataset in numbers."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.stats import Lengths, stats
from tuneform.domain.capabilities import Base, Defaults, Limits

BASE = Base("models/test", defaults=Defaults(epoch_count=5, batch_size=4))


def of(examples, base=BASE):
    return stats(iter(examples), 1234, base)


def test_the_guide_s_example_takes_19_steps():
    assert of([(str(number), "x") for number in range(15)]).steps == 19


def test_lengths():
    found = of([("x" * length, "y") for length in range(1, 101)])
    assert found.inputs == Lengths(least=1, median=50, mean=50.5, p95=95, most=100)
    assert found.outputs == Lengths(least=1, median=1, mean=1.0, p95=1, most=1)
    assert (found.examples, found.size) == (100, 1234)


def test_nothing_at_all():
    found = of([])
    assert found.inputs == found.outputs == Lengths()
    assert (found.examples, found.steps, found.labels, found.duplicates) == (0, 0, (), 0)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=50))
def test_lengths_are_those_of_texts(lengths):
    found = of([("x" * length, "y") for length in lengths]).inputs
    assert found.median == statistics.median_low(lengths)
    assert found.mean == pytest.approx(statistics.fmean(lengths))
    assert (found.least, found.most) == (min(lengths), max(lengths))
    assert sum(length <= found.p95 for length in lengths) >= 0.95 * len(lengths)
    assert sum(length < found.p95 for length in lengths) < 0.95 * len(lengths)


def test_labels_are_the_most_common_outputs():
    outputs = ["low"] * 5 + ["high"] * 7 + ["mid\x1b"] * 5
    found = of([(str(number), output) for number, output in enumerate(outputs)])
    assert found.labels == (("high", 7), ("low", 5), ("mid\\x1b", 5))
    assert found.distinct_outputs == 3


@pytest.mark.parametrize(("distinct", "shown"), [(20, 10), (21, 0)])
def test_many_different_outputs_are_no_labels(distinct, shown):
    found = of([(str(number), str(number % distinct)) for number in range(200)])
    assert found.distinct_outputs == distinct
    assert len(found.labels) == shown


def test_outputs_that_hardly_repeat_are_no_labels():
    found = of([(str(number), f"an answer, {number}") for number in range(19)])
    assert found.labels == ()


def test_a_long_label_is_cut():
    ((label, times),) = of([("a", "x" * 500)] * 3).labels
    assert (len(label), times) == (60, 3)


def test_duplicates():
    assert of([("a", "b"), ("a", "b"), ("a", "c"), ("a", "b")]).duplicates == 2


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (15, ["as little as 20 examples", "between 100 and 500", "a smaller value for smaller"]),
        (99, ["as little as 20 examples", "between 100 and 500", "a smaller value for smaller"]),
        (100, []),
        (500, []),
        (501, ["between 100 and 500 examples are advised"]),
    ],
)
def test_advice_is_quoted_where_the_numbers_call_for_it(count, words):
    advice = " ".join(of([(str(number), "x") for number in range(count)]).advice)
    assert bool(advice) == bool(words)
    for each in words:
        assert each in advice


def test_other_bases_have_other_guides():
    base = Base("models/other", limits=Limits(examples_advised=(200, 300)))
    assert of([("a", "b")], base).advice[0] == "between 200 and 300 examples are advised"
