"""Plans, reports, evaluations, gates and diagnostics as Markdown, for comments and step summaries.

Each stays below a limit, with a note on what was cut, and holds foreign text only as text. Those of
an owner begin with a hidden marker, by which a comment is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuneform.domain.diagnostic import Diagnostic
from tuneform.domain.gate import Case, Evaluation, Score
from tuneform.domain.plan import Action
from tuneform.domain.report import Outcome, Report, Status
from tuneform.domain.status import GateAnswer
from tuneform.render.evaluation import verdict_sentence
from tuneform.render.layout import counted, duration
from tuneform.render.markdown_page import LIMIT, Page, folded, row, table_head
from tuneform.render.markdown_plan import marker, plan_markdown
from tuneform.render.markdown_problems import problem_lines
from tuneform.render.markdown_text import Escaper
from tuneform.render.report import outcome_numbers
from tuneform.render.sentences import (
    closing_sentence,
    diagnostics_sentence,
    exit_sentence,
    outcome_word,
)
from tuneform.render.signs import sign_of
from tuneform.render.thresholds import needs, share

__all__ = [
    "diagnostics_markdown",
    "evaluation_markdown",
    "gate_markdown",
    "marker",
    "plan_markdown",
    "report_markdown",
]

_NAME, _SENTENCES, _TEXT = 100, 600, 400
_FINE = frozenset({Status.DONE, Status.STARTED})


def report_markdown(
    report: Report, *, title: str = "Apply", limit: int = LIMIT, secrets: Sequence[str] = ()
) -> str:
    """What became of a plan: the closing line first, then each outcome, open ones before others.

    Args:
        report: what became of it.
        title: what was done, to begin the closing line with.
        limit: the text has fewer characters, and fewer bytes of UTF-8.
        secrets: redacted in all foreign text.

    Raises:
        ValueError: the limit is below `tuneform.render.markdown_page.LEAST`.
    """
    escaper, page = Escaper(tuple(secrets)), Page(limit)
    owner, provider = escaper.code(str(report.owner), _NAME), escaper.code(report.provider, _NAME)
    page.must(marker("report", report.owner, secrets), f"## {owner} on {provider}")
    page.must(f"**{escaper.text(closing_sentence(report, title), _SENTENCES)}**")
    if report.exit_code:
        page.must(exit_sentence(report))
    shown = [each for each in report.outcomes if each.status is not Status.UNCHANGED]
    shown.sort(key=lambda outcome: outcome.status in _FINE)
    rows = (_outcome(each, escaper) for each in shown)
    listed = page.fill(rows, table_head("", "Model", "Outcome", "", "What happened"))
    page.must(_more(len(shown) - listed, "model", "report"))
    return str(page)


def _outcome(outcome: Outcome, escaper: Escaper) -> str:
    held = outcome.status is Status.HELD
    sign = sign_of(Action.HOLD if held else outcome.change.action).sign
    hint = f"hint: {outcome.hint}" if outcome.hint else ""
    told = " ".join(filter(None, (outcome.message, hint)))
    return row(
        f"`{sign}`" if sign else "",
        escaper.code(outcome.change.model, _NAME),
        outcome_word(outcome),
        escaper.text(outcome_numbers(outcome)),
        escaper.text(told, _SENTENCES),
    )


def evaluation_markdown(
    evaluation: Evaluation, *, samples: bool = True, limit: int = LIMIT, secrets: Sequence[str] = ()
) -> str:
    """What an evaluation found: the verdict, its metrics, and the worst cases where asked for.

    Args:
        evaluation: what was found.
        samples: whether the worst cases are shown; they hold example text.
        limit: the text has fewer characters, and fewer bytes of UTF-8.
        secrets: redacted in all foreign text.

    Raises:
        ValueError: the limit is below `tuneform.render.markdown_page.LEAST`.
    """
    escaper, page = Escaper(tuple(secrets)), Page(limit)
    verdict = "passed" if evaluation.passed else "failed"
    page.must(f"## Gate of {escaper.code(evaluation.model, _NAME)}: {verdict}")
    page.must(_asked(evaluation, escaper))
    page.must(escaper.text(verdict_sentence(evaluation), _SENTENCES))
    rows = (_score(score, escaper) for score in evaluation.scores)
    scores = page.fill(rows, table_head("", "Metric", "Value", "Needs", "Serving version"))
    page.must(_must_pass(evaluation))
    left = len(evaluation.scores) - scores
    cases = evaluation.worst if samples else ()
    shown = sum(page.add(_case(case, escaper)) for case in cases)
    page.must(_more(left, "metric", "result"), _more(len(cases) - shown, "case", "result"))
    return str(page)


def _asked(evaluation: Evaluation, escaper: Escaper) -> str:
    """Who was asked what, and for how long."""
    asked = counted(evaluation.examples, "example")
    if evaluation.repeats > 1:
        asked += f", {evaluation.repeats} times each"
    parts = [f"{escaper.code(evaluation.remote, _TEXT)} was asked {asked}"]
    if evaluation.against:
        parts.append(f"compared with {escaper.code(evaluation.against, _TEXT)}")
    if evaluation.seconds > 0:
        parts.append(f"in {duration(evaluation.seconds)}")
    return f"{', '.join(parts)}. Gate {escaper.code(evaluation.gate, _NAME)}."


def _score(score: Score, escaper: Escaper) -> str:
    return row(
        "passed" if score.passed else "**failed**",
        escaper.text(score.metric.title, _NAME),
        share(score.value),
        needs(score.metric),
        "" if score.baseline is None else share(score.baseline),
    )


def _must_pass(evaluation: Evaluation) -> str:
    """That they passed; what failed the verdict has said."""
    if not evaluation.must_pass or evaluation.must_pass_failed:
        return ""
    return f"All of {counted(evaluation.must_pass, 'must-pass case')} passed."


def _case(case: Case, escaper: Escaper) -> str:
    """One case: its place to open, its texts behind it."""
    kind = "must pass, " if case.must_pass else ""
    place = escaper.html(case.place, _TEXT)
    texts = (("input", case.text_input), ("expected", case.expected), ("answer", case.answer))
    lines = [f"{name + ':':<10}{escaper.plain(text, _TEXT)}" for name, text in texts]
    summary = f"<code>{place}</code>, {kind}score {share(case.score)}"
    return folded(summary, (escaper.fence(lines),))


def gate_markdown(
    answers: Iterable[GateAnswer], *, limit: int = LIMIT, secrets: Sequence[str] = ()
) -> str:
    """Whether models may go live, those that may not first.

    Args:
        answers: one for each model that was asked about.
        limit: the text has fewer characters, and fewer bytes of UTF-8.
        secrets: redacted in all foreign text.

    Raises:
        ValueError: the limit is below `tuneform.render.markdown_page.LEAST`.
    """
    escaper, page = Escaper(tuple(secrets)), Page(limit)
    ranked = sorted(answers, key=lambda answer: answer.passed)
    closed = sum(not answer.passed for answer in ranked)
    page.must(f"## Gate: {'failed' if closed else 'passed'}")
    page.must(f"**{closed} of {counted(len(ranked), 'model')} may not go live.**" if closed else "")
    rows = (_answer(answer, escaper) for answer in ranked)
    listed = page.fill(rows, table_head("", "Model", "Version", "Why"))
    page.must(_more(len(ranked) - listed, "model", "result"))
    return str(page)


def _answer(answer: GateAnswer, escaper: Escaper) -> str:
    hint = f"hint: {answer.hint}" if answer.hint else ""
    told = " ".join(filter(None, (answer.message, hint)))
    return row(
        "passed" if answer.passed else "**failed**",
        escaper.code(answer.model, _NAME),
        escaper.code(answer.remote or "", _TEXT),
        escaper.text(told, _SENTENCES),
    )


def diagnostics_markdown(
    diagnostics: Sequence[Diagnostic],
    *,
    title: str = "Validation",
    limit: int = LIMIT,
    secrets: Sequence[str] = (),
) -> str:
    """Mistakes in the user's files as a list, in the order given.

    Args:
        diagnostics: what was found.
        title: of the page.
        limit: the text has fewer characters, and fewer bytes of UTF-8.
        secrets: redacted in all foreign text.

    Raises:
        ValueError: the limit is below `tuneform.render.markdown_page.LEAST`.
    """
    escaper, page = Escaper(tuple(secrets)), Page(limit)
    page.must(f"## {escaper.text(title, _NAME)}")
    page.must(f"**{diagnostics_sentence(diagnostics)}**")
    listed = page.fill(problem_lines(diagnostics, escaper))
    page.must(_more(len(diagnostics) - listed, "diagnostic", "list"))
    return str(page)


def _more(count: int, noun: str, whole: str) -> str:
    """What was cut, and where it is found."""
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    return (
        f"{counted(count, f'more {noun}')} {verb} not shown; the whole {whole} is in the job's log."
    )
