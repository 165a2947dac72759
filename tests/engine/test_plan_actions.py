"""Every action of the contract's section 5, as lists of typed steps."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState, RecordedSet
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.names import short
from tuneform.domain.plan import (
    Action,
    Cancel,
    Delete,
    Patch,
    ReasonCode,
    Release,
    Rewrite,
    Watch,
)
from tuneform.domain.spec import DatasetRef, Fields

from .builders import (
    LONE_BASE,
    Case,
    change_of,
    declare,
    facts,
    mark_of,
    name_of,
    plan,
    promote,
    spec,
    start,
    version,
)

WANT = spec()
NAME = name_of(WANT)
TRAINED = version(WANT)
IDLE = version(WANT, words="")
OLD = version(spec(data="old"))
OLDER = version(spec(data="older"), words="", day=0)
TRAINING = version(WANT, words="", state=LiveState.TRAINING, day=2)
TITLED = spec(fields=Fields(display_name="Support"))
GUARDED = spec(deletion="prevent")

CASES = [
    Case(
        "no version is live: create",
        (WANT,),
        (),
        "create",
        "new",
        (start(WANT), Watch(NAME), promote(NAME)),
    ),
    Case(
        "another version is live: train, promote, and keep the old one for rollbacks",
        (WANT,),
        (OLD,),
        "replace",
        "dataset-changed",
        (start(WANT), Watch(NAME), promote(NAME, OLD)),
    ),
    Case(
        "keepVersions 0: the old one goes, but only after the new one is promoted",
        (spec(keep=0),),
        (OLD,),
        "replace",
        "dataset-changed",
        (start(WANT), Watch(NAME), promote(NAME, OLD), Delete(OLD.remote)),
    ),
    Case(
        "a superseded training is cancelled first and deleted last",
        (WANT,),
        (OLD, version(spec(data="between"), words="", state=LiveState.TRAINING, day=2)),
        "replace",
        "dataset-changed",
        (
            Cancel(name_of(spec(data="between"))),
            start(WANT),
            Watch(NAME),
            promote(NAME, OLD),
            Delete(name_of(spec(data="between"))),
        ),
    ),
    Case(
        "only failed versions are live: that is a replace, and they go",
        (WANT,),
        (version(spec(data="old"), words="", state=LiveState.FAILED),),
        "replace",
        "dataset-changed",
        (start(WANT), Watch(NAME), promote(NAME), Delete(OLD.remote)),
    ),
    Case(
        "the desired version is training: watch, then promote",
        (WANT,),
        (TRAINING, OLD),
        "wait",
        "in-training",
        (Watch(NAME), promote(NAME, OLD)),
    ),
    Case(
        "a first training goes on",
        (WANT,),
        (TRAINING,),
        "wait",
        "in-training",
        (Watch(NAME), promote(NAME)),
    ),
    Case(
        "an edit rides along after the training, before the promotion",
        (TITLED,),
        (TRAINING, OLD),
        "wait",
        "in-training",
        (
            Watch(NAME),
            Patch(NAME, Fields(display_name="Support"), mark_of(TRAINING)),
            promote(NAME, OLD),
        ),
    ),
    Case(
        "so does a word of the mark",
        (GUARDED,),
        (TRAINING,),
        "wait",
        "in-training",
        (
            Watch(NAME),
            Rewrite(NAME, replace(mark_of(TRAINING), deletion=DeletionPolicy.PREVENT)),
            promote(NAME),
        ),
    ),
    Case(
        "trained, and another version serves: promote",
        (WANT,),
        (IDLE, OLD),
        "promote",
        "not-serving",
        (promote(NAME, OLD),),
    ),
    Case(
        "trained, and nothing serves: promote",
        (WANT,),
        (IDLE,),
        "promote",
        "not-serving",
        (promote(NAME),),
    ),
    Case(
        "an edit rides along with a promotion, and comes first",
        (TITLED,),
        (IDLE, OLD),
        "promote",
        "not-serving",
        (Patch(NAME, Fields(display_name="Support"), mark_of(IDLE)), promote(NAME, OLD)),
    ),
    Case(
        "superseded versions beyond keepVersions are not gone yet: promote",
        (WANT,),
        (TRAINED, version(spec(data="old"), words=""), OLDER),
        "promote",
        "superseded-left",
        (Delete(OLDER.remote),),
    ),
    Case(
        "an edit rides along with the rest of a promotion",
        (replace(TITLED, keep_versions=0),),
        (TRAINED, OLDER),
        "promote",
        "superseded-left",
        (Patch(NAME, Fields(display_name="Support"), mark_of(TRAINED)), Delete(OLDER.remote)),
    ),
    Case(
        "only an editable field differs: update",
        (TITLED,),
        (TRAINED,),
        "update",
        "fields-changed",
        (Patch(NAME, Fields(display_name="Support"), mark_of(TRAINED)),),
    ),
    Case(
        "only the mark differs: update, of the mark alone",
        (GUARDED,),
        (TRAINED,),
        "update",
        "fields-changed",
        (Rewrite(NAME, replace(mark_of(TRAINED), deletion=DeletionPolicy.PREVENT)),),
    ),
    Case(
        "lifting a protection is an update as well",
        (WANT,),
        (version(GUARDED),),
        "update",
        "fields-changed",
        (Rewrite(NAME, mark_of(TRAINED)),),
    ),
    Case("not declared: delete", (), (TRAINED,), "delete", "not-declared", (Delete(NAME),)),
    Case(
        "not declared, all versions: the training is cancelled first",
        (),
        (TRAINING, OLD, OLDER),
        "delete",
        "not-declared",
        (Cancel(NAME), Delete(NAME), Delete(OLD.remote), Delete(OLDER.remote)),
    ),
    Case(
        "not declared under retain: the marks are taken off",
        (),
        (version(spec(data="old"), words="deletion=retain serving"), OLDER),
        "release",
        "retained",
        (Release(OLD.remote), Release(OLDER.remote)),
    ),
    Case(
        "not declared under prevent: hold",
        (),
        (version(GUARDED),),
        "hold",
        "protected",
    ),
    Case(
        "a failed training is never tried again by itself",
        (WANT,),
        (replace(TRAINING, state=LiveState.FAILED), OLD),
        "hold",
        "training-failed",
    ),
    Case(
        "a cancelled training neither",
        (WANT,),
        (version(WANT, words="cancelled", state=LiveState.FAILED), OLD),
        "hold",
        "training-cancelled",
    ),
    Case(
        "a cancelled version never serves, even if the service calls it active",
        (WANT,),
        (version(WANT, words="cancelled"), OLD),
        "hold",
        "training-cancelled",
    ),
    Case(
        "a cancel that never arrived",
        (WANT,),
        (version(WANT, words="cancelled", state=LiveState.TRAINING), OLD),
        "hold",
        "training-cancelled",
    ),
    Case(
        "a state that this release does not know",
        (WANT,),
        (version(WANT, state=LiveState.UNKNOWN),),
        "hold",
        "state-unknown",
    ),
    Case("nothing to do", (WANT,), (TRAINED,), "keep", "up-to-date"),
    Case(
        "a version kept for rollbacks is nothing to do",
        (WANT,),
        (TRAINED, OLDER),
        "keep",
        "up-to-date",
    ),
    Case(
        "not declared, and only trained for a branch: left alone",
        (),
        (version(WANT, words="staged"),),
        "keep",
        "only-staged",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    case.check()


def test_the_table_has_every_action():
    assert {case.action for case in CASES} == set(Action)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_ledger_adds_notes_and_nothing_else(case):
    notes = tuple((each.remote, "Trained on a Tuesday.") for each in case.live)
    bare = plan(*case.specs, live=case.live)
    told = plan(*case.specs, live=case.live, recorded=RecordedSet(notes))
    assert [replace(each, notes=()) for each in told.changes] == [
        replace(each, notes=()) for each in bare.changes
    ]
    # They help where something waits or is held; elsewhere the plan itself says it all.
    noted = any("Tuesday" in note for note in change_of(told, case.model).notes)
    assert noted == (bool(case.live) and case.action in ("hold", "wait"))


@pytest.mark.parametrize(
    ("why", "was", "code", "field"),
    [
        ("the examples", spec(data="old"), "dataset-changed", "spec.dataset"),
        ("the base", spec(base=LONE_BASE), "base-changed", "spec.baseModel"),
        ("the revision", spec(revision=2), "revision-changed", "spec.revision"),
    ],
)
def test_a_training_says_which_input_caused_it(why, was, code, field):
    change = change_of(plan(WANT, live=[version(was)]), "support")
    assert (change.action, change.reason.code) == ("replace", code)
    assert [(each.field, each.effect) for each in change.deltas] == [(field, "retrain")]


def test_several_causes_are_all_told():
    change = change_of(
        plan(spec(epochs=7), live=[version(spec(data="old", epochs=3, revision=2))]), "support"
    )
    assert change.reason.code == "inputs-changed"
    assert [(each.field, each.before, each.after) for each in change.deltas[1:]] == [
        ("spec.hyperparameters.epochCount", 3, 7),
        ("spec.revision", 2, 1),
    ]
    assert "the revision" in change.reason.message


def test_an_edit_beside_a_training_is_told_and_needs_no_step():
    change = change_of(plan(TITLED, live=[OLD]), "support")
    assert [(each.field, each.effect) for each in change.deltas] == [
        ("spec.dataset", "retrain"),
        ("spec.displayName", "in-place"),
    ]
    assert [step.do for step in change.steps] == ["start", "watch", "promote"]
    assert change.steps[0].fields.display_name == "Support"


def test_a_training_says_how_much_it_is():
    change = change_of(plan(spec(epochs=3, batch=7)), "support")
    assert change.training
    assert (change.training.examples, change.training.epochs, change.training.steps) == (30, 3, 13)


@pytest.mark.parametrize(
    "live", [(), (TRAINED,), (OLD,), (TRAINING,)], ids=["new", "same", "old", "on"]
)
def test_remote_is_the_name_of_the_desired_version(live):
    assert change_of(plan(WANT, live=live), "support").remote == NAME


def test_remote_is_null_where_there_is_none_to_be():
    assert change_of(plan(live=[TRAINED]), "support").remote is None


def test_a_change_names_the_objects_that_it_was_decided_from_newest_first():
    change = change_of(plan(WANT, live=[OLDER, TRAINING, OLD]), "support")
    assert change.versions == (TRAINING, OLD, OLDER)


def test_models_are_in_order_and_counted():
    decided = plan(spec("zebra"), spec("ant", tuned_from="zebra"), WANT, live=[TRAINED])
    assert [each.model for each in decided.changes] == ["support", "zebra", "ant"]
    assert decided.summary == dict.fromkeys(Action, 0) | {"create": 2, "keep": 1}
    assert (decided.is_empty, decided.has_steps, decided.live_models) == (False, True, 1)


def test_an_empty_project_with_nothing_live_is_an_empty_plan():
    decided = plan()
    assert (decided.changes, decided.is_empty, decided.has_steps) == ((), True, False)
    assert declare().models == ()


# --- what holds from the next version on ----------------------------------------------------------

MEASURED = DatasetRef("measured.jsonl", "jsonl")


@pytest.mark.parametrize(
    ("extras", "measured", "told"),
    [
        ((("serviceAccount", "a"),), None, []),
        ((("serviceAccount", "a"), ("exportLastCheckpointOnly", False)), None, []),
        ((("serviceAccount", "b"),), None, [("serviceAccount", "a", "b")]),
        ((), None, [("serviceAccount", "a", None)]),
        (
            (("exportLastCheckpointOnly", True), ("serviceAccount", "a")),
            MEASURED,
            [
                ("exportLastCheckpointOnly", None, True),
                ("validation", None, short(facts(MEASURED).digest)),
            ],
        ),
    ],
)
@pytest.mark.parametrize("hyperparameters", [{}, {"epochs": 9}])
def test_settings_that_hold_from_the_next_version_on_are_told_and_do_nothing(
    extras, measured, told, hyperparameters
):
    live = version(spec(**hyperparameters), extras=(("serviceAccount", "a"),))
    wants = replace(spec(**hyperparameters), extras=extras, validation=measured)
    (change,) = plan(wants, live=[live]).changes
    assert (change.action, change.steps) == (Action.KEEP, ())
    assert [(each.field, each.before, each.after, each.effect) for each in change.deltas] == [
        (f"spec.vertex.{name}", before, after, "next-version") for name, before, after in told
    ]
    (silent,) = plan(wants, live=[replace(live, extras=None)]).changes
    assert silent.deltas == (), "the service does not say what it was created with"


def test_what_the_next_version_gets_is_told_beside_what_causes_it():
    live = version(spec(), extras=(), validation="gs://other/place.jsonl")
    wants = replace(spec(revision=2), extras=(("kmsKeyName", "k"),))
    (change,) = plan(wants, live=[live]).changes
    assert (change.action, change.reason.code) == (Action.REPLACE, ReasonCode.REVISION_CHANGED)
    assert [(each.field, each.before, each.effect) for each in change.deltas] == [
        ("spec.revision", 1, "retrain"),
        ("spec.vertex.encryptionKey", None, "next-version"),
        ("spec.vertex.validation", "gs://other/place.jsonl", "next-version"),
    ]
