"""Gates, evaluations, costs and data changes of our own making, for the tests of this folder."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tuneform.domain.cost import Cost, Range
from tuneform.domain.data_change import DataChange, Sample
from tuneform.domain.gate import Case, Evaluation, Gate, Score
from tuneform.domain.plan import (
    Action,
    Change,
    Evaluate,
    FieldDelta,
    Plan,
    Promote,
    ReasonCode,
    Watch,
)
from tuneform.domain.spec import DatasetRef, GateSpec, Metric
from tuneform.domain.status import GateAnswer

from .values import DIGEST, OWNER, SIZE, change, remote, start

OLD = remote("number-generator", "zyxwvutsrq")
NEW = remote("number-generator")
EXACT = Metric("exactMatch", minimum=0.9, max_regression=0.02)
SPEC = GateSpec(
    DatasetRef("datasets/held-out.jsonl", "jsonl"),
    (EXACT,),
    DatasetRef("datasets/golden.jsonl", "jsonl"),
)
GATE = Gate(SPEC, DIGEST, "gggggggggg", (DIGEST, DIGEST), 42, 5)
COST = Cost(
    Range(11_000, 15_000, 20_000),
    Decimal("0.12"),
    Decimal("0.09"),
    Decimal("0.16"),
    "USD",
    date(2026, 11, 1),
)
UNPRICED = Cost(Range(11_000, 15_000, 20_000))
DATA = DataChange(
    12,
    3,
    4,
    230,
    1204,
    "git",
    "abc1234def5678",
    (
        Sample("added", "Next number: seven", None, "eight"),
        Sample("removed", "Next number: 7\n\x1b[2J", '"8"', None),
        Sample("changed", "Next number: two", "two " * 30 + "three", "two " * 30 + "four"),
    ),
)


def evaluate(**more: object) -> Evaluate:
    return Evaluate(NEW, GATE, **more)


def gated_change(**more: object) -> Change:
    return change(
        "number-generator",
        Action.REPLACE,
        ReasonCode.DATASET_CHANGED,
        "The dataset changed since the live version was trained.",
        (start("number-generator"), Watch(NEW), evaluate(against=OLD), Promote(NEW, (OLD,))),
        deltas=(FieldDelta("spec.dataset", "kq2lm4n5op", "aaaaabbbbb", "retrain"),),
        training=SIZE,
        **{"cost": COST, "data": DATA} | more,
    )


def unpriced_change() -> Change:
    steps = (start("severity"), Watch(remote("severity")), Promote(remote("severity")))
    return change(
        "severity", Action.CREATE, ReasonCode.NEW, "New.", steps, training=SIZE, cost=UNPRICED
    )


def rolled_back() -> Change:
    return change(
        "tagger",
        Action.UPDATE,
        ReasonCode.ROLLED_BACK,
        "It is rolled back.",
        (Promote(remote("tagger", "zzzzzzzzzz"), (remote("tagger"),), pinned="aaaaaaaaaa"),),
    )


def gated_plan() -> Plan:
    return Plan(OWNER, "gemini", (gated_change(), unpriced_change(), rolled_back()), 3)


def evaluation(**more: object) -> Evaluation:
    """One that failed, for each reason that there is."""
    made = {
        "model": "number-generator",
        "remote": NEW,
        "gate": GATE.short,
        "passed": False,
        "examples": 42,
        "repeats": 3,
        "scores": (
            Score(EXACT, 0.8095, 0.9524, passed=False),
            Score(Metric("precision", label="five", minimum=0.5), None, 1.0, passed=False),
            Score(Metric("charF1", minimum=0.8), 0.931, 0.9604, passed=True),
        ),
        "must_pass": 5,
        "must_pass_failed": 2,
        "worst": (
            Case("datasets/golden.jsonl:3", "Next number: four", "five", "six", 0, must_pass=True),
            Case("datasets/held-out.jsonl:17", "long " * 40, "x\n\x1b[2J", "", 0.25),
        ),
        "against": OLD,
        "seconds": 12.3,
    }
    return Evaluation(**made | more)


def passed(**more: object) -> Evaluation:
    scores = (Score(EXACT, 0.9762, 0.9524, passed=True),)
    made = {"passed": True, "scores": scores, "must_pass_failed": 0, "worst": (), "repeats": 1}
    return evaluation(**made | more)


ANSWERS = (
    GateAnswer(
        "alert-team",
        True,
        "",
        "The desired version serves, and passed its gate.",
        "",
        remote("alert-team"),
        "passed:gggggggggg",
    ),
    GateAnswer(
        "number-generator",
        False,
        "gate-failed",
        "The gate was not passed: exactMatch is 0.8, and must be at least 0.9.",
        "change the data, or the gate",
        NEW,
        "failed:gggggggggg",
    ),
    GateAnswer("severity", True, "", "", "", remote("severity"), ""),
)
