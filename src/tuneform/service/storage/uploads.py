"""The three ways to send an object: in one body, in two parts, and in as many requests as it takes.

A resumable upload is a session with a file of its own. What has arrived of it stays, in whole
quarters of a megabyte as in the real service, whatever becomes of the connection or the process;
the object is there once all of it is, and not before.
"""

import threading
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tuneform.service.storage import body as bodies
from tuneform.service.storage.asked import (
    Chunk,
    Resource,
    chunk_of,
    draft_of,
    resource_of,
    with_hashes,
)
from tuneform.service.storage.body import MAX_OBJECT, Body
from tuneform.service.storage.errors import (
    StorageError,
    cancelled,
    invalid,
    no_object,
    no_upload,
    too_large,
    upload_gone,
)
from tuneform.service.storage.objects import Draft, Object, ObjectStore, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

GRANULE = 1 << 18
"""Bytes; of an upload that is not complete only whole ones are kept."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that brings bytes.

    Attributes:
        bucket: where to.
        query: its parameters.
        headers: by lower-case name.
        body: not read yet.
    """

    bucket: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body

    def name(self, resource: Resource) -> str:
        """What the object shall be called.

        Raises:
            StorageError: 400, nobody says, or it is no name.
        """
        name = self.query.get("name") or resource.name
        if not name:
            raise StorageError(400, "required", "Required object name.", location="name")
        if len(name.encode("utf-8", "replace")) > _LONGEST or "\r" in name or "\n" in name:
            raise invalid(f"Invalid object name: '{name[:80]}'")
        return name


_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is that is not done.

    Attributes:
        size: bytes that need not be sent again.
    """

    size: int


class Uploads:
    """Takes objects in. Safe for threads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def media(self, sent: Sent) -> Object:
        """The body is the object."""
        name = sent.name(Resource())
        content_type = sent.headers.get("content-type")
        draft = draft_of(Resource(content_type=content_type), sent.query, sent.headers)
        self._store.check(sent.bucket, name, draft.conditions)
        file = self._store.new_file()
        with _gone_when_it_fails(file):
            bodies.write(sent.body.pieces(), file)
            return self._store.put(sent.bucket, name, file, draft)

    def multipart(self, sent: Sent) -> Object:
        """The body has two parts: the resource, and the object."""
        boundary = bodies.boundary_of(sent.headers.get("content-type") or "")
        resource = resource_of(bodies.first_part(sent.body, boundary))
        name = sent.name(resource)
        draft = draft_of(resource, sent.query, sent.headers)
        self._store.check(sent.bucket, name, draft.conditions)
        file = self._store.new_file()
        with _gone_when_it_fails(file):
            part_type = bodies.second_type(sent.body)
            bodies.write(sent.body.pieces(), file)
            bodies.cut_end(file, boundary)
            if resource.content_type is None and part_type:
                draft = msgspec.structs.replace(draft, content_type=part_type)
            return self._store.put(sent.bucket, name, file, draft)

    # --- in as many requests as it takes --------------------------------------------------------

    def begin(self, sent: Sent) -> Session:
        """Begin a session; the object's bytes come in further requests."""
        resource = resource_of(sent.body.all())
        name = sent.name(resource)
        draft = draft_of(resource, sent.query, sent.headers)
        if draft.total is not None and draft.total > MAX_OBJECT:
            raise too_large(MAX_OBJECT)
        self._store.check(sent.bucket, name, draft.conditions)
        return self._store.begin(sent.bucket, name, draft)

    def go_on(self, session_id: str, sent: Sent) -> Object | Progress:
        """Take a piece of the object, or tell how far it is.

        Raises:
            StorageError: 404 or 410, there is no such session (any more); 400, the piece does not
                fit; 412, a precondition holds no more.
        """
        chunk = chunk_of(sent.headers.get("content-range"))
        with self._alone_with(session_id):
            session = self._session(session_id)
            if session.state == "DONE":
                return self._finished(session)
            if chunk.first is None:
                kept = self._kept(session)
                if chunk.total == kept:  # all of it came, and the process died before the end
                    return self._finish(session, with_hashes(session.draft, sent.headers), kept)
                return Progress(kept)
            return self._append(session, chunk, sent)

    def cancel(self, session_id: str) -> None:
        """Give up a session.

        Raises:
            StorageError: always; 499 says that it was given up.
        """
        with self._alone_with(session_id):
            self._store.cancel(self._session(session_id))
        raise cancelled()

    def _session(self, session_id: str) -> Session:
        session = self._store.session(session_id)
        if session is None:
            raise no_upload()
        if session.state == "CANCELLED" or self._store.expired(session):
            raise upload_gone()
        return session

    def _finished(self, session: Session) -> Object:
        found = self._store.get(session.bucket, session.name)
        if found is None or found.generation != session.generation:
            raise no_object(session.bucket, session.name)  # deleted or overwritten since
        return found

    def _kept(self, session: Session) -> int:
        file = self._store.file_of(session)
        size = file.stat().st_size if file.exists() else 0
        return size // GRANULE * GRANULE

    def _append(self, session: Session, chunk: Chunk, sent: Sent) -> Object | Progress:
        kept = self._kept(session)
        size = chunk.size if chunk.size is not None else sent.body.length
        assert chunk.first is not None, "a request that brings bytes says where they belong"
        _check_place(chunk.first, size, kept, sent.body.length)
        if chunk.first + (size or 0) > MAX_OBJECT:
            raise too_large(MAX_OBJECT)
        overlap = kept - chunk.first
        while overlap and (known := sent.body.read(min(overlap, GRANULE))):
            overlap -= len(known)
        file = self._store.file_of(session)
        written = bodies.write(sent.body.pieces(), file, at=kept)
        if not chunk.is_last:
            return Progress(self._kept(session))
        draft = with_hashes(session.draft, sent.headers)
        return self._finish(session, draft, kept + written)

    def _finish(self, session: Session, draft: Draft, size: int) -> Object:
        if draft.total not in (None, size):
            raise invalid(
                f"Invalid request. {draft.total} byte(s) were announced by X-Upload-Content-Length,"
                f" and {size} byte(s) came."
            )
        file = self._store.file_of(session)
        file.touch()
        return self._store.put(session.bucket, session.name, file, draft, session.id)

    @contextmanager
    def _alone_with(self, session_id: str) -> "Iterator[None]":
        """Refuse a second request for a session while one is under way."""
        with self._lock:
            if session_id in self._busy:
                raise StorageError(503, "backendError", "Another request of this upload runs.")
            self._busy.add(session_id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(session_id)


@contextmanager
def _gone_when_it_fails(file: Path) -> "Iterator[None]":
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _check_place(first: int, size: int | None, kept: int, came: int | None) -> None:
    if first > kept:
        raise StorageError(
            503,
            "backendError",
            f"Invalid request. According to the Content-Range header, the upload offset is {first} "
            f"byte(s), which exceeds already uploaded size of {kept} byte(s).",
        )
    if size is not None and came is not None and size != came:
        raise invalid(
            f"Invalid request. There were {came} byte(s) in the request body. There should have "
            f"been {size} byte(s) (starting at offset {first} and ending at offset "
            f"{first + size - 1}) according to the Content-Range header."
        )
