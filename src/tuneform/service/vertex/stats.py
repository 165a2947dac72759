"""tuningDataStats: what the service counted in a dataset, as the job shows it. Pure."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from tuneform.service.generation import tokens
from tuneform.service.vertex.datasets import Examples

_BUCKETS = 10


def data_stats(examples: Examples, *, steps: int, epochs: int) -> dict[str, Any]:
    """Everything that is counted.

    Billable is every token once for each epoch.

    Args:
        examples: the dataset.
        steps: of the training.
        epochs: of the training.
    """
    inputs = [tokens(len(text)) for text, _ in examples.pairs]
    outputs = [tokens(len(output)) for _, output in examples.pairs]
    characters = sum(len(text) + len(output) for text, output in examples.pairs)
    shown: dict[str, Any] = {
        "tuningDatasetExampleCount": str(len(examples.pairs) + len(examples.dropped)),
        "totalTuningCharacterCount": str(characters),
        "totalBillableTokenCount": str((sum(inputs) + sum(outputs)) * epochs),
        "tuningStepCount": str(steps),
        "userInputTokenDistribution": _distribution(inputs),
        "userOutputTokenDistribution": _distribution(outputs),
        "userMessagePerExampleDistribution": _distribution(examples.turns),
        "userDatasetExamples": examples.samples,
    }
    if examples.dropped:
        shown["totalTruncatedExampleCount"] = str(len(examples.dropped))
        shown["truncatedExampleIndices"] = [str(index) for index in examples.dropped[:10]]
        shown["droppedExampleReasons"] = ["TOO_MANY_TOKENS"] * min(len(examples.dropped), 10)
    return {"supervisedTuningDataStats": shown}


def _distribution(values: Sequence[int]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "sum": str(sum(ordered)),
        "billableSum": str(sum(ordered)),
        "min": ordered[0],
        "max": ordered[-1],
        "mean": fmean(ordered),
        "median": median(ordered),
        "p5": ordered[len(ordered) * 5 // 100],
        "p95": ordered[len(ordered) * 95 // 100],
        "buckets": _buckets(ordered),
    }


def _buckets(ordered: Sequence[int]) -> list[dict[str, Any]]:
    low, high = ordered[0], ordered[-1] + 1
    width = -(-(high - low) // _BUCKETS)
    rows = []
    for left in range(low, high, width):
        count = sum(left <= value < left + width for value in ordered)
        rows.append({"count": count, "left": left, "right": left + width})
    return rows
