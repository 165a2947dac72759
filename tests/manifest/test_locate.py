"""Places for what later stages find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.manifest.locate import pinpoint

TEXT = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata: {name: first}
spec: {baseModel: models/b, dataset: {path: a.csv}}
---
apiVersion: tuneform/v1
kind: TunedModel
metadata:
  name: second
  formerly: [one, two]
  labels: {"a b": x}
spec:
  tunedFrom: first
  dataset:
    path: b.csv
  hyperparameters: &h
    epochCount: 5
  lifecycle: {<<: *h}
"""


def told(field, line=9, column=9, file="manifests/a.yaml", **more):
    return Diagnostic(
        Severity.ERROR, "code", "summary", place=Place(file, line, column), field=field, **more
    )


@pytest.mark.parametrize(
    ("field", "place", "snippet"),
    [
        ("metadata.name", "9:9", "  name: second"),
        ("spec.tunedFrom", "13:14", "  tunedFrom: first"),
        ("spec.dataset", "14:3", "  dataset:"),
        ("spec.dataset.path", "15:11", "    path: b.csv"),
        ("spec.dataset.preamble", "14:3", "  dataset:"),
        ("spec.dataset.fields.input", "14:3", "  dataset:"),
        ("spec.hyperparameters.epochCount", "17:17", "    epochCount: 5"),
        ("spec.lifecycle.epochCount", "17:17", "    epochCount: 5"),
        ("metadata.formerly[1]", "10:19", "  formerly: [one, two]"),
        ("metadata.formerly[7]", "10:3", "  formerly: [one, two]"),
        ('metadata.labels."a b"', "11:19", '  labels: {"a b": x}'),
        ("spec.temperature", "9:9", "  name: second"),
        ("spec", "9:9", "  name: second"),
        ("", "9:9", ""),
        ("]][[..", "9:9", "  name: second"),
    ],
)
def test_the_place_of_a_field(folder, field, place, snippet):
    folder.write({"manifests/a.yaml": TEXT})
    (found,) = pinpoint((told(field),), folder.root)
    assert str(found.place) == f"manifests/a.yaml:{place}"
    assert found.snippet == snippet


def test_what_is_not_at_the_name_of_a_document_stays(folder):
    folder.write({"manifests/a.yaml": TEXT, "manifests/train.jsonl": "{}\n"})
    given = (
        told("spec.tunedFrom", 1, 1),
        told("spec.tunedFrom", file="manifests/gone.yaml"),
        told("spec.tunedFrom", file="../outside.yaml"),
        told("output", 1, 1, file="manifests/train.jsonl"),
        told("spec.tunedFrom", snippet="known already"),
        replace(told("x"), place=None),
    )
    assert pinpoint(given, folder.root) == given


def test_a_file_that_was_broken_meanwhile_changes_nothing(folder):
    folder.write({"manifests/a.yaml": "a: &a [*a]\n---\n[\n---\nx\n"})
    given = (told("spec.tunedFrom"),)
    assert pinpoint(given, folder.root) == given


def test_the_order_is_kept(folder):
    folder.write({"manifests/a.yaml": TEXT})
    given = (told("spec.tunedFrom"), told("spec.dataset", 3, 18), told("metadata.name"))
    found = pinpoint(given, folder.root)
    assert [each.field for each in found] == [each.field for each in given]
    assert str(found[1].place) == "manifests/a.yaml:4:29"
