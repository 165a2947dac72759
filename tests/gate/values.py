"""Gates, questions and versions that answer from a table."""

from tuneform.clock import SteeredClock
from tuneform.domain.gate import Gate
from tuneform.domain.names import short
from tuneform.domain.spec import DatasetRef, GateSpec, Metric
from tuneform.engine.fingerprint import gate_digest
from tuneform.gate import Question, evaluate

HELD_OUT = DatasetRef("held-out.jsonl", "jsonl")
GOLDEN = DatasetRef("golden.jsonl", "jsonl")
DATA = ("aa" * 32, "bb" * 32)
REMOTE = "tunedModels/support-abcdefghij"
SERVING = "tunedModels/support-jihgfedcba"


def spec(*metrics, **changes):
    given = {"dataset": HELD_OUT, "must_pass": GOLDEN} | changes
    return GateSpec(metrics=metrics, **given)


def gate(*metrics, **changes):
    declared = spec(*metrics, **changes)
    data = DATA[: len(declared.datasets)]
    digest = gate_digest(declared, data)
    return Gate(declared, digest, short(digest), data, examples=0, must_pass=0)


def metric(name, **changes):
    return Metric(name, **changes)


def ask_about(*expected, path="held-out.jsonl"):
    """Questions whose input is their place, so that a table of answers can be keyed by it."""
    return [
        Question(f"{path}:{number}", f"{path}:{number}", output)
        for number, output in enumerate(expected, start=1)
    ]


def golden(*expected):
    return ask_about(*expected, path="golden.jsonl")


def perfect(*questions):
    """A version that answers as expected."""
    return {each.text_input: each.expected for each in questions}.__getitem__


def answers(questions, *said):
    """A version that answers the questions in their order with what is given."""
    table = dict(zip((each.text_input for each in questions), said, strict=True))
    return table.__getitem__


def run(the_gate, questions, must_pass, asked, serving=None, **changes):
    given = {
        "model": "support",
        "remote": REMOTE,
        "against": SERVING if serving else None,
        "clock": SteeredClock(),
    } | changes
    return evaluate(the_gate, questions, must_pass, asked, serving, **given)
