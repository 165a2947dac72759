"""Promises that hold in every world, whatever its past and whoever edited it."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform.domain.live import Live, LiveSet, RecordedSet
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Action, Cancel, Delete, Plan, Promote, Start
from tuneform.domain.selection import Selection
from tuneform.engine.estate import sort_out
from tuneform.engine.plan import make_destroy_plan

from .builders import NO_RECORDS, OWNER, declare, destroy, plan, spec, version
from .simulator import perform_plan
from .worlds import World, worlds

law = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def decisions(decided: Plan) -> list[object]:
    return [(each.model, each.action, each.reason, each.steps) for each in decided.changes]


def touched(decided: Plan) -> set[str]:
    """Remote names that exist and that a step acts on; promotions clear words as well."""
    names = set()
    for change in decided.changes:
        begun = {step.remote for step in change.steps if isinstance(step, Start)}
        for step in change.steps:
            names |= {step.remote} - begun
            if isinstance(step, Promote):
                names |= set(step.clears)
    return names


def removed(decided: Plan) -> set[str]:
    return {step.remote for each in decided.changes for step in each.steps if step.do == "delete"}


def ours(world: World) -> dict[str, Live]:
    estate = sort_out(declare(*world.specs), LiveSet(world.live))
    return {each.remote: each.live for found in estate.versions.values() for each in found}


@law
@given(worlds(), st.randoms())
def test_the_order_of_the_input_is_nothing(world, random):
    specs, live = list(world.specs), list(world.live)
    decided = plan(*specs, live=live)
    random.shuffle(specs)
    random.shuffle(live)
    assert plan(*specs, live=live) == decided
    assert destroy(*specs, live=live) == destroy(*world.specs, live=world.live)


@law
@given(worlds())
def test_a_ledger_changes_no_action_reason_or_step(world):
    notes = tuple((each.remote, "Seen before.") for each in world.live)
    told = plan(*world.specs, live=world.live, recorded=RecordedSet(notes))
    assert decisions(told) == decisions(plan(*world.specs, live=world.live))


@law
@given(worlds())
def test_apply_then_plan_leaves_nothing_but_holds(world):
    live = world.live
    for _ in range(2):
        live = perform_plan(plan(*world.specs, live=live), live)
    after = plan(*world.specs, live=live)
    assert {each.action for each in after.changes} <= {Action.KEEP, Action.HOLD}
    assert not after.has_steps


@law
@given(worlds(hostile=False))
def test_every_declared_model_serves_what_its_manifest_says_unless_it_is_held(world):
    live = perform_plan(plan(*world.specs, live=world.live), world.live)
    serving = {each.remote for each in live if each.serves}
    for change in plan(*world.specs, live=live).changes:
        if change.model in {each.name for each in world.specs} and change.action != "hold":
            assert change.remote in serving


@law
@given(worlds())
def test_only_our_own_objects_are_touched(world):
    mine = {
        each.remote for each in world.live if each.mark and each.mark.owner == str(OWNER)
    } & ours(world).keys()
    assert touched(plan(*world.specs, live=world.live)) <= mine
    assert touched(destroy(*world.specs, live=world.live)) <= mine


@law
@given(worlds())
def test_a_hold_or_keep_has_no_steps_and_all_else_has_some(world):
    for decided in (plan(*world.specs, live=world.live), destroy(*world.specs, live=world.live)):
        for change in decided.changes:
            assert bool(change.steps) == (change.action not in {Action.HOLD, Action.KEEP})


@law
@given(worlds())
def test_a_serving_version_is_only_deleted_after_another_was_promoted(world):
    names = {each.name for each in world.specs}
    serving = {remote for remote, each in ours(world).items() if each.serves}
    for change in plan(*world.specs, live=world.live).changes:
        promoted = change.remote in serving
        for step in change.steps:
            promoted = promoted or isinstance(step, Promote)
            if isinstance(step, Delete) and step.remote in serving and change.model in names:
                assert promoted
                assert step.remote != change.remote


@law
@given(worlds())
def test_what_is_staged_is_never_cancelled_or_deleted_by_a_plan(world):
    staged = {each.remote for each in world.live if each.mark and each.mark.staged}
    for change in plan(*world.specs, live=world.live).changes:
        ended = {step.remote for step in change.steps if isinstance(step, Delete | Cancel)}
        assert not ended & staged


@law
@given(worlds())
def test_no_surviving_child_loses_what_it_was_tuned_from(world):
    for decided in (plan(*world.specs, live=world.live), destroy(*world.specs, live=world.live)):
        gone = removed(decided)
        orphans = [
            remote
            for remote, each in ours(world).items()
            if remote not in gone and each.source in gone
        ]
        assert not orphans


@law
@given(worlds())
def test_a_child_is_held_with_its_parent(world):
    changes = {each.model: each for each in plan(*world.specs, live=world.live).changes}
    for change in changes.values():
        if change.parent and changes[change.parent].action == "hold":
            assert change.action == "hold"


@law
@given(worlds(hostile=False), st.data())
def test_a_protected_model_survives_the_loss_of_its_manifest(world, data):
    """Once applied, prevent holds, though the manifest and the ledger are gone."""
    if not world.specs:
        return
    lost = data.draw(st.sampled_from(world.specs))
    guarded = replace(lost, deletion_policy=DeletionPolicy.PREVENT)
    rest = [each for each in world.specs if each is not lost]
    live = perform_plan(plan(*rest, guarded, live=world.live), world.live)
    before = {each.remote for each in live if each.mark and each.mark.model == lost.name}
    if {each.model: each for each in plan(*rest, guarded, live=live).changes}[
        lost.name
    ].action == "hold":
        return
    left = [
        replace(each, tuned_from=None, base_model="models/x") if each.tuned_from else each
        for each in rest
    ]
    assert not before & removed(plan(*left, live=live))
    assert not before & removed(destroy(*left, live=live))


@law
@given(worlds(), st.sampled_from(["alfa", "b*", "*a", "echo"]), st.booleans())
def test_a_selection_is_a_part_of_the_whole(world, pattern, excluding):
    """Nothing outside is touched, and the guard counts the same models."""
    chosen = Selection(excludes=(pattern,)) if excluding else Selection(targets=(pattern,))
    whole = plan(*world.specs, live=world.live)
    part = plan(*world.specs, live=world.live, selection=chosen)
    assert part.live_models == whole.live_models
    actions = {each.model: each.action for each in whole.changes}
    assert {each.model for each in part.changes} <= actions.keys()
    assert removed(part) <= removed(whole)
    for change in part.changes:
        if change.action != "hold" and change.reason.code != "in-use":
            assert change.steps or change.action == "keep"


@law
@given(worlds())
def test_destroying_leaves_only_what_is_protected_or_in_conflict(world):
    desired = declare(*world.specs)
    live = world.live
    for _ in range(2):
        live = perform_plan(make_destroy_plan(desired, LiveSet(live), NO_RECORDS), live)
    left = make_destroy_plan(desired, LiveSet(live), NO_RECORDS)
    assert {each.action for each in left.changes} <= {Action.HOLD}


@law
@given(worlds())
def test_parents_come_before_children(world):
    for decided in (plan(*world.specs, live=world.live),):
        at = {each.model: place for place, each in enumerate(decided.changes)}
        for change in decided.changes:
            if change.parent:
                assert at[change.parent] < at[change.model]


def test_the_simulator_objects_to_a_plan_that_makes_no_sense():
    """The laws are only as good as it is."""
    decided = plan(spec())
    live = perform_plan(decided, ())
    assert [each.serves for each in live] == [True]
    with pytest.raises(AssertionError):
        perform_plan(decided, live)
    with pytest.raises(KeyError):
        perform_plan(plan(spec(data="new"), live=[version(spec())]), ())
