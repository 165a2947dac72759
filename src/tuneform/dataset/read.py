"""Rows of a dataset file, whatever its format, in batches and without holding the file.

This is the only place that knows which reader belongs to which format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from tuneform.dataset import array, jsonl, table
from tuneform.dataset.files import Files
from tuneform.dataset.rows import Batch, Fault, Unusable
from tuneform.dataset.source import blocks
from tuneform.domain.spec import DatasetRef


def read(files: Files, ref: DatasetRef, most: int) -> Iterator[Batch | Fault]:
    """Read a dataset.

    Args:
        files: the project.
        ref: where the file is, and how to read it.
        most: bytes that the file may have; a larger one is not read.

    Yields:
        Rows and mistakes, in the order of the file. What a service accepts is not checked here:
        fields may be empty or too long.
    """
    try:
        _expect_text(ref)
        yield from parse(blocks(files, ref.path, most), ref)
    except Unusable as stop:
        yield stop.fault


def _expect_text(ref: DatasetRef) -> None:
    """Stop at half of a surrogate pair, which YAML can escape and no service can be sent."""
    try:
        f"{ref.preamble}{ref.input_field}{ref.output_field}".encode()
    except UnicodeEncodeError:
        detail = "the preamble or the name of a field holds half of a surrogate pair"
        hint = "write the character itself instead of its escapes"
        raise Unusable(Fault(0, 0, "dataset-invalid", detail, hint)) from None


def parse(whole_lines: Iterable[bytes], ref: DatasetRef) -> Iterator[Batch | Fault]:
    """Read the content of a dataset.

    Args:
        whole_lines: the content without byte order mark, in blocks that end with a line feed; only
            the last one may lack it. How it is cut changes nothing but the batches.
        ref: how to read it.
    """
    match ref.format:
        case "jsonl":
            return jsonl.batches(whole_lines, ref)
        case "json":
            return array.batches(whole_lines, ref)
        case "csv":
            return table.batches(whole_lines, ref, ",")
        case "tsv":
            return table.batches(whole_lines, ref, "\t")
        case _:
            assert_never(ref.format)
