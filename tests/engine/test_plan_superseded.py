"""Which superseded versions stay: `keepVersions` proven ones, the last that served first."""

import pytest

from tuneform.domain.live import Live, LiveState

from .builders import change_of, plan, spec, version

OTHER = "aaaaaaaaaa"


def old(name: str, day: int, words: str = "", state: str = "active") -> Live:
    return version(spec(data=name), words=words, day=day, state=LiveState(state))


NEVER_SERVED = old("never-served", 5)
SERVED = old("served", 4, "serving")
BEFORE = old("before", 3)
BROKEN = old("broken", 6, state="failed")
STOPPED = old("stopped", 7, "cancelled")
REFUSED = old("refused", 8, f"gate=failed:{OTHER}")
RUNNING = old("running", 9, state="training")
BRANCH = old("branch", 10, "staged")
ALL = (NEVER_SERVED, SERVED, BEFORE, BROKEN, STOPPED, REFUSED, RUNNING, BRANCH)
UNPROVEN = (RUNNING, REFUSED, STOPPED, BROKEN)


@pytest.mark.parametrize("wanted", ["absent", "training", "trained"])
@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (0, ()),
        (1, (SERVED,)),
        (2, (SERVED, NEVER_SERVED)),
        (3, (SERVED, NEVER_SERVED, BEFORE)),
        (9, (SERVED, NEVER_SERVED, BEFORE)),
    ],
    ids=["0", "1", "2", "3", "9"],
)
def test_who_stays_when_the_desired_version_takes_over(wanted, keep, kept):
    state = LiveState.TRAINING if wanted == "training" else LiveState.ACTIVE
    new = () if wanted == "absent" else (version(spec(), words="", day=11, state=state),)
    change = change_of(plan(spec(keep=keep), live=(*ALL, *new)), "support")
    gone = [step.remote for step in change.steps if step.do == "delete"]
    expected = [each for each in ALL if each not in (*kept, BRANCH)]
    expected.sort(key=lambda each: each.created, reverse=True)
    assert gone == [each.remote for each in expected]
    assert [step.remote for step in change.steps if step.do == "cancel"] == [RUNNING.remote]
    assert change.steps[0].do == "cancel"
    assert [step.do for step in change.steps[-len(gone) - 1 :]] == [
        "promote",
        *["delete"] * len(gone),
    ]


@pytest.mark.parametrize(
    ("keep", "kept"), [(0, ()), (1, (NEVER_SERVED,)), (2, (NEVER_SERVED, BEFORE))]
)
def test_who_stays_when_the_desired_version_serves_already(keep, kept):
    live = (version(spec(), day=11), NEVER_SERVED, BEFORE, *UNPROVEN, BRANCH)
    change = change_of(plan(spec(keep=keep), live=live), "support")
    gone = {step.remote for step in change.steps if step.do == "delete"}
    assert gone == {each.remote for each in (NEVER_SERVED, BEFORE, *UNPROVEN) if each not in kept}


def test_a_promotion_that_was_cut_short_still_knows_who_served_until_now():
    """Both carry the word when a run dies between setting and clearing it."""
    live = (version(spec(), day=11), NEVER_SERVED, SERVED)
    change = change_of(plan(spec(), live=live), "support")
    assert [(step.do, step.remote) for step in change.steps] == [
        ("mark", SERVED.remote),
        ("delete", NEVER_SERVED.remote),
    ]


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_failed_and_cancelled_versions_never_take_the_place_of_a_proven_one(keep):
    live = (version(spec(), day=11), BROKEN, STOPPED, BEFORE)
    change = change_of(plan(spec(keep=keep), live=live), "support")
    gone = {step.remote for step in change.steps if step.do == "delete"}
    assert {BROKEN.remote, STOPPED.remote} <= gone
    assert (BEFORE.remote in gone) == (keep == 0)


def test_raising_keep_versions_deletes_nothing():
    live = (version(spec(), day=11), BEFORE)
    assert plan(spec(keep=2), live=live).is_empty
    assert plan(spec(keep=5), live=live).is_empty


def test_equal_days_are_told_apart_by_name_so_that_the_plan_is_one():
    twins = [old(name, 3) for name in ("a", "b", "c")]
    plans = {
        plan(spec(), live=(version(spec(), day=11), *order))
        for order in (twins, twins[::-1], [*twins[1:], twins[0]])
    }
    assert len(plans) == 1


def test_an_object_without_a_day_is_the_oldest():
    undated = version(spec(data="undated"), words="", created=None)
    change = change_of(plan(spec(), live=(version(spec(), day=11), undated, BEFORE)), "support")
    assert [step.remote for step in change.steps] == [undated.remote]
