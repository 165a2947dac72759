"""Metrics of other people: found as entry points, loaded when a gate needs them.

A package declares one in the group `tuneform.metrics`; its name is what manifests write:

    [project.entry-points."tuneform.metrics"]
    sameNumber = "support_metrics:same_number"

and it is a function of three positional arguments, called once for each answer, by one thread:

    def same_number(expected: str, answer: str, options: Mapping[str, object]) -> float:
        try:
            near = abs(float(expected) - float(answer)) <= float(options.get("within", 0))
        except ValueError:
            return 0.0
        return float(near)

It returns a share from 0 to 1, more is better; the value of the metric is the mean over all
answers. An empty answer is worth 0, and the function is not asked about it.

What it raises is reported by type and place only: the text of an error may hold example text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from tuneform.domain.spec import GateSpec, Measure, Metric
from tuneform.errors import LocalError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

GROUP = "tuneform.metrics"

_TOLERANCE = 1e-9
"""How far rounding may carry a share beyond 0 and 1."""


class OwnMetric(Protocol):
    """What an entry point must be."""

    def __call__(self, expected: str, answer: str, options: Mapping[str, object], /) -> float:
        """The worth of one answer, from 0 to 1.

        Args:
            expected: the output of the example.
            answer: what the version said; never empty.
            options: from the manifest; read only.
        """
        ...


class LoadedMetric:
    """An own metric, ready to be asked; whatever it does wrong becomes a `LocalError`."""

    def __init__(self, name: str, call: OwnMetric, options: Mapping[str, object]) -> None:
        self._name, self._call, self._options = name, call, options

    def __call__(self, expected: str, answer: str) -> float:
        """The worth of one answer, from 0 to 1."""
        blame, value = "", 0.0
        try:
            value = self._call(expected, answer, self._options)
        except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
            blame = f"raised {type(error).__name__}{_where(error)}"
        # Raised out here, so that the error of the metric, which may hold text, is no context.
        if blame:
            raise self._fault(blame)
        if not isinstance(value, int | float):
            raise self._fault(f"gave a {type(value).__name__}, and no number")
        if not -_TOLERANCE <= value <= 1 + _TOLERANCE:
            raise self._fault(f"gave {value:g}, and a share is from 0 to 1")
        return min(max(float(value), 0.0), 1.0)

    def _fault(self, what: str) -> LocalError:
        return LocalError(
            f"the metric {self._name} {what}",
            hint="correct the package that installs it; nothing was decided",
        )


def load_metric(metric: Metric) -> LoadedMetric:
    """Import what an own metric names.

    Raises:
        LocalError: it is not installed, installed twice, cannot be imported, or is no function.
    """
    point = _find(metric.name)
    title = f"{metric.name} ({point.value})"
    trouble, loaded = "", None
    try:
        loaded = point.load()
    except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
        trouble = f"cannot be loaded: {type(error).__name__}: {error}"
    else:
        if not callable(loaded):
            trouble = "is no function"
    if trouble:
        raise LocalError(
            f"the metric {title} {trouble}", hint="correct the package that installs it"
        )
    options = MappingProxyType(json.loads(metric.options))
    return LoadedMetric(title, cast("OwnMetric", loaded), options)


def missing_metrics(spec: GateSpec) -> tuple[str, ...]:
    """What a gate names that is neither built in nor installed, in its order. Loads nothing."""
    named = dict.fromkeys(metric.name for metric in spec.metrics)
    unknown = [name for name in named if name not in set(Measure)]
    # Entry points are looked for in every installed package: only where one is needed.
    known: set[str] = _installed().names if unknown else set()
    return tuple(name for name in unknown if name not in known)


def near(name: str) -> str | None:
    """The metric, built in or installed, that was probably meant."""
    return _nearest(name, [*Measure, *sorted(_installed().names)])


def _installed() -> EntryPoints:
    from importlib.metadata import entry_points  # noqa: PLC0415 - 20 ms, for gates of their own

    return entry_points(group=GROUP)


def _nearest(name: str, names: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only after a mistake, 5 ms

    by_folded = {_folded(each): str(each) for each in names}
    close = get_close_matches(_folded(name[:80]), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _find(name: str) -> EntryPoint:
    # The same package may be seen twice (a checkout beside an installation): one value, one metric.
    found = {point.value: point for point in _installed().select(name=name)}
    if not found:
        meant = near(name)
        raise LocalError(
            f"the metric {name} is neither built in nor installed",
            hint=f"did you mean {meant}?"
            if meant
            else f"install the package that has it as an entry point of {GROUP}",
        )
    if len(found) > 1:
        raise LocalError(
            f"the metric {name} is installed more than once: {', '.join(sorted(found))}",
            hint="uninstall all packages but one, or rename one of the metrics",
        )
    return next(iter(found.values()))


def _where(error: Exception) -> str:
    """File and line where it was raised, for whoever wrote the metric."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
