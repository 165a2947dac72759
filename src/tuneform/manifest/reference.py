"""The page about manifests, made from the JSON Schema: one table for each mapping of keys.

It computes nothing about manifests; what a key means is said once, in `shape`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tuneform.manifest.compose import DEPTH_AT_MOST, NODES_AT_MOST
from tuneform.manifest.interpolate import TEXT_AT_MOST
from tuneform.manifest.schema import json_schema
from tuneform.manifest.source import BYTES_AT_MOST
from tuneform.manifest.words import listed

_QUOTED: Final = frozenset(">[{*&!|%@`")
"""What starts with one of these is text only in quotes."""
_MANY: Final = 1000
"""A limit from here on is not told."""
_TYPES: Final = {
    "string": "text",
    "array": "list of texts",
    "object": "mapping",
    "boolean": "`true` or `false`",
}
_DEFAULT: Final = re.compile(r"\s*Default: (.+)\.$")

PROJECT_EXAMPLE: Final = """\
apiVersion: tuneform/v1
kind: Project
metadata:
  name: demo
spec:
  requires: ">=0.1"
  manifests: [manifests]
  provider: {type: embedded}
  variables:
    stage: dev
  policy:
    allowedBases: ["models/gemini-1.5-*"]
    requiredLabels: [team]
    examples: {least: 20, most: 5000}
    maxCost: 25.0
    warn: [requiredLabels]
  prices:
    asOf: 2026-11-01
    currency: USD
    perMillionTokens:
      "models/gemini-1.5-flash-*": 8.0
  environments:
    prod:
      provider: {type: gemini}
      variables:
        stage: prod
"""

MODEL_EXAMPLE: Final = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata:
  name: number-generator
  labels: {team: growth}
spec:
  displayName: Number generator (${var.stage})
  description: Says the next number.
  baseModel: models/gemini-1.5-flash-001-tuning
  dataset:
    path: datasets/numbers.jsonl
    fields: {input: question, output: answer}
    preamble: "Next number: "
  hyperparameters:
    epochCount: 5
    batchSize: 4
    learningRate: 0.001
  temperature: 0.7
  gate:
    dataset: {path: datasets/held-out.jsonl}
    metrics:
      exactMatch: {min: 0.9, maxRegression: 0.02}
    mustPass: {path: datasets/golden.jsonl}
  lifecycle:
    deletionPolicy: prevent
    keepVersions: 1
"""

_INTRODUCTION: Final = f"""\
# Manifests

Made from the JSON Schema by `make docs`; do not edit.

A project is a folder with `tuneform.yaml`, which holds one `Project` document. The files and
folders that it names hold any number of `TunedModel` documents, one or several in a file, separated
by `---`. `tuneform schema` prints the JSON Schema of both kinds. A first line such as
`# yaml-language-server: $schema=manifest.schema.json` lets an editor complete and check while you
type.

`tuneform validate` reports every mistake of every file in one run, each with its place, the line,
and a suggestion where one is near. A file or folder that cannot be read is an error: a manifest
that is not found would mean a model that is not wanted.

## How YAML is read

- Scalars are those of the YAML 1.2 core schema: `no` and `2024-01-01` are text, `1e-3` is a number,
  `5.0` is not a whole number. Text that looks like a number needs quotes.
- A key stands once in a mapping. Unknown keys are errors, and so is a key without a value.
- Anchors, aliases and the merge key `<<` work inside one document. Tags of your own do not.
- Files are UTF-8. A file has at most {BYTES_AT_MOST // 1_000_000} MB; a document has at most
  {NODES_AT_MOST:,} values, aliases written out, on at most {DEPTH_AT_MOST} levels.
- Paths use `/`, are relative to the file that names them, and stay inside the project, through
  symbolic links as well. Hidden files and folders are skipped.

## Variables

`${{var.NAME}}` works in every text of every document, and `$${{` stands for a plain `${{`. Nothing
else is put in: a manifest cannot read environment variables, files or other manifests. A text has
at most {TEXT_AT_MOST:,} characters with its variables put in.

Values come from, and later ones win: `spec.variables`, `variables` of the environment,
`TUNEFORM_VAR_NAME`, `--var-file FILE`, `--var NAME=VALUE`. The last two must name declared
variables; a `TUNEFORM_VAR_NAME` that is not declared is ignored. A value in `tuneform.yaml` may
contain other variables; a value from outside is taken as it is.

A variable is put in as it was written: `1.10` stays `1.10`. Where a key takes a number, a variable
that stands alone is read as a number: `epochCount: ${{var.epochs}}`. Inside `{{ }}` and `[ ]` it
needs quotes: `{{epochCount: "${{var.epochs}}"}}`.

A variable written as `{{value: …, sensitive: true}}` is shown nowhere, whoever sets it, and no
manifest that contains it is cached.

## Environments

`--env NAME` or `TUNEFORM_ENV` chooses one. A key of the environment replaces the whole key of the
project; only variables merge. Each environment is an owner of its own: two of them never see each
other's models, even in one account.

## Gates

A gate asks a trained version questions before it may serve. `metrics` are measured with the
examples of `dataset`: a file of its own, or a share of the training dataset, which is then not
trained on. Every value is a share from 0 to 1, and more is better; `min` bounds it from below,
`maxRegression` compares it with the version that serves now. `mustPass` names cases that each have
to be answered right. Nothing is promoted, and nothing deleted, until all of it holds.

A metric of your own is a Python entry point; write its name, and `options` for it. A name that
is nearly one of those below is taken for a slip.

## Providers

`type` names the service. Each has keys of its own, and lacks some settings of a manifest: one that
it cannot honour is an error that says what to use instead, never ignored. `tuneform validate
--provider NAME` tells what of a project another provider would not honour; neither a key nor
network is needed. A manifest that runs on all of them sets none of these:

- `temperature`, `topP`, `topK`: tuning jobs (`vertex`, and `embedded` in that dialect) keep no
  sampling settings; applications send them with each prompt.
- `batchSize`, `learningRate`: tuning jobs choose them; `learningRateMultiplier` works everywhere.
- `spec.vertex`: the others have none of it.
- A `displayName` of more than 40 characters: tuning jobs take 128.
- Labels with capitals, dots or slashes, or with keys that begin with `tuneform`: tuning jobs store
  labels with the model, and take at most 50, of lower-case letters, digits, `-` and `_`.
- Datasets of more than 4 MB, or with longer texts than those APIs take: tuning jobs take 1 GB.

Of `spec.vertex`, `adapterSize` is a training input, and a share for validation takes examples away:
both train a new version. The others (another file for validation, `exportLastCheckpointOnly`, the
key, the account) train nothing, so that a change of them alone is no change of the plan: they hold
from the next version on, which a raised `revision` begins at once. Examples for validation that are
trained as well are a warning: nothing is decided by them.

## Policy and prices

A rule of `policy` that is broken denies, or warns if `warn` names it. `prices` replaces the list
that is shipped. An environment that has one of the two replaces it as a whole: under
`policy: {{}}` there are no rules.
"""


def reference_markdown() -> str:
    """The whole page."""
    schema = json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    parts = [
        _INTRODUCTION,
        "## Project\n\nIn `tuneform.yaml`.\n",
        f"```yaml\n{PROJECT_EXAMPLE}```\n",
        *_tables("Project", definitions),
        "## TunedModel\n\nIn the files that `spec.manifests` names.\n",
        f"```yaml\n{MODEL_EXAMPLE}```\n",
        *_tables("TunedModel", definitions),
    ]
    return "\n".join(parts)


def _tables(kind: str, definitions: dict[str, Any]) -> Iterator[str]:
    """A table for the kind, and one for each mapping below it, outer ones first."""
    found: dict[str, list[str]] = {}
    waiting = [("", kind)]
    while waiting:
        path, name = waiting.pop(0)
        found.setdefault(name, []).append(path)
        if len(found[name]) == 1:
            for inner, step in _inner(definitions[name]):
                waiting.append((f"{path}.{step}".removeprefix("."), inner))
    for name, (path, *others) in found.items():
        if path:
            yield f"### `{path}` ({kind})\n\n{definitions[name]['description']}\n"
        if others:
            yield f"The keys are the same in {listed(others)}.\n"
        yield "\n".join(_rows(definitions[name])) + "\n"


def _inner(definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The definitions that the keys of a mapping refer to, with the step there."""
    for key, value in definition["properties"].items():
        if "$ref" in value:
            yield str(value["$ref"]).rpartition("/")[2], key
        elif name := _free(value):
            yield name, f"{key}.NAME"
    if name := _free(definition):
        yield name, "NAME"


def _free(value: dict[str, Any]) -> str:
    """The definition that a mapping refers to for each of its free keys, empty if none."""
    rest = value.get("additionalProperties")
    for each in (*value.get("patternProperties", {}).values(), *([rest] if rest else [])):
        for option in each.get("anyOf", [each]) if isinstance(each, dict) else ():
            name = str(option.get("$ref", "")).rpartition("/")[2]
            if name and "ariable" not in name:
                return name
    return ""


def _rows(definition: dict[str, Any]) -> Iterator[str]:
    yield "| key | takes | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for key, value in definition["properties"].items():
        description = str(value.get("description", ""))
        found = _DEFAULT.search(description)
        default = found[1] if found else ""
        if "default" in value:
            default = f"`{value['default']}`"
        elif key in definition.get("required", ()):
            default = "needed"
        meaning = _DEFAULT.sub("", description)
        if examples := value.get("examples"):
            meaning += f" Example: `{_flow(examples[0])}`"
        yield f"| `{key}` | {_takes(value)} | {default} | {meaning} |".replace("|  |", "| |")


def _takes(value: dict[str, Any]) -> str:
    """The type of a key in a word or two."""
    inside = value.get("anyOf", [value])[0]
    if "const" in inside:
        return f"`{inside['const']}`"
    if "enum" in inside:
        return ", ".join(f"`{each}`" for each in inside["enum"])
    kind = inside.get("type", "object")
    if kind in {"integer", "number"}:
        return _number(kind, inside)
    return _TYPES[str(kind)]


def _number(kind: str, inside: dict[str, Any]) -> str:
    """The range of a number; the end of what 32 bits hold is nobody's concern."""
    name = "whole number" if kind == "integer" else "number"
    above = "exclusiveMinimum" in inside
    start = f"above {inside['exclusiveMinimum']}" if above else f"from {inside['minimum']}"
    most = inside.get("maximum", _MANY)
    end = f", at most {most}" if above else f" to {most}"
    return f"{name} {start}" + (end if most < _MANY else "")


def _flow(example: Any) -> str:
    """An example as it would be written in a manifest."""
    if isinstance(example, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in example.items()) + "}"
    if isinstance(example, list):
        return "[" + ", ".join(_flow(each) for each in example) + "]"
    if isinstance(example, str) and (example != example.strip() or example[:1] in _QUOTED):
        return json.dumps(example)
    return json.dumps(example) if isinstance(example, bool) else str(example)
