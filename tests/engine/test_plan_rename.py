"""A rename moves marks and trains nothing; one that is forgotten is asked about, not guessed."""

from dataclasses import replace

import pytest

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import DeletionPolicy, Mark
from tuneform.domain.plan import Cancel, Delete, Patch, Rewrite, Watch
from tuneform.domain.spec import Fields

from .builders import Case, change_of, mark_of, name_of, plan, promote, spec, start, version

CALLED = Fields(display_name="Support")
BEFORE = spec("helper", fields=CALLED)
AFTER = spec("support", fields=CALLED, formerly=("helper",))
FORGOTTEN = spec("support", fields=CALLED)
LIVE = version(BEFORE, day=2)
OLD = version(spec("helper", "old"), words="")
BRANCH = version(spec("helper", "branch"), words="staged", day=3)


def moved(live: Live) -> Mark:
    """The mark under the new name; the id stays, so it is named."""
    return replace(mark_of(live), model="support", adopted=live.id)


CASES = [
    Case(
        "the mark moves, the id stays, nothing is trained",
        (AFTER,),
        (LIVE,),
        "update",
        "renamed",
        (Rewrite(LIVE.remote, moved(LIVE)),),
    ),
    Case(
        "the marks of all versions move, staged ones too",
        (AFTER,),
        (LIVE, OLD, BRANCH),
        "update",
        "renamed",
        (
            Rewrite(BRANCH.remote, moved(BRANCH)),
            Rewrite(OLD.remote, moved(OLD)),
            Rewrite(LIVE.remote, moved(LIVE)),
        ),
    ),
    Case(
        "an edit goes along with the mark",
        (replace(AFTER, fields=replace(AFTER.fields, temperature=0.2)),),
        (LIVE,),
        "update",
        "renamed",
        (Patch(LIVE.remote, Fields(temperature=0.2), moved(LIVE)),),
    ),
    Case(
        "a name shown by default changes with the model's",
        (spec("support", formerly=("helper",)),),
        (version(spec("helper")),),
        "update",
        "renamed",
        (Patch(LIVE.remote, Fields(display_name="support"), moved(LIVE)),),
    ),
    Case(
        "with new data it is a replace, and the old version serves under the new name meanwhile",
        (replace(spec("support", "new", fields=CALLED), formerly=("helper",)),),
        (LIVE,),
        "replace",
        "dataset-changed",
        (
            Rewrite(LIVE.remote, moved(LIVE)),
            start(spec("support", "new", fields=CALLED)),
            Watch(name_of(spec("support", "new"))),
            promote(name_of(spec("support", "new")), LIVE),
        ),
    ),
    Case(
        "what goes is not renamed first",
        (replace(AFTER, keep_versions=0),),
        (LIVE, OLD),
        "promote",
        "superseded-left",
        (Rewrite(LIVE.remote, moved(LIVE)), Delete(OLD.remote)),
    ),
    Case(
        "a training goes on under the new name",
        (AFTER,),
        (replace(LIVE, state=LiveState.TRAINING, mark=replace(mark_of(LIVE), serving=False)),),
        "wait",
        "in-training",
        (
            Watch(LIVE.remote),
            Rewrite(LIVE.remote, replace(moved(LIVE), serving=False)),
            promote(LIVE.remote),
        ),
    ),
    Case(
        "a superseded training is cancelled under its old name",
        (AFTER,),
        (LIVE, version(spec("helper", "x"), words="", state=LiveState.TRAINING, day=5)),
        "promote",
        "superseded-left",
        (
            Cancel(name_of(spec("helper", "x"))),
            Rewrite(LIVE.remote, moved(LIVE)),
            Delete(name_of(spec("helper", "x"))),
        ),
    ),
    Case(
        "once moved, nothing is left to do",
        (AFTER,),
        (replace(LIVE, mark=moved(LIVE)),),
        "keep",
        "up-to-date",
    ),
    Case(
        "nor when the line is taken out again",
        (FORGOTTEN,),
        (replace(LIVE, mark=moved(LIVE)),),
        "keep",
        "up-to-date",
    ),
    Case(
        "half moved, the rest follows",
        (AFTER,),
        (replace(LIVE, mark=moved(LIVE)), OLD),
        "update",
        "mark-changed",
        (Rewrite(OLD.remote, moved(OLD)),),
    ),
    Case(
        "a protection changes along with the name",
        (replace(AFTER, deletion_policy=DeletionPolicy.PREVENT),),
        (LIVE,),
        "update",
        "renamed",
        (Rewrite(LIVE.remote, replace(moved(LIVE), deletion=DeletionPolicy.PREVENT)),),
    ),
    Case(
        "a former name that nothing bears is nothing",
        (AFTER,),
        (version(AFTER),),
        "keep",
        "up-to-date",
    ),
    Case(
        "the same version under both names is held",
        (AFTER,),
        (version(AFTER, day=3), LIVE),
        "hold",
        "duplicate",
    ),
    Case(
        "an adopted id stays the one that it was",
        (AFTER,),
        (version(BEFORE, words="serving adopted=hit", remote="tunedModels/hit"),),
        "update",
        "renamed",
        (Rewrite("tunedModels/hit", replace(moved(LIVE), adopted="hit")),),
    ),
    Case(
        "an adopted name stays as it is spelled",
        (AFTER,),
        (version(BEFORE, words="serving adopted=tunedModels/hit", remote="tunedModels/hit"),),
        "update",
        "renamed",
        (Rewrite("tunedModels/hit", replace(moved(LIVE), adopted="tunedModels/hit")),),
    ),
    Case(
        "a copied mark is not moved",
        (AFTER,),
        (LIVE, replace(LIVE, remote="tunedModels/helper-aaaaaaaaaa")),
        "update",
        "renamed",
        (Rewrite(LIVE.remote, moved(LIVE)),),
    ),
    Case("without the line: the new name is held", (FORGOTTEN,), (LIVE,), "hold", "likely-rename"),
    Case(
        "without the line: the old name is held",
        (FORGOTTEN,),
        (LIVE,),
        "hold",
        "likely-rename",
        model="helper",
    ),
    Case(
        "without the line: a training of the same inputs counts",
        (FORGOTTEN,),
        (version(BEFORE, words="", state=LiveState.TRAINING),),
        "hold",
        "likely-rename",
    ),
    Case(
        "without the line: so does a superseded version",
        (FORGOTTEN,),
        (version(BEFORE, words=""), version(spec("helper", "new"), day=4)),
        "hold",
        "likely-rename",
    ),
    Case(
        "without the line: a version staged under the old name is trained as well",
        (FORGOTTEN,),
        (version(BEFORE, words="staged"),),
        "hold",
        "likely-rename",
    ),
    Case(
        "staged under the new name: it is no create, so it is promoted",
        (FORGOTTEN,),
        (LIVE, version(FORGOTTEN, words="staged", day=4)),
        "promote",
        "not-serving",
        (promote(name_of(FORGOTTEN)),),
    ),
    Case(
        "staged under the new name: the old one simply goes",
        (FORGOTTEN,),
        (LIVE, version(FORGOTTEN, words="staged", day=4)),
        "delete",
        "not-declared",
        (Delete(LIVE.remote),),
        model="helper",
    ),
    Case(
        "other inputs are another model",
        (spec("support", "new"),),
        (LIVE,),
        "create",
        "new",
        (
            start(spec("support", "new")),
            Watch(name_of(spec("support", "new"))),
            promote(name_of(spec("support", "new"))),
        ),
    ),
    Case(
        "equal inputs of a model that is declared are no rename",
        (FORGOTTEN, BEFORE),
        (LIVE,),
        "create",
        "new",
        (start(FORGOTTEN), Watch(name_of(FORGOTTEN)), promote(name_of(FORGOTTEN))),
    ),
    Case(
        "a model that has versions is replaced, not renamed",
        (FORGOTTEN,),
        (LIVE, version(spec("support", "mine"), day=9)),
        "replace",
        "dataset-changed",
        (
            start(FORGOTTEN),
            Watch(name_of(FORGOTTEN)),
            promote(name_of(FORGOTTEN), version(spec("support", "mine"))),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    case.check()


def test_a_rename_is_told_as_one():
    change = change_of(plan(AFTER, live=[LIVE]), "support")
    assert [(each.field, each.before, each.after, each.effect) for each in change.deltas] == [
        ("metadata.name", "helper", "support", "in-place")
    ]
    assert change.remote == LIVE.remote


def test_a_likely_rename_shows_the_line_to_add():
    decided = plan(FORGOTTEN, live=[LIVE])
    assert [each.model for each in decided.changes] == ["helper", "support"]
    assert all("formerly: [helper]" in each.reason.message for each in decided.changes)


def test_the_line_that_is_shown_is_the_right_one():
    assert [each.action for each in plan(AFTER, live=[LIVE]).changes] == ["update"]


def test_a_child_of_a_renamed_parent_is_nothing_to_do():
    child = spec("child", "c", tuned_from="helper")
    live = (LIVE, version(BEFORE, child, day=3))
    decided = plan(AFTER, replace(child, tuned_from="support"), live=live)
    assert [(each.model, each.action) for each in decided.changes] == [
        ("support", "update"),
        ("child", "keep"),
    ]
