"""Gates in a run: after training, before anything is promoted or deleted."""

from dataclasses import replace

import pytest
from tests.execute.world import World, change, create, mark, old, remote, replacement

from tuneform.domain.cost import Cost, Range
from tuneform.domain.gate import Gate
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import Action, Evaluate, Promote, ReasonCode, Start
from tuneform.domain.report import Evaluated, Status
from tuneform.domain.spec import DatasetRef, GateSpec, Metric
from tuneform.errors import LocalError, ServiceFailure, Stale, Unreachable

from .fake import LOST, trained

REF = DatasetRef("gate.jsonl", "jsonl")


def gate(*, examples=4, must_pass=0, regression=None):
    metric = Metric("exactMatch", minimum=0.75, max_regression=regression)
    spec = GateSpec(REF, (metric,), must_pass=REF if must_pass else None, concurrency=2)
    return Gate(spec, "ef" * 32, "gateshortt", ("ab" * 32,), examples, must_pass)


def gated(planned, against=None, **options):
    """The same change, with a gate before its promotion."""
    name = remote(planned.model)
    at = next(i for i, step in enumerate(planned.steps) if isinstance(step, Promote))
    step = Evaluate(name, gate(**options), against)
    return replace(planned, steps=(*planned.steps[:at], step, *planned.steps[at:]))


def test_a_version_that_passes_is_promoted_and_the_old_one_goes():
    world = World().having(old())
    (outcome,) = world.apply(gated(replacement())).outcomes
    assert outcome.status is Status.DONE
    assert world.serving() == [remote()]
    assert world.provider.deleted == [old().remote]
    assert world.provider.objects[remote()].mark.verdict == Verdict(True, "gateshortt")
    assert outcome.evaluation.passed
    assert [each for each in world.events if isinstance(each, Evaluated)] == [
        Evaluated(outcome.evaluation)
    ]
    assert ("evaluation", outcome.evaluation) in world.ledger.entries


def test_a_version_that_fails_is_marked_and_nothing_else_is_changed():
    world = World().having(old())
    world.provider.wrong = {remote(): {"q0", "q1"}}
    report = world.apply(gated(replacement()))
    (outcome,) = report.outcomes
    assert (outcome.status, outcome.code) == (Status.HELD, ReasonCode.GATE_FAILED)
    assert "exactMatch is 0.5, and must be at least 0.75" in outcome.message
    assert report.exit_code == 6
    assert world.serving() == [old().remote]
    assert not world.provider.deleted
    assert world.provider.objects[remote()].mark.verdict == Verdict(False, "gateshortt")
    assert [step.do for step in outcome.performed] == ["start", "watch", "evaluate"]


def test_one_must_pass_case_is_enough_to_fail():
    world = World().having(old())
    world.provider.wrong = {remote(): {"m1"}}
    (outcome,) = world.apply(gated(replacement(), must_pass=2)).outcomes
    assert outcome.code == ReasonCode.GATE_FAILED
    assert "1 of 2 must-pass cases failed" in outcome.message


def test_a_regression_against_the_serving_version_fails():
    world = World().having(old())
    world.provider.wrong = {remote(): {"q0"}}
    planned = gated(replacement(), against=old().remote, regression=0.1)
    (outcome,) = world.apply(planned).outcomes
    assert outcome.code == ReasonCode.GATE_FAILED
    assert outcome.evaluation.against == old().remote
    assert ("ask", old().remote) in world.provider.calls


def test_a_child_of_a_version_that_failed_is_not_begun():
    world = World()
    world.provider.wrong = {remote("alfa"): {"q0", "q1"}}
    child = create("bravo", source=remote("alfa"), parent="alfa")
    report = world.apply(gated(create("alfa")), child)
    assert [each.status for each in report.outcomes] == [Status.HELD, Status.SKIPPED]
    assert remote("bravo") not in world.provider.objects
    assert report.exit_code == 6


@pytest.mark.parametrize("error", [ServiceFailure("down"), Unreachable("gone")], ids=repr)
def test_half_an_evaluation_is_no_verdict(error):
    world = World().having(old())
    world.provider.fault("ask", None, error)
    (outcome,) = world.apply(gated(replacement())).outcomes
    assert outcome.status is Status.FAILED
    assert world.provider.objects[remote()].mark.verdict is None
    assert world.serving() == [old().remote]


def test_other_questions_than_those_of_the_plan_are_stale():
    world = World().having(old())

    def questions(_model, _gate):
        raise Stale("gate.jsonl is not what it was")

    world.questions = questions
    (outcome,) = world.apply(gated(replacement())).outcomes
    assert outcome.status is Status.STALE
    assert not world.provider.count("ask")


def test_an_edit_during_the_evaluation_stops_before_the_verdict_is_written():
    world = World()
    new = trained(remote(), mark())
    world.having(new)
    world.provider.fault("ask", lambda provider: provider.edit(remote(), display_name="Edited"))
    planned = change(
        "support", Action.PROMOTE, Evaluate(remote(), gate()), Promote(remote()), versions=[new]
    )
    (outcome,) = world.apply(planned).outcomes
    assert outcome.status is Status.STALE
    assert not world.serving()


def test_ctrl_c_ends_an_evaluation_without_a_verdict():
    new = trained(remote(), mark())
    world = World(stopping=lambda world: world.provider.count("ask") > 0).having(new)
    planned = change(
        "support",
        Action.PROMOTE,
        Evaluate(remote(), gate(examples=20_000)),
        Promote(remote()),
        versions=[new],
    )
    report = world.apply(planned)
    assert report.exit_code == 130
    assert world.provider.objects[remote()].mark.verdict is None
    assert world.provider.count("ask") < 20_000


def test_a_ledger_that_fails_ends_an_evaluation_and_nobody_interrupted_it():
    new, other = trained(remote(), mark()), trained(remote("other"), mark("other"))
    world = World().having(new, other)
    world.ledger.fault("settle", LocalError("the disk is full"))
    judged = change(
        "support",
        Action.PROMOTE,
        Evaluate(remote(), gate(examples=20_000)),
        Promote(remote()),
        versions=[new],
    )
    promoted = change("other", Action.PROMOTE, Promote(remote("other")), versions=[other])
    report = world.apply(judged, promoted)
    outcome = report.outcomes[0]
    assert outcome.status is Status.FAILED
    assert outcome.message == "not finished: the disk is full"
    assert report.exit_code == 8


def test_a_gate_of_a_serving_version_leaves_it_serving_when_it_fails():
    serving = trained(remote(), mark(serving=True))
    world = World().having(serving)
    world.provider.wrong = {remote(): {"q0", "q1"}}
    planned = change("support", Action.UPDATE, Evaluate(remote(), gate()), versions=[serving])
    report = world.apply(planned)
    assert report.exit_code == 6
    assert world.serving() == [remote()]


@pytest.mark.parametrize("fault", [None, LOST])
def test_a_training_that_this_run_began_is_paid_for_once(fault):
    world = World()
    world.provider.fault("start", fault)
    cost = Cost(Range(1, 2, 3))
    world.apply(replace(create(), cost=cost))
    assert [each for each in world.ledger.entries if each[0] == "cost"] == [
        ("cost", remote(), cost)
    ]


def test_a_training_that_was_found_is_not_paid_for_again():
    planned = replace(create(), cost=Cost(Range(1, 2, 3)))
    start = next(step for step in planned.steps if isinstance(step, Start))
    world = World().having(
        trained(remote(), start.mark, hyperparameters=start.hyperparameters, display_name="support")
    )
    (outcome,) = world.apply(planned).outcomes
    assert outcome.status is Status.DONE
    assert not [each for each in world.ledger.entries if each[0] == "cost"]
