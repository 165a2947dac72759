"""What a service says about a failed call: the body of the error, and how long to wait.

Bodies come from outside and are read leniently; nothing here decides what kind of error it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from tuneform.providers.google.wire import ErrorBody, ErrorDetail, ErrorReply

UNDECODABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding raises on bytes from outside."""

_ERRORS = msgspec.json.Decoder(ErrorReply)
_ERROR_LISTS = msgspec.json.Decoder(list[ErrorReply])
_DETAIL = msgspec.json.Decoder(ErrorDetail)


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of an error body.

    Attributes:
        status: canonical name such as `NOT_FOUND`, else empty.
        message: with the fields that it names, where it names any.
        reason: of ErrorInfo, such as `API_KEY_INVALID`.
        request_id: of RequestInfo.
        retry_delay: of RetryInfo, such as `30s`.
    """

    status: str
    message: str
    reason: str | None
    request_id: str | None
    retry_delay: str | None


def read_error(body: bytes) -> Said | None:
    """What the service says; None where the body is not an error of the API."""
    error = _error_body(body)
    if error is None:
        return None
    details = list(_details(error))
    violations = (v for d in details for v in d.field_violations or ())
    named = "; ".join(f"{v.field}: {v.description}" for v in violations if v.field)
    return Said(
        status=error.status or "",
        message=" ".join(filter(None, (error.message, f"({named})" if named else ""))),
        reason=next((d.reason for d in details if d.reason), None),
        request_id=next((d.request_id for d in details if d.request_id), None),
        retry_delay=next((d.retry_delay for d in details if d.retry_delay), None),
    )


def _error_body(body: bytes) -> ErrorBody | None:
    """The error object; streaming methods put it into an array."""
    try:
        if body.lstrip()[:1] == b"[":
            return next((each.error for each in _ERROR_LISTS.decode(body)), None)
        return _ERRORS.decode(body).error
    except UNDECODABLE:
        return None


def _details(error: ErrorBody) -> Iterator[ErrorDetail]:
    for raw in error.details or ():
        try:
            yield _DETAIL.decode(raw)
        except UNDECODABLE:
            continue


def retry_after(headers: Mapping[str, str], said: Said | None, now: datetime) -> float | None:
    """Seconds to wait, from the header (a number or an HTTP date) or from RetryInfo (`30s`)."""
    header = headers.get("retry-after", "").strip()
    if header:
        seconds = _seconds(header)
        return _until(header, now) if seconds is None else seconds
    delay = said.retry_delay if said else None
    return _seconds(delay.removesuffix("s")) if delay else None


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    return max(0.0, (moment - now).total_seconds())
