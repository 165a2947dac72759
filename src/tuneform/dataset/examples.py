"""Examples as they are sent: read again, with the preamble in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tuneform.dataset.digest import dataset_digest, digests_of
from tuneform.dataset.files import Files
from tuneform.dataset.read import read
from tuneform.dataset.rows import Batch, Fault
from tuneform.dataset.tally import as_diagnostic
from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Severity
from tuneform.domain.spec import DatasetRef
from tuneform.errors import InvalidProject, Stale


def read_examples(
    root: Path, ref: DatasetRef, expected_digest: str, limits: Limits
) -> list[tuple[str, str]]:
    """Read the examples of a version that is being started, and make sure that they are its own.

    Args:
        root: the project directory.
        ref: where the file is, and how to read it.
        expected_digest: dataset digest that the plan was made with, 64 hex digits.
        limits: of the base; only the size of the file matters here, as the rest was checked when
            the digest was made.

    Returns:
        Inputs, with the preamble in front, and outputs, in the order of the file.

    Raises:
        Stale: the file has changed since, cannot be read any more, or is gone.
    """
    digests: list[bytes] = []
    examples: list[tuple[str, str]] = []
    for found in read(Files(root), ref, limits.dataset_bytes):
        if isinstance(found, Fault):
            raise _stale(ref, f": {found.detail}")
        digests += digests_of(found.canonical)
        examples += _as_sent(found, ref.preamble)
    if dataset_digest(digests) != expected_digest:
        raise _stale(ref, "")
    return examples


def each_example(root: Path, ref: DatasetRef, limits: Limits) -> Iterator[tuple[str, str]]:
    """Read examples one after the other, for statistics and comparisons.

    Args:
        root: the project directory.
        ref: where the file is, and how to read it.
        limits: only the size of the file matters here.

    Yields:
        Inputs, with the preamble in front, and outputs, in the order of the file.

    Raises:
        InvalidProject: the file cannot be read, or has a row that cannot; `check` tells all of it.
    """
    for found in read(Files(root), ref, limits.dataset_bytes):
        if isinstance(found, Fault):
            raise InvalidProject([as_diagnostic(Severity.ERROR, ref.path, found)])
        yield from _as_sent(found, ref.preamble)


def _as_sent(batch: Batch, preamble: str) -> Iterator[tuple[str, str]]:
    inputs = [preamble + each for each in batch.inputs] if preamble else batch.inputs
    return zip(inputs, batch.outputs, strict=True)


def _stale(ref: DatasetRef, reason: str) -> Stale:
    return Stale(
        f"{ref.path} is not what it was when the plan was made{reason}",
        hint="make the plan again, and read it",
    )
