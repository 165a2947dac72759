"""Reads faults from a file (YAML or JSON), or from values that a request brought.

Every mistake is told with its place: the file, the line, and the key. The shapes themselves stand
in `faults`; here they are only compared with what was written.
"""

import dataclasses
import re
import typing
from collections.abc import Collection, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from tuneform.service.behaviour import Behaviour
from tuneform.service.faults import AnyRule, Faults

_T = TypeVar("_T")

MAX_FILE = 1_000_000
"""Bytes of a file of faults."""

_RULES: Mapping[str, type[Any]] = {
    rule.__struct_config__.tag: rule for rule in typing.get_args(AnyRule)
}
EFFECTS = tuple(_RULES)
"""Every effect by the name that files give it."""

_SWITCHES = tuple(field.name for field in dataclasses.fields(Behaviour))
_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)


class FaultsUnusable(ValueError):
    """What is to go wrong is not understood; the message says where and why."""

    def __init__(self, place: str, cause: str) -> None:
        super().__init__(f"{place}: {cause}" if place else cause)
        self.place = place
        self.cause = cause


def read_faults(path: Path) -> Faults:
    """Read a file of faults.

    Raises:
        FaultsUnusable: when it cannot be read or understood.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise FaultsUnusable(str(path), f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE:
        raise FaultsUnusable(str(path), f"has more than {MAX_FILE:,} bytes")
    value, lines = _parse(path, data)
    try:
        return faults_of(value)
    except FaultsUnusable as error:
        line = _line(lines, error.place)
        raise FaultsUnusable(f"{path}:{line}", str(error)) from error


def _parse(path: Path, data: bytes) -> tuple[Any, yaml.Node | None]:
    try:
        _refuse_aliases(path, data)
        node = yaml.compose(data, yaml.SafeLoader)
        value = yaml.safe_load(data)
    except FaultsUnusable:
        raise
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FaultsUnusable(f"{path}:{line}", f"this is no YAML: {error.problem}") from error
    except RecursionError as error:
        raise FaultsUnusable(str(path), "it is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise FaultsUnusable(str(path), f"this is no YAML: {error}") from error
    return ({} if value is None else value), node


def _refuse_aliases(path: Path, data: bytes) -> None:
    """A few lines of aliases grow to billions of values where they are merged, or told.

    What is no YAML is told by who reads all of it.
    """
    with suppress(yaml.YAMLError):
        for event in yaml.parse(data, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise FaultsUnusable(f"{path}:{line}", "an alias has no use here: write it out")


def faults_of(value: Any) -> Faults:
    """Faults from plain values, as YAML and JSON have them.

    Raises:
        FaultsUnusable: with the place as a path of keys (`rules[2].seconds`).
    """
    if isinstance(value, dict):
        _check_keys("", value, Faults.__struct_fields__)
        rules = value.get("rules")
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            _check_rule(f"rules[{number}]", rule)
        if isinstance(switches := value.get("behaviour"), dict):
            _check_keys("behaviour", switches, _SWITCHES)
    return _converted(value, Faults)


def _check_rule(place: str, rule: Any) -> None:
    """Say better than a decoder could what is no effect, and what no key of one."""
    if not isinstance(rule, dict):
        return
    effect = rule.get("effect")
    if effect is None:
        raise FaultsUnusable(place, f"`effect` is missing; it is one of {', '.join(EFFECTS)}")
    if effect not in EFFECTS:
        raise FaultsUnusable(f"{place}.effect", _unknown("effect", effect, EFFECTS))
    _check_keys(place, rule, ("effect", *_RULES[effect].__struct_fields__))


def _check_keys(place: str, value: Mapping[Any, Any], known: Collection[str]) -> None:
    for key in value:
        if key not in known:
            dot = "." if place else ""
            raise FaultsUnusable(f"{place}{dot}{key}", _unknown("key", key, known))


def _unknown(kind: str, given: Any, known: Collection[str]) -> str:
    near = get_close_matches(str(given), known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(known)}"
    return f"there is no {kind} {str(given)[:40]!r} here; {advice}"


def _converted(value: Any, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.search(text)
        cause = _PLACE.sub("", text)
        raise FaultsUnusable(place[1] if place else "", cause) from error


def _line(node: yaml.Node | None, place: str) -> int:
    """The line of the deepest part of a place that the document has."""
    line = 1
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        if node is not None:
            line = node.start_mark.line + 1
        if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line + 1
        elif key and isinstance(node, yaml.MappingNode):
            pairs = ((k, v) for k, v in node.value if getattr(k, "value", None) == key)
            found = next(pairs, None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        else:
            break
    return line
