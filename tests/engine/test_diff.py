"""What counts as a difference, how it is told, and what is only another spelling."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.plan import Patch
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.engine.diff import same_number

from .builders import change_of, mark_of, plan, spec, version

LIVE = version(spec())


def edited(fields: Fields, live=LIVE):
    return change_of(plan(spec(fields=fields), live=[live]), "support")


@pytest.mark.parametrize(
    ("reason", "fields", "odd", "patch"),
    [
        ("absent means not managed", Fields(), {"temperature": 0.1, "top_k": 3}, None),
        ("equal", Fields(temperature=0.7), {"temperature": 0.7}, None),
        ("single precision", Fields(temperature=0.7), {"temperature": 0.699999988079071}, None),
        ("single precision, topP", Fields(top_p=0.95), {"top_p": 0.949999988079071}, None),
        ("a float that is whole", Fields(temperature=1.0), {"temperature": 1}, None),
        ("zero is a value", Fields(temperature=0.0), {"temperature": 0.7}, Fields(temperature=0.0)),
        ("temperature", Fields(temperature=0.2), {"temperature": 0.7}, Fields(temperature=0.2)),
        ("topP", Fields(top_p=0.5), {"top_p": 0.95}, Fields(top_p=0.5)),
        ("topK", Fields(top_k=40), {"top_k": 64}, Fields(top_k=40)),
        ("not said by the service", Fields(top_k=40), {"top_k": None}, Fields(top_k=40)),
        (
            "not said, temperature",
            Fields(temperature=0.2),
            {"temperature": None},
            Fields(temperature=0.2),
        ),
        ("a title", Fields(display_name="T"), {}, Fields(display_name="T")),
        ("a title edited by hand", Fields(), {"display_name": "X"}, Fields(display_name="support")),
        ("a description", Fields(description="D"), {}, Fields(description="D")),
        ("a description that is taken out", Fields(), {"description": "D"}, Fields(description="")),
        (
            "several at once, one patch",
            Fields(description="D", temperature=0.2, top_k=9),
            {"top_k": 9},
            Fields(description="D", temperature=0.2),
        ),
    ],
)
def test_edits(reason, fields, odd, patch):
    change = edited(fields, replace(LIVE, **odd))
    assert change.action == ("keep" if patch is None else "update")
    assert change.steps == (() if patch is None else (Patch(LIVE.remote, patch, mark_of(LIVE)),))


def test_an_edit_is_told_field_by_field():
    change = edited(Fields(description="D", temperature=0.2), replace(LIVE, temperature=0.7))
    assert [(each.field, each.before, each.after, each.effect) for each in change.deltas] == [
        ("spec.description", "", "D", "in-place"),
        ("spec.temperature", 0.7, 0.2, "in-place"),
    ]
    assert change.reason.message.startswith("spec.description, spec.temperature")


def test_a_policy_is_told_as_the_manifest_spells_it():
    change = change_of(plan(spec(deletion="prevent"), live=[LIVE]), "support")
    (delta,) = change.deltas
    assert (delta.field, delta.before, delta.after) == (
        "spec.lifecycle.deletionPolicy",
        "delete",
        "prevent",
    )


@pytest.mark.parametrize(
    ("reason", "before", "after", "fields", "note"),
    [
        ("a value that differs", {"epochs": 5}, {"epochs": 9}, ["epochCount"], None),
        (
            "two values",
            {"epochs": 5, "batch": 8},
            {"epochs": 9, "batch": 9},
            ["batchSize", "epochCount"],
            None,
        ),
        ("a default spelled out", {}, {"epochs": 5}, ["epochCount"], "leaving it out"),
        ("a rate spelled out", {}, {"rate": 0.001}, ["learningRate"], "leaving it out"),
        (
            "two spelled out",
            {},
            {"epochs": 5, "batch": 4},
            ["epochCount", "batchSize"],
            "leaving them out",
        ),
        (
            "one of two spelled out",
            {"epochs": 5},
            {"epochs": 5, "batch": 4},
            ["batchSize"],
            "leaving it out",
        ),
        ("a default left out", {"epochs": 5}, {}, ["epochCount"], "writing that"),
        (
            "a value left out",
            {"epochs": 9, "batch": 8},
            {"batch": 8},
            ["epochCount"],
            "epochCount: 9",
        ),
        (
            "the rate under its other name",
            {"rate": 0.001},
            {"multiplier": 1.0},
            ["learningRateMultiplier"],
            None,
        ),
    ],
)
def test_settings(reason, before, after, fields, note):
    change = change_of(plan(spec(**after), live=[version(spec(**before))]), "support")
    assert (change.action, change.reason.code) == ("replace", "hyperparameters-changed")
    assert [each.field for each in change.deltas] == [
        f"spec.hyperparameters.{each}" for each in fields
    ]
    assert all(each.effect == "retrain" for each in change.deltas)
    assert len(change.notes) == (note is not None)
    assert note is None or note in change.notes[0]


def test_a_default_in_single_precision_is_known_as_the_default():
    single = Hyperparameters(5, 4, 0.0010000000474974513)
    change = change_of(
        plan(spec(rate=0.001), live=[version(spec(), hyperparameters=single)]), "support"
    )
    assert "leaving it out" in change.notes[0]


def test_a_rate_left_out_is_known_in_single_precision_too():
    single = Hyperparameters(5, 4, 0.0010000000474974513)
    change = change_of(
        plan(spec(), live=[version(spec(rate=0.001), hyperparameters=single)]), "support"
    )
    (note,) = change.notes
    assert note.startswith("The live version was trained with learningRate: 0.001: writing that")


def test_the_note_is_for_the_only_cause():
    change = change_of(plan(spec(data="new", epochs=5), live=[LIVE]), "support")
    assert (change.reason.code, change.notes) == ("dataset-changed", ())


def test_a_rate_in_single_precision_is_no_second_cause():
    single = Hyperparameters(5, 4, 0.0010000000474974513)
    live = version(spec(data="old", rate=0.001), hyperparameters=single)
    change = change_of(plan(spec(rate=0.001), live=[live]), "support")
    assert [each.field for each in change.deltas] == ["spec.dataset"]


@given(st.floats(1e-9, 1e9))
def test_a_number_is_the_same_after_single_precision(number):
    (single,) = struct.unpack("<f", struct.pack("<f", number))
    assert same_number(number, single)
    assert same_number(single, number)
    assert not same_number(number, number * 1.001)


def sized(size, **changes):
    """A manifest with an adapter size, and what else it changes."""
    made = spec(**changes)
    return replace(made, hyperparameters=replace(made.hyperparameters, adapter_size=size))


@pytest.mark.parametrize(
    ("wanted", "code", "fields"),
    [
        (sized(8), "hyperparameters-changed", ["spec.vertex.adapterSize"]),
        (
            sized(8, epochs=9),
            "hyperparameters-changed",
            ["spec.hyperparameters.epochCount", "spec.vertex.adapterSize"],
        ),
        (sized(8, revision=2), "inputs-changed", ["spec.revision", "spec.vertex.adapterSize"]),
    ],
    ids=["alone", "with-epochs", "with-revision"],
)
def test_a_setting_is_told_where_the_manifest_has_it(wanted, code, fields):
    change = change_of(plan(wanted, live=[version(sized(4))]), "support")
    assert (change.action, change.reason.code) == ("replace", code)
    assert [each.field for each in change.deltas] == fields
