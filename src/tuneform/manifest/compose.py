"""Text to YAML nodes, one document at a time, within bounds, and on to the next after an error.

PyYAML composes the nodes, with libyaml where it is there and in Python where it is not; both give
the same nodes. Nodes know their line and column, so a value that turns out to be wrong later can
be pointed at without reading the file again. What the nodes mean is said in `values`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken, explain

DEPTH_AT_MOST: Final = 100
NODES_AT_MOST: Final = 20_000
"""In one document. Real manifests have about thirty nodes, four levels deep."""
DOCUMENTS_AT_MOST: Final = 50_000
_RECOVERIES_AT_MOST: Final = 50
_DIRECTIVES_AT_MOST: Final = 100

PLAIN: Final = "plain scalar"
TEXT: Final = "quoted scalar"
COLLECTION: Final = "collection"
"""Tags of nodes that have none of their own. Compare with `is`: a file cannot forge the object."""

_DOCUMENT_START: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DEEP_LINE: Final = re.compile(r"^[-?: \t]{24}", re.MULTILINE)
_BRACKETS_IF_SHALLOW: Final = 48


class TooMuch(yaml.YAMLError):
    """A document is deeper or larger than anything that means well."""

    def __init__(self, node: yaml.Node | None, detail: str) -> None:
        super().__init__(detail)
        self.mark = node.start_mark if node else None


class _Tags:
    """Tags without PyYAML's regular expressions."""

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: Any) -> str:
        """The tag of a node that has none of its own."""
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else TEXT
        return COLLECTION


class _Bounds(_Tags):
    """Counts what is composed. PyYAML calls these two around each node."""

    _depth = 0
    _nodes = 0

    def descend_resolver(self, parent: yaml.Node | None, _index: Any) -> None:
        """Called before a node; the root of a document has no parent."""
        if parent is None:
            self._depth = self._nodes = 0
        self._depth += 1
        self._nodes += 1
        if self._depth > DEPTH_AT_MOST:
            raise TooMuch(parent, f"Values are nested deeper than {DEPTH_AT_MOST} levels.")
        if self._nodes > NODES_AT_MOST:
            raise TooMuch(parent, f"The document has more than {NODES_AT_MOST:,} values.")

    def ascend_resolver(self) -> None:
        """Called after a node."""
        self._depth -= 1


class _NoBounds(_Tags):
    """For text that is known to be shallow."""

    def descend_resolver(self, parent: yaml.Node | None, _index: Any) -> None:
        """Called before a node."""

    def ascend_resolver(self) -> None:
        """Called after a node."""


if TYPE_CHECKING:
    from yaml import CBaseLoader as _Native
else:
    _Native = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class PythonComposer(_Bounds, yaml.BaseLoader):
    """For machines without libyaml: the same nodes, twelve times slower."""


class NativeComposer(_Bounds, _Native):
    """On top of libyaml, which recurses without a limit of its own."""


class ShallowComposer(_NoBounds, _Native):
    """A third faster; for text that `is_shallow`."""


def is_shallow(text: str) -> bool:
    """Whether the text alone shows that no document in it comes near the bounds.

    A level in block style takes a column of indentation or an indicator at the start of a line (a
    list may share the column of its key, so two levels a column), a level in flow style takes a
    bracket, and a node takes a character.
    """
    return not _DEEP_LINE.search(text) and all(
        len(document) < NODES_AT_MOST
        and document.count("[") + document.count("{") <= _BRACKETS_IF_SHALLOW
        for document in _DOCUMENT_START.split(text)
    )


def documents(source: Source, composer: Any = None) -> Iterator[yaml.Node | Broken]:
    """The root nodes of all documents, empty ones left out, and what could not be read.

    After an error it goes on at the next line that starts a document.

    Args:
        source: the file.
        composer: one of this module; by default the fastest that is safe.
    """
    whole = text = source.text
    if whole.count("\n%") > _DIRECTIVES_AT_MOST:
        yield Broken(0, 0, "too-large", "The file has more than 100 lines of YAML directives.")
        return
    composer = composer or (ShallowComposer if is_shallow(whole) else NativeComposer)
    start = 0
    for attempt in range(_RECOVERIES_AT_MOST):
        broken = yield from _compose(text, composer)
        if broken is None:
            return
        start = -1 if broken.last else _next_document(whole, start, broken.line)
        last = start < 0 or attempt == _RECOVERIES_AT_MOST - 1
        yield replace(broken, last=last)
        if last:
            return
        # Blank lines in front keep the line numbers of what follows right.
        text = "\n" * whole.count("\n", 0, start) + whole[start:]


def _compose(text: str, composer: Any) -> Generator[yaml.Node, None, Broken | None]:
    """Yield root nodes as far as the text can be read; return what ended it."""
    try:
        loader = composer(text)
        for _ in range(DOCUMENTS_AT_MOST):
            if not loader.check_node():
                return None
            node = loader.get_node()
            if not (node.tag is PLAIN and node.value == ""):
                yield node
        detail = f"The file has more than {DOCUMENTS_AT_MOST:,} documents."
        return Broken(node.end_mark.line, 0, "too-large", detail, "split the file", last=True)
    except TooMuch as error:
        line, column = (error.mark.line, error.mark.column) if error.mark else (0, 0)
        return Broken(line, column, "too-large", str(error), "use fewer and flatter values")
    except yaml.YAMLError as error:
        return explain(text, error)


def _next_document(text: str, start: int, line: int) -> int:
    """Where the next document starts, at `line` or below, and below `start`; -1 if nowhere."""
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
        if at == 0:
            return -1
    found = _DOCUMENT_START.search(text, max(at, start + 1))
    return found.start() if found else -1
