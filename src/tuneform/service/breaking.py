"""Carries out the faults of single requests, between the wire and the application.

A WSGI callable can write a reply and no more. What no reply can express (a connection that ends)
leaves here as `ConnectionBroken`; `server` does that to the socket, `in_process` to the caller.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, assert_never
from urllib.parse import parse_qs

from tuneform.clock import Clock
from tuneform.service.application import REFUSAL
from tuneform.service.errors import ApiError, Status
from tuneform.service.faults import (
    AnyRequestRule,
    Cut,
    ExpiredToken,
    Hang,
    Late,
    Lose,
    Part,
    Refusal,
    Refuse,
    Reset,
    Twice,
)
from tuneform.service.injection import Asked, Injector
from tuneform.service.paging import bad_token
from tuneform.service.subject import NOBODY, Subject

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HUNG = "Practice-Hung"
"""Header of a reply that came late: the seconds for which nothing happened."""

Body = Callable[[], bytes]
Naming = Callable[[str, str, Body], Subject]

_API = re.compile(
    r"/(?:(?:v1beta1|v1beta|v1)/(?P<below>.*)"
    r"|(?P<whole>(?:upload/|download/)?storage/.*|token))",
    re.DOTALL,
)
_MODEL = re.compile(r"tunedModels/([^/:]+)")
_NAP = 0.2
"""Seconds after which a request that hangs looks whether the service ends."""

_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Error</title></head>"
    b"<body><h1>The server encountered a temporary error</h1></body></html>\n"
)

_STATUSES = {
    401: Status.UNAUTHENTICATED,
    403: Status.PERMISSION_DENIED,
    404: Status.NOT_FOUND,
    408: Status.DEADLINE_EXCEEDED,
    429: Status.RESOURCE_EXHAUSTED,
    500: Status.INTERNAL,
    502: Status.UNAVAILABLE,
    503: Status.UNAVAILABLE,
    504: Status.DEADLINE_EXCEEDED,
}


class ConnectionBroken(Exception):
    """The connection is to end here: refused, reset, or closed after what was written."""

    def __init__(self, how: Literal["refused", "reset", "closed"]) -> None:
        super().__init__(f"the connection was {how}, as the faults ask for")
        self.how = how


class Breaking:
    """The application with its faults in front; without faults it only passes on."""

    def __init__(
        self,
        application: "WSGIApplication",
        injector: Injector,
        clock: Clock,
        named: Naming | None = None,
    ) -> None:
        """Stand before an application.

        Args:
            application: what answers.
            injector: decides what goes wrong.
            clock: measures what takes its time.
            named: what a request of another dialect is about, from its method, path and body.
        """
        self._named = named or _nameless
        self._application = application
        self._injector = injector
        self._clock = clock
        self._lock = threading.Lock()
        self._late: list[tuple[float, WSGIEnvironment]] = []
        self._hanging: set[int] = set()
        self.on_hang: Callable[[int], None] = _nobody_minds
        """Told how many requests hang whenever that changes."""

    def let_go(self) -> None:
        """End the connections of all requests that hang now; they are not carried out."""
        with self._lock:
            self._hanging.clear()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request, or fail to.

        Raises:
            ConnectionBroken: when there is to be no answer, or no more of it.
        """
        self._deliver_what_is_late()
        asked = None if self._injector.idle else _asked(environ, self._named)
        if asked is None:
            return self._application(environ, start_response)
        if self._injector.refuses():
            raise ConnectionBroken("refused")
        rule = self._injector.take(asked)
        if rule is None:
            return self._application(environ, start_response)
        return self._befall(rule, environ, start_response)

    def _befall(
        self, rule: AnyRequestRule, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        match rule:
            case Reset():
                raise ConnectionBroken("reset")
            case Refuse():
                raise ConnectionBroken("refused")
            case Lose() | Late():
                self._swallow(rule, environ)
                raise ConnectionBroken("closed")
            case Part():
                environ["wsgi.input"] = _Half(environ)
                _Reply(self._application, environ)
                raise ConnectionBroken("reset")
            case Cut():
                return _Reply(self._application, environ).cut(start_response, framed=rule.framed)
            case Hang():
                return self._hang(rule.seconds, environ, start_response)
            case Twice():
                _Reply(self._application, _copy(environ))
            case Refusal() | ExpiredToken():
                if isinstance(rule, Refusal) and rule.html:
                    return _web_page(rule, start_response)
                environ[REFUSAL] = _refusal(rule) if isinstance(rule, Refusal) else bad_token()
            case _:
                assert_never(rule)
        return self._application(environ, start_response)

    def _swallow(self, rule: Lose | Late, environ: "WSGIEnvironment") -> None:
        if isinstance(rule, Lose):
            _Reply(self._application, environ)
            return
        with self._lock:
            self._late.append((self._clock.monotonic() + rule.seconds, _copy(environ)))

    def _hang(
        self, seconds: float, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        with self._hang_on(environ):
            end = self._clock.monotonic() + seconds
            while (rest := end - self._clock.monotonic()) > 0:
                if id(environ) not in self._hanging:
                    raise ConnectionBroken("closed")
                self._clock.sleep(min(rest, _NAP))
        reply = _Reply(self._application, environ)
        reply.headers.append((HUNG, f"{seconds:g}"))
        return reply.whole(start_response)

    @contextmanager
    def _hang_on(self, environ: "WSGIEnvironment") -> Iterator[None]:
        with self._lock:
            self._hanging.add(id(environ))
            self.on_hang(len(self._hanging))
        try:
            yield
        finally:
            with self._lock:
                self._hanging.discard(id(environ))
                self.on_hang(len(self._hanging))

    # --- requests that arrive later -------------------------------------------------------------

    def _deliver_what_is_late(self) -> None:
        """Whatever is due arrives before the next request does: nobody can look in between."""
        if not self._late:
            return
        now = self._clock.monotonic()
        with self._lock:
            due = [environ for when, environ in self._late if when <= now]
            self._late = [each for each in self._late if each[0] > now]
        for environ in due:
            _Reply(self._application, environ)


def _nobody_minds(_: int) -> None:
    """There are as many threads as callers."""


class _Reply:
    """What the application answered, caught before it is sent."""

    def __init__(self, application: "WSGIApplication", environ: "WSGIEnvironment") -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        answer = application(environ, self._started)
        try:
            self.body = b"".join(answer)
        finally:
            if (close := getattr(answer, "close", None)) is not None:
                close()

    def _started(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status, self.headers = status, list(headers)

    def whole(self, start_response: "StartResponse") -> Iterable[bytes]:
        start_response(self.status, self.headers)
        return [self.body]

    def cut(self, start_response: "StartResponse", *, framed: bool) -> Iterable[bytes]:
        half = self.body[: len(self.body) // 2]
        if not framed:
            self.headers = [pair for pair in self.headers if pair[0].lower() != "content-length"]
            self.headers.append(("Content-Length", str(len(half))))
        start_response(self.status, self.headers)
        return [half] if not framed else _broken_off(half)


def _broken_off(half: bytes) -> Iterator[bytes]:
    yield half
    raise ConnectionBroken("closed")


def _nameless(method: str, path: str, body: Body) -> Subject:
    del method, path, body
    return NOBODY


def _asked(environ: "WSGIEnvironment", named: Naming) -> Asked | None:
    """What a request is about; None for the control routes, which nothing befalls."""
    match = _API.fullmatch(environ.get("PATH_INFO", ""))
    if match is None:
        return None
    path = match["below"] or match["whole"] or ""
    query = parse_qs(environ.get("QUERY_STRING", ""), errors="replace")
    method = environ["REQUEST_METHOD"]
    with_token = bool(_first(query, "pageToken", "page_token"))
    if path.startswith("projects/"):
        return Asked(method, path, named(method, path, lambda: _peeked(environ)), with_token)
    model = _MODEL.match(path)
    name = model[1] if model else ""
    if method == "POST" and path == "tunedModels":
        name = _first(query, "tunedModelId", "tuned_model_id")
    return Asked(method, path, Subject.of(name), with_token)


def _first(query: dict[str, list[str]], *spellings: str) -> str:
    return next((query[each][0] for each in spellings if each in query), "")


def _copy(environ: "WSGIEnvironment") -> "WSGIEnvironment":
    """The same request once more; both can be read."""
    return dict(environ) | {"wsgi.input": BytesIO(_peeked(environ))}


def _peeked(environ: "WSGIEnvironment") -> bytes:
    """The body of a request, which can still be read afterwards."""
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    return body


class _Half:
    """A request body of which only the first half arrives."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._stream = environ["wsgi.input"]
        self._left = int(environ.get("CONTENT_LENGTH") or 0) // 2

    def read(self, most: int = -1) -> bytes:
        """Like a file."""
        piece: bytes = self._stream.read(min(most, self._left) if most >= 0 else self._left)
        self._left -= len(piece)
        return piece


def _refusal(rule: Refusal) -> ApiError:
    message = f"The faults of this practice service ask for a {rule.code} here."
    return ApiError(_STATUSES[rule.code], message, http=rule.code, headers=_headers(rule))


def _headers(rule: Refusal) -> dict[str, str]:
    return {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}


def _web_page(rule: Refusal, start_response: "StartResponse") -> Iterable[bytes]:
    headers = [("Content-Type", "text/html; charset=UTF-8"), ("Content-Length", str(len(_PAGE)))]
    start_response(f"{rule.code} Error", headers + list(_headers(rule).items()))
    return [_PAGE]
