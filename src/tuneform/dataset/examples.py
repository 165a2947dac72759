"""Examples as they are sent: read again, with the preamble in front, of one part of a file.

Any folder will do as project directory: what an earlier commit had can be read from where its file
was written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tuneform.dataset.digest import dataset_digest
from tuneform.dataset.files import Files
from tuneform.dataset.holdout import is_whole, part
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
        batch, its_digests = part(ref, found)
        digests += its_digests
        examples += _as_sent(batch, ref.preamble)
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
    for batch in _sound(root, ref, limits):
        yield from _as_sent(batch if is_whole(ref) else part(ref, batch)[0], ref.preamble)


def each_digest(root: Path, ref: DatasetRef, limits: Limits) -> Iterator[tuple[int, str, bytes]]:
    """Read examples one after the other, for what is told apart by digests.

    Args:
        root: the project directory.
        ref: where the file is, and how to read it.
        limits: only the size of the file matters here.

    Yields:
        Line, input with the preamble in front, and example digest, in the order of the file.

    Raises:
        InvalidProject: as for `each_example`.
    """
    for found in _sound(root, ref, limits):
        batch, digests = part(ref, found)
        for line, (text_input, _), digest in zip(
            batch.lines, _as_sent(batch, ref.preamble), digests, strict=True
        ):
            yield line, text_input, digest


def data_digest_of(root: Path, ref: DatasetRef, limits: Limits) -> str:
    """The dataset digest of whatever is there now, 64 hex digits.

    Args:
        root: the project directory, or any folder.
        ref: where the file is, how to read it, and which part of it is meant.
        limits: only the size of the file matters here.

    Raises:
        InvalidProject: as for `each_example`.
    """
    batches = _sound(root, ref, limits)
    return dataset_digest(digest for batch in batches for digest in part(ref, batch)[1])


def _sound(root: Path, ref: DatasetRef, limits: Limits) -> Iterator[Batch]:
    for found in read(Files(root), ref, limits.dataset_bytes):
        if isinstance(found, Fault):
            raise InvalidProject([as_diagnostic(Severity.ERROR, ref.path, found)])
        yield found


def _as_sent(batch: Batch, preamble: str) -> Iterator[tuple[str, str]]:
    inputs = [preamble + each for each in batch.inputs] if preamble else batch.inputs
    return zip(inputs, batch.outputs, strict=True)


def _stale(ref: DatasetRef, reason: str) -> Stale:
    return Stale(
        f"{ref.path} is not what it was when the plan was made{reason}",
        hint="make the plan again, and read it",
    )
