"""Marks as labels: there and back, and whatever labels hold, a decision."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.mark import DeletionPolicy, Mark, Verdict
from tuneform.domain.names import NAME, SHORT
from tuneform.errors import InvalidRequest
from tuneform.providers.vertex.labels import (
    HOLDS,
    is_key,
    is_value,
    joined,
    read_mark,
    users,
    write_mark,
)

names = st.from_regex(NAME, fullmatch=True)
shorts = st.from_regex(SHORT, fullmatch=True)
marks = st.builds(
    Mark,
    owner=st.one_of(names, st.builds("{}/{}".format, names, names)),
    model=names,
    fingerprint=shorts,
    data=shorts,
    revision=st.integers(1, 999_999_999),
    serving=st.booleans(),
    staged=st.booleans(),
    pinned=st.none() | shorts,
    verdict=st.none() | st.builds(Verdict, st.booleans(), shorts),
    deletion=st.sampled_from(DeletionPolicy),
    cancelled=st.booleans(),
    adopted=st.none() | st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True),
)
keys = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["tuneform", "tuneform-owner", "tuneform-serving", "tuneform-gate", HOLDS]),
    st.builds("tuneform-{}".format, st.text(max_size=8)),
)
values = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["v1", "v2", "true", "demo_prod", "demo/prod", "a serving", "passed_abcdefghij"]
    ),
)
hostile = st.dictionaries(keys, values, max_size=8)
lawful = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True).filter(
        lambda key: not key.startswith(("tuneform", "goog", "tune-type"))
    ),
    st.from_regex(r"[a-z0-9_-]{0,63}", fullmatch=True),
    max_size=5,
)
LABELS = {
    "tuneform": "v1",
    "tuneform-owner": "demo_prod",
    "tuneform-model": "support",
    "tuneform-fingerprint": "abcdefghij",
    "tuneform-data": "klmnopqrst",
    "tuneform-rev": "3",
}
MARK = Mark("demo/prod", "support", "abcdefghij", "klmnopqrst", 3)


@given(marks)
def test_a_mark_comes_back(mark):
    assert read_mark(write_mark(mark)) == mark


@given(marks)
def test_labels_of_a_mark_obey_the_rules_of_labels(mark):
    labels = write_mark(mark)

    assert all(map(is_key, labels))
    assert all(map(is_value, labels.values()))
    assert max(map(len, [*labels, *labels.values()])) <= 63


@given(hostile)
def test_whatever_labels_hold_there_is_an_answer(labels):
    mark = read_mark(labels)

    assert mark is None or mark.owner
    assert not any(key.startswith("tuneform") for key, _ in users(labels))


@given(marks, hostile)
def test_what_is_odd_is_held_and_hides_nothing(mark, odd):
    """No label that is not ours changes what a mark says; one of ours that is odd is told."""
    ours = write_mark(mark)
    odd = {key: value for key, value in odd.items() if key not in ours}
    found = read_mark({**odd, **ours})

    known = {key for key in odd if key.startswith("tuneform") and key != HOLDS}
    if not known:
        assert found == mark
    assert (found.owner, found.model, found.fingerprint) == (
        mark.owner,
        mark.model,
        mark.fingerprint,
    )


@given(marks, lawful, lawful)
def test_the_labels_of_others_stay(mark, theirs, declared):
    labels = joined(theirs, mark, declared.items())

    assert read_mark(labels) == mark
    assert dict(users(labels)) == {**theirs, **declared}
    assert joined(labels, None, ()) == {**theirs, **declared}


@pytest.mark.parametrize(
    ("labels", "mark"),
    [
        ({}, None),
        (None, None),
        ({"team": "growth"}, None),
        (LABELS, MARK),
        ({**LABELS, "team": "growth", "tune-type": "x"}, MARK),
        ({**LABELS, HOLDS: "12"}, MARK),
        ({**LABELS, "tuneform-serving": "true"}, replace(MARK, serving=True)),
        (
            {**LABELS, "tuneform-gate": "failed_abcdefghij"},
            replace(MARK, verdict=Verdict(False, "abcdefghij")),
        ),
        ({**LABELS, "tuneform-owner": "demo"}, replace(MARK, owner="demo")),
        ({key: value for key, value in LABELS.items() if key != "tuneform"}, None),
        ({key: value for key, value in LABELS.items() if key != "tuneform-owner"}, None),
        ({**LABELS, "tuneform-owner": "a_b_c"}, None),
        ({**LABELS, "tuneform-owner": "demo/prod"}, None),
    ],
)
def test_reading(labels, mark):
    assert read_mark(labels) == mark


@pytest.mark.parametrize(
    ("label", "word"),
    [
        (("tuneform", "v2"), "tuneform/v2"),
        (("tuneform-later", "x"), "tuneform-later=x"),
        (("tuneformer", "x"), "tuneformer=x"),
        (("tuneform-serving", "false"), "serving=false"),
        (("tuneform-serving", ""), "serving="),
        (("tuneform-rev", "0"), "rev=0"),
        (("tuneform-deletion", "delete"), "deletion=delete"),
        (("tuneform-gate", "passed"), "gate=passed"),
        (("tuneform-pinned", "x serving"), "pinned=x%20serving"),
    ],
)
def test_an_unknown_word_holds(label, word):
    mark = read_mark({**LABELS, **dict([label])})

    assert word in mark.unknown
    assert not mark.serving


def test_a_mark_that_lacks_what_every_mark_says_holds():
    bare = {key: value for key, value in LABELS.items() if key != "tuneform-data"}

    assert read_mark(bare).unknown == ("data=",)


def test_unknown_words_are_kept():
    labels = {**LABELS, "tuneform-later": "word", "tuneform-serving": "false"}

    assert write_mark(read_mark(labels)) == labels


def test_what_no_label_can_hold_is_refused():
    with pytest.raises(InvalidRequest, match="no label can hold: UPPER"):
        write_mark(replace(MARK, adopted="UPPER"))


def test_a_declared_label_cannot_pass_for_the_mark():
    with pytest.raises(InvalidRequest, match="tuneform-owner cannot be set"):
        joined({}, MARK, [("tuneform-owner", "other")])


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a", True),
        ("a-1_b", True),
        ("größe", True),
        ("A", False),
        ("a b", False),
        ("a.b", False),
        ("a" * 63, True),
        ("a" * 64, False),
        ("東京", True),
        ("é\u0301", False),
    ],
)
def test_the_rules_of_labels(text, good):
    assert is_value(text) == good
