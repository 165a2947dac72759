"""JSON as text that may be printed to a terminal. What is in it, other modules say."""

from __future__ import annotations

import json
import re

import msgspec.json

from tuneform.render.plain import HIDDEN_SET, JsonValue

_HIDDEN = re.compile(f"[{HIDDEN_SET}]")


def json_text(value: JsonValue) -> str:
    """JSON, indented, readable beyond ASCII; hidden characters escaped as JSON does.

    Raises:
        ValueError: the value holds a NaN or an infinity, which JSON does not know.
    """
    compact = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not (compact.isascii() and compact.isprintable()):
        compact = _HIDDEN.sub(_escape, compact)
    # The indenting encoder of the standard library is pure Python and ten times slower.
    return msgspec.json.format(compact, indent=2)


def _escape(match: re.Match[str]) -> str:
    r"""One hidden character, which stands inside a string, in JSON's own escapes.

    Half of a surrogate pair, such as a file name that is no UTF-8 may hold, is no character that
    JSON readers agree on: it becomes the six visible characters `\udc80`.
    """
    code = ord(match[0])
    if _FIRST_HALF <= code <= _LAST_HALF:
        return f"\\\\u{code:04x}"
    return json.dumps(match[0])[1:-1] if code != _DELETE else "\\u007f"


_FIRST_HALF, _LAST_HALF = 0xD800, 0xDFFF
_DELETE = 0x7F  # ASCII, so that json leaves it alone
