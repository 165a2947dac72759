"""The projects that are measured: manifests, datasets, and the live list that agrees with them.

    workload.py PROJECT MODELS ROWS ROW_BYTES PROVIDER

writes the project into a new directory, and `.live.json` with the objects that agree with it.
Everything is derived from the number of a model, so that two runs measure the same bytes. Nothing
is trained: the live list is made by the contract (identity.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import identity

BASE = "models/gemini-1.5-flash-001-tuning"
HYPERPARAMETERS: dict[str, Any] = {"epochCount": 5, "batchSize": 4, "learningRate": 0.001}
OWNER = "bench"
MODELS_PER_FILE = 100
MODELS_PER_FOLDER = 1000

_TEXT = (
    "the parcel was left at the wrong door and the driver had gone before anybody could ask why "
    "an invoice shows two items that were never ordered while the third one is missing from it "
    "after the update the screen stays dark until the plug is pulled and put back into the wall "
)
_LABELS = ("delivery", "billing", "technical", "account", "returns")


def write_project(root: Path, models: int, rows: int, row_bytes: int, provider: str) -> None:
    """Write everything.

    Args:
        root: a new directory.
        models: how many, each with a dataset of its own.
        rows: examples in each dataset.
        row_bytes: size of a line of a dataset, at least 100.
        provider: the value of `spec.provider`, as YAML.
    """
    root.joinpath("manifests").mkdir(parents=True)
    root.joinpath("tuneform.yaml").write_text(_project(provider))
    shared = Rows(0, range(1, rows), row_bytes)
    live = []
    for first in range(0, models, MODELS_PER_FILE):
        numbers = range(first, min(first + MODELS_PER_FILE, models))
        for number in numbers:
            own = Rows(number, range(1), row_bytes)
            live.append(_live(number, _write_dataset(root / dataset_path(number), own, shared)))
        name = f"models-{first // MODELS_PER_FILE:04}.yaml"
        root.joinpath("manifests", name).write_text("---\n".join(map(_manifest, numbers)))
    root.joinpath(".live.json").write_text(json.dumps(live))


class Rows:
    """Lines of a dataset and their digests. The first is the dataset's own, the others are shared:
    four gigabytes would else take longer to make than to measure.
    """

    def __init__(self, number: int, rows: range, row_bytes: int) -> None:
        pairs = [_pair(number, row, row_bytes) for row in rows]
        self.text = b"".join(
            json.dumps(dict(zip(("text_input", "output"), pair, strict=True))).encode() + b"\n"
            for pair in pairs
        )
        self.digests = [identity.example_digest(*pair) for pair in pairs]


def dataset_path(number: int) -> str:
    return f"datasets/{number // MODELS_PER_FOLDER:02}/{number:05}.jsonl"


def _write_dataset(path: Path, own: Rows, shared: Rows) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(own.text + shared.text)
    return identity.dataset_digest(own.digests + shared.digests)


def _pair(number: int, row: int, row_bytes: int) -> tuple[str, str]:
    """An example whose line has exactly the size that was asked for."""
    output = _LABELS[(number + row) % len(_LABELS)]
    head = f"Message {number}-{row}: "
    frame = len('{"text_input": "", "output": ""}\n') + len(head) + len(output)
    start = (number * 7 + row * 13) % len(_TEXT)
    text = _TEXT * (row_bytes // len(_TEXT) + 2)
    return head + text[start : start + row_bytes - frame], output


def _project(provider: str) -> str:
    return f"""\
apiVersion: tuneform/v1
kind: Project
metadata:
  name: {OWNER}
spec:
  manifests: [manifests]
  variables: {{endpoint: "http://127.0.0.1:1"}}
  provider: {provider}
"""


def model_name(number: int) -> str:
    return f"model-{number:05}"


def _manifest(number: int) -> str:
    """One document of 17 lines, with the keys that people use."""
    return f"""\
apiVersion: tuneform/v1
kind: TunedModel
metadata:
  name: {model_name(number)}
  labels: {{team: team-{number % 40}}}
spec:
  displayName: Model {number}
  description: Sorts the messages of desk {number}.
  baseModel: {BASE}
  dataset:
    path: ../{dataset_path(number)}
  hyperparameters:
    epochCount: {HYPERPARAMETERS["epochCount"]}
    batchSize: {HYPERPARAMETERS["batchSize"]}
    learningRate: {HYPERPARAMETERS["learningRate"]}
  lifecycle:
    keepVersions: 1
"""


def _live(number: int, dataset: str) -> dict[str, Any]:
    """The object as the service lists it, under a mask that leaves the snapshots out."""
    model = model_name(number)
    digest = identity.fingerprint(BASE, dataset, HYPERPARAMETERS)
    mark = identity.mark(OWNER, model, digest, dataset)
    return {
        "name": identity.remote_name(OWNER, model, digest),
        "baseModel": BASE,
        "displayName": f"Model {number}",
        "description": f"Sorts the messages of desk {number}.\n{mark}",
        "state": "ACTIVE",
        "createTime": "2026-11-02T09:30:00.000000Z",
        "updateTime": "2026-11-02T09:31:00.000000Z",
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "tuningTask": {
            "startTime": "2026-11-02T09:30:00.500000Z",
            "completeTime": "2026-11-02T09:31:00.000000Z",
            "hyperparameters": HYPERPARAMETERS,
        },
    }


if __name__ == "__main__":
    project, models, rows, row_bytes, provider = sys.argv[1:]
    write_project(Path(project), int(models), int(rows), int(row_bytes), provider)
