"""The questions of a gate: its examples read again, if they are still those of the plan."""

from __future__ import annotations

from tuneform.app.declare import Declared
from tuneform.app.invocation import Invocation
from tuneform.dataset.examples import read_examples
from tuneform.domain.gate import Gate
from tuneform.domain.spec import DatasetRef
from tuneform.gate import Question


def read_questions(
    invocation: Invocation, declared: Declared, gate: Gate
) -> tuple[list[Question], list[Question]]:
    """Those of the evaluation, and those that must be answered right; preambles in front.

    Raises:
        Stale: the examples are not those that the gate was made with.
    """
    digests = dict(zip(gate.spec.datasets, gate.data, strict=True))

    def read(ref: DatasetRef | None) -> list[Question]:
        if ref is None:
            return []
        limits = declared.limits[ref]
        found = read_examples(invocation.root, ref, digests[ref], limits)
        return [
            Question(f"{ref.path}:{number}", text_input, expected)
            for number, (text_input, expected) in enumerate(found, start=1)
        ]

    return read(gate.spec.dataset), read(gate.spec.must_pass)
