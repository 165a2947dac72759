"""Rows that repeat each other, found in few rows and in very many."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.repeats import find

SMALL = st.integers(-3, 3)
ROWS = st.lists(st.tuples(SMALL, st.sampled_from([b"a", b"b"])), max_size=20)


@given(ROWS)
def test_every_place_is_told_once(rows):
    found = find([each for each, _ in rows], [digest for _, digest in rows])
    counts = Counter(rows)
    duplicates = {place for places in found.duplicates for place in places}
    assert duplicates == {place for place, row in enumerate(rows) if counts[row] > 1}
    answers = {each: {digest for other, digest in rows if other == each} for each, _ in rows}
    assert len(found.conflicts) == sum(len(digests) > 1 for digests in answers.values())


@pytest.mark.parametrize("count", [10, 150_000])
def test_of_many_rows_the_same_is_told_as_of_few(count):
    inputs = [*range(-count, 0), -1, -2]
    digests = [b"x"] * (count + 1) + [b"y"]
    found = find(inputs, digests)
    assert found.duplicates == ((count - 1, count),)
    assert found.conflicts == ((count - 2, count + 1),)
