"""The values of variables: declared in tuneform.yaml, replaced from outside, put into each other.

Later wins: `spec.variables`, the chosen environment's, `TUNEFORM_VAR_NAME`, `--var-file`, `--var`.
What comes from outside is taken literally; what tuneform.yaml declares may contain other
variables. Once declared sensitive, a variable stays so, whoever sets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.manifest import rules
from tuneform.manifest.compose import documents
from tuneform.manifest.interpolate import Untold, Variable, Variables, expand, find
from tuneform.manifest.opening import open_given
from tuneform.manifest.placing import Page, tell_broken
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.scalars import plain
from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken
from tuneform.manifest.values import Reader, check_aliases
from tuneform.manifest.values import find as find_node
from tuneform.manifest.words import Path, nearest, quoted

if TYPE_CHECKING:
    import yaml

_CHAIN_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class VariableSources:
    """What was handed in from outside.

    Attributes:
        from_environment: text by name, `TUNEFORM_VAR_` taken off. Names that no project declares
            are ignored: the environment belongs to others as well.
        files: YAML or JSON files with a mapping of name to value, later ones win.
        options: text by name, from the command line.
    """

    from_environment: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FilePath, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """One variable before others are put into it.

    Attributes:
        variable: as written.
        path: where in tuneform.yaml; None for a value from outside, which is literal.
    """

    variable: Variable
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one `variables:` key declares."""

    good: dict[str, Declared] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

    def names(self) -> set[str]:
        """All, whether or not their values are usable."""
        return {*self.good, *self.broken}


def declared(root: yaml.Node, document: Any, path: Path) -> Layer:
    """The variables at a path of tuneform.yaml; mistakes in them are found by the schema."""
    mapping = document
    for part in path:
        mapping = mapping.get(part) if isinstance(mapping, dict) else None
    good: dict[str, Declared] = {}
    broken: set[str] = set()
    for name, value in mapping.items() if isinstance(mapping, dict) else ():
        try:
            rules.variable(value)
            rules.variable_name(name)
        except Mistake:
            broken.add(name)
        else:
            good[name] = _declared(root, (*path, name), value)
    return Layer(good, frozenset(broken))


def merged(below: Layer, above: Layer) -> Layer:
    """The upper layer on top of the lower one; sensitive stays sensitive."""
    good = {**below.good, **above.good}
    for name in below.good.keys() & above.good.keys():
        if below.good[name].variable.sensitive:
            top = above.good[name]
            good[name] = replace(top, variable=replace(top.variable, sensitive=True))
    broken = above.broken | {name for name in below.broken if name not in above.good}
    return Layer({name: each for name, each in good.items() if name not in broken}, broken)


def replaced(layer: Layer, values: Mapping[str, Variable]) -> Layer:
    """The layer with values from outside, which also mend a declaration that is broken."""
    outside = Layer({name: Declared(value) for name, value in values.items()})
    return merged(layer, outside)


def resolve(
    layer: Layer, elsewhere: Mapping[str, Iterable[str]]
) -> tuple[Variables, list[Problem]]:
    """Put variables into each other.

    Args:
        layer: all layers merged.
        elsewhere: names that only other environments declare, with those.

    Returns:
        The variables, and what is wrong with them.
    """
    resolver = _Resolver(layer, {name: tuple(each) for name, each in elsewhere.items()})
    for name in layer.good:
        resolver.settle(name, 0)
    variables = Variables(resolver.known, frozenset(resolver.broken), resolver.elsewhere)
    return variables, resolver.problems


class _Resolver:
    def __init__(self, layer: Layer, elsewhere: dict[str, tuple[str, ...]]) -> None:
        self.known: dict[str, Variable] = {}
        self.broken = set(layer.broken)
        self.elsewhere = elsewhere
        self.problems: list[Problem] = []
        self._layer = layer
        self._open: list[str] = []

    def settle(self, name: str, depth: int) -> None:
        """Find the final value of a variable, and of all that it contains."""
        if name in self.known or name in self.broken or name not in self._layer.good:
            return
        each = self._layer.good[name]
        if each.path is None or "${" not in each.variable.text:
            self.known[name] = each.variable
            return
        try:
            if name in self._open or depth > _CHAIN_AT_MOST:
                raise self._endless(name)
            self._open.append(name)
            self.known[name] = self._filled(each.variable, depth)
        except Mistake as mistake:
            self.problems.append(mistake.at(each.path))
            self.broken.add(name)
        except Untold:
            self.broken.add(name)
        finally:
            self._open = self._open[:depth]

    def _filled(self, variable: Variable, depth: int) -> Variable:
        sensitive = variable.sensitive

        def lookup(name: str) -> str:
            nonlocal sensitive
            self.settle(name, depth + 1)
            found = find(name, Variables(self.known, frozenset(self.broken), self.elsewhere))
            sensitive = sensitive or found.sensitive
            return found.text

        text = expand(variable.text, lookup)
        return Variable(text, text, sensitive)

    def _endless(self, name: str) -> Mistake:
        start = self._open.index(name) if name in self._open else 0
        circle = " → ".join((*self._open[start:], name)[:10])
        return Mistake(
            "variable-cycle",
            "variables in a circle",
            f"The value needs itself, or too many others: {circle}.",
            "write one of them without another variable",
        )


def read_outside(
    sources: VariableSources, names: set[str]
) -> tuple[dict[str, Variable], list[Diagnostic]]:
    """The values that were handed in, and what is wrong with them.

    Args:
        sources: all of them.
        names: the variables that tuneform.yaml declares.
    """
    told: list[Diagnostic] = []
    values: dict[str, Variable] = {}
    for name, text in sources.from_environment.items():
        if name in names:
            values[name] = _given(text, f"TUNEFORM_VAR_{name}", told)
    for path in sources.files:
        for name, variable, place in _from_file(path, told):
            if name in names:
                values[name] = variable
            else:
                told.append(_unknown(name, names, place))
    for name, text in sources.options.items():
        if name in names:
            values[name] = _given(text, f"--var {name}", told)
        else:
            told.append(_unknown(name, names, None))
    return values, told


def _given(text: str, origin: str, told: list[Diagnostic]) -> Variable:
    try:
        rules.variable(text)
    except Mistake as mistake:
        detail = f"{origin}: {mistake}"
        told.append(Diagnostic(Severity.ERROR, mistake.code, mistake.summary, detail))
    return scalar(text)


def scalar(text: str, *, sensitive: bool = False) -> Variable:
    """A variable from the text of a plain scalar: `5` is a number where a number is wanted."""
    value = plain(text)
    return Variable(text, text if value is None else value, sensitive)


def _declared(root: yaml.Node, path: Path, value: Any) -> Declared:
    sensitive = False
    if isinstance(value, dict):
        sensitive = value.get("sensitive", False)
        path, value = (*path, "value"), value["value"]
    return Declared(Variable(_text(root, path, value), value, sensitive), path)


def _text(root: yaml.Node, path: Path, value: Any) -> str:
    """A value as it was written: `1.10` stays `1.10`."""
    if isinstance(value, str):
        return value
    found = find_node(root, path)
    return str(found[1].value) if found else str(value)


def _from_file(path: FilePath, told: list[Diagnostic]) -> Iterable[tuple[str, Variable, Place]]:
    source = open_given(str(path))
    if isinstance(source, Diagnostic):
        told.append(source)
        return
    for root in documents(source):
        if isinstance(root, Broken):
            told.append(replace(tell_broken(source, root), snippet=""))
        else:
            yield from _from_document(source, root, told)


def _from_document(
    source: Source, root: yaml.Node, told: list[Diagnostic]
) -> Iterable[tuple[str, Variable, Place]]:
    page, reader = Page(source, root, ""), Reader()
    if source.may_alias and (endless := check_aliases(root)):
        told.append(replace(page.tell_misuse(endless), snippet=""))
        return
    values, problems = reader.value(root), []
    if not isinstance(values, dict):
        detail = "The file does not hold a mapping of names to values."
        problems.append(Problem((), "wrong-type", "wrong type", detail))
        values = {}
    for name, value in values.items():
        try:
            rules.plain_variable(value)
        except Mistake as mistake:
            problems.append(mistake.at((name,)))
        else:
            yield (
                name,
                Variable(_text(root, (name,), value), value),
                page.place((name,), at_key=True),
            )
    # Lines of such a file may hold secrets; they are not shown.
    told += [replace(each, snippet="") for each in page.tell_all(reader.misuses, problems)]


def _unknown(name: str, names: set[str], place: Place | None) -> Diagnostic:
    close = nearest(name, sorted(names))
    return Diagnostic(
        Severity.ERROR,
        "unknown-variable",
        "unknown variable",
        f"The project declares no variable {quoted(name)}, so setting it changes nothing.",
        place,
        hint=f"write `{close}`" if close else "declare it in `spec.variables` of tuneform.yaml",
    )
