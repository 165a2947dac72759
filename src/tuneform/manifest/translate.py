"""A checked document to a value of the domain, and rules about several keys of a document.

The rules about several keys look at the document as it was written, so that they are told even
where other keys have mistakes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tuneform.domain.capabilities import Limits
from tuneform.domain.diagnostic import Place, Severity
from tuneform.domain.mark import DeletionPolicy, Mark, Verdict
from tuneform.domain.spec import Fields, Hyperparameters, ModelSpec
from tuneform.manifest import datasets, gate, shape
from tuneform.manifest.problems import Problem
from tuneform.manifest.words import quoted

_RATES: Final = frozenset(("learningRate", "learningRateMultiplier"))
_DIGEST: Final = "a" * 10
"""As long as any short digest."""
_REST_OF_MARK_AT_MOST: Final = 130
"""More than a mark has besides owner and model, so that short descriptions need no mark made."""


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
    return ModelSpec(
        name=metadata.name,
        place=place,
        dataset=gate.trained_on(dataset, spec.gate.dataset if spec.gate else None),
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
        gate=gate.gate_spec(spec.gate, dataset, folder, order) if spec.gate else None,
    )


def long_description(spec: ModelSpec, owner: str) -> Problem | None:
    """A warning where description and mark together are longer than the service advises.

    The mark is taken as it will be while the version serves: with the verdict of the gate, where
    there is one. Words that it may get later (a pin, an adopted id) are not counted.

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
        verdict=Verdict(passed=True, gate=_DIGEST) if spec.gate else None,
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
