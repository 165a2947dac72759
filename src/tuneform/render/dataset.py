"""What `dataset check`, `stats` and `diff` found. Shows counts and digests, never an example.

Who reads and compares examples hands over plain mappings; their keys are shown as they come, with
spaces for underscores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.spec import DatasetFacts
from tuneform.render.diagnostics import diagnostics_json, diagnostics_text
from tuneform.render.layout import counted, joined, number, pairs, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION

Figure: TypeAlias = int | float | str | None


def dataset_check_text(
    files: Mapping[str, DatasetFacts], diagnostics: Sequence[Diagnostic], look: Look
) -> str:
    """Mistakes first, then a line for each file that could be read to its end.

    Args:
        files: what was found, by path.
        diagnostics: of all files.
        look: how text is to look.
    """
    blocks = [diagnostics_text(diagnostics, look)] if diagnostics else []
    lines: list[str] = []
    for path, facts in files.items():
        size = f"{counted(facts.examples, 'example')}, {counted(facts.characters, 'character')}"
        lines += wrap(f"{path}: {size}", look, rest="  ")
    return "\n\n".join((*blocks, joined(lines)) if lines else blocks)


def dataset_check_json(
    files: Mapping[str, DatasetFacts], diagnostics: Sequence[Diagnostic]
) -> dict[str, JsonValue]:
    """The same for programs, with digests."""
    return {
        "format_version": FORMAT_VERSION,
        "files": {
            path: {
                "digest": facts.digest,
                "examples": facts.examples,
                "characters": facts.characters,
            }
            for path, facts in files.items()
        },
        "diagnostics": diagnostics_json(diagnostics),
    }


def dataset_stats_text(stats: Mapping[str, Mapping[str, Figure]], look: Look) -> str:
    """Figures of each file, by path."""
    return "\n\n".join(_figures(path, figures, look) for path, figures in stats.items())


def _figures(path: str, figures: Mapping[str, Figure], look: Look) -> str:
    rows = [(key.replace("_", " "), _shown(figure)) for key, figure in figures.items()]
    title = wrap(path, look, style=Style.BOLD)
    return joined([*title, *pairs(rows, look, indent="  ")])


def _shown(figure: Figure) -> str:
    match figure:
        case None:
            return ""
        case str():
            return figure
        case int():
            return f"{figure:,}"
        case float():
            return f"{figure:,.1f}"


def dataset_stats_json(stats: Mapping[str, Mapping[str, Figure]]) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "format_version": FORMAT_VERSION,
        "files": {path: _figures_json(figures) for path, figures in stats.items()},
    }


def _figures_json(figures: Mapping[str, Figure]) -> JsonValue:
    return {
        key: number(figure) if isinstance(figure, float) else figure
        for key, figure in figures.items()
    }


def dataset_diff_text(before: str, after: str, counts: Mapping[str, int], look: Look) -> str:
    """How many examples differ between two files.

    Args:
        before: path of the older file.
        after: path of the newer one.
        counts: such as added, removed, changed, unchanged; in the order to show.
        look: how text is to look.
    """
    told = ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in counts.items())
    return joined(
        [
            *wrap(f"{before} -> {after}", look, rest="  ", style=Style.BOLD),
            *wrap(f"Examples: {told}.", look, rest="  "),
        ]
    )


def dataset_diff_json(before: str, after: str, counts: Mapping[str, int]) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "format_version": FORMAT_VERSION,
        "before": before,
        "after": after,
        "examples": dict(counts),
    }
