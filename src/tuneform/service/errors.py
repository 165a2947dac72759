"""Failures as values of the API: canonical status, message, details, and their JSON form.

Every handler refuses by raising an `ApiError`; the application writes it once. The texts that are
known from the real service are here word for word (the API reference, its section on errors).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class Status(Enum):
    """Canonical statuses: the number in gRPC, and the number in HTTP."""

    CANCELLED = (1, 499)
    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def grpc(self) -> int:
        """The number that an operation's error carries."""
        return self.value[0]

    @property
    def http(self) -> int:
        """The number that a response carries."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with one field of a request."""

    field: str
    description: str


class ApiError(Exception):
    """A request that is refused, in the terms of the API."""

    def __init__(
        self,
        status: Status,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        http: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)
        self.http = status.http if http is None else http
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON body of the response."""
        error: dict[str, Any] = {
            "code": self.http,
            "message": self.message,
            "status": self.status.name,
        }
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}


def invalid(message: str, *violations: Violation) -> ApiError:
    """400 INVALID_ARGUMENT, with the fields that are to blame."""
    details: list[dict[str, Any]] = []
    if violations:
        rows = [{"field": v.field, "description": v.description} for v in violations]
        details.append({"@type": BAD_REQUEST, "fieldViolations": rows})
    return ApiError(Status.INVALID_ARGUMENT, message, details=details)


def invalid_field(field: str, description: str) -> ApiError:
    """400 for one field: the sentence is the message and the violation."""
    return invalid(f"{field}: {description}", Violation(field, description))


def precondition(message: str) -> ApiError:
    """400 FAILED_PRECONDITION: right in itself, but not now."""
    return ApiError(Status.FAILED_PRECONDITION, message)


def too_many_trainings(most: int) -> ApiError:
    """429 for a create beyond the quota."""
    description = f"At most {most} tuned models may be in training at a time."
    rows = [{"subject": "concurrent_trainings", "description": description}]
    return ApiError(
        Status.RESOURCE_EXHAUSTED,
        f"Resource has been exhausted (e.g. check quota). {description}",
        details=[{"@type": QUOTA_FAILURE, "violations": rows}],
    )


def model_not_found(name: str) -> ApiError:
    """404 as recorded for get and delete of an unknown tuned model."""
    return ApiError(Status.NOT_FOUND, f"Tuned model {name} does not exist.")


def model_forbidden(name: str) -> ApiError:
    """403 as reported for a tuned model of somebody else."""
    return ApiError(
        Status.PERMISSION_DENIED, f"You do not have permission to access tuned model {name}"
    )


def base_not_tunable(name: str, version: str) -> ApiError:
    """404 as recorded for a base model that cannot be tuned."""
    return ApiError(
        Status.NOT_FOUND,
        f"{name} is not found for CREATE TUNED MODEL at API version {version}.",
    )


def model_unknown_for(name: str, version: str, method: str) -> ApiError:
    """404 as reported for inference on an unknown model."""
    return ApiError(
        Status.NOT_FOUND,
        f"{name} is not found for API version {version}, or is not supported for {method}. "
        "Call ListModels to see the list of available models and their supported methods.",
    )


def unregistered() -> ApiError:
    """403 for a request without credentials."""
    return ApiError(
        Status.PERMISSION_DENIED,
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
    )


def bad_key() -> ApiError:
    """400 for a wrong API key."""
    info = {"@type": ERROR_INFO, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return ApiError(
        Status.INVALID_ARGUMENT,
        "API key not valid. Please pass a valid API key.",
        details=[info],
    )


def bad_token() -> ApiError:
    """401 for a wrong OAuth token."""
    return ApiError(
        Status.UNAUTHENTICATED,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential. "
        "See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def scope_insufficient() -> ApiError:
    """403 for a token that was given for something else."""
    info = {
        "@type": ERROR_INFO,
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
    }
    return ApiError(
        Status.PERMISSION_DENIED,
        "Request had insufficient authentication scopes.",
        details=[info],
    )


def internal() -> ApiError:
    """500 for a mistake of this service."""
    return ApiError(
        Status.INTERNAL,
        "An internal error has occurred. This is a bug of the practice service; "
        "its log has the traceback.",
    )
