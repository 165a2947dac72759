"""The `filter` of lists: conditions joined by AND, of the kinds that are documented.

`labels.key=value` and `labels.key:*` everywhere; `state=` for jobs; `display_name=`, and the ids
`model=` and `endpoint=`, where there are such. A value may stand in quotes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuneform.service.errors import invalid_field

MAX_LENGTH = 2_000

_VALUE = r'"(?:[^"\\]|\\.)*"|[^\s"]+'
_TERM = re.compile(
    rf"\s*(?P<field>labels\.(?:\"[^\"]*\"|[\w-]+)|labels|\w+)\s*(?:(?P<op>!=|=|:)\s*(?P<value>{_VALUE}))?"
    r"\s*(?P<and>\bAND\b|$)"
)
_FIELDS = {
    "state": "state",
    "display_name": "displayName",
    "displayName": "displayName",
    "tuned_model_display_name": "tunedModelDisplayName",
    "tunedModelDisplayName": "tunedModelDisplayName",
    "base_model": "baseModel",
    "baseModel": "baseModel",
    "model": "name",
    "endpoint": "name",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    path: tuple[str, ...]
    """The field, or `labels` and a key."""
    value: str | None
    """None for anything at all."""
    differs: bool = False

    def takes(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource meets it."""
        found = resource.get(self.path[0])
        if len(self.path) > 1:
            found = (found or {}).get(self.path[1])
        if self.path == ("name",) and found is not None and self.value and "/" not in self.value:
            found = found.rpartition("/")[2]
        if self.value is None:
            return found is not None
        return (found == self.value) is not self.differs


def parse_filter(text: str) -> tuple[Term, ...]:
    """Read a filter; every condition must hold.

    Raises:
        ApiError: 400, for what is no filter that this service knows.
    """
    if len(text) > MAX_LENGTH:
        raise invalid_field("filter", "must not be longer than 2,000 characters")
    terms: list[Term] = []
    position = 0
    while text[position:].strip() or (terms and position < len(text)):
        match = _TERM.match(text, position)
        if match is None or match.end() == position:
            raise _refuse(text)
        terms.append(_term(match, text))
        position = match.end()
        if match["and"] and not text[position:].strip():
            raise _refuse(text)
    return tuple(terms)


def _term(match: re.Match[str], text: str) -> Term:
    path: tuple[str, ...]
    field, operator, value = match["field"], match["op"], match["value"]
    value = value.strip('"') if value else value
    if field == "labels" and operator == ":" and value:
        return Term(("labels", value), None)
    if field.startswith("labels."):
        path = ("labels", field.removeprefix("labels.").strip('"'))
        if operator is None or (operator == ":" and value == "*"):
            return Term(path, None)
    elif field in _FIELDS and operator is not None:
        path = (_FIELDS[field],)
    else:
        raise _refuse(text)
    return Term(path, value, operator == "!=")


def _refuse(text: str) -> Exception:
    return invalid_field("filter", f"{text[:200]!r} is not a filter of this list")
