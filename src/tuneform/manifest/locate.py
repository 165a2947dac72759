"""Exact places for what was found wrong long after the manifests were read.

Models remember the place of their name only, so that a clean project pays for nothing more. When a
later stage objects to a field, its file is read once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from tuneform.dataset.files import Files
from tuneform.domain.diagnostic import Diagnostic, Place
from tuneform.manifest.compose import documents
from tuneform.manifest.opening import open_source
from tuneform.manifest.placing import Page
from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken
from tuneform.manifest.values import check_aliases, find
from tuneform.manifest.words import Path as FieldPath

_NAME: Final = ("metadata", "name")
_PART: Final = re.compile(r'\[(\d{1,9})\]|\.?(?:"([^"]*)"|([^.\[\]"]+))')
_DATA_SUFFIXES: Final = (".jsonl", ".json", ".csv", ".tsv")


def pinpoint(diagnostics: tuple[Diagnostic, ...], root: Path) -> tuple[Diagnostic, ...]:
    """The same diagnostics, those about a field of a document at the place of that field.

    Only diagnostics that have a field and stand at the `metadata.name` of a document are moved.
    Where the field is left out of the document, the nearest key above it is shown; where there is
    none, or the file has changed meanwhile, the place stays as it is.

    Args:
        diagnostics: in any order, which is kept.
        root: the project directory.
    """
    wanted = {each.place.file for each in diagnostics if _is_movable(each) and each.place}
    pages = {file: dict(_pages(Files(root), file)) for file in sorted(wanted)}
    return tuple(
        _moved(each, pages[each.place.file]) if _is_movable(each) and each.place else each
        for each in diagnostics
    )


def _is_movable(diagnostic: Diagnostic) -> bool:
    place = diagnostic.place
    return (
        place is not None
        and bool(diagnostic.field)
        and not diagnostic.snippet
        and not place.file.lower().endswith(_DATA_SUFFIXES)
    )


def _pages(files: Files, file: str) -> Iterable[tuple[Place, Page]]:
    """The documents of a file by the place of their name."""
    try:
        path = str(files.inside(file))
    except (OSError, ValueError):
        return
    source = open_source(path, file)
    if not isinstance(source, Source):
        return
    for root in documents(source):
        usable = not isinstance(root, Broken) and not (source.may_alias and check_aliases(root))
        if usable and isinstance(root, yaml.Node) and find(root, _NAME):
            page = Page(source, root, "")
            yield page.place(_NAME), page


def _moved(diagnostic: Diagnostic, pages: dict[Place, Page]) -> Diagnostic:
    place = diagnostic.place
    page = pages.get(place) if place else None
    if page is None or place is None:
        return diagnostic
    path = _path(diagnostic.field)
    while len(path) > 1:
        if found := find(page.root, path):
            # A block mapping starts at its first key; the key above it is clearer.
            place = page.place(path, at_key=not isinstance(found[1], yaml.ScalarNode))
            break
        path = path[:-1]
    return replace(diagnostic, place=place, snippet=page.source.snippet(place))


def _path(field: str) -> FieldPath:
    """`spec.formerly[0]` in parts."""
    return tuple(
        int(index) if index else inside or name for index, inside, name in _PART.findall(field)
    )
