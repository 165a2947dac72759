"""Examples without a model: check, stats, diff. No project is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuneform.dataset.check import check_all
from tuneform.dataset.compare import Comparison, compare
from tuneform.dataset.examples import each_example
from tuneform.dataset.stats import Lengths, Stats, stats
from tuneform.domain.capabilities import Base
from tuneform.domain.diagnostic import Diagnostic, Place, has_errors
from tuneform.domain.spec import SUFFIXES, DatasetFacts, DatasetRef, Format
from tuneform.errors import InvalidProject, UsageError

_BASE = Base("*")
"""Limits and defaults of the guide, as no base is named."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the fields of an example are called in a file."""

    input: str = "text_input"
    output: str = "output"


def format_of(path: str) -> Format:
    """The format of a dataset file, from its suffix.

    Raises:
        UsageError: the suffix says nothing.
    """
    found = SUFFIXES.get(Path(path).suffix.lower())
    if found is None:
        raise UsageError(
            f"{path}: the suffix does not tell the format",
            hint=f"the suffixes are {', '.join(SUFFIXES)}",
        )
    return found


def check_files(
    paths: Sequence[Path], columns: Columns
) -> tuple[Mapping[str, DatasetFacts], tuple[Diagnostic, ...]]:
    """Check files against the limits of the guide.

    Returns:
        What was found in those without errors, by path, and the diagnostics of all.
    """
    facts: dict[str, DatasetFacts] = {}
    diagnostics: list[Diagnostic] = []
    for path in paths:
        folder, ref = _ref(path, columns)
        checked = check_all(folder, [(ref, _BASE.limits)])[ref]
        diagnostics += [_as_given(path, each) for each in checked.diagnostics]
        if checked.facts:
            facts[str(path)] = checked.facts
    return facts, tuple(diagnostics)


Figures = dict[str, int | float | str | None]
"""What is shown of a file, in this order."""


def file_stats(paths: Sequence[Path], columns: Columns) -> dict[str, Figures]:
    """Count and measure the examples of each file.

    Raises:
        InvalidProject: a file has errors; carries all of them.
    """
    _must_be_sound(paths, columns)
    return {
        str(path): _figures(stats(_examples(path, columns), path.stat().st_size, _BASE))
        for path in paths
    }


def diff_files(before: Path, after: Path, columns: Columns) -> Comparison:
    """Count the examples that were added, removed and changed, paired by their input.

    Raises:
        InvalidProject: a file has errors; carries all of them.
    """
    _must_be_sound((before, after), columns)
    return compare(_examples(before, columns), _examples(after, columns))


def _must_be_sound(paths: Sequence[Path], columns: Columns) -> None:
    _, diagnostics = check_files(paths, columns)
    if has_errors(diagnostics):
        raise InvalidProject(diagnostics)


def _examples(path: Path, columns: Columns) -> Iterator[tuple[str, str]]:
    folder, ref = _ref(path, columns)
    return each_example(folder, ref, _BASE.limits)


def _ref(path: Path, columns: Columns) -> tuple[Path, DatasetRef]:
    """A file named at the prompt, as a dataset of the folder that it is in."""
    full = Path(path).resolve()
    ref = DatasetRef(full.name, format_of(full.name), columns.input, columns.output)
    return full.parent, ref


def _as_given(path: Path, diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic at the path that the user typed."""
    place = diagnostic.place or Place("")
    return replace(diagnostic, place=replace(place, file=str(path)))


def _figures(found: Stats) -> Figures:
    """The numbers as rows to show."""
    figures: Figures = {
        "examples": found.examples,
        "bytes": found.size,
        "input_characters": _lengths(found.inputs),
        "output_characters": _lengths(found.outputs),
        "duplicates": found.duplicates,
        "distinct_outputs": found.distinct_outputs,
    }
    if found.labels:
        figures["most_common"] = ", ".join(f"{label} ({count})" for label, count in found.labels)
    figures["steps_with_defaults"] = found.steps
    if found.advice:
        figures["advice"] = " ".join(found.advice)
    return figures


def _lengths(lengths: Lengths) -> str:
    return (
        f"least {lengths.least:,}, median {lengths.median:,}, mean {lengths.mean:,.0f}, "
        f"p95 {lengths.p95:,}, most {lengths.most:,}"
    )
