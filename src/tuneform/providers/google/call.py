"""One request and its reply as values, for every API that the client sends calls to.

Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        what: what it is for, so that `cannot WHAT` is a sentence.
        method: HTTP method.
        path: below the endpoint, version first, without a slash in front, encoded.
        query: encoded, without the question mark.
        body: JSON, or bytes that are read while they are sent (then `headers` name their length),
            or None. It may hold example texts, so it shows in no repr.
        headers: lower-case, beside those that every call has, or in their place.
        repeatable: whether it may arrive twice, so that it may be sent again.
    """

    what: str
    method: str
    path: str
    query: str = ""
    body: bytes | Iterable[bytes] | None = field(default=None, repr=False)
    repeatable: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: of the reply.
        body: all of it where the call succeeded, else its beginning.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


def page_of(token: str | None) -> dict[str, str]:
    """The parameter of a page; none for the first."""
    return {"pageToken": token} if token else {}


def encoded(parameters: Mapping[str, str]) -> str:
    """Parameters, encoded."""
    return urlencode(parameters, safe=",()", quote_via=quote)
