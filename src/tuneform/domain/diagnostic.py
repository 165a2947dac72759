"""What is wrong with the user's files, as values that are collected and sorted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops the command (exit 3), a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file.

    Attributes:
        file: path relative to the project directory, with `/`.
        line: from 1; 0 where the file as a whole is meant.
        column: in characters, from 1; 0 where the line as a whole is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, told so that it can be mended without the manual.

    Attributes:
        severity: error or warning.
        code: stable, for machines, such as `unknown-key`.
        summary: short and stable, without user data.
        detail: full sentences: what is wrong, and why it matters.
        place: where; None where no file is to blame.
        subject: the document, such as `TunedModel/support`, else empty.
        field: dotted path inside the document, such as `spec.dataset.path`, else empty.
        hint: the next step, else empty.
        snippet: the line of the file, without its line end, else empty.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    place: Place | None = None
    subject: str = ""
    field: str = ""
    hint: str = ""
    snippet: str = ""

    @property
    def sort_key(self) -> tuple[Place, str, str, str, str]:
        """By place, then by what is said; errors and warnings mixed as they stand in the file."""
        return (self.place or Place(""), self.subject, self.field, self.code, self.detail)


def has_errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> bool:
    """Whether any of them stops the command."""
    return any(each.severity is Severity.ERROR for each in diagnostics)
