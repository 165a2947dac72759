"""Evaluation: asks a version what its gate wants to know, measures the answers, gives the verdict.

It is handed a function that asks, and examples that were read. It knows no provider, no file and
no ledger, and it decides nothing about what a verdict leads to. Example text enters no message.
"""

from tuneform.gate.asking import Ask, Interrupted, Notify
from tuneform.gate.evaluation import evaluate
from tuneform.gate.own import OwnMetric, missing_metrics, near
from tuneform.gate.question import Question

__all__ = [
    "Ask",
    "Interrupted",
    "Notify",
    "OwnMetric",
    "Question",
    "evaluate",
    "missing_metrics",
    "near",
]
