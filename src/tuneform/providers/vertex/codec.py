"""Between the JSON of the API and the values of the domain.

A version is a job, with the Model that it made and the endpoint that answers. Until there is a
Model the labels of the job are the mark; from then on those of the Model alone are. Nothing here
sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.domain.live import Live, LiveState
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.errors import InvalidRequest
from tuneform.providers.base import Creation
from tuneform.providers.vertex import labels, wire
from tuneform.providers.vertex.names import JOBS, MODELS, Home, ModelRef
from tuneform.providers.vertex.survey import RUNS, SUCCEEDED, output

T = TypeVar("T")

BASES: Final = "models/"
"""What the name of a base begins with in manifests, and not in the API."""

LAST_ONLY: Final = "exportLastCheckpointOnly"
KEY: Final = "kmsKeyName"
ACCOUNT: Final = "serviceAccount"
"""Names of the settings of a create that train nothing, as in `ModelSpec.extras`."""

_AGENT: Final = "@gcp-sa-"
"""In the address of every service agent."""

_UPLOAD: Final = re.compile(r"/([0-9a-f]{64})\.jsonl\Z")

DISPLAY_NAME_MOST: Final = 128
"""Characters."""

_ENDED_BADLY: Final = frozenset({"JOB_STATE_FAILED", "JOB_STATE_EXPIRED", "JOB_STATE_CANCELLED"})
_CANCELS: Final = frozenset({"JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"})

_RANKS: Final[Mapping[int, str]] = {
    1: "ADAPTER_SIZE_ONE",
    2: "ADAPTER_SIZE_TWO",
    4: "ADAPTER_SIZE_FOUR",
    8: "ADAPTER_SIZE_EIGHT",
    16: "ADAPTER_SIZE_SIXTEEN",
    32: "ADAPTER_SIZE_THIRTY_TWO",
}
_SIZES: Final = {name: rank for rank, name in _RANKS.items()}


@dataclass(frozen=True, slots=True)
class Made:
    """What there is besides a job.

    Attributes:
        model: that the job made; None where it is not there.
        endpoint: full name of the one that answers; None where none does.
        source: remote name of the version that the training started from.
    """

    model: wire.Model | None = None
    endpoint: str | None = None
    source: str | None = None


def read_job(home: Home, identity: str, job: wire.Job, made: Made) -> Live | None:
    """A version as it stands; None for the record of one whose Model is gone."""
    model = None if job.state in RUNS else made.model
    state = _state(home, job)
    if state is LiveState.ACTIVE and model is None:
        return None
    mark = labels.read_mark(model.labels if model else job.labels)
    return Live(
        remote=home.name(JOBS, identity),
        state=state,
        mark=replace(mark, cancelled=True) if mark and job.state in _CANCELS else mark,
        display_name=(model.display_name if model else job.tuned_model_display_name) or "",
        description=description(job, model),
        base=_base(job),
        source=made.source,
        hyperparameters=_hyperparameters(job),
        created=job.create_time,
        labels=labels.users(model.labels if model else job.labels),
        endpoint=made.endpoint if model else None,
        deployed=state is not LiveState.ACTIVE or made.endpoint is not None,
        spent=state is LiveState.FAILED and model is None,
        origin=labels.read_mark(job.labels),
        tokens=wire.integer(stats(job).total_billable_token_count),
        extras=_extras(job),
        validation=_validation(job),
    )


def _extras(job: wire.Job) -> tuple[tuple[str, str | bool], ...]:
    """The settings that a job was created with and that train nothing; a false one is left out."""
    spec, account = job.supervised_tuning_spec, job.service_account
    found = {
        LAST_ONLY: spec.export_last_checkpoint_only if spec else None,
        KEY: job.encryption_spec.kms_key_name if job.encryption_spec else None,
        # An agent of Google is what the service takes where nobody says.
        ACCOUNT: None if account and _AGENT in account else account,
    }
    return tuple((name, value) for name, value in found.items() if value)


def _validation(job: wire.Job) -> str | None:
    """Which examples a job was measured with: our uploads are called by their digest."""
    spec = job.supervised_tuning_spec
    uri = spec.validation_dataset_uri if spec else None
    ours = _UPLOAD.search(uri or "")
    return ours[1] if ours else uri or None


def description(job: wire.Job | None, model: wire.Model | None) -> str:
    """What a version says about itself.

    The description of a job is not known to reach its Model. Until the Model has been edited, it
    is told as that of the job; the first edit writes it to the Model, see `write_edit`.
    """
    shown = (model.description if model else None) or ""
    if job is None or shown:
        return shown
    edited = model and labels.read_mark(model.labels) != labels.read_mark(job.labels)
    return "" if edited else job.description or ""


def _state(home: Home, job: wire.Job) -> LiveState:
    """What a job says; one that succeeded must name a Model that we understand."""
    if job.state in RUNS:
        return LiveState.TRAINING
    if job.state in _ENDED_BADLY:
        return LiveState.FAILED
    known = job.state == SUCCEEDED and output(home, job) is not None
    return LiveState.ACTIVE if known else LiveState.UNKNOWN


def read_copy(home: Home, ref: ModelRef, model: wire.Model, endpoint: str | None) -> Live:
    """A Model that no listed job made."""
    return Live(
        remote=home.name(MODELS, ref.id),
        state=LiveState.ACTIVE,
        mark=labels.read_mark(model.labels),
        display_name=model.display_name or "",
        description=model.description or "",
        created=model.create_time,
        labels=labels.users(model.labels),
        endpoint=endpoint,
        deployed=endpoint is not None,
    )


def _base(job: wire.Job) -> str | None:
    source = job.pre_tuned_model
    name = job.base_model or (source.base_model if source else None)
    return f"{BASES}{name.rpartition(BASES)[2]}" if name else None


def _hyperparameters(job: wire.Job) -> Hyperparameters:
    spec = job.supervised_tuning_spec
    read = spec.hyper_parameters if spec else None
    if read is None:
        return Hyperparameters()
    return Hyperparameters(
        epoch_count=wire.integer(read.epoch_count),
        learning_rate_multiplier=read.learning_rate_multiplier,
        adapter_size=_SIZES.get(read.adapter_size or ""),
    )


def stats(job: wire.Job) -> wire.SupervisedStats:
    """What the service counted; nothing yet while the data is being processed."""
    counted = job.tuning_data_stats
    return (counted and counted.supervised_tuning_data_stats) or wire.SupervisedStats()


@dataclass(frozen=True, slots=True)
class Source:
    """The Model that a training starts from.

    Attributes:
        name: full name with its version.
        display_name: of that Model.
    """

    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Where the examples are, as `gs://` URLs."""

    training: str
    validation: str | None = None


def write_job(creation: Creation, source: Source | None, uploaded: Uploaded) -> bytes:
    """The body of a create.

    Raises:
        InvalidRequest: it asks for something that a tuning job does not have.
        UnicodeEncodeError: a text holds a lone surrogate.
    """
    fields, extras = creation.fields, dict(creation.extras)
    last_only = extras.pop(LAST_ONLY, UNSET)
    key = extras.pop(KEY, None)
    account = extras.pop(ACCOUNT, UNSET)
    if extras:
        raise InvalidRequest(f"a tuning job has no setting {min(extras)}")
    return msgspec.json.encode(
        wire.NewJob(
            supervised_tuning_spec=wire.NewSpec(
                training_dataset_uri=uploaded.training,
                validation_dataset_uri=_set(uploaded.validation),
                hyper_parameters=_new_hyperparameters(creation.hyperparameters),
                export_last_checkpoint_only=(
                    UNSET if isinstance(last_only, UnsetType) else bool(last_only)
                ),
            ),
            tuned_model_display_name=new_display_name(creation, source),
            labels=dict(labels.joined({}, creation.mark, fields.labels or ())),
            base_model=_set(creation.base.removeprefix(BASES) if creation.base else None),
            pre_tuned_model=wire.NewSource(source.name) if source else UNSET,
            description=_set(fields.description or None),
            encryption_spec=wire.Encryption(str(key)) if key else UNSET,
            service_account=UNSET if isinstance(account, UnsetType) else str(account),
        )
    )


def new_display_name(creation: Creation, source: Source | None) -> str:
    """The name of the new Model, which must not be that of the Model it is tuned from.

    Under the same name the service would make a version of that Model instead of a Model of its
    own, and the two could neither be marked nor deleted apart. It is edited once it is trained.
    """
    wanted = creation.fields.display_name or creation.mark.model
    if source is None or wanted != source.display_name:
        return wanted
    tail = f" {creation.mark.fingerprint}"
    return f"{wanted[: DISPLAY_NAME_MOST - len(tail)]}{tail}"


def _new_hyperparameters(wanted: Hyperparameters) -> wire.NewHyperParameters | UnsetType:
    if wanted.batch_size is not None or wanted.learning_rate is not None:
        raise InvalidRequest(
            "a tuning job takes neither a batch size nor an absolute learning rate",
            hint="use learningRateMultiplier, and leave the batch size to the service",
        )
    new = wire.NewHyperParameters(
        epoch_count=_set(None if wanted.epoch_count is None else str(wanted.epoch_count)),
        learning_rate_multiplier=_set(wanted.learning_rate_multiplier),
        adapter_size=_set(_rank(wanted.adapter_size)),
    )
    return UNSET if new == wire.NewHyperParameters() else new


def _rank(size: int | None) -> str | None:
    if size is not None and size not in _RANKS:
        raise InvalidRequest(
            f"adapterSize: {size} is not one of {', '.join(map(str, _RANKS))}",
            hint="which of them a base allows is documented with the base",
        )
    return None if size is None else _RANKS[size]


def write_edit(
    job: wire.Job | None, model: wire.Model, fields: Fields, mark: Mark | None
) -> wire.Edit:
    """What a patch changes on a Model; every field is UNSET where nothing does.

    Labels are one field of the service: a change of one sends all.
    """
    text = description(job, model) if fields.description is None else fields.description
    joined = labels.joined(model.labels, mark, fields.labels or ())
    return wire.Edit(
        display_name=_changed(fields.display_name, model.display_name or ""),
        description=_changed(text, model.description or ""),
        labels=_changed(dict(joined), model.labels or {}),
    )


def edited(edit: wire.Edit) -> tuple[str, ...]:
    """The paths of an update mask: what an edit sets, under API names."""
    names = zip(edit.__struct_fields__, edit.__struct_encode_fields__, strict=True)
    return tuple(api for name, api in names if name != "etag" and getattr(edit, name) is not UNSET)


def _set(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _changed(new: T | None, old: T) -> T | UnsetType:
    """UNSET where the field is to stay, or has the value already."""
    return UNSET if new is None or new == old else new
