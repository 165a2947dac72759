"""Which field of a manifest says what of a model, for messages about what it sets.

It knows names and no provider: what a provider cannot honour, its capabilities say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tuneform.domain.spec import ModelSpec

EXTRAS: Final[Mapping[str, str]] = {
    "exportLastCheckpointOnly": "spec.vertex.exportLastCheckpointOnly",
    "kmsKeyName": "spec.vertex.encryptionKey",
    "serviceAccount": "spec.vertex.serviceAccount",
}
"""By API name, as in `ModelSpec.extras`: the field of the manifest."""

VALIDATION: Final = "spec.vertex.validation"
"""The field that names the examples that a training is measured with."""

HYPERPARAMETERS: Final[Mapping[str, str]] = {"adapterSize": "spec.vertex.adapterSize"}
"""By API name: the fields of hyperparameters that do not stand under `spec.hyperparameters`."""


def setting_field(name: str) -> str:
    """The field of a manifest that sets a hyperparameter.

    Args:
        name: its API name.
    """
    return HYPERPARAMETERS.get(name, f"spec.hyperparameters.{name}")


def fields_set(spec: ModelSpec) -> tuple[str, ...]:
    """The fields that a manifest sets and that not every service has, in their order there."""
    sampling = (
        ("spec.temperature", spec.fields.temperature),
        ("spec.topP", spec.fields.top_p),
        ("spec.topK", spec.fields.top_k),
    )
    return (
        *(("spec.tunedFrom",) if spec.tuned_from else ()),
        *map(setting_field, spec.hyperparameters.as_api()),
        *(field for field, value in sampling if value is not None),
        *((VALIDATION,) if spec.validation else ()),
        *(EXTRAS[name] for name, _ in spec.extras),
    )
