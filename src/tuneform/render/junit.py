"""Diagnostics, gates and evaluations as JUnit XML, in the form that Jenkins and GitLab read.

The elements and attributes are those that Jenkins' published schema and GitLab's parser share:
`testsuites`, `testsuite`, `testcase`, `failure`, `system-out`. No example text is in them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tuneform.domain.diagnostic import Diagnostic, Severity
from tuneform.domain.gate import Evaluation, Score
from tuneform.domain.status import GateAnswer
from tuneform.render import plain
from tuneform.render.thresholds import needs, share

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROJECT = "project"
_NO_XML = re.compile("[\ufffe\uffff]")  # what XML 1.0 forbids, and `clean` lets pass


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case.

    Attributes:
        name: of what was tested.
        failure: a short reason; None where it passed.
        kind: of the failure, for machines.
        text: lines of the failure, or of what is told of a case that passed.
        seconds: how long it took.
    """

    name: str
    failure: str | None = None
    kind: str = ""
    text: tuple[str, ...] = ()
    seconds: float = 0.0


def validate_junit(
    diagnostics: Sequence[Diagnostic], files: Iterable[str] = (), *, secrets: Sequence[str] = ()
) -> str:
    """A case for each file: it fails with the errors in it; warnings are only told.

    Args:
        diagnostics: what was found.
        files: paths of all files that were checked, so that good ones are seen to pass.
        secrets: redacted in all text.
    """
    found: defaultdict[str, list[Diagnostic]] = defaultdict(list)
    for name in files:
        found[name] = []
    for each in diagnostics:
        found[each.place.file if each.place and each.place.file else _PROJECT].append(each)
    cases = [_file(name, each) for name, each in sorted(found.items())] or [_Case(_PROJECT)]
    return _xml([("validate", cases)], secrets)


def _file(name: str, diagnostics: Sequence[Diagnostic]) -> _Case:
    text = tuple(line for each in diagnostics for line in _told(each))
    errors = [each for each in diagnostics if each.severity is Severity.ERROR]
    if not errors:
        return _Case(name, text=text)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _Case(name, errors[0].summary + more, errors[0].code, text)


def _told(diagnostic: Diagnostic) -> Iterator[str]:
    """One diagnostic in lines."""
    yield f"{diagnostic.severity.value}: {diagnostic.summary}"
    place = "" if diagnostic.place is None else str(diagnostic.place)
    yield "  " + "  ".join(filter(None, (place, diagnostic.subject, diagnostic.field)))
    if diagnostic.detail:
        yield f"  {diagnostic.detail}"
    if diagnostic.hint:
        yield f"  hint: {diagnostic.hint}"


def gate_junit(answers: Iterable[GateAnswer], *, secrets: Sequence[str] = ()) -> str:
    """A case for each model: it fails where the model may not go live."""
    return _xml([("gate", [_model(answer) for answer in answers])], secrets)


def _model(answer: GateAnswer) -> _Case:
    hint = f"hint: {answer.hint}" if answer.hint else ""
    text = tuple(filter(None, (answer.remote, answer.message, hint)))
    if answer.passed:
        return _Case(answer.model, text=text)
    return _Case(answer.model, answer.message or "the gate is closed", answer.code, text)


def evaluation_junit(evaluations: Iterable[Evaluation], *, secrets: Sequence[str] = ()) -> str:
    """A suite for each model: a case for each metric, and one for the cases that must pass."""
    return _xml([(each.model, list(_evaluated(each))) for each in evaluations], secrets)


def _evaluated(evaluation: Evaluation) -> Iterator[_Case]:
    for at, score in enumerate(evaluation.scores):
        seconds = evaluation.seconds if at == 0 else 0.0  # all metrics are of the same answers
        yield _metric(score, seconds)
    if evaluation.must_pass:
        failed = evaluation.must_pass_failed
        told = f"{failed} of {evaluation.must_pass} must-pass cases failed"
        yield _Case("must-pass cases", told if failed else None, "must-pass", (told,))


def _metric(score: Score, seconds: float) -> _Case:
    wanted = needs(score.metric, "below the serving version")
    told = f"{score.metric.title} is {share(score.value)}" + (f"; needs {wanted}" if wanted else "")
    against = "" if score.baseline is None else f"serving version: {share(score.baseline)}"
    text = tuple(filter(None, (told, against)))
    return _Case(score.metric.title, None if score.passed else told, "threshold", text, seconds)


def _xml(suites: Sequence[tuple[str, Sequence[_Case]]], secrets: Sequence[str]) -> str:
    """The whole document."""
    root = ET.Element("testsuites", name="tuneform")
    for name, cases in suites:
        _suite(root, name, cases, secrets)
    _count(root, [case for _, cases in suites for case in cases])
    ET.indent(root)
    return _DECLARATION + ET.tostring(root, encoding="unicode")


def _suite(root: ET.Element, name: str, cases: Sequence[_Case], secrets: Sequence[str]) -> None:
    shown = _text(name, secrets)
    suite = ET.SubElement(root, "testsuite", name=shown)
    _count(suite, cases)
    for case in cases:
        seconds = f"{case.seconds:.3f}"
        named = {"name": _text(case.name, secrets), "classname": f"tuneform.{shown}"}
        element = ET.SubElement(suite, "testcase", named, time=seconds)
        text = "\n".join(_text(line, secrets) for line in case.text)
        if case.failure is not None:
            kind = _text(case.kind, secrets) or "failure"
            reason = {"message": _text(case.failure, secrets), "type": kind}
            ET.SubElement(element, "failure", reason).text = text
        elif text:
            ET.SubElement(element, "system-out").text = text


def _count(element: ET.Element, cases: Sequence[_Case]) -> None:
    failed = sum(case.failure is not None for case in cases)
    element.set("tests", str(len(cases)))
    element.set("failures", str(failed))
    element.set("errors", "0")
    element.set("time", f"{sum(case.seconds for case in cases):.3f}")


def _text(text: str, secrets: Sequence[str]) -> str:
    """One line that XML 1.0 can hold: what it forbids is shown by number."""
    shown = plain.clean(plain.redact(text, secrets))
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)
