"""Whether datasets can be trained on: every mistake of a file in one pass, and its facts.

What an earlier run found is asked for first: of an unchanged file only the date is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import msgspec

from tuneform.dataset.filecache import FileCache, same
from tuneform.dataset.files import Files, OutsideProject
from tuneform.dataset.read import read
from tuneform.dataset.rows import Fault
from tuneform.dataset.tally import Tally
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.spec import DatasetFacts, DatasetRef


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking a file.

    Attributes:
        facts: None if there are errors.
        diagnostics: errors and warnings, sorted by line.
    """

    facts: DatasetFacts | None
    diagnostics: tuple[Diagnostic, ...] = ()


def check(files: Files, ref: DatasetRef, limits: Limits) -> Checked:
    """Read a dataset and check every row.

    Args:
        files: the project.
        ref: where the file is, and how to read it.
        limits: of the base that shall be trained with it.
    """
    tally = Tally(ref, limits)
    for found in read(files, ref, limits.dataset_bytes):
        if isinstance(found, Fault):
            tally.blame(found)
        else:
            tally.count(found)
    return Checked(tally.facts(), tally.diagnostics())


def check_all(
    root: Path,
    wanted: Sequence[tuple[DatasetRef, Limits]],
    cache: FileCache[Checked] | None = None,
) -> dict[DatasetRef, Checked]:
    """Check datasets, each once, however many models are trained with it.

    Args:
        root: the project directory.
        wanted: with the limits of the base of each model; where one dataset is wanted for several
            bases, the strictest limits hold.
        cache: of earlier runs; facts and warnings of files without errors are remembered in it.
            Saving it is the caller's business.

    Returns:
        In the order in which they were first wanted.
    """
    limits: dict[DatasetRef, Limits] = {}
    for ref, its_limits in wanted:
        known = limits.get(ref)
        limits[ref] = strictest(known, its_limits) if known else its_limits
    files = Files(root)
    if cache is None:
        return {ref: check(files, ref, its_limits) for ref, its_limits in limits.items()}
    memory = _Memory(cache)
    return {ref: memory.check(files, ref, its_limits) for ref, its_limits in limits.items()}


def strictest(one: Limits, other: Limits) -> Limits:
    """The limits under which a dataset suits both."""
    if one == other:
        return one
    (one_low, one_high), (other_low, other_high) = one.examples_advised, other.examples_advised
    return Limits(
        input_characters=min(one.input_characters, other.input_characters),
        output_characters=min(one.output_characters, other.output_characters),
        dataset_bytes=min(one.dataset_bytes, other.dataset_bytes),
        examples_least=max(one.examples_least, other.examples_least),
        examples_advised=(max(one_low, other_low), max(one_high, other_high)),
    )


class _Memory:
    """Checks files that changed, and remembers what it found."""

    def __init__(self, cache: FileCache[Checked]) -> None:
        self._cache = cache
        self._options: dict[tuple[object, ...], str] = {}

    def check(self, files: Files, ref: DatasetRef, limits: Limits) -> Checked:
        try:
            _, before = files.look(ref.path)
        except (OutsideProject, OSError):
            return check(files, ref, limits)  # which finds the words for it
        key = f"{ref.path}\n{self._how(ref, limits)}"
        known = self._cache.get(key, before)
        if known is not None:
            return known
        checked = check(files, ref, limits)
        if checked.facts is not None and _unchanged(files, ref.path, before):
            self._cache.put(key, before, checked)
        return checked

    def _how(self, ref: DatasetRef, limits: Limits) -> str:
        """All that the result depends on beside the content, as one string."""
        options = (ref.format, ref.input_field, ref.output_field, ref.preamble, limits)
        text = self._options.get(options)
        if text is None:
            text = msgspec.json.encode((*options[:4], astuple(limits))).decode()
            self._options[options] = text
        return text


def _unchanged(files: Files, path: str, before: os.stat_result) -> bool:
    try:
        return same(before, files.look(path)[1])
    except (OutsideProject, OSError):
        return False
