"""A gate with its identity, and what an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.domain.spec import GateSpec, Metric

TOLERANCE = 1e-9
"""By how much a value may miss a threshold: noise of floating point, less than any one answer."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate with its identity.

    Attributes:
        spec: what the manifest says.
        digest: 64 hex digits of definition and data; another one means: evaluate again.
        short: as it stands in verdicts.
        data: dataset digest (64 hex digits) of each of `spec.datasets`.
        examples: count of evaluation examples.
        must_pass: count of cases that must pass.
    """

    spec: GateSpec
    digest: str
    short: str
    data: tuple[str, ...]
    examples: int
    must_pass: int


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of an evaluation.

    Attributes:
        metric: with its thresholds.
        value: from 0 to 1; None where it is not defined, such as the precision of a label that
            was never answered and never expected.
        baseline: the same of the serving version; None where it was not asked.
        passed: whether the thresholds hold. One without a value passes none.
    """

    metric: Metric
    value: float | None
    baseline: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One example with one answer. It holds example text: it is shown, and never recorded.

    Attributes:
        place: file, relative to the project, and number of the example in it, from 1.
        text_input: as it was asked, preamble included.
        expected: the output of the example.
        answer: what the version said; empty where it refused to.
        score: from 0 to 1.
        must_pass: whether it is one of the cases that must pass.
    """

    place: str
    text_input: str
    expected: str
    answer: str
    score: float
    must_pass: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        model: its name.
        remote: the version that was asked.
        gate: short digest of the gate.
        passed: whether every threshold holds and every case that must pass did.
        examples: count of evaluation examples.
        repeats: how often each was asked.
        scores: in the order of the gate.
        must_pass: count of cases that must pass.
        must_pass_failed: count of those that did not, at least once.
        worst: cases with the lowest scores, worst first; failed ones that must pass before all.
        against: the serving version that it was compared with, if any.
        seconds: how long it took.
    """

    model: str
    remote: str
    gate: str
    passed: bool
    examples: int
    repeats: int
    scores: tuple[Score, ...]
    must_pass: int = 0
    must_pass_failed: int = 0
    worst: tuple[Case, ...] = ()
    against: str | None = None
    seconds: float = 0.0

    @property
    def failures(self) -> tuple[str, ...]:
        """What did not hold, one clause each, without example text."""
        found = [_failure(score) for score in self.scores if not score.passed]
        if self.must_pass_failed:
            found.append(f"{self.must_pass_failed} of {self.must_pass} must-pass cases failed")
        return tuple(found)


def _failure(score: Score) -> str:
    metric, value = score.metric, score.value
    if value is None:
        return f"{metric.title} is not defined"
    if metric.minimum is not None and value < metric.minimum - TOLERANCE:
        return f"{metric.title} is {value:.4g}, and must be at least {metric.minimum:.4g}"
    return (
        f"{metric.title} is {value:.4g}, and may be at most {metric.max_regression:.4g} below "
        f"the {score.baseline:.4g} of the serving version"
    )
