"""A saved plan, held against what is live after a part of it was done, or others were there."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuneform.domain.live import LiveSet, LiveState
from tuneform.domain.mark import Verdict
from tuneform.domain.plan import Action, Cancel, Delete, Plan, Promote, ReasonCode, Release, Watch
from tuneform.domain.spec import Fields
from tuneform.engine.estate import sort_out
from tuneform.engine.replay import Drift, Rebased, rebase, replay
from tuneform.engine.rollback import make_rollback

from .builders import (
    ASSIGNING,
    DAWN,
    change_of,
    declare,
    destroy,
    mark_of,
    name_of,
    plan,
    spec,
    verdict,
    version,
    wanted,
)
from .simulator import _children_first, perform, perform_plan
from .test_laws import law
from .worlds import worlds


def texts_of(decided: Plan) -> dict[str, tuple[str, str, dict[str, str]]]:
    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return {
        live.remote: (
            digest(live.display_name),
            digest(live.description),
            {key: digest(value) for key, value in live.labels},
        )
        for change in decided.changes
        for live in change.versions
    }


def replayed(decided, specs, live):
    return replay(decided, texts_of(decided), declare(*specs), LiveSet(tuple(live)))


@st.composite
def plans(draw, *, hostile=True):
    """A world, and one of the plans that may be saved for it."""
    world = draw(worlds(hostile=hostile))
    kind = draw(st.sampled_from(["apply", "apply", "stage", "destroy"]))
    if kind == "destroy":
        return world, destroy(*world.specs, live=world.live)
    return world, plan(*world.specs, live=world.live, staging=kind == "stage")


def in_order(decided, live):
    """Model and step as an apply does them: deletes last, children first."""
    pairs = [
        (each.model, step)
        for each in decided.changes
        for step in each.steps
        if not isinstance(step, Delete)
    ]
    model = {
        step.remote: each.model
        for each in decided.changes
        for step in each.steps
        if isinstance(step, Delete)
    }
    deletes = _children_first(decided.changes, {each.remote: each for each in live})
    return pairs + [(model[step.remote], step) for step in deletes]


@st.composite
def cut_short(draw, *, hostile=True):
    """A plan, what is live after some of its steps, and the steps that were done."""
    world, decided = draw(plans(hostile=hostile))
    order = in_order(decided, world.live)
    done = order[: draw(st.integers(0, len(order)))]
    objects = {each.remote: each for each in world.live}
    for _, step in done:
        perform(step, objects)
    return world, decided, objects, done


def does_nothing(step, objects):
    after = dict(objects)
    perform(step, after)
    return after == objects


@law
@given(cut_short())
def test_what_was_done_is_not_done_again_and_the_rest_is(case):
    world, decided, objects, done = case
    found = replayed(decided, world.specs, objects.values())
    assert found.drifts == ()
    for before, after in zip(decided.changes, found.plan.changes, strict=True):
        left = [step for step in before.steps if (before.model, step) not in done]
        unseen = len(left) - len(after.steps)
        assert after.steps == tuple(left[unseen:])
        assert all(does_nothing(step, objects) for step in left[:unseen])
        assert {each.remote: each for each in after.versions}.items() <= objects.items()
        assert replace(after, steps=before.steps, versions=before.versions) == before
    steps = sum(len(each.steps) for each in decided.changes)
    assert found.done == steps - sum(len(each.steps) for each in found.plan.changes)


@law
@given(cut_short())
def test_going_on_ends_where_the_plan_would_have_ended(case):
    world, decided, objects, _ = case
    rest = replayed(decided, world.specs, objects.values()).plan
    ended = {each.remote: each for each in perform_plan(rest, objects.values())}
    assert ended == {each.remote: each for each in perform_plan(decided, world.live)}


@law
@given(plans())
def test_a_second_apply_does_nothing(case):
    world, decided = case
    after = perform_plan(decided, world.live)
    found = replayed(decided, world.specs, after)
    assert not found.drifts
    assert not found.plan.has_steps


@law
@given(cut_short(), st.data())
def test_a_training_that_ends_is_no_drift(case, data):
    world, decided, objects, _ = case
    for remote, live in objects.items():
        if live.state is LiveState.TRAINING:
            ends = data.draw(st.sampled_from([LiveState.ACTIVE, LiveState.FAILED]))
            filled = {"top_p": live.top_p or 0.95, "top_k": live.top_k or 64}
            objects[remote] = replace(live, state=ends, **filled)
    assert replayed(decided, world.specs, objects.values()).drifts == ()


def _marked(live, **words):
    assume(live.mark)
    return replace(live, mark=replace(live.mark, **words))


EDITS = {
    "displayName": lambda live: replace(live, display_name="Edited from outside"),
    "description": lambda live: replace(live, description="Edited from outside"),
    "temperature": lambda live: replace(live, temperature=0.123),
    "topP": lambda live: replace(live, top_p=0.123),
    "topK": lambda live: replace(live, top_k=3),
    "baseModel": lambda live: replace(live, base="models/outside"),
    "createTime": lambda live: replace(live, created=DAWN + timedelta(days=400)),
    "state": lambda live: replace(live, state=LiveState.UNKNOWN),
    "mark": lambda live: _marked(live, unknown=("outside",)),
}


@law
@given(cut_short(), st.sampled_from(list(EDITS)), st.data())
def test_an_edit_from_outside_is_drift(case, field, data):
    world, decided, objects, _ = case
    seen = [
        (each.model, live.remote)
        for each in decided.changes
        for live in each.versions
        if live.remote in objects
    ]
    assume(seen)
    model, remote = data.draw(st.sampled_from(seen))
    edited = EDITS[field](objects[remote])
    assume(edited != objects[remote])
    found = replayed(decided, world.specs, {**objects, remote: edited}.values())
    assert Drift(model, remote, f"its {field} was changed") in found.drifts


@law
@given(cut_short(), st.data())
def test_what_vanishes_without_being_deleted_is_drift(case, data):
    world, decided, objects, _ = case
    kept = [
        (each.model, live.remote)
        for each in decided.changes
        for live in each.versions
        if live.remote in objects and Delete(live.remote) not in each.steps
    ]
    assume(kept)
    model, remote = data.draw(st.sampled_from(kept))
    del objects[remote]
    assert (
        Drift(model, remote, "it is gone")
        in replayed(decided, world.specs, objects.values()).drifts
    )


OLD, NEW = spec(data="old"), spec(gate="hard")


def rebased(decided, specs, live, model="support"):
    estate = sort_out(declare(*specs), LiveSet(tuple(live)))
    return rebase(change_of(decided, model), texts_of(decided), estate)


def left(decided, specs, live):
    found = rebased(decided, specs, live)
    assert isinstance(found, Rebased), found
    return [step.do for step in found.change.steps]


def test_a_replacement_goes_on_from_wherever_it_was_cut():
    old = version(OLD)
    older = version(spec(data="older"), words="", day=0)
    want = replace(NEW, keep_versions=0)
    decided = plan(want, live=[old, older])
    training = version(want, words="", state=LiveState.TRAINING, day=9)
    trained = replace(training, state=LiveState.ACTIVE)
    failed = replace(training, state=LiveState.FAILED)
    passed = version(want, words=verdict(want), day=9)
    serving = replace(passed, mark=passed.mark.promoted())
    retired = replace(old, mark=mark_of(old).retired())
    all_steps = ["start", "watch", "evaluate", "promote", "delete", "delete"]
    assert left(decided, [want], [old, older]) == all_steps
    assert left(decided, [want], [old, older, training]) == all_steps[1:]
    assert left(decided, [want], [old, older, failed]) == all_steps[1:]
    assert left(decided, [want], [old, older, trained]) == all_steps[2:]
    assert left(decided, [want], [old, older, passed]) == all_steps[3:]
    assert left(decided, [want], [old, older, serving]) == all_steps[3:]
    assert left(decided, [want], [retired, older, serving]) == all_steps[4:]
    assert left(decided, [want], [retired, serving]) == ["delete"]
    assert left(decided, [want], [older, serving]) == ["delete"]
    assert left(decided, [want], [serving]) == []


def test_a_gate_that_failed_meanwhile_holds_the_change():
    old, want = version(OLD), NEW
    decided = plan(want, live=[old])
    found = rebased(decided, [want], [old, version(want, words=verdict(want, passed=False))])
    assert isinstance(found, Rebased)
    assert (found.change.action, found.change.steps) == (Action.HOLD, ())
    assert found.change.reason.code is ReasonCode.GATE_FAILED
    assert found.done == 2


def test_a_verdict_of_another_gate_is_drift():
    old, want = version(OLD), NEW
    odd = version(want, words="", verdict=Verdict(True, "aaaaaaaaaa"))
    assert rebased(plan(want, live=[old]), [want], [old, odd]) == Drift(
        "support", odd.remote, "its mark was changed"
    )


def test_versions_are_as_they_are_now_the_begun_one_first():
    old, want = version(OLD), spec()
    begun = version(want, words="", state=LiveState.TRAINING, day=5)
    found = rebased(plan(want, live=[old]), [want], [old, begun])
    assert isinstance(found, Rebased)
    assert found.change.versions == (begun, old)


def test_a_cancel_that_may_not_have_arrived_is_sent_again():
    serving = version(OLD)
    running = version(spec(data="odd"), words="", state=LiveState.TRAINING, day=2)
    want = spec()
    decided = plan(want, live=[serving, running])
    assert isinstance(change_of(decided, "support").steps[0], Cancel)
    marked = replace(running, mark=replace(mark_of(running), cancelled=True))
    stopped = replace(marked, state=LiveState.FAILED)
    ended = replace(running, state=LiveState.ACTIVE)
    rest = ["start", "watch", "promote", "delete"]
    assert left(decided, [want], [serving, marked]) == ["cancel", *rest]
    assert left(decided, [want], [serving, stopped]) == rest
    assert left(decided, [want], [serving, ended]) == rest


def test_releases_are_done_in_any_order():
    one = version(spec(deletion="retain"))
    two = version(spec(data="other", deletion="retain"), words="deletion=retain", day=2)
    decided = plan(live=[one, two])
    assert {type(step) for step in change_of(decided, "support").steps} == {Release}
    for first, second in ((one, two), (two, one)):
        found = rebased(decided, [], [replace(first, mark=None), second])
        assert isinstance(found, Rebased)
        assert found.change.steps == (Release(second.remote),)


def test_an_edit_whose_other_fields_were_edited_too_is_drift():
    live = version(spec())
    want = spec(fields=Fields(display_name="Help", temperature=0.2))
    decided = plan(want, live=[live])
    edited = replace(live, display_name="Help", temperature=0.20000000298023224)
    assert left(decided, [want], [live]) == ["patch"]
    assert left(decided, [want], [edited]) == []
    assert rebased(decided, [want], [replace(edited, description="Odd")]) == Drift(
        "support", live.remote, "its description was changed"
    )
    assert isinstance(rebased(decided, [want], [replace(live, display_name="Help")]), Drift)


def test_a_value_that_a_trained_version_gets_is_drift():
    silent = replace(version(spec()), top_p=None)
    for state, drifts in ((LiveState.ACTIVE, True), (LiveState.TRAINING, False)):
        seen = replace(silent, state=state)
        found = rebased(plan(spec(), live=[seen]), [spec()], [replace(seen, top_p=0.95)])
        assert isinstance(found, Drift) == drifts


def test_a_newcomer_is_drift_unless_it_is_staged_for_a_branch():
    live = version(spec())
    decided = plan(spec(), live=[live])
    other = version(spec(data="another"), words="", day=7)
    staged = version(spec(data="another"), words="staged", day=7)
    foreign = version(spec(data="another"), day=7, remote="tunedModels/copy")
    assert rebased(decided, [spec()], [live, other]) == Drift(
        "support", other.remote, "it appeared"
    )
    for harmless in (staged, foreign):
        assert left(decided, [spec()], [live, harmless]) == []


def test_the_planned_version_under_another_mark_is_drift():
    want = spec()
    staged = version(want, words="staged", state=LiveState.TRAINING)
    found = rebased(plan(want), [want], [staged])
    assert found == Drift("support", staged.remote, "its mark was changed")


def test_a_parent_that_has_got_a_child_is_not_deleted():
    parent, child = spec("parent"), spec("child", tuned_from="parent")
    old = version(replace(parent, revision=2))
    live = [version(parent, day=3), replace(old, mark=replace(mark_of(old), serving=False))]
    want = replace(parent, keep_versions=0)
    decided = plan(want, live=live)
    assert Delete(old.remote) in change_of(decided, "parent").steps
    late = replace(version(parent, child, words="staged"), source=old.remote)
    assert replayed(decided, [want], live).drifts == ()
    assert replayed(decided, [want], [*live, late]).drifts == (
        Drift("parent", old.remote, f"{late.remote} was tuned from it"),
    )


def test_a_name_that_the_provider_assigned_is_found_again():
    want = spec()
    decided = plan(want, capabilities=ASSIGNING)
    begun = version(want, words="", state=LiveState.TRAINING, remote="assigned/7")
    desired = declare(want, capabilities=ASSIGNING)
    change = change_of(decided, "support")
    assert change.remote is None
    found = rebase(change, {}, sort_out(desired, LiveSet((begun,))))
    assert isinstance(found, Rebased)
    assert found.change.steps == (Watch("assigned/7"), Promote("assigned/7"))
    assert found.change.remote == "assigned/7"
    unbegun = rebase(change, {}, sort_out(desired, LiveSet()))
    assert isinstance(unbegun, Rebased)
    assert unbegun.change == change


@pytest.mark.parametrize("half", [False, True])
def test_a_rollback_is_replayed_as_well(half):
    want = spec()
    serving, earlier = version(want, day=3), version(OLD, words="", day=1)
    desired = declare(want)
    decided = make_rollback(desired, LiveSet((serving, earlier)), "support", None)
    pinned = replace(earlier, mark=mark_of(earlier).promoted(pinned=wanted(want).fingerprint_short))
    retired = replace(serving, mark=mark_of(serving).retired())
    live = (serving if half else retired, pinned)
    assert left(decided, [want], live) == (["promote"] if half else [])


def test_drift_tells_its_object():
    assert str(Drift("support", name_of(spec()), "it is gone")) == (
        f"{name_of(spec())}: it is gone since the plan was made"
    )
