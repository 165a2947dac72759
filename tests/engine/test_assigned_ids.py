"""Promises that hold where the provider assigns ids, and never forgets a training."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.live import Live, LiveSet, LiveState, RecordedSet
from tuneform.domain.plan import (
    Action,
    Cancel,
    Delete,
    Patch,
    Promote,
    ReasonCode,
    Release,
    Rewrite,
    Start,
    Watch,
)
from tuneform.domain.spec import Fields
from tuneform.engine.estate import sort_out
from tuneform.engine.plan import make_destroy_plan, make_plan
from tuneform.engine.rollback import make_rollback
from tuneform.engine.settled import settled_change
from tuneform.engine.situation import situation_of
from tuneform.engine.status import report_status
from tuneform.errors import Refused

from .builders import (
    ASSIGNING,
    NO_RECORDS,
    change_of,
    declare,
    mark_of,
    promote,
    spec,
    verdict,
    version,
)
from .simulator import perform_plan
from .test_laws import decisions, law, removed, touched
from .worlds import World, worlds

SERVICE = replace(ASSIGNING, stores_labels=True, edits_training=False)
WANT = spec()


def desired(*specs):
    return declare(*specs, capabilities=SERVICE)


def plan(*specs, live=(), recorded=NO_RECORDS, staging=False):
    return make_plan(desired(*specs), LiveSet(tuple(live)), recorded, staging=staging)


def destroy(*specs, live=()):
    return make_destroy_plan(desired(*specs), LiveSet(tuple(live)), NO_RECORDS)


def job(*specs, number=1, **odd):
    """What a training of the last manifest left behind, under an id of the service's."""
    live = version(*specs, remote=f"jobs/{number}", day=number, **odd)
    return replace(live, origin=live.mark, endpoint=f"endpoints/{number}")


def spent(*specs, number=1, **odd):
    return replace(job(*specs, number=number, **odd), state=LiveState.FAILED, spent=True)


@st.composite
def histories(draw) -> World:
    """A random world, as such a service would keep it: nothing that failed has a model."""
    world = draw(worlds())
    found = []
    for each in world.live:
        name = each.remote.replace("tunedModels/", "jobs/")
        source = each.source and each.source.replace("tunedModels/", "jobs/")
        is_spent = each.state is LiveState.FAILED and each.mark is not None
        live = replace(each, remote=name, source=source, spent=is_spent, origin=each.mark)
        if live.state is LiveState.ACTIVE and live.mark is not None and live.mark.cancelled:
            live = replace(live, mark=replace(live.mark, cancelled=False))
        if live.state is LiveState.ACTIVE:
            live = replace(live, deployed=draw(st.sampled_from([True, True, True, False])))
        found.append(live)
    return World(world.specs, tuple(found))


@law
@given(histories())
def test_what_was_spent_is_never_touched(world):
    tries = {each.remote for each in world.live if each.spent}
    assert not touched(plan(*world.specs, live=world.live)) & tries
    assert not touched(destroy(*world.specs, live=world.live)) & tries
    assert not removed(plan(*world.specs, live=world.live)) & tries


@law
@given(histories())
def test_what_is_in_training_is_not_edited_before_it_is_trained(world):
    going = {each.remote for each in world.live if each.state is LiveState.TRAINING}
    for decided in (plan(*world.specs, live=world.live), destroy(*world.specs, live=world.live)):
        for change in decided.changes:
            watched = set()
            for step in change.steps:
                if isinstance(step, Watch):
                    watched.add(step.remote)
                if isinstance(step, Rewrite | Patch | Release | Promote):
                    assert step.remote not in going - watched


@law
@given(histories())
def test_inputs_that_were_tried_are_not_tried_again(world):
    bears = {
        (each.mark.model, each.mark.fingerprint)
        for each in world.live
        if each.mark and each.mark.owner == "demo/prod" and each.mark.adopted is None
    }
    for change in plan(*world.specs, live=world.live).changes:
        started = [step for step in change.steps if isinstance(step, Start)]
        assert len(started) <= 1
        assert not {(each.mark.model, each.mark.fingerprint) for each in started} & bears


@law
@given(histories())
def test_apply_then_plan_leaves_nothing_but_holds(world):
    live = world.live
    for _ in range(2):
        live = perform_plan(plan(*world.specs, live=live), live)
    after = plan(*world.specs, live=live)
    assert not after.has_steps
    assert {each.action for each in after.changes} <= {Action.KEEP, Action.HOLD}


@law
@given(histories())
def test_a_ledger_changes_no_action_reason_or_step(world):
    notes = tuple((each.remote, "Seen before.") for each in world.live)
    told = plan(*world.specs, live=world.live, recorded=RecordedSet(notes))
    assert decisions(told) == decisions(plan(*world.specs, live=world.live))


@law
@given(histories())
def test_what_is_settled_would_be_kept_anyway(world):
    declared = desired(*world.specs)
    estate = sort_out(declared, LiveSet(world.live))
    for model in declared.models:
        short = settled_change(situation_of(model, estate))
        if short:
            assert short.action is Action.KEEP
            assert short.versions[0].serves


def held(*live: Live, specs=(WANT,)):
    change = change_of(plan(*specs, live=live), "support")
    assert change.action is Action.HOLD, change
    return change


def test_the_usual_case_takes_the_short_road():
    declared = desired(WANT)
    estate = sort_out(declared, LiveSet((job(WANT),)))
    assert settled_change(situation_of(declared.models[0], estate))


def test_the_newest_try_that_came_to_nothing_holds_the_model():
    change = held(spent(WANT, number=1), spent(WANT, number=2))
    assert (change.reason.code, change.remote) == (ReasonCode.TRAINING_FAILED, "jobs/2")
    assert [each.remote for each in change.versions] == ["jobs/2"]


def test_a_cancelled_try_holds_the_model_as_cancelled():
    assert held(spent(WANT, words="cancelled")).reason.code is ReasonCode.TRAINING_CANCELLED


def test_a_version_counts_before_a_try_that_came_to_nothing():
    change = change_of(plan(WANT, live=[job(WANT, number=1), spent(WANT, number=2)]), "support")
    assert (change.action, change.remote) == (Action.KEEP, "jobs/1")


def test_a_failed_try_of_other_inputs_is_no_version_to_compare_with():
    change = change_of(plan(WANT, live=[spent(spec(data="old"))]), "support")
    assert (change.action, change.reason.code) == (Action.CREATE, ReasonCode.NEW)


def test_models_that_have_only_tries_do_not_count_for_the_guard():
    decided = plan(WANT, live=[spent(spec("gone"))])
    assert decided.live_models == 0
    assert [each.model for each in decided.changes] == ["support"]


def test_a_training_that_is_being_stopped_beside_its_twin_is_no_copy():
    twins = [job(WANT, number=1), job(WANT, number=2, state=LiveState.TRAINING, words="cancelled")]
    assert change_of(plan(WANT, live=twins), "support").action is Action.KEEP


def test_a_lone_training_that_is_being_stopped_is_held():
    change = held(job(WANT, state=LiveState.TRAINING, words="cancelled"))
    assert change.reason.code is ReasonCode.TRAINING_CANCELLED


def test_the_copy_that_nobody_calls_is_the_one_to_let_go():
    change = held(job(WANT, number=1, words=""), job(WANT, number=2))
    assert "`tuneform forget support --version 1`" in change.reason.message
    assert "jobs/1 is the oldest" in change.reason.message


def unexplained(*live):
    found = LiveSet(live)
    return report_status(desired(WANT), found, plan(WANT, live=live), {}).unexplained


def test_a_twin_that_was_let_go_needs_no_explanation():
    """Where it is the only one, it holds the model: then somebody has to decide."""
    let_go = replace(job(WANT, number=1), mark=None)
    assert unexplained(let_go, job(WANT, number=2)) == ()
    assert unexplained(let_go) == ("jobs/1",)


def test_an_object_that_lost_its_mark_is_told_by_what_it_was_created_as():
    change = held(replace(job(WANT), mark=None))
    assert change.reason.code is ReasonCode.MARK_MISSING
    assert change.reason.message.startswith(
        "jobs/1 was created as the desired version, but no mark"
    )


@pytest.mark.parametrize(
    "edited",
    [
        {"owner": "rival"},
        {"fingerprint": "zzzzzzzzzz"},
        {"model": "twin"},
        {"adopted": "elsewhere"},
        {"owner": "rival", "adopted": "elsewhere"},
    ],
)
def test_an_edited_mark_is_told_by_what_the_object_was_created_as(edited):
    live = job(WANT)
    odd = replace(live, mark=replace(mark_of(live), **edited))
    change = change_of(plan(WANT, spec("twin", data="other"), live=[odd]), "support")
    assert (change.action, change.reason.code) == (Action.HOLD, ReasonCode.ID_TAKEN)
    assert f"it was created with {live.origin}" in change.reason.message
    for name, value in edited.items():
        assert f"{name}={value}" in change.reason.message


def test_an_adoption_says_why_an_object_is_another_version_than_it_was_created_as():
    live = job(spec(data="old"))
    mark = replace(mark_of(job(WANT)), adopted=live.id)
    assert change_of(plan(WANT, live=[replace(live, mark=mark)]), "support").action is Action.KEEP
    assert not replace(live, mark=mark).is_estranged


@pytest.mark.parametrize(
    "live",
    [
        replace(job(spec(data="old")), mark=None),
        replace(job(WANT), mark=None, origin=None),
        replace(job(WANT), mark=None, origin=replace(mark_of(job(WANT)), owner="rival")),
    ],
)
def test_what_was_created_as_something_else_is_nothing_to_us(live):
    assert change_of(plan(WANT, live=[live]), "support").action is Action.CREATE


def test_an_import_is_ours_by_its_own_id():
    live = job(WANT, words="serving adopted=1")
    assert change_of(plan(WANT, live=[live]), "support").action is Action.KEEP
    copy = replace(live, remote="models/9", origin=None)
    assert sort_out(desired(WANT), LiveSet((copy,))).unexplained == (copy,)


def test_a_pin_holds_although_the_version_is_not_deployed():
    pinned = verdict_of(WANT)
    live = [
        replace(job(spec(data="old"), number=1, words=f"serving pinned={pinned}"), deployed=False),
        job(WANT, number=2, words=""),
    ]
    change = held(*live)
    assert change.reason.code is ReasonCode.PINNED
    assert "`tuneform rollback support`" in change.reason.message
    again = make_rollback(desired(WANT), LiveSet(tuple(live)), "support", None)
    assert again.changes[0].steps[0].remote == "jobs/1"


def test_a_rollback_that_broke_off_after_the_desired_version_was_undeployed():
    """It is carried out as far as applications are concerned; the same again ends it."""
    pinned = f"serving pinned={verdict_of(WANT)}"
    live = [
        job(spec(data="old"), number=1, words=pinned),
        replace(job(WANT, number=2), deployed=False),
    ]
    assert held(*live).reason.code is ReasonCode.PINNED
    (change,) = make_rollback(desired(WANT), LiveSet(tuple(live)), "support", None).changes
    assert change.steps == (Promote("jobs/1", ("jobs/2",), pinned=verdict_of(WANT)),)
    live[1] = job(WANT, number=2, words="")
    (change,) = make_rollback(desired(WANT), LiveSet(tuple(live)), "support", None).changes
    assert change.steps == ()


def verdict_of(want):
    return desired(want).models[0].fingerprint_short


def test_a_version_that_is_not_deployed_is_promoted_before_its_gate_asks():
    want = spec(gate="held-out")
    live = replace(job(want), deployed=False)
    change = change_of(plan(want, live=[live]), "support")
    assert [step.do for step in change.steps] == ["promote", "evaluate"]


def test_what_was_promoted_before_is_compared_with_nothing():
    """Its predecessor may be undeployed by the promotion."""
    want = spec(gate="held-out")
    live = [
        job(spec(data="old"), number=1),
        replace(job(want, number=2), deployed=False),
    ]
    change = change_of(plan(want, live=live), "support")
    assert [step.do for step in change.steps] == ["promote", "evaluate"]
    assert change.steps[0].clears == ("jobs/1",)
    assert change.steps[1].against is None


def test_a_gate_does_not_compare_with_what_does_not_answer():
    want = spec(gate="held-out")
    old = replace(job(spec(data="old"), number=1), deployed=False)
    change = change_of(plan(want, live=[old, job(want, number=2, words="")]), "support")
    assert [step.against for step in change.steps if step.do == "evaluate"] == [None]


def test_what_was_retired_and_judged_can_serve_again_although_not_deployed():
    want = spec(gate="held-out")
    live = replace(job(want, words=verdict(want)), deployed=False)
    change = change_of(plan(want, live=[live]), "support")
    assert change.steps == (promote(live),)


def test_labels_are_a_field_of_what_is_live():
    want = spec(labels={"team": "growth", "tier": "1"})
    live = replace(job(want), labels=(("team", "growth"), ("theirs", "x")))
    change = change_of(plan(want, live=[live]), "support")
    (step,) = change.steps
    assert step == Patch("jobs/1", Fields(labels=(("tier", "1"),)), mark_of(live))
    assert [each.field for each in change.deltas] == ["metadata.labels.tier"]


def test_a_staged_training_is_cancelled_and_no_mark_is_written():
    live = job(spec(data="old"), state=LiveState.TRAINING, words="")
    change = change_of(plan(WANT, live=[live]), "support")
    assert change.steps[0] == Cancel("jobs/1")
    assert change.steps[-1] == Delete("jobs/1")


def test_a_rollback_has_nothing_to_go_back_to_among_tries():
    live = LiveSet((job(WANT, number=2), spent(spec(data="old"), number=1)))
    with pytest.raises(Refused):
        make_rollback(desired(WANT), live, "support", None)


def test_a_superseded_training_that_is_being_stopped_needs_nothing_more():
    old = job(spec(data="old"), state=LiveState.TRAINING, words="cancelled")
    assert change_of(plan(WANT, live=[old, job(WANT, number=2)]), "support").action is Action.KEEP
    assert plan(live=[old]).changes == ()
