"""One JSON object, read with care: exact places for every mistake, at the price of speed.

Only the two fields matter. Other keys may hold anything that is JSON, twice as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard

from tuneform.dataset.rows import Fault, near, shown

_SPACE = re.compile(r"[ \t\n\r]*")

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
"""Where `surrogateescape` puts bytes that are not UTF-8."""


class _Members(list[tuple[str, object]]):
    """A JSON object as it is written: in order, duplicates kept."""


class _NotJsonError(ValueError):
    """Python's json knows NaN and Infinity, JSON does not."""


def _constant(name: str) -> object:
    raise _NotJsonError(name)


def _number(_text: str) -> int:
    return 0  # no field is a number, and converting a long one takes quadratic time


_decoder = json.JSONDecoder(
    object_pairs_hook=_Members,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_constant,
)


class Spot(NamedTuple):
    """A position in a file: line and column, from 1."""

    line: int
    column: int

    def after(self, text: str) -> Spot:
        """The position behind a text that begins here."""
        feeds = text.count("\n")
        if feeds:
            return Spot(self.line + feeds, len(text) - text.rfind("\n"))
        return Spot(self.line, self.column + len(text))


class MalformedError(Exception):
    """The text is not JSON at some offset.

    Args:
        offset: in the text; None where it is not known.
        detail: what is wrong there.
    """

    def __init__(self, offset: int | None, detail: str) -> None:
        super().__init__(detail)
        self.offset = offset
        self.detail = detail

    def behind(self, start: int) -> MalformedError:
        """The same, with the offset counted from `start`."""
        return MalformedError(None if self.offset is None else self.offset - start, self.detail)

    def fault(self, text: str, spot: Spot) -> Fault:
        """What to tell, where the text begins at `spot`."""
        if self.offset is None:
            return Fault(spot.line, 0, "row-invalid", self.detail)
        place = spot.after(text[: self.offset])
        detail = _bad_byte(text[self.offset : self.offset + 1]) or self.detail
        return Fault(place.line, place.column, "row-invalid", detail)


def decode(text: str, start: int) -> tuple[object, int]:
    """Decode one JSON value of a text in which bytes that are not UTF-8 were escaped.

    Returns:
        The value, and the offset behind it.

    Raises:
        MalformedError: it is not JSON, or nested beyond all reason.
    """
    try:
        return _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        detail = f"this is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise MalformedError(error.pos, detail) from None
    except _NotJsonError as error:
        raise MalformedError(None, f"this is not valid JSON: it holds {error}") from None
    except RecursionError:
        raise MalformedError(None, "the values are nested too deeply") from None


def parse(text: str, spot: Spot, fields: Fields) -> tuple[str, str] | list[Fault]:
    """Read a text that must be one JSON object with space around it.

    Args:
        text: bytes that are not UTF-8 were escaped.
        spot: where the text begins.
        fields: to take.

    Returns:
        Input and output, or all that is wrong.
    """
    start = behind_space(text, 0)
    try:
        value, end = decode(text, start)
    except MalformedError as error:
        return [error.fault(text, spot)]
    rest = behind_space(text, end)
    if rest < len(text):
        return [MalformedError(rest, "the line goes on behind the object").fault(text, spot)]
    return fields.pick(value, text[start:end], spot.after(text[:start]))


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the two fields that make an example."""

    text_input: str
    output: str

    def pick(self, value: object, text: str, spot: Spot) -> tuple[str, str] | list[Fault]:
        """Take the example out of a decoded value.

        Args:
            value: what `decode` gave.
            text: what it was decoded from.
            spot: where the text begins.

        Returns:
            Input and output, or all that is wrong.
        """
        bad = None if text.isascii() else _SURROGATE.search(text)
        if bad:
            place = spot.after(text[: bad.start()])
            detail = _bad_byte(bad.group()) or "half of a surrogate pair is not UTF-8"
            return [
                Fault(place.line, place.column, "row-invalid", detail, "save the file as UTF-8")
            ]
        if not isinstance(value, _Members):
            detail = f"the row is {_kind(value)}, an object is needed"
            return [Fault(spot.line, spot.column, "row-invalid", detail)]
        found = dict(value)
        text_input, output = found.get(self.text_input), found.get(self.output)
        if len(found) == len(value) and _is_text(text_input) and _is_text(output):
            return text_input, output
        names = dict.fromkeys((self.text_input, self.output))
        faults = [fault for name in names for fault in _field_faults(name, value, text, spot)]
        return sorted(faults) or (str(text_input), str(output))


def _field_faults(name: str, members: _Members, text: str, spot: Spot) -> Iterator[Fault]:
    values = [value for key, value in members if key == name]
    if not values:
        hint = near(name, [key for key, _ in members])
        yield Fault(spot.line, 0, "field-missing", f"the row has no field {shown(name)}", hint)
        return
    starts = [start for key, start in _keys(text) if key == name]
    places = [spot.after(text[:start]) for start in starts]
    for place in places[1:]:
        detail = f"{shown(name)} stands twice in this row"
        yield Fault(place.line, place.column, "field-duplicate", detail, "remove one of the two")
    for place, value in zip(places, values, strict=True):
        if not isinstance(value, str):
            detail = f"{shown(name)} is {_kind(value)}, a string is needed"
            yield Fault(place.line, place.column, "field-not-text", detail, "put it in quotes")
        elif not _is_text(value):
            detail = f"{shown(name)} holds half of a surrogate pair"
            hint = r"an escape from \ud800 to \udfff needs its other half"
            yield Fault(place.line, place.column, "row-invalid", detail, hint)


def _keys(text: str) -> Iterator[tuple[str, int]]:
    """The keys of a valid JSON object with their offsets, duplicates too."""
    at = text.index("{")
    while text[at] in "{,":
        start = behind_space(text, at + 1)
        key, end = _decoder.raw_decode(text, start)
        yield key, start
        colon = behind_space(text, end)
        _, end = _decoder.raw_decode(text, behind_space(text, colon + 1))
        at = behind_space(text, end)


def behind_space(text: str, start: int) -> int:
    """The offset of the first character from `start` that JSON does not take for space."""
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and (value.isascii() or _SURROGATE.search(value) is None)


def _bad_byte(character: str) -> str:
    code = ord(character) if character else 0
    return f"byte 0x{code - 0xDC00:02x} is not UTF-8" if code in _ESCAPED_BYTES else ""


def _kind(value: object) -> str:
    match value:
        case _Members():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a string"
        case None:
            return "null"
        case bool():
            return "true or false"
        case _:
            return "a number"
