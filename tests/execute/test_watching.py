"""Watching: what one listed object means, how often to look, and what lags or fails on the way."""

from dataclasses import replace

import pytest
from tests.execute.fake import trained
from tests.execute.world import World, change, create, in_training, mark, remote

from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState
from tuneform.domain.plan import Action, ReasonCode, Watch
from tuneform.domain.report import Noticed, Progressed, Status
from tuneform.errors import Forbidden, Unauthenticated, Unreachable
from tuneform.execute.watching import Rhythm, Verdict, judge

TRAINED = trained(remote(), mark())


def only(report):
    (outcome,) = report.outcomes
    return outcome


@pytest.mark.parametrize(
    ("live", "unlisted", "last", "verdict"),
    [
        (in_training(), 0, False, Verdict.WAIT),
        (replace(TRAINED, state=LiveState.UNKNOWN), 0, False, Verdict.WAIT),
        (TRAINED, 0, False, Verdict.ENDED),
        (TRAINED, 0, True, Verdict.EXAMINE),
        (replace(TRAINED, mark=mark(cancelled=True)), 0, False, Verdict.EXAMINE),
        (replace(TRAINED, state=LiveState.FAILED), 0, False, Verdict.EXAMINE),
        (None, 9.9, False, Verdict.WAIT),
        (None, 10.0, False, Verdict.EXAMINE),
    ],
)
def test_judge(live, unlisted, last, verdict):
    assert judge(live, unlisted, last=last) is verdict


def test_the_rhythm_slows_down_to_a_bound():
    rhythm = Rhythm(1.0, 4.0)
    assert [rhythm.after(0.0) for _ in range(6)] == [1.0, 1.5, 2.25, 3.375, 4.0, 4.0]


def test_looking_never_takes_more_than_a_tenth_of_the_time():
    rhythm = Rhythm(1.0, 4.0)
    rhythm.after(cost=3.0)
    assert rhythm.after(cost=2.0) == 18.0
    assert rhythm.after(cost=2.5) == 18.0


def test_one_poll_that_was_tried_again_does_not_put_off_the_next():
    rhythm = Rhythm(1.0, 4.0)
    assert [rhythm.after(cost) for cost in (0.0, 30.0, 0.0)] == [1.0, 1.5, 2.25]


def test_many_trainings_are_watched_with_one_list_call_each_time():
    world = World(seconds=600)
    world.apply(*(create(f"m{number}") for number in range(30)))
    assert world.provider.count("list") < 80
    assert world.provider.count("observe") == 30
    assert world.provider.count("training") <= 8 * world.provider.count("list")


def test_progress_is_asked_for_no_more_than_eight_at_a_time():
    world = World(seconds=600)
    report = world.apply(*(create(f"m{number}") for number in range(10)), timeout=300.0)
    told = {event.model for event in world.events if isinstance(event, Progressed)}
    assert len(told) == 8
    assert report.exit_code == 9


def test_an_object_that_the_list_does_not_show_yet_is_waited_for():
    world = World(seconds=50)
    world.provider.list_lag = 40.0
    assert only(world.apply(create())).status is Status.DONE


def test_an_object_that_nothing_shows_yet_is_waited_for():
    world = World(seconds=50)
    world.provider.list_lag = world.provider.lag = 45.0
    assert only(world.apply(create())).status is Status.DONE


def test_a_training_that_is_deleted_by_somebody_is_stale():
    live = in_training()
    world = World(seconds=3600).having(live)
    world.provider.fault("list", None, None, lambda fake: fake.objects.pop(live.remote))
    outcome = only(world.apply(change("support", Action.WAIT, Watch(live.remote), versions=[live])))
    assert outcome.status is Status.STALE
    assert "is gone" in outcome.message
    assert 60 <= world.clock.monotonic() < 90


def test_a_read_that_still_calls_it_training_is_asked_again():
    world = World(seconds=30)
    stale_reads = [in_training()] * 3
    observe = world.provider.observe

    def lagging(name):
        if stale_reads and world.clock.monotonic() > 25:
            stale_reads.pop()
            return in_training()
        return observe(name)

    world.provider.observe = lagging
    live = in_training()
    world.having(live)
    planned = change(
        "support", Action.WAIT, Watch(live.remote), *create().steps[2:], versions=[live]
    )
    assert only(world.apply(planned)).status is Status.DONE
    assert stale_reads == []


@pytest.mark.parametrize(
    ("read", "status"),
    [(in_training(), Status.HELD), (None, Status.STALE)],
    ids=["training", "none"],
)
def test_a_read_that_never_agrees_with_the_list_is_given_up_after_a_minute(read, status):
    live = in_training()
    world = World(seconds=30).having(live)
    world.provider.observe = lambda _: read
    planned = change(
        "support", Action.WAIT, Watch(live.remote), *create().steps[2:], versions=[live]
    )
    outcome = only(world.apply(planned))
    assert outcome.status is status
    assert 90 <= world.clock.monotonic() < 110


def test_a_training_cancelled_by_somebody_never_serves():
    live = in_training()
    world = World(seconds=30).having(live)
    cancelled = mark(cancelled=True)
    world.provider.fault("list", None, lambda fake: fake.edit(live.remote, mark=cancelled))
    planned = change(
        "support", Action.WAIT, Watch(live.remote), *create().steps[2:], versions=[live]
    )
    outcome = only(world.apply(planned))
    assert (outcome.status, outcome.code) == (Status.HELD, ReasonCode.TRAINING_CANCELLED)
    assert world.serving() == []


def test_polls_that_fail_for_a_while_do_not_end_the_watching():
    world = World(seconds=200)
    world.provider.fault("list", *[Unreachable("no network")] * 5)
    assert only(world.apply(create())).status is Status.DONE
    assert sum(isinstance(event, Noticed) for event in world.events) == 5


def test_polls_that_fail_for_ten_minutes_do():
    world = World(seconds=10_000)
    world.provider.fault("list", *[Unreachable("no network")] * 1000)
    outcome = only(world.apply(create()))
    assert (outcome.status, outcome.code) == (Status.FAILED, "unreachable")
    assert "goes on remotely" in outcome.message
    assert 600 <= world.clock.monotonic() < 650


def test_a_poll_that_is_refused_ends_the_watching_at_once():
    world = World(seconds=1000)
    world.provider.fault("list", Unauthenticated("the key is not accepted"))
    report = world.apply(create("a"), create("b"))
    assert [outcome.code for outcome in report.outcomes] == ["unauthenticated"] * 2
    assert world.clock.monotonic() < 2


def test_progress_that_cannot_be_had_is_no_reason_to_stop():
    world = World()
    world.provider.fault("training", *[Forbidden("no", status=403)] * 1000)
    assert only(world.apply(create())).status is Status.DONE


def test_a_failure_without_a_reason_is_told_all_the_same():
    world = World()
    world.provider.failing[remote()] = None
    outcome = only(world.apply(create()))
    assert outcome.code == ReasonCode.TRAINING_FAILED
    assert "does not say why" in outcome.message


def test_late_starts_are_not_looked_at_when_time_is_up():
    world = World(seconds=3600)
    clock = world.clock
    assert isinstance(clock, SteeredClock)
    read = []

    def examples(step):
        read.append(step)
        clock.sleep(100)
        return (("a", "b"),)

    world.examples = examples
    report = world.apply(
        *(create(f"m{number}") for number in range(5)), timeout=50.0, parallelism=1
    )
    assert {outcome.status for outcome in report.outcomes} == {Status.TIMED_OUT}
    assert len(read) == 5
    assert world.provider.count("list") <= 2


def test_the_last_look_is_taken_when_time_is_up():
    world = World(seconds=90)
    outcome = only(world.apply(create(), timeout=100.0, poll_first=1000.0, poll_most=1000.0))
    assert outcome.status is Status.DONE
    assert world.clock.monotonic() == pytest.approx(100.0)
