"""One evaluation: prepare, ask, score, judge. Nothing is written, and nothing is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from tuneform.clock import Clock
from tuneform.domain.gate import Evaluation, Gate
from tuneform.domain.spec import GateSpec, Measure, Metric
from tuneform.gate.asking import Ask, Errand, Notify, ask_all
from tuneform.gate.question import Question
from tuneform.gate.scoring import Scorer, prepare
from tuneform.gate.verdict import Answered, judge, shortcomings, worst_of, worth

WORST = 10
"""Cases that an evaluation carries unless told otherwise: a screenful."""

_MUST_PASS = frozenset(
    {
        Measure.EXACT_MATCH,
        Measure.NORMALIZED_MATCH,
        Measure.CONTAINS,
        Measure.CHAR_F1,
        Measure.JSON_FIELDS,
    }
)
"""What can tell from one answer, without a word more, whether it is right."""


def evaluate(  # noqa: PLR0913 - every seam of an evaluation is named where it is handed in
    gate: Gate,
    questions: Sequence[Question],
    must_pass: Sequence[Question],
    asked: Ask,
    serving: Ask | None = None,
    *,
    model: str,
    remote: str,
    against: str | None = None,
    clock: Clock,
    worst: int = WORST,
    stopping: Callable[[], bool] = lambda: False,
    notify: Notify = lambda _done, _total: None,
) -> Evaluation:
    """Ask a version everything that its gate wants to know, and judge.

    What can be found out before the first question is found out then: asking costs money. An
    answer that the service withheld, cut off or left empty is a wrong answer.

    Args:
        gate: what it must pass.
        questions: the evaluation examples; their order changes no score.
        must_pass: the cases that must be answered right every time.
        asked: asks the version.
        serving: asks the serving version, for a baseline of every metric. It is used only where
            the gate compares, and is not asked what must pass.
        model: name of the model.
        remote: the version.
        against: the serving version.
        clock: tells how long it took.
        worst: most cases to carry. An example is one case, with its worst answer; one that was
            answered right every time is none.
        stopping: is asked often, in the calling thread, whether to give up.
        notify: is told of progress, in the calling thread, from 0 on.

    Raises:
        Interrupted: `stopping` said so; there is no verdict.
        RemoteError: a question could not be asked; there is no verdict.
        LocalError: a metric cannot be used; there is no verdict.
    """
    began, spec = clock.monotonic(), gate.spec
    scorers = [prepare(metric, questions) for metric in spec.metrics]
    right = _prepare_must_pass(spec.must_pass_measure, must_pass)

    rounds = [(asked, must_pass), (asked, questions)]
    if spec.compares and serving is not None:
        rounds.append((serving, questions))
    cases, own, *rival = _ask(rounds, spec, stopping, notify)

    scored = [score(own.pairs) for score in scorers]
    baselines = [score(rival[0].pairs).value if rival else None for score in scorers]
    scores = tuple(map(judge, spec.metrics, (each.value for each in scored), baselines))
    failed = shortcomings(cases, right(cases.pairs).each or (), must_pass=True)
    return Evaluation(
        model=model,
        remote=remote,
        gate=gate.short,
        passed=not failed and all(score.passed for score in scores),
        examples=len(questions),
        repeats=spec.repeats,
        scores=scores,
        must_pass=len(must_pass),
        must_pass_failed=len(failed),
        worst=worst_of((*failed, *shortcomings(own, worth(own, scored))), worst),
        against=against if rival else None,
        seconds=clock.monotonic() - began,
    )


def _prepare_must_pass(measure: str, cases: Sequence[Question]) -> Scorer:
    if measure not in _MUST_PASS:
        raise ValueError(f"{measure} does not tell from one answer whether it is right")
    return prepare(Metric(measure), cases)


def _ask(
    rounds: Sequence[tuple[Ask, Sequence[Question]]],
    spec: GateSpec,
    stopping: Callable[[], bool],
    notify: Notify,
) -> list[Answered]:
    """All answers, one `Answered` for each round."""
    errands = [
        Errand(ask, question.text_input)
        for ask, questions in rounds
        for question in questions
        for _ in range(spec.repeats)
    ]
    answers = iter(ask_all(errands, at_a_time=spec.concurrency, stopping=stopping, notify=notify))
    return [
        Answered(questions, list(islice(answers, len(questions) * spec.repeats)), spec.repeats)
        for _, questions in rounds
    ]
