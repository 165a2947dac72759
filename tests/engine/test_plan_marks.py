"""What marks say is honoured, whoever wrote them, and what is not ours is not touched."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy, Mark
from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete, Rewrite, Watch

from .builders import (
    ASSIGNING,
    BASE,
    Case,
    change_of,
    mark_of,
    name_of,
    plan,
    promote,
    spec,
    start,
    version,
    wanted,
)

WANT = spec()
NAME = name_of(WANT)
SHORT = wanted(WANT).fingerprint_short
OTHER = "aaaaaaaaaa"
TRAINED = version(WANT, day=2)
IDLE = version(WANT, words="", day=2)
OLD = version(spec(data="old"))
PINNED = version(spec(data="old"), words=f"serving pinned={SHORT}")
LAPSED = version(spec(data="old"), words=f"serving pinned={OTHER}")
STALE_PIN = replace(mark_of(PINNED), serving=False)
STAGED = version(WANT, words="staged", day=2)
BRANCH = version(spec(data="branch"), words="staged", day=3)
CREATE = (start(WANT), Watch(NAME), promote(NAME))
FOREIGN = "tunedModels/summer-hit"

CASES = [
    Case(
        "serving: the desired version wins where two carry it, and the other is cleared",
        (WANT,),
        (TRAINED, OLD),
        "update",
        "mark-changed",
        (Rewrite(OLD.remote, mark_of(OLD).retired()),),
    ),
    Case(
        "serving: else the newest, which is what stays for rollbacks",
        (WANT,),
        (OLD, version(spec(data="newer"), day=5)),
        "replace",
        "dataset-changed",
        (
            start(WANT),
            Watch(NAME),
            promote(NAME, version(spec(data="newer")), OLD),
            Delete(OLD.remote),
        ),
    ),
    Case(
        "serving: on a version that failed counts for nothing, and is cleared",
        (WANT,),
        (IDLE, version(spec(data="old"), state=LiveState.FAILED)),
        "promote",
        "not-serving",
        (promote(NAME, OLD), Delete(OLD.remote)),
    ),
    Case(
        "staged: the desired state names it, so it is promoted, not trained again",
        (WANT,),
        (STAGED, OLD),
        "promote",
        "not-serving",
        (promote(NAME, OLD),),
    ),
    Case(
        "staged: a training for a branch that was merged goes on",
        (WANT,),
        (replace(STAGED, state=LiveState.TRAINING),),
        "wait",
        "in-training",
        (Watch(NAME), promote(NAME)),
    ),
    Case(
        "staged: not superseded, not even with keepVersions 0",
        (spec(keep=0),),
        (TRAINED, BRANCH),
        "keep",
        "up-to-date",
    ),
    Case(
        "staged: stays when the model is replaced",
        (spec(keep=0),),
        (OLD, BRANCH),
        "replace",
        "dataset-changed",
        (start(WANT), Watch(NAME), promote(NAME, OLD), Delete(OLD.remote)),
    ),
    Case(
        "staged: a training for a branch is not cancelled",
        (spec(keep=0),),
        (TRAINED, replace(BRANCH, state=LiveState.TRAINING)),
        "keep",
        "up-to-date",
    ),
    Case(
        "staged: alone it is nothing that could be replaced",
        (WANT,),
        (BRANCH,),
        "create",
        "new",
        CREATE,
    ),
    Case(
        "staged: not deleted for want of a manifest; the rest of its model is",
        (),
        (TRAINED, BRANCH),
        "delete",
        "not-declared",
        (Delete(NAME),),
    ),
    Case(
        "staged: a failed training of the desired version is held",
        (WANT,),
        (replace(STAGED, state=LiveState.FAILED),),
        "hold",
        "training-failed",
    ),
    Case(
        "pinned: rolled back against the desired version, which is live",
        (WANT,),
        (IDLE, PINNED),
        "hold",
        "pinned",
    ),
    Case("pinned: and which is not live", (WANT,), (PINNED,), "hold", "pinned"),
    Case(
        "pinned: lapses when another version is desired, and serves on until then",
        (WANT,),
        (LAPSED,),
        "replace",
        "dataset-changed",
        (start(WANT), Watch(NAME), promote(NAME, LAPSED)),
    ),
    Case(
        "pinned: lapsed, and the desired version is trained",
        (WANT,),
        (IDLE, LAPSED),
        "promote",
        "not-serving",
        (promote(NAME, LAPSED),),
    ),
    Case(
        "pinned: when the manifest agrees with the rollback the word goes",
        (spec(data="old"),),
        (IDLE, PINNED),
        "update",
        "mark-changed",
        (Rewrite(OLD.remote, mark_of(OLD)),),
    ),
    Case(
        "pinned: without serving it holds nothing",
        (WANT,),
        (TRAINED, version(spec(data="old"), words=f"pinned={SHORT}")),
        "update",
        "mark-changed",
        (Rewrite(OLD.remote, mark_of(OLD).retired()),),
    ),
    Case(
        "pinned: an old word goes with the promotion, from the desired version and from others",
        (WANT,),
        (version(WANT, words=f"pinned={OTHER}", day=2), replace(PINNED, mark=STALE_PIN)),
        "promote",
        "not-serving",
        (promote(NAME, OLD),),
    ),
    Case(
        "gate: without a gate an old verdict counts for nothing, to be promoted",
        (WANT,),
        (version(WANT, words=f"gate=failed:{OTHER}", day=2), OLD),
        "promote",
        "not-serving",
        (promote(NAME, OLD),),
    ),
    Case(
        "gate: nor while it serves",
        (WANT,),
        (version(WANT, words=f"serving gate=failed:{OTHER}"),),
        "keep",
        "up-to-date",
    ),
    Case(
        "gate: a superseded version that failed is not proven, so nobody needs it",
        (WANT,),
        (TRAINED, version(spec(data="old"), words=f"gate=failed:{OTHER}")),
        "promote",
        "superseded-left",
        (Delete(OLD.remote),),
    ),
    Case(
        "gate: a superseded version that passed is kept",
        (WANT,),
        (TRAINED, version(spec(data="old"), words=f"gate=passed:{OTHER}")),
        "keep",
        "up-to-date",
    ),
    Case(
        "deletion: the serving version's word decides for the model",
        (),
        (
            version(WANT, words="", day=2),
            version(spec(data="old"), words="serving deletion=prevent"),
        ),
        "hold",
        "protected",
    ),
    Case(
        "deletion: no matter what newer versions say",
        (),
        (version(WANT, words="deletion=prevent", day=2), OLD),
        "delete",
        "not-declared",
        (Delete(NAME), Delete(OLD.remote)),
    ),
    Case(
        "deletion: the newest's, where nothing serves",
        (),
        (version(WANT, words="deletion=prevent", day=2), version(spec(data="old"), words="")),
        "hold",
        "protected",
    ),
    Case(
        "deletion: guards the model, not its superseded versions",
        (spec(keep=0, deletion="prevent"),),
        (
            version(WANT, words="serving deletion=prevent", day=2),
            version(spec(data="old"), words="deletion=prevent"),
        ),
        "promote",
        "superseded-left",
        (Delete(OLD.remote),),
    ),
    Case(
        "cancelled: a superseded one is not proven",
        (WANT,),
        (TRAINED, version(spec(data="old"), words="cancelled")),
        "promote",
        "superseded-left",
        (Delete(OLD.remote),),
    ),
    Case(
        "cancelled: with serving, it does not serve",
        (WANT,),
        (IDLE, version(spec(data="old"), words="serving cancelled")),
        "promote",
        "not-serving",
        (promote(NAME, OLD), Delete(OLD.remote)),
    ),
    Case(
        "adopted: its id is not the derived one, and it is ours",
        (WANT,),
        (version(WANT, words="serving adopted=summer-hit", remote=FOREIGN),),
        "keep",
        "up-to-date",
    ),
    Case(
        "adopted: an imported object is promoted when the manifest is merged",
        (WANT,),
        (version(WANT, words="staged adopted=summer-hit", remote=FOREIGN), OLD),
        "promote",
        "not-serving",
        (promote(FOREIGN, OLD),),
    ),
    Case(
        "adopted: the whole name is as good",
        (WANT,),
        (version(WANT, words=f"serving adopted={FOREIGN}", remote=FOREIGN),),
        "keep",
        "up-to-date",
    ),
    Case(
        "adopted: by another name it is a copied description, and steals nothing",
        (WANT,),
        (version(WANT, words="serving adopted=summer-hit", remote="tunedModels/winter-hit"),),
        "create",
        "new",
        CREATE,
    ),
    Case(
        "a copied mark on an object with an id of its own blocks nothing",
        (WANT,),
        (TRAINED, replace(TRAINED, remote=FOREIGN)),
        "keep",
        "up-to-date",
    ),
    Case(
        "nor is it taken for the version",
        (WANT,),
        (replace(TRAINED, remote=FOREIGN),),
        "create",
        "new",
        CREATE,
    ),
    Case(
        "nor for a version of a model that is not declared",
        (WANT,),
        (TRAINED, replace(version(spec("gone")), remote=FOREIGN)),
        "keep",
        "up-to-date",
    ),
    Case(
        "the id of the desired version under a foreign shape is not ours either",
        (WANT,),
        (replace(TRAINED, remote="tunedModels/support-aaaaaaaaaa"),),
        "create",
        "new",
        CREATE,
    ),
    Case(
        "an unknown word: whoever finds one touches nothing",
        (WANT,),
        (version(WANT, words="serving frozen=yes"),),
        "hold",
        "unknown-word",
    ),
    Case(
        "an unknown word on a superseded version forbids it as well",
        (spec(keep=0),),
        (TRAINED, version(spec(data="old"), words="frozen")),
        "hold",
        "unknown-word",
    ),
    Case(
        "an unknown word on a model that is not declared",
        (),
        (version(WANT, words="frozen"),),
        "hold",
        "unknown-word",
    ),
    Case(
        "a later version of the mark",
        (WANT,),
        (version(WANT, unknown=("tuneform/v2",)),),
        "hold",
        "unknown-word",
    ),
    Case(
        "two objects that claim to be one version",
        (WANT,),
        (TRAINED, version(WANT, words="adopted=summer-hit", remote=FOREIGN)),
        "hold",
        "duplicate",
    ),
    Case(
        "two that claim to be one superseded version",
        (WANT,),
        (TRAINED, OLD, version(spec(data="old"), words="adopted=summer-hit", remote=FOREIGN)),
        "hold",
        "duplicate",
    ),
    Case(
        "two of a model that is not declared",
        (),
        (TRAINED, version(WANT, words="adopted=summer-hit", remote=FOREIGN)),
        "hold",
        "duplicate",
    ),
    Case("our id without a mark", (WANT,), (replace(TRAINED, mark=None),), "hold", "mark-missing"),
    Case(
        "our id without a mark, while old versions serve",
        (WANT,),
        (replace(TRAINED, mark=None), OLD),
        "hold",
        "mark-missing",
    ),
    Case(
        "our id without a mark beside an adopted version",
        (WANT,),
        (
            version(WANT, words="serving adopted=summer-hit", remote=FOREIGN),
            replace(TRAINED, mark=None),
        ),
        "hold",
        "mark-missing",
    ),
    Case(
        "our id under a stranger's mark: a create could only fail",
        (WANT,),
        (version(WANT, owner=Owner("rival"), remote=NAME),),
        "hold",
        "id-taken",
    ),
    Case(
        "our id with another fingerprint",
        (WANT,),
        (version(WANT, fingerprint=OTHER),),
        "hold",
        "id-taken",
    ),
    Case(
        "a stranger's mark on our id blocks nothing where the version is live elsewhere",
        (WANT,),
        (
            version(WANT, words="serving adopted=summer-hit", remote=FOREIGN),
            version(WANT, owner=Owner("rival"), remote=NAME),
        ),
        "keep",
        "up-to-date",
    ),
    Case(
        "readable inputs contradict: the base",
        (WANT,),
        (version(WANT, base="models/another"),),
        "hold",
        "inputs-contradict",
    ),
    Case(
        "readable inputs contradict: a setting",
        (spec(epochs=5),),
        (
            replace(
                version(spec(epochs=5)), hyperparameters=version(spec(epochs=9)).hyperparameters
            ),
        ),
        "hold",
        "inputs-contradict",
    ),
    Case(
        "readable inputs contradict: what the mark says of the data",
        (WANT,),
        (version(WANT, data=OTHER),),
        "hold",
        "inputs-contradict",
    ),
    Case(
        "readable inputs contradict: what it says of the revision",
        (WANT,),
        (version(WANT, revision=4),),
        "hold",
        "inputs-contradict",
    ),
    Case(
        "readable inputs contradict: it was tuned from a tuned model",
        (WANT,),
        (version(WANT, source=FOREIGN),),
        "hold",
        "inputs-contradict",
    ),
    Case(
        "an input that cannot be read contradicts nothing",
        (WANT,),
        (version(WANT, base=None),),
        "keep",
        "up-to-date",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    case.check()


@pytest.mark.parametrize(
    "stranger",
    [
        version(WANT, owner=Owner("demo")),
        version(WANT, owner=Owner("demo", "dev")),
        version(WANT, owner=Owner("rival")),
        version(spec("gone"), owner=Owner("demo", "dev")),
        replace(TRAINED, remote="tunedModels/a-stranger", mark=None),
        replace(TRAINED, remote=FOREIGN),
    ],
    ids=["project", "environment", "rival", "undeclared", "no mark", "copied mark"],
)
def test_what_is_not_ours_is_not_even_in_the_plan(stranger):
    decided = plan(live=[stranger])
    assert decided.changes == ()
    assert decided.live_models == 0
    assert plan(WANT, live=[stranger]) == plan(WANT)


@pytest.mark.parametrize(
    "live",
    [
        (version(WANT, words="frozen"),),
        (TRAINED, version(WANT, words="adopted=summer-hit", remote=FOREIGN)),
        (replace(TRAINED, mark=None),),
        (version(WANT, owner=Owner("rival"), remote=NAME),),
        (version(WANT, base="models/another"),),
        (version(WANT, state=LiveState.FAILED),),
        (version(WANT, words="cancelled"),),
        (PINNED,),
    ],
    ids=["word", "copy", "no mark", "taken", "inputs", "failed", "cancelled", "pinned"],
)
def test_a_hold_says_what_restores_order(live):
    change = change_of(plan(WANT, live=live), "support")
    assert change.action == "hold"
    assert change.steps == ()
    remedies = ("revision", "Take the", "mend", "import", "manifest changes")
    assert any(word in change.reason.message for word in remedies)


def test_a_missing_mark_is_told_with_the_import_that_restores_it():
    message = change_of(plan(WANT, live=[replace(TRAINED, mark=None)]), "support").reason.message
    assert f"tuneform import {NAME} --as support --dataset {WANT.dataset.path}" in message


@pytest.mark.parametrize(
    ("why", "live", "action"),
    [
        ("the mark alone decides", version(WANT, remote="jobs/981"), "keep"),
        ("no mark, not ours", replace(version(WANT, remote="jobs/981"), mark=None), "create"),
        ("another owner's", version(WANT, remote="jobs/981", owner=Owner("rival")), "create"),
    ],
)
def test_where_the_provider_assigns_ids(why, live, action):
    assert change_of(plan(WANT, live=[live], capabilities=ASSIGNING), "support").action == action


def test_where_the_provider_assigns_ids_copies_are_told():
    copies = [version(WANT, remote="jobs/981"), version(WANT, remote="jobs/982")]
    change = change_of(plan(WANT, live=copies, capabilities=ASSIGNING), "support")
    assert (change.action, change.reason.code) == ("hold", "duplicate")


def test_single_precision_is_no_contradiction():
    want = spec(rate=0.001)
    single = replace(version(want).hyperparameters, learning_rate=0.0010000000474974513)
    assert plan(want, live=[version(want, hyperparameters=single)]).is_empty


def test_the_first_mark_says_all_that_must_hold_without_a_manifest():
    want = spec(deletion="retain", revision=3)
    model = wanted(want)
    (begin, *_) = change_of(plan(want), "support").steps
    assert begin.mark == Mark(
        "demo/prod",
        "support",
        model.fingerprint_short,
        model.data_short,
        3,
        deletion=DeletionPolicy.RETAIN,
    )
    assert begin.base == BASE
