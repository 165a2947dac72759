"""What has changed since a plan was made is named."""

from dataclasses import replace

import pytest
from tests.engine.builders import declare, destroy, plan, spec, version

from tuneform.domain.diagnostic import Place
from tuneform.domain.names import Owner
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.domain.spec import DatasetFacts, Fields, ProviderSpec
from tuneform.planfile import made_from, stale_parts

from .documents import PROVIDER, read_back, saved_document

ONE, TWO = spec("one", gate="hard"), spec("two", tuned_from="one")


def saved(specs, selection=EVERYTHING, *, live=(), destroying=False):
    make = destroy if destroying else plan
    decided = make(*specs, live=live, selection=selection)
    return read_back(saved_document(decided, declare(*specs), selection, destroying=destroying))


def stale(before, *specs, desired=None, provider=PROVIDER):
    now = made_from(
        desired or declare(*specs),
        before.plan,
        before.selection,
        before.made_from.destroy,
        provider,
        "0.9.0",
    )
    return stale_parts(before, now)


def changed(desired, name, **fields):
    models = [replace(each, **fields) if each.name == name else each for each in desired.models]
    return replace(desired, models=tuple(models))


def test_what_is_the_same_is_not_stale():
    elsewhere = replace(ONE, place=Place("elsewhere.yaml", 99, 1))
    moved = replace(PROVIDER, place=Place("tuneform.yaml", 7, 3))
    assert stale(saved([ONE, TWO]), TWO, elsewhere, provider=moved) == ()


@pytest.mark.parametrize(
    ("specs", "parts"),
    [
        ([replace(ONE, fields=Fields("One", "New text.")), TWO], ["the manifest of one changed"]),
        ([replace(ONE, labels=(("team", "growth"),)), TWO], ["the manifest of one changed"]),
        ([ONE], ["two is no longer declared"]),
        ([ONE, TWO, spec("new")], ["new is declared now, and was not then"]),
        (
            [ONE, replace(TWO, tuned_from=None, base_model="models/other")],
            ["the manifest of two changed"],
        ),
        (
            [replace(ONE, revision=2), TWO],
            ["the manifest of one changed", "what two is tuned from changed"],
        ),
    ],
)
def test_models_that_changed_are_named(specs, parts):
    assert list(stale(saved([ONE, TWO]), *specs)) == parts


def test_data_that_changed_under_the_same_manifest_is_named():
    desired = declare(ONE, TWO)
    (gate,) = (each.gate for each in desired.models if each.gate)
    data = changed(desired, "one", data=DatasetFacts("0" * 64, 1, 1), fingerprint="1" * 64)
    assert stale(saved([ONE, TWO]), desired=data) == ("the dataset of one changed",)
    judged = changed(desired, "one", gate=replace(gate, digest="0" * 64))
    assert stale(saved([ONE, TWO]), desired=judged) == ("the gate of one changed",)


def test_owner_and_provider_are_named():
    before = saved([ONE])
    other = replace(declare(ONE), owner=Owner("demo"))
    assert stale(before, desired=other) == ("it was made for owner demo/prod, and this is demo",)
    remote = ProviderSpec("gemini")
    assert stale(before, ONE, provider=remote) == (
        "it was made for provider embedded, and this is gemini",
    )
    moved = replace(PROVIDER, data="elsewhere")
    assert stale(before, ONE, provider=moved) == ("the settings of provider embedded changed",)


def test_models_outside_the_selection_are_nothing():
    before = saved([ONE, TWO, spec("three")], Selection(("one",)))
    assert list(before.made_from.models) == ["one"]
    assert stale(before, ONE, spec("three", data="other"), spec("four")) == ()
    assert stale(before, TWO, replace(ONE, revision=3)) == ("the manifest of one changed",)


def test_a_deletion_is_stale_once_the_model_is_declared_again():
    before = saved([], Selection(("one",)), live=[version(ONE)])
    assert stale(before) == ()
    assert stale(before, ONE) == ("one is declared now, and was not then",)


def test_destroy_asks_only_for_what_it_deletes():
    before = saved([ONE, spec("three")], live=[version(ONE)], destroying=True)
    assert before.made_from.destroy
    assert list(before.made_from.models) == ["one"]
    assert stale(before, ONE) == ()
    protected = replace(ONE, keep_versions=3)
    assert stale(before, protected) == ("the manifest of one changed",)
