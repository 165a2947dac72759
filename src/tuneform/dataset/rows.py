"""The values that readers hand on: rows in batches, and what is wrong with a row.

A `Fault` knows no file name and no severity; `check` makes diagnostics of them. It holds field
names, lines and lengths, never the text of an example: that may be private.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tuneform.dataset.digest import canonical

_NAME_SHOWN = 60
_NAMES_COMPARED = 200


class Row(NamedTuple):
    """One example as the file has it: without the preamble.

    Attributes:
        line: where the row begins, from 1.
        text_input: the input.
        output: the output.
    """

    line: int
    text_input: str
    output: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the order of the file, as columns, so that loops over them can run in C.

    Attributes:
        lines: where each row begins, from 1.
        inputs: without the preamble.
        outputs: as long as `inputs`.
        canonical: what is digested for each row, with the preamble (`digest.canonical`).
    """

    lines: Sequence[int]
    inputs: list[str]
    outputs: list[str]
    canonical: list[bytes]

    def rows(self) -> Iterator[Row]:
        """The rows one by one."""
        return map(Row, self.lines, self.inputs, self.outputs)


class RowBatch:
    """Collects rows that were read one by one.

    Args:
        preamble: put in front of every input in what is digested.
    """

    def __init__(self, preamble: str) -> None:
        self._preamble = preamble
        self._rows: list[tuple[int, str, str]] = []

    def add(self, line: int, text_input: str, output: str) -> None:
        """Collect one row; its strings must be encodable."""
        self._rows.append((line, text_input, output))

    def take(self, at_least: int = 1) -> Iterator[Batch]:
        """The rows collected since, as one batch; nothing if they are fewer than `at_least`."""
        if len(self._rows) >= at_least:
            lines = [row[0] for row in self._rows]
            inputs = [row[1] for row in self._rows]
            outputs = [row[2] for row in self._rows]
            self._rows = []
            yield Batch(lines, inputs, outputs, canonical(inputs, outputs, self._preamble))


class Fault(NamedTuple):
    """One mistake in a file.

    Attributes:
        line: from 1; 0 where the file as a whole is meant.
        column: in characters, from 1; 0 where the line as a whole is meant.
        code: as in `Diagnostic.code`.
        detail: what is wrong, without a full stop where it continues the place.
        hint: the next step, else empty.
    """

    line: int
    column: int
    code: str
    detail: str
    hint: str = ""


class Unusable(Exception):
    """Reading cannot begin, or cannot go on; carries the fault that says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def shown(name: str) -> str:
    """A field name for a message: short, without control characters, in quotes if it needs them."""
    if name.isidentifier() and len(name) <= _NAME_SHOWN:
        return name
    text = name if name.isprintable() else ascii(name)[1:-1]
    return f'"{text if len(text) <= _NAME_SHOWN else text[:_NAME_SHOWN] + "…"}"'


def near(name: str, names: Sequence[str]) -> str:
    """A hint that names the most similar of some names, empty where none is similar."""
    from difflib import get_close_matches  # noqa: PLC0415 - only after a mistake, 5 ms

    # Bounded, because the names come from the file and comparing is quadratic.
    sane = [each for each in names[:_NAMES_COMPARED] if len(each) <= 2 * _NAME_SHOWN]
    found = get_close_matches(name, sane, n=1, cutoff=0.75)
    return f"did you mean {shown(found[0])}?" if found else ""
