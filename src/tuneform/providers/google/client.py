"""Sends one call to the service and reads its reply. Safe for threads.

The client takes an `httpx.Client`, so tests and the practice service swap its transport. It knows
credentials, retries, timeouts and the request log, and nothing of models. Redirects are not
followed, cookies not sent, and the URL is always that of the endpoint which was admitted.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import httpx

from tuneform import __version__
from tuneform.clock import Clock
from tuneform.errors import BadReply, RemoteError
from tuneform.providers.google.call import Call, Reply
from tuneform.providers.google.credentials import Credentials
from tuneform.providers.google.errors import (
    Context,
    bad_reply,
    one_line,
    remote_error,
)
from tuneform.providers.google.hints import KNOWN, Known
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.said import UNDECODABLE
from tuneform.providers.google.trust import Endpoint

T = TypeVar("T")

CONNECT_SECONDS = 10.0
"""For a connection, TLS included. A host that takes longer is not there."""

READ_SECONDS = 60.0
"""Between two pieces of a reply. A create of 4 MB and an answer of a model may take this long."""

WRITE_SECONDS = 30.0
"""For the network to take the next piece of a request; not for the whole of its 4 MB."""

POOL_SECONDS = 120.0
"""For another thread to give back a connection."""

KEEPALIVE_SECONDS = 60.0
"""How long an idle connection is kept; longer than the pause between two looks at a training."""

ERROR_BYTES = 64 * 1024
"""Of the body of a failed call; the rest is not read."""

REPLY_BYTES = 256 * 1024 * 1024
"""Of a reply that succeeded, unpacked. A page of 1,000 models with long loss curves has a third."""

USER_AGENT = f"tuneform/{__version__}"

_TIMEOUTS = {
    "connect": CONNECT_SECONDS,
    "read": READ_SECONDS,
    "write": WRITE_SECONDS,
    "pool": POOL_SECONDS,
}
_HEADERS = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": USER_AGENT}
_HEADERS_JSON = {**_HEADERS, "content-type": "application/json"}

log = logging.getLogger("tuneform.requests")


def open_client(
    endpoint: Endpoint, *, connections: int = 16, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """An HTTP client with its pool of connections; whoever opens it closes it.

    Proxies and certificates come from the environment, as users of httpx expect, except for this
    machine: what is sent to loopback is not encrypted, and no proxy may see it.

    Args:
        endpoint: where it will connect to.
        connections: at most, at the same time.
        transport: instead of the network, such as `httpx.WSGITransport`.
    """
    local = endpoint.loopback or transport is not None
    plain = endpoint.url.startswith("http://")
    return httpx.Client(
        # Loading certificates takes longer than a call on loopback. This context trusts nobody.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
        trust_env=not local,
        transport=transport,
        limits=httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEEPALIVE_SECONDS,
        ),
        follow_redirects=False,
        timeout=httpx.Timeout(**_TIMEOUTS),
    )


class ApiClient:
    """Sends calls to one endpoint with one set of credentials.

    Args:
        http: sends requests; its own defaults (headers, auth, base URL) play no part.
        endpoint: admitted by `trust.check_endpoint`.
        credentials: put on every request.
        clock: for Retry-After dates, and durations in the log.
        retrier: sends repeatable calls again.
        known: failures that the API is known to report, and what to do about them.
        reply_bytes: of a reply that succeeded, unpacked; a larger one is none of the API.
    """

    def __init__(  # noqa: PLR0913 (everything that a client depends on)
        self,
        http: httpx.Client,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        clock: Clock,
        retrier: Retrier,
        known: Sequence[Known] = KNOWN,
        reply_bytes: int = REPLY_BYTES,
    ) -> None:
        self._http = http
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._retrier = retrier
        self._known = known
        self._reply_bytes = reply_bytes
        self._here = _Here()

    def fetch(self, call: Call, decode: Callable[[bytes], T]) -> T:
        """Send a call and decode its reply; where it may be, again, also for a broken reply.

        Raises:
            RemoteError: as `errors` maps it; BadReply where the reply is not of this type.
        """
        return self._repeated(call, lambda: self._decoded(call, self._attempt(call).body, decode))

    def _decoded(self, call: Call, body: bytes, decode: Callable[[bytes], T]) -> T:
        try:
            return decode(body)
        except UNDECODABLE as error:
            why = str(error)
        raise self.bad_reply(call, why, body)

    def send(self, call: Call) -> bytes:
        """Send a call, again where it may be, and return the body of a reply that succeeded.

        Raises:
            RemoteError: as `errors` maps it.
        """
        return self._repeated(call, lambda: self._attempt(call).body)

    def once(self, call: Call, also: Container[int] = ()) -> Reply:
        """Send a call a single time, for those who know themselves when it may be sent again.

        Args:
            call: whether it may be repeated plays no part.
            also: statuses that are a good reply to it, beside those of success.

        Raises:
            RemoteError: as `errors` maps it.
        """
        return self._attempt(call, also)

    def retried(self, attempt: Callable[[], T]) -> T:
        """Run attempts of one's own as patiently as calls are sent."""
        return self._retrier.run(attempt)

    @contextmanager
    def verb(self) -> Iterator[None]:
        """The calls of this block, in this thread, do one thing.

        Raises:
            RemoteError: its `changed` says whether some of it was done, or may have been.
        """
        self._here.changed = False
        try:
            yield
        except RemoteError as error:
            error.changed = self._here.changed
            raise

    @property
    def endpoint(self) -> Endpoint:
        """Whom it speaks with."""
        return self._endpoint

    def _repeated(self, call: Call, attempt: Callable[[], T]) -> T:
        return self._retrier.run(attempt) if call.repeatable else attempt()

    def bad_reply(self, call: Call, why: str, body: bytes = b"") -> BadReply:
        """The error for a reply that was decoded, and still is not what the API promises."""
        return bad_reply(self._context(call), why, body)

    def says(self, text: str) -> str:
        """Words of the service as one line that is safe to print."""
        return one_line(text, self._credentials.redact)

    def _attempt(self, call: Call, also: Container[int] = ()) -> Reply:
        began = self._clock.monotonic()
        outcome = self._exchange(call)
        if isinstance(outcome, Reply) and (
            httpx.codes.is_success(outcome.status) or outcome.status in also
        ):
            self._log(call, f"{outcome.status}, {len(outcome.body)} bytes", began)
            self._note(call)
            return outcome
        error = (
            outcome
            if isinstance(outcome, RemoteError)
            else remote_error(self._context(call), outcome)
        )
        self._log(call, f"{error.code} {error.status or ''}".rstrip(), began)
        if error.lost:
            self._note(call)
        raise error

    def _note(self, call: Call) -> None:
        """Keep in mind, for the verb that goes on here, that something may have been changed."""
        self._here.changed |= call.method != "GET"

    def _exchange(self, call: Call) -> Reply | RemoteError:
        """One request and its reply, or the error that stands for the lack of one.

        A token may expire on the way, or be taken back, while it looks valid here. Then it is
        renewed, and the call sent once more, creates too: a 401 means that nothing has begun.

        The error is returned, not raised: raised inside the handler it would carry what httpx
        raised, which carries the request with the key.
        """
        try:
            request = self._request(call)
            outcome = self._answer(call, request)
            if (
                isinstance(outcome, Reply)
                and outcome.status == httpx.codes.UNAUTHORIZED
                and self._credentials.renew(request)
            ):
                return self._answer(call, self._request(call))
        except (httpx.RequestError, httpx.InvalidURL) as error:
            return remote_error(self._context(call), error)
        return outcome

    def _answer(self, call: Call, request: httpx.Request) -> Reply | RemoteError:
        response = self._http.send(request, auth=None, follow_redirects=False, stream=True)
        try:
            most = self._reply_bytes if response.is_success else ERROR_BYTES
            body = _body(response, most)
        finally:
            response.close()
        if response.is_success and len(body) > most:
            return self.bad_reply(call, f"it is larger than {most:,} bytes")
        return Reply(response.status_code, response.headers, body[:most])

    def _request(self, call: Call) -> httpx.Request:
        """Built by hand: `Client.build_request` would merge defaults and cost twice as much."""
        request = httpx.Request(
            call.method,
            f"{self._endpoint.url}/{call.path}{'?' if call.query else ''}{call.query}",
            headers={**(_HEADERS if call.body is None else _HEADERS_JSON), **call.headers},
            content=call.body,
            extensions={"timeout": _TIMEOUTS},
        )
        self._credentials.authorize(request)
        return request

    def _context(self, call: Call) -> Context:
        return Context(
            call.what, self._endpoint, self._credentials.redact, self._clock.now, self._known
        )

    def _log(self, call: Call, outcome: str, began: float) -> None:
        """Names of parameters only: values may be long, and a page token is nobody's business."""
        if log.isEnabledFor(logging.DEBUG):
            names = ",".join(pair.partition("=")[0] for pair in call.query.split("&") if pair)
            spent = (self._clock.monotonic() - began) * 1000
            log.debug("%s %s(%s) %s, %.0f ms", call.method, call.path, names, outcome, spent)


class _Here(threading.local):
    """What a thread has to keep in mind of the verb under way."""

    changed = False


def _body(response: httpx.Response, most: int) -> bytes:
    """All of a reply, or, where it is longer, somewhat more than `most` bytes of it.

    Counted as it is unpacked, piece by piece: a small reply may unpack into a very large one.
    """
    pieces, size = [], 0
    for piece in response.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            break
    return b"".join(pieces)
