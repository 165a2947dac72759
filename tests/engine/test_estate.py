"""Whose is what: the mark names us, and the id confirms it."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveSet, LiveState
from tuneform.domain.names import Owner
from tuneform.engine.estate import serving_version, sort_out

from .builders import ASSIGNING, CAPABILITIES, declare, spec, version

WANT = spec()
LIVE = version(WANT)
OLD = version(spec(data="old"), day=0)


def sorted_out(*live, specs=(WANT,), capabilities=CAPABILITIES):
    return sort_out(declare(*specs, capabilities=capabilities), LiveSet(live))


@pytest.mark.parametrize(
    ("reason", "live", "whose"),
    [
        ("the derived id", LIVE, "ours"),
        ("an older version", OLD, "ours"),
        ("a model that is not declared", version(spec("gone")), "ours"),
        (
            "adopted under its own id",
            version(WANT, words="adopted=hit", remote="tunedModels/hit"),
            "ours",
        ),
        ("a later mark", version(WANT, unknown=("tuneform/v2",)), "ours"),
        ("no mark", replace(LIVE, mark=None), "nobody's"),
        ("another owner", version(WANT, owner=Owner("rival")), "nobody's"),
        ("our project without the environment", version(WANT, owner=Owner("demo")), "nobody's"),
        ("a copied mark", replace(LIVE, remote="tunedModels/hit"), "unexplained"),
        (
            "a copy of an adopted one",
            version(WANT, words="adopted=hit", remote="tunedModels/miss"),
            "unexplained",
        ),
        (
            "an id of the right shape, yet not the one",
            replace(LIVE, remote="tunedModels/support-aaaaaaaaaa"),
            "unexplained",
        ),
        (
            "the mark of one model on the id of another",
            replace(LIVE, remote=version(spec("other")).remote),
            "unexplained",
        ),
        (
            "a mark for another fingerprint on the id of the desired one",
            version(WANT, fingerprint="aaaaaaaaaa"),
            "ours",
        ),
    ],
)
def test_whose(reason, live, whose):
    estate = sorted_out(live)
    assert (live in [each.live for each in estate.of(("support", "gone"))]) == (whose == "ours")
    assert (live in estate.unexplained) == (whose == "unexplained")
    assert estate.by_remote == {live.remote: live}


def test_versions_are_newest_first_under_all_their_names():
    helper = version(spec("helper", "h"), day=7)
    estate = sorted_out(OLD, LIVE, helper, specs=(spec("support", formerly=("helper",)),))
    assert [each.live for each in estate.of(("support", "helper"))] == [helper, LIVE, OLD]


def test_a_name_given_twice_is_one_name():
    assert len(sorted_out(LIVE).of(("support", "support"))) == 1


def test_where_ids_are_assigned_the_mark_alone_decides():
    estate = sorted_out(replace(LIVE, remote="jobs/1"), capabilities=ASSIGNING)
    assert [each.remote for each in estate.of(("support",))] == ["jobs/1"]


@pytest.mark.parametrize(
    ("words", "state", "proven", "serves"),
    [
        ("", "active", True, False),
        ("serving", "active", True, True),
        ("serving", "training", False, False),
        ("serving", "failed", False, False),
        ("serving", "unknown", False, False),
        ("serving cancelled", "active", False, False),
        ("serving gate=failed:aaaaaaaaaa", "active", False, True),
        ("gate=passed:aaaaaaaaaa", "active", True, False),
        ("staged", "active", True, False),
    ],
)
def test_proven_and_serving(words, state, proven, serves):
    live = version(WANT, words=words, state=LiveState(state))
    (found,) = sorted_out(live).of(("support",))
    assert (found.proven, live.serves) == (proven, serves)


def test_who_serves_where_two_carry_the_word():
    found = sorted_out(LIVE, OLD).of(("support",))
    newest, oldest = found
    assert serving_version(found, None) is newest
    assert serving_version(found, oldest.mark.fingerprint) is oldest
    assert serving_version(found, "aaaaaaaaaa") is newest
    assert serving_version((), None) is None


def test_of_two_that_carry_the_word_what_answers_serves():
    newest, oldest = sorted_out(LIVE, OLD).of(("support",))
    undeployed = replace(newest, live=replace(newest.live, deployed=False))
    assert serving_version((undeployed, oldest), newest.mark.fingerprint) is oldest
    neither = replace(oldest, live=replace(oldest.live, deployed=False))
    assert serving_version((undeployed, neither), oldest.mark.fingerprint) is neither
