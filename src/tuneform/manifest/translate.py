"""A checked document to a value of the domain, and rules about several keys of a document.

The rules about several keys look at the document as it was written, so that they are told even
where other keys have mistakes of their own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final

from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Place, Severity
from tuneform.domain.mark import DeletionPolicy, Mark
from tuneform.domain.spec import SUFFIXES, DatasetRef, Fields, Hyperparameters, ModelSpec
from tuneform.manifest import shape
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.rules import relative_path
from tuneform.manifest.words import quoted

_DEFAULTS: Final = DatasetRef("", "jsonl")
_RATES: Final = frozenset(("learningRate", "learningRateMultiplier"))
_DIGEST: Final = "a" * 10
"""As long as any short digest."""
_REST_OF_MARK_AT_MOST: Final = 130
"""More than a mark has besides owner and model, so that short descriptions need no mark made."""


def inside(folder: str, path: str) -> str | None:
    """A path relative to a folder of the project as one relative to the project; None if it leaves.

    Args:
        folder: relative to the project, empty for the project itself.
        path: with `/`.
    """
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined == ".." or joined.startswith(("../", "/")) else joined


def relations(document: Any, folder: str) -> Iterator[Problem]:
    """What is wrong between the keys of a TunedModel.

    Args:
        document: its plain value, whatever that is.
        folder: of the manifest, relative to the project.
    """
    document = _mapping(document)
    spec = document.get("spec")
    if isinstance(spec, dict):
        if ("baseModel" in spec) == ("tunedFrom" in spec):
            yield _bases(spec)
        settings = spec.get("hyperparameters")
        if isinstance(settings, dict) and settings.keys() >= _RATES:
            yield _rates(settings)
        if isinstance(dataset := spec.get("dataset"), dict):
            yield from _dataset(dataset, folder)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and "formerly" in metadata:
        yield from _formerly(metadata)


def model(document: shape.TunedModel, place: Place, folder: str) -> ModelSpec:
    """The declared model, defaults filled in.

    Args:
        document: checked, with variables put in.
        place: of its `metadata.name`.
        folder: of the manifest, relative to the project.
    """
    metadata, spec = document.metadata, document.spec
    lifecycle = spec.lifecycle
    return ModelSpec(
        name=metadata.name,
        place=place,
        dataset=dataset_ref(spec.dataset, folder),
        fields=Fields(
            display_name=spec.display_name or metadata.name,
            description=(spec.description or "").rstrip(),
            temperature=spec.temperature,
            top_p=spec.top_p,
            top_k=spec.top_k,
        ),
        base_model=spec.base_model,
        tuned_from=spec.tuned_from,
        formerly=tuple(metadata.formerly or ()),
        labels=tuple(sorted((metadata.labels or {}).items())),
        hyperparameters=_hyperparameters(spec.hyperparameters),
        revision=spec.revision or 1,
        deletion_policy=DeletionPolicy((lifecycle and lifecycle.deletion_policy) or "delete"),
        keep_versions=_keep_versions(lifecycle),
    )


def long_description(spec: ModelSpec, owner: str) -> Problem | None:
    """A warning where description and mark together are longer than the service advises.

    The mark is taken as it will be while the version serves; words that it may get later (a
    verdict, a pin, an adopted id) are not counted.

    Args:
        spec: the model.
        owner: `PROJECT` or `PROJECT/ENV`, empty where it is not known.
    """
    text, limit = spec.fields.description or "", Limits().description_characters
    if len(text) + len(owner) + len(spec.name) + _REST_OF_MARK_AT_MOST <= limit:
        return None
    mark = Mark(
        owner=owner,
        model=spec.name,
        fingerprint=_DIGEST,
        data=_DIGEST,
        revision=spec.revision,
        serving=True,
        deletion=spec.deletion_policy,
    )
    length = len(text) + 1 + len(str(mark))
    if not text or length <= limit:
        return None
    return Problem(
        ("spec", "description"),
        "long-description",
        "long description",
        f"With the mark that tuneform adds, the description has {length:,} characters; "
        f"more than {limit} may be cut off or refused.",
        f"shorten it by {length - limit:,} characters",
        severity=Severity.WARNING,
    )


def dataset_ref(dataset: shape.Dataset, folder: str) -> DatasetRef:
    """Where the examples are, about which `relations` had nothing to say.

    Args:
        dataset: checked, with variables put in.
        folder: of the manifest, relative to the project.
    """
    path = inside(folder, dataset.path) or ""
    names = dataset.fields
    return DatasetRef(
        path=path,
        format=dataset.format or SUFFIXES[posixpath.splitext(path)[1].lower()],
        input_field=(names and names.input) or _DEFAULTS.input_field,
        output_field=(names and names.output) or _DEFAULTS.output_field,
        preamble=dataset.preamble or "",
    )


def _keep_versions(lifecycle: shape.Lifecycle | None) -> int:
    if lifecycle is None or lifecycle.keep_versions is None:
        return 1
    return lifecycle.keep_versions


def _hyperparameters(settings: shape.Hyperparameters | None) -> Hyperparameters:
    if settings is None:
        return Hyperparameters()
    return Hyperparameters(
        epoch_count=settings.epoch_count,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        learning_rate_multiplier=settings.learning_rate_multiplier,
    )


def _bases(spec: dict[str, Any]) -> Problem:
    if "baseModel" in spec:
        return Problem(
            ("spec", [key for key in spec if key in {"baseModel", "tunedFrom"}][-1]),
            "conflicting-bases",
            "conflicting bases",
            "Both baseModel and tunedFrom are set; a training starts from one of them.",
            "remove one of the two",
            at_key=True,
            subject=("spec",),
        )
    return Problem(
        ("spec",),
        "missing-key",
        "missing key",
        "`spec` needs `baseModel` or `tunedFrom`: a training has to start from something.",
        "add `baseModel: models/…`, or `tunedFrom:` with the name of a declared model",
        at_key=True,
        subject=("spec", "baseModel"),
    )


def _rates(settings: dict[str, Any]) -> Problem:
    return Problem(
        ("spec", "hyperparameters", [key for key in settings if key in _RATES][-1]),
        "conflicting-hyperparameters",
        "conflicting hyperparameters",
        "Both learningRate and learningRateMultiplier are set; the service accepts one of them.",
        "remove one of the two",
        at_key=True,
        subject=("spec", "hyperparameters"),
    )


def _dataset(dataset: dict[str, Any], folder: str) -> Iterator[Problem]:
    path = dataset.get("path")
    if isinstance(path, str) and _is_relative(path):
        resolved = inside(folder, path)
        if resolved is None:
            yield Problem(
                ("spec", "dataset", "path"),
                "outside-project",
                "outside the project",
                f"{quoted(path)} leads out of the project; only files inside it can be used.",
                "copy the file into the project",
            )
        elif "format" not in dataset and posixpath.splitext(resolved)[1].lower() not in SUFFIXES:
            yield Problem(
                ("spec", "dataset", "path"),
                "unknown-format",
                "unknown format",
                f"The suffix of {quoted(path)} does not tell how the file is written.",
                "add `format:` with jsonl, json, csv or tsv",
            )
    names = dataset.get("fields")
    if isinstance(names, dict):
        first = names.get("input", _DEFAULTS.input_field)
        if first == names.get("output", _DEFAULTS.output_field) and isinstance(first, str):
            yield Problem(
                ("spec", "dataset", "fields"),
                "conflicting-fields",
                "conflicting fields",
                f"Input and output would both be read from {quoted(first)}.",
                "name two different keys or columns",
            )


def _formerly(metadata: dict[str, Any]) -> Iterator[Problem]:
    former, name = metadata["formerly"], metadata.get("name")
    seen: set[str] = set()
    for index, each in enumerate(former if isinstance(former, list) else ()):
        path = ("metadata", "formerly", index)
        if not isinstance(each, str):
            continue
        if each == name:
            detail = (
                f"The model is called {quoted(each)} now; `formerly` takes names it had before."
            )
            yield Problem(path, "not-former", "not a former name", detail, "remove it")
        elif each in seen:
            detail = f"{quoted(each)} stands in the list already."
            yield Problem(path, "duplicate-name", "duplicate name", detail, "remove it")
        seen.add(each)


def _is_relative(path: str) -> bool:
    try:
        relative_path(path)
    except Mistake:
        return False
    return True


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
