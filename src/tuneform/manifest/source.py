"""The text of one file, and how positions in it become places and snippets.

Nothing here knows YAML, and nothing here opens a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.manifest.words import showable

BYTES_AT_MOST: Final = 16_000_000
"""About forty thousand manifests; whoever has more in one file meant something else."""

_OLD_LINE_ENDS: Final = ("\x85", "\u2028", "\u2029")
_SNIPPET_AT_MOST: Final = 300
_SNIPPET_TAIL: Final = 100


@dataclass(frozen=True)
class Source:
    """A file that was read.

    Attributes:
        file: its path as messages show it: relative to the project, with `/`.
        text: decoded, without a byte order mark; every line ends with a line feed.
    """

    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """All lines without their ends."""
        return self.text.split("\n")

    @cached_property
    def may_alias(self) -> bool:
        """Whether there can be anchors, and so aliases."""
        return "&" in self.text

    @cached_property
    def may_interpolate(self) -> bool:
        """Whether there can be variables; an escape in double quotes may spell `$` as well."""
        return "${" in self.text or "\\" in self.text

    def place(self, line: int, column: int) -> Place:
        """The place of a position that is counted from 0, as the parser does."""
        return Place(self.file, line + 1, column + 1)

    def snippet(self, place: Place) -> str:
        """The line of a place, harmless for terminals; empty where it is too long to be read."""
        if not 0 < place.line <= len(self.lines) or place.column > _SNIPPET_AT_MOST:
            return ""
        line, end = self.lines[place.line - 1], place.column + _SNIPPET_TAIL
        shown = showable(line[: end + _SNIPPET_TAIL])  # a password that is cut is one all the same
        return shown if len(line) <= end else shown[:end] + "…"


def decode(file: str, data: bytes) -> Source | Diagnostic:
    """The text of a file in UTF-8, or what is wrong with its bytes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        detail = "The file starts with the byte order mark of UTF-16; manifests are UTF-8."
        return _not_text(Place(file, 1, 1), detail)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = _with_line_feeds(data.decode())
    except UnicodeDecodeError as error:
        return _bad_bytes(file, data, error)
    if not text.isascii():
        for character in _OLD_LINE_ENDS:
            if character in text:
                return _old_line_end(Source(file, text), character)
    return Source(file, text)


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column of a character, both from 0."""
    return text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1


def _with_line_feeds(text: str) -> str:
    """YAML reads every kind of line end as a line feed; so positions are counted in one way."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _bad_bytes(file: str, data: bytes, error: UnicodeDecodeError) -> Diagnostic:
    if b"\0" in data[:1000]:
        return _not_text(Place(file, 1, 1), "The file is not text; a manifest is YAML in UTF-8.")
    before = _with_line_feeds(data[: error.start].decode())
    line, column = position(before, len(before))
    place = Place(file, line + 1, column + 1)
    return _not_text(place, f"The byte 0x{data[error.start]:02x} is not valid UTF-8 here.")


def _not_text(place: Place, detail: str) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR, "not-utf8", "not UTF-8 text", detail, place, hint="save the file as UTF-8"
    )


def _old_line_end(source: Source, character: str) -> Diagnostic:
    """YAML 1.1 ends a line here, YAML 1.2 does not: nobody could be sure what the text is."""
    place = source.place(*position(source.text, source.text.index(character)))
    return Diagnostic(
        Severity.ERROR,
        "ambiguous-line-end",
        "ambiguous line end",
        f"The character U+{ord(character):04X} stands here unescaped; "
        "parsers of YAML disagree on whether it ends a line.",
        place,
        hint=f'write it as "\\u{ord(character):04x}" inside double quotes, or remove it',
        snippet=source.snippet(place),
    )
