"""What an evaluation found: scores, worst cases, verdict. Judges nothing anew."""

from __future__ import annotations

from tuneform.domain.gate import Case, Evaluation, Score
from tuneform.render.layout import GAP, counted, duration, flow, joined, number, table, wrap
from tuneform.render.look import Look, Style
from tuneform.render.plain import JsonValue
from tuneform.render.plan_json import FORMAT_VERSION
from tuneform.render.samples import quoted
from tuneform.render.thresholds import needs, share

_HEADINGS = ("METRIC", "VALUE", "NEEDS", "SERVING", "")


def evaluation_text(evaluation: Evaluation, look: Look, *, samples: bool = True) -> str:
    """An evaluation as text, whose last line or lines say the verdict.

    Args:
        evaluation: what was found.
        look: how text is to look.
        samples: whether example text may be shown; places and scores always are.
    """
    blocks = [
        _heading(evaluation, look),
        [*score_lines(evaluation, look), *_facts(evaluation, look)],
        _worst(evaluation, look, samples=samples),
        wrap(
            verdict_sentence(evaluation),
            look,
            rest=GAP,
            style=Style.GREEN if evaluation.passed else Style.BOLD_RED,
        ),
    ]
    return "\n\n".join(joined(lines) for lines in blocks if lines)


def verdict_words(evaluation: Evaluation) -> str:
    """The verdict and its cause in one line, without example text."""
    if not evaluation.passed:
        return f"gate failed: {'; '.join(evaluation.failures)}".removesuffix(": ")
    told = [f"{each.metric.title} {share(each.value)}" for each in evaluation.scores]
    if evaluation.must_pass:
        told.append(f"{evaluation.must_pass:,} of {_cases(evaluation)}")
    return f"gate passed: {', '.join(told)}".removesuffix(": ")


def _cases(evaluation: Evaluation) -> str:
    return counted(evaluation.must_pass, "must-pass case")


def verdict_sentence(evaluation: Evaluation) -> str:
    """The same as a sentence; where it passed, the table has said the rest."""
    if evaluation.passed:
        return "Gate passed."
    words = verdict_words(evaluation)
    return f"{words[:1].upper()}{words[1:]}."


def score_lines(evaluation: Evaluation, look: Look, indent: str = "") -> list[str]:
    """A table of metrics where it fits, else a few lines for each; none without metrics."""
    scores = evaluation.scores
    if not scores:
        return []
    rows = [_HEADINGS, *(_row(score, look) for score in scores)]
    if all(score.baseline is None for score in scores):
        rows = [(*row[:3], row[4]) for row in rows]
    return table(rows, look, indent=indent) or [
        line for score in scores for line in _stacked(score, look, indent)
    ]


def _row(score: Score, look: Look) -> tuple[str, ...]:
    return (
        look.clean(score.metric.title),
        share(score.value),
        needs(score.metric),
        "" if score.baseline is None else share(score.baseline),
        _word(score),
    )


def _word(score: Score) -> str:
    return "ok" if score.passed else "FAIL"


def _stacked(score: Score, look: Look, indent: str) -> list[str]:
    """One metric on narrow terminals."""
    style = None if score.passed else Style.RED
    further = indent + GAP
    lines = wrap(score.metric.title, look, first=indent, rest=further)
    lines += flow((share(score.value), _word(score)), look, further, style)
    if asked := needs(score.metric):
        lines += wrap(f"needs {asked}", look, first=further)
    if score.baseline is not None:
        lines += wrap(f"serving version: {share(score.baseline)}", look, first=further)
    return lines


def _heading(evaluation: Evaluation, look: Look) -> list[str]:
    lines = wrap(f"Evaluation of {evaluation.model}", look, rest=GAP, style=Style.BOLD)
    lines += wrap(evaluation.remote, look, first=GAP)
    asked = counted(evaluation.examples, "example")
    if evaluation.repeats > 1:
        asked += f", each asked {evaluation.repeats:,} times"
    time = f", in {duration(evaluation.seconds)}" if evaluation.seconds > 0 else ""
    lines += wrap(f"{asked}{time}, by gate {evaluation.gate}", look, first=GAP)
    if evaluation.against:
        lines += wrap(f"compared with {evaluation.against}, which serves", look, first=GAP)
    return lines


def _facts(evaluation: Evaluation, look: Look) -> list[str]:
    """What no column holds: the cases that must pass."""
    cases, failed = evaluation.must_pass, evaluation.must_pass_failed
    if not cases:
        return []
    told = f"FAIL, {failed:,} of {cases:,} failed" if failed else f"ok, all {cases:,} passed"
    return wrap(f"Must-pass cases: {told}.", look, rest=GAP)


def _worst(evaluation: Evaluation, look: Look, *, samples: bool) -> list[str]:
    if not evaluation.worst:
        return []
    title = "Worst cases" if samples else "Worst cases (their texts are not shown)"
    lines = wrap(title, look, rest=GAP, style=Style.BOLD)
    for case in evaluation.worst:
        must = ", must pass" if case.must_pass else ""
        place = f"{case.place}: score {share(case.score)}{must}"
        lines += wrap(place, look, first=GAP, rest=GAP * 2)
        lines += _texts(case, look) if samples else []
    return lines


def _texts(case: Case, look: Look) -> list[str]:
    """What was asked, wanted and said, each on one line."""
    pairs = (("input", case.text_input), ("expected", case.expected), ("answer", case.answer))
    heads = [(f"{GAP * 2}{label:<8}{GAP}", text) for label, text in pairs]
    return [head + quoted(text, look.width - len(head), look) for head, text in heads]


def evaluation_json(evaluation: Evaluation, *, samples: bool = True) -> dict[str, JsonValue]:
    """The same for programs.

    Args:
        evaluation: what was found.
        samples: whether example text may be told; where not, it is null.
    """
    return {
        "format_version": FORMAT_VERSION,
        "model": evaluation.model,
        "remote": evaluation.remote,
        **verdict_json(evaluation),
        "failures": list(evaluation.failures),
        "worst": [_case_json(case, samples=samples) for case in evaluation.worst],
    }


def verdict_json(evaluation: Evaluation) -> dict[str, JsonValue]:
    """The verdict and its scores, without example text."""
    return {
        "gate": evaluation.gate,
        "passed": evaluation.passed,
        "examples": evaluation.examples,
        "repeats": evaluation.repeats,
        "scores": [_score_json(score) for score in evaluation.scores],
        "must_pass": evaluation.must_pass,
        "must_pass_failed": evaluation.must_pass_failed,
        "against": evaluation.against,
        "seconds": number(evaluation.seconds),
    }


def _score_json(score: Score) -> JsonValue:
    metric = score.metric
    return {
        "metric": str(metric.name),
        "label": metric.label,
        "value": number(score.value),
        "baseline": number(score.baseline),
        "minimum": number(metric.minimum),
        "max_regression": number(metric.max_regression),
        "passed": score.passed,
    }


def _case_json(case: Case, *, samples: bool) -> JsonValue:
    return {
        "place": case.place,
        "score": number(case.score),
        "must_pass": case.must_pass,
        "input": case.text_input if samples else None,
        "expected": case.expected if samples else None,
        "answer": case.answer if samples else None,
    }
