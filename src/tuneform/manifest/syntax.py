"""The parser's errors in words that say what to change, and at the place where to change it.

libyaml and PyYAML word them differently; both are recognised. An error that is not recognised is
still told with its place, in general words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

from tuneform.manifest.source import position

_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Broken:
    """Where reading a document ended, and why.

    Attributes:
        line, column: from 0.
        code, detail, hint: as in a diagnostic.
        last: nothing below was read.
    """

    line: int
    column: int
    code: str
    detail: str
    hint: str = ""
    last: bool = False


@dataclass(frozen=True, slots=True)
class _Saying:
    """How one kind of error is told.

    Attributes:
        pattern: what the parser says, in either wording.
        detail: what is wrong; `{opened}` is where the unfinished thing starts.
        hint: what to do.
        at_start: point at the start of the unfinished thing.
    """

    pattern: re.Pattern[str]
    detail: str
    hint: str = ""
    at_start: bool = False


def _say(pattern: str, detail: str, hint: str = "", *, at_start: bool = False) -> _Saying:
    return _Saying(re.compile(pattern), detail, hint, at_start)


_SAYINGS: Final = (
    _say(
        "quoted scalar.*unexpected (end of stream|document)",
        "The quotation mark that opens here is never closed.",
        "close it, and double it or escape it where it is part of the text",
        at_start=True,
    ),
    _say(
        r"expected ',' or '[}\]]'",
        "The bracket that opens at {opened} needs a comma or its closing bracket here.",
        "separate with commas, close the bracket, and put text with `{`, `}`, `[`, `]` or `,`"
        " in quotes",
    ),
    _say(
        "mapping values are not allowed",
        "A `:` makes a key of what is before it, and no key can stand here.",
        "give keys of one mapping the same indentation, and put text with `: ` in quotes",
    ),
    _say(
        "tab character",
        "A tab stands in the indentation; YAML is indented with spaces.",
        "replace the tab with spaces",
    ),
    _say(
        "block sequence entries are not allowed",
        "A list item starts where no list can be.",
        "put each `- ` on its own line, below its key",
    ),
    _say(
        "could not find expected ':'",
        "This line is neither a key with `:` nor part of the text above it.",
        "add the `:` with a space after it, or put text of several lines in quotes",
        at_start=True,
    ),
    _say(
        "block (collection|sequence).*(expected '-' indicator|expected <block end>)",
        "The list that starts at {opened} goes on with something that is no `- ` item.",
        "give all items of a list the same indentation",
    ),
    _say(
        "block mapping.*(expected key|expected <block end>)",
        "This line does not fit the indentation of the mapping that starts at {opened}.",
        "give keys of one mapping the same indentation, and close quotes before them",
    ),
    _say(
        "undefined alias",
        "The alias has no anchor in this document.",
        "write `&name` before the value that `*name` repeats; anchors do not reach other documents",
    ),
    _say(
        "duplicate anchor",
        "The anchor exists already in this document.",
        "give each anchor a name of its own",
    ),
    _say(
        "invalid Unicode character escape",
        "The escape is half of a character; pairs of halves belong to JSON, not to YAML.",
        'write the character itself, or "\\U" with eight digits',
    ),
    _say(
        "unknown escape character|expected (hexdecimal number|escape sequence)",
        "Inside double quotes a backslash starts an escape, and this is none.",
        "double the backslash, or use single quotes",
    ),
    _say(
        "block scalar",
        "After `|` or `>` only `+`, `-` and a digit can follow on the line.",
        "start the text on the next line, indented",
    ),
    _say(
        "document start",
        "The document has ended, and what follows does not start another one.",
        "put `---` between documents",
    ),
    _say(
        "node content",
        "Something is missing before this: a value, or a closing bracket.",
        "complete the value, close the bracket, and put text with `,`, `]` or `}` in quotes",
    ),
    _say(
        "incompatible YAML document",
        "The file says that it is in another version of YAML.",
        "remove the %YAML line",
    ),
    _say(
        "tag|directive",
        "Tags and directives of YAML are not used in manifests.",
        "remove the word that starts with `!` or `%`, or put it in quotes",
    ),
)

_GENERAL: Final = _say(
    "", "This is not valid YAML.", "check quotes, brackets and indentation here and just above"
)


def explain(text: str, error: yaml.YAMLError) -> Broken:
    """Where and why, in plain words."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unprintable(text)
    mark = error.problem_mark or error.context_mark
    start = error.context_mark
    said = f"{error.context or ''} {error.problem or ''}"
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if "cannot start any token" in said:
        return _bad_start(text, line, column)
    if "',' or" in said and start and not _line(text, line).strip():
        detail = "The bracket that opens here is never closed."
        return Broken(start.line, start.column, "syntax", detail, "close it")
    saying = next((each for each in _SAYINGS if each.pattern.search(said)), _GENERAL)
    if saying.at_start and start:
        line, column = start.line, start.column
    opened = f"line {start.line + 1}, column {start.column + 1}" if start else "the start"
    hint = saying.hint
    if "${" in _line(text, line) and "',' or" in said:
        hint = "put ${var.…} in double quotes: inside { } and [ ] its braces mean something else"
    line, column = _within(text, line, column)
    return Broken(line, column, "syntax", saying.detail.replace("{opened}", opened), hint)


def _unprintable(text: str) -> Broken:
    """The reader met a character that YAML excludes; its own count of positions is in bytes."""
    found = _UNPRINTABLE.search(text)
    line, column = position(text, found.start()) if found else (0, 0)
    what = f"U+{ord(found[0]):04X}" if found else "one"
    return Broken(
        line,
        column,
        "control-character",
        f"The control character {what} cannot stand in YAML.",
        "remove it, or write it as an escape inside double quotes",
    )


def _bad_start(text: str, line: int, column: int) -> Broken:
    character = _line(text, line)[column : column + 1]
    if character == "\t":
        detail = "A tab stands in the indentation; YAML is indented with spaces."
        return Broken(line, column, "syntax", detail, "replace the tab with spaces")
    detail = f"Text cannot start with `{character}` unless it is in quotes."
    return Broken(line, column, "syntax", detail, "put the text in quotes")


def _line(text: str, line: int) -> str:
    lines = text.split("\n", line + 1)
    return lines[line] if line < len(lines) else ""


def _within(text: str, line: int, column: int) -> tuple[int, int]:
    """A position in the text: what is missing at its end is missing after its last character."""
    end = len(text.rstrip())
    last = position(text, max(end - 1, 0))
    return min((line, column), last)
