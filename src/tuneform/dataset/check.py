"""Whether datasets can be trained on: every mistake of a file in one pass, and its facts.

What an earlier run found is asked for first: of an unchanged file only the date is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from itertools import chain
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
    """What came of checking a dataset.

    Attributes:
        facts: of the part of the file that is meant; None if there are errors, wherever in it.
        diagnostics: errors and warnings, sorted by line.
    """

    facts: DatasetFacts | None
    diagnostics: tuple[Diagnostic, ...] = ()


def check(files: Files, ref: DatasetRef, limits: Limits, *, trains: bool = True) -> Checked:
    """Read a dataset and check every row of its file.

    Args:
        files: the project.
        ref: where the file is, how to read it, and which part of it is meant.
        limits: of the base that shall be trained with it.
        trains: whether advice on training data (how many examples, duplicates) is wanted.
    """
    tally = Tally(ref, limits, trains=trains)
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
    *,
    evaluation: Sequence[tuple[DatasetRef, Limits]] = (),
) -> dict[DatasetRef, Checked]:
    """Check datasets, each once, however many models are trained with it.

    Where both parts of a file are wanted, its mistakes are told for the part that trains alone.

    Args:
        root: the project directory.
        wanted: with the limits of the base of each model; where one dataset is wanted for several
            bases, the strictest limits hold.
        cache: of earlier runs; facts and warnings of files without errors are remembered in it.
            Saving it is the caller's business.
        evaluation: what gates ask, with the limits of the base that they ask; it gets no advice on
            training data, unless it is wanted for training as well.

    Returns:
        In the order in which they were first wanted, those for evaluation last.
    """
    limits: dict[DatasetRef, Limits] = {}
    trained = {ref for ref, _ in wanted}
    for ref, its_limits in chain(wanted, evaluation):
        known = limits.get(ref)
        limits[ref] = strictest(known, its_limits) if known else its_limits
    files = Files(root)
    how = check if cache is None else _Memory(cache).check
    checked = {
        ref: how(files, ref, its_limits, trains=ref in trained)
        for ref, its_limits in limits.items()
    }
    return {ref: _told_once(ref, found, checked) for ref, found in checked.items()}


def _told_once(ref: DatasetRef, found: Checked, checked: dict[DatasetRef, Checked]) -> Checked:
    """What is held out, without what is told for the part of the same file that trains."""
    if not (ref.held_out and found.diagnostics):
        return found
    other = checked.get(replace(ref, held_out=False))
    told = {each.sort_key for each in other.diagnostics} if other else frozenset()
    rest = [each for each in found.diagnostics if each.sort_key not in told]
    return Checked(found.facts, tuple(rest))


def strictest(one: Limits, other: Limits) -> Limits:
    """The limits under which a dataset suits both."""
    if one == other:
        return one
    (one_low, one_high), (other_low, other_high) = one.examples_advised, other.examples_advised
    return Limits(
        input_characters=min(one.input_characters, other.input_characters),
        output_characters=min(one.output_characters, other.output_characters),
        dataset_bytes=min(one.dataset_bytes, other.dataset_bytes),
        sent_bytes=_least(one.sent_bytes, other.sent_bytes),
        sent_bytes_each=max(one.sent_bytes_each, other.sent_bytes_each),
        examples_least=max(one.examples_least, other.examples_least),
        examples_advised=(max(one_low, other_low), max(one_high, other_high)),
        examples_most=_least(one.examples_most, other.examples_most),
        validation_examples_most=_least(
            one.validation_examples_most, other.validation_examples_most
        ),
        example_tokens=_least(one.example_tokens, other.example_tokens),
    )


def _least(one: int | None, other: int | None) -> int | None:
    """The stricter of two limits, either of which may not exist."""
    return min((each for each in (one, other) if each is not None), default=None)


class _Memory:
    """Checks files that changed, and remembers what it found."""

    def __init__(self, cache: FileCache[Checked]) -> None:
        self._cache = cache
        self._options: dict[tuple[object, ...], str] = {}

    def check(
        self, files: Files, ref: DatasetRef, limits: Limits, *, trains: bool = True
    ) -> Checked:
        try:
            _, before = files.look(ref.path)
        except (OutsideProject, OSError):
            return check(files, ref, limits, trains=trains)  # which finds the words for it
        key = f"{ref.path}\n{self._how(ref, limits, trains=trains)}"
        known = self._cache.get(key, before)
        if known is not None:
            return known
        checked = check(files, ref, limits, trains=trains)
        if checked.facts is not None and _unchanged(files, ref.path, before):
            self._cache.put(key, before, checked)
        return checked

    def _how(self, ref: DatasetRef, limits: Limits, *, trains: bool) -> str:
        """All that the result depends on beside the content, as one string."""
        reading = (ref.format, ref.input_field, ref.output_field, ref.preamble)
        options = (*reading, ref.holdout, ref.held_out, trains, limits)
        text = self._options.get(options)
        if text is None:
            text = msgspec.json.encode((*options[:-1], astuple(limits))).decode()
            self._options[options] = text
        return text


def _unchanged(files: Files, path: str, before: os.stat_result) -> bool:
    try:
        return same(before, files.look(path)[1])
    except (OutsideProject, OSError):
        return False
