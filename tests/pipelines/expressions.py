"""The part of GitHub's expression language that the workflows use; anything else is an error.

Source: https://docs.github.com/actions/reference/workflows-and-actions/expressions.
"""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.(?:[\w-]+|\*))*|&&|\|\||==|!=|[!(),])")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(\)")


def interpolate(value: object, contexts: Mapping[str, Any]) -> str:
    """A value of `env`, `with` or `outputs` as a step receives it."""
    text = _text(value)
    return _EXPRESSION.sub(lambda found: _text(evaluate(found[1], contexts)), text)


def holds(condition: object, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """Whether a job or a step with this `if` runs, where one before it may have failed."""
    source = _text(condition).strip()
    if found := _EXPRESSION.fullmatch(source):
        source = found[1]
    status = {"success": not failed, "failure": failed, "always": True, "cancelled": False}
    if not source:
        return not failed
    implied = not failed or bool(_STATUS.search(source))
    return implied and bool(evaluate(source, {**contexts, "status": status}))


def evaluate(source: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression."""
    tokens, end = [], 0
    while source[end:].strip():
        found = _TOKEN.match(source, end)
        assert found, f"no expression that the tests know: {source!r}"
        tokens.append(found[1])
        end = found.end()
    parser = _Parser(tokens, contexts)
    value = parser.either()
    assert not parser.tokens, f"no expression that the tests know: {source!r}"
    return value


class _Parser:
    """Recursive descent; each method takes what it understands from the front."""

    def __init__(self, tokens: list[str], contexts: Mapping[str, Any]) -> None:
        self.tokens = tokens
        self._contexts = contexts

    def either(self) -> Any:
        value = self._both()
        while self._took("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._took("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._single()
        if self._took("=="):
            return _text(value).casefold() == _text(self._single()).casefold()
        if self._took("!="):
            return _text(value).casefold() != _text(self._single()).casefold()
        return value

    def _single(self) -> Any:
        if self._took("!"):
            return not self._single()
        if self._took("("):
            value = self.either()
            assert self._took(")")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        return self._called(token) if self._took("(") else self._looked_up(token)

    def _called(self, name: str) -> Any:
        arguments = []
        while not self._took(")"):
            arguments.append(self.either())
            self._took(",")
        if name == "contains":
            return arguments[1] in (arguments[0] or ())
        return self._contexts["status"][name]

    def _looked_up(self, path: str) -> Any:
        first, *rest = path.split(".")
        value = self._contexts[first]
        for key in rest:
            if key == "*":
                continue  # what follows is asked of each
            if isinstance(value, list):
                value = [each.get(key) for each in value]
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _took(self, token: str) -> bool:
        if self.tokens[:1] != [token]:
            return False
        self.tokens.pop(0)
        return True


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
