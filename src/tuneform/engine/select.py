"""Which models a command is about: targets with their ancestors, less excludes and descendants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from tuneform.domain.selection import Selection
from tuneform.domain.spec import ModelSpec


def selected(
    selection: Selection, specs: Iterable[ModelSpec], undeclared: Iterable[str]
) -> frozenset[str]:
    """Names that the selection is about.

    Args:
        selection: the patterns.
        specs: declared models, parents before children.
        undeclared: names that only live objects bear.
    """
    by_name: dict[str, ModelSpec | None] = {spec.name: spec for spec in specs}
    by_name |= dict.fromkeys(undeclared)
    chosen = set(by_name)
    if selection.targets:
        chosen = {name for name in by_name if _hits(selection.targets, name, by_name[name])}
        for name in reversed(by_name):
            spec = by_name[name]
            if name in chosen and spec and spec.tuned_from:
                chosen.add(spec.tuned_from)
    excluded: set[str] = set()
    for name, spec in by_name.items():
        if _hits(selection.excludes, name, spec) or (spec and spec.tuned_from in excluded):
            excluded.add(name)
    return frozenset(chosen - excluded)


def idle_patterns(
    selection: Selection, specs: Iterable[ModelSpec], undeclared: Iterable[str]
) -> tuple[str, ...]:
    """Patterns that fit no model: most likely typing errors."""
    models: list[tuple[str, ModelSpec | None]] = [(spec.name, spec) for spec in specs]
    models += [(name, None) for name in undeclared]
    return tuple(
        pattern
        for pattern in (*selection.targets, *selection.excludes)
        if not any(_hits((pattern,), name, spec) for name, spec in models)
    )


def _hits(patterns: Iterable[str], name: str, spec: ModelSpec | None) -> bool:
    labels: Mapping[str, str] = dict(spec.labels) if spec else {}
    return any(_hit(pattern, name, labels) for pattern in patterns)


def _hit(pattern: str, name: str, labels: Mapping[str, str]) -> bool:
    key, equals, value = pattern.partition("=")
    if equals:
        return key in labels and fnmatchcase(labels[key], value)
    return fnmatchcase(name, pattern)
