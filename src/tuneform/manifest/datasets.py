"""Datasets that a manifest names: whether path, format and fields fit, and what they become.

The files themselves are not looked at.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from tuneform.domain.spec import SUFFIXES, DatasetRef
from tuneform.manifest.gate_shape import GateDataset, MustPass
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.provider_shape import Validation
from tuneform.manifest.rules import relative_path
from tuneform.manifest.shape import Dataset
from tuneform.manifest.words import Path, quoted

DEFAULTS: Final = DatasetRef("", "jsonl")

Written: TypeAlias = Dataset | GateDataset | MustPass | Validation


def inside(folder: str, path: str) -> str | None:
    """A path relative to a folder of the project as one relative to the project; None if it leaves.

    Args:
        folder: relative to the project, empty for the project itself.
        path: with `/`.
    """
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined == ".." or joined.startswith(("../", "/")) else joined


def dataset_ref(dataset: Written, folder: str, preamble: str) -> DatasetRef:
    """Where the examples are, about which `relations` had nothing to say.

    Args:
        dataset: checked, with variables put in.
        folder: of the manifest, relative to the project.
        preamble: put in front of every input.
    """
    path = inside(folder, dataset.path or "") or ""
    names = dataset.fields
    return DatasetRef(
        path=path,
        format=dataset.format or SUFFIXES[posixpath.splitext(path)[1].lower()],
        input_field=(names and names.input) or DEFAULTS.input_field,
        output_field=(names and names.output) or DEFAULTS.output_field,
        preamble=preamble,
    )


def relations(dataset: dict[str, Any], at: Path, folder: str) -> Iterator[Problem]:
    """What is wrong with the path, and between the other keys.

    Args:
        dataset: as it was written; whatever else is wrong with it is told elsewhere.
        at: its own path in the document.
        folder: of the manifest, relative to the project.
    """
    path = dataset.get("path")
    if isinstance(path, str) and _is_relative(path):
        resolved = inside(folder, path)
        if resolved is None:
            yield Problem(
                (*at, "path"),
                "outside-project",
                "outside the project",
                f"{quoted(path)} leads out of the project; only files inside it can be used.",
                "copy the file into the project",
            )
        elif "format" not in dataset and posixpath.splitext(resolved)[1].lower() not in SUFFIXES:
            yield Problem(
                (*at, "path"),
                "unknown-format",
                "unknown format",
                f"The suffix of {quoted(path)} does not tell how the file is written.",
                "add `format:` with jsonl, json, csv or tsv",
            )
    names = dataset.get("fields")
    if isinstance(names, dict):
        first = names.get("input", DEFAULTS.input_field)
        if first == names.get("output", DEFAULTS.output_field) and isinstance(first, str):
            yield Problem(
                (*at, "fields"),
                "conflicting-fields",
                "conflicting fields",
                f"Input and output would both be read from {quoted(first)}.",
                "name two different keys or columns",
            )


def _is_relative(path: str) -> bool:
    try:
        relative_path(path)
    except Mistake:
        return False
    return True
