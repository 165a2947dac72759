"""Starts against a provider whose replies get lost and whose reads lag."""

import pytest
from tests.execute.fake import LOST, trained
from tests.execute.world import World, create, in_training, mark, old, remote

from tuneform.domain.plan import ReasonCode
from tuneform.domain.report import Status
from tuneform.errors import (
    Exhausted,
    Forbidden,
    NotFound,
    ServiceFailure,
    Unauthenticated,
    Unreachable,
)


def only(report):
    (outcome,) = report.outcomes
    return outcome


def test_a_create_that_never_arrived_is_sent_again_under_the_same_id():
    world = World()
    world.provider.fault("start", Unreachable("cut off"), ServiceFailure("500", status=500))
    assert only(world.apply(create())).status is Status.DONE
    assert [call for call in world.provider.calls if call[0] == "start"] == [
        ("start", remote())
    ] * 3
    assert world.provider.created == {remote(): 1}


def test_a_create_that_arrived_unseen_is_found_by_its_conflict():
    world = World()
    world.provider.lag = 20.0
    world.provider.fault("start", LOST)
    assert only(world.apply(create())).status is Status.DONE
    assert world.provider.count("start") == 2
    assert world.provider.created == {remote(): 1}


def test_a_conflict_with_our_own_earlier_start_is_a_success():
    world = World().having(in_training())
    assert only(world.apply(create())).status is Status.DONE
    assert not world.provider.created


def test_a_conflict_with_our_own_trained_version_goes_straight_on():
    world = World().having(trained(remote(), mark()))
    assert only(world.apply(create())).status is Status.DONE
    assert world.serving() == [remote()]


def test_a_conflict_with_a_foreign_object_touches_nothing():
    world = World().having(old())
    world.provider.foreign.add(remote())
    outcome = only(world.apply(create()))
    assert (outcome.status, outcome.code) == (Status.HELD, ReasonCode.ID_TAKEN)
    assert world.provider.written == []


def test_an_id_that_stays_taken_is_held_after_a_minute():
    world = World()
    world.provider.spent.add(remote())
    outcome = only(world.apply(create()))
    assert (outcome.status, outcome.code) == (Status.HELD, "id-spent")
    assert 60 <= world.clock.monotonic() < 70
    assert world.provider.count("start") == 1


@pytest.mark.parametrize("error", [Forbidden("no", status=403), NotFound("base", status=404)])
def test_a_refusal_is_not_looked_into(error):
    world = World()
    world.provider.fault("start", error)
    outcome = only(world.apply(create()))
    assert (outcome.status, outcome.code) == (Status.FAILED, error.code)
    assert world.provider.count("observe") == 0


def test_a_service_that_never_answers_is_given_up():
    world = World()
    world.provider.fault("start", *[Unreachable("cut off")] * 20)
    report = world.apply(create())
    outcome = only(report)
    assert outcome.status is Status.FAILED
    assert report.exit_code == 8, "1 would say that nothing was written, and a training may go on"
    assert "may have begun" in outcome.message
    assert world.provider.count("start") == 6


def test_others_go_on_while_one_start_waits():
    world = World(seconds=5)
    world.provider.spent.add(remote("a"))
    report = world.apply(create("a"), create("b"), parallelism=1)
    assert [outcome.status for outcome in report.outcomes] == [Status.HELD, Status.DONE]
    assert report.outcomes[1].seconds < 30


def test_a_quota_that_never_frees_is_given_up_after_an_hour():
    world = World()
    world.provider.fault("start", *[Exhausted("too many trainings")] * 1000)
    outcome = only(world.apply(create()))
    assert (outcome.status, outcome.code) == (Status.FAILED, "exhausted")
    assert 3400 < world.clock.monotonic() <= 3600


def test_a_quota_that_trainings_of_this_run_take_up_is_waited_for_as_long_as_they_last():
    world = World(seconds=3000)
    world.provider.quota = 2
    report = world.apply(*[create(f"m{number:02}") for number in range(20)])
    assert {outcome.status for outcome in report.outcomes} == {Status.DONE}
    assert set(world.provider.created.values()) == {1}
    assert 30_000 <= world.clock.monotonic() < 32_000, "the quota is made use of"


def test_those_who_wait_for_a_quota_ask_no_more_often_than_one_alone():
    world = World(seconds=3000)
    world.provider.quota = 2
    world.apply(*[create(f"m{number:03}") for number in range(100)])
    minutes = world.clock.monotonic() / 60
    assert world.provider.count("start") < 100 + 3 * minutes


def test_a_halt_after_a_lost_reply_does_not_say_that_nothing_was_written():
    world = World()
    world.provider.fault("start", Unreachable("cut off"), Unauthenticated("no key"))
    report = world.apply(create("a"), create("b"), parallelism=1)
    assert {outcome.code for outcome in report.outcomes} == {"unauthenticated"}
    assert report.exit_code == 8


def test_a_quota_that_frees_after_the_last_training_is_given_an_hour_from_then():
    world = World(seconds=3000)
    world.provider.fault("start", None, *[Exhausted("too many trainings")] * 1000)
    report = world.apply(create("a"), create("b"), parallelism=1)
    assert [outcome.status for outcome in report.outcomes] == [Status.DONE, Status.FAILED]
    assert 6400 < world.clock.monotonic() <= 6700


def test_a_quota_that_refuses_one_model_for_ever_does_not_stop_the_others():
    world = World(seconds=3000)
    world.provider.quota = 1
    poisoned = create("m0")
    refuse = world.provider.start

    def start_but(creation):
        if creation.remote == poisoned.steps[0].remote:
            raise Exhausted("not for this one", status=429)
        return refuse(creation)

    world.provider.start = start_but
    report = world.apply(poisoned, *[create(f"m{number}") for number in range(1, 5)])
    assert [outcome.status for outcome in report.outcomes] == [Status.FAILED, *[Status.DONE] * 4]


def test_a_look_that_fails_as_well_is_repeated_and_sends_nothing():
    world = World()
    world.provider.fault("start", LOST)
    world.provider.fault("observe", *[Unreachable("cut off")] * 5)
    assert only(world.apply(create())).status is Status.DONE
    assert world.provider.count("start") == 1
