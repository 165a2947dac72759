"""What was left over, and what became of it, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable

from tuneform.domain.cleaning import CleaningReport
from tuneform.domain.live import Leftover
from tuneform.render.layout import GAP, counted, joined, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue


def leftover_words(leftover: Leftover) -> str:
    """`upload gs://… (2026-01-31): why`."""
    day = f" ({leftover.created:%Y-%m-%d})" if leftover.created else ""
    return f"{leftover.kind} {leftover.remote}{day}: {leftover.why}"


def leftover_lines(leftovers: Iterable[Leftover], look: Look) -> list[str]:
    """One for each, and more where the terminal is narrow."""
    return [
        line
        for each in leftovers
        for line in wrap(leftover_words(each), look, first=GAP, rest=GAP * 2)
    ]


def leftover_json(leftover: Leftover) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "remote": leftover.remote,
        "kind": leftover.kind,
        "why": leftover.why,
        "created": leftover.created.isoformat() if leftover.created else None,
    }


def cleaning_text(report: CleaningReport, look: Look) -> str:
    """What is still there, and how many are gone."""
    failed = [each for each in report.results if each.error]
    lines = []
    for each in failed:
        text = f"{each.leftover.remote} is still there: {each.error}"
        lines += wrap(text, look, rest=GAP, style=Style.BOLD_YELLOW)
    gone = len(report.results) - len(failed)
    left = f", {len(failed)} left" if failed else ""
    return joined([*lines, f"Prune: {counted(gone, 'leftover')} deleted{left}."])


def cleaning_json(report: CleaningReport) -> dict[str, JsonValue]:
    """What became of each."""
    return {
        "format_version": "1.0",
        "owner": str(report.owner),
        "provider": report.provider,
        "leftovers": [
            {**leftover_json(each.leftover), "deleted": not each.error, "error": each.error or None}
            for each in report.results
        ],
        "exit_code": report.exit_code,
    }
