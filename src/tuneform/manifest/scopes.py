"""The variables of a project as each of its environments sees them.

The chosen environment's are what manifests are read with. The others are worked out as well, so
that a mistake in one that is not chosen today is told today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tuneform.domain.diagnostic import Diagnostic
from tuneform.manifest.interpolate import Variables
from tuneform.manifest.placing import Page
from tuneform.manifest.problems import Problem
from tuneform.manifest.variables import (
    Layer,
    VariableSources,
    declared,
    merged,
    read_outside,
    replaced,
    resolve,
)
from tuneform.manifest.words import Path

ENVIRONMENTS: Final = ("spec", "environments")
VARIABLES: Final = ("spec", "variables")


@dataclass(frozen=True, slots=True)
class Scopes:
    """Variables by environment.

    Attributes:
        chosen: of the chosen environment, or of the project where none is chosen.
        by_environment: of each.
        problems: in the declarations.
        diagnostics: about what was handed in.
        secrets: all sensitive texts, in use or replaced.
    """

    chosen: Variables
    by_environment: dict[str, Variables]
    problems: tuple[Problem, ...]
    diagnostics: tuple[Diagnostic, ...]
    secrets: tuple[str, ...]


def scopes(page: Page, document: Any, environment: str | None, outside: VariableSources) -> Scopes:
    """Work out all variables.

    Args:
        page: of tuneform.yaml.
        document: its value; variables are not put in yet.
        environment: the chosen one; an unknown one counts as none.
        outside: values that were handed in.
    """
    base = declared(page.root, document, VARIABLES)
    layers = {
        name: declared(page.root, document, (*ENVIRONMENTS, name, "variables"))
        for name in mapping_at(document, ENVIRONMENTS)
    }
    names = base.names().union(*(each.names() for each in layers.values()))
    values, told = read_outside(outside, names)
    # A dictionary keeps the order and drops what several environments inherit.
    problems: dict[Problem, None] = {}
    seen: dict[str | None, Variables] = {}
    for name in (*layers, *(() if environment in layers else (None,))):
        layer = replaced(merged(base, layers.get(name or "", Layer())), values)
        seen[name], found = resolve(layer, _elsewhere(layer, layers))
        problems.update(dict.fromkeys(found))
    chosen = seen[environment if environment in layers else None]
    every = _sensitive((base, *layers.values()), seen)
    by_environment = {name: seen[name] for name in layers}
    return Scopes(chosen, by_environment, tuple(problems), tuple(told), tuple(sorted(every)))


def mapping_at(document: Any, path: Path) -> dict[str, Any]:
    """The mapping at a path, empty where there is none."""
    for part in path:
        document = document.get(part) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _elsewhere(layer: Layer, layers: Mapping[str, Layer]) -> dict[str, tuple[str, ...]]:
    """Names that this environment does not have, with those that do."""
    found: dict[str, tuple[str, ...]] = {}
    for environment, other in layers.items():
        for name in other.names() - layer.names():
            found[name] = (*found.get(name, ()), environment)
    return found


def _sensitive(layers: tuple[Layer, ...], seen: Mapping[str | None, Variables]) -> set[str]:
    """Every text that may not be shown: as declared, and as environments and the outside set it."""

    def texts() -> Iterator[str]:
        for layer in layers:
            yield from (
                each.variable.text for each in layer.good.values() if each.variable.sensitive
            )
        for variables in seen.values():
            yield from (each.text for each in variables.known.values() if each.sensitive)

    return {text for text in texts() if text}
