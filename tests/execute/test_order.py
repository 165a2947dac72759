"""Which lanes may start, and which never will."""

from tests.execute.world import change, create, old

from tuneform.domain.plan import Action, Cancel, Delete, Release
from tuneform.execute.job import Lane, job_of
from tuneform.execute.order import Order
from tuneform.execute.stages import bodies, cancels, tails


def lane(key, *after):
    return Lane(job_of(create(key)), key, (0,), after)


def keys(lanes):
    return [each.key for each in lanes]


def test_whoever_waits_for_nobody_is_first():
    order = Order([lane("a"), lane("b", "a"), lane("c")])
    assert keys(order.first()) == ["a", "c"]


def test_a_follower_starts_when_all_have_ended_well():
    a, b, c = lane("a"), lane("b"), lane("c", "a", "b")
    order = Order([a, b, c])
    assert order.end(a, well=True) == []
    assert order.end(b, well=True) == [c]


def test_a_follower_is_decided_by_the_first_that_ends_badly():
    a, b, c = lane("a"), lane("b"), lane("c", "a", "b")
    order = Order([a, b, c])
    assert order.end(a, well=False) == [c]
    assert order.end(c, well=False) == []
    assert order.end(b, well=True) == []
    assert order.end(b, well=True) is None


def test_whoever_waits_for_somebody_absent_is_hopeless():
    a = lane("a", "gone")
    assert Order([a]).hopeless() == [(a, "gone")]


def test_what_has_not_ended_is_left():
    a, b = lane("a", "b"), lane("b", "a")
    assert Order([a, b]).rest() == [(a, "b"), (b, "a")]


def test_stages_split_a_change_into_cancels_body_and_tail():
    version, other = old(), old(tail="otherfinge")
    steps = (
        Cancel(other.remote),
        *create().steps,
        Delete(version.remote),
        Release(other.remote),
    )
    job = job_of(change("support", Action.REPLACE, *steps, versions=[version, other]))
    assert [each.places for each in cancels([job])] == [(0,)]
    assert [each.places for each in bodies([job])] == [(1, 2, 3)]
    assert [each.places for each in tails([job])] == [(4,), (5,)]


def test_an_object_goes_after_all_that_were_tuned_from_it():
    parent = old("parent")
    first = old("child", "firstchild", source=parent.remote)
    second = old("child", "secondchil", source=parent.remote)
    jobs = [
        job_of(change("parent", Action.DELETE, Delete(parent.remote), versions=[parent])),
        job_of(change("child", Action.DELETE, Delete(first.remote), versions=[second, first])),
    ]
    last, leaf = tails(jobs)
    assert last.after == (first.remote, second.remote)
    assert leaf.after == ()
