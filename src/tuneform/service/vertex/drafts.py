"""What a create of a tuning job asks for, judged: from a checked message to a draft, or a refusal.

Pure: whether the model to go on from exists, and whether the dataset is there, is asked elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuneform.service.errors import ApiError, Status, Violation, invalid, invalid_field
from tuneform.service.schema import camel
from tuneform.service.vertex import checks
from tuneform.service.vertex.bases import check_adapter_size, check_base
from tuneform.service.vertex.messages import OTHER_SPECS, OTHER_SPECS_BETA
from tuneform.service.wire import single

_SPEC = "tuning_job.supervised_tuning_spec"
_AT = f"{_SPEC}.hyper_parameters"
MAX_EPOCHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A tuning job that may be created, if what it builds on is there."""

    base: str
    source: str
    """Name of the Model to go on from; exactly one of base and source is set."""
    checkpoint: str
    display_name: str
    labels: Mapping[str, str]
    training: str
    """URI of the examples."""
    validation: str
    epochs: int | None
    multiplier: float
    last_checkpoint_only: bool
    shown: Mapping[str, Any]
    """The input fields, as the job shows them for ever."""


def draft(body: Mapping[str, Any]) -> Draft:
    """Judge a create.

    Args:
        body: a checked `TuningJob`.

    Raises:
        ApiError: 400; 501 for what only the real service can do.
    """
    _check_offered(body)
    spec = body.get("supervised_tuning_spec", {})
    found = [*_mistakes(body), *_uri_mistakes(spec)]
    if found:
        raise checks.found_errors(found)
    source = body.get("pre_tuned_model", {})
    base: str = body.get("base_model", "")
    if not base and not source.get("tuned_model_name"):
        raise invalid("One of base_model and pre_tuned_model must be set.")
    if base:
        check_base(base)
    hyper = spec.get("hyper_parameters", {})
    _check_hyperparameters(hyper)
    return Draft(
        base=base,
        source=source.get("tuned_model_name", ""),
        checkpoint=source.get("checkpoint_id", ""),
        display_name=body.get("tuned_model_display_name", ""),
        labels=body.get("labels", {}),
        training=spec["training_dataset_uri"],
        validation=spec.get("validation_dataset_uri", ""),
        epochs=hyper.get("epoch_count") or None,
        multiplier=hyper.get("learning_rate_multiplier") or 1.0,
        last_checkpoint_only=spec.get("export_last_checkpoint_only", False),
        shown=_shown(body, spec, hyper),
    )


def _check_offered(body: Mapping[str, Any]) -> None:
    for key in (*OTHER_SPECS, *OTHER_SPECS_BETA, "custom_base_model", "output_uri"):
        if body.get(key):
            raise ApiError(
                Status.UNIMPLEMENTED,
                f"{camel(key)} is not offered by the practice service; supervisedTuningSpec is.",
            )
    if "supervised_tuning_spec" not in body:
        raise invalid_field(_SPEC, "is required")


def _mistakes(body: Mapping[str, Any]) -> list[Violation]:
    name = body.get("tuned_model_display_name", "")
    return [
        *checks.display_name_mistakes(name, "tuning_job.tuned_model_display_name"),
        *checks.label_mistakes(body.get("labels", {}), "tuning_job.labels"),
    ]


def _uri_mistakes(spec: Mapping[str, Any]) -> list[Violation]:
    found = []
    if not spec.get("training_dataset_uri"):
        found.append(
            Violation(f"{_SPEC}.training_dataset_uri", "training_dataset_uri is required.")
        )
    for key in ("training_dataset_uri", "validation_dataset_uri"):
        uri: str = spec.get(key, "")
        if uri and checks.bucket_and_name(uri) is None:
            why = f"{key} should be a GCS object of type JSONL."
            found.append(Violation(f"{_SPEC}.{key}", why))
    return found


def _check_hyperparameters(hyper: Mapping[str, Any]) -> None:
    for key in ("learning_rate", "batch_size"):
        if hyper.get(key):
            raise invalid_field(f"{_AT}.{key}", "is supported for open models only")
    if not 0 <= hyper.get("epoch_count", 0) <= MAX_EPOCHS:
        raise invalid_field(f"{_AT}.epoch_count", f"must be between 1 and {MAX_EPOCHS:,}")
    if not 0.0 <= hyper.get("learning_rate_multiplier", 0.0) < float("inf"):
        raise invalid_field(f"{_AT}.learning_rate_multiplier", "must be greater than 0")
    size = hyper.get("adapter_size", "ADAPTER_SIZE_UNSPECIFIED")
    if size != "ADAPTER_SIZE_UNSPECIFIED":
        check_adapter_size(size)


def _shown(
    body: Mapping[str, Any], spec: Mapping[str, Any], hyper: Mapping[str, Any]
) -> dict[str, Any]:
    """The input as proto3 JSON: defaults left out, 64-bit integers as text."""
    shown = {camel(key): body[key] for key in _PLAIN if body.get(key)}
    if key_name := body.get("encryption_spec", {}).get("kms_key_name"):
        shown["encryptionSpec"] = {"kmsKeyName": key_name}
    tuning = {camel(key): spec[key] for key in _OF_SPEC if spec.get(key)}
    numbers: dict[str, Any] = {}
    if hyper.get("epoch_count"):
        numbers["epochCount"] = str(hyper["epoch_count"])
    if hyper.get("learning_rate_multiplier"):
        numbers["learningRateMultiplier"] = single(hyper["learning_rate_multiplier"])
    if hyper.get("adapter_size", "ADAPTER_SIZE_UNSPECIFIED") != "ADAPTER_SIZE_UNSPECIFIED":
        numbers["adapterSize"] = hyper["adapter_size"]
    if numbers:
        tuning["hyperParameters"] = numbers
    return shown | {"supervisedTuningSpec": tuning}


_PLAIN = ("tuned_model_display_name", "description", "labels", "base_model", "service_account")
_OF_SPEC = (
    "training_dataset_uri",
    "validation_dataset_uri",
    "export_last_checkpoint_only",
    "tuning_mode",
    "evaluation_config",
)
