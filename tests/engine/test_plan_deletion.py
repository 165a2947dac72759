"""Deletion policies, with and without a manifest, and destroy."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Cancel, Delete, Release
from tuneform.domain.selection import Selection

from .builders import Case, change_of, destroy, mark_of, plan, spec, version

WANT = spec()
SERVING = version(WANT, day=3)
OLD = version(spec(data="old"), words="", day=2)
STAGED = version(spec(data="branch"), words="staged", day=4)
RUNNING = version(spec(data="next"), words="", state=LiveState.TRAINING, day=5)
GUARDED = spec(deletion="prevent")
RETAINED = spec(deletion="retain")
ROOT, CHILD = spec("root", "r"), spec("support", tuned_from="root")

DESTROYS = [
    Case(
        "all versions go, newest first, staged ones too; trainings are cancelled first",
        (WANT,),
        (SERVING, OLD, STAGED, RUNNING),
        "delete",
        "destroy",
        (
            Cancel(RUNNING.remote),
            Delete(RUNNING.remote),
            Delete(STAGED.remote),
            Delete(SERVING.remote),
            Delete(OLD.remote),
        ),
    ),
    Case(
        "whether or not a manifest declares it",
        (),
        (SERVING,),
        "delete",
        "destroy",
        (Delete(SERVING.remote),),
    ),
    Case(
        "a model with nothing but staged versions as well",
        (),
        (STAGED,),
        "delete",
        "destroy",
        (Delete(STAGED.remote),),
    ),
    Case(
        "failed versions as well",
        (WANT,),
        (replace(SERVING, state=LiveState.FAILED),),
        "delete",
        "destroy",
        (Delete(SERVING.remote),),
    ),
    Case("what its mark protects is held", (), (version(GUARDED),), "hold", "protected"),
    Case(
        "what its manifest protects is held, though no apply has said so on the mark",
        (GUARDED,),
        (SERVING,),
        "hold",
        "protected",
    ),
    Case("lifting a protection needs an apply", (WANT,), (version(GUARDED),), "hold", "protected"),
    Case(
        "what is retained is released, staged versions too",
        (RETAINED,),
        (SERVING, STAGED),
        "release",
        "retained",
        (Release(STAGED.remote), Release(SERVING.remote)),
    ),
    Case(
        "a manifest's protection reaches versions under a former name",
        (spec("support", formerly=("helper",), deletion="prevent"),),
        (version(spec("helper")),),
        "hold",
        "protected",
    ),
    Case("a conflict is held", (WANT,), (version(WANT, words="frozen"),), "hold", "unknown-word"),
    Case(
        "a copy is held",
        (WANT,),
        (SERVING, version(WANT, words="adopted=x", remote="tunedModels/x")),
        "hold",
        "duplicate",
    ),
    Case(
        "a pin holds nothing back",
        (WANT,),
        (version(spec(data="old"), words="serving pinned=aaaaaaaaaa"),),
        "delete",
        "destroy",
        (Delete(OLD.remote),),
    ),
    Case(
        "a parent stays while a protected child does",
        (ROOT, CHILD),
        (version(ROOT), version(ROOT, replace(CHILD, deletion_policy=DeletionPolicy.PREVENT))),
        "hold",
        "in-use",
        (),
        "root",
    ),
]


@pytest.mark.parametrize("case", DESTROYS, ids=str)
def test_destroy(case):
    case.check(destroying=True)


def test_destroy_needs_no_object_that_is_not_there():
    assert destroy(WANT).changes == ()


def test_destroy_counts_the_models_that_are_live():
    assert destroy(WANT, spec("gone"), live=[SERVING]).live_models == 1


def test_destroy_of_a_target_is_of_that_target():
    """A parent is not drawn in by its child; it goes where it is meant, and only then."""
    live = (version(ROOT), version(ROOT, CHILD))
    alone = destroy(ROOT, CHILD, live=live, selection=Selection(targets=("support",)))
    assert [(each.model, each.action) for each in alone.changes] == [("support", "delete")]
    parent = destroy(ROOT, CHILD, live=live, selection=Selection(targets=("root",)))
    assert [(each.model, each.reason.code) for each in parent.changes] == [("root", "in-use")]


def test_destroy_finds_targets_by_label():
    labelled = spec("support", labels={"team": "growth"})
    chosen = Selection(targets=("team=growth",))
    decided = destroy(
        labelled, spec("other", "o"), live=[SERVING, version(spec("other", "o"))], selection=chosen
    )
    assert [each.model for each in decided.changes] == ["support"]


@pytest.mark.parametrize(
    ("policy", "action"), [("delete", "delete"), ("retain", "release"), ("prevent", "hold")]
)
def test_the_policy_outlives_the_manifest(policy, action):
    live = version(spec(deletion=policy))
    assert plan(spec(deletion=policy), live=[live]).is_empty
    assert change_of(plan(live=[live]), "support").action == action


def test_a_protected_model_says_how_it_could_be_deleted():
    message = change_of(plan(live=[version(GUARDED)]), "support").reason.message
    assert "deletionPolicy: delete" in message
    assert "tuneform forget support" in message


@pytest.mark.parametrize("policy", ["retain", "prevent"])
def test_a_protection_does_not_keep_superseded_versions(policy):
    guarded = spec(deletion=policy, keep=0)
    old = version(spec(data="old", deletion=policy), words="")
    change = change_of(plan(guarded, live=[version(guarded, day=3), old]), "support")
    assert change.steps == (Delete(old.remote),)


def test_a_promotion_brings_the_policy_of_the_manifest_to_the_new_version():
    idle = version(WANT, words="", day=5)
    (mark, promote) = change_of(
        plan(GUARDED, live=[idle, version(spec(data="old"))]), "support"
    ).steps
    assert mark.mark == replace(mark_of(idle), deletion=DeletionPolicy.PREVENT)
    assert promote.do == "promote"
