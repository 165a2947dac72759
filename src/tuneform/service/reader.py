"""The one reader that checks JSON against the message types.

It collects every mistake of a body before it refuses, in the words that Google's front end uses,
and returns plain dictionaries keyed by proto name, with absent and null fields left out. What a
value must *mean* (lengths, ranges, what may change) is decided by the rules.
"""

import json
from collections.abc import Mapping
from typing import Any

from tuneform.service.errors import ApiError, Violation, invalid
from tuneform.service.schema import ANYTHING, TEXT, Field, Message, Scalar, Unreadable

MAX_VIOLATIONS = 50
"""How many mistakes of one body are told; a broken body of megabytes must not echo back whole."""

_ECHO = 200


def read(message: Message, value: Any, root: str = "") -> dict[str, Any]:
    """Check a JSON value against a message.

    Args:
        message: the type it must have.
        value: what the body held.
        root: the name under which errors know the body (`tuned_model`), empty for the request.

    Raises:
        ApiError: 400 with every mistake that was found.
    """
    reader = _Reader()
    result = reader.message(message, value, root)
    if reader.violations:
        raise _refusal(reader.violations)
    return result


def read_query(message: Message, values: Mapping[str, str]) -> dict[str, Any]:
    """Check query parameters, whose unknown names Google words in another way."""
    for name in values:
        if name not in message.spellings:
            description = (
                f'Invalid JSON payload received. Unknown name "{_short(name)}": Cannot bind query '
                f"parameter. Field '{_short(name)}' could not be found in request message."
            )
            raise invalid(description, Violation("", description))
    return read(message, dict(values))


def _refusal(violations: list[Violation]) -> ApiError:
    return invalid("\n".join(v.description for v in violations), *violations)


class _Reader:
    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def refuse(self, path: str, description: str) -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Violation(path, description))

    def refuse_name(self, path: str, name: str, why: str) -> None:
        place = f" at '{path}'" if path else ""
        text = f'Invalid JSON payload received. Unknown name "{_short(name)}"{place}: {why}.'
        self.refuse(path, text)

    def refuse_value(self, path: str, kind: Scalar | Message, value: Any) -> None:
        self.refuse(path, f"Invalid value at '{path}' ({kind.label}), {_echo(value)}")

    def message(self, message: Message, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            if path:
                self.refuse_value(path, message, value)
            else:
                self.refuse("", "Invalid JSON payload received. Root element must be a message.")
            return {}
        result: dict[str, Any] = {}
        for spelling, item in value.items():
            name = message.spellings.get(spelling)
            if name is None:
                self.refuse_name(path, spelling, "Cannot find field")
            elif item is not None:
                field = message.fields[name]
                if (name in result or field.oneof) and not self.is_first(
                    message, result, name, spelling, path
                ):
                    continue
                result[name] = self.field(field, item, path, name)
        return result

    def is_first(
        self, message: Message, result: dict[str, Any], name: str, spelling: str, path: str
    ) -> bool:
        if name in result:
            self.refuse(path, f"Invalid value at '{path}', field '{name}' is set twice")
            return False
        group = message.fields[name].oneof
        if group and any(message.fields[other].oneof == group for other in result):
            self.refuse(
                path,
                f"Invalid value at '{path}' (oneof), oneof field '{group}' is already set. "
                f"Cannot set '{_short(spelling)}'",
            )
            return False
        return True

    def field(self, field: Field, value: Any, parent: str, name: str) -> Any:
        if type(value) is str and field.type is TEXT and not field.repeated:
            return value  # nearly all of a large body: example texts
        path = f"{parent}.{name}" if parent else name
        if field.repeated:
            # A single value stands for a list of one, as the real front end takes it.
            items = value if isinstance(value, list) else [value]
            return [self.one(field.type, item, f"{path}[{i}]") for i, item in enumerate(items)]
        if isinstance(value, list) and field.type is not ANYTHING:
            self.refuse_name(parent, name, "Proto field is not repeating, cannot start list")
            return None
        return self.one(field.type, value, path)

    def one(self, kind: Scalar | Message, value: Any, path: str) -> Any:
        if isinstance(kind, Message):
            return self.message(kind, value, path)
        try:
            return kind.convert(value)
        except (Unreadable, OverflowError, ValueError):
            self.refuse_value(path, kind, value)
            return None


def _short(name: str) -> str:
    return name if len(name) <= _ECHO else name[:_ECHO] + "..."


def _echo(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    return _short(json.dumps(value, ensure_ascii=False))
