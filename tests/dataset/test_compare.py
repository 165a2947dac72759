"""Datasets are compared as multisets, paired by input."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.compare import Comparison, compare

A, B, C = ("a", "1"), ("b", "1"), ("c", "1")
FEW = st.sampled_from(["", "a", "b", "é"])
EXAMPLES = st.lists(st.tuples(FEW, FEW), max_size=12)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], Comparison(0, 0, 0, 0)),
        ([A, B], [B, A], Comparison(0, 0, 0, 2)),
        ([A], [A, B, C], Comparison(2, 0, 0, 1)),
        ([A, B, C], [C], Comparison(0, 2, 0, 1)),
        ([A, B], [("a", "2"), B], Comparison(0, 0, 1, 1)),
        ([A], [("A", "1")], Comparison(1, 1, 0, 0)),
        ([A, A], [A], Comparison(0, 1, 0, 1)),
        ([A, A], [A, ("a", "2")], Comparison(0, 0, 1, 1)),
        ([A, ("a", "2")], [("a", "2"), ("a", "3"), ("a", "4")], Comparison(1, 0, 1, 1)),
        ([("a", "bc")], [("ab", "c")], Comparison(1, 1, 0, 0)),
    ],
)
def test_compare(before, after, expected):
    assert compare(before, iter(after)) == expected


@given(EXAMPLES, EXAMPLES)
def test_the_counts_add_up(before, after):
    found = compare(before, after)
    assert found.removed + found.changed + found.unchanged == len(before)
    assert found.added + found.changed + found.unchanged == len(after)
    assert found.unchanged == (Counter(before) & Counter(after)).total()
    assert min(found.added, found.removed, found.changed, found.unchanged) >= 0
    assert found.same == (Counter(before) == Counter(after))


@given(EXAMPLES, EXAMPLES)
def test_looking_back_swaps_added_and_removed(before, after):
    there, back = compare(before, after), compare(after, before)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert (there.changed, there.unchanged) == (back.changed, back.unchanged)


@given(EXAMPLES, EXAMPLES, st.randoms(use_true_random=False))
def test_order_does_not_matter(before, after, rng):
    shuffled = list(after)
    rng.shuffle(shuffled)
    assert compare(before, shuffled) == compare(before, after)


@given(EXAMPLES, EXAMPLES)
def test_inputs_are_paired_as_often_as_possible(before, after):
    found = compare(before, after)
    both = Counter(a for a, _ in before) & Counter(a for a, _ in after)
    assert found.changed + found.unchanged == both.total()
