"""The choices this service makes where the real one is not documented.

Each field is one switch: what nobody outside can know about the real service, and what a client
therefore has to survive both ways. The defaults are what `tuneform serve` does, and are listed in
`docs/practice-service.md`. Nothing here decides anything; the rules ask.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One value for each open question about the real service."""

    cancelled_state: Literal["ACTIVE", "FAILED"] = "ACTIVE"
    """The state in which a cancelled model ends. The guide calls such a model usable but
    unpredictable, so it is ACTIVE, with the weights of its last step."""

    delete_while_training: Literal["allowed", "refused"] = "allowed"
    """Whether a model in state CREATING can be deleted (its training stops), or is refused with
    FAILED_PRECONDITION."""

    deleted_ids: Literal["free", "spent"] = "free"
    """Whether the id of a deleted model can be used again, or answers ALREADY_EXISTS for ever."""

    concurrent_trainings: Annotated[int, Meta(ge=1)] | None = None
    """How many tuned models may be CREATING at a time; a create beyond that answers
    RESOURCE_EXHAUSTED. None for no quota."""

    patch_moves_update_time: bool = False
    """Whether PATCH moves `updateTime`. A recording of 2023 shows that it did not."""

    tune_tuned_models: bool = True
    """Whether a tuned model can be the start of another. The real service refused that for
    gemini-1.5-flash; here it is a listed difference."""

    list_leaves_out_shared_with_everyone: bool = True
    """Whether a list without a filter leaves out what is shared with everyone, own models
    included, as the API document says."""

    accounts: Literal["one", "per-key"] = "one"
    """Whether all credentials are one account, or each key is an account of its own (then the
    models of other keys answer 403)."""

    # --- the Vertex dialect -----------------------------------------------------------------------

    operation_seconds: Annotated[float, Meta(ge=0, le=604_800)] = 0.0
    """How long a long-running operation takes, and a tuning job to end once it is cancelled. Never
    less than until the next request: no reply tells of its own operation that it is done."""

    undeployed_seconds: Annotated[float, Meta(ge=0, le=604_800)] = 0.0
    """How long a Model cannot be deleted after it was taken off an Endpoint, as was reported of the
    real service (googleapis/python-aiplatform#2807)."""

    cancel_tuning: Literal["ends", "too late"] = "ends"
    """Whether a tuning job that is cancelled ends CANCELLED, or is CANCELLING until it has
    SUCCEEDED."""

    beyond_quota: Literal["waits", "refused"] = "waits"
    """Whether a tuning job beyond `concurrent_trainings` is QUEUED until there is room, or is
    refused with RESOURCE_EXHAUSTED, as tunedModels always are."""

    job_filters: Literal["honoured", "ignored", "refused"] = "honoured"
    """What becomes of the `filter` of tuningJobs.list, which nobody documents."""

    patch_without_mask: Literal["accepted", "refused"] = "accepted"
    """Whether Models and Endpoints can be changed without `updateMask`. The API document says that
    it is required, Google's own SDK does without."""

    datasets_checked: Literal["at create", "when run"] = "at create"
    """Whether a create is refused when the dataset is missing, or its job fails."""

    project_names: Literal["id", "number"] = "id"
    """Whether names in answers say the project as it was asked for, or always by number."""

    token_seconds: Annotated[float, Meta(gt=0)] = 3600.0
    """How long an access token that this service gives out is let in."""

    token_seconds_told: Annotated[float, Meta(gt=0)] | None = None
    """What whoever gets such a token is told about that; None for the truth. With a larger number
    tokens expire that their owner takes for valid."""

    only_issued_tokens: bool = False
    """Whether OAuth tokens that this service did not give out are refused."""

    buckets: tuple[str, ...] | None = None
    """The buckets that exist; None for any that has a valid name."""

    closed_buckets: tuple[str, ...] = ()
    """Buckets in which the caller may do nothing: 403, whether they exist or not."""

    read_only_buckets: tuple[str, ...] = ()
    """Buckets in which the caller may read, and neither create, change nor delete."""
