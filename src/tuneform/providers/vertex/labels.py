"""The mark as labels, and the labels that are the user's own.

Labels allow lower-case letters, digits, `_` and `-` only: the `/` of an owner and the `:` of a
verdict are written `_`, which no name has. Keys that begin with `tuneform` are ours. Those that the
service sets itself are neither ours nor the user's, and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from tuneform.domain.mark import PREFIX, VERSION, Mark, parse_mark
from tuneform.errors import InvalidRequest

Labels = Mapping[str, str]

OURS: Final = "tuneform"
HOLDS: Final = "tuneform-holds"
"""On endpoints that we made: the id of the Model they are for. No part of the mark."""

MOST_CHARACTERS: Final = 63
"""Of a key, and of a value. The API says 64; other Google APIs say 63, which is safe in both."""

_OWNER: Final = "owner"
_GATE: Final = "gate"
_TRUE: Final = "true"
_FLAGS: Final = frozenset({"serving", "staged", "cancelled"})
_VALUES: Final = frozenset(
    {_OWNER, "model", "fingerprint", "data", "rev", "pinned", _GATE, "deletion", "adopted"}
)
_GOOGLES = re.compile(r"tune-type|goog(le)?-.*")
_WORD = re.compile(r"[!-~]+")


def read_mark(labels: Labels | None) -> Mark | None:
    """The mark that labels hold.

    Returns:
        None where they hold none, or none that an owner and a model can be told from. What is odd
        is among the mark's unknown words.
    """
    if not labels or OURS not in labels:
        return None
    words = [_word(key, labels[key]) for key in sorted(labels) if _is_ours(key)]
    return parse_mark(" ".join((f"{PREFIX}{_shown(labels[OURS])}", *filter(None, words))))


def write_mark(mark: Mark | None) -> dict[str, str]:
    """The labels that hold a mark; none for None.

    Raises:
        InvalidRequest: it holds a word that no label can.
    """
    if mark is None:
        return {}
    labels = dict(map(_label, str(mark).split()))
    for key, value in labels.items():
        if not (is_key(key) and is_value(value)):
            raise InvalidRequest(
                f"the mark of {mark.owner}/{mark.model} has a word that no label can hold: {value}",
                hint="this is a mistake in tuneform; please report it",
            )
    return labels


def users(labels: Labels | None) -> tuple[tuple[str, str], ...]:
    """The labels that are neither ours nor the service's own, sorted."""
    pairs = (labels or {}).items()
    return tuple(sorted((k, v) for k, v in pairs if not _is_ours(k) and not _GOOGLES.fullmatch(k)))


def joined(labels: Labels | None, mark: Mark | None, declared: Iterable[tuple[str, str]]) -> Labels:
    """All labels of an object: those that it has, with the mark and the declared ones put in.

    Args:
        labels: as the service has them; those of an earlier mark go.
        mark: the whole mark; None takes it off.
        declared: the user's; others that the user set stay.

    Raises:
        InvalidRequest: a declared key is ours.
    """
    wanted = dict(declared)
    if taken := sorted(filter(_is_ours, wanted)):
        raise InvalidRequest(
            f"the label {taken[0]} cannot be set: keys that begin with {OURS} hold the mark",
            hint="use another key under metadata.labels",
        )
    others = {key: value for key, value in (labels or {}).items() if not _is_ours(key)}
    return {**others, **wanted, **write_mark(mark)}


def is_key(text: str) -> bool:
    """Whether a label may have this key."""
    return is_value(text) and text[:1].isalpha()


def is_value(text: str) -> bool:
    """Whether a label may have this value: letters without case are allowed."""
    return len(text) <= MOST_CHARACTERS and all(
        c in "_-" or c.isdecimal() or (c.isalpha() and c == c.lower()) for c in text
    )


def _is_ours(key: str) -> bool:
    return key.startswith(OURS)


def _word(key: str, value: str) -> str:
    """A label as a word of the mark's one-line form. One that is odd stays recognisable."""
    name = key.removeprefix(f"{OURS}-")
    if key in {OURS, HOLDS}:
        return ""
    if name != key and name in _FLAGS:
        return name if value == _TRUE else f"{name}={_shown(value)}"
    if name != key and name in _VALUES:
        return f"{name}={_unescaped(name, _shown(value))}"
    return f"{_shown(key)}={_shown(value)}"


def _unescaped(name: str, value: str) -> str:
    match name:
        case "owner" if "/" not in value:
            return value.replace("_", "/", 1)
        case "gate" if ":" not in value:
            return value.replace("_", ":", 1)
        case _:
            # What labels cannot hold was not written by us.
            return quote(value, safe="") if name in {_OWNER, _GATE} else value


def _shown(text: str) -> str:
    """The text as one word: a label must not smuggle a second word into the line."""
    return text if not text or _WORD.fullmatch(text) else quote(text, safe="", errors="replace")


def _label(word: str) -> tuple[str, str]:
    """A word of the mark's one-line form as a label."""
    if word.startswith(PREFIX):
        return OURS, word.removeprefix(PREFIX)
    key, equals, value = word.partition("=")
    known = key in _FLAGS or key in _VALUES
    name = f"{OURS}-{key}" if known else key
    if not equals:
        return name, _TRUE
    return name, value.replace("/", "_").replace(":", "_") if key in {_OWNER, _GATE} else value


assert VERSION.startswith(PREFIX), "the version is what follows the prefix"
