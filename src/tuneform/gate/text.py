"""How near an answer comes to the expected output, as texts. Pure; 1.0 is right, 0.0 is wrong.

An empty answer never gets here: it is wrong by every metric (`scoring`).
"""

from __future__ import annotations

import unicodedata
from collections import Counter

_QUOTES = frozenset("\"'`")
_BRACKETS = frozenset({"Ps", "Pe", "Pi", "Pf"})
_BEFORE = frozenset("¿¡")
_BEHIND = frozenset(".,:;!?。、؟،")


def exact_match(expected: str, answer: str) -> float:
    """Whether they are the same, character for character; white space counts, as in training."""
    return float(expected == answer)


def normalized_match(expected: str, answer: str) -> float:
    """Whether they are the same once both are normalised (`normalized`)."""
    return float(normalized(expected) == normalized(answer))


def contains(expected: str, answer: str) -> float:
    """Whether the expected output stands somewhere in the answer, character for character."""
    return float(expected in answer)


def char_f1(expected: str, answer: str) -> float:
    """F1 of characters, whatever their order: `2 * common / (expected + answered)`.

    `common` counts each code point as often as both texts have it, the others are lengths in code
    points. So 1.0 means the same characters, not the same text: `ab` and `ba` are alike.
    """
    total = len(expected) + len(answer)
    common = (Counter(expected) & Counter(answer)).total()
    return 2 * common / total if total else 1.0


def normalized(text: str) -> str:
    """The text without what people do not mean.

    NFKC and case folding; runs of white space become one space, those around the text go; so do
    quotes and brackets around it, the marks that end a sentence behind it, and `¿` and `¡` before
    it. Signs that change a meaning stay: `-3`, `5%` and `.5` are not `3`, `5` and `5`. A text of
    nothing but such marks keeps them.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = " ".join(folded.split())
    start, end = 0, len(plain)
    while start < end and _is_around(plain[start], _BEFORE):
        start += 1
    while start < end and _is_around(plain[end - 1], _BEHIND):
        end -= 1
    return plain[start:end] or plain


def _is_around(character: str, marks: frozenset[str]) -> bool:
    return (
        character == " "
        or character in _QUOTES
        or character in marks
        or unicodedata.category(character) in _BRACKETS
    )
