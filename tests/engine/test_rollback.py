"""Going back: which version serves again, and when the pin lapses."""

import pytest
from hypothesis import HealthCheck, given, settings

from tuneform.domain.live import LiveSet, LiveState
from tuneform.domain.plan import Promote
from tuneform.engine.estate import sort_out
from tuneform.engine.rollback import make_rollback
from tuneform.errors import Refused, UsageError

from .builders import (
    change_of,
    declare,
    mark_of,
    name_of,
    plan,
    spec,
    verdict,
    version,
    wanted,
)
from .simulator import perform_plan
from .worlds import worlds

NOW = spec(keep=3)
SERVING = version(NOW, day=5)
BEFORE = version(spec(data="before"), words="", day=3)
LONG_AGO = version(spec(data="long-ago"), words="", day=1)
SHORT = wanted(NOW).fingerprint_short


def rollback(*live, specs=(NOW,), name="support", to=None):
    return make_rollback(declare(*specs), LiveSet(live), name, to)


def test_the_newest_earlier_version_serves_again_against_the_desired_one():
    (change,) = rollback(LONG_AGO, SERVING, BEFORE).changes
    assert change.steps == (Promote(BEFORE.remote, (SERVING.remote,), pinned=SHORT),)
    assert change.reason.code == "rolled-back"


@pytest.mark.parametrize("to", [LONG_AGO.remote, LONG_AGO.id, mark_of(LONG_AGO).fingerprint])
def test_any_proven_version_can_be_named(to):
    (change,) = rollback(LONG_AGO, SERVING, BEFORE, to=to).changes
    assert change.remote == LONG_AGO.remote


def test_after_it_the_model_is_held_until_the_manifest_changes():
    live = perform_plan(rollback(SERVING, BEFORE), [SERVING, BEFORE])
    held = change_of(plan(NOW, live=live), "support")
    assert (held.action, held.reason.code) == ("hold", "pinned")
    forward = spec(data="after", keep=3)
    change = change_of(plan(forward, live=live), "support")
    assert change.action == "replace"
    after = perform_plan(plan(forward, live=live), live)
    assert [each.remote for each in after if each.serves] == [name_of(forward)]
    assert not any(mark_of(each).pinned for each in after)


def test_a_revert_of_the_manifest_only_takes_the_pin_off():
    live = perform_plan(rollback(SERVING, BEFORE), [SERVING, BEFORE])
    back = spec(data="before", keep=3)
    change = change_of(plan(back, live=live), "support")
    assert change.action == "update"
    after = perform_plan(plan(back, live=live), live)
    assert [each.remote for each in after if each.serves] == [BEFORE.remote]
    assert not any(mark_of(each).pinned for each in after)


def test_twice_in_a_row_changes_nothing_more():
    live = perform_plan(rollback(SERVING, BEFORE, LONG_AGO), [SERVING, BEFORE, LONG_AGO])
    (change,) = rollback(*live).changes
    assert (change.remote, change.steps) == (BEFORE.remote, ())


def test_from_one_pinned_version_to_another():
    live = perform_plan(rollback(SERVING, BEFORE, LONG_AGO), [SERVING, BEFORE, LONG_AGO])
    decided = rollback(*live, to=LONG_AGO.remote)
    after = perform_plan(decided, live)
    assert [each.remote for each in after if mark_of(each).serving] == [LONG_AGO.remote]
    assert [each.remote for each in after if mark_of(each).pinned] == [LONG_AGO.remote]


@pytest.mark.parametrize(
    "unfit",
    [
        version(spec(data="x"), words="staged"),
        version(spec(data="x"), words="cancelled"),
        version(spec(data="x"), words="gate=failed:aaaaaaaaaa"),
        version(spec(data="x"), words="", state=LiveState.FAILED),
        version(spec(data="x"), words="", state=LiveState.TRAINING),
    ],
    ids=["staged", "cancelled", "failed its gate", "failed", "training"],
)
def test_what_is_not_proven_never_serves_again(unfit):
    with pytest.raises(Refused, match="no earlier proven version"):
        rollback(SERVING, unfit)
    with pytest.raises(Refused, match="not proven"):
        rollback(SERVING, unfit, to=unfit.remote)


def test_names_that_lead_nowhere():
    with pytest.raises(UsageError, match="no manifest declares"):
        rollback(SERVING, name="suport")
    with pytest.raises(UsageError, match="has no version") as caught:
        rollback(SERVING, BEFORE, to="tunedModels/x")
    assert BEFORE.id in caught.value.hint
    with pytest.raises(Refused, match="is the desired version"):
        rollback(SERVING, BEFORE, to=SERVING.remote)


def test_a_version_that_failed_a_changed_gate_can_be_left():
    gated = spec(gate="held-out")
    serving = version(gated, words=f"serving {verdict(gated, passed=False)}")
    (change,) = rollback(serving, BEFORE, specs=(gated,)).changes
    assert change.remote == BEFORE.remote


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_rollback_never_leaves_a_model_without_service(world):
    desired = declare(*world.specs)
    mine = sort_out(desired, LiveSet(world.live)).versions
    for model in desired.models:
        try:
            decided = make_rollback(desired, LiveSet(world.live), model.name, None)
        except Refused:
            continue
        after = {each.remote: each for each in perform_plan(decided, world.live)}
        (change,) = decided.changes
        assert after[change.remote].serves
        assert change.remote in {each.remote for found in mine.values() for each in found}
