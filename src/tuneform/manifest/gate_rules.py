"""Rules about single values of a gate: each takes a value and returns it, or raises a `Mistake`."""

from __future__ import annotations

import difflib
import math
import re
import warnings
from collections.abc import Iterator
from typing import Any, Final

from tuneform.domain.spec import Measure
from tuneform.manifest.problems import Mistake
from tuneform.manifest.rules import whole
from tuneform.manifest.words import nearest, quoted

METRIC: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
MEASURES: Final = tuple(str(each) for each in Measure)
MISSPELT: Final = "|".join(
    f"^{'[-_.]*'.join(f'[{each.lower()}{each.upper()}]' for each in name)}$" for name in MEASURES
)
"""A metric of ours in any case, with any dashes; for JSON Schema, which knows no nearness."""
PATTERN_AT_MOST: Final = 1000
_NEAR: Final = 0.88
"""How like a word of ours a word must be to be a slip: `regexp` is, `microF1` is not."""


def pattern(text: str) -> str:
    """A regular expression, as Python's `re` reads it."""
    if len(text) > PATTERN_AT_MOST:
        raise _bad_pattern(f"The pattern is longer than {PATTERN_AT_MOST:,} characters.")
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(whole(text))
    except re.error as error:
        where = "" if error.pos is None else f", at character {error.pos + 1}"
        detail = f"{quoted(text)} is not a regular expression: {error.msg}{where}."
        raise _bad_pattern(detail) from None
    except (OverflowError, RecursionError):
        detail = f"{quoted(text)} repeats or nests more than a regular expression can."
        raise _bad_pattern(detail) from None
    return text


def label(text: str) -> str:
    """An expected output, taken as it is."""
    return whole(text)


def options(value: dict[str, Any]) -> dict[str, Any]:
    """What an own metric is handed: anything that JSON can say."""
    for each in _scalars(value):
        if isinstance(each, float) and not math.isfinite(each):
            detail = f"Options are handed over as JSON, which cannot say {quoted(each)}."
            raise Mistake("invalid-options", "invalid options", detail, "use a finite number")
        if isinstance(each, str):
            whole(each)
    return value


def misspelt(name: str) -> str | None:
    """The metric of ours that was probably meant by a name that is none; it is no own metric."""
    close = nearest(name, MEASURES)
    if close is None or not (
        _bare(name) == _bare(close) or difflib.SequenceMatcher(None, name, close).ratio() >= _NEAR
    ):
        return None
    return close


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _scalars(value: Any) -> Iterator[Any]:
    """Everything in a value that is no collection, keys included."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _scalars(each)
    elif isinstance(value, list):
        for each in value:
            yield from _scalars(each)
    else:
        yield value


def _bad_pattern(detail: str) -> Mistake:
    return Mistake("invalid-pattern", "invalid pattern", detail)
