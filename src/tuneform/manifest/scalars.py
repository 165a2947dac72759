"""What a plain scalar means in the YAML 1.2 core schema.

PyYAML resolves by YAML 1.1, where `no` is false, `2024-01-01` a date and `1_000` a number. Here is
the whole of the 1.2 rule. Quoted scalars are always text and do not come here.
"""

from __future__ import annotations

import re
from typing import Final

Scalar = str | int | float | bool | None

WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
STARTS: Final = frozenset("0123456789+-.")
"""What is not in `WORDS`, and starts with none of these, is text."""
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY: Final = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER: Final = frozenset((".nan", ".NaN", ".NAN"))

_DIGITS_AT_MOST: Final = 1000
"""More are read as a float: Python refuses to convert integers of any length, and no key of a
manifest could take such a number anyway."""


def plain(text: str) -> Scalar:
    """The value of a plain scalar; the text itself where it is none of null, bool and number."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in STARTS:
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if _FLOAT.fullmatch(text):
        whole = len(text) <= _DIGITS_AT_MOST and _DECIMAL.fullmatch(text)
        return int(text) if whole else float(text)
    for base, pattern in ((8, _OCTAL), (16, _HEXADECIMAL)):
        if pattern.fullmatch(text):
            return int(text[2:], base) if len(text) <= _DIGITS_AT_MOST else float("inf")
    if _INFINITY.fullmatch(text):
        return float("-inf") if text[0] == "-" else float("inf")
    return float("nan") if text in _NOT_A_NUMBER else text
