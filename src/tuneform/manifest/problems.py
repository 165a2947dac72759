"""Mistakes inside one document, before they have a place in a file."""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.domain.diagnostic import Severity
from tuneform.manifest.words import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a path of a document.

    Attributes:
        path: of the value that is wrong, or of the key that is too much or missing.
        code, summary, detail, hint, severity: as in a diagnostic.
        at_key: point at the key, not at its value.
        subject: the path that messages name, where it is not `path`.
    """

    path: Path
    code: str
    summary: str
    detail: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    at_key: bool = False
    subject: Path | None = None


class Mistake(ValueError):
    """A value breaks a rule. It is raised by rules, which do not know where the value stands."""

    def __init__(self, code: str, summary: str, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.hint = hint

    def at(self, path: Path) -> Problem:
        """The same at a path."""
        return Problem(path, self.code, self.summary, self.detail, self.hint)
