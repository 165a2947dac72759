"""Staging: the versions that a branch wants are trained and proven, and nothing else is touched."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from tuneform.domain.live import LiveState
from tuneform.domain.plan import Action, Evaluate, Start, Watch

from .builders import change_of, evaluation, plan, promote, spec, start, verdict, version
from .simulator import perform_plan
from .worlds import worlds

NEW = spec(gate="held-out")
MAIN = version(spec(data="before"), day=0)
STAGED = version(NEW, words="staged")
PROVEN = version(NEW, words=f"staged {verdict(NEW)}")


def steps(*specs, live=()):
    change = change_of(plan(*specs, live=live, staging=True), specs[-1].name)
    return change.action, change.reason.code, change.steps


def test_a_new_version_is_trained_as_staged_and_evaluated():
    begun = start(NEW)
    begun = replace(begun, mark=replace(begun.mark, staged=True))
    assert steps(NEW, live=[MAIN]) == (
        "create",
        "dataset-changed",
        (begun, Watch(STAGED.remote), evaluation(NEW)),
    )


def test_a_staged_training_is_watched_and_evaluated():
    running = replace(STAGED, state=LiveState.TRAINING)
    assert steps(NEW, live=[MAIN, running]) == (
        "wait",
        "in-training",
        (Watch(STAGED.remote), evaluation(NEW)),
    )


def test_a_staged_version_is_evaluated_once():
    assert steps(NEW, live=[MAIN, STAGED])[2] == (evaluation(NEW),)
    assert steps(NEW, live=[MAIN, PROVEN]) == ("keep", "staged", ())


def test_the_merge_only_swaps():
    change = change_of(plan(NEW, live=[MAIN, PROVEN]), "support")
    assert (change.action, change.steps) == ("promote", (promote(PROVEN, MAIN),))


def test_the_main_branch_trains_nothing_that_is_staged_already():
    running = replace(STAGED, state=LiveState.TRAINING)
    change = change_of(plan(NEW, live=[MAIN, running]), "support")
    assert (change.action, [each.do for each in change.steps]) == (
        "wait",
        ["watch", "evaluate", "promote"],
    )


def test_the_mark_of_a_merged_version_is_not_the_branchs_to_write():
    serving = version(spec(), words="serving")
    assert steps(spec(gate="held-out"), live=[serving]) == ("keep", "up-to-date", ())


def test_a_chain_is_staged_on_top_of_its_staged_parent():
    child = spec("child", tuned_from="support")
    change = change_of(plan(NEW, child, live=[PROVEN], staging=True), "child")
    assert change.steps[0].source == PROVEN.remote
    assert change.steps[0].mark.staged


def test_a_version_that_failed_its_gate_is_held_and_not_trained_again():
    failed = version(NEW, words=f"staged {verdict(NEW, passed=False)}")
    assert steps(NEW, live=[MAIN, failed]) == ("hold", "gate-failed", ())


def test_what_no_manifest_declares_is_left_alone():
    gone = version(spec("gone"), day=3)
    change = change_of(plan(NEW, live=[gone], staging=True), "gone")
    assert (change.action, change.reason.code, change.steps) == ("keep", "not-staged", ())


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_staging_touches_nothing_but_what_is_staged(world):
    decided = plan(*world.specs, live=world.live, staging=True)
    assert decided.staging
    staged = {each.remote for each in world.live if each.mark and each.mark.staged}
    for change in decided.changes:
        begun = {step.remote for step in change.steps if isinstance(step, Start)}
        for step in change.steps:
            assert isinstance(step, Start | Watch | Evaluate)
            if isinstance(step, Start):
                assert step.mark.staged
            if isinstance(step, Evaluate):
                running = {each.remote for each in world.live if each.state is LiveState.TRAINING}
                assert step.remote in begun | staged | running
        assert change.action is not Action.DELETE


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(hostile=False))
def test_after_staging_the_merge_trains_nothing(world):
    live = perform_plan(plan(*world.specs, live=world.live, staging=True), world.live)
    again = plan(*world.specs, live=live, staging=True)
    assert not again.has_steps
    merged = plan(*world.specs, live=live)
    held = {each.model for each in merged.changes if each.action is Action.HOLD}
    for change in merged.changes:
        if change.model not in held:
            assert not any(isinstance(step, Start) for step in change.steps)
