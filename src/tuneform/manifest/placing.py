"""Problems of a document to diagnostics with an exact place and the line of the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.names import is_name
from tuneform.manifest.compose import PLAIN
from tuneform.manifest.explain import PROBLEMS_AT_MOST
from tuneform.manifest.problems import Problem
from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken
from tuneform.manifest.values import Misuse, find
from tuneform.manifest.words import Path, dotted


@dataclass(frozen=True, slots=True)
class Page:
    """One document of a file, as it stands there.

    Attributes:
        source: the file.
        root: its node.
        subject: how messages name the document.
    """

    source: Source
    root: yaml.Node
    subject: str

    def place(self, path: Path, *, at_key: bool = False) -> Place:
        """Where a value or a key stands; of something that is missing, where it would belong."""
        found = find(self.root, path)
        while found is None:
            path = path[:-1]
            found = find(self.root, path)
            at_key = True
        key, node = found
        empty = isinstance(node, yaml.ScalarNode) and node.tag is PLAIN and not node.value
        return self._at(key if key is not None and (at_key or empty) else node)

    def lines(self, path: Path) -> range:
        """The lines that a value takes, from 1, none where there is no such value."""
        found = find(self.root, path)
        if found is None:
            return range(0)
        return range(found[1].start_mark.line + 1, found[1].end_mark.line + 2)

    def keys(self, path: Path) -> list[str]:
        """The keys of a mapping, empty where there is none."""
        found = find(self.root, path)
        pairs = found[1].value if found and isinstance(found[1], yaml.MappingNode) else []
        return [key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)]

    def tell(self, problem: Problem) -> Diagnostic:
        """A problem at its place."""
        place = self.place(problem.path, at_key=problem.at_key)
        return Diagnostic(
            problem.severity,
            problem.code,
            problem.summary,
            problem.detail,
            place,
            self.subject,
            dotted(problem.subject if problem.subject is not None else problem.path),
            problem.hint,
            self.source.snippet(place),
        )

    def tell_misuse(self, misuse: Misuse) -> Diagnostic:
        """A mistake in the YAML at its node."""
        place = self._at(misuse.node)
        return Diagnostic(
            Severity.ERROR,
            misuse.code,
            misuse.summary,
            misuse.detail,
            place,
            self.subject,
            hint=misuse.hint,
            snippet=self.source.snippet(place),
        )

    def tell_all(
        self, misuses: Iterable[Misuse], problems: Iterable[Problem]
    ) -> tuple[Diagnostic, ...]:
        """All of a document, each once, sorted, and not more than anybody would read."""
        told = {self.tell_misuse(each) for each in misuses} | {self.tell(each) for each in problems}
        ordered = sorted(told, key=lambda each: each.sort_key)
        if len(ordered) <= PROBLEMS_AT_MOST:
            return tuple(ordered)
        more = Diagnostic(
            Severity.ERROR,
            "more-mistakes",
            "more mistakes",
            f"The document has more than {PROBLEMS_AT_MOST} mistakes; the others are left out.",
            ordered[PROBLEMS_AT_MOST].place,
            self.subject,
        )
        return (*ordered[:PROBLEMS_AT_MOST], more)

    def _at(self, node: yaml.Node) -> Place:
        return self.source.place(node.start_mark.line, node.start_mark.column)


def subject(document: Any) -> str:
    """How messages name a document: its kind and its name, as far as they can be said."""
    if not isinstance(document, dict):
        return ""
    kind, metadata = document.get("kind"), document.get("metadata")
    if not (isinstance(kind, str) and kind in {"Project", "TunedModel"}):
        return ""
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{kind}/{name}" if isinstance(name, str) and is_name(name) else kind


def tell_broken(source: Source, broken: Broken) -> Diagnostic:
    """Text that is not YAML. Its line is not shown where it might be that of a secret."""
    place = source.place(broken.line, broken.column)
    more = " Nothing below this line was read." if broken.last else ""
    summaries = {"too-large": "too large", "control-character": "control character"}
    return Diagnostic(
        Severity.ERROR,
        broken.code,
        summaries.get(broken.code, "invalid YAML"),
        broken.detail + more,
        place,
        hint=broken.hint,
        snippet="" if "sensitiv" in source.text else source.snippet(place),
    )
