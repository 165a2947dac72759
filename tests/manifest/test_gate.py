"""`spec.gate`: what it becomes, and each mistake in it with its exact place."""

from __future__ import annotations

import pytest

from tuneform.domain.spec import DatasetRef, GateSpec, Metric
from tuneform.manifest.gate_rules import label, options, pattern
from tuneform.manifest.problems import Mistake

FULL = """\
gate:
  dataset: {path: ../data/held-out.csv, fields: {input: question, output: answer}}
  metrics:
    recall: {labels: {billing: {maxRegression: 0.05}, "two words": {min: 1}}}
    exactMatch: {min: 0.9, maxRegression: 0.02}
    my-metric: {min: 0.5, options: {depth: 2, also: [1.5, "é", {b: null, a: true}]}}
    precision: {min: 0.7, labels: {billing: {min: 0.9, maxRegression: 0.05}}}
    regex: {pattern: '[a-z]+', min: 1.0}
    jsonFields: {fields: [urgency, team], maxRegression: 0}
    charF1: {min: 0.5}
    other.metric: {maxRegression: 1}
  mustPass: {path: golden.txt, format: tsv, measure: contains}
  repeats: 3
  concurrency: 64
"""


@pytest.fixture
def gate(folder, model):
    """Reads a manifest with these lines below `spec`, from line 9 on."""

    def read(text, **more):
        lines = text.strip("\n").split("\n")
        return folder.write({"manifests/a.yaml": model("support", *lines)}).read(**more)

    return read


def only_model(loaded):
    assert loaded.diagnostics == ()
    (spec,) = loaded.models
    return spec


def metrics_of(loaded):
    gate = only_model(loaded).gate
    assert gate is not None
    return gate.metrics


def test_every_key_arrives_in_the_order_of_the_manifest(gate):
    assert only_model(gate(FULL)).gate == GateSpec(
        dataset=DatasetRef("data/held-out.csv", "csv", "question", "answer"),
        metrics=(
            Metric("recall", "billing", None, 0.05),
            Metric("recall", "two words", 1.0),
            Metric("exactMatch", None, 0.9, 0.02),
            Metric(
                "my-metric",
                minimum=0.5,
                options='{"also":[1.5,"é",{"a":true,"b":null}],"depth":2}',
            ),
            Metric("precision", None, 0.7),
            Metric("precision", "billing", 0.9, 0.05),
            Metric("regex", minimum=1.0, pattern="[a-z]+"),
            Metric("jsonFields", max_regression=0.0, fields=("urgency", "team")),
            Metric("charF1", minimum=0.5),
            Metric("other.metric", max_regression=1.0),
        ),
        must_pass=DatasetRef("manifests/golden.txt", "tsv"),
        must_pass_measure="contains",
        repeats=3,
        concurrency=64,
    )


def test_defaults(gate):
    spec = only_model(gate("gate: {mustPass: {path: golden.jsonl}}"))
    assert spec.gate == GateSpec(None, (), DatasetRef("manifests/golden.jsonl", "jsonl"))
    assert spec.dataset == DatasetRef("manifests/train.jsonl", "jsonl")
    assert only_model(gate("")).gate is None


@pytest.mark.parametrize("name", ["normalizedMatch", "contains", "macroF1", "exactMatch"])
def test_metrics_without_keys_of_their_own(gate, name):
    text = f"gate: {{dataset: {{path: a.csv}}, metrics: {{{name}: {{min: 1}}}}}}"
    assert metrics_of(gate(text)) == (Metric(name, minimum=1.0),)


@pytest.mark.parametrize("name", ["microF1", "bleu", "exact", "precision-at-1", "Z", "a.b_c-9"])
def test_names_of_own_metrics(gate, name):
    text = f"gate: {{dataset: {{path: a.csv}}, metrics: {{{name}: {{min: 1}}}}}}"
    assert metrics_of(gate(text)) == (Metric(name, minimum=1.0),)


PREAMBLE = "  preamble: 'Q: '\n"
HELD_OUT = "gate: {dataset: {holdout: 0.1}, metrics: {exactMatch: {min: 0.5}}}"


def test_the_preamble_of_the_training_dataset_is_put_in_front_of_all_that_is_asked(gate):
    spec = only_model(gate(PREAMBLE + FULL))
    assert spec.gate is not None
    assert [each.preamble for each in spec.gate.datasets] == ["Q: ", "Q: "]


def test_a_holdout_leaves_the_rest_for_training(gate):
    spec = only_model(gate(PREAMBLE + "  fields: {input: q}\n" + HELD_OUT))
    trained = DatasetRef("manifests/train.jsonl", "jsonl", "q", "output", "Q: ", 0.1)
    asked = DatasetRef(
        "manifests/train.jsonl", "jsonl", "q", "output", "Q: ", holdout=0.1, held_out=True
    )
    assert spec.dataset == trained
    assert spec.gate is not None
    assert spec.gate.dataset == asked


def metrics(text, more=""):
    return f"gate:\n  dataset: {{path: a.csv}}\n  metrics:\n    {text}\n{more}"


# Lines that follow line 8 of the manifest, and what is said: LINE:COLUMN CODE FIELD
BAD = [
    ("gate:", ["9:3 wrong-type spec.gate"]),
    ("gate: []", ["9:9 wrong-type spec.gate"]),
    ("gate: {}", ["9:3 missing-key spec.gate.metrics"]),
    ("gate: {repeats: 2}", ["9:3 missing-key spec.gate.metrics"]),
    ("gate: {dataset: {path: a.csv}}", ["9:3 missing-key spec.gate.metrics"]),
    (
        "gate: {dataset: {path: a.csv}, mustPass: {path: b.csv}}",
        ["9:3 missing-key spec.gate.metrics"],
    ),
    ("gate: {metrics: {contains: {min: 1}}}", ["9:3 missing-key spec.gate.dataset"]),
    (
        "gate: {metrics: {contains: {min: 1}}, mustPass: {path: b.csv}}",
        ["9:3 missing-key spec.gate.dataset"],
    ),
    (
        "gate: {holdout: 0.1, metrics: {contains: {min: 1}}}",
        ["9:3 missing-key spec.gate.dataset", "9:10 unknown-key spec.gate.holdout"],
    ),
    (metrics("contains: {min: 1}", "  repeats: 0"), ["13:14 out-of-range spec.gate.repeats"]),
    (metrics("contains: {min: 1}", "  repeats: 21"), ["13:14 out-of-range spec.gate.repeats"]),
    (metrics("contains: {min: 1}", "  repeats: 1.0"), ["13:14 wrong-type spec.gate.repeats"]),
    (
        metrics("contains: {min: 1}", "  concurrency: 65"),
        ["13:18 out-of-range spec.gate.concurrency"],
    ),
    (metrics("contains: {min: 1}", "  timeout: 5"), ["13:5 unknown-key spec.gate.timeout"]),
    (
        "gate: {dataset: {}, metrics: {contains: {min: 1}}}",
        ["9:10 missing-key spec.gate.dataset.path"],
    ),
    (
        "gate: {dataset: {path: a.csv, holdout: 0.1}, metrics: {contains: {min: 1}}}",
        ["9:20 conflicting-datasets spec.gate.dataset"],
    ),
    (
        "gate: {dataset: {holdout: 0.1, format: csv, fields: {}}, metrics: {contains: {min: 1}}}",
        [
            "9:34 conflicting-datasets spec.gate.dataset",
            "9:47 conflicting-datasets spec.gate.dataset",
        ],
    ),
    (
        "gate: {dataset: {path: a.csv, preamble: x}, metrics: {contains: {min: 1}}}",
        ["9:33 unknown-key spec.gate.dataset.preamble"],
    ),
    (
        "gate: {dataset: {path: a.parquet}, metrics: {contains: {min: 1}}}",
        ["9:26 unknown-format spec.gate.dataset.path"],
    ),
    (
        "gate: {dataset: {path: ../../a.csv}, metrics: {contains: {min: 1}}}",
        ["9:26 outside-project spec.gate.dataset.path"],
    ),
    (
        "gate: {dataset: {path: /a.csv}, metrics: {contains: {min: 1}}}",
        ["9:26 invalid-path spec.gate.dataset.path"],
    ),
    (
        "gate: {dataset: {path: a.csv, fields: {input: output}}, metrics: {contains: {min: 1}}}",
        ["9:41 conflicting-fields spec.gate.dataset.fields"],
    ),
    *(
        (
            f"gate: {{dataset: {{holdout: {value}}}, metrics: {{contains: {{min: 1}}}}}}",
            [f"9:29 {code} spec.gate.dataset.holdout"],
        )
        for value, code in [
            ("0", "out-of-range"),
            ("0.51", "out-of-range"),
            ("-1", "out-of-range"),
            (".nan", "out-of-range"),
            ("10%", "wrong-type"),
        ]
    ),
    ("gate: {mustPass: {}}", ["9:10 missing-key spec.gate.mustPass.path"]),
    ("gate: {mustPass: golden.csv}", ["9:20 wrong-type spec.gate.mustPass"]),
    ("gate: {mustPass: {path: a}}", ["9:27 unknown-format spec.gate.mustPass.path"]),
    ("gate: {mustPass: {path: ../../a.csv}}", ["9:27 outside-project spec.gate.mustPass.path"]),
    (
        "gate: {mustPass: {path: a.csv, holdout: 0.1}}",
        ["9:34 unknown-key spec.gate.mustPass.holdout"],
    ),
    (
        "gate: {mustPass: {path: a.csv, measure: regex}}",
        ["9:43 unknown-value spec.gate.mustPass.measure"],
    ),
    (
        "gate: {mustPass: {path: a.csv, measure: contain}}",
        ["9:43 unknown-value spec.gate.mustPass.measure"],
    ),
    (
        "gate: {dataset: {path: a.csv}, metrics: {}}",
        ["9:34 empty-mapping spec.gate.metrics"],
    ),
    (
        "gate: {dataset: {path: a.csv}, metrics: [exactMatch]}",
        ["9:43 wrong-type spec.gate.metrics"],
    ),
    (metrics("exactMatch:"), ["12:7 wrong-type spec.gate.metrics.exactMatch"]),
    (metrics("exactMatch: 0.9"), ["12:19 wrong-type spec.gate.metrics.exactMatch"]),
    (metrics("exactMatch: {}"), ["12:7 missing-key spec.gate.metrics.exactMatch.min"]),
    (metrics("exactMatch: {min: 90}"), ["12:25 out-of-range spec.gate.metrics.exactMatch.min"]),
    (metrics("exactMatch: {min: ~}"), ["12:25 wrong-type spec.gate.metrics.exactMatch.min"]),
    (
        metrics("exactMatch: {maxRegression: -0.1}"),
        ["12:35 out-of-range spec.gate.metrics.exactMatch.maxRegression"],
    ),
    (
        metrics("exactMatch: {min: 1, pattern: x}"),
        ["12:28 unknown-key spec.gate.metrics.exactMatch.pattern"],
    ),
    (
        metrics("exactMatch: {min: 1, labels: {}}"),
        ["12:28 unknown-key spec.gate.metrics.exactMatch.labels"],
    ),
    (metrics("regex: {min: 1}"), ["12:7 missing-key spec.gate.metrics.regex.pattern"]),
    (metrics("regex: {pattern: a}"), ["12:7 missing-key spec.gate.metrics.regex.min"]),
    *(
        (
            metrics(f"regex: {{min: 1, pattern: '{pattern}'}}"),
            ["12:32 invalid-pattern spec.gate.metrics.regex.pattern"],
        )
        for pattern in [
            "(a",
            "[z-a]",
            "a{2,1}",
            "*",
            "(?P<a>x)(?P<a>y)",
            "a{99999999999999999999}",
            "(" * 900,
            "a" * 1001,
        ]
    ),
    (
        metrics("jsonFields: {min: 1, fields: []}"),
        ["12:36 empty-list spec.gate.metrics.jsonFields.fields"],
    ),
    (
        metrics("jsonFields: {min: 1, fields: [a, b, a]}"),
        ["12:36 duplicate-name spec.gate.metrics.jsonFields.fields"],
    ),
    (
        metrics("jsonFields: {min: 1, fields: team}"),
        ["12:36 wrong-type spec.gate.metrics.jsonFields.fields"],
    ),
    (metrics("precision: {}"), ["12:7 missing-key spec.gate.metrics.precision.min"]),
    (
        metrics("precision: {min: 1, labels: {}}"),
        ["12:35 empty-mapping spec.gate.metrics.precision.labels"],
    ),
    (
        metrics("precision: {labels: {a: {}, b: {min: 2}}}"),
        [
            "12:28 missing-key spec.gate.metrics.precision.labels.a.min",
            "12:44 out-of-range spec.gate.metrics.precision.labels.b.min",
        ],
    ),
    (
        metrics("recall: {labels: {a: {minn: 1}}}"),
        [
            "12:25 missing-key spec.gate.metrics.recall.labels.a.min",
            "12:29 unknown-key spec.gate.metrics.recall.labels.a.minn",
        ],
    ),
    (metrics("own: {}"), ["12:7 missing-key spec.gate.metrics.own.min"]),
    (metrics("own:"), ["12:7 wrong-type spec.gate.metrics.own"]),
    (metrics("own: {min: 1, depth: 2}"), ["12:21 unknown-key spec.gate.metrics.own.depth"]),
    (metrics("own: {min: 1, options: 2}"), ["12:30 wrong-type spec.gate.metrics.own.options"]),
    (
        metrics("own: {min: 1, options: {a: [.nan]}}"),
        ["12:30 invalid-options spec.gate.metrics.own.options"],
    ),
    (metrics("my metric: {min: 1}"), ['12:7 invalid-metric spec.gate.metrics."my metric"']),
    (metrics("-x: {min: 1}"), ["12:7 invalid-metric spec.gate.metrics.-x"]),
    (metrics("é: {min: 1}"), ['12:7 invalid-metric spec.gate.metrics."é"']),
    (metrics("a" * 64 + ": {min: 1}"), [f'12:7 invalid-metric spec.gate.metrics."{"a" * 60}"']),
    (metrics("exactmatch: {min: 1}"), ["12:7 unknown-key spec.gate.metrics.exactmatch"]),
    # Nothing is said of what is below a key that is not known.
    (metrics("json_fields: {fields: []}"), ["12:7 unknown-key spec.gate.metrics.json_fields"]),
    (metrics("exact_match: x"), ["12:7 unknown-key spec.gate.metrics.exact_match"]),
    (
        metrics("contains: {min: 1}\n    contains: {min: 1}"),
        ["13:7 duplicate-key"],
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_mistake(gate, brief, text, said):
    loaded = gate(text)
    assert brief(loaded) == [f"manifests/a.yaml:{each}" for each in said]
    assert loaded.models == ()
    assert {each.subject for each in loaded.diagnostics} == {"TunedModel/support"}


def test_all_mistakes_of_a_gate_are_told_at_once(gate, brief):
    text = """\
gate:
  dataset: {path: ../../x.csv, holdout: 2}
  metrics:
    Recall: {min: 1}
    regex: {pattern: '('}
    exactMatch: {min: high}
  mustpass: {path: golden.csv}
  repeats: 0
"""
    assert brief(gate(text)) == [
        "manifests/a.yaml:10:15 conflicting-datasets spec.gate.dataset",
        "manifests/a.yaml:10:21 outside-project spec.gate.dataset.path",
        "manifests/a.yaml:10:43 out-of-range spec.gate.dataset.holdout",
        "manifests/a.yaml:12:7 unknown-key spec.gate.metrics.Recall",
        "manifests/a.yaml:13:7 missing-key spec.gate.metrics.regex.min",
        "manifests/a.yaml:13:24 invalid-pattern spec.gate.metrics.regex.pattern",
        "manifests/a.yaml:14:25 wrong-type spec.gate.metrics.exactMatch.min",
        "manifests/a.yaml:15:5 unknown-key spec.gate.mustpass",
        "manifests/a.yaml:16:14 out-of-range spec.gate.repeats",
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "gate: {holdout: 0.1, mustPass: {path: a.csv}}",
            "`holdout` belongs under `spec.gate.dataset`",
        ),
        ("gate: {mustpass: {path: a.csv}, mustPass: {path: a.csv}}", "write `mustPass`"),
        ("exactMatch: {min: 1}", "`exactMatch` belongs under `spec.gate.metrics`"),
        ("holdout: 0.1", "`holdout` belongs under `spec.gate.dataset`"),
        (metrics("exact-match: {min: 1}"), "write `exactMatch`"),
        (metrics("charf1: {min: 1}"), "write `charF1`"),
        (metrics("regexp: {min: 1}"), "write `regex`"),
        (metrics("recal: {min: 1}"), "write `recall`"),
        (metrics("macroF_1: {min: 1}"), "write `macroF1`"),
        (metrics("own: {minimum: 1, min: 1}"), "known here: `min`, `maxRegression` and `options`"),
        (metrics("own: {maxregression: 1, min: 1}"), "write `maxRegression`"),
        (metrics("recall: {min: 1, label: {}}"), "write `labels`"),
        (metrics("regex: {min: '1', pattern: a}"), "remove the quotes, and write plain digits"),
    ],
)
def test_hints(gate, only, text, hint):
    assert only(gate(text)).hint == hint


def test_a_pattern_that_is_none_is_told_with_the_position_in_it(gate, only):
    told = only(gate(metrics("regex: {min: 1, pattern: 'ab(c'}")))
    assert told.detail == (
        "`ab(c` is not a regular expression: missing ), unterminated subpattern, at character 3."
    )


@pytest.mark.parametrize("pattern", ["[[a]", "a--b", "\\d+", "(?i)yes|no", ""])
def test_patterns_that_are_taken_as_they_are(gate, pattern):
    found = metrics_of(gate(metrics(f"regex: {{min: 1, pattern: '{pattern}'}}")))
    assert found == (Metric("regex", minimum=1.0, pattern=pattern),)


def test_variables(gate, folder):
    project = (folder.root / "tuneform.yaml").read_text()
    folder.write({"tuneform.yaml": project + "  variables: {least: 0.8, where: held-out, n: 2}\n"})
    text = """\
gate:
  dataset: {path: '${var.where}.jsonl'}
  metrics:
    precision: {min: '${var.least}', labels: {'${var.n}': {min: '${var.least}'}}}
    own: {maxRegression: '${var.least}', options: {depth: '${var.n}'}}
  repeats: ${var.n}
"""
    gate_spec = only_model(gate(text)).gate
    assert gate_spec is not None
    assert gate_spec.repeats == 2
    assert gate_spec.metrics == (
        Metric("precision", None, 0.8),
        Metric("precision", "${var.n}", 0.8),
        Metric("own", max_regression=0.8, options='{"depth":"2"}'),
    )


TRAIN = DatasetRef("manifests/train.jsonl", "jsonl", preamble="Q: ")
ASKED = DatasetRef("manifests/a.csv", "csv", preamble="Q: ")
GOLDEN = DatasetRef("manifests/golden.tsv", "tsv", preamble="Q: ")
BOTH = "  dataset: {path: a.csv}\n  metrics: {exactMatch: {min: 1}}\n  mustPass: {path: golden.tsv}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"gate:\n{BOTH}\ntopK: x", (TRAIN, ASKED, GOLDEN)),
        (f"gate:\n{BOTH}\n  repeats: x", (TRAIN, ASKED, GOLDEN)),
        (f"gate:\n{BOTH.replace('a.csv', '../../a.csv')}", (TRAIN, GOLDEN)),
        (f"gate:\n{BOTH.replace('golden.tsv', 'golden')}", (TRAIN, ASKED)),
        (f"gate:\n{BOTH.replace('path: a.csv', '')}", (TRAIN, GOLDEN)),
        (
            f"gate:\n{BOTH.replace('path: a.csv', 'holdout: 0.25')}\ntopK: x",
            (
                DatasetRef("manifests/train.jsonl", "jsonl", preamble="Q: ", holdout=0.25),
                DatasetRef(
                    "manifests/train.jsonl",
                    "jsonl",
                    preamble="Q: ",
                    holdout=0.25,
                    held_out=True,
                ),
                GOLDEN,
            ),
        ),
        ("gate:\n  mustPass: {path: golden.tsv}\n  metrics: {}", (TRAIN, GOLDEN)),
        ("gate: x", (TRAIN,)),
    ],
)
def test_datasets_of_a_gate_are_known_where_something_else_is_wrong(gate, text, found):
    loaded = gate(PREAMBLE + text)
    assert loaded.models == ()
    assert loaded.datasets == found


@pytest.mark.parametrize("line", ["  format: xml\n", "  preamble: 5\n"])
def test_datasets_of_a_gate_are_known_where_the_training_dataset_is_wrong(gate, line):
    loaded = gate(f"{line}gate:\n{BOTH}")
    assert loaded.datasets == (
        DatasetRef("manifests/a.csv", "csv"),
        DatasetRef("manifests/golden.tsv", "tsv"),
    )
    assert gate(f"{line}{HELD_OUT}").datasets == ()


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (pattern, "a\ud800"),
        (label, "\ud800"),
        (options, {"a": ["\ud800"]}),
        (options, {"\ud800": 1}),
    ],
)
def test_half_a_character_is_refused(rule, value):
    with pytest.raises(Mistake, match=r"U\+D800"):
        rule(value)


def test_datasets_are_known_where_the_base_is_missing(folder, model):
    text = model("support", *HELD_OUT.split("\n")).replace("  baseModel: models/base-001\n", "")
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert [each.held_out for each in loaded.datasets] == [False, True]


def test_nothing_is_read_for_a_document_that_is_not_ours(folder):
    text = "spec:\n  dataset: {path: a.csv}\n"
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert [each.code for each in loaded.diagnostics] == ["not-a-manifest"]
    assert loaded.datasets == ()


def test_a_file_that_nobody_could_read_is_not_read_in_a_document_of_another_version(folder, model):
    gate = "gate: {dataset: {path: .csv}, metrics: {}, mustPass: {path: .jsonl}}"
    text = model("support", gate).replace("tuneform/v1", "tuneform/v9")
    loaded = folder.write({"manifests/a.yaml": text}).read()
    assert [each.code for each in loaded.diagnostics] == ["unknown-value"]
    assert [each.path for each in loaded.datasets] == ["manifests/train.jsonl"]
