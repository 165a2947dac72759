"""TunedModel documents: what they become, and each mistake with its exact place."""

from __future__ import annotations

import pytest

from tuneform.domain.diagnostic import Place, Severity
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.spec import DatasetRef, Fields, Hyperparameters, ModelSpec

FULL = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata:
  name: support
  formerly: [help, assist]
  labels: {team: growth, "a.b/c": ""}
spec:
  displayName: Support bot
  description: |
    Answers customers.

  tunedFrom: parent
  dataset:
    path: ../data/./train.CSV
    fields: {input: question, output: answer}
    preamble: " Q: "
  hyperparameters: {epochCount: 5, batchSize: 4, learningRate: 1}
  temperature: 0
  topP: 0.95
  topK: 40
  revision: 3
  lifecycle: {deletionPolicy: prevent, keepVersions: 0}
"""


def test_every_key_arrives(folder):
    loaded = folder.write({"manifests/a.yaml": FULL}).read()
    assert loaded.diagnostics == ()
    assert loaded.models == (
        ModelSpec(
            name="support",
            place=Place("manifests/a.yaml", 4, 9),
            dataset=DatasetRef("data/train.CSV", "csv", "question", "answer", " Q: "),
            fields=Fields("Support bot", "Answers customers.", 0.0, 0.95, 40),
            base_model=None,
            tuned_from="parent",
            formerly=("help", "assist"),
            labels=(("a.b/c", ""), ("team", "growth")),
            hyperparameters=Hyperparameters(5, 4, 1.0, None),
            revision=3,
            deletion_policy=DeletionPolicy.PREVENT,
            keep_versions=0,
        ),
    )
    (spec,) = loaded.models
    assert type(spec.hyperparameters.learning_rate) is float
    assert type(spec.fields.temperature) is float


def test_defaults(folder, model):
    loaded = folder.write({"manifests/a.yaml": model()}).read()
    assert loaded.models == (
        ModelSpec(
            name="support",
            place=Place("manifests/a.yaml", 4, 9),
            dataset=DatasetRef("manifests/train.jsonl", "jsonl"),
            fields=Fields("support", ""),
            base_model="models/base-001",
        ),
    )


@pytest.mark.parametrize(
    ("suffix", "format_"), [("jsonl", "jsonl"), ("json", "json"), ("csv", "csv"), ("TSV", "tsv")]
)
def test_the_suffix_tells_the_format(folder, model, suffix, format_):
    text = model().replace("train.jsonl", f"train.{suffix}")
    (spec,) = folder.write({"manifests/a.yaml": text}).read().models
    assert spec.dataset.format == format_


def test_a_format_that_is_given_wins(folder, model):
    text = model().replace("train.jsonl", "train.txt\n    format: tsv")
    (spec,) = folder.write({"manifests/a.yaml": text}).read().models
    assert spec.dataset.format == "tsv"


# Lines that follow line 8 of the manifest, and what is said: LINE:COLUMN CODE FIELD
BAD_SPECS = [
    ("displayName: 2024", "9:16 wrong-type spec.displayName"),
    ("displayName: no\ntopK: no", "10:9 wrong-type spec.topK"),
    ("displayName: ''", "9:16 empty-text spec.displayName"),
    ("displayName: '  '", "9:16 empty-text spec.displayName"),
    ("displayName: " + "x" * 129, "9:16 too-long spec.displayName"),
    ('displayName: "a\\tb"', "9:16 control-character spec.displayName"),
    ('displayName: "a\\nb"', "9:16 control-character spec.displayName"),
    ("displayName: [a]", "9:16 wrong-type spec.displayName"),
    ("displayName:", "9:3 wrong-type spec.displayName"),
    ("description: x tuneform/v1 y", "9:16 reserved-text spec.description"),
    ('description: "a\\0b"', "9:16 control-character spec.description"),
    ("description: true", "9:16 wrong-type spec.description"),
    ("tunedFrom: other", "9:3 conflicting-bases spec"),
    ("temperature: 1.1", "9:16 out-of-range spec.temperature"),
    ("temperature: -1", "9:16 out-of-range spec.temperature"),
    ("temperature: true", "9:16 wrong-type spec.temperature"),
    ('temperature: "0.5"', "9:16 wrong-type spec.temperature"),
    ("topP: .nan", "9:9 out-of-range spec.topP"),
    ("topP: ~", "9:9 wrong-type spec.topP"),
    ("topK: 0", "9:9 out-of-range spec.topK"),
    ("topK: 2147483648", "9:9 out-of-range spec.topK"),
    ("revision: 0", "9:13 out-of-range spec.revision"),
    ("revision: 1000000000", "9:13 out-of-range spec.revision"),
    ("revision: 1.0", "9:13 wrong-type spec.revision"),
    ("hyperparameters: {epochCount: 5.0}", "9:33 wrong-type spec.hyperparameters.epochCount"),
    ("hyperparameters: {epochCount: true}", "9:33 wrong-type spec.hyperparameters.epochCount"),
    ("hyperparameters: {epochCount: 0}", "9:33 out-of-range spec.hyperparameters.epochCount"),
    (
        "hyperparameters: {batchSize: 0x7fffffffff}",
        "9:32 out-of-range spec.hyperparameters.batchSize",
    ),
    (
        "hyperparameters: {batchSize: " + "9" * 5000 + "}",
        "9:32 out-of-range spec.hyperparameters.batchSize",
    ),
    ("hyperparameters: {learningRate: 0}", "9:35 out-of-range spec.hyperparameters.learningRate"),
    (
        "hyperparameters: {learningRate: .inf}",
        "9:35 out-of-range spec.hyperparameters.learningRate",
    ),
    (
        "hyperparameters: {learningRate: 1e999}",
        "9:35 out-of-range spec.hyperparameters.learningRate",
    ),
    (
        "hyperparameters: {learningRate: 2024-01-01}",
        "9:35 wrong-type spec.hyperparameters.learningRate",
    ),
    (
        "hyperparameters:\n  learningRate: 0.1\n  learningRateMultiplier: 2",
        "11:5 conflicting-hyperparameters spec.hyperparameters",
    ),
    ("hyperparameters: [5]", "9:20 wrong-type spec.hyperparameters"),
    ("hyperparameters:", "9:3 wrong-type spec.hyperparameters"),
    ("hyperparameters: {epochs: 5}", "9:21 unknown-key spec.hyperparameters.epochs"),
    ("lifecycle: {deletionPolicy: Delete}", "9:31 unknown-value spec.lifecycle.deletionPolicy"),
    ("lifecycle: {keepVersions: -1}", "9:29 out-of-range spec.lifecycle.keepVersions"),
    ("gates: {mustPass: {path: a.csv}}", "9:3 unknown-key spec.gates"),
    ("topk: 1", "9:3 unknown-key spec.topk"),
    ("epochCount: 5", "9:3 unknown-key spec.epochCount"),
    ("topK: 1\ntopK: 2", "10:3 duplicate-key"),
    ("5: x", "9:3 key-not-text"),
    ('"a\\u001bb": x', '9:3 unknown-key spec."a\ufffdb"'),
]


@pytest.mark.parametrize(("lines", "said"), BAD_SPECS)
def test_a_mistake_in_spec(folder, model, brief, lines, said):
    text = model("support", *lines.split("\n"))
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert brief(loaded) == [f"manifests/a.yaml:{said}"]
    assert loaded.models == ()
    (diagnostic,) = loaded.diagnostics
    assert diagnostic.subject == "TunedModel/support"
    line = int(said.split(":")[0])
    assert diagnostic.snippet in {text.split("\n")[line - 1], ""} or diagnostic.snippet[-1] == "…"


NAME = "name: support"
BASE = "baseModel: models/base-001"
PATH = "path: train.jsonl"
MANY = ", ".join(f"l{number}: x" for number in range(65))

# A line of the manifest, what stands there instead, and what is said
BAD_LINES = [
    ("apiVersion: tuneform/v1", "apiVersion: tuneform/v2", "1:13 unknown-value apiVersion"),
    ("apiVersion: tuneform/v1", "apiVersion: 1", "1:13 unknown-value apiVersion"),
    ("apiVersion: tuneform/v1\n", "", "1:1 missing-key apiVersion"),
    ("kind: TunedModel", "kind: TunedModels", "2:7 unknown-value kind"),
    ("kind: TunedModel", "kind: [TunedModel]", "2:7 unknown-value kind"),
    ("kind: TunedModel", "kind: Project", "2:7 second-project kind"),
    ("kind: TunedModel\n", "", "1:1 missing-key kind"),
    ("kind: TunedModel\n", "kind: TunedModel\nstatus: {}\n", "3:1 unknown-key status"),
    ("metadata:\n  name: support\n", "", "1:1 missing-key metadata"),
    ("metadata:\n  name: support", "metadata: {}", "3:1 missing-key metadata.name"),
    ("  name: support", "  nmae: support", "3:1 missing-key metadata.name"),
    (NAME, "name: Support", "4:9 invalid-name metadata.name"),
    (NAME, "name: my_bot", "4:9 invalid-name metadata.name"),
    (NAME, "name: 1st", "4:9 invalid-name metadata.name"),
    (NAME, "name: a-", "4:9 invalid-name metadata.name"),
    (NAME, "name: " + "a" * 30, "4:9 invalid-name metadata.name"),
    (NAME, 'name: "a\\n"', "4:9 invalid-name metadata.name"),
    (NAME, "name: 5", "4:9 wrong-type metadata.name"),
    (NAME, "name: null", "4:9 wrong-type metadata.name"),
    (NAME, NAME + "\n  formerly: help", "5:13 wrong-type metadata.formerly"),
    (
        "name: support",
        "name: support\n  formerly: [Help]",
        "5:14 invalid-name metadata.formerly[0]",
    ),
    (NAME, NAME + "\n  formerly: [a, 5]", "5:17 wrong-type metadata.formerly[1]"),
    (
        "name: support",
        "name: support\n  formerly: [support]",
        "5:14 not-former metadata.formerly[0]",
    ),
    (
        "name: support",
        "name: support\n  formerly: [a, b, a]",
        "5:20 duplicate-name metadata.formerly[2]",
    ),
    (NAME, NAME + "\n  labels: [a]", "5:11 wrong-type metadata.labels"),
    (NAME, NAME + "\n  labels: {a: 5}", "5:15 wrong-type metadata.labels.a"),
    (
        "name: support",
        "name: support\n  labels: {a b: x}",
        '5:12 invalid-label metadata.labels."a b"',
    ),
    (
        "name: support",
        "name: support\n  labels: {a: " + "x" * 64 + "}",
        "5:15 too-long metadata.labels.a",
    ),
    (
        "name: support",
        'name: support\n  labels: {a: "x\\ny"}',
        "5:15 control-character metadata.labels.a",
    ),
    (
        "name: support",
        "name: support\n  labels: {" + ", ".join(f"l{n}: x" for n in range(65)) + "}",
        "5:11 too-many metadata.labels",
    ),
    (NAME, NAME + "\n  annotations: {}", "5:3 unknown-key metadata.annotations"),
    (BASE, "baseModel: base-001", "6:14 invalid-base-model spec.baseModel"),
    (
        "baseModel: models/base-001",
        "baseModel: tunedModels/x",
        "6:14 invalid-base-model spec.baseModel",
    ),
    (BASE, "baseModel: models/", "6:14 invalid-base-model spec.baseModel"),
    (
        "baseModel: models/base-001",
        "baseModel: models/a/b",
        "6:14 invalid-base-model spec.baseModel",
    ),
    (
        "baseModel: models/base-001",
        "baseModel: 'models/a '",
        "6:14 invalid-base-model spec.baseModel",
    ),
    ("  baseModel: models/base-001\n", "", "5:1 missing-key spec.baseModel"),
    (
        "baseModel: models/base-001",
        "tunedFrom: tunedModels/x",
        "6:14 invalid-parent spec.tunedFrom",
    ),
    (BASE, "tunedFrom: models/x", "6:14 invalid-parent spec.tunedFrom"),
    (BASE, "tunedFrom: Other", "6:14 invalid-name spec.tunedFrom"),
    ("  dataset:\n    path: train.jsonl\n", "", "5:1 missing-key spec.dataset"),
    ("dataset:\n    path: train.jsonl", "dataset: train.jsonl", "7:12 wrong-type spec.dataset"),
    (PATH, "path: train.parquet", "8:11 unknown-format spec.dataset.path"),
    (PATH, "path: train", "8:11 unknown-format spec.dataset.path"),
    (
        "path: train.jsonl",
        "path: train.txt\n    format: xml",
        "9:13 unknown-value spec.dataset.format",
    ),
    (PATH, "path: /train.jsonl", "8:11 invalid-path spec.dataset.path"),
    (PATH, "path: ~/train.jsonl", "8:11 invalid-path spec.dataset.path"),
    (PATH, "path: C:/train.jsonl", "8:11 invalid-path spec.dataset.path"),
    (PATH, "path: gs://b/train.jsonl", "8:11 invalid-path spec.dataset.path"),
    (PATH, "path: a\\train.jsonl", "8:11 invalid-path spec.dataset.path"),
    (PATH, "path: ''", "8:11 invalid-path spec.dataset.path"),
    (PATH, 'path: "a\\0.jsonl"', "8:11 control-character spec.dataset.path"),
    (PATH, "path: ../../train.jsonl", "8:11 outside-project spec.dataset.path"),
    (PATH, "path: a/../../../x.jsonl", "8:11 outside-project spec.dataset.path"),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    fields: {input: a, output: a}",
        "9:13 conflicting-fields spec.dataset.fields",
    ),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    fields: {input: output}",
        "9:13 conflicting-fields spec.dataset.fields",
    ),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    fields: {input: ''}",
        "9:21 empty-text spec.dataset.fields.input",
    ),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    fields: {in: a}",
        "9:14 unknown-key spec.dataset.fields.in",
    ),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    preamble: 5",
        "9:15 wrong-type spec.dataset.preamble",
    ),
    (
        "path: train.jsonl",
        "path: train.jsonl\n    holdout: 0.1",
        "9:5 unknown-key spec.dataset.holdout",
    ),
]


@pytest.mark.parametrize(("line", "instead", "said"), BAD_LINES)
def test_a_mistake_elsewhere(folder, model, brief, line, instead, said):
    text = model().replace(line, instead)
    loaded = folder.write({"manifests/a.yaml": text}).read()
    # A key in the wrong spelling is two mistakes: one is unknown, the other is missing.
    assert f"manifests/a.yaml:{said}" in brief(loaded)
    assert loaded.models == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("just text\n", "1:1 wrong-type"),
        ("- a\n- b\n", "1:1 wrong-type"),
        ("5\n", "1:1 wrong-type"),
        ("{}\n", "1:1 not-a-manifest"),
        ("services: {}\n", "1:1 not-a-manifest"),
        ("apiVersion: apps/v1\nkind: Deployment\n", "1:13 unknown-value apiVersion"),
    ],
)
def test_documents_that_are_not_ours(folder, brief, text, said):
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert brief(loaded)[0] == f"manifests/a.yaml:{said}"


def test_a_key_that_looks_like_what_pydantic_says_of_keys(folder, model, brief):
    text = model(metadata='labels: {"[key]": "x\\ny"}')
    assert brief(folder.write({"manifests/a.yaml": text}).read()) == [
        'manifests/a.yaml:5:12 invalid-label metadata.labels."[key]"',
        'manifests/a.yaml:5:21 control-character metadata.labels."[key]"',
    ]


def test_all_mistakes_of_a_document_are_told_at_once(folder, brief):
    text = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata: {name: Bad, labels: 5}
spec:
  baseModel: bare
  dataset: {path: ../../x, format: jsonl, feilds: {}}
  hyperparameters: {epochCount: x, learningRate: 1, learningRateMultiplier: 2}
  colour: red
"""
    assert brief(folder.write({"manifests/a.yaml": text}).read()) == [
        "manifests/a.yaml:3:18 invalid-name metadata.name",
        "manifests/a.yaml:3:31 wrong-type metadata.labels",
        "manifests/a.yaml:5:14 invalid-base-model spec.baseModel",
        "manifests/a.yaml:6:19 outside-project spec.dataset.path",
        "manifests/a.yaml:6:43 unknown-key spec.dataset.feilds",
        "manifests/a.yaml:7:33 wrong-type spec.hyperparameters.epochCount",
        "manifests/a.yaml:7:53 conflicting-hyperparameters spec.hyperparameters",
        "manifests/a.yaml:8:3 unknown-key spec.colour",
    ]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("displayname: x", "write `displayName`"),
        ("display_name: x", "write `displayName`"),
        ("temprature: 1", "write `temperature`"),
        ("epochCount: 5", "`epochCount` belongs under `spec.hyperparameters`"),
        ("keep_versions: 5", "`keepVersions` belongs under `spec.lifecycle`"),
        ("formerly: [a]", "`formerly` belongs under `metadata`"),
        ("lifecycle: {deletionPolicy: prevnt}", "write `prevent`"),
        ("displayName: 5", "put it in quotes"),
        ("hyperparameters: {epochCount: 5.0}", "write `5`"),
        (
            'hyperparameters: {epochCount: "5"}',
            "remove the quotes, and write plain digits",
        ),
    ],
)
def test_hints(folder, model, only, line, hint):
    loaded = folder.write({"manifests/a.yaml": model("support", line)}).read()
    assert only(loaded).hint == hint


def test_the_words_of_the_style_page(folder, model, only):
    text = model(
        "support-bot", "hyperparameters:", "  learningRate: 0.1", "  learningRateMultiplier: 1"
    )
    told = only(folder.write({"manifests/a.yaml": text}).read())
    assert told.severity is Severity.ERROR
    assert told.summary == "conflicting hyperparameters"
    assert str(told.place) == "manifests/a.yaml:11:5"
    assert told.subject == "TunedModel/support-bot"
    assert told.field == "spec.hyperparameters"
    assert told.detail == (
        "Both learningRate and learningRateMultiplier are set; the service accepts one of them."
    )
    assert told.hint == "remove one of the two"
    assert told.snippet == "    learningRateMultiplier: 1"


def test_anchors_merge_and_places_lead_to_the_anchor(folder, brief):
    text = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata: {name: support}
spec:
  baseModel: models/base
  dataset: {path: a.csv}
  hyperparameters: &settings {epochCount: 0}
  lifecycle: {<<: *settings}
"""
    assert brief(folder.write({"manifests/a.yaml": text}).read()) == [
        "manifests/a.yaml:7:31 unknown-key spec.lifecycle.epochCount",
        "manifests/a.yaml:7:43 out-of-range spec.hyperparameters.epochCount",
    ]


def test_a_document_with_thousands_of_mistakes_is_told_in_part(folder, model):
    text = model("support", *(f"key{number}: x" for number in range(5000)))
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert len(loaded.diagnostics) == 101
    assert "more-mistakes" in {each.code for each in loaded.diagnostics}


def test_terminals_are_not_steered(folder, model):
    text = model("support", 'displayName: "\\x1b[31m"', "topK: '\\x1b]0;x\\x07'")
    for each in folder.write({"manifests/a.yaml": text}).read().diagnostics:
        assert "\x1b" not in each.detail + each.hint + each.snippet + each.field
