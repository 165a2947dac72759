"""What was found about datasets, without their text."""

from __future__ import annotations

from hypothesis import given

from tuneform.domain.spec import DatasetFacts
from tuneform.render.dataset import (
    dataset_check_json,
    dataset_check_text,
    dataset_diff_json,
    dataset_diff_text,
    dataset_stats_json,
    dataset_stats_text,
)
from tuneform.render.json_text import json_text
from tuneform.render.look import Look

from .laws import LOOKS, assert_fits, law
from .values import DIAGNOSTICS, DIGEST

FILES = {"datasets/numbers.jsonl": DatasetFacts(DIGEST, 15, 1730)}
STATS = {
    "a.csv": {"examples": 1200, "mean_input_characters": 4.25, "longest": None, "format": "csv"}
}
COUNTS = {"added": 2, "removed": 0, "changed": 1, "unchanged": 1200}


def test_check():
    line = "datasets/numbers.jsonl: 15 examples, 1,730 characters"
    assert dataset_check_text(FILES, (), Look()) == line
    text = dataset_check_text(FILES, DIAGNOSTICS, Look())
    assert text.startswith("error: ")
    assert text.endswith(f"1 error, 1 warning.\n\n{line}")
    assert dataset_check_text({}, DIAGNOSTICS, Look()).endswith("1 error, 1 warning.")
    value = dataset_check_json(FILES, DIAGNOSTICS)
    assert value["files"]["datasets/numbers.jsonl"]["digest"] == DIGEST
    assert len(value["diagnostics"]) == 2


def test_stats():
    assert dataset_stats_text(STATS, Look()) == (
        "a.csv\n"
        "  examples               1,200\n"
        "  mean input characters  4.2\n"
        "  format                 csv"
    )
    odd = dataset_stats_json({"a": {"mean": float("nan"), "n": 1}})
    assert odd["files"] == {"a": {"mean": None, "n": 1}}
    assert json_text(odd)


def test_diff():
    assert dataset_diff_text("a.csv", "b.csv", COUNTS, Look()) == (
        "a.csv -> b.csv\nExamples: 2 added, 0 removed, 1 changed, 1,200 unchanged."
    )
    assert dataset_diff_json("a.csv", "b.csv", COUNTS)["examples"] == COUNTS


@law
@given(LOOKS)
def test_width(look):
    assert_fits(dataset_check_text(FILES, DIAGNOSTICS, look), look)
    assert_fits(dataset_stats_text(STATS, look), look)
    assert_fits(dataset_diff_text("a.csv", "b.csv", COUNTS, look), look)
