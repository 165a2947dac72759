"""Breaking, cutting and aligning in terminal cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tuneform.render.layout import (
    cells,
    counted,
    cut,
    duration,
    flow,
    number,
    pad,
    pairs,
    short_number,
    table,
    wrap,
)
from tuneform.render.look import Look, Style

from .laws import FOREIGN, LOOKS, assert_safe, law, stripped


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("漢字", 4), ("e\u0301", 1), ("👩\u200d💻", 2), ("🇩🇪", 2), ("", 0)],
)
def test_cells(text, width):
    assert cells(text) == width
    assert cell_len(pad(text, 6)) == 6


@pytest.mark.parametrize(
    ("text", "width", "unicode", "shown"),
    [
        ("abcdef", 6, True, "abcdef"),
        ("abcdef", 5, True, "abcd…"),
        ("abcdef", 5, False, "ab..."),
        ("漢字漢字", 6, True, "漢字…"),
        ("abcdef", 2, False, ".."),
        ("abc", 0, True, ""),
    ],
)
def test_cut(text, width, unicode, shown):
    assert cut(text, width, Look(unicode=unicode)) == shown


@law
@given(FOREIGN, st.integers(0, 30), LOOKS)
def test_cut_never_exceeds(text, width, look):
    assert cells(cut(look.clean(text), width, look)) <= width


def test_wrap_hangs_and_breaks_at_spaces():
    look = Look(width=20)
    assert wrap("one two three four five six", look, first="hint: ") == [
        "hint: one two three",
        "      four five six",
    ]


def test_wrap_uses_the_room_that_each_line_has():
    assert wrap("a bb ccc", Look(width=8), first="123456", rest="") == ["123456a", "bb ccc"]


def test_wrap_keeps_long_words_whole_and_line_feeds():
    assert wrap("a/very/long/path ok\n  - in", Look(width=10)) == [
        "a/very/long/path",
        "ok",
        "  - in",
    ]


def test_wrap_shows_every_other_control_character():
    assert wrap("a\r\nb\rc\x1b", Look()) == ["a", r"b\rc\x1b"]


@law
@given(FOREIGN, LOOKS)
def test_wrap_loses_no_word_and_fits(text, look):
    lines = wrap(text, look, first="> ", rest="| ")
    words = [
        word
        for part in text.replace("\r\n", "\n").split("\n")
        for word in look.clean(part).split(" ")
    ]
    body = [line[2:] if line[:2] in ("> ", "| ") else "" for line in lines]
    assert [word for line in body for word in line.split(" ") if word] == [w for w in words if w]
    for line in lines:
        assert_safe(line)
        assert cells(line) <= look.width or len(line.split()) <= 2


def test_flow_takes_as_few_lines_as_it_can():
    look = Look(width=20)
    assert flow(("abcdef", "", "ghijkl", "mnopqrst"), look, "  ") == [
        "  abcdef  ghijkl",
        "  mnopqrst",
    ]


def test_pairs_align_or_go_below():
    rows = [("a", "text"), ("long", "漢字"), ("no", "")]
    assert pairs(rows, Look()) == ["a     text", "long  漢字"]
    assert pairs([("label", "unbreakable-word")], Look(width=20)) == ["label", "  unbreakable-word"]


def test_table_aligns_wide_characters_or_refuses():
    rows = [("NAME", "X"), ("漢字漢", "1"), ("é", "22")]
    assert table(rows, Look(width=20)) == ["NAME    X", "漢字漢  1", "é       22"]
    assert table(rows, Look(width=9)) is None
    assert stripped(table(rows, Look(colour=True))[0]) == "NAME    X"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (3.21, "3.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.9, "1 h 0 min"),
        (4320, "1 h 12 min"),
    ],
)
def test_duration(seconds, shown):
    assert duration(seconds) == shown


def test_numbers():
    assert counted(1, "example") == "1 example"
    assert counted(1200, "example") == "1,200 examples"
    assert counted(2, "loss", "losses") == "2 losses"
    assert short_number(0.012345) == "0.0123"
    assert short_number(float("nan")) == "not a number"
    assert number(float("inf")) is None
    assert number(None) is None
    assert number(1.5) == 1.5


def test_wrap_paints_text_and_not_its_margin():
    assert wrap("x", Look(colour=True), first="  ", style=Style.DIM) == ["  \x1b[2mx\x1b[0m"]
