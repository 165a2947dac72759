"""Evaluations and answers of gates, for the tests of all formats."""

from __future__ import annotations

from tuneform.domain.gate import Case, Evaluation, Score
from tuneform.domain.spec import Metric
from tuneform.domain.status import GateAnswer

from .values import remote

EVALUATION = Evaluation(
    "support",
    remote("support"),
    gate="gggggggggg",
    passed=False,
    examples=42,
    repeats=2,
    scores=(
        Score(Metric("exactMatch", minimum=0.9), 0.85, 0.88, passed=False),
        Score(Metric("precision", label="billing", minimum=0.5), None, None, passed=False),
        Score(Metric("charF1", minimum=0.5), 0.75, None, passed=True),
    ),
    must_pass=12,
    must_pass_failed=1,
    worst=(Case("data/held-out.jsonl:3", "In: x", "yes", "no", 0.0, must_pass=True),),
    against=remote("support", "zzzzzzzzzz"),
    seconds=3.2,
)
ANSWERS = (
    GateAnswer("a", True, "up-to-date", "The desired version serves.", "", remote("a"), "passed"),
    GateAnswer("b", False, "pinned", "It is rolled back.", "lift the pin", remote("b"), ""),
)
