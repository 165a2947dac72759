"""Workflow commands that make GitHub annotate files and runs. One line each, and no other command.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands. GitHub
shows ten errors and ten warnings of a step; the rest stands in its log.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tuneform.domain.diagnostic import Diagnostic, Place
from tuneform.domain.gate import Evaluation
from tuneform.domain.plan import Action, Plan
from tuneform.domain.report import Report, Status
from tuneform.domain.status import GateAnswer
from tuneform.errors import TuneformError
from tuneform.render import plain
from tuneform.render.diagnostics import carried_by
from tuneform.render.in_repository import in_repository
from tuneform.render.sentences import outcome_word

_MOST = 4_000  # characters of a message
_COMMAND = re.compile(r"\A(\s*):(?=:)")


@dataclass(frozen=True, slots=True)
class _Annotation:
    """One annotation.

    Attributes:
        level: `error` or `warning`.
        title: short.
        message: sentences.
        place: where; None where no file is meant.
    """

    level: Literal["error", "warning"]
    title: str
    message: str
    place: Place | None = None


def diagnostics_annotations(
    diagnostics: Iterable[Diagnostic], *, folder: str = "", secrets: Sequence[str] = ()
) -> str:
    """A line for each diagnostic.

    Args:
        diagnostics: what was found.
        folder: the project directory relative to the repository, with `/`.
        secrets: redacted in all text.
    """
    annotations = (
        _Annotation(
            each.severity.value,
            each.summary,
            _sentences(each.detail or each.summary, each.hint),
            each.place,
        )
        for each in diagnostics
    )
    return _lines(annotations, folder, secrets)


def error_annotations(
    error: TuneformError, *, folder: str = "", secrets: Sequence[str] = ()
) -> str:
    """A line for what ended a command; of an invalid project a line for each mistake."""
    carried = carried_by(error)
    if carried:
        return diagnostics_annotations(carried, folder=folder, secrets=secrets)
    annotation = _Annotation(
        "error", f"tuneform: {error.code}", _sentences(f"{error.message}.", error.hint or "")
    )
    return _lines([annotation], "", secrets)


def plan_annotations(plan: Plan, *, secrets: Sequence[str] = ()) -> str:
    """A warning for each model that is held."""
    annotations = (
        _Annotation("warning", f"{each.model} is held", each.reason.message)
        for each in plan.changes
        if each.action is Action.HOLD
    )
    return _lines(annotations, "", secrets)


def gate_annotations(answers: Iterable[GateAnswer], *, secrets: Sequence[str] = ()) -> str:
    """An error for each model that may not go live."""
    annotations = (
        _Annotation("error", f"{each.model} may not go live", _sentences(each.message, each.hint))
        for each in answers
        if not each.passed
    )
    return _lines(annotations, "", secrets)


def report_annotations(report: Report, *, secrets: Sequence[str] = ()) -> str:
    """An error for each change that is open, a warning for each that is held."""
    annotations = (
        _Annotation(
            "warning" if each.status is Status.HELD else "error",
            f"{each.change.model}: {outcome_word(each)}",
            _sentences(each.message, each.hint),
        )
        for each in report.outcomes
        if each.status not in (Status.DONE, Status.UNCHANGED, Status.STARTED)
    )
    return _lines(annotations, "", secrets)


def evaluation_annotations(evaluation: Evaluation, *, secrets: Sequence[str] = ()) -> str:
    """An error for each threshold that does not hold."""
    annotations = (
        _Annotation("error", f"{evaluation.model} did not pass its gate", f"{failure}.")
        for failure in evaluation.failures
    )
    return _lines(annotations, "", secrets)


def inert(text: str) -> str:
    """A text for the log of a job, in which nothing is a workflow command.

    A line of it may begin with what looks like one: descriptions and examples are other people's
    text. The word that ends the silence is a digest of the text, which cannot be in it.
    """
    word = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"::stop-commands::{word}\n{text}\n::{word}::"


def _sentences(message: str, hint: str) -> str:
    return " ".join(filter(None, (message, f"Hint: {hint}" if hint else "")))


def _lines(annotations: Iterable[_Annotation], folder: str, secrets: Sequence[str]) -> str:
    return "\n".join(_line(each, folder, secrets) for each in annotations)


def _line(annotation: _Annotation, folder: str, secrets: Sequence[str]) -> str:
    """`::error file=…,line=…,col=…,title=…::…`."""
    told = _cut(annotation.message or annotation.title, secrets)
    properties = [
        *_where(annotation.place, folder, secrets),
        ("title", _cut(annotation.title, secrets)),
    ]
    named = ",".join(f"{name}={_property(value)}" for name, value in properties)
    return f"::{annotation.level} {named}::{_message(told)}"


def _where(place: Place | None, folder: str, secrets: Sequence[str]) -> Iterator[tuple[str, str]]:
    if place is None or not place.file:
        return
    yield "file", plain.clean(plain.redact(in_repository(place.file, folder), secrets))
    if place.line:
        yield "line", str(place.line)
        if place.column:
            yield "col", str(place.column)


def _cut(text: str, secrets: Sequence[str]) -> str:
    """One clean line: a line feed of the text is shown, and begins nothing."""
    text = plain.redact(text, secrets)
    return plain.clean(text if len(text) <= _MOST else text[: _MOST - 1] + "…")


def _message(text: str) -> str:
    """As the value of a command; what looks like another command is pulled apart."""
    text = _COMMAND.sub(r"\1: ", text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As the value of a property of a command."""
    return _message(text).replace(":", "%3A").replace(",", "%2C")
