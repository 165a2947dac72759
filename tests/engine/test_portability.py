"""What a provider cannot honour of what manifests set, from its capabilities alone."""

from dataclasses import replace
from datetime import date

import pytest

from tuneform.domain.capabilities import Base, Capabilities, LabelRules, Limits, SettingRule
from tuneform.domain.diagnostic import Severity
from tuneform.domain.names import Owner
from tuneform.domain.policy import Retirement
from tuneform.domain.settings import fields_set
from tuneform.domain.spec import DatasetRef, Fields
from tuneform.engine.portability import misfits, not_offered
from tuneform.engine.resolve import resolve, root_bases

from .builders import ASSIGNING, BASE, CAPABILITIES, LONE_BASE, OWNER, facts, spec

TODAY = date(2026, 11, 22)

RULES = LabelRules(
    key=("[a-z][a-z0-9_-]{0,9}", "is too odd"),
    value=("[a-z0-9_-]{0,9}", "is too odd as well"),
    most=2,
    reserved="ours",
)
NARROW = Capabilities(
    provider="narrow",
    collection=None,
    bases=(
        Base("models/short", Limits(display_name_characters=10, description_characters=50)),
        Base("*", Limits(display_name_characters=128, description_characters=4_096)),
    ),
    unsupported=(
        ("spec.temperature", "send it with each prompt"),
        ("spec.hyperparameters.batchSize", "leave it out"),
        ("spec.vertex.adapterSize", "remove it"),
        ("spec.vertex.validation", "remove it"),
        ("spec.vertex.encryptionKey", "remove it"),
        ("spec.tunedFrom", "train from a base"),
    ),
    stores_labels=True,
    label_rules=RULES,
    offered=("models/gemini-9-flash", "models/short"),
)


def told(*specs, capabilities=NARROW, owner=OWNER):
    found = misfits(owner, specs, root_bases(specs), capabilities)
    return [(each.subject.removeprefix("TunedModel/"), each.code, each.field) for each in found]


def test_what_every_provider_has_is_no_misfit():
    assert told(spec("a", epochs=3, multiplier=2.0, gate="held", revision=4, keep=0)) == []


def test_each_field_that_is_not_honoured_is_told_where_it_stands():
    odd = replace(
        spec("a", batch=4, epochs=2, fields=Fields(temperature=0.0, top_k=4)),
        validation=DatasetRef("v.jsonl", "jsonl"),
        extras=(("kmsKeyName", "k"), ("serviceAccount", "a")),
    )
    assert told(odd) == [
        ("a", "field-not-supported", "spec.hyperparameters.batchSize"),
        ("a", "field-not-supported", "spec.temperature"),
        ("a", "field-not-supported", "spec.vertex.validation"),
        ("a", "field-not-supported", "spec.vertex.encryptionKey"),
    ]


def test_the_sentence_names_provider_field_and_what_to_use_instead():
    (found,) = misfits(OWNER, [spec("a", batch=4)], {"a": BASE}, NARROW)
    assert found.detail == "Provider narrow cannot honour spec.hyperparameters.batchSize."
    assert found.hint == "leave it out"
    assert (found.severity, found.place) == ("error", spec("a").place)


def test_every_field_that_a_manifest_can_set_has_a_name():
    whole = spec(
        tuned_from="b", epochs=1, batch=1, rate=0.1, fields=Fields(temperature=0, top_p=0, top_k=1)
    )
    whole = replace(
        whole,
        hyperparameters=replace(whole.hyperparameters, adapter_size=4),
        validation=whole.dataset,
        extras=(
            ("exportLastCheckpointOnly", True),
            ("kmsKeyName", "k"),
            ("serviceAccount", "a"),
        ),
    )
    assert fields_set(whole) == (
        "spec.tunedFrom",
        "spec.hyperparameters.epochCount",
        "spec.hyperparameters.batchSize",
        "spec.hyperparameters.learningRate",
        "spec.vertex.adapterSize",
        "spec.temperature",
        "spec.topP",
        "spec.topK",
        "spec.vertex.validation",
        "spec.vertex.exportLastCheckpointOnly",
        "spec.vertex.encryptionKey",
        "spec.vertex.serviceAccount",
    )


@pytest.mark.parametrize(
    ("labels", "fields"),
    [
        ({"team": "growth", "tier": ""}, []),
        ({"Team": "growth"}, ["metadata.labels.Team"]),
        ({"team": "Growth"}, ["metadata.labels.team"]),
        ({"a/b": "A b"}, ['metadata.labels."a/b"', 'metadata.labels."a/b"']),
        ({"ours": "x"}, ["metadata.labels.ours"]),
        ({"ours-too": "x"}, ["metadata.labels.ours-too"]),
        ({"a": "", "b": "", "c": ""}, ["metadata.labels"]),
        ({"a" * 11: ""}, ["metadata.labels." + "a" * 11]),
    ],
    ids=str,
)
def test_labels_that_cannot_be_stored(labels, fields):
    assert [field for _, _, field in told(spec("a", labels=labels))] == fields
    assert told(spec("a", labels=labels), capabilities=CAPABILITIES) == []


def test_a_label_gets_a_suggestion():
    (found,) = misfits(OWNER, [spec("a", labels={"Cost Centre": "x"})], {"a": BASE}, NARROW)
    assert found.detail == "The key 'Cost Centre' of a label is too odd on narrow."
    assert found.hint == "such as 'cost-centre'"


def test_names_are_as_long_as_the_base_permits():
    long = Fields(display_name="n" * 11)
    assert told(spec("a", fields=long)) == []
    assert told(spec("a", base="models/short", fields=long)) == [
        ("a", "too-long", "spec.displayName")
    ]
    child = spec("b", tuned_from="a", fields=long)
    assert told(spec("a", base="models/short"), child)[-1] == ("b", "too-long", "spec.displayName")


def test_a_long_description_is_a_warning():
    text = Fields(description="d" * 51)
    assert told(spec("a", fields=text)) == []
    (found,) = misfits(
        OWNER, [spec("a", base="models/short", fields=text)], {"a": "models/short"}, NARROW
    )
    assert (found.code, found.severity) == ("long-description", "warning")
    assert found.detail == "It has 51 characters; more than 50 may be cut off or refused."


@pytest.mark.parametrize(
    ("gate", "words"), [(None, "serving"), ("held", "serving gate=passed:aaaaaaaaaa")]
)
def test_the_mark_counts_where_it_stands_in_the_description(gate, words):
    mark = f"\ntuneform/v1 owner=demo/prod model=a fingerprint= data= rev=1 {words}"
    room = 300 - len(mark) - 20
    fits = spec("a", gate=gate, fields=Fields(description="d" * room))
    over = spec("a", gate=gate, fields=Fields(description="d" * (room + 1)))
    assert told(fits, capabilities=CAPABILITIES) == []
    assert told(over, capabilities=CAPABILITIES) == [("a", "long-description", "spec.description")]
    assert told(over, capabilities=CAPABILITIES, owner=Owner("demo")) == []


def test_bases_that_are_not_offered_elsewhere():
    specs = [
        spec("a", base="models/gemini-9-flush"),
        spec("b", base="models/short"),
        spec("c", base="models/gemini-1.5-flash-001-tuning"),
        spec("d", tuned_from="a"),
    ]
    found = list(not_offered(specs, NARROW, (), TODAY))
    assert [(each.subject, each.field) for each in found] == [
        ("TunedModel/a", "spec.baseModel"),
        ("TunedModel/c", "spec.baseModel"),
    ]
    assert found[0].hint == "did you mean models/gemini-9-flash?"
    assert found[1].hint == "it is known to offer models/gemini-9-flash, models/short"


def test_bases_that_only_the_service_knows_are_told_once():
    specs = [spec("a", base="models/new"), spec("b", base="models/new"), spec("c", tuned_from="a")]
    (found,) = not_offered(specs, CAPABILITIES, (), TODAY)
    assert (found.severity, found.subject) == (Severity.WARNING, "TunedModel/a")
    assert "models/new was not checked" in found.detail


@pytest.mark.parametrize(("day", "count"), [(22, 1), (23, 0)])
def test_a_base_that_has_retired_is_not_offered(day, count):
    ends = (Retirement("models/gemini-1.5-*", date(2026, 11, day), "models/newer"),)
    found = list(not_offered([spec("a", base=LONE_BASE)], CAPABILITIES, ends, TODAY))
    hints = [each.hint for each in found if each.code == "base-not-offered"]
    assert hints == ["move to models/newer"] * count


def test_labels_are_a_field_where_they_are_stored():
    model = spec("a", labels={"team": "growth"})
    known = {model.dataset: facts(model.dataset)}
    (kept,) = resolve(OWNER, [model], known, replace(ASSIGNING, stores_labels=True)).desired.models
    (other,) = resolve(OWNER, [model], known, ASSIGNING).desired.models
    assert kept.spec.fields.labels == (("team", "growth"),)
    assert other.spec.fields.labels is None
    assert kept.fingerprint == other.fingerprint


def test_validation_has_to_be_read_before_a_model_is_desired():
    model = replace(spec("a"), validation=DatasetRef("v.jsonl", "jsonl"))
    known = {model.dataset: facts(model.dataset)}
    assert resolve(OWNER, [model], known, CAPABILITIES).desired.models == ()
    known[model.validation] = facts(model.validation)
    (desired,) = resolve(OWNER, [model], known, CAPABILITIES).desired.models
    assert desired.validation == known[model.validation]
    (without,) = resolve(OWNER, [spec("a")], known, CAPABILITIES).desired.models
    assert desired.fingerprint == without.fingerprint


def test_a_setting_that_is_not_as_the_provider_wants_it_is_told():
    rule = SettingRule("kmsKeyName", "here/.*", "It is elsewhere.", "take one that is here")
    strict = replace(CAPABILITIES, setting_rules=(rule,))
    near, far = (replace(spec("a"), extras=(("kmsKeyName", key),)) for key in ("here/k", "there/k"))
    assert told(near, capabilities=strict) == told(spec("a"), capabilities=strict) == []
    assert told(far, capabilities=strict) == [
        ("a", "setting-not-supported", "spec.vertex.encryptionKey")
    ]
