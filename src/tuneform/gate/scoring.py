"""From a metric to a function that scores answers.

Two kinds: those that give every answer its own worth, and whose value is the mean over all
answers of all repeats; and those of labels, which only all answers together have. An empty answer
is worth 0 by every metric, whatever was expected: nothing was said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import fsum
from typing import TypeAlias

from tuneform.domain.spec import Measure, Metric
from tuneform.gate.json_fields import check_expected, json_fields
from tuneform.gate.labels import Pair, label_match, macro_f1, precision, recall
from tuneform.gate.own import load_metric
from tuneform.gate.pattern import matches
from tuneform.gate.question import Question
from tuneform.gate.text import char_f1, contains, exact_match, normalized_match


@dataclass(frozen=True, slots=True)
class Scored:
    """What a metric makes of answers.

    Attributes:
        value: from 0 to 1; None where it is not defined.
        each: the worth of every answer, in order; None where a metric has only one for all.
    """

    value: float | None
    each: tuple[float, ...] | None = None


Scorer: TypeAlias = Callable[[Sequence[Pair]], Scored]

_TEXTS: Mapping[str, Callable[[str, str], float]] = {
    Measure.EXACT_MATCH: exact_match,
    Measure.NORMALIZED_MATCH: normalized_match,
    Measure.CONTAINS: contains,
    Measure.CHAR_F1: char_f1,
}
_LABELS: Mapping[str, Callable[[Sequence[Pair], str | None], float | None]] = {
    Measure.PRECISION: precision,
    Measure.RECALL: recall,
    Measure.MACRO_F1: lambda pairs, _: macro_f1(pairs),
}


def prepare(metric: Metric, questions: Sequence[Question]) -> Scorer:
    """Make ready to score, and find out before anything is asked whether that is possible.

    Args:
        metric: built in, or an own one.
        questions: whose expected outputs answers will be compared with.

    Raises:
        LocalError: an own metric cannot be loaded, a pattern cannot be used, or expected outputs
            are not what the metric compares.
    """
    if metric.name in _TEXTS:
        return _each(_TEXTS[metric.name])
    if metric.name in _LABELS:
        value = _LABELS[metric.name]
        return lambda pairs: Scored(value(pairs, metric.label))
    if metric.name == Measure.JSON_FIELDS:
        check_expected(questions, metric.fields)
        return _each(partial(json_fields, fields=metric.fields))
    if metric.name == Measure.REGEX:
        return _regex(metric.pattern or "")
    return _each(load_metric(metric))


def by_label(pairs: Sequence[Pair]) -> Scored:
    """How answers are ranked where no metric gives each its own worth."""
    return _each(label_match)(pairs)


def _each(worth: Callable[[str, str], float]) -> Scorer:
    return lambda pairs: _mean(
        [worth(expected, answer) if answer else 0.0 for expected, answer in pairs]
    )


def _regex(pattern: str) -> Scorer:
    matches(pattern, ())

    def score(pairs: Sequence[Pair]) -> Scored:
        fits = matches(pattern, [answer for _, answer in pairs])
        return _mean(
            [float(fit and bool(answer)) for fit, (_, answer) in zip(fits, pairs, strict=True)]
        )

    return score


def _mean(scores: Sequence[float]) -> Scored:
    """Summed exactly, so that the order of the examples is nothing."""
    return Scored(fsum(scores) / len(scores) if scores else None, tuple(scores))
