"""Which examples are held out of training: those whose digests are small enough.

An example is held out if the first 8 bytes of its digest, read as a big-endian number and divided
by 2**64, are below the share. So equal examples are on one side, neither the order of
rows nor their number moves any of them, and a larger share holds out the same ones and more. As
examples are digested with their preamble, another preamble cuts anew. Nothing is read here.
"""

from __future__ import annotations

from itertools import compress
from math import ceil

from tuneform.dataset.digest import digests_of
from tuneform.dataset.rows import Batch
from tuneform.domain.spec import DatasetRef

_BYTES = 8


def part(ref: DatasetRef, batch: Batch) -> tuple[Batch, list[bytes]]:
    """The rows of a batch that a dataset means, with their example digests."""
    digests = digests_of(batch.canonical)
    if is_whole(ref):
        return batch, digests
    bound = _bound(ref.holdout)
    chosen = [(digest < bound) is ref.held_out for digest in digests]
    kept = Batch(
        list(compress(batch.lines, chosen)),
        list(compress(batch.inputs, chosen)),
        list(compress(batch.outputs, chosen)),
        list(compress(batch.canonical, chosen)),
    )
    return kept, list(compress(digests, chosen))


def is_whole(ref: DatasetRef) -> bool:
    """Whether a dataset is all that its file holds."""
    return not (ref.holdout or ref.held_out)


def _bound(share: float) -> bytes:
    """The least 8 bytes that are not held out: digests are compared with them as they are.

    Exact, as scaling by a power of two rounds nothing.
    """
    return ceil(share * 2.0 ** (8 * _BYTES)).to_bytes(_BYTES, "big")
