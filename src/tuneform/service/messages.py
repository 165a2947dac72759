"""The message types of the tunedModels API, field by field.

Written from the API document, not from our client: two independent readings catch each other's
mistakes. Parts of a generate request that a text-only service never looks into take any JSON.
"""

from tuneform.service.schema import (
    ANYTHING,
    FLAG,
    FLOAT,
    INT32,
    INT64,
    OCTETS,
    TEXT,
    TIMESTAMP,
    Field,
    Message,
    enum,
)

_PACKAGE = "google.ai.generativelanguage.v1beta"

STATE = enum(f"{_PACKAGE}.TunedModel.State", "STATE_UNSPECIFIED", "CREATING", "ACTIVE", "FAILED")
GRANTEE_TYPE = enum(
    f"{_PACKAGE}.Permission.GranteeType", "GRANTEE_TYPE_UNSPECIFIED", "USER", "GROUP", "EVERYONE"
)
ROLE = enum(f"{_PACKAGE}.Permission.Role", "ROLE_UNSPECIFIED", "OWNER", "WRITER", "READER")


def _message(name: str, /, **fields: Field) -> Message:
    return Message(f"{_PACKAGE}.{name}", fields)


def _list_of(message: Message) -> Field:
    return Field(message, repeated=True)


TUNING_EXAMPLE = _message(
    "TuningExample", text_input=Field(TEXT, oneof="model_input"), output=Field(TEXT)
)
TUNING_EXAMPLES = _message("TuningExamples", examples=_list_of(TUNING_EXAMPLE))
DATASET = _message("Dataset", examples=Field(TUNING_EXAMPLES, oneof="dataset"))
TUNING_SNAPSHOT = _message(
    "TuningSnapshot",
    step=Field(INT32),
    epoch=Field(INT32),
    mean_loss=Field(FLOAT),
    compute_time=Field(TIMESTAMP),
)
HYPERPARAMETERS = _message(
    "Hyperparameters",
    learning_rate=Field(FLOAT, oneof="learning_rate_option"),
    learning_rate_multiplier=Field(FLOAT, oneof="learning_rate_option"),
    epoch_count=Field(INT32),
    batch_size=Field(INT32),
)
TUNING_TASK = _message(
    "TuningTask",
    start_time=Field(TIMESTAMP),
    complete_time=Field(TIMESTAMP),
    snapshots=_list_of(TUNING_SNAPSHOT),
    training_data=Field(DATASET),
    hyperparameters=Field(HYPERPARAMETERS),
)
TUNED_MODEL_SOURCE = _message("TunedModelSource", tuned_model=Field(TEXT), base_model=Field(TEXT))
TUNED_MODEL = _message(
    "TunedModel",
    tuned_model_source=Field(TUNED_MODEL_SOURCE, oneof="source_model"),
    base_model=Field(TEXT, oneof="source_model"),
    name=Field(TEXT),
    display_name=Field(TEXT),
    description=Field(TEXT),
    temperature=Field(FLOAT),
    top_p=Field(FLOAT),
    top_k=Field(INT32),
    state=Field(STATE),
    create_time=Field(TIMESTAMP),
    update_time=Field(TIMESTAMP),
    tuning_task=Field(TUNING_TASK),
    reader_project_numbers=Field(INT64, repeated=True),
)
PERMISSION = _message(
    "Permission",
    name=Field(TEXT),
    grantee_type=Field(GRANTEE_TYPE),
    email_address=Field(TEXT),
    role=Field(ROLE),
)
TRANSFER_OWNERSHIP = _message(
    "TransferOwnershipRequest", name=Field(TEXT), email_address=Field(TEXT)
)
MODEL = _message(
    "Model",
    name=Field(TEXT),
    base_model_id=Field(TEXT),
    version=Field(TEXT),
    display_name=Field(TEXT),
    description=Field(TEXT),
    input_token_limit=Field(INT32),
    output_token_limit=Field(INT32),
    supported_generation_methods=Field(TEXT, repeated=True),
    temperature=Field(FLOAT),
    max_temperature=Field(FLOAT),
    top_p=Field(FLOAT),
    top_k=Field(INT32),
    thinking=Field(FLAG),
)
STATUS = Message(
    "google.rpc.Status",
    {"code": Field(INT32), "message": Field(TEXT), "details": Field(ANYTHING, repeated=True)},
)
OPERATION = Message(
    "google.longrunning.Operation",
    {
        "name": Field(TEXT),
        "metadata": Field(ANYTHING),
        "done": Field(FLAG),
        "error": Field(STATUS),
        "response": Field(ANYTHING),
    },
)
EMPTY = Message("google.protobuf.Empty", {})

# --- inference --------------------------------------------------------------------------------

BLOB = _message("Blob", mime_type=Field(TEXT), data=Field(OCTETS))
PART = _message(
    "Part",
    text=Field(TEXT, oneof="data"),
    inline_data=Field(BLOB, oneof="data"),
    function_call=Field(ANYTHING, oneof="data"),
    function_response=Field(ANYTHING, oneof="data"),
    file_data=Field(ANYTHING, oneof="data"),
    executable_code=Field(ANYTHING, oneof="data"),
    code_execution_result=Field(ANYTHING, oneof="data"),
    video_metadata=Field(ANYTHING, oneof="metadata"),
    thought=Field(FLAG),
    thought_signature=Field(OCTETS),
    part_metadata=Field(ANYTHING),
)
CONTENT = _message("Content", parts=_list_of(PART), role=Field(TEXT))
GENERATION_CONFIG = _message(
    "GenerationConfig",
    candidate_count=Field(INT32),
    stop_sequences=Field(TEXT, repeated=True),
    max_output_tokens=Field(INT32),
    temperature=Field(FLOAT),
    top_p=Field(FLOAT),
    top_k=Field(INT32),
    seed=Field(INT32),
    response_mime_type=Field(TEXT),
    response_schema=Field(ANYTHING),
    response_json_schema=Field(ANYTHING),
    presence_penalty=Field(FLOAT),
    frequency_penalty=Field(FLOAT),
    response_logprobs=Field(FLAG),
    logprobs=Field(INT32),
    enable_enhanced_civic_answers=Field(FLAG),
    response_modalities=Field(ANYTHING, repeated=True),
    speech_config=Field(ANYTHING),
    thinking_config=Field(ANYTHING),
    image_config=Field(ANYTHING),
    media_resolution=Field(ANYTHING),
)
GENERATE_CONTENT = _message(
    "GenerateContentRequest",
    model=Field(TEXT),
    system_instruction=Field(CONTENT),
    contents=_list_of(CONTENT),
    tools=Field(ANYTHING, repeated=True),
    tool_config=Field(ANYTHING),
    safety_settings=Field(ANYTHING, repeated=True),
    generation_config=Field(GENERATION_CONFIG),
    cached_content=Field(TEXT),
)
COUNT_TOKENS = _message(
    "CountTokensRequest",
    model=Field(TEXT),
    contents=_list_of(CONTENT),
    generate_content_request=Field(GENERATE_CONTENT),
)
CANDIDATE = _message(
    "Candidate",
    index=Field(INT32),
    content=Field(CONTENT),
    finish_reason=Field(TEXT),
    avg_logprobs=Field(FLOAT),
    token_count=Field(INT32),
)
USAGE = _message(
    "GenerateContentResponse.UsageMetadata",
    prompt_token_count=Field(INT32),
    candidates_token_count=Field(INT32),
    total_token_count=Field(INT32),
)
GENERATE_ANSWER = _message(
    "GenerateContentResponse",
    candidates=_list_of(CANDIDATE),
    prompt_feedback=Field(ANYTHING),
    usage_metadata=Field(USAGE),
    model_version=Field(TEXT),
    response_id=Field(TEXT),
)
COUNT_ANSWER = _message("CountTokensResponse", total_tokens=Field(INT32))

# --- lists ------------------------------------------------------------------------------------

TUNED_MODEL_LIST = _message(
    "ListTunedModelsResponse", tuned_models=_list_of(TUNED_MODEL), next_page_token=Field(TEXT)
)
PERMISSION_LIST = _message(
    "ListPermissionsResponse", permissions=_list_of(PERMISSION), next_page_token=Field(TEXT)
)
MODEL_LIST = _message("ListModelsResponse", models=_list_of(MODEL), next_page_token=Field(TEXT))
OPERATION_LIST = Message(
    "google.longrunning.ListOperationsResponse",
    {
        "operations": _list_of(OPERATION),
        "next_page_token": Field(TEXT),
        "unreachable": Field(TEXT, repeated=True),
    },
)

# --- the control routes -------------------------------------------------------------------------

FAULTS = Message(
    "tuneform.practice.Faults",
    {
        "seed": Field(INT64),
        "rules": Field(ANYTHING, repeated=True),
        "behaviour": Field(ANYTHING),
    },
)

# --- query parameters, each set by the method that takes it ------------------------------------

_PAGE = {"page_size": Field(INT32), "page_token": Field(TEXT)}

NO_QUERY = _message("NoParameters")
CREATE_QUERY = _message("CreateTunedModelRequest", tuned_model_id=Field(TEXT))
PATCH_QUERY = _message("UpdateTunedModelRequest", update_mask=Field(TEXT))
LIST_QUERY = _message("ListRequest", **_PAGE)
SEARCH_QUERY = _message("ListTunedModelsRequest", **_PAGE, filter=Field(TEXT))
OPERATIONS_QUERY = _message(
    "ListOperationsRequest",
    **_PAGE,
    filter=Field(TEXT),
    name=Field(TEXT),
    return_partial_success=Field(FLAG),
)
