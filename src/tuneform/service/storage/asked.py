"""What a request asks for, as values: preconditions, byte ranges, and the resource in a body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tuneform.service.storage.errors import StorageError, invalid
from tuneform.service.storage.objects import Draft

CONDITIONS = (
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
)

_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?:(?P<total>\d+)|\*)")
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
_HASH = re.compile(r"(crc32c|md5)=([A-Za-z0-9+/]+=*)")
_LARGEST = 2**63


class Resource(msgspec.Struct, frozen=True, rename="camel"):
    """The part of an object's resource that can be set; the rest of a body is not looked at."""

    name: str | None = None
    content_type: str | None = None
    metadata: dict[str, str] | None = None
    md5_hash: str | None = None
    crc32c: str | None = None


def resource_of(body: bytes) -> Resource:
    """The resource in a body; an empty one sets nothing.

    Raises:
        StorageError: 400, it is none.
    """
    try:
        return msgspec.json.decode(body, type=Resource) if body.strip() else Resource()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StorageError(400, "parseError", f"Parse Error: {error}") from error


def conditions_of(query: Mapping[str, str]) -> dict[str, int]:
    """The preconditions of a request, by name.

    Raises:
        StorageError: 400, one is no number.
    """
    return {name: _whole(name, query[name]) for name in CONDITIONS if name in query}


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < _LARGEST):
        raise invalid(f"Invalid value for {name}: {text[:40]!r}", location=name)
    return int(text)


def count_of(query: Mapping[str, str], name: str, most: int) -> int:
    """A parameter that is a count of things, at most so many.

    Raises:
        StorageError: 400, it is no number.
    """
    return min(_whole(name, query.get(name) or str(most)), most) or most


def draft_of(resource: Resource, query: Mapping[str, str], headers: Mapping[str, str]) -> Draft:
    """What an upload shall become.

    Raises:
        StorageError: 400, a precondition is none.
    """
    hashes = dict(_HASH.findall(headers.get("x-goog-hash") or ""))
    length = headers.get("x-upload-content-length")
    return Draft(
        content_type=resource.content_type
        or headers.get("x-upload-content-type")
        or "application/octet-stream",
        metadata=resource.metadata or {},
        md5=resource.md5_hash or hashes.get("md5") or headers.get("content-md5"),
        crc32c=resource.crc32c or hashes.get("crc32c"),
        total=_whole("X-Upload-Content-Length", length) if length else None,
        conditions=conditions_of(query),
    )


def with_hashes(draft: Draft, headers: Mapping[str, str]) -> Draft:
    """The same with the checksums that only the last request brings."""
    hashes = dict(_HASH.findall(headers.get("x-goog-hash") or ""))
    return msgspec.structs.replace(
        draft, md5=draft.md5 or hashes.get("md5"), crc32c=draft.crc32c or hashes.get("crc32c")
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a request of a resumable upload brings.

    Attributes:
        first: offset of its first byte; None where it only asks how far the upload is.
        size: bytes; None where the request does not say.
        total: of the object; None while the sender does not know.
    """

    first: int | None
    size: int | None
    total: int | None

    @property
    def is_last(self) -> bool:
        """Whether the object is complete with it."""
        return self.first is not None and (
            self.size is None or self.first + self.size == self.total
        )


def chunk_of(header: str | None) -> Chunk:
    """What `Content-Range` says; without it the body is the whole object.

    Raises:
        StorageError: 400, it says nothing that makes sense.
    """
    if header is None:
        return Chunk(0, None, None)
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise invalid(f"Failed to parse Content-Range header: {header[:80]}")
    first, last, total = (None if text is None else int(text) for text in match.groups())
    if first is None or last is None:
        return Chunk(None, None, total)
    if last < first or (total is not None and last >= total):
        raise invalid(f"Failed to parse Content-Range header: {header[:80]}")
    return Chunk(first, last - first + 1, total)


def span_of(header: str | None, size: int) -> tuple[int, int] | None:
    """The part of an object that `Range` asks for, as start and end; None for all of it.

    Raises:
        StorageError: 416, there is no such part.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match["first"] or match["last"]):
        return None  # what is not understood is ignored, as RFC 9110 says
    if not match["first"]:
        start, end = max(0, size - int(match["last"])), size
    else:
        start, end = int(match["first"]), min(size, int(match["last"] or size) + 1)
    if start >= end:
        raise StorageError(
            416,
            "requestedRangeNotSatisfiable",
            "Request range not satisfiable",
            location="Range",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def metadata_changes(body: bytes, before: Mapping[str, str]) -> dict[str, Any]:
    """What a PATCH changes: keys that are set to null go, others are added or replaced.

    Raises:
        StorageError: 400, it is no resource.
    """
    try:
        given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        metadata = msgspec.convert(given.get("metadata"), dict[str, str | None] | None)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StorageError(400, "parseError", f"Parse Error: {error}") from error
    changes: dict[str, Any] = {}
    if given.get("contentType"):
        changes["content_type"] = str(given["contentType"])
    if "metadata" in given:
        merged = {**before, **(metadata or {})} if metadata is not None else {}
        changes["metadata"] = {key: value for key, value in merged.items() if value is not None}
    return changes
