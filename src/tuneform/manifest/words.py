"""How messages quote what the user wrote, name a key of a document, and guess what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

Path = tuple[str | int, ...]
"""The way to a value inside a document: keys, and positions in lists."""
ANY: Final = "*"
"""In a pattern of paths: any key that the user chooses."""

_CLIP: Final = 60
_LISTED: Final = 12
WORD: Final = 64
"""Bits of the largest integers that are worth showing."""
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_UNSHOWABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_AUTHORITY: Final = re.compile(r"(://[^\s:/@\[]*:)(\S*)")
_PORT: Final = re.compile(r"[0-9]{0,5}(?![\w%$!.~+=*-])")
_PASSWORD: Final = re.compile(r"([?&](?:ssl)?password=)([^&\s\"']*)")


def showable(text: str) -> str:
    """The same count of characters, none of which could steer a terminal or is of a password."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", _without_passwords(text))


def _without_passwords(text: str) -> str:
    """Stars for the password of every URL: the one of a ledger may stand in tuneform.yaml."""
    if "://" in text:
        text = _AUTHORITY.sub(lambda found: found[1] + _starred(found[2]), text)
    if "password=" in text:
        text = _PASSWORD.sub(lambda found: found[1] + "*" * len(found[2]), text)
    return text


def _starred(rest: str) -> str:
    """What follows `scheme://user:`. Its `@` may be cut off; a port has no more than five digits.

    A password may hold an `@` that should have been written as %40: the last one counts.
    """
    end = rest.rfind("@")
    if end < 0:
        end = 0 if _PORT.match(rest) else len(rest)
    return "*" * end + rest[end:]


def quoted(value: object) -> str:
    """A value as a message shows it: short, on one line, in the spelling of YAML."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() <= WORD else "a number of many digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        # More than is shown: of a URL that is cut, a password could look like a port.
        text = showable(value[: 4 * _CLIP])[: _CLIP + 1]
        return f"`{text}`" if len(text) <= _CLIP else f"`{text[:_CLIP]}…`"
    return "a mapping" if isinstance(value, dict) else "a list"


def dotted(path: Path) -> str:
    """The path as messages name it: `spec.formerly[0]`, odd keys in quotes."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
            continue
        name = part if _PLAIN_KEY.fullmatch(part) else f'"{showable(part[:_CLIP])}"'
        parts.append(f".{name}" if parts else name)
    return "".join(parts)


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant: the same but for case and dashes, or nearly the same."""
    options = tuple(options)
    if len(word) > _CLIP:
        return None
    for option in options:
        if _folded(option) == _folded(word):
            return option
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.7)
    return close[0] if close else None


def listed(options: Iterable[str]) -> str:
    """`a`, `b` and `c`; at most twelve of them."""
    shown = [f"`{showable(option)}`" for option in options]
    if len(shown) > _LISTED:
        return f"{', '.join(shown[:_LISTED])} and {len(shown) - _LISTED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def either(options: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    shown = [f"`{option}`" for option in options]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _folded(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
