"""What is saved is what is applied."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from tests.engine.builders import change_of, declare, plan, spec, version
from tests.engine.test_laws import law

from tuneform.domain.plan import Evaluate, Patch, Plan, Start
from tuneform.domain.selection import Selection
from tuneform.domain.spec import DatasetRef, Fields
from tuneform.errors import Stale
from tuneform.planfile import restore
from tuneform.planfile.sealing import REDACTED
from tuneform.render.plain import SENSITIVE, redact_json
from tuneform.render.plan_json import plan_json

from .documents import (
    COST,
    DATA,
    GATE,
    UNPRICED,
    as_file,
    cases,
    desired_of,
    read_back,
    resealed,
    round_trip,
    saved_document,
)


def without_texts(document):
    """All that a restored plan still tells; of live texts it has no more than digests."""
    document = copy.deepcopy(document)
    for change in document["changes"]:
        for each in change["versions"]:
            del each["texts"]
    return document


def decisions(decided: Plan):
    return [
        (each.model, each.action, each.reason, each.remote, each.steps, each.deltas, each.parent)
        for each in decided.changes
    ]


@law
@given(cases())
def test_a_saved_plan_is_the_plan(case):
    specs, decided = case
    desired = desired_of(specs)
    again = round_trip(decided, desired)
    assert decisions(again) == decisions(decided)
    assert again.summary == decided.summary
    assert without_texts(plan_json(again)) == without_texts(plan_json(decided))


@law
@given(cases())
def test_what_is_shown_from_a_file_is_what_the_file_says(case):
    specs, decided = case
    document = saved_document(decided, desired_of(specs))
    shown = read_back(document).plan
    assert without_texts(plan_json(shown)).items() <= without_texts(document).items()


@law
@given(cases())
def test_digests_of_texts_stand_by_the_objects(case):
    specs, decided = case
    saved = read_back(saved_document(decided, desired_of(specs)))
    assert saved.texts.keys() == {
        live.remote for change in decided.changes for live in change.versions
    }


def gated_plan():
    """One change with everything that a change may have."""
    want = spec(gate=GATE, fields=Fields(description="Sends tickets on.", temperature=0.2))
    decided = plan(want, live=[version(spec(data="old"))])
    change = replace(change_of(decided, "support"), cost=COST, data=DATA, notes=("A note.",))
    return want, replace(decided, changes=(change,))


def test_everything_that_a_change_may_have_comes_back():
    want, decided = gated_plan()
    again = round_trip(decided, declare(want))
    before, after = decided.changes[0], again.changes[0]
    assert after.steps == before.steps
    assert [type(step) for step in after.steps if isinstance(step, Evaluate)] == [Evaluate]
    assert (after.training, after.cost, after.notes) == (before.training, COST, before.notes)
    assert after.data == replace(DATA, samples=())
    assert again.total == decided.total


def test_an_unknown_price_stays_unknown():
    want, decided = gated_plan()
    unpriced = replace(decided, changes=(replace(decided.changes[0], cost=UNPRICED),))
    again = round_trip(unpriced, declare(want))
    assert again.changes[0].cost == UNPRICED


def test_no_example_text_and_no_untouched_text_is_saved():
    want, decided = gated_plan()
    kept = spec("kept", fields=Fields(description="Nobody needs to read this."))
    desired = declare(want, kept)
    decided = plan(want, kept, live=[version(spec(data="old")), version(kept)])
    changes = tuple(replace(each, data=DATA) for each in decided.changes)
    text = as_file(saved_document(replace(decided, changes=changes), desired))
    for private in (b"held by nobody", b"Nobody needs", b"Q: "):
        assert private not in text


def test_redacted_texts_are_put_back_from_the_manifests():
    words = Fields(display_name="Help", description="Key is s3cret!", temperature=0.2)
    want = replace(spec(fields=words), dataset=DatasetRef("data/s3cret!.csv", "csv", "q", "a", "P"))
    edited = replace(want, name="other")
    decided = plan(want, edited, live=[replace(version(edited), description="Old.")])
    desired = declare(want, edited)
    document = saved_document(decided, desired)
    redacted = resealed(redact_json(document, ["s3cret!"]))
    assert b"s3cret" not in as_file(redacted)
    saved = read_back(redacted)
    before = restore(read_back(document), desired)
    assert [each.steps for each in restore(saved, desired).changes] == [
        each.steps for each in before.changes
    ]
    steps = [step for each in restore(saved, desired).changes for step in each.steps]
    patch = next(step for step in steps if isinstance(step, Patch))
    start = next(step for step in steps if isinstance(step, Start))
    assert patch.fields == Fields(description="Key is s3cret!")
    assert (start.fields, start.dataset) == (want.fields, want.dataset)
    assert REDACTED == SENSITIVE


def test_a_file_name_that_is_no_utf_8_is_read_back_from_the_manifest():
    want = replace(spec(), dataset=DatasetRef("data/\udce4.jsonl", "jsonl"))
    want = replace(want, fields=replace(want.fields, description="é\u2028\x1b"))
    (change,) = round_trip_of(want).changes
    start = change.steps[0]
    assert isinstance(start, Start)
    assert start.dataset.path == "data/\udce4.jsonl"
    assert start.fields.description == "é\u2028\x1b"


def round_trip_of(want):
    # Here the examples of a dataset are made up from its path, which has to be text for that.
    plain = replace(want, dataset=DatasetRef("data/a.jsonl", "jsonl"))
    desired, decided = declare(plain), plan(plain)
    desired = replace(desired, models=(replace(desired.models[0], spec=want),))
    change = decided.changes[0]
    start = replace(change.steps[0], dataset=want.dataset)
    decided = replace(decided, changes=(replace(change, steps=(start, *change.steps[1:])),))
    return round_trip(decided, desired)


def forged_start(document, **changed):
    change = copy.deepcopy(document["changes"][0])
    start = next(step for step in change["steps"] if step["do"] == "start")
    start.update(changed)
    return resealed(document, changes=[change])


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"base": "models/dearer"}, "base"),
        ({"fingerprint": "0" * 64}, "fingerprint"),
        ({"data_digest": "0" * 64}, "data_digest"),
        ({"dataset": "other.jsonl"}, "dataset"),
        ({"hyperparameters": {"epochCount": 100}}, "hyperparameters"),
        ({"fields": {"displayName": "Other"}}, "display_name"),
        ({"parent": "another"}, "parent"),
    ],
)
def test_a_start_that_the_manifest_does_not_ask_for_is_refused(changed, named):
    want, decided = gated_plan()
    desired = declare(want)
    saved = read_back(forged_start(saved_document(decided, desired), **changed))
    with pytest.raises(Stale, match=rf"support: its {named} is another one"):
        restore(saved, desired)


def test_steps_of_a_model_that_nobody_declares_are_refused():
    want, decided = gated_plan()
    saved = read_back(saved_document(decided, declare(want)))
    with pytest.raises(Stale, match="no manifest declares the model"):
        restore(saved, declare())


def test_another_gate_is_refused():
    want, decided = gated_plan()
    saved = read_back(saved_document(decided, declare(want)))
    for other in (None, replace(GATE, repeats=4)):
        with pytest.raises(Stale, match="gate is another one"):
            restore(saved, declare(replace(want, gate=other)))


def test_the_selection_comes_back():
    decided = plan(spec())
    chosen = Selection(("support", "team=*"), ("old-*",))
    saved = read_back(saved_document(decided, declare(spec()), chosen))
    assert saved.selection == chosen
