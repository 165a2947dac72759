"""The filter of a list, and the tokens of its pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.service.errors import ApiError
from tuneform.service.paging import Pager, Sizes
from tuneform.service.records import Model, Permission
from tuneform.service.search import parse_filter

ME = "me@practice.invalid"
OWNER = Permission("1", "USER", ME, "OWNER")
WRITER = Permission("1", "USER", ME, "WRITER")
READER = Permission("1", "USER", ME, "READER")
PUBLIC = Permission("2", "EVERYONE", "", "READER")
MARK = "tuneform/v1 owner=demo/prod model=support fingerprint=abc rev=1 serving"
MODEL = Model(1, "a", {"displayName": "Support bot", "description": f"Answers mail.\n\n{MARK}"})


def takes(text, *permissions, hide_public=True):
    return parse_filter(text).takes(MODEL, [*permissions], ME, hide_public=hide_public)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("support", True),
        ("SUPPORT bot", True),
        ("bot mail", True),
        ("supp", False),
        ("support cat", False),
        ('"support bot"', True),
        ('"bot support"', False),
        ("owner=demo/prod", True),
        ("owner=demo/dev", False),
        ("tuneform/v1", True),
        ("...", True),
        ('displayName="Support"', False),
    ],
)
def test_words_are_looked_for_in_description_and_display_name(text, found):
    assert takes(text, OWNER) is found


@pytest.mark.parametrize(
    ("text", "owner", "writer", "reader", "stranger"),
    [
        ("", True, True, True, False),
        ("owner:me", True, False, False, False),
        ("writers:me", True, True, False, False),
        ("readers:me", True, True, True, False),
        ("readers:everyone", False, False, False, False),
    ],
)
def test_operators_ask_for_roles(text, owner, writer, reader, stranger):
    assert takes(text, OWNER) is owner
    assert takes(text, WRITER) is writer
    assert takes(text, READER) is reader
    assert takes(text) is stranger


def test_what_is_shared_with_everyone_needs_an_operator():
    assert not takes("", OWNER, PUBLIC)
    assert takes("", OWNER, PUBLIC, hide_public=False)
    assert not takes("", PUBLIC, hide_public=False)
    assert takes("owner:me", OWNER, PUBLIC)
    assert takes("readers:everyone", PUBLIC)
    assert takes("readers:everyone owner:me", OWNER, PUBLIC)
    assert not takes("readers:everyone owner:me", PUBLIC)


@pytest.mark.parametrize("text", ["owner:you", "readers:all", "x" * 2001])
def test_filters_that_are_refused(text):
    with pytest.raises(ApiError) as refusal:
        parse_filter(text)
    assert refusal.value.http == 400


@given(st.text(max_size=300))
def test_any_other_text_is_a_filter(text):
    if not any(word.startswith(("owner:", "writers:", "readers:")) for word in text.split()):
        parse_filter(text).takes(MODEL, [OWNER], ME, hide_public=True)


PAGER = Pager("service", ("tunedModels", ME, "words"))


@given(st.integers(0, 2**63 - 1))
def test_a_token_says_after_which_row(row):
    assert PAGER.after({"page_token": PAGER.token(row)}) == row


@given(st.integers(0, 2**40), st.data())
def test_a_token_that_was_changed_by_a_hair_is_refused(row, data):
    token = PAGER.token(row)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda c: c != token[place]))
    changed = token[:place] + other + token[place + 1 :]
    with pytest.raises(ApiError, match="page token"):
        PAGER.after({"page_token": changed})


def test_a_token_has_one_spelling():
    token = PAGER.token(24)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert token.endswith("=")
    spellings = [f"{token[:-2]}{last}=" for last in alphabet if last != token[-2]]
    for spelling in spellings:
        with pytest.raises(ApiError, match="page token"):
            PAGER.after({"page_token": spelling})


@given(st.text(min_size=1))
def test_no_garbage_is_a_token(text):
    with pytest.raises(ApiError, match="page token"):
        PAGER.after({"page_token": text})


@pytest.mark.parametrize(
    "other",
    [
        Pager("another service", PAGER.question),
        Pager("service", ("tunedModels", ME, "other words")),
        Pager("service", ("tunedModels", "you@practice.invalid", "words")),
        Pager("service", ("operations", ME, "words")),
    ],
)
def test_a_token_is_good_for_its_own_question_only(other):
    with pytest.raises(ApiError):
        other.after({"page_token": PAGER.token(7)})


@pytest.mark.parametrize(("asked", "size"), [(0, 10), (3, 3), (1000, 1000), (5000, 1000)])
def test_sizes(asked, size):
    assert Sizes(10, 1000).of({"page_size": asked}) == size
    assert Sizes(10, 1000).of({}) == 10


def test_a_negative_size_is_refused():
    with pytest.raises(ApiError, match="negative"):
        Sizes(10, 1000).of({"page_size": -1})
