"""Foreign text does nothing to a terminal; secrets are gone; JSON stays the same value."""

from __future__ import annotations

import json
import sys
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.render.json_text import json_text
from tuneform.render.look import Look, Style
from tuneform.render.plain import HIDDEN, SENSITIVE, clean, redact, redact_json

from .laws import FOREIGN, assert_safe, law


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[2Jgone\x07", r"\x1b[2Jgone\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\x00\x7f", r"\x00\x7f"),
        ("abc\u202edef", r"abc\u202edef"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("soft\xadhyphen", r"soft\xadhyphen"),
        ("\ud800", r"\ud800"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("naïve 漢字 [red]x[/]", "naïve 漢字 [red]x[/]"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("a\u200db", r"a\u200db"),
        ("漢\u200d\u200d字", r"漢\u200d\u200d字"),
        ("\u200dx", r"\u200dx"),
    ],
)
def test_clean_shows_what_is_hidden(text, shown):
    assert clean(text) == shown


def test_every_control_character_is_hidden():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        control = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        bidi = unicodedata.bidirectional(character) in (
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        )
        if control or bidi:
            assert HIDDEN.fullmatch(character), hex(code)


@law
@given(FOREIGN)
def test_clean_text_is_safe_and_stays_the_same(text):
    shown = clean(text)
    assert_safe(shown)
    assert "\n" not in shown
    assert clean(shown) == shown


@law
@given(FOREIGN)
def test_without_unicode_everything_is_ascii(text):
    assert Look(unicode=False).clean(text).isascii()


def test_paint_only_where_colour_is_understood():
    assert Look(colour=False).paint("x", Style.RED) == "x"
    assert Look(colour=True).paint("x", Style.BOLD_RED) == "\x1b[1;31mx\x1b[0m"
    assert Look(colour=True).paint("", Style.RED) == ""
    assert Look(colour=True).paint("x", None) == "x"


def test_a_look_redacts_before_it_escapes_and_does_not_tell_its_secrets():
    look = Look(secrets=("top\nsecret",))
    assert look.clean("a top\nsecret b") == "a (sensitive) b"
    assert "secret" not in repr(look).replace("secrets", "")


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("the key is hunter2", ["hunter2"], f"the key is {SENSITIVE}"),
        ("hunter22", ["hunter2", "hunter22"], SENSITIVE),
        ("abcd", ["abc", "bcd"], SENSITIVE),
        ("aXbX", ["X"], f"a{SENSITIVE}b{SENSITIVE}"),
        ("XX", ["X"], SENSITIVE * 2),
        ("sense", ["sense", "s"], SENSITIVE),
        ("untouched", ["", "other"], "untouched"),
        ("a.c abc", ["a.c"], f"{SENSITIVE} abc"),
    ],
)
def test_redact(text, secrets, shown):
    assert redact(text, secrets) == shown
    assert redact(text, reversed(secrets)) == shown


@law
@given(st.text("abc", max_size=30), st.lists(st.text("abc", max_size=4), max_size=4))
def test_no_secret_survives(text, secrets):
    pieces = redact(text, secrets).split(SENSITIVE)
    assert not [s for s in secrets if s for piece in pieces if s in piece]


def test_redact_json_goes_to_the_bottom_and_leaves_keys():
    value = {"key": ["a key", {"key": "key", "n": 1, "none": None, "yes": True}]}
    hidden = f"a {SENSITIVE}"
    assert redact_json(value, ["key"]) == {
        "key": [hidden, {"key": SENSITIVE, "n": 1, "none": None, "yes": True}]
    }
    assert redact_json(value, [""]) is value


WHOLE = FOREIGN.map(lambda text: text.encode("utf-8", "ignore").decode())
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WHOLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WHOLE, inner, max_size=3),
    max_leaves=8,
)


@law
@given(JSON)
def test_json_text_is_safe_and_reads_back_the_same(value):
    text = json_text(value)
    assert_safe(text)
    assert json.loads(text) == value


def test_json_text_is_readable():
    assert json_text({"name": "é漢", "list": [1]}) == (
        '{\n  "name": "é漢",\n  "list": [\n    1\n  ]\n}'
    )


@law
@given(FOREIGN)
def test_json_text_is_json_to_every_reader(text):
    shown = json_text([text, {text: "\ud800\udc00"}])
    assert_safe(shown)
    assert msgspec.json.decode(shown)[1].popitem()[1] == r"\ud800\udc00"


def test_json_text_refuses_what_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))
