"""Have a version pass its gate: ask, judge, and write the verdict into the mark.

The verdict is written whether it is good or bad: the next plan must know of it, on any machine,
and train nothing again.
"""

from __future__ import annotations

from dataclasses import replace

from tuneform.domain.gate import Evaluation
from tuneform.domain.live import Live
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import Evaluate, ReasonCode
from tuneform.domain.report import Status
from tuneform.domain.spec import Fields
from tuneform.execute.ending import Ending, halt
from tuneform.execute.look import look_at, write
from tuneform.execute.promote import unfit
from tuneform.execute.result import Errand, Performed, Result, Tools
from tuneform.gate import Interrupted
from tuneform.gate import evaluate as judge


def evaluate(tools: Tools, errand: Errand, step: Evaluate, now: Live) -> Result:
    """Evaluate an object that was just looked at.

    Raises:
        Stale: the examples are not those of the plan, or the object was changed meanwhile.
        RemoteError: a question could not be asked; there is no verdict then.
    """
    refusal = unfit(now, errand.fingerprint) or _unanswering(now)
    if refusal is not None:
        return refusal
    try:
        evaluation = _evaluation(tools, errand, step, now)
    except Interrupted:
        return halt(None, begun=True)
    again = look_at(tools.provider, now)
    assert again.mark is not None, "an object without a mark is unfit"
    mark = replace(again.mark, verdict=Verdict(evaluation.passed, step.gate.short))
    judged = (
        again
        if mark == again.mark
        else write(tools.provider, errand.changes, again, Fields(), mark)
    )
    tools.ledger.record_evaluation(tools.run, evaluation)
    return Performed((judged,), evaluation=evaluation)


def _unanswering(live: Live) -> Ending | None:
    if live.deployed:
        return None
    return Ending(
        Status.HELD,
        ReasonCode.NOT_EVALUATED,
        f"{live.remote} is not deployed, so its gate cannot ask it",
        "Deploy it with the service's own tools, or raise `spec.revision` to train again.",
    )


def _evaluation(tools: Tools, errand: Errand, step: Evaluate, now: Live) -> Evaluation:
    questions, must_pass = tools.questions(errand.model, step.gate)
    against = step.against
    other = errand.seen.get(against) if against else None
    called = other.address if other else against
    return judge(
        step.gate,
        questions,
        must_pass,
        lambda prompt: tools.provider.ask(now.address, prompt),
        (lambda prompt: tools.provider.ask(called, prompt)) if called else None,
        model=errand.model,
        remote=now.remote,
        against=against,
        clock=tools.clock,
        stopping=tools.stopping,
    )


def not_passed(evaluation: Evaluation) -> Ending:
    """How a change ends whose version did not pass."""
    return Ending(
        Status.HELD,
        ReasonCode.GATE_FAILED,
        f"{evaluation.remote} did not pass its gate: {'; '.join(evaluation.failures)}",
        f"`tuneform evaluate {evaluation.model}` shows the worst cases. Nothing else was changed: "
        "what served before serves on.",
    )
