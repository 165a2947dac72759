"""Compares answers that are JSON objects, field by field. Pure; messages hold no example text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tuneform.errors import LocalError
from tuneform.gate.question import Question

_FENCE = "```"
_ABSENT = object()


class _NotJson(ValueError):
    """A word that Python reads and JSON does not know: NaN, Infinity."""


def check_expected(questions: Sequence[Question], fields: Sequence[str]) -> None:
    """Whether the expected outputs can be compared at all; asked before the model is.

    Raises:
        LocalError: one is no JSON object with a field, or a field is in none of them: the gate
            would compare nothing, and pass.
    """
    known: set[str] = set()
    for question in questions:
        wanted = _object(question.expected)
        if not wanted:
            raise LocalError(
                f"jsonFields cannot compare {question.place}: its output is no JSON object "
                "with fields",
                hint="use another metric, or write the output as a JSON object",
            )
        known |= wanted.keys()
    missing = [field for field in fields if field not in known]
    if questions and missing:
        raise LocalError(
            f"jsonFields compares the field {json.dumps(missing[0])}, which no expected output has",
            hint="correct the name in spec.gate.metrics.jsonFields.fields",
        )


def json_fields(expected: str, answer: str, fields: Sequence[str] = ()) -> float:
    """Share of the fields that the answer has as they are expected.

    The answer may stand in a Markdown fence. Numbers are equal by value (1 and 1.0), never to
    true or false; nested values count as a whole. Fields that only the answer has count for
    nothing; a field in `fields` that the expected output does not have must be absent.

    Args:
        expected: a JSON object with at least one field (`check_expected`).
        answer: anything; what cannot be read as a JSON object is worth 0.
        fields: the fields that are compared; empty for all that are expected.
    """
    wanted, found = _object(expected), _object(_unfenced(answer))
    if wanted is None or found is None:
        return 0.0
    names = sorted(set(fields)) or list(wanted)
    equal = sum(_same(wanted.get(name, _ABSENT), found.get(name, _ABSENT)) for name in names)
    return equal / len(names) if names else 0.0


def _unfenced(text: str) -> str:
    text = text.strip()
    if len(text) < 2 * len(_FENCE) or not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return text
    inside = text.removeprefix(_FENCE).removesuffix(_FENCE)
    # No object begins with a letter, so this takes nothing from what is compared.
    return inside[4:] if inside[:4].lower() == "json" else inside


def _object(text: str) -> dict[str, object] | None:
    """The object that the text is; None where it is none, or is nested deeper than can be read."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(word: str) -> object:
    raise _NotJson(word)


def _same(one: object, other: object) -> bool:
    """Equality as JSON has it: true is not 1."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case _:
            return one == other
