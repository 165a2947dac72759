"""The message types of the Vertex dialect, field by field, written from the discovery document.

v1 and v1beta1 differ in what a tuning job may ask for; everything else is one for both. Parts that
this service never looks into take any JSON.
"""

from typing import Any

from tuneform.service.messages import GENERATION_CONFIG, STATUS
from tuneform.service.schema import (
    ANYTHING,
    DOUBLE,
    FLAG,
    INT32,
    INT64,
    OCTETS,
    TEXT,
    TIMESTAMP,
    Field,
    Message,
    Scalar,
    Unreadable,
    enum,
)

_PACKAGE = "google.cloud.aiplatform.v1"

JOB_STATE = enum(
    f"{_PACKAGE}.JobState",
    *("JOB_STATE_UNSPECIFIED", "JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"),
    *("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"),
    *("JOB_STATE_PAUSED", "JOB_STATE_EXPIRED", "JOB_STATE_UPDATING"),
    "JOB_STATE_PARTIALLY_SUCCEEDED",
)
ADAPTER_SIZES = (
    *("ADAPTER_SIZE_UNSPECIFIED", "ADAPTER_SIZE_ONE", "ADAPTER_SIZE_FOUR", "ADAPTER_SIZE_EIGHT"),
    *("ADAPTER_SIZE_SIXTEEN", "ADAPTER_SIZE_THIRTY_TWO", "ADAPTER_SIZE_TWO"),
)
"""In the order of their numbers."""

ADAPTER_SIZE = enum(f"{_PACKAGE}.SupervisedHyperParameters.AdapterSize", *ADAPTER_SIZES)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Unreadable
    return value


def _shares(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Unreadable
    return {key: INT32.convert(item) for key, item in value.items()}


LABELS = Scalar("TYPE_MAP of TYPE_STRING", _texts)
SHARES = Scalar("TYPE_MAP of TYPE_INT32", _shares)


def _message(name: str, /, **fields: Field) -> Message:
    return Message(f"{_PACKAGE}.{name}", fields)


def _list_of(message: Message) -> Field:
    return Field(message, repeated=True)


# --- tuning jobs ------------------------------------------------------------------------------

CHECKPOINT = _message(
    "TunedModelCheckpoint",
    checkpoint_id=Field(TEXT),
    epoch=Field(INT64),
    step=Field(INT64),
    endpoint=Field(TEXT),
)
TUNED_MODEL = _message(
    "TunedModel", model=Field(TEXT), endpoint=Field(TEXT), checkpoints=_list_of(CHECKPOINT)
)
PRE_TUNED_MODEL = _message(
    "PreTunedModel",
    tuned_model_name=Field(TEXT),
    checkpoint_id=Field(TEXT),
    base_model=Field(TEXT),
)
ENCRYPTION_SPEC = _message("EncryptionSpec", kms_key_name=Field(TEXT))
OTHER_SPECS = ("preference_optimization_spec",)
OTHER_SPECS_BETA = (
    *("reinforcement_tuning_spec", "distillation_spec", "full_fine_tuning_spec"),
    *("partner_model_tuning_spec", "veo_tuning_spec", "veo_lora_tuning_spec"),
)


def _supervised(*, beta: bool) -> Message:
    hyper = {
        "epoch_count": Field(INT64),
        "learning_rate_multiplier": Field(DOUBLE),
        "adapter_size": Field(ADAPTER_SIZE),
    }
    spec = {
        "training_dataset_uri": Field(TEXT),
        "validation_dataset_uri": Field(TEXT),
        "export_last_checkpoint_only": Field(FLAG),
    }
    if beta:
        hyper |= {"learning_rate": Field(DOUBLE), "batch_size": Field(INT64)}
        spec |= {"tuning_mode": Field(TEXT), "evaluation_config": Field(ANYTHING)}
    spec["hyper_parameters"] = Field(_message("SupervisedHyperParameters", **hyper))
    return _message("SupervisedTuningSpec", **spec)


def _tuning_job(*, beta: bool) -> Message:
    fields = {
        "name": Field(TEXT),
        "base_model": Field(TEXT, oneof="source_model"),
        "pre_tuned_model": Field(PRE_TUNED_MODEL, oneof="source_model"),
        "tuned_model_display_name": Field(TEXT),
        "description": Field(TEXT),
        "labels": Field(LABELS),
        "supervised_tuning_spec": Field(_supervised(beta=beta), oneof="tuning_spec"),
        "encryption_spec": Field(ENCRYPTION_SPEC),
        "service_account": Field(TEXT),
        "state": Field(JOB_STATE),
        "create_time": Field(TIMESTAMP),
        "start_time": Field(TIMESTAMP),
        "end_time": Field(TIMESTAMP),
        "update_time": Field(TIMESTAMP),
        "error": Field(STATUS),
        "tuned_model": Field(TUNED_MODEL),
        "experiment": Field(TEXT),
        "gcs_metrics_uri": Field(TEXT),
        "tuning_data_stats": Field(ANYTHING),
        "evaluate_dataset_runs": Field(ANYTHING, repeated=True),
    }
    others = OTHER_SPECS + (OTHER_SPECS_BETA if beta else ())
    fields |= {name: Field(ANYTHING, oneof="tuning_spec") for name in others}
    if beta:
        beta_only = ("custom_base_model", "output_uri", "tuning_job_state", "pipeline_job")
        fields |= {name: Field(TEXT) for name in beta_only}
        fields |= {"tuning_job_metadata": Field(ANYTHING)}
        fields |= {name: Field(FLAG) for name in ("satisfies_pzi", "satisfies_pzs")}
    return _message("TuningJob", **fields)


TUNING_JOB = _tuning_job(beta=False)
TUNING_JOB_BETA = _tuning_job(beta=True)
TUNING_JOB_LIST = _message(
    "ListTuningJobsResponse", tuning_jobs=_list_of(TUNING_JOB_BETA), next_page_token=Field(TEXT)
)

# --- models -----------------------------------------------------------------------------------

MODEL = _message(
    "Model",
    name=Field(TEXT),
    version_id=Field(TEXT),
    version_aliases=Field(TEXT, repeated=True),
    version_create_time=Field(TIMESTAMP),
    version_update_time=Field(TIMESTAMP),
    version_description=Field(TEXT),
    display_name=Field(TEXT),
    description=Field(TEXT),
    labels=Field(LABELS),
    create_time=Field(TIMESTAMP),
    update_time=Field(TIMESTAMP),
    etag=Field(TEXT),
    deployed_models=Field(ANYTHING, repeated=True),
    encryption_spec=Field(ENCRYPTION_SPEC),
    model_source_info=Field(ANYTHING),
    base_model_source=Field(ANYTHING),
    supported_deployment_resources_types=Field(TEXT, repeated=True),
    checkpoints=_list_of(CHECKPOINT),
    default_checkpoint_id=Field(TEXT),
)
MODEL_LIST = _message("ListModelsResponse", models=_list_of(MODEL), next_page_token=Field(TEXT))
MERGE_ALIASES = _message("MergeVersionAliasesRequest", version_aliases=Field(TEXT, repeated=True))

# --- endpoints --------------------------------------------------------------------------------

DEPLOYED_MODEL = _message(
    "DeployedModel",
    id=Field(TEXT),
    model=Field(TEXT),
    model_version_id=Field(TEXT),
    checkpoint_id=Field(TEXT),
    display_name=Field(TEXT),
    create_time=Field(TIMESTAMP),
    dedicated_resources=Field(ANYTHING, oneof="prediction_resources"),
    automatic_resources=Field(ANYTHING, oneof="prediction_resources"),
    shared_resources=Field(TEXT, oneof="prediction_resources"),
    service_account=Field(TEXT),
    disable_container_logging=Field(FLAG),
    enable_access_logging=Field(FLAG),
)
ENDPOINT = _message(
    "Endpoint",
    name=Field(TEXT),
    display_name=Field(TEXT),
    description=Field(TEXT),
    deployed_models=_list_of(DEPLOYED_MODEL),
    traffic_split=Field(SHARES),
    etag=Field(TEXT),
    labels=Field(LABELS),
    create_time=Field(TIMESTAMP),
    update_time=Field(TIMESTAMP),
    encryption_spec=Field(ENCRYPTION_SPEC),
    network=Field(TEXT),
)
ENDPOINT_LIST = _message(
    "ListEndpointsResponse", endpoints=_list_of(ENDPOINT), next_page_token=Field(TEXT)
)
DEPLOY = _message(
    "DeployModelRequest", deployed_model=Field(DEPLOYED_MODEL), traffic_split=Field(SHARES)
)
UNDEPLOY = _message(
    "UndeployModelRequest", deployed_model_id=Field(TEXT), traffic_split=Field(SHARES)
)

# --- inference --------------------------------------------------------------------------------

PART = _message(
    "Part",
    text=Field(TEXT, oneof="data"),
    inline_data=Field(ANYTHING, oneof="data"),
    file_data=Field(ANYTHING, oneof="data"),
    function_call=Field(ANYTHING, oneof="data"),
    function_response=Field(ANYTHING, oneof="data"),
    executable_code=Field(ANYTHING, oneof="data"),
    code_execution_result=Field(ANYTHING, oneof="data"),
    video_metadata=Field(ANYTHING),
    thought=Field(FLAG),
    thought_signature=Field(OCTETS),
    media_resolution=Field(ANYTHING),
)
CONTENT = _message("Content", role=Field(TEXT), parts=_list_of(PART))
GENERATE_CONTENT = _message(
    "GenerateContentRequest",
    model=Field(TEXT),
    contents=_list_of(CONTENT),
    system_instruction=Field(CONTENT),
    tools=Field(ANYTHING, repeated=True),
    tool_config=Field(ANYTHING),
    safety_settings=Field(ANYTHING, repeated=True),
    generation_config=Field(
        Message(
            f"{_PACKAGE}.GenerationConfig",
            dict(GENERATION_CONFIG.fields)
            | {"audio_timestamp": Field(FLAG), "routing_config": Field(ANYTHING)},
        )
    ),
    cached_content=Field(TEXT),
    labels=Field(LABELS),
    model_armor_config=Field(ANYTHING),
)
COUNT_TOKENS = _message(
    "CountTokensRequest",
    model=Field(TEXT),
    contents=_list_of(CONTENT),
    system_instruction=Field(CONTENT),
    tools=Field(ANYTHING, repeated=True),
    generation_config=Field(ANYTHING),
    instances=Field(ANYTHING, repeated=True),
)
COUNT_ANSWER = _message(
    "CountTokensResponse", total_tokens=Field(INT32), total_billable_characters=Field(INT32)
)
GENERATE_ANSWER = _message(
    "GenerateContentResponse",
    candidates=Field(ANYTHING, repeated=True),
    usage_metadata=Field(ANYTHING),
    model_version=Field(TEXT),
    create_time=Field(TIMESTAMP),
    response_id=Field(TEXT),
)

# --- query parameters -------------------------------------------------------------------------

_PAGE = {"page_size": Field(INT32), "page_token": Field(TEXT), "filter": Field(TEXT)}
_SHOWN = {"read_mask": Field(TEXT), "order_by": Field(TEXT)}

LIST_JOBS = _message("ListTuningJobsRequest", **_PAGE)
LIST_QUERY = _message("ListRequest", **_PAGE, **_SHOWN)
PATCH_QUERY = _message("UpdateRequest", update_mask=Field(TEXT))
CREATE_ENDPOINT_QUERY = _message("CreateEndpointRequest", endpoint_id=Field(TEXT))
OPERATIONS_QUERY = _message(
    "ListOperationsRequest", **_PAGE, name=Field(TEXT), return_partial_success=Field(FLAG)
)
WAIT_QUERY = _message("WaitOperationRequest", timeout=Field(TEXT))
