"""What becomes of whole plans, when all goes well and when one model does not."""

from dataclasses import replace

import pytest
from tests.execute.fake import LOST
from tests.execute.world import (
    EXAMPLES,
    World,
    change,
    create,
    in_training,
    mark,
    old,
    remote,
    replacement,
    start,
)

from tuneform.domain.live import LiveState
from tuneform.domain.plan import (
    Action,
    Cancel,
    Delete,
    Patch,
    Promote,
    ReasonCode,
    Release,
    Rewrite,
    Watch,
)
from tuneform.domain.report import ChangeEnded, Noticed, Progressed, Status, StepBegan, StepEnded
from tuneform.domain.spec import Fields
from tuneform.errors import (
    BadReply,
    Conflict,
    Exhausted,
    Forbidden,
    LocalError,
    NotFound,
    ServiceFailure,
    Stale,
    Unauthenticated,
    Unreachable,
)


def only(report):
    (outcome,) = report.outcomes
    return outcome


def test_a_new_model_is_trained_and_serves():
    world = World()
    planned = create()

    outcome = only(world.apply(planned))

    assert (outcome.status, outcome.message, outcome.code) == (Status.DONE, "", "")
    assert outcome.performed == planned.steps
    assert outcome.loss == pytest.approx(0.1)
    assert 60 <= outcome.seconds < 80
    assert world.serving() == [remote()]
    assert world.provider.objects[remote()].mark == mark(serving=True)


def test_the_old_version_goes_after_the_new_one_serves():
    world = World().having(old())
    planned = replacement()

    outcome = only(world.apply(planned))

    assert outcome.performed == planned.steps
    assert list(world.provider.objects) == [remote()]
    assert [call for call in world.provider.written if call[0] != "start"] == [
        ("patch", remote()),
        ("patch", old().remote),
        ("delete", old().remote),
    ]
    for _, _, objects in world.provider.history:
        assert any(live.serves for live in objects.values()), "something always serves"


def test_the_promoted_version_is_served_before_the_old_one_is_cleared():
    world = World().having(old())
    world.apply(replacement())
    served = [
        sorted(name for name, live in objects.items() if live.serves)
        for verb, _, objects in world.provider.history
        if verb == "patch"
    ]
    assert served == [sorted([remote(), old().remote]), [remote()]]


def test_nothing_to_do_touches_neither_ledger_nor_provider():
    world = World()
    report = world.apply(
        change("kept", Action.KEEP, code=ReasonCode.UP_TO_DATE),
        change("held", Action.HOLD, code=ReasonCode.PROTECTED),
    )
    kept, held = report.outcomes
    assert kept.status is Status.UNCHANGED
    assert (held.status, held.code, held.message) == (
        Status.HELD,
        ReasonCode.PROTECTED,
        "Because.",
    )
    assert world.provider.calls == []
    assert world.ledger.entries == []
    assert world.events == [ChangeEnded(kept), ChangeEnded(held)]


def test_events_tell_every_step_and_the_end_of_every_change():
    world = World()
    report = world.apply(create())
    steps = [event for event in world.events if isinstance(event, StepBegan | StepEnded)]
    assert [type(event) for event in steps] == [StepBegan, StepEnded] * 3
    assert [event.step.do for event in steps[::2]] == ["start", "watch", "promote"]
    progress = [event for event in world.events if isinstance(event, Progressed)]
    done = [event.steps_done for event in progress]
    assert done == sorted(set(done)), "only what moved on is told"
    assert {event.steps_total for event in progress} == {10}
    assert world.events[-1] == ChangeEnded(only(report))


def test_each_step_is_intended_before_and_settled_after():
    world = World().having(old())
    world.apply(replacement())
    kinds = [entry[0] for entry in world.ledger.entries]
    assert kinds == ["begin", *["intend", "settle"] * 4, "end"]
    assert {entry[2] for entry in world.ledger.entries if entry[0] == "settle"} == {"done"}
    assert world.ledger.entries[-1] == ("end", "ended")


def test_a_ledger_that_cannot_be_written_stops_the_run_before_anything_is():
    world = World()
    world.ledger.fault("begin", LocalError("the disk is full"))
    with pytest.raises(LocalError, match="disk is full"):
        world.apply(create())
    assert world.provider.calls == []


def test_a_ledger_that_fails_on_the_way_stops_every_model():
    world = World()
    world.ledger.fault("intend", None, None, LocalError("the disk is full"))
    report = world.apply(create("a"), create("b"), create("c"), parallelism=1)
    assert [outcome.status for outcome in report.outcomes] == [
        Status.FAILED,
        Status.FAILED,
        Status.SKIPPED,
    ]
    assert [outcome.message for outcome in report.outcomes] == [
        "not finished: the disk is full",
        "the disk is full",
        "not begun: the disk is full",
    ]
    assert world.provider.created == {remote("a"): 1}


def test_a_watch_that_cannot_be_recorded_stops_as_well():
    world = World()
    world.ledger.fault("intend", None, LocalError("the disk is full"))
    assert only(world.apply(create())).message == "the disk is full"


def test_an_outcome_that_cannot_be_recorded_stops_everybody_after_it():
    world = World()
    world.ledger.fault("settle", LocalError("the disk is full"))
    report = world.apply(create("a"), create("b"), parallelism=1)
    assert [outcome.status for outcome in report.outcomes] == [Status.FAILED, Status.SKIPPED]
    assert [step.do for step in report.outcomes[0].performed] == ["start"]


def test_a_ledger_that_cannot_be_closed_does_not_hide_the_report():
    world = World()
    world.ledger.fault("end", LocalError("the disk is full"))
    assert only(world.apply(create())).status is Status.DONE
    assert isinstance(world.events[-1], Noticed)


def test_one_failure_does_not_stop_others():
    world = World()
    world.provider.failing[remote("b")] = "the loss is not a number"
    report = world.apply(create("a"), create("b"), create("c"))
    assert [outcome.status for outcome in report.outcomes] == [
        Status.DONE,
        Status.FAILED,
        Status.DONE,
    ]
    failed = report.outcomes[1]
    assert failed.code == ReasonCode.TRAINING_FAILED
    assert "the loss is not a number" in failed.message
    assert "revision" in failed.hint
    assert "tuneform show b" in failed.hint
    assert [step.do for step in failed.performed] == ["start"]


def test_a_bug_in_one_model_says_so_and_leaves_others_alone():
    world = World()

    def examples(step):
        if "b-" in step.remote:
            raise ZeroDivisionError("contents of a row")
        return EXAMPLES

    world.examples = examples
    report = world.apply(create("a"), create("b"))
    assert [outcome.status for outcome in report.outcomes] == [Status.DONE, Status.FAILED]
    bug = report.outcomes[1]
    assert bug.code == "bug"
    assert bug.message.startswith("this is a bug in tuneform: ZeroDivisionError in ")
    assert "contents" not in bug.message


def test_other_examples_than_planned_stop_that_model_before_the_request():
    world = World()

    def examples(step):
        raise Stale(f"{step.dataset.path} was changed since the plan was made")

    world.examples = examples
    outcome = only(world.apply(create()))
    assert outcome.status is Status.STALE
    assert "tuneform plan" in outcome.hint
    assert world.provider.calls == []


def test_a_child_starts_when_its_parent_serves():
    world = World()
    child = create("child", source=remote("parent"), parent="parent")
    report = world.apply(create("parent"), child)
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    at_start = next(
        objects
        for verb, name, objects in world.provider.history
        if (verb, name) == ("start", remote("child"))
    )
    assert at_start[remote("parent")].serves


@pytest.mark.parametrize(
    "parent", [(), (change("parent", Action.KEEP),)], ids=["not in the plan", "kept"]
)
def test_a_parent_with_nothing_to_do_is_no_obstacle(parent):
    world = World()
    report = world.apply(*parent, create("child", source=remote("parent"), parent="parent"))
    assert report.outcomes[-1].status is Status.DONE


def test_a_failed_parent_stops_its_descendants_only():
    world = World()
    world.provider.failing[remote("a")] = "no"
    report = world.apply(
        create("a"),
        create("b", source=remote("a"), parent="a"),
        create("c", source=remote("b"), parent="b"),
        create("d"),
    )
    assert [outcome.status for outcome in report.outcomes] == [
        Status.FAILED,
        Status.SKIPPED,
        Status.SKIPPED,
        Status.DONE,
    ]
    assert report.outcomes[1].code == "parent-failed"
    assert "its parent a did not get so far" in report.outcomes[1].message
    assert "its parent b did not get so far" in report.outcomes[2].message
    assert world.provider.created == {remote("a"): 1, remote("d"): 1}


def test_a_held_parent_stops_its_children():
    world = World()
    report = world.apply(
        change("a", Action.HOLD, code=ReasonCode.TRAINING_FAILED),
        create("b", source=remote("a"), parent="a"),
    )
    assert [outcome.status for outcome in report.outcomes] == [Status.HELD, Status.SKIPPED]
    assert report.outcomes[1].code == "parent-held"
    assert world.provider.calls == []


def test_parents_that_wait_for_each_other_end_the_run():
    world = World()
    report = world.apply(
        create("a", source=remote("b"), parent="b"), create("b", source=remote("a"), parent="a")
    )
    assert {outcome.status for outcome in report.outcomes} == {Status.SKIPPED}


def test_deletes_come_last_and_children_first():
    parent, child = old("parent"), old("child", source=remote("parent", "oldfingerp"))
    world = World().having(parent, child)
    gone = [
        change(live.mark.model, Action.DELETE, Delete(live.remote), versions=(live,))
        for live in (parent, child)
    ]
    report = world.apply(*gone, create("other"))
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    assert world.provider.written[-2:] == [("delete", child.remote), ("delete", parent.remote)]


def test_a_parent_stays_while_its_child_cannot_be_deleted():
    parent, child = old("parent"), old("child", source=remote("parent", "oldfingerp"))
    world = World().having(parent, child)
    world.provider.fault("delete", Forbidden("not allowed", status=403))
    report = world.apply(
        *(
            change(live.mark.model, Action.DELETE, Delete(live.remote), versions=(live,))
            for live in (parent, child)
        )
    )
    skipped, failed = report.outcomes
    assert (skipped.status, skipped.code) == (Status.SKIPPED, ReasonCode.IN_USE)
    assert child.remote in skipped.message
    assert (failed.status, failed.code) == (Status.FAILED, "forbidden")
    assert world.provider.deleted == []


def test_a_parent_that_waits_for_two_children_in_vain_ends_once():
    parent = old("parent")
    children = [old(name, source=parent.remote) for name in ("a", "b")]
    world = World().having(parent, *children)
    world.provider.fault("delete", *[Forbidden("not allowed", status=403)] * 2)
    report = world.apply(
        *(
            change(live.mark.model, Action.DELETE, Delete(live.remote), versions=(live,))
            for live in (parent, *children)
        )
    )
    assert [outcome.status for outcome in report.outcomes] == [
        Status.SKIPPED,
        Status.FAILED,
        Status.FAILED,
    ]
    ended = [event.outcome.change.model for event in world.events if hasattr(event, "outcome")]
    assert sorted(ended) == ["a", "b", "parent"]


def test_what_waits_in_vain_for_several_reasons_ends_once():
    parent = old("parent")
    child = old("child", source=parent.remote)
    kept = [old("x", source=parent.remote), old("y", source=child.remote)]
    world = World().having(parent, child, *kept)
    report = world.apply(
        change("child", Action.DELETE, Delete(child.remote), versions=[child]),
        change("parent", Action.DELETE, Delete(parent.remote), versions=[parent]),
        *(change(live.mark.model, Action.KEEP, versions=[live]) for live in kept),
    )
    assert [outcome.code for outcome in report.outcomes] == [ReasonCode.IN_USE] * 2 + [""] * 2
    assert len(world.events) == 4
    assert world.provider.deleted == []


def test_a_parent_stays_while_an_object_of_the_plan_names_it():
    parent, child = old("parent"), old("child", source=remote("parent", "oldfingerp"))
    world = World().having(parent, child)
    report = world.apply(
        change("parent", Action.DELETE, Delete(parent.remote), versions=(parent,)),
        change("child", Action.KEEP, versions=(child,)),
    )
    assert report.outcomes[0].status is Status.SKIPPED
    assert world.provider.calls == []


def test_a_chain_is_replaced_new_before_old_and_old_children_first():
    parent, child = old("parent"), old("child", source=remote("parent", "oldfingerp"))
    world = World().having(parent, child)
    report = world.apply(
        replacement("parent"),
        replacement("child", source=remote("parent"), parent="parent", live=child),
    )
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    assert sorted(world.provider.objects) == sorted([remote("parent"), remote("child")])
    assert world.provider.deleted == [child.remote, parent.remote]


def test_a_failed_promote_keeps_the_old_version():
    world = World().having(old())
    world.provider.fault("patch", Unreachable("no reply"))
    outcome = only(world.apply(replacement()))
    assert outcome.status is Status.FAILED
    assert [step.do for step in outcome.performed] == ["start", "watch"]
    assert world.serving() == [old().remote]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("no reply"), 8),
        (BadReply("half of it"), 8),
        (ServiceFailure("it broke", status=500), 8),
        (Unreachable("no connection", sent=False), 1),
        (Exhausted("too many requests"), 1),
        (Forbidden("not yours"), 4),
    ],
)
@pytest.mark.parametrize("verb", ["patch", "delete", "cancel"])
def test_a_first_write_that_may_have_arrived_is_not_called_nothing(verb, error, code):
    live = in_training() if verb == "cancel" else old()
    mark = replace(live.mark, cancelled=True) if verb == "cancel" else live.mark
    live = replace(live, mark=mark)
    step = {
        "patch": Rewrite(live.remote, replace(live.mark, pinned="aaaaaaaaaa")),
        "delete": Delete(live.remote),
        "cancel": Cancel(live.remote),
    }[verb]
    world = World().having(live)
    world.provider.fault(verb, error)
    report = world.apply(change("support", Action.UPDATE, step, versions=[live]))
    assert only(report).status is Status.FAILED
    assert report.exit_code == code


@pytest.mark.parametrize("error", [Conflict("another etag"), NotFound("it is gone")])
def test_an_object_that_somebody_else_was_quicker_with_is_stale(error):
    world = World().having(old())
    world.provider.fault("patch", error)
    step = Rewrite(old().remote, replace(old().mark, pinned="aaaaaaaaaa"))
    report = world.apply(change("support", Action.UPDATE, step, versions=[old()]))
    assert only(report).status is Status.STALE
    assert report.exit_code == 7


def test_a_refusal_after_half_of_it_was_done_is_not_before_anything_was_written():
    world = World().having(old())
    error = Forbidden("not yours")
    error.changed = True
    world.provider.fault("delete", error)
    report = world.apply(change("support", Action.DELETE, Delete(old().remote), versions=[old()]))
    assert report.exit_code == 8


def test_a_change_that_was_seen_after_a_write_is_not_before_anything_was_written():
    new, first = old("support", "newfingerp"), old()
    new = replace(new, mark=replace(new.mark, serving=False))
    promote = Promote(new.remote, clears=(first.remote,))
    decided = change("support", Action.PROMOTE, promote, versions=[new, first])
    world = World().having(new, first)
    world.provider.edit(first.remote, description="Edited by hand.")
    report = world.apply(decided)
    assert only(report).status is Status.STALE
    assert report.exit_code == 8


def test_an_old_version_that_was_edited_stays():
    world = World().having(old())
    planned = replacement()
    world.provider.edit(old().remote, description="Edited by hand.")
    outcome = only(world.apply(planned))
    assert outcome.status is Status.STALE
    assert "its description was changed" in outcome.message
    assert world.provider.deleted == []
    assert remote() in world.serving(), "the new one was promoted before the old one was looked at"


def test_an_old_version_that_is_gone_needs_no_clearing_and_no_delete():
    world = World()
    planned = replacement()
    assert only(world.apply(planned)).performed == planned.steps


def test_cancels_come_first():
    superseded = in_training("b", "supersededx")
    world = World().having(superseded)
    report = world.apply(
        create("a"),
        change(
            "b",
            Action.REPLACE,
            Cancel(superseded.remote),
            *create("b").steps,
            Delete(superseded.remote),
            versions=(superseded,),
        ),
    )
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    assert world.provider.written[:2] == [
        ("patch", superseded.remote),
        ("cancel", superseded.remote),
    ]
    assert world.provider.deleted == [superseded.remote]


def test_a_failed_cancel_stops_its_model_and_no_other():
    superseded = in_training("b", "supersededx")
    world = World().having(superseded)
    world.provider.fault("cancel", Forbidden("not allowed", status=403))
    report = world.apply(
        create("a"),
        change(
            "b",
            Action.REPLACE,
            Cancel(superseded.remote),
            *create("b").steps,
            versions=(superseded,),
        ),
    )
    assert [outcome.status for outcome in report.outcomes] == [Status.DONE, Status.FAILED]
    assert world.provider.created == {remote("a"): 1}


def test_a_cancelled_training_is_given_time_to_stop_before_it_is_deleted():
    running = in_training()
    world = World().having(running)
    states = []
    world.provider.fault("delete", lambda fake: states.append(fake.objects[running.remote].state))
    planned = change(
        "support", Action.DELETE, Cancel(running.remote), Delete(running.remote), versions=[running]
    )
    assert only(world.apply(planned)).performed == planned.steps
    assert states == [LiveState.ACTIVE], "the service calls a cancelled one ACTIVE"
    assert 2 <= world.clock.monotonic() < 4


def test_a_training_that_does_not_stop_is_deleted_after_half_a_minute():
    running = in_training()
    world = World(seconds=1e6).having(running)
    world.provider.edit(running.remote, mark=mark(cancelled=True))
    seen = world.provider.objects[running.remote]
    planned = change("support", Action.DELETE, Delete(running.remote), versions=[seen])
    assert only(world.apply(planned)).status is Status.DONE
    assert 30 <= world.clock.monotonic() < 32


def test_a_cancel_that_comes_too_late_spoils_nothing():
    running = in_training()
    world = World(seconds=0.0).having(running)
    outcome = only(
        world.apply(change("support", Action.UPDATE, Cancel(running.remote), versions=[running]))
    )
    assert outcome.status is Status.DONE
    assert "already ended" in outcome.message
    assert world.provider.written == []


def test_a_cancel_marks_first():
    running = in_training()
    world = World().having(running)
    world.apply(change("support", Action.UPDATE, Cancel(running.remote), versions=[running]))
    assert world.provider.written == [("patch", running.remote), ("cancel", running.remote)]
    assert world.provider.objects[running.remote].mark.cancelled


def test_a_cancel_that_never_arrived_is_sent_again_without_a_second_mark():
    world = World().having(in_training())
    world.provider.edit(remote(), mark=mark(cancelled=True))
    seen = world.provider.objects[remote()]
    world.apply(change("support", Action.UPDATE, Cancel(remote()), versions=[seen]))
    assert world.provider.written == [("cancel", remote())]


def test_a_patch_rides_along_before_the_promote():
    live = in_training()
    world = World().having(live)
    planned = change(
        "support",
        Action.WAIT,
        Watch(live.remote),
        Patch(live.remote, Fields(description="New words.", temperature=0.7), mark()),
        Promote(live.remote),
        versions=[live],
    )
    outcome = only(world.apply(planned))
    assert outcome.performed == planned.steps
    final = world.provider.objects[live.remote]
    assert (final.description, final.temperature, final.serves) == ("New words.", 0.7, True)


def test_an_update_writes_fields_and_mark():
    live = old()
    world = World().having(live)
    wanted = mark(fingerprint="oldfingerp", serving=True)
    planned = change(
        "support",
        Action.UPDATE,
        Patch(live.remote, Fields(display_name="Support"), wanted),
        versions=[live],
    )
    assert only(world.apply(planned)).status is Status.DONE
    assert world.provider.objects[live.remote].display_name == "Support"


def test_an_object_without_a_mark_is_given_one():
    live = old()
    world = World().having(live)
    world.provider.edit(live.remote, mark=None)
    seen = world.provider.objects[live.remote]
    adopted = mark(staged=True, adopted="support-oldfingerp")
    planned = change("support", Action.UPDATE, Rewrite(live.remote, adopted), versions=[seen])
    assert only(world.apply(planned)).status is Status.DONE
    assert world.provider.objects[live.remote].mark == adopted


def test_a_release_takes_the_mark_off_and_leaves_the_object():
    live = old()
    world = World().having(live)
    planned = change("support", Action.RELEASE, Release(live.remote), versions=[live])
    assert only(world.apply(planned)).status is Status.DONE
    assert world.provider.objects[live.remote].mark is None


@pytest.mark.parametrize(
    "step",
    [
        Patch(old().remote, Fields(display_name="New"), mark()),
        Rewrite(old().remote, mark()),
        Promote(old().remote),
        Cancel(old().remote),
        Release(old().remote),
    ],
    ids=lambda step: step.do,
)
def test_what_is_gone_before_any_other_step_than_a_delete_is_stale(step):
    world = World()
    outcome = only(world.apply(change("support", Action.UPDATE, step, versions=[old()])))
    assert outcome.status is Status.STALE
    assert f"{old().remote} is gone" in outcome.message
    assert "tuneform plan" in outcome.hint
    assert world.provider.written == []


def test_a_step_on_an_object_that_the_plan_never_saw_is_a_bug_and_touches_nothing():
    world = World().having(old())
    outcome = only(world.apply(change("support", Action.DELETE, Delete(old().remote))))
    assert (outcome.status, outcome.code) == (Status.FAILED, "bug")
    assert world.provider.calls == []


def test_without_waiting_the_run_ends_when_all_is_started():
    world = World().having(old("a"))
    report = world.apply(
        replacement("a"),
        create("b", source=remote("a"), parent="a"),
        create("c"),
        wait=False,
    )
    a, b, c = report.outcomes
    assert [each.status for each in (a, b, c)] == [
        Status.STARTED,
        Status.SKIPPED,
        Status.STARTED,
    ]
    assert [step.do for step in a.performed] == ["start"]
    assert (b.code, "once a serves" in b.hint) == ("parent-training", True)
    assert world.provider.count("list") == 0
    assert world.serving() == [old("a").remote]
    assert world.clock.monotonic() == 0


def test_time_is_up_and_trainings_go_on():
    world = World(seconds=3600).having(old("a"))
    report = world.apply(
        replacement("a"), create("b", source=remote("a"), parent="a"), timeout=100.0
    )
    late, skipped = report.outcomes
    assert (late.status, late.code) == (Status.TIMED_OUT, "timeout")
    assert "is not lost" in late.message
    assert skipped.status is Status.SKIPPED
    assert 100 <= world.clock.monotonic() < 101
    assert report.exit_code == 9


def test_no_time_at_all_still_takes_one_look():
    live = in_training()
    world = World(seconds=0.0).having(live)
    outcome = only(
        world.apply(
            change("support", Action.WAIT, Watch(live.remote), versions=[live]), timeout=0.0
        )
    )
    assert outcome.status is Status.DONE
    assert outcome.loss == pytest.approx(0.1)


def test_an_interrupt_starts_nothing_more_and_says_how_to_go_on():
    world = World(stops_after=2).having(old("z"))
    report = world.apply(
        create("a"),
        create("b"),
        change("z", Action.DELETE, Delete(old("z").remote), versions=[old("z")]),
        parallelism=1,
    )
    assert report.interrupted
    assert report.exit_code == 130
    assert [outcome.status for outcome in report.outcomes] == [Status.INTERRUPTED] * 3
    assert [step.do for step in report.outcomes[0].performed] == ["start"]
    assert "tuneform apply" in report.outcomes[0].hint
    assert world.provider.created == {remote("a"): 1}
    assert world.provider.deleted == []
    intended = [entry[1] for entry in world.ledger.entries if entry[0] == "intend"]
    settled = [entry[1] for entry in world.ledger.entries if entry[0] == "settle"]
    assert intended == settled


def test_an_interrupt_while_waiting_is_noticed_within_a_fifth_of_a_second():
    world = World(seconds=3600, stops_after=3)  # start began, start ended, watch began
    report = world.apply(create(), poll_first=1000.0)
    assert report.interrupted
    assert world.clock.monotonic() <= 0.2


def test_an_interrupt_between_stages_interrupts_children_as_well():
    superseded = in_training("a", "supersededx")
    world = World(stops_after=0).having(superseded)
    report = world.apply(
        change(
            "a",
            Action.REPLACE,
            Cancel(superseded.remote),
            *create("a").steps,
            versions=[superseded],
        ),
        create("b", source=remote("a"), parent="a"),
    )
    assert [outcome.status for outcome in report.outcomes] == [Status.INTERRUPTED] * 2
    assert world.provider.calls == []


def test_an_interrupt_is_not_followed_by_a_closer_look():
    world = World(stopping=lambda world: world.provider.count("list") > 0)
    world.provider.failing[remote()] = "no"
    outcome = only(world.apply(create(), poll_first=100.0))
    assert outcome.status is Status.INTERRUPTED
    assert world.provider.count("observe") == 0


def test_credentials_that_end_stop_all_with_one_cause():
    world = World()
    world.provider.fault("start", None, Unauthenticated("the key is not accepted"))
    report = world.apply(create("a"), create("b"), create("c"), parallelism=1)
    assert [outcome.code for outcome in report.outcomes] == ["unauthenticated"] * 3
    assert [outcome.status for outcome in report.outcomes] == [
        Status.FAILED,
        Status.FAILED,
        Status.SKIPPED,
    ]
    assert report.outcomes[2].message == "not begun: the key is not accepted"
    assert not report.interrupted


def test_a_quota_is_waited_for_and_is_nobody_elses_failure():
    world = World(seconds=100)
    world.provider.fault(
        "start", Exhausted("too many trainings", retry_after=30.0), Exhausted("too many trainings")
    )
    report = world.apply(create("a"), create("b"), parallelism=1)
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    assert [type(event) for event in world.events].count(Noticed) == 2


def test_a_quota_is_not_waited_for_beyond_the_timeout():
    world = World(seconds=12)
    world.provider.quota = 1
    report = world.apply(create("a"), create("b"), create("c"), parallelism=1, timeout=20.0)
    done, late, waiting = report.outcomes
    assert (done.status, late.status, waiting.status) == (
        Status.DONE,
        Status.TIMED_OUT,
        Status.TIMED_OUT,
    )
    assert "quota" in waiting.message
    assert report.exit_code == 9


def test_when_time_is_up_a_full_quota_is_asked_no_more():
    world = World()
    asked = []

    def refuse(creation):
        asked.append(world.clock.monotonic())
        raise Exhausted("too many trainings", retry_after=30.0)

    world.provider.start = refuse
    report = world.apply(create("a"), create("b"), timeout=20.0)
    assert {(each.status, each.code) for each in report.outcomes} == {(Status.TIMED_OUT, "timeout")}
    assert asked == [0.0, 0.0]
    assert world.clock.monotonic() == pytest.approx(20.0)
    assert report.exit_code == 9


def test_who_is_too_late_is_told_how_far_it_is_and_what_to_do():
    world = World(seconds=100)
    outcome = only(world.apply(create(), timeout=50.0))
    assert f"{remote()} is still in training, at step " in outcome.message
    assert "`tuneform wait support`" in outcome.hint
    assert "`tuneform cancel support`" in outcome.hint


def test_a_lost_reply_is_found_again():
    world = World()
    world.provider.fault("start", LOST)
    planned = create()
    assert only(world.apply(planned)).performed == planned.steps
    assert world.provider.count("start") == 1


def test_many_models_cost_a_fixed_number_of_calls_each():
    world = World()
    planned = [create(f"m{number:03}") for number in range(200)]
    report = world.apply(*planned)
    assert all(
        outcome.performed == each.steps
        for outcome, each in zip(report.outcomes, planned, strict=True)
    )
    counts = {verb: world.provider.count(verb) for verb in ("start", "observe", "patch")}
    assert counts == {"start": 200, "observe": 200, "patch": 200}
    assert world.provider.count("list") < 20
    assert world.provider.count("training") <= 8 * world.provider.count("list")


def test_nobody_is_started_twice_at_once():
    world = World()
    step = start()
    report = world.apply(change("support", Action.CREATE, step, Watch(step.remote)))
    assert only(report).status is Status.DONE
    assert world.provider.created == {step.remote: 1}
