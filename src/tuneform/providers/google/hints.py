"""What to do about the failures that the service is known to report.

The cases are those of section 6 of the API reference. A service may word things anew at any time:
a hint that is not found is no harm, and nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_OAUTH = (
    "run `gcloud auth application-default login "
    "--scopes=https://www.googleapis.com/auth/cloud-platform,"
    "https://www.googleapis.com/auth/generative-language.tuning`"
)
_LATER = "try again later; run `tuneform plan` to see what is there now"
_ENDPOINT = "check provider.endpoint in tuneform.yaml: this reply is not one of the API"


@dataclass(frozen=True, slots=True)
class Known:
    """One known failure.

    Attributes:
        status: HTTP status.
        says: lower-case part of the service's reason or message; empty for every other failure
            of this status.
        hint: the next step.
        doing: how what was being done must begin, as in `cannot WHAT`; empty for anything.
    """

    status: int
    says: str
    hint: str
    doing: str = ""


KNOWN = (
    Known(
        400,
        "api_key_invalid",
        "check GEMINI_API_KEY (or GOOGLE_API_KEY): make a key at https://aistudio.google.com/apikey",
    ),
    Known(400, "api key expired", "make a new key at https://aistudio.google.com/apikey"),
    Known(
        400,
        "either tuned_model_id or display_name",
        "this is a mistake in tuneform; please report it",
    ),
    Known(
        400,
        "unknown name",
        "the service does not know this field: check provider.endpoint, or use another release "
        "of tuneform",
    ),
    Known(
        400,
        "location is not supported",
        "the service is not offered where this runs: run it elsewhere, or use another provider",
    ),
    Known(
        400,
        "failed_precondition",
        "the object is not in a state that permits this: look with `tuneform status`",
    ),
    Known(
        400,
        "request contains an invalid argument",
        "the service does not say which: check that displayName has at most 40 characters, that "
        "the base permits tuning on top of a tuned model where tunedFrom is used, and the "
        "hyperparameters",
    ),
    Known(400, "", "the service rejects the request itself; the message above says what about it"),
    Known(
        401,
        "api keys are not supported",
        f"this service wants OAuth: unset the key, install tuneform[oauth] and {_OAUTH}",
    ),
    Known(
        401,
        "",
        f"the credentials are not accepted: check GEMINI_API_KEY (or GOOGLE_API_KEY) where a key "
        f"is set; else {_OAUTH}",
    ),
    Known(
        403,
        "unregistered callers",
        "set GEMINI_API_KEY, or install tuneform[oauth] and run "
        "`gcloud auth application-default login`",
    ),
    Known(403, "insufficient authentication scopes", _OAUTH),
    Known(403, "scope_insufficient", _OAUTH),
    Known(
        403,
        "do not have permission to access tuned model",
        "the object belongs to another project: use the credentials of the project that made it",
    ),
    Known(
        403,
        "service_disabled",
        "enable the Generative Language API for the project that the credentials belong to",
    ),
    Known(
        403,
        "quota project",
        "run `gcloud auth application-default set-quota-project PROJECT_ID`",
    ),
    Known(403, "", "check which project the credentials belong to, and what they permit"),
    Known(
        404,
        "not found for create tuned model",
        "the service does not offer this base for tuning (the Gemini API has offered none since "
        "May 2025): choose another base or another provider",
    ),
    Known(
        404,
        "not found for api version",
        "the base model is retired: its tuned models are still listed, but cannot be called; "
        "tune another base",
    ),
    Known(
        404,
        "",
        "check that the service offers this base for tuning, that a tuned model it is to be based "
        "on is still there, and what the credentials permit",
        doing="create ",
    ),
    Known(
        404,
        "",
        "it may have been deleted meanwhile: run `tuneform plan` to see what is there now",
    ),
    Known(
        409,
        "",
        "see what bears this name with `tuneform status`; raise spec.revision for a new id",
    ),
    Known(
        413, "", "the request is too large for the service: use fewer examples, 4 MB at the most"
    ),
    Known(
        429,
        "",
        "a quota or rate limit is exhausted: wait, lower --parallelism, or ask for more quota",
    ),
    Known(
        501,
        "",
        "the service does not offer this (any longer): check provider.endpoint, or use another "
        "provider",
    ),
    Known(503, "", f"the service is overloaded: {_LATER}"),
    Known(504, "", f"the service took too long, and may have done it all the same: {_LATER}"),
)


_STRANGE = frozenset({400, 404, 405, 409})
_FAILURES = 500


def hint_for(status: int, said: str | None, known: Sequence[Known] = KNOWN, doing: str = "") -> str:
    """The next step after a failed call.

    Args:
        status: HTTP status.
        said: the service's reason and message; None where the reply is not one of the API.
        known: the failures that its API is known to report; the first that fits counts.
        doing: what failed, as in `cannot WHAT`.
    """
    if said is None and (status in _STRANGE or status < min(_STRANGE)):
        return _ENDPOINT
    lower = (said or "").lower()
    found = (
        each.hint
        for each in known
        if each.status == status and each.says in lower and doing.startswith(each.doing)
    )
    return next(found, _LATER if status >= _FAILURES else _ENDPOINT)
