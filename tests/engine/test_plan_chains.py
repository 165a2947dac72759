"""Models tuned on top of others: order, waiting for parents, parents that children still need."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Delete, Release, Watch
from tuneform.domain.spec import Fields

from .builders import (
    Case,
    change_of,
    destroy,
    mark_of,
    name_of,
    plan,
    promote,
    spec,
    start,
    version,
    wanted,
)

ROOT = spec("root", "r", keep=0)
CHILD = spec("child", "c", tuned_from="root", keep=0)
LEAF = spec("leaf", "l", tuned_from="child", keep=0)
CHAIN = (ROOT, CHILD, LEAF)
NEW_ROOT = spec("root", "r2", keep=0)
NEW_CHAIN = (NEW_ROOT, CHILD, LEAF)
ROOT_1 = version(ROOT, day=1)
CHILD_1 = version(ROOT, CHILD, day=2)
LEAF_1 = version(ROOT, CHILD, LEAF, day=3)
LIVE = (ROOT_1, CHILD_1, LEAF_1)
ROOT_2 = version(NEW_ROOT, day=4)
CHILD_2 = version(NEW_ROOT, CHILD, day=5)

ROOT_2_NAME, CHILD_2_NAME = name_of(NEW_ROOT), name_of(NEW_ROOT, CHILD)
REPLACE_CHILD = (
    start(NEW_ROOT, CHILD, source=ROOT_2_NAME),
    Watch(CHILD_2_NAME),
    promote(CHILD_2_NAME, CHILD_1),
    Delete(CHILD_1.remote),
)
UNPARENTED = spec("child", "c", keep=0)

CASES = [
    Case("a chain in agreement", CHAIN, LIVE, "keep", "up-to-date", model="leaf"),
    Case(
        "a child is created from the version that its parent will have",
        (ROOT, CHILD),
        (),
        "create",
        "new",
        (start(ROOT, CHILD, source=ROOT_1.remote), Watch(CHILD_1.remote), promote(CHILD_1.remote)),
        "child",
    ),
    Case(
        "a new parent: the old one goes, since its child goes as well",
        NEW_CHAIN,
        LIVE,
        "replace",
        "dataset-changed",
        (start(NEW_ROOT), Watch(ROOT_2_NAME), promote(ROOT_2_NAME, ROOT_1), Delete(ROOT_1.remote)),
        "root",
    ),
    Case(
        "a new parent means a new child",
        NEW_CHAIN,
        LIVE,
        "replace",
        "parent-changed",
        REPLACE_CHILD,
        "child",
    ),
    Case(
        "and a new grandchild",
        NEW_CHAIN,
        LIVE,
        "replace",
        "parent-changed",
        (
            start(*NEW_CHAIN, source=CHILD_2_NAME),
            Watch(name_of(*NEW_CHAIN)),
            promote(name_of(*NEW_CHAIN), LEAF_1),
            Delete(LEAF_1.remote),
        ),
        "leaf",
    ),
    Case(
        "an old parent is kept while a kept child names it",
        (NEW_ROOT, replace(CHILD, keep_versions=1)),
        (ROOT_1, CHILD_1),
        "replace",
        "dataset-changed",
        (start(NEW_ROOT), Watch(ROOT_2_NAME), promote(ROOT_2_NAME, ROOT_1)),
        "root",
    ),
    Case(
        "an old parent is kept while a staged child names it",
        (ROOT,),
        (
            ROOT_1,
            version(spec("root", "r0"), words="", day=0),
            version(spec("root", "r0"), CHILD, words="staged"),
        ),
        "keep",
        "up-to-date",
        (),
        "root",
    ),
    Case(
        "a parent that was replaced alone keeps its old version for the child",
        NEW_CHAIN,
        (ROOT_2, replace(ROOT_1, mark=mark_of(ROOT_1).retired()), CHILD_1, LEAF_1),
        "promote",
        "superseded-left",
        (Delete(ROOT_1.remote),),
        "root",
    ),
    Case(
        "an old parent is kept while a held child's old version names it",
        (NEW_ROOT, CHILD),
        (
            ROOT_2,
            replace(ROOT_1, mark=mark_of(ROOT_1).retired()),
            CHILD_1,
            replace(CHILD_2, state=LiveState.FAILED),
        ),
        "keep",
        "up-to-date",
        (),
        "root",
    ),
    Case(
        "a failed parent is held",
        NEW_CHAIN,
        (*LIVE, replace(ROOT_2, state=LiveState.FAILED)),
        "hold",
        "training-failed",
        (),
        "root",
    ),
    Case(
        "its child waits",
        NEW_CHAIN,
        (*LIVE, replace(ROOT_2, state=LiveState.FAILED)),
        "hold",
        "parent-held",
        (),
        "child",
    ),
    Case(
        "and its grandchild",
        NEW_CHAIN,
        (*LIVE, replace(ROOT_2, state=LiveState.FAILED)),
        "hold",
        "parent-held",
        (),
        "leaf",
    ),
    Case(
        "a child that is trained is held with its parent too: nothing is built on a conflict",
        CHAIN,
        (replace(ROOT_1, mark=None), CHILD_1, LEAF_1),
        "hold",
        "parent-held",
        (),
        "child",
    ),
    Case(
        "its own failure is told first",
        (ROOT, CHILD),
        (version(ROOT, words="frozen"), replace(CHILD_1, state=LiveState.FAILED)),
        "hold",
        "training-failed",
        (),
        "child",
    ),
    Case(
        "a parent in training: the child starts from it once it is promoted",
        (ROOT, CHILD),
        (version(ROOT, words="", state=LiveState.TRAINING),),
        "create",
        "new",
        (start(ROOT, CHILD, source=ROOT_1.remote), Watch(CHILD_1.remote), promote(CHILD_1.remote)),
        "child",
    ),
    Case(
        "an adopted parent is the source",
        (ROOT, CHILD),
        (version(ROOT, words="serving adopted=hit", remote="tunedModels/hit"),),
        "create",
        "new",
        (
            start(ROOT, CHILD, source="tunedModels/hit"),
            Watch(CHILD_1.remote),
            promote(CHILD_1.remote),
        ),
        "child",
    ),
    Case(
        "a child that is cut loose is trained from the base",
        (ROOT, UNPARENTED),
        (ROOT_1, CHILD_1),
        "replace",
        "base-changed",
        (
            start(UNPARENTED),
            Watch(name_of(UNPARENTED)),
            promote(name_of(UNPARENTED), CHILD_1),
            Delete(CHILD_1.remote),
        ),
        "child",
    ),
    Case(
        "a model that is put on top of another",
        (ROOT, CHILD),
        (ROOT_1, version(UNPARENTED)),
        "replace",
        "base-changed",
        (
            start(ROOT, CHILD, source=ROOT_1.remote),
            Watch(CHILD_1.remote),
            promote(CHILD_1.remote, version(UNPARENTED)),
            Delete(name_of(UNPARENTED)),
        ),
        "child",
    ),
    Case(
        "an undeclared child goes alone",
        (ROOT,),
        (ROOT_1, CHILD_1),
        "delete",
        "not-declared",
        (Delete(CHILD_1.remote),),
        "child",
    ),
    Case(
        "undeclared parent and child go together",
        (),
        LIVE,
        "delete",
        "not-declared",
        (Delete(ROOT_1.remote),),
        "root",
    ),
    Case(
        "an undeclared parent stays while a child of ours does",
        (),
        (ROOT_1, version(ROOT, replace(CHILD, deletion_policy=DeletionPolicy.PREVENT))),
        "hold",
        "in-use",
        (),
        "root",
    ),
    Case(
        "an undeclared parent stays while a kept version of a declared model names it",
        (replace(UNPARENTED, keep_versions=1),),
        (ROOT_1, version(UNPARENTED, day=5), replace(CHILD_1, mark=mark_of(CHILD_1).retired())),
        "hold",
        "in-use",
        (),
        "root",
    ),
    Case(
        "and its grandparent with it",
        (),
        (
            ROOT_1,
            CHILD_1,
            version(ROOT, CHILD, replace(LEAF, deletion_policy=DeletionPolicy.PREVENT)),
        ),
        "hold",
        "in-use",
        (),
        "root",
    ),
    Case(
        "versions that nobody needs go, those in use stay",
        (),
        (
            ROOT_1,
            version(spec("root", "r0"), words="", day=0),
            version(ROOT, CHILD, words="staged"),
        ),
        "delete",
        "not-declared",
        (Delete(name_of(spec("root", "r0"))),),
        "root",
    ),
    Case(
        "a stranger's child holds nothing up",
        (),
        (ROOT_1, replace(CHILD_1, mark=None)),
        "delete",
        "not-declared",
        (Delete(ROOT_1.remote),),
        "root",
    ),
    Case(
        "readable inputs contradict: the child was tuned from the base itself",
        (ROOT, CHILD),
        (ROOT_1, replace(CHILD_1, source=None)),
        "hold",
        "inputs-contradict",
        (),
        "child",
    ),
    Case(
        "readable inputs contradict: it was tuned from another version of the parent",
        (ROOT, CHILD),
        (ROOT_1, ROOT_2, replace(CHILD_1, source=ROOT_2.remote)),
        "hold",
        "inputs-contradict",
        (),
        "child",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    case.check()


def test_a_change_travels_down_the_chain_and_everything_is_known():
    for before, after in zip(CHAIN, NEW_CHAIN, strict=True):
        family = CHAIN[: CHAIN.index(before) + 1], NEW_CHAIN[: NEW_CHAIN.index(after) + 1]
        assert wanted(*family[0]).fingerprint != wanted(*family[1]).fingerprint
    steps = [step for each in plan(*NEW_CHAIN, live=LIVE).changes for step in each.steps]
    assert all(step.remote for step in steps)


def test_parents_come_before_children_whatever_their_names():
    models = [
        spec("zulu", "z"),
        spec("mike", "m", tuned_from="zulu"),
        spec("alfa", "a", tuned_from="mike"),
        spec("bravo", "b"),
    ]
    assert [each.model for each in plan(*models).changes] == ["bravo", "zulu", "mike", "alfa"]


def test_parents_come_first_even_where_the_chain_was_turned_round():
    """The live versions still descend the other way."""
    before = (spec("bravo", "b"), spec("alfa", "a", tuned_from="bravo"))
    live = (version(before[0]), version(*before, day=2))
    after = (spec("alfa", "a2"), spec("bravo", "b2", tuned_from="alfa"))
    assert [each.model for each in plan(*after, live=live).changes] == ["alfa", "bravo"]
    after = (spec("bravo", "b2"), spec("alfa", "a2", tuned_from="bravo"))
    before = (spec("alfa", "a"), spec("bravo", "b", tuned_from="alfa"))
    live = (version(before[0]), version(*before, day=2))
    assert [each.model for each in plan(*after, live=live).changes] == ["bravo", "alfa"]


def test_undeclared_models_are_ordered_by_what_they_were_tuned_from():
    chain = (spec("zulu", "z"), spec("alfa", "a", tuned_from="zulu"))
    live = (version(chain[0]), version(*chain, day=2))
    assert [each.model for each in plan(live=live).changes] == ["zulu", "alfa"]
    assert [each.model for each in destroy(live=live).changes] == ["zulu", "alfa"]


def test_a_child_names_its_parent():
    assert change_of(plan(*CHAIN, live=LIVE), "leaf").parent == "child"
    assert change_of(plan(*CHAIN, live=LIVE), "root").parent is None


def test_a_released_child_is_ours_no_longer_once_it_is_released():
    kept = replace(CHILD, deletion_policy=DeletionPolicy.RETAIN)
    decided = plan(live=[ROOT_1, version(ROOT, kept)])
    assert change_of(decided, "child").steps == (Release(CHILD_1.remote),)
    assert change_of(decided, "root").reason.code == "in-use"
    after = plan(live=[ROOT_1, replace(CHILD_1, mark=None)])
    assert change_of(after, "root").action == "delete"


def test_an_edit_of_a_parent_does_not_reach_the_child():
    edited = replace(ROOT, fields=Fields(display_name="Root of all", description=""))
    assert [each.action for each in plan(edited, CHILD, LEAF, live=LIVE).changes] == [
        "update",
        "keep",
        "keep",
    ]


def test_the_note_on_a_delete_says_that_versions_stay():
    live = (
        ROOT_1,
        version(spec("root", "r0"), words="", day=0),
        version(ROOT, CHILD, words="staged"),
    )
    assert change_of(plan(live=live), "root").notes == (
        "1 of its versions stay: live models were tuned from them.",
    )
