"""What is watched and when it is looked at, without threads and without a provider."""

import pytest
from tests.execute.fake import trained
from tests.execute.world import change, mark, remote

from tuneform.clock import SteeredClock
from tuneform.domain.plan import Action, Promote, Watch
from tuneform.execute.job import Lane, job_of
from tuneform.execute.options import Options
from tuneform.execute.vigil import Vigil
from tuneform.execute.watching import Sighting


@pytest.fixture
def clock():
    return SteeredClock()


def lane(model="support"):
    name = remote(model)
    job = job_of(change(model, Action.WAIT, Watch(name), Promote(name)))
    return Lane(job, model, (0, 1))


def seen(clock, *lives):
    return Sighting(clock.monotonic(), {live.remote: live for live in lives}, {})


def test_nothing_is_due_while_nothing_is_watched(clock):
    assert Vigil(Options(), clock).due is None


def test_the_rhythm_begins_anew_when_all_that_was_watched_is_done(clock):
    vigil = Vigil(Options(poll_first=1.0, poll_most=30.0), clock)
    for _ in range(2):
        began = clock.monotonic()
        vigil.add(lane(), remote())
        pauses = []
        for _ in range(3):
            pauses.append(vigil.due - clock.monotonic())
            clock.sleep(pauses[-1])
            vigil.begin_poll()
            vigil.end_poll(seen(clock))
        assert pauses == [1.0, 1.5, 2.25], began
        vigil.drop_idle()


def test_no_poll_is_due_while_one_is_under_way(clock):
    vigil = Vigil(Options(), clock)
    vigil.add(lane(), remote())
    vigil.begin_poll()
    assert vigil.due is None


def test_what_is_looked_at_closely_is_left_alone_by_polls(clock):
    vigil = Vigil(Options(timeout=50.0), clock)
    vigil.add(lane(), remote())
    clock.sleep(20)
    (watched,) = vigil.end_poll(seen(clock)).closer
    clock.sleep(40)
    late = vigil.end_poll(seen(clock))
    assert (late.closer, late.too_late, vigil.drop_idle()) == ([], [], [])
    assert not vigil.end_examination(watched), "time is up"


def test_an_ended_training_is_told_once_it_is_listed(clock):
    vigil = Vigil(Options(), clock)
    vigil.add(lane(), remote())
    assert vigil.end_poll(seen(clock)).ended == []
    (watched,) = vigil.end_poll(seen(clock, trained(remote(), mark()))).ended
    assert watched.remote == remote()
