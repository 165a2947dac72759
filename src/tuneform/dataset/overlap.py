"""Whether a gate asks what was trained, or validation measures it: examples in common.

Examples are compared as they are sent, preambles included, by their digests; no text is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from tuneform.clock import Clock
from tuneform.dataset.examples import each_digest
from tuneform.dataset.filecache import FileCache, same
from tuneform.dataset.files import Files, OutsideProject
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.spec import DatasetRef

PLACES_SHOWN = 5
"""Of each kind; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where the two datasets meet.

    Attributes:
        line: of the row in the evaluation file, from 1.
        training_line: of the first such row in the training file, from 1.
    """

    line: int
    training_line: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """What training and evaluation have in common.

    Attributes:
        identical: count of evaluation rows that are training examples as well.
        same_input: count of the other rows whose input is trained with another output.
        identical_places: the first of the identical ones.
        same_input_places: the first of the others.
    """

    identical: int = 0
    same_input: int = 0
    identical_places: tuple[Meeting, ...] = ()
    same_input_places: tuple[Meeting, ...] = ()


def overlaps(root: Path, training: DatasetRef, evaluation: DatasetRef, limits: Limits) -> Overlap:
    """Compare the examples of two datasets.

    Memory grows with the count of evaluation examples; training examples go by.

    Args:
        root: the project directory.
        training: what is trained with.
        evaluation: what a gate asks; with the preamble that is put in front when it asks.
        limits: only the size of the files matters here.

    Raises:
        InvalidProject: a file cannot be read, or has a row that cannot; `check` tells all of it.
    """
    rows = list(_rows(root, evaluation, limits))
    examples = {digest: 0 for _, _, digest in rows}  # the line in the training file, 0 while unmet
    inputs = {text_input: 0 for _, text_input, _ in rows}
    for line, text_input, digest in _rows(root, training, limits):
        if examples.get(digest) == 0:
            examples[digest] = line
        if inputs.get(text_input) == 0:
            inputs[text_input] = line
    identical = [Meeting(line, examples[digest]) for line, _, digest in rows if examples[digest]]
    same_input = [
        Meeting(line, inputs[text_input])
        for line, text_input, digest in rows
        if inputs[text_input] and not examples[digest]
    ]
    return Overlap(
        len(identical),
        len(same_input),
        tuple(identical[:PLACES_SHOWN]),
        tuple(same_input[:PLACES_SHOWN]),
    )


def _rows(root: Path, ref: DatasetRef, limits: Limits) -> Iterator[tuple[int, bytes, bytes]]:
    """Line, digest of the input, and example digest of each row."""
    for line, text_input, digest in each_digest(root, ref, limits):
        yield line, blake2b(text_input.encode(), digest_size=16).digest(), digest


Role: TypeAlias = Literal["gate", "validation"]
"""What the other dataset is for. A gate decides, so that it must not ask what was trained; what
validation measures decides nothing, and is only flattered."""


def diagnose(
    overlap: Overlap, training: DatasetRef, evaluation: DatasetRef, role: Role = "gate"
) -> tuple[Diagnostic, ...]:
    """What to tell the user: one diagnostic for each place, the last of a kind counts the rest."""
    gate = role == "gate"
    kind = "evaluation" if gate else "validation"
    why = (
        "a gate asks what training has not seen"
        if gate
        else "the loss of what was trained says little about what was not"
    )
    identical = Diagnostic(
        Severity.ERROR if gate else Severity.WARNING,
        f"{role}-overlap",
        f"{kind} example is trained with",
        "training has the same example",
        hint=f"{why}; {_remedy(training, evaluation, role)}",
    )
    same_input = Diagnostic(
        Severity.WARNING,
        f"{role}-overlap-input",
        f"{kind} input is trained with another output",
        "training has the same input with another output",
        hint=f"one of the two outputs is not learnt; {_remedy(training, evaluation, role)}",
    )
    places = training.path, evaluation.path
    return (
        *_at_each(overlap.identical_places, overlap.identical, identical, *places),
        *_at_each(overlap.same_input_places, overlap.same_input, same_input, *places),
    )


def _remedy(training: DatasetRef, evaluation: DatasetRef, role: Role) -> str:
    if training.path != evaluation.path:
        return "remove it from one of the two files"
    if evaluation.held_out:
        return "keep the row that is meant"
    return f"name another file for the {role}, or hold out a share of this one"


def _at_each(
    places: Sequence[Meeting], count: int, told: Diagnostic, training: str, evaluation: str
) -> Iterator[Diagnostic]:
    for number, place in enumerate(places, 1):
        rest = count - number if number == len(places) else 0
        more = f"; the same holds for {rest:,} more" if rest else ""
        yield replace(
            told,
            detail=f"{told.detail}: {training}:{place.training_line}{more}",
            place=Place(evaluation, place.line),
        )


class OverlapCache:
    """What earlier runs found, so that of unchanged files only the dates are looked at.

    It changes no result, forgets what a run did not ask for, and believes no cache file that came
    with a repository: a pull request cannot claim that nothing overlaps.

    Args:
        root: the project directory.
        path: of the cache file; its folder is made when something is saved.
        salt: the version of this code.
        clock: tells which files are too young to be remembered.
    """

    def __init__(self, root: Path, path: Path, *, salt: str, clock: Clock) -> None:
        self._root = root
        self._files = Files(root)
        self._cache = FileCache(path, Overlap, salt=salt, clock=clock)

    def overlaps(self, training: DatasetRef, evaluation: DatasetRef, limits: Limits) -> Overlap:
        """What `overlaps` finds, or found when both files were as they are now.

        Raises:
            InvalidProject: as for `overlaps`.
        """
        refs = training, evaluation
        before = self._look(refs)
        keys = _keys(refs, limits)
        # An entry holds for one file: the outcome is known if that of each file is.
        known = [self._cache.get(*each) for each in zip(keys, before, strict=False)]
        if len(known) == len(refs) and known[0] is not None and known[0] == known[1]:
            return known[0]
        found = overlaps(self._root, training, evaluation, limits)
        after = self._look(refs)
        if len(after) == len(before) == len(refs) and all(map(same, before, after)):
            for key, look in zip(keys, before, strict=True):
                self._cache.put(key, look, found)
        return found

    def save(self) -> None:
        """Write what was asked for by this run, and drop the rest."""
        self._cache.save()

    def _look(self, refs: Iterable[DatasetRef]) -> list[os.stat_result]:
        """At each file; nothing where one of them is not there, which reading has the words for."""
        try:
            return [self._files.look(ref.path)[1] for ref in refs]
        except (OutsideProject, OSError):
            return []


def _keys(refs: tuple[DatasetRef, DatasetRef], limits: Limits) -> tuple[str, str]:
    """All that the outcome depends on beside the content, and which of the two files it is."""
    how = msgspec.json.encode((*map(astuple, refs), limits.dataset_bytes)).decode()
    return f"training {how}", f"evaluation {how}"
