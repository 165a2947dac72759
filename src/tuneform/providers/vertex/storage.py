"""Datasets in a bucket: uploaded once, under a name made of their digest, and found again.

Cloud Storage, JSON API v1. An object is overwritten only where it is what was looked at, so of two
runs that upload the same dataset one wins, and the other finds it there. Which upload is still
needed is decided in `leftovers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.errors import Forbidden, NotFound, RemoteError
from tuneform.providers.base import Example
from tuneform.providers.google.call import Call, encoded, page_of
from tuneform.providers.google.client import ApiClient
from tuneform.providers.google.pages import read_pages
from tuneform.providers.vertex.jsonl import Encoded, encode
from tuneform.providers.vertex.resumable import PIECE, Load, Session, SessionGone
from tuneform.providers.vertex.uploads import Upload

API: Final = "storage/v1"
OWNER: Final = "tuneform-owner"
"""Key of an object's metadata: who uploaded it first."""

MOST_TRIES: Final = 3
"""How often one dataset is uploaded from its beginning, where sessions go or others interfere."""

PAGE_SIZE: Final = 1000

_SUFFIX: Final = ".jsonl"
_PRECONDITION: Final = 412
_FIELDS: Final = "name,size,md5Hash,generation,metadata,timeCreated"


class Stored(msgspec.Struct, frozen=True, rename="camel"):
    """An object's resource, as far as it is asked for."""

    name: str
    size: str
    generation: str
    md5_hash: str | None = None
    metadata: dict[str, str] | None = None
    time_created: datetime | None = None


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """One page of objects."""

    items: list[Stored] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


_OBJECT = msgspec.json.Decoder(Stored).decode
_PAGE = msgspec.json.Decoder(Page).decode


class Bucket:
    """The folder that datasets of a project are uploaded to. Safe for threads.

    Args:
        client: speaks with the storage.
        url: `gs://BUCKET` or `gs://BUCKET/PREFIX`.
        piece: bytes that are sent, and held in memory, at a time; a multiple of 256 KiB.
    """

    def __init__(self, client: ApiClient, url: str, *, piece: int = PIECE) -> None:
        self._client = client
        self._piece = piece
        self._bucket, _, prefix = url.removeprefix("gs://").partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, digest: str, examples: Iterable[Example], owner: str) -> str:
        """Upload a dataset, unless it is there already, and return its `gs://` URL.

        Args:
            digest: of the dataset, 64 hex digits.
            examples: read once, to the end, before anything is sent.
            owner: noted with the object.

        Raises:
            Forbidden, NotFound: naming the bucket, and the permission that is missing.
            RemoteError: it is not there, or nobody knows.
        """
        with encode(examples) as file:
            self.upload(digest, file, owner)
        return self._url(f"{self._prefix}{digest}{_SUFFIX}")

    def upload(self, digest: str, file: Encoded, owner: str) -> None:
        """The same for examples that are encoded."""
        name = f"{self._prefix}{digest}{_SUFFIX}"
        for last in (False,) * (MOST_TRIES - 1) + (True,):
            found = self._look(name)
            if found and (found.md5_hash, found.size) == (file.md5, str(file.size)):
                return
            try:
                self._send(name, file, owner, found.generation if found else "0")
            except SessionGone:
                if last:
                    raise self._client.bad_reply(
                        self._begin(name, file, owner, "0"), "its upload sessions do not last"
                    ) from None
            except RemoteError as error:
                # Somebody else has put the object there, or this upload whose reply was lost.
                if error.status != _PRECONDITION or last:
                    raise
            else:
                return

    def of(self, owner: str) -> Iterator[Upload]:
        """All datasets that this owner uploaded."""
        with self._explained("storage.objects.list"):
            found = list(read_pages(self._client, self._list, _PAGE))
        for each in found:
            if (each.metadata or {}).get(OWNER) == owner and each.name.endswith(_SUFFIX):
                yield Upload(self._url(each.name), owner, each.time_created)

    def remove(self, url: str) -> None:
        """Delete one. What is not there is success.

        Raises:
            ValueError: it is not in this folder.
        """
        name = url.removeprefix(self._url(""))
        if url == name or not name.startswith(self._prefix):
            raise ValueError(f"{url} is not in {self._url(self._prefix)}")
        call = Call(f"delete {url}", "DELETE", self._path(name))
        with self._explained("storage.objects.delete"):
            try:
                self._client.send(call)
            except NotFound:
                return

    # --- one object -----------------------------------------------------------------------------

    def _look(self, name: str) -> Stored | None:
        query = encoded({"fields": _FIELDS})
        call = Call(f"look for {self._url(name)}", "GET", self._path(name), query)
        with self._explained("storage.objects.get"):
            try:
                return self._client.fetch(call, _OBJECT)
            except NotFound:
                return None

    def _send(self, name: str, file: Encoded, owner: str, generation: str) -> None:
        call = self._begin(name, file, owner, generation)
        with self._explained("storage.objects.create"):
            begun = self._client.retried(lambda: self._client.once(call))
            body = Session(self._client, begun, call, Load(file, self._piece)).send()
        try:
            stored = _OBJECT(body)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise self._client.bad_reply(call, str(error), body) from None
        if (stored.md5_hash, stored.size) != (file.md5, str(file.size)):
            self._take_back(stored)
            raise self._client.bad_reply(call, "what it has stored is not what was sent")

    def _begin(self, name: str, file: Encoded, owner: str, generation: str) -> Call:
        """Begin a session. That may arrive twice: a session that nobody uses is never seen."""
        resource = {
            "name": name,
            "contentType": "application/jsonl",
            "md5Hash": file.md5,  # the service compares, and refuses what arrives otherwise
            "metadata": {OWNER: owner},
        }
        query = {"uploadType": "resumable", "name": name, "ifGenerationMatch": generation}
        return Call(
            f"upload the examples to {self._url(name)}",
            "POST",
            f"upload/{API}/b/{quote(self._bucket, safe='')}/o",
            encoded(query | {"fields": _FIELDS}),
            msgspec.json.encode(resource),
            headers={
                "x-upload-content-type": "application/jsonl",
                "x-upload-content-length": str(file.size),
            },
        )

    def _take_back(self, stored: Stored) -> None:
        """Delete what must not be trained on, if nobody has replaced it meanwhile."""
        query = encoded({"ifGenerationMatch": stored.generation})
        what = f"delete {self._url(stored.name)}, which arrived damaged"
        self._client.send(Call(what, "DELETE", self._path(stored.name), query))

    # --- words ----------------------------------------------------------------------------------

    def _list(self, token: str | None) -> Call:
        query = {
            "prefix": self._prefix,
            "maxResults": str(PAGE_SIZE),
            "fields": f"items({_FIELDS}),nextPageToken",
        }
        path = f"{API}/b/{quote(self._bucket, safe='')}/o"
        what = f"list the uploads in {self._url(self._prefix)}"
        return Call(what, "GET", path, encoded(query | page_of(token)))

    def _path(self, name: str) -> str:
        return f"{API}/b/{quote(self._bucket, safe='')}/o/{quote(name, safe='')}"

    def _url(self, name: str) -> str:
        return f"gs://{self._bucket}/{name}"

    @contextmanager
    def _explained(self, permission: str) -> Iterator[None]:
        """Say which bucket it was, and what is missing there."""
        try:
            yield
        except Forbidden as error:
            if "storage.objects." not in error.message:
                raise  # about something else, such as the quota project
            hint = (
                f"grant roles/storage.objectUser on gs://{self._bucket} to who runs this: "
                f"{permission} is missing"
            )
            raise Forbidden(
                error.message, hint=hint, status=error.status, reason=error.reason
            ) from None
        except NotFound as error:
            hint = (
                f"make the bucket gs://{self._bucket}, in the location where training happens, or "
                "correct provider.datasetBucket"
            )
            raise NotFound(
                error.message, hint=hint, status=error.status, reason=error.reason
            ) from None
