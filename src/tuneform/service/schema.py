"""Message types as values: their fields, and how a JSON value becomes a field's value.

A message knows its fields by their proto names and by both spellings (`display_name`,
`displayName`). Conversions are those of proto3 JSON: numbers may come as strings, enums as numbers.
The types of this API stand in `messages`; `reader` checks whole bodies against them.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 100
"""How deep values may nest where a message takes any JSON; protobuf's own bound."""

_INT32 = 2**31
_INT64 = 2**63
_SINGLE_MAX = 3.4028234663852886e38
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)


class Unreadable(ValueError):
    """A JSON value that cannot become the type of its field."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without fields: its name in messages, and how a JSON value becomes one."""

    label: str
    convert: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message type: its full proto name and its fields by proto name."""

    name: str
    fields: Mapping[str, "Field"]
    spellings: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        both = {name: name for name in self.fields} | {camel(name): name for name in self.fields}
        object.__setattr__(self, "spellings", both)

    @property
    def label(self) -> str:
        """How an error names this type."""
        return f"type.googleapis.com/{self.name}"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    type: Scalar | Message
    repeated: bool = False
    oneof: str = ""


def camel(name: str) -> str:
    """The JSON spelling of a proto name."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


# --- values -----------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable
    return value


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Unreadable


def _number(value: Any) -> int | float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if re.search(r"[.eE]", value) else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable
    return value


def _integer(bound: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        number = _number(value)
        if not -bound <= number < bound or number != int(number):
            raise Unreadable
        return int(number)

    return convert


def _real(largest: float) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        if value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        number = _number(value)
        if abs(number) > largest:
            raise Unreadable
        return float(number)

    return convert


def _octets(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value).replace("-", "+").replace("_", "/") + "==")
    except (binascii.Error, ValueError) as error:
        raise Unreadable from error


def _moment(value: Any) -> str:
    if not _TIMESTAMP.fullmatch(_text(value)):
        raise Unreadable
    return str(value)


def _anything(value: Any) -> Any:
    level, layer = 0, [value]
    while layer:
        level += 1
        if level > MAX_DEPTH:
            raise Unreadable
        layer = [item for outer in layer for item in _inside(outer)]
    return value


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


TEXT = Scalar("TYPE_STRING", _text)
FLAG = Scalar("TYPE_BOOL", _flag)
INT32 = Scalar("TYPE_INT32", _integer(_INT32))
INT64 = Scalar("TYPE_INT64", _integer(_INT64))
FLOAT = Scalar("TYPE_FLOAT", _real(_SINGLE_MAX))
DOUBLE = Scalar("TYPE_DOUBLE", _real(math.inf))
OCTETS = Scalar("TYPE_BYTES", _octets)
TIMESTAMP = Scalar("type.googleapis.com/google.protobuf.Timestamp", _moment)
ANYTHING = Scalar("type.googleapis.com/google.protobuf.Value", _anything)
"""Any JSON at all; for parts of a request that are accepted without being looked into."""


def enum(name: str, *members: str) -> Scalar:
    """An enum, given by name or by number; the result is the name.

    Members are listed in the order of their numbers. A number that has no name is refused here,
    although proto3 would carry it.
    """

    def convert(value: Any) -> str:
        if isinstance(value, str) and value in members:
            return value
        number = _integer(_INT32)(value)
        if not 0 <= number < len(members):
            raise Unreadable
        return members[number]

    return Scalar(f"type.googleapis.com/{name}", convert)
