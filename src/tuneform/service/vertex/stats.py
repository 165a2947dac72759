"""tuningDataStats: what the service counted in a dataset, as the job shows it. Pure."""

from collections import Counter
from statistics import fmean, median
from typing import Any

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
    billed = sum(
        value * count
        for each in (examples.inputs, examples.outputs)
        for value, count in each.items()
    )
    shown: dict[str, Any] = {
        "tuningDatasetExampleCount": str(examples.count + len(examples.dropped)),
        "totalTuningCharacterCount": str(examples.characters),
        "totalBillableTokenCount": str(billed * epochs),
        "tuningStepCount": str(steps),
        "userInputTokenDistribution": _distribution(examples.inputs),
        "userOutputTokenDistribution": _distribution(examples.outputs),
        "userMessagePerExampleDistribution": _distribution(examples.turns),
        "userDatasetExamples": examples.shown,
    }
    if examples.dropped:
        shown["totalTruncatedExampleCount"] = str(len(examples.dropped))
        shown["truncatedExampleIndices"] = [str(index) for index in examples.dropped[:10]]
        shown["droppedExampleReasons"] = ["TOO_MANY_TOKENS"] * min(len(examples.dropped), 10)
    return {"supervisedTuningDataStats": shown}


def _distribution(values: Counter[int]) -> dict[str, Any]:
    ordered = sorted(values.elements())
    return {
        "sum": str(sum(ordered)),
        "billableSum": str(sum(ordered)),
        "min": ordered[0],
        "max": ordered[-1],
        "mean": fmean(ordered),
        "median": median(ordered),
        "p5": ordered[len(ordered) * 5 // 100],
        "p95": ordered[len(ordered) * 95 // 100],
        "buckets": _buckets(values),
    }


def _buckets(values: Counter[int]) -> list[dict[str, Any]]:
    low, high = min(values), max(values) + 1
    width = -(-(high - low) // _BUCKETS)
    rows = []
    for left in range(low, high, width):
        count = sum(count for value, count in values.items() if left <= value < left + width)
        rows.append({"count": count, "left": left, "right": left + width})
    return rows
