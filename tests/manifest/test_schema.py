"""The JSON Schema accepts what `load` accepts and rejects what it rejects; so do the pages."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.manifest.compose import documents
from tuneform.manifest.document import Setting, read_document
from tuneform.manifest.interpolate import Variable, Variables
from tuneform.manifest.project import Choice, read_project
from tuneform.manifest.reference import MODEL_EXAMPLE, PROJECT_EXAMPLE, reference_markdown
from tuneform.manifest.schema import json_schema
from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken
from tuneform.manifest.variables import VariableSources

REPOSITORY = Path(__file__).parents[2]
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
VARIABLES = Variables(
    {
        "v": Variable("5", 5),
        "size": Variable("4", 4),
        "share": Variable("0.5", 0.5),
        "stage": Variable("dev", "dev"),
    }
)


def loads(value):
    """Whether `load` finds nothing wrong with one document."""
    source = Source("m/a.yaml", json.dumps(value))
    if isinstance(value, dict) and value.get("kind") == "Project":
        return not read_project(source, Choice(None, VariableSources(), "0.1.0")).diagnostics
    (root,) = documents(source)
    assert not isinstance(root, Broken)
    told = read_document(source, root, Setting(VARIABLES)).diagnostics
    return not [each for each in told if each.severity == "error"]


def model(**spec):
    base = {"baseModel": "models/b", "dataset": {"path": "t.csv"}}
    return {
        "apiVersion": "tuneform/v1",
        "kind": "TunedModel",
        "metadata": {"name": "a"},
        "spec": {**base, **spec},
    }


def project(**spec):
    base = {"manifests": ["m"], "provider": {"type": "embedded"}}
    return {
        "apiVersion": "tuneform/v1",
        "kind": "Project",
        "metadata": {"name": "p"},
        "spec": {**base, **spec},
    }


VERTEX = {
    "type": "vertex",
    "project": "acme-models",
    "location": "europe-west4",
    "datasetBucket": "gs://acme-tuning/datasets/a.b",
}
KEY = "projects/acme-models/locations/europe-west4/keyRings/ml/cryptoKeys/tuning"
PRICES = {"asOf": "2026-11-01", "currency": "EUR", "perMillionTokens": {"models/*": 8}}


def gated(**gate):
    return model(gate=gate)


def measured(**metrics):
    return gated(dataset={"path": "a.csv"}, metrics=metrics)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [each["$ref"] for each in SCHEMA["oneOf"]] == ["#/$defs/Project", "#/$defs/TunedModel"]


def test_every_key_says_what_it_is_for():
    for name, definition in SCHEMA["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"


def test_nothing_of_pydantic_shows():
    text = json.dumps(SCHEMA)
    assert "x-variable" not in text
    assert '"title": "Api' not in text
    assert "pydantic" not in text.lower()


def test_the_committed_schema_is_the_present_one():
    text = (REPOSITORY / "docs" / "manifest.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


def examples():
    for definition in SCHEMA["$defs"].values():
        for key, value in definition.get("properties", {}).items():
            for example in value.get("examples", ()):
                yield pytest.param(value, example, id=f"{key}-{example}"[:60])


@pytest.mark.parametrize(("value", "example"), list(examples()))
def test_examples_are_right(value, example):
    jsonschema.Draft202012Validator({**value, "$defs": SCHEMA["$defs"]}).validate(example)


@pytest.mark.parametrize("folder", [".", "examples/minimal", "examples/gitops", "examples/vertex"])
def test_the_shipped_manifests_fit(folder):
    root = REPOSITORY / folder
    places = [root / "tuneform.yaml", *root.glob("[a-z]*.yaml"), *root.glob("m*/**/*.yaml")]
    assert len(places) > 1
    for path in places:
        for document in yaml.safe_load_all(path.read_text()):
            VALIDATOR.validate(document)


GOOD = [
    model(),
    model(displayName="x", description="y\n", temperature=0, topP=1, topK=1, revision=1),
    model(hyperparameters={"epochCount": 1, "learningRate": 0.1}),
    model(hyperparameters={}),
    model(lifecycle={"deletionPolicy": "retain", "keepVersions": 0}),
    model(lifecycle={"keepVersions": "${var.v}"}),
    model(topK="${var.v}"),
    model(displayName="${var.stage} x" * 1),
    model(dataset={"path": "${var.stage}.csv", "fields": {"input": "q"}}),
    model(dataset={"path": "t", "format": "csv", "preamble": ""}),
    project(),
    project(environments={"prod": None, "dev": {}}),
    project(environments={"prod": {"provider": {"type": "gemini", "endpoint": "https://h:1/x"}}}),
    project(variables={"a": 1, "b": 1.5, "c": True, "d": "x", "e": {"value": "x"}}),
    project(variables={"e": {"value": 5, "sensitive": True}}),
    project(requires=">=0.1", ledger="sqlite:///x.db"),
    gated(mustPass={"path": "a.csv"}),
    gated(mustPass={"path": "a", "format": "tsv", "measure": "jsonFields"}, repeats=20),
    gated(dataset={"path": "a.csv", "fields": {"input": "q"}}, metrics={"charF1": {"min": 0}}),
    gated(dataset={"holdout": 0.5}, metrics={"macroF1": {"maxRegression": 1}}, concurrency=64),
    gated(dataset={"holdout": "${var.share}"}, metrics={"own": {"min": "${var.share}"}}),
    measured(exactMatch={"min": 1, "maxRegression": 0}, contains={"min": 0.5}),
    measured(regex={"pattern": "a|b", "min": 1}, jsonFields={"fields": ["a"], "min": 1}),
    measured(jsonFields={"min": 1}, normalizedMatch={"min": "${var.share}"}),
    measured(precision={"labels": {"": {"min": 1}, "a b": {"maxRegression": 1}}}),
    measured(recall={"min": 1, "labels": {"a": {"min": 1}}}),
    measured(**{"own.m-e_t9": {"min": 1, "options": {"a": [None, {"b": 1.5}]}}}),
    measured(microF1={"min": 1}),
    model(vertex={}),
    model(vertex={"adapterSize": 32, "exportLastCheckpointOnly": False, "encryptionKey": KEY}),
    model(vertex={"adapterSize": "${var.size}", "serviceAccount": "a@p.iam.gserviceaccount.com"}),
    model(vertex={"validation": {"path": "v.jsonl", "fields": {"input": "q"}}}),
    model(vertex={"validation": {"share": 0.5}}),
    project(provider=VERTEX),
    project(provider={**VERTEX, "project": "123456789012", "location": "global"}),
    project(provider={**VERTEX, "project": "acme.example:models", "location": "local"}),
    project(provider={**VERTEX, "datasetBucket": "gs://acme-tuning", "bases": ["models/a"]}),
    project(provider={**VERTEX, "endpoint": "https://h", "storageEndpoint": "http://h:1"}),
    project(provider={**VERTEX, "endpointPolicy": "servingOnly"}),
    project(provider={"type": "embedded", "dialect": "vertex", "data": "x"}),
    project(policy={}),
    project(policy={"allowedBases": ["models/a*", "*"], "warn": ["allowedBases"]}),
    project(policy={"requiredLabels": ["a/b"], "examples": {"least": 1}, "maxDeletes": 0}),
    project(policy={"hyperparameters": {"batchSize": {"least": 1}, "learningRate": {"most": 1}}}),
    project(policy={"maxCost": 0, "maxTrainings": 1, "retirementDays": 0}),
    project(prices=PRICES),
    project(environments={"prod": {"policy": {"maxCost": 1}, "prices": PRICES}}),
]
BAD = [
    "text",
    [],
    {},
    {**model(), "apiVersion": "v1"},
    {**model(), "kind": "Model"},
    {**model(), "status": {}},
    {**model(), "metadata": {}},
    {**model(), "metadata": {"name": "A"}},
    {**model(), "metadata": {"name": "a" * 30}},
    {**model(), "metadata": {"name": "a", "formerly": "b"}},
    {**model(), "metadata": {"name": "a", "labels": {"a": 1}}},
    {**model(), "metadata": {"name": "a", "labels": {"a b": "x"}}},
    {**model(), "metadata": {"name": "a", "labels": {f"l{n}": "" for n in range(65)}}},
    model(tunedFrom="b"),
    model(baseModel="b"),
    model(baseModel=None),
    model(displayName="x" * 129),
    model(displayName=""),
    model(displayName="a\tb"),
    model(description="a tuneform/v1 b"),
    model(temperature="0.5"),
    model(temperature=2),
    model(temperature=True),
    model(topK=0),
    model(topK=1.5),
    model(topK="x${var.v}"),
    model(revision=10**9),
    model(hyperparameters={"epochCount": 0}),
    model(hyperparameters={"learningRate": 0}),
    model(hyperparameters={"learningRate": 1, "learningRateMultiplier": 1}),
    model(hyperparameters=None),
    model(gate=None),
    gated(),
    gated(metrics={"contains": {"min": 1}}),
    gated(dataset={"path": "a.csv"}),
    gated(dataset={"path": "a.csv"}, mustPass={"path": "a.csv"}),
    gated(holdout=0.1, mustPass={"path": "a.csv"}),
    gated(mustPass={}),
    gated(mustPass={"path": "a.csv", "measure": "regex"}),
    gated(mustPass={"path": "a.csv"}, repeats=0),
    gated(mustPass={"path": "a.csv"}, repeats=21),
    gated(mustPass={"path": "a.csv"}, concurrency=65),
    *(
        gated(dataset=dataset, metrics={"contains": {"min": 1}})
        for dataset in (
            {},
            {"holdout": 0},
            {"holdout": 0.6},
            {"holdout": 0.1, "path": "a.csv"},
            {"holdout": 0.1, "format": "csv"},
            {"holdout": 0.1, "fields": {}},
            {"holdout": 0.1, "path": "a.csv", "format": "csv"},
            {"path": "a.csv", "preamble": ""},
        )
    ),
    measured(),
    measured(contains={}),
    measured(contains=None),
    measured(contains={"min": 1.1}),
    measured(contains={"min": 1, "labels": {"a": {"min": 1}}}),
    measured(regex={"min": 1}),
    measured(regex={"pattern": "a"}),
    measured(regex={"pattern": "a" * 1001, "min": 1}),
    measured(jsonFields={"min": 1, "fields": []}),
    measured(jsonFields={"min": 1, "fields": ["a", "a"]}),
    measured(recall={}),
    measured(recall={"labels": {}}),
    measured(recall={"labels": {"a": {}}}),
    measured(own={"options": {}}),
    measured(own={"min": 1, "options": []}),
    measured(own={"min": 1, "depth": 2}),
    measured(**{"a b": {"min": 1}}),
    measured(**{"9": {"min": 1}}),
    measured(exactmatch={"min": 1}),
    measured(exact_match={"min": 1}),
    measured(**{"Json-Fields": {"min": 1}}),
    model(lifecycle={"deletionPolicy": "keep"}),
    model(dataset={}),
    model(dataset={"path": "/x.csv"}),
    model(dataset={"path": "t.csv", "format": "xml"}),
    project(manifests=[]),
    project(manifests=[""]),
    project(manifests="m"),
    project(provider={"type": "vertex"}),
    project(provider={"type": "vertexai"}),
    project(provider={**VERTEX, "location": "europe-west4-a"}),
    project(provider={**VERTEX, "location": "Europe"}),
    project(provider={**VERTEX, "project": "P"}),
    project(provider={**VERTEX, "datasetBucket": "acme-tuning"}),
    project(provider={**VERTEX, "datasetBucket": "gs://acme-tuning/"}),
    project(provider={**VERTEX, "datasetBucket": "gs://acme-tuning/a/../b"}),
    project(provider={**VERTEX, "datasetBucket": "gs://acme-tuning/."}),
    project(provider={**VERTEX, "endpointPolicy": "none"}),
    project(provider={**VERTEX, "bases": []}),
    project(provider={**VERTEX, "bases": ["gemini-9"]}),
    project(provider={**VERTEX, "bases": ["models/a", "models/a"]}),
    project(provider={**VERTEX, "data": "x"}),
    project(provider={**VERTEX, "dialect": "vertex"}),
    project(provider={"type": "gemini", "project": "acme-models"}),
    project(provider={"type": "embedded", "dialect": "openai"}),
    model(vertex={"adapterSize": 3}),
    model(vertex={"adapterSize": "4"}),
    model(vertex={"adapterSize": 4.5}),
    model(vertex={"adapter_size": 4}),
    model(vertex={"exportLastCheckpointOnly": "yes"}),
    model(vertex={"exportLastCheckpointOnly": None}),
    model(vertex={"encryptionKey": "key"}),
    model(vertex={"encryptionKey": f"{KEY}/cryptoKeyVersions/1"}),
    model(vertex={"serviceAccount": "trainer"}),
    model(vertex={"validation": {}}),
    model(vertex={"validation": {"share": 0}}),
    model(vertex={"validation": {"share": 0.6}}),
    model(vertex={"validation": {"share": 0.1, "path": "a.csv"}}),
    model(vertex={"validation": {"share": 0.1, "format": "csv"}}),
    project(provider={"type": "embedded", "endpoint": "http://h"}),
    project(provider={"type": "gemini", "data": "x"}),
    project(provider={}),
    project(ledger="x.db"),
    project(policy=None),
    project(policy={"maxCost": -1}),
    project(policy={"maxCost": "1"}),
    project(policy={"maxDeletes": 1.5}),
    project(policy={"maxTrainings": 0}),
    project(policy={"allowedBases": []}),
    project(policy={"allowedBases": ["gemini-*"]}),
    project(policy={"requiredLabels": ["a", "a"]}),
    project(policy={"requiredLabels": ["a b"]}),
    project(policy={"examples": {}}),
    project(policy={"examples": {"least": 0}}),
    project(policy={"hyperparameters": {}}),
    project(policy={"hyperparameters": {"learningRate": {"most": 0}}}),
    project(policy={"hyperparameters": {"epochCount": {"most": 1.5}}}),
    project(policy={"hyperparameters": {"temperature": {"most": 1}}}),
    project(policy={"warn": ["budget"]}),
    project(policy={"maxCost": 1, "warn": ["maxCost", "maxCost"]}),
    project(prices={}),
    project(prices={**PRICES, "asOf": "today"}),
    project(prices={**PRICES, "currency": "usd"}),
    project(prices={**PRICES, "perMillionTokens": {}}),
    project(prices={**PRICES, "perMillionTokens": {"gemini": 1}}),
    project(prices={**PRICES, "perMillionTokens": {"*": -1}}),
    project(environments={"prod": {"policy": {"maxcost": 1}}}),
    project(variables={"a": None}),
    project(variables={"a": [1]}),
    project(variables={"a b": 1}),
    project(variables={"a": {"sensitive": True}}),
    project(environments={"Prod": {}}),
    project(environments={"prod": {"requires": ">1"}}),
]


def without(document, *keys):
    """The document without some keys of its spec."""
    return {**document, "spec": {k: v for k, v in document["spec"].items() if k not in keys}}


BAD += [
    without(model(), "dataset"),
    without(model(), "baseModel"),
    without(project(), "manifests"),
    without(project(), "provider"),
]


@pytest.mark.parametrize("document", GOOD, ids=lambda each: json.dumps(each["spec"])[:60])
def test_both_accept(document):
    assert VALIDATOR.is_valid(document)
    assert loads(document)


@pytest.mark.parametrize("document", BAD, ids=lambda each: json.dumps(each)[-60:])
def test_both_reject(document):
    assert not VALIDATOR.is_valid(document)
    assert not loads(document)


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3_000_000_000)
    | st.sampled_from([0.5, 1.5, -0.1, 1e-9])
    | st.sampled_from(["", "x", "models/b", "a-b", "A", "delete", "csv", "t.csv", "${var.v}", "9"])
    | st.sampled_from(
        [[], ["a"], ["a", 5], {}, {"a": "b"}, {"type": "embedded"}, {"path": "t.csv"}]
    )
)


def _keys(kind):
    definitions = SCHEMA["$defs"]

    def walk(name, path):
        for key, value in definitions[name]["properties"].items():
            yield (*path, key)
            inner = value.get("$ref", "").rpartition("/")[2]
            if inner in definitions:
                yield from walk(inner, (*path, key))

    return list(walk(kind, ()))


def _put(document, path, value):
    document = json.loads(json.dumps(document))
    here = document
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            return document
    here[path[-1]] = value
    return document


def _settled(document):
    """Whether a relation between values, which JSON Schema cannot express, is beside the point."""
    metadata, spec = document.get("metadata"), document.get("spec")
    if isinstance(metadata, dict) and metadata.get("formerly") == [metadata.get("name")]:
        return False
    gate = _mapping(spec).get("gate")
    datasets = (_mapping(spec).get("dataset"), *map(_mapping(gate).get, ("dataset", "mustPass")))
    return all(_readable(each) for each in datasets if isinstance(each, dict))


def _readable(data):
    known = "format" in data or "path" not in data or str(data["path"]).endswith(".csv")
    names = _mapping(data.get("fields"))
    return known and names.get("input", "text_input") != names.get("output", "output")


def _mapping(value):
    return value if isinstance(value, dict) else {}


@given(st.lists(st.tuples(st.sampled_from(_keys("TunedModel")), _VALUES), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_they_agree_on_models(changes):
    document = model()
    for path, value in changes:
        document = _put(document, path, value)
    if _settled(document) and document.get("kind") == "TunedModel":
        accepted = VALIDATOR.is_valid(document)
        # What `${var.v}` stands for is not known to the schema.
        assert accepted == loads(document) or (accepted and "${var.v}" in json.dumps(document))


def _consistent(policy):
    """Whether the same is so of the rules: no bounds cross each other."""
    bounds = (policy.get("examples"), *_mapping(policy.get("hyperparameters")).values())
    return not any({"least", "most"} <= _mapping(each).keys() for each in bounds)


@given(st.lists(st.tuples(st.sampled_from(_keys("Project")), _VALUES), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_they_agree_on_projects(changes):
    document = project(variables={"v": 5})
    for path, value in changes:
        document = _put(document, path, value)
    spec = document.get("spec")
    undeclared = not (isinstance(spec, dict) and "v" in json.dumps(spec.get("variables")))
    text = json.dumps(document)
    if (
        document.get("kind") == "Project"
        and _consistent(_mapping(_mapping(spec).get("policy")))
        and not (undeclared and "${var.v}" in text)
    ):
        accepted = VALIDATOR.is_valid(document)
        # What `${var.v}` stands for is not known to the schema.
        assert accepted == loads(document) or (accepted and "${var.v}" in text)


def test_the_page_names_every_key():
    page = reference_markdown()
    for definition in SCHEMA["$defs"].values():
        for key in definition.get("properties", {}):
            assert f"| `{key}` |" in page
    for path in ("spec.gate.metrics.NAME", "spec.gate.metrics.precision.labels.NAME"):
        assert f"`{path}`" in page
    assert page.count("### `spec.policy` (Project)") == 1


def test_the_page_shows_every_default_and_range():
    lines = reference_markdown().split("\n")
    for start in (
        "| `holdout` | number above 0, at most 0.5 |",
        "| `repeats` | whole number from 1 to 20 | `1` |",
        "| `concurrency` | whole number from 1 to 64 | `4` |",
        "| `maxCost` | number from 0 | no rule |",
        "| `keepVersions` | whole number from 0 | `1` |",
        "| `measure` | `exactMatch`, `normalizedMatch`, `contains`, `charF1`, `jsonFields` |",
    ):
        assert [each for each in lines if each.startswith(start)], start


def test_the_examples_of_the_page_work(folder):
    folder.write({"tuneform.yaml": PROJECT_EXAMPLE, "manifests/a.yaml": MODEL_EXAMPLE})
    for environment in (None, "prod"):
        loaded = folder.read(environment)
        assert loaded.diagnostics == ()
        assert len(loaded.models) == 1
