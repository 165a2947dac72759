"""Partial responses: the `fields` parameter as a value that selects and projects.

The grammar is Google's: `a,b` both, `a/b` (or `a.b`) below, `a(b,c)` several below, `*` everything
at a level. A selection is checked against the answer's message type, so that a misspelt field is
an error and not an empty answer. It also tells a handler beforehand what nobody asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuneform.service.errors import ApiError, Violation, invalid
from tuneform.service.schema import ANYTHING, Field, Message, Scalar, camel

MAX_LENGTH = 10_000
MAX_DEPTH = 20

_TOKEN = re.compile(r"\s*(?:([@\w$-]+|\*)|([,/.()]))\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """The wanted part of a value: everything, or some fields each with a part of its own."""

    parts: "Mapping[str, Selection] | None" = None
    """By JSON name, `*` for all others; None stands for everything."""

    def wants(self, *path: str) -> bool:
        """Whether anything at or below this path (JSON names) is selected."""
        here: Selection | None = self
        for name in path:
            if here is None or here.parts is None:
                break
            here = here.parts.get(name, here.parts.get("*"))
        return here is not None

    def of(self, value: Any) -> Any:
        """The selected part of a JSON value; lists are selected from item by item."""
        if self.parts is None:
            return value
        if isinstance(value, list):
            return [self.of(item) for item in value if isinstance(item, dict | list)]
        rest = self.parts.get("*")
        if rest is None:
            chosen = [(k, value[k], part) for k, part in self.parts.items() if k in value]
        else:
            chosen = [(k, v, self.parts.get(k, rest)) for k, v in value.items()]
        return {
            name: item if part.parts is None else part.of(item)
            for name, item, part in chosen
            if part.parts is None or isinstance(item, dict | list)  # a scalar has no parts
        }


EVERYTHING = Selection()
"""The selection of a request without `fields`."""


def parse_fields(text: str, answer: Message | Scalar) -> Selection:
    """Read a `fields` parameter for answers of the given type.

    Raises:
        ApiError: 400, for what is no selection or names no field of the answer.
    """
    if len(text) > MAX_LENGTH:
        raise _refuse("<too long>", "the selection is longer than 10,000 characters")
    return _Parser(text).whole(answer)


def _refuse(path: str, why: str) -> ApiError:
    description = f"Error expanding 'fields' parameter. {why}."
    return invalid("Request contains an invalid argument.", Violation(path, description))


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = self._tokens(text)
        self.position = 0

    @staticmethod
    def _tokens(text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _refuse(text[position : position + 40], "This is no selection of fields")
            tokens.append(match[1] or match[2])
            position = match.end()
        return [*tokens, ""]  # an empty token marks the end

    def whole(self, answer: Message | Scalar) -> Selection:
        selection = self.several(answer, "", 0)
        if self.tokens[self.position]:
            raise self.unexpected()
        return selection

    def several(self, kind: Message | Scalar, path: str, depth: int) -> Selection:
        parts: dict[str, Selection] = {}
        while True:
            name, part = self.one(kind, path, depth)
            parts[name] = _union(parts[name], part) if name in parts else part
            if self.tokens[self.position] != ",":
                return Selection(parts)
            self.position += 1

    def one(self, kind: Message | Scalar, path: str, depth: int) -> tuple[str, Selection]:
        token = self.tokens[self.position]
        if token in ("", ",", "/", ".", "(", ")") or depth > MAX_DEPTH:
            raise self.unexpected()
        self.position += 1
        name, below = _resolve(kind, token, path)
        here = f"{path}/{token}" if path else token
        match self.tokens[self.position]:
            case "/" | ".":
                self.position += 1
                child, part = self.one(below, here, depth + 1)
                return name, Selection({child: part})
            case "(":
                self.position += 1
                part = self.several(below, here, depth + 1)
                if self.tokens[self.position] != ")":
                    raise self.unexpected()
                self.position += 1
                return name, part
        return name, EVERYTHING

    def unexpected(self) -> ApiError:
        found = self.tokens[self.position] or "the end"
        return _refuse(found, f"Unexpected {found!r}")


def _resolve(kind: Message | Scalar, word: str, path: str) -> tuple[str, Message | Scalar]:
    """The JSON name of a field of this type, and the field's own type."""
    if kind is ANYTHING:
        return camel(word), ANYTHING
    if isinstance(kind, Message):
        if word == "*":
            return word, _common(kind)
        name = kind.spellings.get(word)
        if name is not None:
            found: Field = kind.fields[name]
            return camel(name), found.type
    full = f"{path}/{word}" if path else word
    raise _refuse(full, f"Cannot find matching fields for path '{full}'")


def _common(message: Message) -> Message | Scalar:
    """What lies below `*`: any field's type, so paths below it are not checked."""
    return ANYTHING if message.fields else message


def _union(one: Selection, other: Selection) -> Selection:
    if one.parts is None or other.parts is None:
        return EVERYTHING
    merged = dict(one.parts)
    for name, part in other.parts.items():
        merged[name] = _union(merged[name], part) if name in merged else part
    return Selection(merged)
