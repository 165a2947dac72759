"""The document of a saved plan, and the checksum that tells whether it is still the same."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

import msgspec

from tuneform.errors import LocalError
from tuneform.planfile.flaw import Flaw
from tuneform.planfile.shape import MadeFrom, SavedPlan
from tuneform.planfile.told import plan_of

REDACTED: Final = "(sensitive)"
"""What stands where the value of a sensitive variable was."""

_COMPACT = json.JSONEncoder(
    separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False
)
_HALF = re.compile("[\ud800-\udfff]")


def seal(plan_document: dict[str, Any], made_from: MadeFrom) -> dict[str, Any]:
    """The document to save: the plan's own, what it was made from, and a checksum.

    Args:
        plan_document: as `plan --format json` tells the plan, without samples, secrets redacted.
        made_from: what it was made from.

    Returns:
        JSON values that any encoder writes, and `read_document` reads.

    Raises:
        LocalError: nobody could apply it, as a secret stands where a name or a digest must be.
    """
    document = {**plan_document, "made_from": _values(made_from)}
    try:
        text = _COMPACT.encode(document)
        digest = _sha256(text)
    except UnicodeEncodeError:
        document = _without_halves(document)
        text = _COMPACT.encode(document)
        digest = _sha256(text)
    sealed = {**document, "checksum": digest}
    try:
        read = checked(sealed)
        if REDACTED in text:
            plan_of(read)
    except Flaw as flaw:
        raise LocalError(
            f"the plan cannot be saved so that it could be applied: {flaw}",
            hint="where it says (sensitive), the value of a sensitive variable is also part of a "
            "name: make it another one",
        ) from None
    return sealed


def checksum(document: dict[str, Any]) -> str:
    """SHA-256, 64 hex digits, of the compact JSON of all but `checksum`, keys sorted, in UTF-8.

    Raises:
        UnicodeEncodeError: it holds half of a surrogate pair.
    """
    return _sha256(
        _COMPACT.encode({key: each for key, each in document.items() if key != "checksum"})
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def checked(document: dict[str, Any]) -> SavedPlan:
    """The document as typed structures.

    Raises:
        Flaw: a key is missing or unknown, or a value is of a wrong type or form.
    """
    try:
        return msgspec.convert(document, SavedPlan)
    except msgspec.ValidationError as error:
        why, _, path = str(error).partition(" - at `")
        why = why[:1].lower() + why[1:]
        raise Flaw(path.removeprefix("$").removeprefix(".").rstrip("`"), why) from None


def _values(made_from: MadeFrom) -> Any:
    """As a reader of the file gets it: with lists, not tuples."""
    return json.loads(json.dumps(msgspec.to_builtins(made_from)))


def visible(text: str) -> str:
    """The same, halves of surrogate pairs by number: no JSON reader agrees with another on them.

    A file name that is no UTF-8 may hold them.
    """
    return _HALF.sub(lambda half: rf"\u{ord(half[0]):04x}", text)


def _without_halves(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document, ensure_ascii=False)
    shown = _HALF.sub(lambda half: rf"\\u{ord(half[0]):04x}", text)  # inside a string of JSON
    value: dict[str, Any] = json.loads(shown)
    return value
