"""Whether models may go live: the answer that a deployment pipeline reads."""

from __future__ import annotations

from collections.abc import Sequence

from tuneform.domain.status import GateAnswer
from tuneform.render.layout import GAP, cells, counted, joined, pad, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION

_OK, _FAIL = "ok", "FAIL"
_WORDS = len(_FAIL)
_BODY = " " * _WORDS + GAP


def gate_text(answers: Sequence[GateAnswer], look: Look) -> str:
    """A line for each model, or as many as it needs; the last line counts and is never broken."""
    named = max((cells(look.clean(each.model)) for each in answers), default=0)
    lines = [line for each in answers for line in _answer(each, named, look)]
    passed = sum(each.passed for each in answers)
    models = counted(len(answers), "model")
    return joined((*lines, f"Gate: {passed:,} of {models} may go live."))


def _answer(answer: GateAnswer, named: int, look: Look) -> list[str]:
    word, style = (_OK, Style.GREEN) if answer.passed else (_FAIL, Style.BOLD_RED)
    head = f"{look.paint(word, style)}{' ' * (_WORDS - len(word))}{GAP}"
    name = look.clean(answer.model)
    told = look.clean(_told(answer))
    if cells(_BODY) + named + cells(GAP + told) <= look.width:
        lines = [f"{head}{pad(name, named)}{GAP}{told}".rstrip()]
    else:
        lines = [head + name, *wrap(_told(answer), look, first=_BODY)]
    if answer.hint:
        lines += wrap(f"hint: {answer.hint}", look, first=_BODY, style=Style.GREEN)
    return lines


def _told(answer: GateAnswer) -> str:
    """Why it may, in a sentence; or why not, with the code before it."""
    if answer.passed:
        return answer.message or answer.remote or ""
    return ": ".join(filter(None, (answer.code, answer.message)))


def gate_json(answers: Sequence[GateAnswer]) -> dict[str, JsonValue]:
    """The same for programs."""
    return {
        "format_version": FORMAT_VERSION,
        "passed": bool(answers) and all(each.passed for each in answers),
        "models": [
            {
                "model": each.model,
                "passed": each.passed,
                "code": each.code,
                "message": each.message,
                "hint": each.hint,
                "remote": each.remote,
                "verdict": each.verdict,
            }
            for each in answers
        ],
    }
