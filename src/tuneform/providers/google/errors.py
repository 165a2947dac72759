"""A bad reply, or none, as an error of ours: status, reason and next step, and no secret.

What the service says is cut, freed of control characters and of the credentials, should it repeat
them. What httpx raises is not kept as a cause: it holds the request, and the request the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import httpx

from tuneform.errors import (
    AlreadyExists,
    BadReply,
    Exhausted,
    Forbidden,
    InvalidRequest,
    NotFound,
    RemoteError,
    ServiceFailure,
    Unauthenticated,
    Unreachable,
)
from tuneform.providers.google.call import Reply
from tuneform.providers.google.hints import KNOWN, Known, hint_for
from tuneform.providers.google.said import Said, read_error, retry_after
from tuneform.providers.google.trust import Endpoint

MESSAGE_CHARACTERS = 300
"""Of what a service says; the rest is cut."""

Failure = httpx.RequestError | httpx.InvalidURL


@dataclass(frozen=True, slots=True)
class Context:
    """What was being done when it failed.

    Attributes:
        what: so that `cannot WHAT` is a sentence.
        endpoint: whom it was asked of.
        redact: takes our credentials out of a text.
        now: the time, for a Retry-After that is a date.
        known: failures that the API is known to report.
    """

    what: str
    endpoint: Endpoint
    redact: Callable[[str], str]
    now: Callable[[], datetime]
    known: Sequence[Known] = KNOWN

    def says(self, text: str) -> str:
        """One line of outside text that is safe to print, at most MESSAGE_CHARACTERS long."""
        return one_line(text, self.redact)


def one_line(text: str, redact: Callable[[str], str]) -> str:
    """Text from outside as one line without control characters and secrets, cut."""
    printable = (" " if c.isspace() else c for c in text if c.isprintable() or c.isspace())
    line = redact(" ".join("".join(printable).split()))
    return line if len(line) <= MESSAGE_CHARACTERS else f"{line[: MESSAGE_CHARACTERS - 1]}…"


def remote_error(context: Context, cause: Reply | Failure) -> RemoteError:
    """The one place where a bad reply, or the lack of one, becomes an error of ours.

    Args:
        context: what was being done.
        cause: a reply whose status is not 2xx, or what httpx raised.
    """
    return _refusal(context, cause) if isinstance(cause, Reply) else _silence(context, cause)


def bad_reply(context: Context, why: str, body: bytes = b"") -> BadReply:
    """The error for a reply that succeeded and is not what the API promises."""
    text = "it is a web page" if body.lstrip()[:1] == b"<" else context.says(why)
    return BadReply(
        f"cannot {context.what}: the reply of {context.endpoint.host} is not what the API "
        f"promises: {text}",
        hint="check provider.endpoint in tuneform.yaml, and proxies on the way",
    )


def _refusal(context: Context, reply: Reply) -> RemoteError:
    said = read_error(reply.body)
    request_id = (said.request_id if said else None) or reply.headers.get("x-request-id")
    parts = [_status_line(reply.status, said), _explanation(context, reply, said)]
    tail = f" (request id {context.says(request_id)})" if request_id else ""
    words = f"{said.reason} {said.status} {said.message}" if said else None
    hint = hint_for(reply.status, words, context.known, context.what)
    pause = retry_after(reply.headers, said, context.now())
    return _kind(reply.status, said)(
        f"cannot {context.what}: {context.endpoint.host} answered {': '.join(filter(None, parts))}"
        f"{tail}",
        hint=f"{hint}; the service asks to wait {math.ceil(pause):,} s" if pause else hint,
        status=reply.status,
        reason=context.says(said.reason or said.status) or None if said else None,
        retry_after=pause,
    )


def _status_line(status: int, said: Said | None) -> str:
    if said and said.status.isidentifier() and said.status.isascii():
        return f"{status} {said.status[:40]}"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _explanation(context: Context, reply: Reply, said: Said | None) -> str:
    if said:
        return context.says(said.message)
    if httpx.codes.is_redirect(reply.status):
        target = context.says(reply.headers.get("location", ""))
        return f"redirects are not followed (to {target.partition('?')[0]})"
    if reply.body.lstrip()[:1] == b"<":
        return "a web page instead of a reply of the API"
    return context.says(reply.body.decode(errors="replace"))


_KINDS: dict[int, type[RemoteError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    408: ServiceFailure,
    409: AlreadyExists,
    429: Exhausted,
    499: ServiceFailure,
}
_BAD_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})


def _kind(status: int, said: Said | None) -> type[RemoteError]:
    match status, said:
        case ((404 | 409), None):
            # "Not there" and "taken" are facts only where the service itself says so: a proxy's
            # page of this status must not pass for a deleted object.
            return BadReply
        case (400, Said(reason=reason)) if reason in _BAD_KEY:
            return Unauthenticated
        case (403, Said(message=message)) if "unregistered callers" in message:
            return Unauthenticated
        case (409, Said(status="ABORTED")):
            return ServiceFailure
        case _:
            return _KINDS.get(status) or _by_class(status)


def _by_class(status: int) -> type[RemoteError]:
    match status // 100:
        case 4:
            return InvalidRequest
        case 5:
            return ServiceFailure
        case _:
            return BadReply


def _silence(context: Context, cause: Failure) -> RemoteError:
    """What httpx raised: there is no complete reply."""
    start, host = f"cannot {context.what}", context.endpoint.host
    said = context.says(str(cause)).rstrip(".") or type(cause).__name__
    match cause:
        case httpx.DecodingError():
            return bad_reply(context, said)
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return InvalidRequest(f"{start}: the request cannot be sent: {said}")
        case httpx.ConnectError() if "CERTIFICATE" in said.upper():
            # Not Unreachable, as time does not mend it.
            return RemoteError(
                f"{start}: the certificate of {host} is not trusted: {said}",
                hint="name your certificates in SSL_CERT_FILE, or check who answers for this host",
            )
        case _:
            return _unreachable(context, cause, said)


def _unreachable(context: Context, cause: Failure, said: str) -> Unreachable:
    """Only without a connection is it certain that nothing was sent."""
    host, hint, sent = context.endpoint.host, _reach(context.endpoint), False
    match cause:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            what = f"no connection to {context.endpoint.url}: {said}"
        case httpx.PoolTimeout():
            what, hint = f"all connections to {host} stayed busy", "lower --parallelism"
        case httpx.TimeoutException():
            what, sent = f"{host} did not answer in time", True
        case _:
            what, sent = f"the connection to {host} broke: {said}", True
    return Unreachable(f"cannot {context.what}: {what}", hint=hint, sent=sent)


def _reach(endpoint: Endpoint) -> str:
    if endpoint.loopback:
        return "check that the practice service runs there (`tuneform serve`)"
    return (
        "check the network, the proxy settings and the name of the host, then run the command again"
    )
