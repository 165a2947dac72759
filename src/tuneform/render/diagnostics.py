"""Mistakes in the user's files, and errors that stopped a command, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.errors import InvalidProject, PolicyDenied, RemoteError, TuneformError
from tuneform.render.layout import cells, counted, cut, flow, joined, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue, redact

_INDENT = "  "


def diagnostics_text(diagnostics: Sequence[Diagnostic], look: Look) -> str:
    """All of them in the order given, a blank line between, and a last line that counts them."""
    if not diagnostics:
        return ""
    blocks = [joined(_block(each, look)) for each in diagnostics]
    return "\n\n".join((*blocks, _count(diagnostics)))


def _count(diagnostics: Sequence[Diagnostic]) -> str:
    errors = sum(each.severity is Severity.ERROR for each in diagnostics)
    warnings = len(diagnostics) - errors
    parts = [(errors, "error"), (warnings, "warning")]
    return ", ".join(counted(count, noun) for count, noun in parts if count) + "."


def _block(diagnostic: Diagnostic, look: Look) -> list[str]:
    lines = _heading(diagnostic.severity.value, diagnostic.summary, look)
    place = "" if diagnostic.place is None else str(diagnostic.place)
    parts = (place, diagnostic.subject, diagnostic.field)
    lines += flow(map(look.clean, parts), look, _INDENT, Style.CYAN)
    if diagnostic.detail:
        lines += wrap(diagnostic.detail, look, first=_INDENT)
    if diagnostic.snippet and diagnostic.place is not None:
        lines += _snippet(diagnostic.snippet, diagnostic.place, look)
    return lines + _hint(diagnostic.hint, look)


def _heading(severity: str, summary: str, look: Look) -> list[str]:
    """`error: …`, the first word painted; it is the first of the line, so nothing can shift."""
    style = Style.BOLD_RED if severity == Severity.ERROR else Style.BOLD_YELLOW
    first, *more = wrap(f"{severity}: {summary}", look, rest=_INDENT)
    return [look.paint(severity, style) + first.removeprefix(severity), *more]


def _hint(hint: str | None, look: Look) -> list[str]:
    return wrap(f"hint: {hint}", look, first=_INDENT, style=Style.GREEN) if hint else []


def _snippet(snippet: str, place: Place, look: Look) -> list[str]:
    """The line of the file, and a caret under the column where nothing had to be redacted."""
    line = redact(snippet, look.secrets)
    column = place.column if line == snippet else 0
    number = str(place.line or "")
    room = max(8, look.width - len(f"{_INDENT}{_INDENT}{number} | "))
    shown, cell = _window(line, column, room, look)
    lines = [f"{_INDENT}{_INDENT}{number} | {shown}".rstrip()]
    if column and cell < room:
        blank = " " * len(number)
        caret = look.paint("^", Style.BOLD_RED)
        lines.append(f"{_INDENT}{_INDENT}{blank} | {' ' * cell}{caret}")
    return lines


def _window(line: str, column: int, room: int, look: Look) -> tuple[str, int]:
    """What is shown of a line that may be long, and the cell of the column in it, from 0."""
    start = max(0, column - 1 - room // 2) if len(line) > room else 0
    here = max(start, column - 1)
    before = (look.ellipsis if start else "") + look.clean(line[start:here])
    after = look.clean(line[here : start + room + 1])
    return cut(before + after, room, look), cells(before)


def diagnostics_json(diagnostics: Sequence[Diagnostic]) -> list[JsonValue]:
    """All of them in the order given."""
    return [
        {
            "severity": each.severity.value,
            "code": each.code,
            "summary": each.summary,
            "detail": each.detail,
            "place": _place_json(each.place),
            "subject": each.subject,
            "field": each.field,
            "hint": each.hint,
            "snippet": each.snippet,
        }
        for each in diagnostics
    ]


def _place_json(place: Place | None) -> JsonValue:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "column": place.column}


def carried_by(error: TuneformError) -> tuple[Diagnostic, ...]:
    """The diagnostics that an error carries."""
    if not isinstance(error, InvalidProject | PolicyDenied):
        return ()
    return tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))


def error_text(error: TuneformError, look: Look) -> str:
    """What stopped a command, and the next step; of an invalid project all its mistakes.

    What a policy denies was told beside the plan.
    """
    if isinstance(error, InvalidProject) and (carried := carried_by(error)):
        return diagnostics_text(carried, look)
    return joined(_heading("error", error.message, look) + _hint(error.hint, look))


def error_json(error: TuneformError) -> dict[str, JsonValue]:
    """The same for programs: `{"format_version", "error": {…}, "diagnostics": […]}`."""
    told: dict[str, JsonValue] = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }
    if isinstance(error, RemoteError):
        told |= {"status": error.status, "reason": error.reason}
    return {
        "format_version": "1.0",
        "error": told,
        "diagnostics": diagnostics_json(carried_by(error)),
    }
