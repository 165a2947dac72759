"""YAML nodes to plain values, and the way from a path in the value back to its node.

Here live the rules about mappings that YAML leaves to its readers: keys are text, no key stands
twice, `<<` merges, tags other than those of plain data are refused, and aliases may not make more
of a document than a hand could have written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tuneform.manifest.compose import COLLECTION, DEPTH_AT_MOST, NODES_AT_MOST, PLAIN, TEXT
from tuneform.manifest.scalars import STARTS, WORDS, Scalar, plain
from tuneform.manifest.words import Path, quoted, showable

_YAML: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"
_MISUSES_AT_MOST: Final = 100
_QUOTE_BRACES: Final = "put text that starts with `{` or `[` in quotes"


@dataclass(frozen=True, slots=True)
class Misuse:
    """A mistake in the YAML itself, found at a node.

    Attributes:
        node: where.
        code, summary, detail, hint: as in a diagnostic.
    """

    node: yaml.Node
    code: str
    summary: str
    detail: str
    hint: str = ""


@dataclass(slots=True)
class Reader:
    """Turns the nodes of one document into values.

    Attributes:
        misuses: what was found wrong on the way; the value is usable all the same.
    """

    misuses: list[Misuse] = field(default_factory=list)

    def value(self, node: yaml.Node) -> Any:
        """The plain value of a node: str, int, float, bool, None, dict with str keys, list."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            if node.tag is not COLLECTION:
                self._tag(node, "seq")
            return [self.value(item) for item in node.value]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        """In the order of the file; of two equal keys the first counts."""
        if node.tag is not COLLECTION:
            self._tag(node, "map")
        values: dict[str, Any] = {}
        merges: list[yaml.Node] = []
        for key_node, value_node in node.value:
            key, tag = key_node.value, value_node.tag
            if key_node.tag is not TEXT and not _is_plain_key(key_node.tag, key):
                self._odd_key(key_node, value_node, merges)
            elif key in values:
                self._duplicate(node, key_node)
            elif tag is PLAIN:
                text = value_node.value
                sure = text not in WORDS and text[0] not in STARTS
                values[key] = text if sure else plain(text)
            elif tag is TEXT:
                values[key] = value_node.value
            else:
                values[key] = self.value(value_node)
        for merged in merges:
            self._merge(values, merged)
        return values

    def _merge(self, values: dict[str, Any], node: yaml.Node) -> None:
        """Add what is not set yet: own keys win, then the earlier of several mappings."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(source, yaml.MappingNode):
                for key, value in self._mapping(source).items():
                    values.setdefault(key, value)
            else:
                self._tell(
                    Misuse(
                        source,
                        "bad-merge",
                        "nothing to merge",
                        "`<<` takes a mapping, or a list of mappings, such as `<<: *defaults`.",
                    )
                )

    def _scalar(self, node: yaml.Node) -> Scalar:
        text: str = node.value
        if node.tag is PLAIN:
            return plain(text)
        if node.tag is TEXT or node.tag == f"{_YAML}str":
            return text
        value = plain(text)
        kinds: dict[str, Callable[[Scalar], bool]] = {
            "null": lambda value: value is None,
            "bool": lambda value: isinstance(value, bool),
            "int": lambda value: type(value) is int,
            "float": lambda value: type(value) in {int, float},
        }
        fits = kinds.get(str(node.tag).removeprefix(_YAML))
        if fits is None or not fits(value):
            self._tag(node, "")
        return float(value) if node.tag == f"{_YAML}float" and type(value) is int else value

    def _tag(self, node: yaml.Node, allowed: str) -> None:
        if node.tag != f"{_YAML}{allowed}":
            name = showable(str(node.tag).replace(_YAML, "!!")[:60])
            self._tell(
                Misuse(
                    node,
                    "yaml-tag",
                    "YAML tag",
                    f"The tag `{name}` does not make a value here; manifests are plain data.",
                    "remove the tag",
                )
            )

    def _odd_key(self, node: yaml.Node, value: yaml.Node, merges: list[yaml.Node]) -> None:
        """A merge, or a key that is no text."""
        if not isinstance(node, yaml.ScalarNode):
            detail, hint = "A mapping or a list stands as a key, and keys are text.", _QUOTE_BRACES
        elif node.tag is PLAIN and node.value == _MERGE:
            merges.append(value)
            return
        else:
            detail = f"The key {quoted(node.value)} is not text in YAML, and keys are text."
            hint = "put it in double quotes"
        self._tell(Misuse(node, "key-not-text", "key is not text", detail, hint))

    def _tell(self, misuse: Misuse) -> None:
        if len(self.misuses) < _MISUSES_AT_MOST:
            self.misuses.append(misuse)

    def _duplicate(self, mapping: yaml.MappingNode, node: yaml.Node) -> None:
        if len(self.misuses) >= _MISUSES_AT_MOST:  # looking for the first takes time
            return
        first = next(key for key, _ in mapping.value if key.value == node.value)
        mark = first.start_mark
        detail = (
            f"{quoted(node.value)} is set already at line {mark.line + 1}, "
            f"column {mark.column + 1}; only one of the two can count."
        )
        hint = "remove one of the two"
        self._tell(Misuse(node, "duplicate-key", "duplicate key", detail, hint))


def _is_plain_key(tag: str, key: Any) -> bool:
    if tag is not PLAIN or key in WORDS:
        return False
    return key != _MERGE and (key[0] not in STARTS or type(plain(key)) is str)


def check_aliases(root: yaml.Node) -> Misuse | None:
    """Whether the document stays within bounds when all its aliases are written out.

    Without this, ten short lines of aliases stand for a billion values. Only documents that have
    anchors need it.
    """
    return _Extent().check(root)


class _Extent:
    """Sizes and heights of nodes with aliases written out, each node measured once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, root: yaml.Node) -> Misuse | None:
        try:
            self._measure(root, 1)
        except _TooLarge as error:
            detail = str(error)
            return Misuse(error.node, "alias-expansion", "aliases without end", detail)
        return None

    def _measure(self, node: yaml.Node, depth: int) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        known = self._known.get(id(node))
        if known is None:
            if id(node) in self._open:
                raise _TooLarge(node, "The value contains itself through an alias.")
            self._open.add(id(node))
            known = self._sum(node, depth)
            self._open.discard(id(node))
            self._known[id(node)] = known
        size, height = known
        if depth + height - 1 > DEPTH_AT_MOST or size > NODES_AT_MOST:
            raise _TooLarge(
                node,
                f"With its aliases written out, the value has more than {NODES_AT_MOST:,} values, "
                f"or is deeper than {DEPTH_AT_MOST} levels.",
            )
        return known

    def _sum(self, node: yaml.Node, depth: int) -> tuple[int, int]:
        size, height = 1, 0
        for child in _children(node):
            if depth > DEPTH_AT_MOST:
                break
            more, below = self._measure(child, depth + 1)
            size, height = size + more, max(height, below)
        return size, height + 1


class _TooLarge(Exception):
    def __init__(self, node: yaml.Node, detail: str) -> None:
        super().__init__(detail)
        self.node = node


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value:
        if isinstance(child, tuple):
            yield from child
        else:
            yield child


def find(root: yaml.Node, path: Path) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Key node (None in lists and at the root) and value node at a path, if anything is there."""
    key: yaml.Node | None = None
    node = root
    for part in path:
        step = _step(node, part)
        if step is None:
            return None
        key, node = step
    return key, node


def _step(node: yaml.Node, part: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        fits = isinstance(part, int) and part < len(node.value)
        return (None, node.value[part]) if fits else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == part and not (key.tag is PLAIN and part == _MERGE):
            return key, value
    for key, value in node.value:
        if key.tag is PLAIN and key.value == _MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if (step := _step(source, part)) is not None:
                    return step
    return None
