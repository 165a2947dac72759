"""JSON as the API reads and writes it: lenient in, proto3 out.

In: trailing commas are accepted, because the service's own documented request has them. What is
no JSON, no UTF-8, too deep or out of range becomes a 400. Out: floats in the shortest form of
single precision, timestamps in RFC 3339 with 0, 3 or 6 digits, enums as names, or as numbers when
the caller asks for them. Which fields a message has is the business of `schema`.
"""

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tuneform.service.errors import ApiError, invalid

MAX_BODY = 20_971_520
"""Bytes in a request body; the real service names the same number."""

_JSON_TOKEN = re.compile(
    r"""("(?>[^"\\]|\\.)*+"?)      # a string, kept, whatever is in it
      | ([\[{,:]\s*+,)             # a comma without a value before it stays, and is refused
      | ,(\s*+[}\]])               # a trailing comma goes
    """,
    re.VERBOSE | re.DOTALL,
)

_JOB_STATES = {
    "JOB_STATE_UNSPECIFIED": 0,
    "JOB_STATE_QUEUED": 1,
    "JOB_STATE_PENDING": 2,
    "JOB_STATE_RUNNING": 3,
    "JOB_STATE_SUCCEEDED": 4,
    "JOB_STATE_FAILED": 5,
    "JOB_STATE_CANCELLING": 6,
    "JOB_STATE_CANCELLED": 7,
}
_ADAPTER_SIZES = {
    "ADAPTER_SIZE_ONE": 1,
    "ADAPTER_SIZE_FOUR": 2,
    "ADAPTER_SIZE_EIGHT": 3,
    "ADAPTER_SIZE_SIXTEEN": 4,
    "ADAPTER_SIZE_TWO": 6,
}

ENUM_NUMBERS: Mapping[str, Mapping[str, int]] = {
    "state": {"STATE_UNSPECIFIED": 0, "CREATING": 1, "ACTIVE": 2, "FAILED": 3, **_JOB_STATES},
    "adapterSize": _ADAPTER_SIZES,
    "granteeType": {"GRANTEE_TYPE_UNSPECIFIED": 0, "USER": 1, "GROUP": 2, "EVERYONE": 3},
    "role": {"ROLE_UNSPECIFIED": 0, "OWNER": 1, "WRITER": 2, "READER": 3},
    "finishReason": {"FINISH_REASON_UNSPECIFIED": 0, "STOP": 1, "MAX_TOKENS": 2},
}
"""The enums that occur in answers, by field."""


def too_large() -> ApiError:
    """400 as the real service words it."""
    return invalid(f"Request payload size exceeds the limit: {MAX_BODY} bytes.")


_DEEPEST = 100
"""Levels of a body; protocol buffers stop there as well. How deep a parser could go by itself
depends on the release of Python."""

_BRACKET = re.compile(rb"\"(?>[^\"\\]|\\.)*+\"?|([\[{])|([\]}])", re.DOTALL)


def parse(body: bytes) -> Any:
    """Read a request body; an empty one is an empty message.

    Raises:
        ApiError: 400, when it is no JSON that the API accepts.
    """
    if not body.strip():
        return {}
    if body.count(b"[") + body.count(b"{") > _DEEPEST and _depth(body) > _DEEPEST:
        raise invalid("Invalid JSON payload received. Message too deep.")
    try:
        return _decode(body)
    except msgspec.ValidationError as error:  # a number beyond double precision
        raise invalid(f"Invalid JSON payload received. {error}.") from error
    except msgspec.DecodeError:
        return _parse_with_trailing_commas(body)


def _depth(body: bytes) -> int:
    """Levels of brackets outside of strings."""
    level = deepest = 0
    for match in _BRACKET.finditer(body):
        if match[1]:
            level += 1
            deepest = max(deepest, level)
        elif match[2]:
            level -= 1
    return deepest


def _parse_with_trailing_commas(body: bytes) -> Any:
    try:
        text = body.decode()
        return _decode(_JSON_TOKEN.sub(_drop_trailing_comma, text).encode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"Invalid JSON payload received. {error}.") from error


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise invalid(f"Invalid JSON payload received. {error}.") from error


def _drop_trailing_comma(match: re.Match[str]) -> str:
    string, misplaced, closing = match.groups()
    return string or misplaced or closing or ""


def encode(answer: Any, *, pretty: bool) -> bytes:
    """The bytes of an answer, indented by two unless that is switched off.

    An indented object ends with a newline, for terminals. An array does not: the old SDK reads
    streams character by character, and takes a newline for the start of another array.
    """
    data = msgspec.json.encode(answer)
    if not pretty:
        return data
    return msgspec.json.format(data, indent=2) + (b"\n" if isinstance(answer, dict) else b"")


def with_enum_numbers(answer: Any) -> Any:
    """The same answer with its enums as numbers (`$alt=json;enum-encoding=int`)."""
    if isinstance(answer, dict):
        return {key: _numbered(key, value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [with_enum_numbers(item) for item in answer]
    return answer


def _numbered(key: str, value: Any) -> Any:
    numbers = ENUM_NUMBERS.get(key)
    if numbers is not None and isinstance(value, str):
        return numbers.get(value, value)
    return with_enum_numbers(value)


def single(value: float) -> float | int:
    """The shortest number that reads back as the same single-precision float.

    0.001 stays 0.001 although single precision holds 0.0010000000474974513, and 1.0 is written
    as 1, as the API does.

    Raises:
        OverflowError: when it does not fit into single precision.
    """
    rounded = _as_single(value)
    for digits in range(6, 10):  # up to six digits always survive single precision
        short = float(f"{rounded:.{digits}g}")
        if _as_single(short) == rounded:
            break
    return int(short) if short.is_integer() and abs(short) < 1e15 else short  # noqa: PLR2004


def _as_single(value: float) -> float:
    unpacked: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return unpacked


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with as many digits (0, 3 or 6) as the value needs."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if moment.microsecond == 0:
        spec = "seconds"
    elif moment.microsecond % 1000 == 0:
        spec = "milliseconds"
    else:
        spec = "microseconds"
    return moment.isoformat(timespec=spec).removesuffix("+00:00") + "Z"
