"""Rows of CSV and TSV: columns are found by the names in the first row.

A cell in double quotes may hold delimiters, quotes (twice each) and line ends, which are kept as
they are. This holds for TSV too, as spreadsheets write it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from tuneform.dataset.rows import Batch, Fault, RowBatch, Unusable, near, shown
from tuneform.domain.spec import DatasetRef

_BATCH_ROWS = 500
_STRAY = re.compile("[\0\udc80-\udcff]")  # NUL, and bytes that were escaped


def batches(blocks: Iterable[bytes], ref: DatasetRef, delimiter: str) -> Iterator[Batch | Fault]:
    """Read the blocks of a file.

    Args:
        blocks: of whole lines.
        ref: names of the columns, and the preamble.
        delimiter: one character, between cells.
    """
    rows = RowBatch(ref.preamble)
    columns: _Columns | None = None
    try:
        for found in _records(blocks, delimiter):
            if isinstance(found, Fault):
                yield from rows.take()
                yield found
                continue
            line, cells = found
            if columns is None:
                columns = _Columns(line, cells, ref, delimiter)
            elif len(cells) != columns.count:
                yield from rows.take()
                yield _uneven(line, len(cells), columns.count)
            else:
                rows.add(line, cells[columns.text_input], cells[columns.output])
                yield from rows.take(_BATCH_ROWS)
    except Unusable as stop:  # what follows cannot be understood
        yield from rows.take()
        yield stop.fault
    else:
        yield from rows.take()


class _Columns:
    """Where the fields are.

    Raises:
        Unusable: they are not there, or twice.
    """

    def __init__(self, line: int, header: list[str], ref: DatasetRef, delimiter: str) -> None:
        self.count = len(header)
        self.text_input = _column(ref.input_field, line, header, delimiter)
        self.output = _column(ref.output_field, line, header, delimiter)


def _column(name: str, line: int, header: list[str], delimiter: str) -> int:
    if header.count(name) > 1:
        detail = f"the header has the column {shown(name)} twice"
        raise Unusable(Fault(line, 0, "field-duplicate", detail, "remove one of the two"))
    if name not in header:
        between = "tabs" if delimiter == "\t" else "commas"
        hint = near(name, header) or f"the first row names the columns, with {between} between them"
        raise Unusable(
            Fault(line, 0, "field-missing", f"the header has no column {shown(name)}", hint)
        )
    return header.index(name)


def _uneven(line: int, count: int, wanted: int) -> Fault:
    detail = f"the row has {count:,} cells, the header has {wanted:,}"
    return Fault(line, 0, "row-invalid", detail, "a cell with delimiters in it needs double quotes")


def _records(blocks: Iterable[bytes], delimiter: str) -> Iterator[tuple[int, list[str]] | Fault]:
    """Each record with its first line, or what is wrong with it; blank lines are left out.

    Raises:
        Unusable: from here on nothing can be told apart.
    """
    faults: list[Fault] = []
    reader = csv.reader(_lines(blocks, faults), delimiter=delimiter, strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield from faults
            faults.clear()
            yield _broken(first, reader.line_num, str(error))
            continue
        if faults:
            yield from faults
            faults.clear()
        elif cells is None:
            return
        elif len(cells) > 1 or (cells and cells[0].strip()):
            yield first, cells


def _broken(first: int, last: int, reason: str) -> Fault:
    """What the csv module complains about, in our words.

    Raises:
        Unusable: the end of the record cannot be found.
    """
    if reason.startswith("field larger"):
        detail = f"a cell has more than {csv.field_size_limit():,} characters"
        hint = "is its closing quote missing?"
        raise Unusable(Fault(first, 0, "row-invalid", detail, hint))
    if reason.startswith("unexpected end"):
        detail = "a double quote is opened in this row and never closed"
        hint = 'a quote inside a cell is written twice, and the cell in quotes: "say ""yes"""'
        raise Unusable(Fault(first, 0, "row-invalid", detail, hint))
    if reason.startswith("new-line"):
        detail = "a carriage return stands outside of double quotes"
        return Fault(last, 0, "row-invalid", detail, "end lines with LF or CRLF")
    detail = f"the quotes of this row do not fit: {reason}"
    hint = 'a quote inside a cell is written twice, and the cell in quotes: "say ""yes"""'
    return Fault(last, 0, "row-invalid", detail, hint)


def _lines(blocks: Iterable[bytes], faults: list[Fault]) -> Iterator[str]:
    """Lines as text, each with its line feed, for the csv module to join again.

    Args:
        blocks: of the file.
        faults: what is no text is put here when its line is handed out, so that reading goes on.
    """
    number = 0
    for block in blocks:
        try:
            text = block.decode()
            clean = "\0" not in text
        except UnicodeDecodeError:
            text = block.decode("utf-8", "surrogateescape")
            clean = False
        lines = text.split("\n")
        last = lines.pop()
        for line in lines:
            number += 1
            if not clean:
                faults += _stray(line, number)
            yield line + "\n"
        if last:
            faults += [] if clean else _stray(last, number + 1)
            yield last


def _stray(line: str, number: int) -> list[Fault]:
    """The first character of a line that cannot be in a table, if there is one."""
    found = _STRAY.search(line)
    if found is None:
        return []
    code = ord(found.group())
    what = f"byte 0x{code - 0xDC00:02x} is not UTF-8" if code else "a NUL character is not text"
    return [Fault(number, found.start() + 1, "row-invalid", what, "save the file as UTF-8")]
