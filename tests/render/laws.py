"""What holds for every text that we show, and the text that people may put into it."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tuneform.render.look import Look

law = settings(suppress_health_check=[HealthCheck.too_slow])
"""How laws are tried: a busy machine makes none of them false."""

SGR = re.compile(r"\x1b\[[0-9;]*m")

FOREIGN = st.text(
    st.one_of(
        st.characters(),  # surrogates included
        st.sampled_from(
            "\x00\x07\x08\r\n\t\x1b\x7f\x85\x9b\u200b\u200d\u202e\u2066\ufeff\U000e0041"
        ),
        st.sampled_from("ab 漢字é👩💻"),
    ),
    max_size=40,
)
LOOKS = st.builds(Look, st.integers(20, 300), st.booleans(), st.booleans())


def stripped(text: str) -> str:
    return SGR.sub("", text)


def assert_safe(text: str) -> None:
    """Nothing but visible characters, line feeds and SGR."""
    odd = [
        each
        for each in stripped(text)
        if each != "\n" and unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")
    ]
    assert not odd
    bidi = [each for each in text if each in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"]
    assert not bidi
    assert not [each for each in text if "\u2066" <= each <= "\u2069"]
    text.encode()


def assert_fits(text: str, look: Look, *, but: tuple[str, ...] = ()) -> None:
    """No line is wider than the look, except where one word after its label is."""
    for line in stripped(text).split("\n"):
        if cell_len(line) > look.width and line not in but:
            longest = max(line.split(" "), key=cell_len)
            rest = cell_len(line) - cell_len(longest)
            assert rest < look.width, line
            assert len(line.split()) <= 4, line
