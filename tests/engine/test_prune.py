"""Pruning: only staged versions go, only old ones, and only those that nobody wants."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from tuneform.domain.live import LiveSet, LiveState
from tuneform.domain.plan import Cancel, Delete
from tuneform.engine.prune import make_prune_plan

from .builders import DAWN, declare, mark_of, spec, version
from .worlds import worlds

NOW = DAWN + timedelta(days=30)
WEEK = timedelta(days=7)
MAIN = (spec(),)
BRANCH = version(spec(data="branch"), words="staged", day=2)
OTHER = version(spec(data="other"), words="staged", day=29)


def prune(*live, specs=MAIN, wanted=(), older_than=WEEK):
    return make_prune_plan(declare(*specs), LiveSet(live), wanted, NOW, older_than)


def steps(decided):
    return [step for change in decided.changes for step in change.steps]


def test_an_old_staged_version_that_nobody_wants_goes():
    decided = prune(version(spec()), BRANCH, OTHER)
    assert steps(decided) == [Delete(BRANCH.remote)]
    assert "28 days old" in decided.changes[0].reason.message


def test_a_training_is_cancelled_first():
    running = version(spec(data="branch"), words="staged", day=2, state=LiveState.TRAINING)
    assert steps(prune(running)) == [Cancel(running.remote), Delete(running.remote)]


def test_what_a_ref_or_the_work_tree_wants_stays():
    pair = ("support", mark_of(BRANCH).fingerprint)
    assert not prune(BRANCH, wanted=[pair]).changes
    assert not prune(BRANCH, specs=(spec(data="branch"),)).changes
    assert steps(prune(BRANCH, wanted=[("another", pair[1])]))


def test_one_without_a_date_stays():
    assert not prune(version(spec(data="branch"), words="staged", created=None)).changes


def test_a_staged_chain_goes_together_and_a_parent_in_use_is_held():
    parent, child = spec("alfa"), spec("bravo", tuned_from="alfa")
    lives = [version(parent, words="staged"), version(parent, child, words="staged")]
    assert {step.remote for step in steps(prune(*lives, specs=()))} == {
        each.remote for each in lives
    }
    merged = version(parent, child)
    (change,) = prune(lives[0], merged, specs=()).changes
    assert (change.action, change.reason.code) == ("hold", "in-use")


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_nothing_merged_and_nothing_foreign_goes(world):
    decided = make_prune_plan(
        declare(*world.specs), LiveSet(world.live), (), NOW + WEEK * 99, timedelta(0)
    )
    staged = {each.remote for each in world.live if each.mark and each.mark.staged}
    assert {step.remote for step in steps(decided)} <= staged
