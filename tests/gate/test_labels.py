"""Precision, recall and F1 of labels."""

import pytest

from tuneform.gate.labels import count, macro_f1, precision, recall

# billing: 3 expected, 3 answered, 2 hits. technical: 2 expected, 2 answered, 1 hit.
# sales: 1 expected, never answered; "nonsense" is no label.
PAIRS = [
    ("billing", "billing"),
    ("billing", " billing\n"),
    ("billing", "technical"),
    ("technical", "technical"),
    ("technical", "billing"),
    ("sales", "nonsense"),
]


@pytest.mark.parametrize(
    ("label", "exact", "found"),
    [
        ("billing", 2 / 3, 2 / 3),
        ("technical", 1 / 2, 1 / 2),
        (" technical ", 1 / 2, 1 / 2),
        ("sales", 0.0, 0.0),
        ("nonsense", 0.0, None),
        ("never", None, None),
        (None, 0.0, 0.0),
    ],
)
def test_of_a_label_or_the_lowest(label, exact, found):
    assert precision(PAIRS, label) == exact
    assert recall(PAIRS, label) == found


def test_the_lowest_is_that_of_an_expected_label():
    pairs = [("a", "a"), ("a", "a"), ("b", "b"), ("b", "a")]
    assert precision(pairs, None) == 2 / 3
    assert recall(pairs, None) == 1 / 2


def test_an_answer_that_is_no_label_lowers_recall_and_no_precision():
    pairs = [("a", "a"), ("a", "other"), ("b", "b")]
    assert (precision(pairs, None), recall(pairs, None)) == (1.0, 0.5)


def test_macro_f1_gives_every_expected_label_the_same_weight():
    assert macro_f1(PAIRS) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert macro_f1([("a", "a"), ("b", "b")]) == 1.0


def test_without_examples_nothing_is_defined():
    assert (precision([], None), recall([], None), macro_f1([])) == (None, None, None)


def test_an_empty_answer_is_no_label():
    assert count([("", "")]).hits.total() == 0
    assert recall([("", ""), ("a", "a")], None) == 0.0
