"""The mark's one line: every word of the contract is read, nothing odd is passed over."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tuneform.domain.mark import DeletionPolicy, Mark, Verdict, names_owner, parse_mark

PLAIN = "tuneform/v1 owner=demo/prod model=support fingerprint=x7lkgyoura data=ubehx7qa6j rev=1"
BARE = Mark("demo/prod", "support", "x7lkgyoura", "ubehx7qa6j", 1)

names = st.from_regex(r"[a-z]([a-z0-9-]{0,27}[a-z0-9])?", fullmatch=True)
shorts = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=10, max_size=10)
marks = st.builds(
    Mark,
    owner=names | st.tuples(names, names).map("/".join),
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
    adopted=st.none() | st.from_regex(r"[!-~]{1,60}", fullmatch=True),
)
words = st.sampled_from(
    [
        *PLAIN.split(),
        *("serving", "staged", "cancelled", "pinned=x7lkgyoura", "pinned=", "adopted=support-1"),
        *("gate=passed:x7lkgyoura", "gate=failed:x7lkgyoura", "gate=maybe:x7lkgyoura"),
        *("deletion=prevent", "deletion=retain", "deletion=delete", "deletion", "rev=0", "rev=2"),
        *(
            "tuneform/v2",
            "tuneform/",
            "owner=other",
            "model=Bad",
            "fingerprint=",
            "data",
            "=",
            "=x",
        ),
        *("frozen", "Serving", "serving=yes", "rev=\u0661", "\u200b", "\udc80"),
    ]
)


@given(marks)
def test_what_is_written_reads_back(mark):
    assert parse_mark(str(mark)) == mark


@given(st.lists(words, max_size=90).map(" ".join))
@example("tuneform/v1 owner=demo model=support")
@example("tuneform/v1 owner=demo model=support rev= fingerprint= rev=1 rev=2")
def test_an_odd_mark_reads_back_as_odd_as_it_was(line):
    mark = parse_mark(line)
    assert mark is None or parse_mark(str(mark)) == mark


@given(st.text() | st.text().map("tuneform/v1 owner=demo model=support ".__add__))
def test_no_text_breaks_the_parser(text):
    parse_mark(text)


@given(st.text().filter(lambda text: not text.lstrip().startswith("tuneform/")))
def test_other_text_is_no_mark(text):
    assert parse_mark(text) is None


@given(marks, st.randoms())
def test_the_order_of_words_is_nothing(mark, random):
    first, *rest = str(mark).split()
    random.shuffle(rest)
    assert parse_mark(" ".join((first, *rest))) == mark


@pytest.mark.parametrize(
    ("reason", "extra", "read"),
    [
        ("bare", "", {}),
        ("applications call it", "serving", {"serving": True}),
        ("for a branch", "staged", {"staged": True}),
        ("rolled back", "pinned=aaaaaaaaaa", {"pinned": "aaaaaaaaaa"}),
        ("passed", "gate=passed:aaaaaaaaaa", {"verdict": Verdict(True, "aaaaaaaaaa")}),
        ("failed", "gate=failed:aaaaaaaaaa", {"verdict": Verdict(False, "aaaaaaaaaa")}),
        ("protected", "deletion=prevent", {"deletion": DeletionPolicy.PREVENT}),
        ("retained", "deletion=retain", {"deletion": DeletionPolicy.RETAIN}),
        ("cancelled", "cancelled", {"cancelled": True}),
        ("not the derived id", "adopted=number-generator-7", {"adopted": "number-generator-7"}),
        ("the same word twice says nothing else", "serving serving rev=1", {"serving": True}),
    ],
)
def test_each_word_of_the_contract(reason, extra, read):
    expected = {field: getattr(BARE, field) for field in Mark.__dataclass_fields__} | read
    assert parse_mark(f"{PLAIN} {extra}") == Mark(**expected)


def test_the_line_of_the_contract():
    assert str(BARE) == PLAIN
    assert parse_mark(f"  {PLAIN.replace(' ', chr(9))} ") == BARE


@pytest.mark.parametrize(
    "word",
    [
        "frozen",
        "serving=yes",
        "Serving",
        "owner=other",
        "rev=2",
        "rev=x",
        "data=UBEHX7QA6J",
        "pinned",
        "pinned=short",
        "gate=passed",
        "gate=unsure:aaaaaaaaaa",
        "deletion=never",
        "deletion=delete",
        "adopted=",
    ],
)
def test_a_word_that_is_not_understood_is_kept_as_unknown(word):
    mark = parse_mark(f"{PLAIN} {word}")
    assert mark
    assert mark.unknown == (word,)


def test_an_unknown_word_is_found_however_late_it_comes():
    mark = parse_mark(f"{PLAIN} {'serving ' * 100}frozen")
    assert mark
    assert mark.unknown == ("frozen",)


def test_a_later_version_of_the_mark_is_not_understood():
    mark = parse_mark(PLAIN.replace("v1", "v2"))
    assert mark
    assert (mark.owner, mark.unknown) == ("demo/prod", ("tuneform/v2",))


@pytest.mark.parametrize("key", ["fingerprint", "data", "rev"])
def test_a_missing_key_is_as_bad_as_an_unknown_word(key):
    mark = parse_mark(" ".join(word for word in PLAIN.split() if not word.startswith(key)))
    assert mark
    assert mark.unknown == (f"{key}=",)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "tuneform",
        "tuneform/v1",
        "a tuneform/v1 owner=demo model=support",
        "tuneform/v1 owner=demo",
        "tuneform/v1 model=support",
        "tuneform/v1 owner=Demo model=support",
        "tuneform/v1 owner=demo/ model=support",
        "tuneform/v1 owner=a/b/c model=support",
        "tuneform/v1 owner=demo model=su_pport",
    ],
)
def test_a_line_that_names_nobody_is_no_mark(line):
    assert parse_mark(line) is None


@given(marks)
def test_promoting_and_retiring_move_only_their_words(mark):
    promoted, retired = mark.promoted(), mark.retired()
    assert (promoted.serving, promoted.staged, promoted.pinned) == (True, False, None)
    assert (retired.serving, retired.pinned) == (False, None)
    assert promoted.retired() == promoted.retired().retired()
    assert retired.staged == mark.staged
    assert promoted.verdict == retired.verdict == mark.verdict


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (PLAIN, True),
        (f"Tags.\n{PLAIN}\n\n", True),
        ("tuneform/v1 model=??? owner=demo/prod", True),
        ("tuneform/v9 owner=demo/prod", True),
        ("tuneform/v1 owner=demo/production", False),
        ("tuneform/v1 owner=demo", False),
        (f"{PLAIN}\nTags.", False),
        ("owner=demo/prod", False),
        ("", False),
    ],
)
def test_a_damaged_mark_may_still_name_its_owner(text, named):
    assert names_owner(text, "demo/prod") is named
