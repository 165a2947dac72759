"""Nothing that can be written into a file raises: broken documents by the thousand."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform.domain.diagnostic import Severity
from tuneform.manifest.compose import documents
from tuneform.manifest.discover import PROJECT_FILE
from tuneform.manifest.document import Setting, read_document
from tuneform.manifest.interpolate import Variable, Variables
from tuneform.manifest.project import Choice, read_project
from tuneform.manifest.source import Source, decode
from tuneform.manifest.syntax import Broken
from tuneform.manifest.variables import VariableSources

MODEL = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata: {name: support, formerly: [help], labels: {team: growth}}
spec:
  displayName: Support ${var.stage}
  description: |
    Answers.
  baseModel: models/base
  dataset: {path: train.jsonl, fields: {input: q, output: a}, preamble: "Q: "}
  hyperparameters: {epochCount: 5, batchSize: 4, learningRate: 0.001}
  temperature: 0.7
  gate:
    dataset: {path: held-out.csv}
    metrics:
      exactMatch: {min: 0.9, maxRegression: 0.02}
      regex: {pattern: "[a-z]+|(x{1,3})", min: 1}
      recall: {labels: {billing: {min: 1}}}
      own.metric: {min: 0.5, options: {depth: [2]}}
    mustPass: {path: golden.jsonl, measure: contains}
    repeats: 2
  lifecycle: {deletionPolicy: delete, keepVersions: 1}
"""
PROJECT = """\
apiVersion: tuneform/v1
kind: Project
metadata: {name: demo}
spec:
  requires: ">=0.1"
  manifests: [manifests]
  provider: {type: gemini, endpoint: "http://${var.stage}"}
  variables: {stage: dev, key: {value: hidden, sensitive: true}}
  policy:
    allowedBases: ["models/*"]
    examples: {least: 2, most: 5}
    hyperparameters: {epochCount: {most: 5}}
    maxCost: 5.5
    warn: [maxCost]
  prices: {asOf: 2026-11-01, currency: EUR, perMillionTokens: {"models/*": 8}}
  environments: {prod: {variables: {stage: prod}, policy: {maxDeletes: 2}}}
"""
SETTING = Setting(Variables({"stage": Variable("dev", "dev")}, frozenset({"lost"})))


def read(data):
    """Everything that is said about a manifest file."""
    source = decode("m/a.yaml", data)
    if not isinstance(source, Source):
        return [source], 0
    told, models = [], 0
    for root in documents(source):
        if isinstance(root, Broken):
            told.append(root)
            continue
        outcome = read_document(source, root, SETTING)
        assert outcome.model or outcome.diagnostics
        told += outcome.diagnostics
        models += outcome.model is not None
        for each in outcome.diagnostics:
            lines = source.lines
            assert each.place is not None
            assert 1 <= each.place.line <= len(lines)
            assert each.place.column <= len(lines[each.place.line - 1]) + 1
            assert each.detail.endswith((".", "`"))
            assert each.severity is Severity.ERROR or outcome.model
            each.detail.encode()
    return told, models


def read_as_project(data):
    source = decode(PROJECT_FILE, data)
    if not isinstance(source, Source):
        return None
    reading = read_project(source, Choice("prod", VariableSources(options={"stage": "x"}), "0.1.0"))
    assert reading.project or reading.diagnostics
    for each in reading.diagnostics:
        assert "hidden" not in each.detail + each.hint + each.snippet
    return reading


_MARKS = st.sampled_from(
    [
        *("", " ", "\n", "\t", "\r", ":", "- ", "? ", "[", "]", "{", "}", "'", '"', "|", "#", "\\"),
        *("&a ", "*a", "!x ", "<<: *a", "---\n", "...\n", "%YAML 9\n"),
        *("~", "null", ".nan", "1e999", "0x", "5.0", "2024-01-01"),
        *("${var.", "}", "$${", "tuneform/", "../"),
        *("\0", "\x1b", "\ufeff", "\u2028", "\ud800", "é", "😀"),
    ]
)


@st.composite
def mutations(draw, text):
    """A good document with a few places cut out, doubled or written over."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = (
            text[:start] + draw(_MARKS) + draw(st.sampled_from(["", text[start:end]])) + text[end:]
        )
    return text.encode("utf-8", "surrogatepass")


@given(mutations(MODEL))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_broken_models(data):
    read(data)


@given(mutations(PROJECT))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_broken_projects(data):
    source = decode(PROJECT_FILE, data)
    # A declaration that is cut apart leaves a value that nobody said was secret.
    if isinstance(source, Source) and "{value: hidden, sensitive: true}" in source.text:
        read_as_project(data)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_bytes(data):
    read(data)
    decode(PROJECT_FILE, data)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["tuneform/v1", "TunedModel", "Project", "models/b", "a", "${var.stage}", "${x"]
    )
)
_KEYS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "name",
        "labels",
        "formerly",
        "dataset",
        "path",
        "baseModel",
        "hyperparameters",
        "epochCount",
        "lifecycle",
        "gate",
        "holdout",
        "metrics",
        "exactMatch",
        "precision",
        "regex",
        "pattern",
        "jsonFields",
        "fields",
        "own",
        "options",
        "min",
        "mustPass",
        "policy",
        "examples",
        "least",
        "most",
        "warn",
        "prices",
        "perMillionTokens",
        "models/*",
        "manifests",
        "provider",
        "type",
        "variables",
        "environments",
        "prod",
        "value",
        "sensitive",
        "[key]",
        "embedded",
        "gemini",
    ]
) | st.text(max_size=5)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(_TREES, st.sampled_from(["TunedModel", "Project"]))
@settings(max_examples=300, deadline=None)
def test_documents_of_any_shape(tree, kind):
    document = {"apiVersion": "tuneform/v1", "kind": kind}
    document |= tree if isinstance(tree, dict) else {"spec": tree}
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    read(text)
    source = decode(PROJECT_FILE, text)
    if isinstance(source, Source):
        read_project(source, Choice(None, VariableSources(), "0.1.0"))


_GATE = {
    "dataset": {"path": "a.csv", "fields": {"input": "q"}},
    "metrics": {
        "exactMatch": {"min": 1},
        "regex": {"pattern": "a", "min": 1},
        "jsonFields": {"min": 1, "fields": ["a"]},
        "recall": {"labels": {"a": {"min": 1}}},
        "own": {"min": 1, "options": {"a": [1]}},
    },
    "mustPass": {"path": "b.csv", "measure": "contains"},
    "repeats": 1,
}
_POLICY = {
    "allowedBases": ["models/*"],
    "requiredLabels": ["team"],
    "examples": {"least": 1, "most": 2},
    "hyperparameters": {"epochCount": {"most": 1}, "learningRate": {"most": 1}},
    "maxCost": 1,
    "warn": ["maxCost"],
}
_PRICES = {"asOf": "2026-11-01", "currency": "EUR", "perMillionTokens": {"models/*": 1}}
_MODEL = {
    "apiVersion": "tuneform/v1",
    "kind": "TunedModel",
    "metadata": {"name": "a"},
    "spec": {"baseModel": "models/b", "dataset": {"path": "t.csv"}, "gate": _GATE},
}
_PROJECT = {
    "apiVersion": "tuneform/v1",
    "kind": "Project",
    "metadata": {"name": "a"},
    "spec": {
        "manifests": ["m"],
        "provider": {"type": "embedded"},
        "policy": _POLICY,
        "prices": _PRICES,
        "environments": {"e": {"policy": _POLICY, "prices": _PRICES}},
    },
}


def _paths(value, path=()):
    yield path
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from _paths(each, (*path, key))


def _replaced(value, path, tree):
    if not path:
        return tree
    return {**value, path[0]: _replaced(value[path[0]], path[1:], tree)}


@given(st.sampled_from(sorted(_paths(_MODEL["spec"]))), _TREES)
@settings(max_examples=300, deadline=None)
def test_any_value_anywhere_in_a_model(path, tree):
    text = json.dumps(_replaced(_MODEL, ("spec", *path), tree), ensure_ascii=False)
    read(text.encode("utf-8", "surrogatepass"))


@given(st.sampled_from(sorted(_paths(_PROJECT["spec"]))), _TREES, st.sampled_from([None, "e"]))
@settings(max_examples=300, deadline=None)
def test_any_value_anywhere_in_a_project(path, tree, environment):
    text = json.dumps(_replaced(_PROJECT, ("spec", *path), tree), ensure_ascii=False)
    source = decode(PROJECT_FILE, text.encode("utf-8", "surrogatepass"))
    if isinstance(source, Source):
        reading = read_project(source, Choice(environment, VariableSources(), "0.1.0"))
        assert reading.project or reading.diagnostics
        assert all(each.place for each in reading.diagnostics)


@pytest.mark.parametrize("kind", ["TunedModel", "Project"])
@given(tree=_TREES)
@settings(max_examples=150, deadline=None)
def test_any_value_at_any_key(kind, tree):
    good = {
        "TunedModel": {
            "metadata": {"name": "a", "labels": {}, "formerly": []},
            "spec": {"baseModel": "models/b", "dataset": {"path": "t.csv"}, "hyperparameters": {}},
        },
        "Project": {
            "metadata": {"name": "a"},
            "spec": {
                "manifests": ["m"],
                "provider": {"type": "embedded"},
                "environments": {"e": {}},
            },
        },
    }[kind]
    for section, keys in good.items():
        for key in keys:
            document = {"apiVersion": "tuneform/v1", "kind": kind, **json.loads(json.dumps(good))}
            document[section][key] = tree
            text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
            read(text)
            source = decode(PROJECT_FILE, text)
            if isinstance(source, Source):
                read_project(source, Choice("e", VariableSources(), "0.1.0"))
