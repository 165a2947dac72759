"""The routes of Cloud Storage, as a WSGI application of its own: its bodies are streams.

Paths are those of the JSON API. A name that holds slashes arrives decoded, so a raw slash and an
encoded one are the same here; what the real service offers beside, such as copies and access lists,
is a listed difference.
"""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from tuneform.service import wire
from tuneform.service.application import REFUSAL, repair_path
from tuneform.service.courtesy import Courtesy
from tuneform.service.credentials import Gate
from tuneform.service.errors import ApiError
from tuneform.service.fields import EVERYTHING, parse_fields
from tuneform.service.schema import ANYTHING
from tuneform.service.storage import asked
from tuneform.service.storage.body import Body
from tuneform.service.storage.buckets import Buckets
from tuneform.service.storage.errors import (
    StorageError,
    anonymous,
    condition_not_met,
    invalid,
    no_object,
    not_offered,
    translated,
)
from tuneform.service.storage.listing import page
from tuneform.service.storage.objects import ConditionNotMet, Mismatch, Object, ObjectStore
from tuneform.service.storage.resources import bucket_json, media_headers, object_json
from tuneform.service.storage.uploads import Progress, Sent, Uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOG = logging.getLogger(__name__)

PATHS = re.compile(r"/(?:(?:upload|download|resumable/upload)/)?storage/v1/", re.ASCII)
"""What this application answers."""

_ROADS = (
    ("buckets", re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)")),
    ("objects", re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/?")),
    ("object", re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>.+)", re.DOTALL)),
    ("media", re.compile(r"/download/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>.+)", re.DOTALL)),
    ("upload", re.compile(r"/(?:resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o/?")),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, matched.

    Attributes:
        request: as it came.
        bucket: that it is about.
        name: of the object, empty where it is about none.
        query: its parameters.
    """

    request: Request
    bucket: str
    name: str
    query: Mapping[str, str]

    @property
    def root(self) -> str:
        """The address under which the caller knows this service."""
        return self.request.host_url

    def sent(self) -> Sent:
        """The same as a request that brings bytes."""
        headers = {key.lower(): value for key, value in self.request.headers.items()}
        return Sent(self.bucket, self.query, headers, Body(self.request.environ))


Handler = Callable[[Ask], Response]


class StorageApplication:
    """Cloud Storage as a WSGI callable."""

    def __init__(
        self, store: ObjectStore, buckets: Buckets, gate: Gate, courtesy: Courtesy
    ) -> None:
        self._store = store
        self._buckets = buckets
        self._gate = gate
        self._courtesy = courtesy
        self._uploads = Uploads(store)
        self._handlers: dict[tuple[str, str], tuple[str, Handler]] = {
            ("GET", "buckets"): ("storage.buckets.get", self._bucket),
            ("GET", "objects"): ("storage.objects.list", self._list),
            ("GET", "object"): ("storage.objects.get", self._get),
            ("GET", "media"): ("storage.objects.get", self._download),
            ("PATCH", "object"): ("storage.objects.update", self._patch),
            ("DELETE", "object"): ("storage.objects.delete", self._delete),
            ("POST", "upload"): ("storage.objects.create", self._upload),
            ("PUT", "upload"): ("storage.objects.create", self._go_on),
            ("DELETE", "upload"): ("storage.objects.create", self._cancel),
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        repair_path(environ)
        with self._courtesy:
            response = self._respond(Request(environ))
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001 (a bug is answered like any failure, and logged)
            return _refuse(_told(error))

    def _answer(self, request: Request) -> Response:
        road, ids = _match(request.path)
        if (refusal := request.environ.get(REFUSAL)) is not None:
            raise refusal
        found = self._handlers.get((request.method, road))
        if found is None:
            raise not_offered(request.method)
        permission, handler = found
        query = request.args.to_dict()
        ask = Ask(request, ids["bucket"], ids.get("name", ""), query)
        if road != "upload" or "upload_id" not in query:  # who has a session has its rights
            caller = self._caller(request, permission)
            self._buckets.admit(ask.bucket, permission, caller)
        return handler(ask)

    def _caller(self, request: Request, permission: str) -> str:
        try:
            return self._gate.caller(request)
        except ApiError as error:
            if error.http == 403 and not error.details:  # noqa: PLR2004
                raise anonymous(permission) from error
            raise

    # --- reading --------------------------------------------------------------------------------

    def _bucket(self, ask: Ask) -> Response:
        return _json(ask, bucket_json(ask.bucket, ask.root))

    def _list(self, ask: Ask) -> Response:
        return _json(ask, page(self._store, ask.bucket, ask.query, ask.root))

    def _get(self, ask: Ask) -> Response:
        if ask.query.get("alt") == "media":
            return self._download(ask)
        return _json(ask, object_json(self._found(ask), ask.root))

    def _download(self, ask: Ask) -> Response:
        found = self._found(ask)
        span = asked.span_of(ask.request.headers.get("Range"), found.size)
        start, end = span or (0, found.size)
        headers = media_headers(found) | {"Content-Length": str(end - start)}
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
        try:
            pieces = found.chunks(start, end)
        except FileNotFoundError as error:
            raise no_object(ask.bucket, ask.name) from error
        return Response(pieces, 206 if span else 200, headers=headers)

    def _found(self, ask: Ask) -> Object:
        self._store.check(ask.bucket, ask.name, asked.conditions_of(ask.query))
        found = self._store.get(ask.bucket, ask.name)
        generation = ask.query.get("generation")
        if found is None or generation not in (None, str(found.generation)):
            raise no_object(ask.bucket, ask.name)
        return found

    # --- changing -------------------------------------------------------------------------------

    def _patch(self, ask: Ask) -> Response:
        before = self._found(ask)
        changes = asked.metadata_changes(ask.sent().body.all(), before.metadata)
        conditions = asked.conditions_of(ask.query)
        found = self._store.edit(ask.bucket, ask.name, changes, conditions)
        if found is None:
            raise no_object(ask.bucket, ask.name)
        return _json(ask, object_json(found, ask.root))

    def _delete(self, ask: Ask) -> Response:
        self._found(ask)
        if not self._store.delete(ask.bucket, ask.name, asked.conditions_of(ask.query)):
            raise no_object(ask.bucket, ask.name)
        return Response(status=204)

    def _upload(self, ask: Ask) -> Response:
        match ask.query.get("uploadType"):
            case "media":
                return _json(ask, object_json(self._uploads.media(ask.sent()), ask.root))
            case "multipart":
                return _json(ask, object_json(self._uploads.multipart(ask.sent()), ask.root))
            case "resumable" if "upload_id" in ask.query:
                return self._go_on(ask)
            case "resumable":
                session = self._uploads.begin(ask.sent())
                path = f"upload/storage/v1/b/{session.bucket}/o"
                query = f"uploadType=resumable&upload_id={session.id}"
                headers = {
                    "Location": f"{ask.root}{path}?{query}",
                    "X-GUploader-UploadID": session.id,
                }
                return Response(b"", 200, headers=headers)
            case other:
                raise invalid(f"Invalid upload type: {other!r}", location="uploadType")

    def _go_on(self, ask: Ask) -> Response:
        session_id = ask.query.get("upload_id", "")
        outcome = self._uploads.go_on(session_id, ask.sent())
        if not isinstance(outcome, Progress):
            return _json(ask, object_json(outcome, ask.root))
        headers = {"X-GUploader-UploadID": session_id}
        if outcome.size:
            headers["Range"] = f"bytes=0-{outcome.size - 1}"
        return Response(b"", "308 Resume Incomplete", headers=headers)

    def _cancel(self, ask: Ask) -> Response:
        self._uploads.cancel(ask.query.get("upload_id", ""))
        raise AssertionError("a session that is given up answers 499")


def _told(error: Exception) -> StorageError:
    """What a caller is told about a failure."""
    match error:
        case StorageError():
            return error
        case ApiError():
            return translated(error)
        case ConditionNotMet():
            return condition_not_met(str(error))
        case Mismatch():
            return invalid(str(error))
        case sqlite3.OperationalError() | OSError():
            _LOG.error("the objects could not be used", exc_info=error)
            return StorageError(503, "backendError", f"Backend Error ({error})")
        case _:
            _LOG.error("a request failed", exc_info=error)
            return StorageError(500, "backendError", "Backend Error")


def _match(path: str) -> tuple[str, Mapping[str, str]]:
    for road, pattern in _ROADS:
        if match := pattern.fullmatch(path):
            return road, match.groupdict()
    raise StorageError(404, "notFound", "Not Found")


def _json(ask: Ask, answer: Any) -> Response:
    fields = ask.query.get("fields")
    wanted = parse_fields(fields, ANYTHING) if fields else EVERYTHING
    pretty = ask.query.get("prettyPrint", "true") not in ("false", "0")
    return _response(200, wanted.of(answer), pretty=pretty)


def _response(status: int, answer: Any, *, pretty: bool = True) -> Response:
    data = wire.encode(answer, pretty=pretty)
    return Response(data, status, content_type="application/json; charset=UTF-8")


def _refuse(error: StorageError) -> Response:
    response = _response(error.http, error.body())
    response.headers.extend(error.headers)
    return response
