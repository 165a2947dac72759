"""`${var.NAME}` in the strings of a document.

Nothing but variables is put in: a manifest cannot read the environment, files or other manifests.
`$${` stands for a literal `${`. Keys are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.rules import VARIABLE_NAME
from tuneform.manifest.scalars import Scalar
from tuneform.manifest.words import ANY, Path, listed, nearest, quoted

TEXT_AT_MOST: Final = 65_536
"""Characters of one string after variables are put in."""
DOCUMENT_AT_MOST: Final = 2_000_000
"""Characters of all such strings of one document."""

_TOKEN: Final = re.compile(r"\$(?:\$\{|\{([^{}\n]*)(\}?))")
_ALONE: Final = re.compile(rf"\$\{{var\.({VARIABLE_NAME.pattern})\}}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One value with a name.

    Attributes:
        text: what is put into strings: the value as it was written.
        value: what a numeric key takes where the variable stands alone.
        sensitive: whether it must not be shown, or be kept in a cache.
    """

    text: str
    value: Scalar
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Variables:
    """All variables as one environment sees them.

    Attributes:
        known: by name.
        broken: declared with a mistake that has been told already.
        elsewhere: names declared only in other environments, with those environments.
    """

    known: dict[str, Variable] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Untold(Exception):
    """The value cannot be known, for a reason that has been told already."""


def expand(text: str, lookup: Callable[[str], str]) -> str:
    """Put variables into a text.

    Args:
        text: as written.
        lookup: from a name to its text; may raise.

    Raises:
        Mistake: something other than a variable stands in `${…}`, or the text grows too long.
    """
    parts: list[str] = []
    length = end = 0
    for token in _TOKEN.finditer(text):
        put = "${" if token[1] is None else lookup(_variable_name(token[1], token[2]))
        parts += (text[end : token.start()], put)
        end = token.end()
        length += len(parts[-2]) + len(put)
        if length > TEXT_AT_MOST:
            raise _too_long(TEXT_AT_MOST)
    return "".join((*parts, text[end:])) if parts else text


def literal(text: str) -> str:
    """How a text is written so that `expand` gives it back, and puts nothing into it."""
    return text.replace("${", "$${")


@dataclass(slots=True)
class Interpolation:
    """Puts variables into all strings of one document.

    Attributes:
        variables: what there is.
        numeric: paths whose value is a number, `ANY` in the place of free keys; a variable that
            stands alone there keeps its type.
        problems: what was found wrong.
        unresolved: paths of strings that could not be completed.
        sensitive: whether a sensitive variable was put in.
    """

    variables: Variables
    numeric: frozenset[Path]
    problems: list[Problem] = field(default_factory=list)
    unresolved: set[Path] = field(default_factory=set)
    sensitive: bool = False
    _room: int = DOCUMENT_AT_MOST

    def value(self, value: Any, path: Path = ()) -> Any:
        """The same value with variables put in."""
        if isinstance(value, str):
            return self._text(value, path) if "${" in value else value
        if isinstance(value, dict):
            return {key: self.value(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, (*path, index)) for index, each in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> Scalar:
        try:
            if (alone := _ALONE.fullmatch(text)) and self._is_number(path):
                return self._find(alone[1]).value
            result = expand(text, lambda name: self._find(name).text)
            self._room -= len(result)
            if self._room < 0:
                raise _too_long(DOCUMENT_AT_MOST)
        except Mistake as mistake:
            self.problems.append(mistake.at(path))
        except Untold:
            pass
        else:
            return result
        self.unresolved.add(path)
        return text

    def _is_number(self, path: Path) -> bool:
        return path in self.numeric or any(
            len(each) == len(path)
            and all(part in {ANY, own} for part, own in zip(each, path, strict=True))
            for each in self.numeric
            if ANY in each
        )

    def _find(self, name: str) -> Variable:
        variable = find(name, self.variables)
        self.sensitive = self.sensitive or variable.sensitive
        return variable


def find(name: str, variables: Variables) -> Variable:
    """A variable by name.

    Raises:
        Mistake: there is none.
        Untold: it is declared, but has no usable value.
    """
    if (variable := variables.known.get(name)) is not None:
        return variable
    if name in variables.broken:
        raise Untold
    detail = f"No variable {quoted(name)} is declared."
    if environments := variables.elsewhere.get(name):
        detail = f"The variable {quoted(name)} is declared only in {listed(environments)}."
        hint = f"choose an environment with --env, or declare `{name}` in `spec.variables`"
    elif close := nearest(name, variables.known):
        hint = f"write `${{var.{close}}}`"
    else:
        hint = "declare it in `spec.variables` of tuneform.yaml"
    raise Mistake("unknown-variable", "unknown variable", detail, hint)


def _variable_name(inside: str, close: str) -> str:
    """The name in `${var.NAME}`."""
    summary = "invalid interpolation"
    escape = "write `$${` where `${` is meant as text"
    if not close:
        detail = "A `${` is not closed by a `}`."
        raise Mistake("invalid-interpolation", summary, detail, escape)
    prefix, _, name = inside.strip().partition(".")
    if prefix == "var" and VARIABLE_NAME.fullmatch(name) and inside == inside.strip():
        return name
    shown = quoted(f"${{{inside}}}")
    if prefix == "env":
        detail = f"{shown}: a manifest cannot read environment variables."
        hint = "declare a variable, write `${var.NAME}`, and set TUNEFORM_VAR_NAME"
    elif VARIABLE_NAME.fullmatch(inside.strip()) or inside != inside.strip():
        detail = f"{shown} is not a variable; those are written `${{var.NAME}}`."
        hint = f"write `${{var.{inside.strip().removeprefix('var.')[:60]}}}`, or {escape[6:]}"
    else:
        detail, hint = f"{shown} is not a variable; those are written `${{var.NAME}}`.", escape
    raise Mistake("invalid-interpolation", summary, detail, hint)


def _too_long(limit: int) -> Mistake:
    return Mistake(
        "too-long",
        "text too long",
        f"With its variables put in, the text is longer than {limit:,} characters.",
        "use shorter values",
    )
