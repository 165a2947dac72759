"""Makes foreign text safe to show, and secrets unreadable. Knows no value of ours and no layout.

Manifests, datasets and services may hold anything: escape sequences that clear a screen or retitle
a window, overrides that turn the reading direction round, characters that cannot be seen. `clean`
shows all of them by their number. What is escaped is not told from a backslash that was there
before: the result is for reading, never for reading back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

SENSITIVE = "(sensitive)"

HIDDEN_SET = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: what terminals obey
    "\xad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"  # no width, or a direction
    "\u2028-\u202e"  # line and paragraph separators, direction overrides
    "\u115f\u1160\u3164\uffa0"  # letters that are blank
    "\ud800-\udfff"  # halves of characters: no encoder takes them
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # more without a width, tags
)
_SCRIPT = "[^\x00-\x7f\u200c\u200d]"
# Joiners are part of the spelling of Persian or Hindi, and hold families of emoji together.
_JOINER = f"(?<={_SCRIPT})[\u200c\u200d](?={_SCRIPT})"
HIDDEN = re.compile(f"(?!{_JOINER})[{HIDDEN_SET}]")
"""One character that is not seen, or that does more than being seen."""

_LATIN, _BASIC_PLANE = 0xFF, 0xFFFF  # last code points that two and four digits hold
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def clean(text: str) -> str:
    """Foreign text as one line that does nothing to a terminal: hidden characters by number."""
    if text.isascii() and text.isprintable():
        return text
    return HIDDEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if code > _BASIC_PLANE:
        return f"\\U{code:08x}"
    if code > _LATIN:
        return f"\\u{code:04x}"
    return _SHORT_ESCAPES.get(character, f"\\x{code:02x}")


def redact(text: str, secrets: Iterable[str]) -> str:
    """Put `(sensitive)` where a secret stands. Longer ones win; overlapping ones go together."""
    wanted = sorted(filter(None, secrets), key=len, reverse=True)
    if not any(secret in text for secret in wanted):
        return text
    pieces, end = [], 0
    for start, stop in _spans(text, wanted):
        pieces += [text[end:start], SENSITIVE]
        end = stop
    return "".join((*pieces, text[end:]))


def _spans(text: str, secrets: list[str]) -> Iterator[tuple[int, int]]:
    """Where secrets stand, in order; those that overlap as one."""
    pattern = re.compile(f"(?=({'|'.join(map(re.escape, secrets))}))")
    begin = end = -1
    for match in pattern.finditer(text):
        start, stop = match.span(1)
        if start >= end:
            if end >= 0:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end >= 0:
        yield begin, end


def redact_json(value: JsonValue, secrets: Iterable[str]) -> JsonValue:
    """The same value, every string in it redacted. Keys stay: their names are ours."""
    wanted = tuple(filter(None, secrets))
    return _redact_all(value, wanted) if wanted else value


def _redact_all(value: JsonValue, secrets: tuple[str, ...]) -> JsonValue:
    match value:
        case str():
            return redact(value, secrets)
        case list():
            return [_redact_all(each, secrets) for each in value]
        case dict():
            return {key: _redact_all(each, secrets) for key, each in value.items()}
        case _:
            return value
