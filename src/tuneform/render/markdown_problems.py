"""Diagnostics as lines of a Markdown list. Knows nothing of pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuneform.domain.diagnostic import Diagnostic
from tuneform.render.markdown_text import Escaper

_SHORT, _LONG = 200, 1_000


def problem_lines(diagnostics: Sequence[Diagnostic], escaper: Escaper) -> Iterator[str]:
    """Each of them as an item of a list, in the order given."""
    for each in diagnostics:
        yield " ".join(filter(None, _parts(each, escaper)))


def _parts(diagnostic: Diagnostic, escaper: Escaper) -> Iterator[str]:
    yield f"- **{diagnostic.severity.value}: {escaper.text(diagnostic.summary, _SHORT)}**"
    place = "" if diagnostic.place is None else str(diagnostic.place)
    for part in (place, diagnostic.subject, diagnostic.field):
        yield escaper.code(part, _SHORT)
    yield escaper.text(diagnostic.detail, _LONG)
    if diagnostic.hint:
        yield f"hint: {escaper.text(diagnostic.hint, _LONG)}"
