"""The JSON of tuning jobs, models and endpoints as typed structures: what we read and write.

Unknown fields are ignored, and scalars may be null, as proto3 JSON permits; 64-bit integers are
strings there, and numbers are taken as well. Nothing here knows the domain; `codec` translates.
Fields and types: sections 2 to 7 of the reference on tuning jobs (package
google.cloud.aiplatform.v1).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.providers.google.wire import Read, Status, Write

Int64 = int | str
"""As proto3 JSON has it: a string of digits, and perhaps a number."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""With its time zone: the API writes UTC with a Z."""


class HyperParameters(Read, frozen=True):
    """Settings of a supervised tuning."""

    epoch_count: Int64 | None = None
    learning_rate_multiplier: float | None = None
    adapter_size: str | None = None


class SupervisedTuningSpec(Read, frozen=True):
    """How to train."""

    training_dataset_uri: str | None = None
    validation_dataset_uri: str | None = None
    hyper_parameters: HyperParameters | None = None
    export_last_checkpoint_only: bool | None = None


class PreTunedModel(Read, frozen=True):
    """The tuned model that a training starts from, and its base."""

    tuned_model_name: str | None = None
    base_model: str | None = None


class Checkpoint(Read, frozen=True):
    """A state of the training that was kept, and perhaps deployed."""

    epoch: Int64 | None = None
    step: Int64 | None = None
    endpoint: str | None = None


class TunedModel(Read, frozen=True):
    """What a job made."""

    model: str | None = None
    endpoint: str | None = None
    checkpoints: list[Checkpoint] | None = None


class SupervisedStats(Read, frozen=True):
    """What the service counted. The sample of the user's examples is not read."""

    total_billable_token_count: Int64 | None = None
    tuning_step_count: Int64 | None = None


class TuningDataStats(Read, frozen=True):
    """By kind of tuning."""

    supervised_tuning_data_stats: SupervisedStats | None = None


class Key(Read, frozen=True):
    """The customer's own key."""

    kms_key_name: str | None = None


class Job(Read, frozen=True):
    """A tuning job."""

    name: str
    base_model: str | None = None
    pre_tuned_model: PreTunedModel | None = None
    tuned_model_display_name: str | None = None
    description: str | None = None
    labels: dict[str, str] | None = None
    supervised_tuning_spec: SupervisedTuningSpec | None = None
    state: str | None = None
    create_time: Time | None = None
    end_time: Time | None = None
    update_time: Time | None = None
    error: Status | None = None
    tuned_model: TunedModel | None = None
    tuning_data_stats: TuningDataStats | None = None
    encryption_spec: Key | None = None
    service_account: str | None = None


class JobPage(Read, frozen=True):
    """A page of jobs. UNSET tells an empty page from a reply that is none."""

    items: list[Job] | UnsetType = msgspec.field(name="tuningJobs", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class DeployedRef(Read, frozen=True):
    """Where a Model says that it is deployed."""

    endpoint: str | None = None


class Model(Read, frozen=True):
    """A Model of the registry: its default version, or the version that was asked for."""

    name: str
    version_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    labels: dict[str, str] | None = None
    etag: str | None = None
    create_time: Time | None = None
    update_time: Time | None = None
    deployed_models: list[DeployedRef] | None = None


class ModelPage(Read, frozen=True):
    """A page of models."""

    items: list[Model] | UnsetType = msgspec.field(name="models", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class DeployedModel(Read, frozen=True):
    """A Model on an endpoint."""

    id: str
    model: str | None = None
    model_version_id: str | None = None


class Endpoint(Read, frozen=True):
    """What applications call."""

    name: str
    display_name: str | None = None
    labels: dict[str, str] | None = None
    etag: str | None = None
    create_time: Time | None = None
    update_time: Time | None = None
    deployed_models: list[DeployedModel] | None = None
    traffic_split: dict[str, int] | None = None


class EndpointPage(Read, frozen=True):
    """A page of endpoints."""

    items: list[Endpoint] | UnsetType = msgspec.field(name="endpoints", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class Named(Read, frozen=True):
    """A resource of which only the name is of interest."""

    name: str | None = None


class Operation(Read, frozen=True):
    """What goes on in the background; `response` is what came of it."""

    name: str
    done: bool | None = None
    error: Status | None = None
    response: Named | None = None


class OperationPage(Read, frozen=True):
    """A page of operations."""

    items: list[Operation] | UnsetType = msgspec.field(name="operations", default=UNSET)
    next_page_token: str | UnsetType = UNSET


class NewHyperParameters(Write, frozen=True):
    """Only what is to be sent."""

    epoch_count: str | UnsetType = UNSET
    learning_rate_multiplier: float | UnsetType = UNSET
    adapter_size: str | UnsetType = UNSET


class NewSpec(Write, frozen=True):
    """How to train."""

    training_dataset_uri: str
    validation_dataset_uri: str | UnsetType = UNSET
    hyper_parameters: NewHyperParameters | UnsetType = UNSET
    export_last_checkpoint_only: bool | UnsetType = UNSET


class NewSource(Write, frozen=True):
    """The tuned model to start from."""

    tuned_model_name: str


class Encryption(Write, frozen=True):
    """The customer's own key."""

    kms_key_name: str


class NewJob(Write, frozen=True):
    """The body of a create."""

    supervised_tuning_spec: NewSpec
    tuned_model_display_name: str
    labels: dict[str, str]
    base_model: str | UnsetType = UNSET
    pre_tuned_model: NewSource | UnsetType = UNSET
    description: str | UnsetType = UNSET
    encryption_spec: Encryption | UnsetType = UNSET
    service_account: str | UnsetType = UNSET


class Edit(Write, frozen=True):
    """The body of a patch of a Model or an endpoint: only what changes."""

    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    etag: str | UnsetType = UNSET


class NewEndpoint(Write, frozen=True):
    """The body of a create of an endpoint."""

    display_name: str
    labels: dict[str, str]


class NewDeployment(Write, frozen=True):
    """A Model to be deployed."""

    model: str
    display_name: str


class Deploy(Write, frozen=True):
    """The body of deployModel. In a traffic split `0` stands for the model that is deployed."""

    deployed_model: NewDeployment
    traffic_split: dict[str, int]


class Undeploy(Write, frozen=True):
    """The body of undeployModel."""

    deployed_model_id: str
    traffic_split: dict[str, int] | UnsetType = UNSET


def integer(value: Int64 | None) -> int | None:
    """A 64-bit integer; None where there is none, or something else."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return None
