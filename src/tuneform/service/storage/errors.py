"""Refusals in the words of Cloud Storage: a list of errors with reasons, and no canonical status.

The texts are those that the real service is known to answer with.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tuneform.service.errors import ApiError


class StorageError(Exception):
    """A request that is refused, in the terms of this API."""

    def __init__(
        self,
        http: int,
        reason: str,
        message: str,
        *,
        location: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.http = http
        self.reason = reason
        self.message = message
        self.location = location
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON body of the response."""
        row = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location:
            kind = "header" if self.location[0].isupper() else "parameter"
            row |= {"locationType": kind, "location": self.location}
        return {"error": {"code": self.http, "message": self.message, "errors": [row]}}


def invalid(message: str, *, location: str = "") -> StorageError:
    """400."""
    return StorageError(400, "invalid", message, location=location)


def no_bucket() -> StorageError:
    """404 for a bucket that does not exist."""
    return StorageError(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> StorageError:
    """404 for an object that does not exist."""
    return StorageError(404, "notFound", f"No such object: {bucket}/{name}")


def no_upload() -> StorageError:
    """404 for a session that nobody knows."""
    return StorageError(404, "notFound", "Not Found")


def upload_gone() -> StorageError:
    """410 for a session that was cancelled, or is too old."""
    return StorageError(410, "gone", "The upload session is gone. Start the upload again.")


def cancelled() -> StorageError:
    """499: how the cancelling of a session is confirmed."""
    return StorageError(499, "clientClosedRequest", "Client Closed Request")


def condition_not_met(location: str) -> StorageError:
    """412."""
    message = "At least one of the pre-conditions you specified did not hold."
    return StorageError(412, "conditionNotMet", message, location=location)


def forbidden(caller: str, permission: str, resource: str = "object") -> StorageError:
    """403 for an account that lacks a permission.

    Args:
        caller: its e-mail address.
        permission: such as `storage.objects.create`.
        resource: `object` or `bucket`.
    """
    message = (
        f"{caller} does not have {permission} access to the Google Cloud Storage {resource}. "
        f"Permission '{permission}' denied on resource (or it may not exist)."
    )
    return StorageError(403, "forbidden", message)


def anonymous(permission: str, resource: str = "object") -> StorageError:
    """401 without credentials."""
    message = forbidden("Anonymous caller", permission, resource).message
    return StorageError(401, "required", message, location="Authorization")


def too_large(most: int) -> StorageError:
    """413 for what no object may be."""
    message = f"The object is too large: at most {most:,} bytes are taken here."
    return StorageError(413, "uploadTooLarge", message)


def not_offered(method: str) -> StorageError:
    """405 for a method that this path does not have."""
    return StorageError(405, "methodNotAllowed", f"{method} is not supported here.")


def translated(error: ApiError) -> StorageError:
    """A refusal of what all the APIs have in common, such as credentials, as this one says it."""
    match error.http:
        case 401:
            return StorageError(401, "authError", "Invalid Credentials", location="Authorization")
        case 403:
            reason = "forbidden"
        case 429:
            reason = "rateLimitExceeded"
        case code if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            reason = "backendError"
        case _:
            reason = "invalid"
    return StorageError(error.http, reason, error.message, headers=error.headers)
