"""What to do about the failures that tuning jobs and their storage are known to report.

The cases are those of section 9 of the reference on tuning jobs, and the general ones of Google's
APIs. Nothing is decided by a hint.
"""

from __future__ import annotations

from typing import Final

from tuneform.providers.google.hints import Known

_LOGIN: Final = (
    "run `gcloud auth application-default login`, or, in a pipeline, check its service account or "
    "workload identity federation"
)
_LATER: Final = "try again later; run `tuneform plan` to see what is there now"

KNOWN: Final = (
    Known(
        400,
        "adapter size is not supported",
        "set another spec.vertex.adapterSize, or leave it out: each base allows its own sizes",
    ),
    Known(
        400,
        "is not supported for tuning",
        "the service does not tune this base (here): choose another spec.baseModel or location",
    ),
    Known(
        400,
        "not supported",
        "the service does not offer this (here): check spec.baseModel and provider.location",
    ),
    Known(
        400,
        "model name",
        "a tuned model answers at its endpoint only: `tuneform output` tells its name",
    ),
    Known(
        400,
        "failed_precondition",
        "the object is not in a state that permits this, or was changed meanwhile: run `tuneform "
        "plan` to see what is there now",
    ),
    Known(400, "", "the service rejects the request itself; the message above says what about it"),
    Known(401, "", f"the access token is not accepted: {_LOGIN}"),
    Known(
        403,
        "service_disabled",
        "enable the Vertex AI API (aiplatform.googleapis.com) for provider.project",
    ),
    Known(403, "scope", "the credentials lack the scope cloud-platform: get new ones with it"),
    Known(
        403,
        "actas",
        "grant roles/iam.serviceAccountUser on spec.vertex.serviceAccount to who runs this",
    ),
    Known(
        403,
        "quota project",
        "run `gcloud auth application-default set-quota-project PROJECT_ID`",
    ),
    Known(
        403,
        "storage.",
        "grant roles/storage.objectUser on provider.datasetBucket to who runs this",
    ),
    Known(
        403,
        "",
        "grant roles/aiplatform.user on provider.project to who runs this; docs/vertex.md lists "
        "every permission",
    ),
    Known(
        404,
        "bucket",
        "make the bucket of provider.datasetBucket, in the location where training happens",
    ),
    Known(
        404,
        "",
        "check provider.project and provider.location; what is gone shows in `tuneform plan`",
    ),
    Known(409, "", f"somebody changes the same object at the same time: {_LATER}"),
    Known(
        429,
        "",
        "a quota is exhausted, perhaps that of tuning jobs at the same time: wait, lower "
        "--parallelism, or ask for more quota",
    ),
    Known(503, "", f"the service is overloaded: {_LATER}"),
    Known(504, "", f"the service took too long, and may have done it all the same: {_LATER}"),
)
