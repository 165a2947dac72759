"""What a gate asks for, in words. Judges nothing."""

from __future__ import annotations

from tuneform.domain.gate import Gate
from tuneform.domain.spec import GateSpec, Metric
from tuneform.render.layout import counted


def share(value: float | None) -> str:
    """A value of a metric, as exact as sentences about it are."""
    return "not defined" if value is None else f"{value:.4g}"


def needs(metric: Metric, lower: str = "lower") -> str:
    """`at least 0.9, at most 0.02 lower`; empty where a metric has no threshold.

    Args:
        metric: with its thresholds.
        lower: than what; empty where nothing serves that it is compared with.
    """
    least = "" if metric.minimum is None else f"at least {share(metric.minimum)}"
    regression = metric.max_regression
    drop = "" if regression is None or not lower else f"at most {share(regression)} {lower}"
    return ", ".join(filter(None, (least, drop)))


def gate_words(gate: Gate, *, compared: bool) -> str:
    """`42 examples, 5 must-pass cases; exactMatch at least 0.9, charF1 at least 0.8`.

    Args:
        gate: what a version must pass.
        compared: whether it is compared with a serving version.
    """
    spec = gate.spec
    sizes = (
        counted(gate.examples, "example") if gate.examples else "",
        counted(gate.must_pass, "must-pass case") if gate.must_pass else "",
        f"each asked {spec.repeats} times" if spec.repeats > 1 else "",
    )
    lower = "below the serving version" if compared else ""
    return "; ".join((", ".join(filter(None, sizes)), *metrics_words(spec, lower)))


def metrics_words(spec: GateSpec, lower: str = "below the serving version") -> list[str]:
    """Each metric with what it asks for."""
    return [f"{metric.title} {needs(metric, lower) or _nothing(metric)}" for metric in spec.metrics]


def _nothing(metric: Metric) -> str:
    """Why no threshold is told."""
    if metric.max_regression is None:
        return "without a threshold"
    return "with no serving version to compare with"
