"""Rows of JSONL: one JSON object on each line, blank lines allowed.

Most blocks of lines hold no mistake. They are decoded by typed code that sees no duplicate keys
and names no places; whatever is unusual about a block, it is read again with care. Both ways give
the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import sub
from typing import Any

import msgspec

from tuneform.dataset.digest import canonical
from tuneform.dataset.jsonrow import Fields, Spot, parse
from tuneform.dataset.rows import Batch, Fault, RowBatch
from tuneform.domain.spec import DatasetRef

_ESCAPED_KEY = re.compile(rb'"(?:(?<=[{,]")|(?<=[{, \t\r][ \t\r]"))[^"\\]*+\\')
"""In lines that are valid JSON: a key with an escape in it, which may be a field's name written
in another way. A quote behind `{` or `,` and space cannot stand inside a string, where it would be
behind a backslash. The pattern begins with the quote because such a search is four times faster."""


def batches(blocks: Iterable[bytes], ref: DatasetRef) -> Iterator[Batch | Fault]:
    """Read the blocks of a file.

    Args:
        blocks: of whole lines.
        ref: names of the fields, and the preamble.
    """
    fast = _Fast(ref)
    fields = Fields(ref.input_field, ref.output_field)
    line = 1
    for block in blocks:
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        batch = fast.read(block, lines, line)
        if batch is None:
            yield from _careful(lines, line, fields, ref.preamble)
        else:
            yield batch
        line += len(lines)


@lru_cache(maxsize=64)
def _row_decoder(input_field: str, output_field: str) -> Callable[[bytes], Any]:
    """A decoder to objects with `text_input` and `output`; making one costs more than a file."""
    row = msgspec.defstruct(
        "Row",
        [("text_input", str), ("output", str)],
        rename={"text_input": input_field, "output": output_field},
        gc=False,
    )
    return msgspec.json.Decoder(row).decode


class _Fast:
    """Reads blocks in which every line is an object with each field once, as a string."""

    def __init__(self, ref: DatasetRef) -> None:
        self._preamble = ref.preamble
        self._names = [msgspec.json.encode(name) for name in (ref.input_field, ref.output_field)]
        # The typed decoder knows no two fields of one name, and no names that need escapes.
        self._able = ref.input_field != ref.output_field and b"\\" not in b"".join(self._names)
        if self._able:
            self._decode = _row_decoder(ref.input_field, ref.output_field)
        sizes = [len(name) for name in self._names]
        # By how much a line {"a":"in","b":"out"} is longer than ["in","out"], at least, and by how
        # much more if "a" or "b" stands there again with the shortest of values.
        longer = sum(sizes) + 2 - (len(msgspec.json.encode(ref.preamble)) - 2)
        self._room = longer + min(sizes) + 3

    def read(self, block: bytes, lines: list[bytes], first: int) -> Batch | None:
        """The rows of a block; None if anything about it is unusual."""
        if not self._able:
            return None
        try:
            rows = list(map(self._decode, lines))
            if not block.isascii():
                block.decode()  # the decoder does not look into what it skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        inputs = [row.text_input for row in rows]
        outputs = [row.output for row in rows]
        texts = canonical(inputs, outputs, self._preamble)
        if self._no_room_for_more(lines, texts) or self._each_name_once(block, len(lines)):
            return Batch(range(first, first + len(lines)), inputs, outputs, texts)
        return None

    def _no_room_for_more(self, lines: list[bytes], texts: list[bytes]) -> bool:
        """Whether every line is too short to hold, beside its two fields, one of them again."""
        longer: int = max(map(sub, map(len, lines), map(len, texts)))
        return longer < self._room

    def _each_name_once(self, block: bytes, count: int) -> bool:
        """Whether lines that hold both fields hold neither of them twice."""
        if any(block.count(name) != count for name in self._names):
            return False
        return b"\\" not in block or _ESCAPED_KEY.search(block) is None


def _careful(
    lines: Iterable[bytes], first: int, fields: Fields, preamble: str
) -> Iterator[Batch | Fault]:
    rows = RowBatch(preamble)
    for number, line in enumerate(lines, first):
        if not line.strip(b" \t\r"):
            continue
        found = parse(line.decode("utf-8", "surrogateescape"), Spot(number, 1), fields)
        if isinstance(found, list):
            yield from rows.take()
            yield from found
        else:
            rows.add(number, *found)
    yield from rows.take()
