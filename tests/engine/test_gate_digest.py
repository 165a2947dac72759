"""What a gate is, and what does not make it another one."""

import hashlib
import random
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from tuneform.domain.spec import DatasetRef, GateSpec, Measure, Metric
from tuneform.engine.fingerprint import gate_digest

METRICS = (
    Metric("exactMatch", minimum=0.9, max_regression=0.02),
    Metric("precision", label="größe", minimum=1),
    Metric("precision", minimum=0.5),
    Metric("regex", pattern="[a-z]+"),
    Metric("jsonFields", fields=("team", "urgency")),
    Metric("sameNumber", options='{"within":0.5}'),
)
HELD_OUT = DatasetRef("held-out.jsonl", "jsonl")
GOLDEN = DatasetRef("golden.jsonl", "jsonl")
DATA = ("aa" * 32, "bb" * 32)


def spec(*metrics, **changes):
    return GateSpec(**{"dataset": HELD_OUT, "must_pass": GOLDEN, "metrics": metrics} | changes)


FULL = spec(*METRICS)


def test_the_form_is_written_down():
    def written(name, *, fields="[]", label="null", most="null", least="null", rest=None, own="{}"):
        own = own.replace('"', '\\"')
        return (
            f'{{"fields":{fields},"label":{label},"maxRegression":{most},"min":{least},'
            f'"name":"{name}","options":"{own}","pattern":{rest or "null"}}}'
        )

    metrics = (
        written("jsonFields", fields='["team","urgency"]'),
        written("precision", label='"größe"', least="1.0"),
        written("exactMatch", most="0.02", least="0.9"),
        written("precision", least="0.5"),
        written("regex", rest='"[a-z]+"'),
        written("sameNumber", own='{"within":0.5}'),
    )
    text = (
        f'{{"dataset":"{DATA[0]}","metrics":[{",".join(sorted(metrics))}],"mustPass":"{DATA[1]}",'
        '"mustPassMeasure":"exactMatch","repeats":1,"v":1}'
    )
    assert gate_digest(FULL, DATA) == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_of_metrics_is_nothing():
    shuffled = list(METRICS)
    random.Random(7).shuffle(shuffled)
    assert gate_digest(replace(FULL, metrics=tuple(shuffled)), DATA) == gate_digest(FULL, DATA)


@pytest.mark.parametrize(
    "same",
    [
        replace(FULL, concurrency=9),
        replace(FULL, dataset=DatasetRef("moved/elsewhere.csv", "csv", "q", "a", "Q: ")),
        replace(FULL, must_pass=DatasetRef("other.tsv", "tsv")),
        replace(FULL, must_pass_measure="exactMatch"),
        replace(FULL, metrics=(replace(METRICS[1], minimum=1.0), METRICS[0], *METRICS[2:])),
        replace(
            FULL,
            metrics=(*METRICS[:4], Metric("jsonFields", fields=("urgency", "team")), METRICS[5]),
        ),
    ],
)
def test_what_changes_no_verdict(same):
    assert gate_digest(same, DATA) == gate_digest(FULL, DATA)


OF_A_METRIC = {
    "name": "other",
    "label": "sales",
    "minimum": 0.25,
    "max_regression": 0.125,
    "pattern": "x",
    "fields": ("x",),
    "options": '{"x":1}',
}


def test_every_field_of_a_metric_is_part_of_it():
    assert {field.name for field in fields(Metric)} == set(OF_A_METRIC)
    bare = Metric("own")
    variants = [bare, *(replace(bare, **{name: value}) for name, value in OF_A_METRIC.items())]
    assert len({gate_digest(spec(each), DATA) for each in variants}) == len(variants)


def test_every_field_of_a_gate_is_part_of_it_but_for_places_and_pace():
    assert {field.name for field in fields(GateSpec)} == {
        "dataset",
        "metrics",
        "must_pass",
        "must_pass_measure",
        "repeats",
        "concurrency",
    }
    digests = [
        gate_digest(FULL, DATA),
        gate_digest(replace(FULL, metrics=METRICS[1:]), DATA),
        gate_digest(replace(FULL, metrics=(*METRICS, METRICS[0])), DATA),
        gate_digest(replace(FULL, must_pass_measure=Measure.CONTAINS), DATA),
        gate_digest(replace(FULL, repeats=2), DATA),
        gate_digest(FULL, (DATA[1], DATA[1])),
        gate_digest(FULL, (DATA[0], DATA[0])),
        gate_digest(FULL, DATA[::-1]),
        gate_digest(replace(FULL, must_pass=None), DATA[:1]),
        gate_digest(replace(FULL, dataset=None), DATA[:1]),
    ]
    assert len(set(digests)) == len(digests)


def test_each_dataset_has_its_digest():
    with pytest.raises(ValueError, match="zip"):
        gate_digest(FULL, DATA[:1])


OTHERWISE = GateSpec(None, METRICS[::-1], GOLDEN, str(Measure.EXACT_MATCH))
PROBE = f"""
from tuneform.domain.spec import *
from tuneform.engine.fingerprint import gate_digest
print(gate_digest({OTHERWISE!r}, {DATA[1:]!r}))
"""


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_other_processes_find_the_same(seed):
    told = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == gate_digest(GateSpec(None, METRICS, GOLDEN), DATA[1:])
