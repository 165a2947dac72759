"""A checked document to a value of the domain, and rules about several keys of a document.

The rules about several keys look at the document as it was written, so that they are told even
where other keys have mistakes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tuneform.domain.diagnostic import Place
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.spec import Fields, Hyperparameters, ModelSpec
from tuneform.manifest import datasets, gate, shape, vertex
from tuneform.manifest.problems import Problem
from tuneform.manifest.provider_shape import Vertex
from tuneform.manifest.words import quoted

_RATES: Final = frozenset(("learningRate", "learningRateMultiplier"))


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
            yield from datasets.relations(dataset, ("spec", "dataset"), folder)
        if isinstance(declared := spec.get("gate"), dict):
            yield from gate.relations(declared, folder)
        yield from vertex.relations(document, folder)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and "formerly" in metadata:
        yield from _formerly(metadata)


def model(
    document: shape.TunedModel, place: Place, folder: str, order: Sequence[str] = ()
) -> ModelSpec:
    """The declared model, defaults filled in.

    Args:
        document: checked, with variables put in.
        place: of its `metadata.name`.
        folder: of the manifest, relative to the project.
        order: of the metrics of its gate, as they were written.
    """
    metadata, spec = document.metadata, document.spec
    lifecycle = spec.lifecycle
    dataset = datasets.dataset_ref(spec.dataset, folder, spec.dataset.preamble or "")
    validation = spec.vertex.validation if spec.vertex else None
    return ModelSpec(
        name=metadata.name,
        place=place,
        dataset=vertex.trained_on(
            gate.trained_on(dataset, spec.gate.dataset if spec.gate else None), validation
        ),
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
        hyperparameters=_hyperparameters(spec.hyperparameters, spec.vertex),
        revision=spec.revision or 1,
        deletion_policy=DeletionPolicy((lifecycle and lifecycle.deletion_policy) or "delete"),
        keep_versions=_keep_versions(lifecycle),
        gate=gate.gate_spec(spec.gate, dataset, folder, order) if spec.gate else None,
        validation=vertex.measured_with(validation, dataset, folder) if validation else None,
        extras=vertex.extras(spec.vertex),
    )


def _keep_versions(lifecycle: shape.Lifecycle | None) -> int:
    if lifecycle is None or lifecycle.keep_versions is None:
        return 1
    return lifecycle.keep_versions


def _hyperparameters(
    settings: shape.Hyperparameters | None, vertex: Vertex | None
) -> Hyperparameters:
    """All of them, also those that stand with what only one provider has."""
    adapter_size = vertex.adapter_size if vertex else None
    if settings is None:
        return Hyperparameters(adapter_size=adapter_size)
    return Hyperparameters(
        epoch_count=settings.epoch_count,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        learning_rate_multiplier=settings.learning_rate_multiplier,
        adapter_size=adapter_size,
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


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
