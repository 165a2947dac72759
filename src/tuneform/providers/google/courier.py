"""Carries the requests of google-auth, which are full of secrets, in our own way.

google-auth takes any callable. This one goes to admitted places only, follows no redirect, writes
no log and keeps what is sent to this machine away from proxies.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tuneform.providers.google.trust import check_token_place

SECONDS = 20.0
"""For a whole request that does not say how long it may take. Tokens come at once or not at all."""

_METADATA = frozenset({"169.254.169.254", "metadata.google.internal", "metadata"})
"""Where the machine's own metadata is; plain HTTP, and only on machines of a cloud."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A response as google-auth wants it.

    Attributes:
        status: HTTP status.
        headers: of the response.
        data: its body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    data: bytes = field(repr=False)


class Courier:
    """Sends one request at a time; safe for threads.

    Args:
        failure: what google-auth expects when a place cannot be reached.
        trusted: hosts beside Google's.
        sources: URLs that a federation gets its own tokens from.
    """

    def __init__(
        self, failure: type[Exception], trusted: Sequence[str], sources: Sequence[str] = ()
    ) -> None:
        self._failure = failure
        self._trusted = trusted
        self._sources = frozenset(sources)

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> Delivered:
        """Send a request.

        Raises:
            Refused: its place is not admitted; nothing was sent.
        """
        host = urlsplit(url).hostname or ""
        apart = host in _METADATA or url in self._sources
        if not apart:
            check_token_place(url.partition("?")[0], "a place of tokens", self._trusted)
        plain = url.startswith("http://")
        try:
            with httpx.Client(
                # What goes without TLS stays on this machine, or on its link; no proxy sees it.
                trust_env=not plain,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
                follow_redirects=False,
                timeout=timeout or SECONDS,
            ) as http:
                reply = http.request(method, url, content=body, headers=dict(headers or {}))
        except (httpx.RequestError, httpx.InvalidURL) as error:
            kind = type(error).__name__
        else:
            return Delivered(reply.status_code, reply.headers, reply.content)
        # Raised outside, without a cause: what httpx raises holds the request, and that the secret.
        raise self._failure(f"{host} cannot be reached: {kind}")
