"""Which versions of tuneform a project accepts: `>=0.1, <1`.

The comparisons of Python packages, for plain release numbers. The version at hand is a value that
is handed in.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from tuneform.manifest.problems import Mistake
from tuneform.manifest.words import quoted

_CLAUSE: Final = re.compile(r"(==|!=|<=|>=|<|>|~=(?=[^.,]*\.))\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,5})")
PATTERN: Final = rf"^\s*{_CLAUSE.pattern}\s*(,\s*{_CLAUSE.pattern}\s*)*$"
"""The same for the JSON Schema."""
_RELEASE: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
_COMPARISONS: Final[Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_LENGTH_AT_MOST: Final = 200


def requirement(text: str) -> str:
    """A list of comparisons, separated by commas.

    Raises:
        Mistake: it is none.
    """
    _clauses(text)
    return text


def satisfied(text: str, version: str) -> bool:
    """Whether a version fulfils all comparisons. Suffixes such as `.dev1` do not count.

    Raises:
        Mistake: the text is no list of comparisons.
    """
    found = _RELEASE.match(version)
    own = _numbers(found[0]) if found else ()
    return all(_holds(own, sign, wanted) for sign, wanted in _clauses(text))


def _clauses(text: str) -> list[tuple[str, str]]:
    parts = [part.strip() for part in text[:_LENGTH_AT_MOST].split(",")]
    clauses = [_CLAUSE.fullmatch(part) for part in parts]
    good = [(clause[1], clause[2]) for clause in clauses if clause]
    if len(good) < len(parts) or len(text) > _LENGTH_AT_MOST:
        raise Mistake(
            "invalid-requirement",
            "invalid requirement",
            f"{quoted(text)} does not say which versions of tuneform are accepted.",
            'write it like ">=0.1" or ">=0.1, <1"',
        )
    return good


def _holds(own: tuple[int, ...], sign: str, wanted: str) -> bool:
    other = _numbers(wanted)
    if sign != "~=":
        return _COMPARISONS[sign](own, other)
    # ~=1.4 is at least 1.4, and still 1
    fixed = tuple(int(part) for part in wanted.split("."))[:-1]
    return own >= other and (own + (0,) * len(fixed))[: len(fixed)] == fixed


def _numbers(release: str) -> tuple[int, ...]:
    """`0.1.0` and `0.1` are the same release."""
    numbers = [int(part) for part in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
