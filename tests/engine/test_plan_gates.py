"""Gates: evaluated after training, before anything is promoted or deleted, once for each."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.plan import Delete, Patch, Rewrite, Watch
from tuneform.domain.spec import Fields

from .builders import (
    Case,
    change_of,
    evaluation,
    gate_spec,
    mark_of,
    plan,
    promote,
    spec,
    start,
    verdict,
    version,
    wanted,
)

GATED = spec(gate="held-out", keep=0)
OTHER_GATE = spec(gate="other", keep=0)
OLD = version(spec(data="before"), day=0)
TRAINED = version(GATED, words="")
PASSED = version(GATED, words=verdict(GATED))
FAILED = version(GATED, words=verdict(GATED, passed=False))
SERVING = version(GATED, words=f"serving {verdict(GATED)}")
COMPARING = spec(gate=gate_spec("held-out", regression=0.02), keep=0)

CASES = [
    Case(
        "a new version is evaluated after its training and before it is promoted",
        (GATED,),
        (),
        "create",
        "new",
        (
            start(GATED),
            Watch(TRAINED.remote),
            evaluation(GATED),
            promote(TRAINED.remote),
        ),
    ),
    Case(
        "a replacement is evaluated before the old version goes",
        (GATED,),
        (OLD,),
        "replace",
        "dataset-changed",
        (
            start(GATED),
            Watch(TRAINED.remote),
            evaluation(GATED),
            promote(TRAINED.remote, OLD),
            Delete(OLD.remote),
        ),
    ),
    Case(
        "one in training is evaluated when it is trained",
        (GATED,),
        (version(GATED, words="", state=LiveState.TRAINING),),
        "wait",
        "in-training",
        (Watch(TRAINED.remote), evaluation(GATED), promote(TRAINED.remote)),
    ),
    Case(
        "a trained version without a verdict is evaluated, and not trained again",
        (GATED,),
        (OLD, TRAINED),
        "promote",
        "not-evaluated",
        (evaluation(GATED), promote(TRAINED.remote, OLD), Delete(OLD.remote)),
    ),
    Case(
        "a verdict that stands is not asked for again",
        (GATED,),
        (OLD, PASSED),
        "promote",
        "not-serving",
        (promote(PASSED.remote, OLD), Delete(OLD.remote)),
    ),
    Case(
        "a version that failed is held, and what served serves on",
        (GATED,),
        (OLD, FAILED),
        "hold",
        "gate-failed",
    ),
    Case(
        "a changed gate is another chance, without training",
        (OTHER_GATE,),
        (OLD, FAILED),
        "promote",
        "not-evaluated",
        (evaluation(OTHER_GATE), promote(FAILED.remote, OLD), Delete(OLD.remote)),
    ),
    Case(
        "a gate that changes on a serving version is an update",
        (OTHER_GATE,),
        (SERVING,),
        "update",
        "gate-changed",
        (evaluation(OTHER_GATE),),
    ),
    Case(
        "a serving version that failed the changed gate serves on, and is held",
        (GATED,),
        (version(GATED, words=f"serving {verdict(GATED, passed=False)}"),),
        "hold",
        "gate-failed",
    ),
    Case("a serving version that passed is kept", (GATED,), (SERVING,), "keep", "up-to-date"),
    Case(
        "without a gate an old verdict counts for nothing: to be promoted",
        (spec(keep=0),),
        (OLD, FAILED),
        "promote",
        "not-serving",
        (promote(FAILED.remote, OLD), Delete(OLD.remote)),
    ),
    Case(
        "without a gate an old verdict counts for nothing: to serve on",
        (spec(),),
        (version(spec(), words=f"serving {verdict(GATED, passed=False)}"),),
        "keep",
        "up-to-date",
    ),
    Case(
        "a regression is measured against the serving version",
        (COMPARING,),
        (OLD, version(COMPARING, words="")),
        "promote",
        "not-evaluated",
        (evaluation(COMPARING, against=OLD), promote(TRAINED.remote, OLD), Delete(OLD.remote)),
    ),
    Case(
        "a serving version is not compared with itself",
        (COMPARING,),
        (SERVING,),
        "update",
        "gate-changed",
        (evaluation(COMPARING),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gates(case):
    case.check()


def test_an_edit_comes_before_the_evaluation_as_it_changes_answers():
    cooler = spec(gate="held-out", fields=Fields(temperature=0.2))
    change = change_of(plan(cooler, live=[TRAINED]), "support")
    assert [step.do for step in change.steps] == ["patch", "evaluate", "promote"]
    assert isinstance(change.steps[0], Patch)


def test_what_is_superseded_goes_only_after_the_changed_gate_is_passed():
    retired = replace(OLD, mark=mark_of(OLD).retired())
    change = change_of(plan(OTHER_GATE, live=[retired, SERVING]), "support")
    assert [step.do for step in change.steps] == ["evaluate", "delete"]


def test_the_hold_says_what_serves_on_and_what_to_do():
    change = change_of(plan(GATED, live=[OLD, FAILED]), "support")
    assert FAILED.remote in change.reason.message
    assert f"{OLD.remote} serves on" in change.reason.message
    assert "spec.revision: 2" in change.reason.message
    alone = change_of(plan(GATED, live=[FAILED]), "support")
    assert "Nothing serves" in alone.reason.message


def test_a_child_waits_for_a_parent_that_failed_its_gate():
    child = spec("child", tuned_from="support")
    changes = plan(GATED, child, live=[FAILED]).changes
    assert [each.reason.code for each in changes] == ["gate-failed", "parent-held"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (gate_spec("a"), gate_spec("a"), True),
        (gate_spec("a"), gate_spec("b"), False),
        (gate_spec("a"), gate_spec("a", regression=0.1), False),
    ],
)
def test_a_gate_is_known_by_what_it_asks(one, other, same):
    shorts = {wanted(spec(gate=each)).gate.short for each in (one, other)}
    assert (len(shorts) == 1) is same


def test_marks_of_others_are_settled_without_a_new_evaluation():
    late = version(spec(data="before"), words="serving", day=0)
    change = change_of(plan(spec(gate="held-out"), live=[late, SERVING]), "support")
    assert [type(step) for step in change.steps] == [Rewrite]
