"""Examples that differ are counted and shown, with or without the earlier text."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.dataset.compare import compare, differences, differences_keyed
from tuneform.dataset.keyed import keyed_rows
from tuneform.domain.data_change import DataChange, KeyedRow, Sample

SECRET = b"a secret of the ledger"
FEW = st.sampled_from(["", "a", "b", "é"])
EXAMPLES = st.lists(st.tuples(FEW, FEW), max_size=12)
MOST = st.integers(0, 12)


def plain(before, after, samples=10):
    return differences(lambda: iter(before), lambda: iter(after), samples=samples, source="git")


def keyed(before, after, samples=10):
    codes = iter(keyed_rows(iter(before), SECRET))
    return differences_keyed(codes, lambda: iter(after), secret=SECRET, samples=samples)


def counts(change):
    return (change.added, change.removed, change.changed, change.unchanged)


BEFORE = [("gone", "1"), ("kept", "1"), ("other", "old"), ("kept", "1"), ("gone too", "1")]
AFTER = [("new", "1"), ("kept", "1"), ("kept", "1"), ("other", "newer"), ("newest", "333")]


def test_changed_examples_come_first_then_added_then_removed():
    found = differences(lambda: BEFORE, lambda: AFTER, samples=9, source="git", commit="0123abcd")
    assert found == DataChange(
        added=2,
        removed=2,
        changed=1,
        unchanged=2,
        characters=1,
        source="git",
        commit="0123abcd",
        samples=(
            Sample("changed", "other", "old", "newer"),
            Sample("added", "new", None, "1"),
            Sample("added", "newest", None, "333"),
            Sample("removed", "gone", "1", None),
            Sample("removed", "gone too", "1", None),
        ),
    )


def test_without_the_earlier_text_only_the_later_side_is_shown():
    found = keyed(BEFORE, AFTER)
    assert found == DataChange(
        added=2,
        removed=2,
        changed=1,
        unchanged=2,
        characters=1,
        source="ledger",
        samples=(
            Sample("changed", "other", None, "newer"),
            Sample("added", "new", None, "1"),
            Sample("added", "newest", None, "333"),
        ),
    )


@pytest.mark.parametrize("most", range(6))
def test_samples_are_the_first_of_all(most):
    assert plain(BEFORE, AFTER, most).samples == plain(BEFORE, AFTER, 9).samples[:most]


def test_examples_with_one_input_are_paired_in_order():
    before = [("a", "1"), ("b", "1"), ("a", "2"), ("a", "3")]
    after = [("a", "3"), ("a", "4"), ("b", "9"), ("a", "5"), ("a", "6")]
    assert plain(before, after).samples == (
        Sample("changed", "a", "1", "4"),
        Sample("changed", "b", "1", "9"),
        Sample("changed", "a", "2", "5"),
        Sample("added", "a", None, "6"),
    )


def test_of_equal_examples_as_many_as_are_too_many_differ():
    assert plain([("a", "1")], [("a", "1")] * 3).samples == (Sample("added", "a", None, "1"),) * 2
    assert plain([("a", "1")] * 3, [("a", "1")]).samples == (Sample("removed", "a", "1", None),) * 2


def test_without_samples_nothing_is_read_twice():
    reads = Counter()

    def source(name, rows):
        reads[name] += 1
        return iter(rows)

    def read_with(samples):
        reads.clear()
        found = differences(
            lambda: source("before", BEFORE),
            lambda: source("after", AFTER),
            samples=samples,
            source="git",
        )
        return found.samples, dict(reads)

    assert read_with(0) == ((), {"before": 1, "after": 1})
    assert read_with(2)[1] == {"before": 2, "after": 2}


@given(EXAMPLES, EXAMPLES, MOST)
def test_counts_are_those_of_the_comparison(before, after, most):
    found, expected = plain(before, after, most), compare(before, after)
    assert counts(found) == (
        expected.added,
        expected.removed,
        expected.changed,
        expected.unchanged,
    )
    length = sum(len(a + b) for a, b in after) - sum(len(a + b) for a, b in before)
    assert found.characters == length


@given(EXAMPLES, EXAMPLES, MOST)
def test_keyed_and_plain_comparisons_agree(before, after, most):
    full, bare = plain(before, after, most), keyed(before, after, most)
    assert counts(full) == counts(bare)
    assert full.characters == bare.characters
    shown = [(each.kind, each.text_input, each.after) for each in full.samples]
    assert [(each.kind, each.text_input, each.after) for each in bare.samples] == [
        each for each in shown if each[0] != "removed"
    ]
    assert all(each.before is None for each in bare.samples)


@given(EXAMPLES, EXAMPLES)
def test_samples_turn_the_earlier_dataset_into_the_later_one(before, after):
    rows = Counter(before)
    for each in plain(before, after, 100).samples:
        if each.before is not None:
            rows[each.text_input, each.before] -= 1
        if each.after is not None:
            rows[each.text_input, each.after] += 1
        assert (each.before is None) == (each.kind == "added")
        assert (each.after is None) == (each.kind == "removed")
    assert +rows == Counter(after)
    assert min(rows.values(), default=0) >= 0


@given(EXAMPLES, EXAMPLES, MOST)
def test_as_many_samples_are_shown_as_there_may_be(before, after, most):
    found = plain(before, after, most)
    differing = found.added + found.removed + found.changed
    assert len(found.samples) == min(most, differing)


# Codes


def test_codes_are_those_of_hmac():
    # RFC 4231, test case 2, cut to 16 bytes.
    rows = keyed_rows([("what do ya want for nothing?", "what do ya want for nothing?")], b"Jefe")
    code = bytes.fromhex("5bdcc146bf60754e6a042426089575c7")
    assert rows == [KeyedRow(code, code, 56)]


def test_another_secret_gives_other_codes():
    (one,), (other,) = keyed_rows([("a", "b")], b"1"), keyed_rows([("a", "b")], b"2")
    assert one.input != other.input
    assert one.output != other.output
    found = differences_keyed([one], lambda: [("a", "b")], secret=b"2", samples=0)
    assert counts(found) == (1, 1, 0, 0)


@given(EXAMPLES)
def test_a_dataset_does_not_differ_from_its_own_codes(examples):
    found = keyed(examples, examples[::-1])
    assert counts(found) == (0, 0, 0, len(examples))
    assert (found.characters, found.samples) == (0, ())
