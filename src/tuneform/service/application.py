"""The WSGI application: from a request to a `Call`, and from an answer to bytes.

The order is that of the real service: the route, the credentials, the parameters, the body, the
rules. Handlers return values or raise `ApiError`; the one place that writes responses is here, and
whatever goes wrong leaves as JSON in Google's form.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from tuneform.service import wire
from tuneform.service.call import Call, Stream
from tuneform.service.courtesy import Courtesy
from tuneform.service.credentials import OWNER, Gate
from tuneform.service.errors import (
    ApiError,
    Status,
    internal,
    invalid,
    invalid_field,
)
from tuneform.service.fields import EVERYTHING, Selection, parse_fields
from tuneform.service.reader import read, read_query
from tuneform.service.routes import Route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOG = logging.getLogger(__name__)

REFUSAL = "tuneform.refusal"
"""Key of a request's environment: the `ApiError` to answer instead of carrying it out."""

_SYSTEM = frozenset(
    (
        *("key", "access_token", "oauth_token", "alt", "fields", "prettyPrint", "quotaUser"),
        *("userIp", "callback", ".xgafv", "uploadType", "upload_protocol", "uploadProtocol"),
    )
)
"""Parameters that every method takes, each with and without `$` before it."""


class _Segment(BaseConverter):
    """A part of a path: without a slash, and without the colon that begins a custom verb."""

    regex = "[^/:]+"


class _Version(BaseConverter):
    regex = "v1beta|v1"


class _Platform(BaseConverter):
    regex = "v1beta1|v1"


class _Rest(BaseConverter):
    regex = ".+"
    part_isolating = False


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the answer is to be written."""

    pretty: bool = True
    enum_numbers: bool = False
    sse: bool = False


class Application:
    """The service as a WSGI callable."""

    json_type: ClassVar[str] = "application/json; charset=UTF-8"

    def __init__(self, table: Sequence[Route], gate: Gate, courtesy: Courtesy) -> None:
        self._gate = gate
        self._courtesy = courtesy
        self._table = tuple(table)
        self._map = _map(tuple((route.method, _path(route)) for route in table))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        repair_path(environ)
        with self._courtesy:
            response = self._respond(Request(environ))
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        route, manner = None, _Manner()
        try:
            route, ids = self._match(request)
            _refuse_if_asked_to(request)
            caller = OWNER if route.is_open else self._gate.caller(request)
            manner, wanted = _system_parameters(request, route)
            call = _call(request, route, ids, caller, wanted)
            return _write(route.handler(call), wanted, manner)
        except ApiError as error:
            return _refuse(error, manner, streaming=_is_streaming(route))
        except sqlite3.OperationalError as error:
            _LOG.exception("the data file could not be used")
            refusal = ApiError(Status.UNAVAILABLE, f"The data file cannot be used now: {error}.")
            return _refuse(refusal, manner, streaming=_is_streaming(route))
        except Exception:  # noqa: BLE001 (a bug is answered like any failure, and logged)
            _LOG.exception("a request failed")
            return _refuse(internal(), manner, streaming=_is_streaming(route))

    def _match(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        adapter = self._map.bind("practice.invalid")
        method = "HEAD-is-not-offered" if request.method == "HEAD" else request.method
        try:
            number, ids = adapter.match(request.path, method)
            return self._table[number], ids
        except MethodNotAllowed as error:
            allowed = sorted(set(error.valid_methods or ()) - {"HEAD"})
            raise ApiError(
                Status.UNIMPLEMENTED,
                f"{request.method} is not supported here; {' and '.join(allowed)} are.",
                http=405,
                headers={"Allow": ", ".join(allowed)},
            ) from error
        except HTTPException as error:
            message = f"The requested URL {request.path[:200]} was not found on this server."
            raise ApiError(Status.NOT_FOUND, message) from error


@lru_cache(maxsize=2)
def _map(table: tuple[tuple[str, str], ...]) -> Map:
    """What finds the number of a route.

    Making it takes longer than all else that opens a service, and all services share it.
    """
    converters = {
        "default": _Segment,
        "version": _Version,
        "platform": _Platform,
        "rest": _Rest,
    }
    rules = [
        Rule(path, endpoint=number, methods=[method]) for number, (method, path) in enumerate(table)
    ]
    made = Map(rules, converters=converters, merge_slashes=False, strict_slashes=True)
    made.update()  # now, and not by the first of several threads
    return made


def repair_path(environ: "WSGIEnvironment") -> None:
    """Give the path the form that WSGI asks for: UTF-8 bytes, shown as Latin-1.

    httpx hands it over as plain text, when it calls the service in its own process.
    """
    path = environ.get("PATH_INFO", "")
    try:
        path.encode("latin-1").decode()
    except UnicodeError:
        environ["PATH_INFO"] = path.encode("utf-8", "replace").decode("latin-1")


def _refuse_if_asked_to(request: Request) -> None:
    refusal: ApiError | None = request.environ.get(REFUSAL)
    if refusal is not None:
        raise refusal


def _path(route: Route) -> str:
    return route.path if route.path.startswith("/") else f"/<version:version>/{route.path}"


def _is_streaming(route: Route | None) -> bool:
    return route is not None and route.path.endswith(":streamGenerateContent")


def _system_parameters(request: Request, route: Route) -> tuple[_Manner, Selection]:
    args = request.args
    kind, *options = (args.get("$alt") or args.get("alt") or "json").split(";")
    if kind not in ("json", "sse"):
        raise invalid_field("alt", f"{kind[:40]!r} is not offered here; json is, and sse")
    pretty = (args.get("prettyPrint") or args.get("$prettyPrint") or "true").lower()
    manner = _Manner(
        pretty=pretty not in ("false", "0"),
        enum_numbers="enum-encoding=int" in options,
        sse=kind == "sse" or args.get("alt") == "sse",
    )
    fields = args.get("fields") or args.get("$fields")
    return manner, parse_fields(fields, route.answer) if fields else EVERYTHING


def _call(
    request: Request, route: Route, ids: Mapping[str, str], caller: str, wanted: Selection
) -> Call:
    own = {k: v for k, v in request.args.items() if k.removeprefix("$") not in _SYSTEM}
    query = read_query(route.query, own)
    body: dict[str, Any] = {}
    if route.body is not None:
        body = read(route.body.type, wire.parse(_body(request)), route.body.name)
    return Call(ids.get("version", "v1"), caller, ids, query, body, wanted)


def _body(request: Request) -> bytes:
    if (request.content_length or 0) > wire.MAX_BODY:
        raise wire.too_large()
    stream = request.stream
    if request.content_length is None and "chunked" in request.headers.get("Transfer-Encoding", ""):
        stream = request.environ["wsgi.input"]  # in process; waitress knows the length by now
    try:
        body = stream.read(wire.MAX_BODY + 1)
    except (OSError, HTTPException) as error:
        raise invalid("The request body could not be read.") from error
    if len(body) > wire.MAX_BODY:
        raise wire.too_large()
    return body


# --- the one place that writes responses --------------------------------------------------------


def _write(answer: Any, wanted: Selection, manner: _Manner) -> Response:
    shape: Callable[[Any], Any] = wire.with_enum_numbers if manner.enum_numbers else _as_it_is
    if not isinstance(answer, Stream):
        return _json(200, shape(wanted.of(answer)), manner)
    pieces = [shape(wanted.of(piece)) for piece in answer.pieces]
    if not manner.sse:
        return _json(200, pieces, manner)
    lines = [b"data: " + wire.encode(piece, pretty=False) + b"\r\n\r\n" for piece in pieces]
    return Response(lines, 200, content_type="text/event-stream")


def _refuse(error: ApiError, manner: _Manner, *, streaming: bool) -> Response:
    body = error.body()
    # Streams are arrays, failures included, unless they are event streams.
    response = _json(error.http, [body] if streaming and not manner.sse else body, manner)
    response.headers.extend(error.headers)
    return response


def _json(status: int, answer: Any, manner: _Manner) -> Response:
    data = wire.encode(answer, pretty=manner.pretty)
    return Response(data, status, content_type=Application.json_type)


def _as_it_is(answer: Any) -> Any:
    return answer
