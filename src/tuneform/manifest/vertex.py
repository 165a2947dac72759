"""What the keys of `spec.vertex` have to do with each other, and the values they become.

Whether the chosen provider has such settings at all is the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tuneform.domain.settings import EXTRAS
from tuneform.domain.spec import DatasetRef
from tuneform.manifest import datasets
from tuneform.manifest.problems import Problem
from tuneform.manifest.provider_shape import Validation, Vertex
from tuneform.manifest.scopes import mapping_at
from tuneform.manifest.words import Path

VALIDATION: Final = ("spec", "vertex", "validation")
_HOLDOUT: Final = ("spec", "gate", "dataset")


def relations(document: dict[str, Any], folder: str) -> Iterator[Problem]:
    """What is wrong between the keys of `spec.vertex`, and with those of the gate.

    Args:
        document: as it was written; whatever else is wrong with it is told elsewhere.
        folder: of the manifest, relative to the project.
    """
    validation = mapping_at(document, VALIDATION[:-1]).get("validation")
    if not isinstance(validation, dict):
        return
    if "path" not in validation and "share" not in validation:
        yield _missing()
    elif "share" in validation:
        yield from (_beside_share(key) for key in ("path", "format", "fields") if key in validation)
        if "holdout" in mapping_at(document, _HOLDOUT):
            yield _conflict(
                (*VALIDATION, "share"),
                "Both `spec.gate.dataset.holdout` and a share for validation are cut from "
                "`spec.dataset` by the digests of examples: they would be the same examples.",
                "put the examples of one of the two into a file of their own, and name its `path`",
            )
    yield from datasets.relations(validation, VALIDATION, folder)


def trained_on(whole: DatasetRef, validation: Validation | None) -> DatasetRef:
    """What is left for training of a dataset, once validation has taken its share."""
    share = validation.share if validation else None
    return replace(whole, holdout=share) if share else whole


def measured_with(validation: Validation, whole: DatasetRef, folder: str) -> DatasetRef:
    """The validation examples: those of a file of their own, or the share that is cut off.

    Args:
        validation: checked, and without a word from `relations`.
        whole: the training dataset, with the share in it.
        folder: of the manifest, relative to the project.
    """
    if validation.share:
        return replace(whole, holdout=validation.share, held_out=True)
    return datasets.dataset_ref(validation, folder, whole.preamble)


def extras(vertex: Vertex | None) -> tuple[tuple[str, str | bool], ...]:
    """The settings of a create that train nothing, by API name, as far as they are set."""
    if vertex is None:
        return ()
    written: dict[str, str | bool | None] = {
        "spec.vertex.exportLastCheckpointOnly": vertex.export_last_checkpoint_only,
        "spec.vertex.encryptionKey": vertex.encryption_key,
        "spec.vertex.serviceAccount": vertex.service_account,
    }
    return tuple(
        (name, value) for name, field in EXTRAS.items() if (value := written[field]) is not None
    )


def _missing() -> Problem:
    return Problem(
        VALIDATION,
        "missing-key",
        "missing key",
        "`spec.vertex.validation` needs `path` or `share`: the examples have to come from "
        "somewhere.",
        "add `path:` with a file of examples, or `share: 0.1` to take some out of training",
        at_key=True,
        subject=(*VALIDATION, "path"),
    )


def _beside_share(key: str) -> Problem:
    path = (*VALIDATION, key)
    if key == "path":
        detail = "Both path and share are set; the examples come from one of them."
        return _conflict(path, detail, "remove one of the two")
    detail = f"`{key}` belongs to a file of its own; what is cut off is part of `spec.dataset`."
    return _conflict(path, detail, "remove it")


def _conflict(path: Path, detail: str, hint: str) -> Problem:
    return Problem(
        path,
        "conflicting-datasets",
        "conflicting datasets",
        detail,
        hint,
        at_key=True,
        subject=VALIDATION,
    )
