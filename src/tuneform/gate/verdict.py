"""From scored answers to a verdict: thresholds, cases that must pass, the worst answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from tuneform.domain.gate import TOLERANCE, Case, Score
from tuneform.domain.spec import Metric
from tuneform.gate.labels import Pair
from tuneform.gate.question import Question
from tuneform.gate.scoring import Scored, by_label


@dataclass(frozen=True, slots=True)
class Answered:
    """Questions with what was answered.

    Attributes:
        questions: in the order of their files.
        answers: `repeats` in a row for each question; empty where none was given.
        repeats: how often each was asked.
    """

    questions: Sequence[Question]
    answers: Sequence[str]
    repeats: int

    @property
    def pairs(self) -> list[Pair]:
        """What was expected, and what was answered, answer by answer."""
        expected = (each.expected for each in self.questions for _ in range(self.repeats))
        return list(zip(expected, self.answers, strict=True))


def judge(metric: Metric, value: float | None, baseline: float | None) -> Score:
    """Whether the thresholds of a metric hold. Both bounds are inclusive.

    Without a baseline (nothing serves, or the metric is not defined for what serves) there is
    nothing to fall behind. Without a value no threshold holds; without thresholds anything does.
    """
    bounds = [] if metric.minimum is None else [metric.minimum]
    if metric.max_regression is not None:
        bounds.append(0.0 if baseline is None else baseline - metric.max_regression)
    passed = all(value is not None and value >= bound - TOLERANCE for bound in bounds)
    return Score(metric, value, baseline, passed)


def worth(answered: Answered, scored: Sequence[Scored]) -> tuple[float, ...]:
    """What each answer is worth: the mean of metrics that tell, else whether its label is right.

    Args:
        answered: what was answered.
        scored: by every metric of the gate.
    """
    telling = [each.each for each in scored if each.each is not None]
    if not telling:
        return by_label(answered.pairs).each or ()
    return tuple(fsum(scores) / len(telling) for scores in zip(*telling, strict=True))


def shortcomings(
    answered: Answered, worths: Sequence[float], *, must_pass: bool = False
) -> tuple[Case, ...]:
    """Every example that was not always answered right, in order, with its worst answer.

    Args:
        answered: what was answered.
        worths: of each answer.
        must_pass: whether these are the cases that must pass.
    """
    found = []
    for index, question in enumerate(answered.questions):
        first = index * answered.repeats
        lowest = min(range(first, first + answered.repeats), key=worths.__getitem__)
        if worths[lowest] < 1 - TOLERANCE:
            answer, score = answered.answers[lowest], worths[lowest]
            found.append(
                Case(
                    question.place,
                    question.text_input,
                    question.expected,
                    answer,
                    score,
                    must_pass=must_pass,
                )
            )
    return tuple(found)


def worst_of(cases: Sequence[Case], count: int) -> tuple[Case, ...]:
    """Those that must pass, then the others, lowest score first, else in the order given."""
    return tuple(sorted(cases, key=lambda case: (not case.must_pass, case.score))[:count])
