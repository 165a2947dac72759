"""How near texts are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.gate.text import char_f1, contains, exact_match, normalized, normalized_match


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("billing", "billing", 1),
        ("billing", "Billing", 0),
        ("billing", "billing ", 0),
        ("\u00e9", "e\u0301", 0),
    ],
)
def test_exact_match_is_every_character(expected, answer, score):
    assert exact_match(expected, answer) == score


@pytest.mark.parametrize(
    ("reason", "one", "other"),
    [
        ("case", "Straße", "STRASSE"),
        ("composed and decomposed", "café", "cafe\u0301"),
        ("full width", "ABC \uff11", "abc 1"),
        ("white space runs", "two  words\n", "two\twords"),
        ("no-break space", "two\u00a0words", "two words"),
        ("a full stop", "billing.", "billing"),
        ("quotes of any kind", "“billing”", "'billing'"),
        ("a mark inside quotes", '"Really?"', "really"),
        ("brackets", "(billing)", "[billing]"),
        ("Spanish", "¿Qué?", "qué"),
        ("an ellipsis", "well…", "well..."),
        ("ideographic", "請求。", "請求"),
    ],
)
def test_normalised_alike(reason, one, other):
    assert normalized_match(one, other) == 1, reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-3", "3"),
        ("5%", "5"),
        (".5", "5"),
        ("$5", "5"),
        ("1,000", "1000"),
        ("...", "!!!"),
        ("a b", "ab"),
        ("#1", "1"),
    ],
)
def test_normalised_not_alike(one, other):
    assert normalized_match(one, other) == 0


@given(st.text())
def test_normalising_leaves_no_white_space_around(text):
    assert normalized(text) == normalized(text).strip()
    assert normalized_match(text, f"  {text}\n") == 1


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [("billing", "It is billing, I think", 1), ("billing", "Billing", 0), ("billing", "bill", 0)],
)
def test_contains(expected, answer, score):
    assert contains(expected, answer) == score


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ("abc", "abc", 1.0),
        ("abc", "xyz", 0.0),
        ("ab", "ba", 1.0),
        ("aab", "ab", 0.8),
        ("ab", "abab", 2 / 3),
        ("", "a", 0.0),
        ("", "", 1.0),
    ],
)
def test_char_f1_counts_characters_as_often_as_they_occur(expected, answer, score):
    assert char_f1(expected, answer) == pytest.approx(score, abs=1e-12)
