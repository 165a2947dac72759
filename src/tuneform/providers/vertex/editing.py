"""Writes names, descriptions and labels: of the Model, and for people also of its endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields
from tuneform.errors import Conflict, RemoteError
from tuneform.providers.google.asking import encoded
from tuneform.providers.google.call import Call
from tuneform.providers.vertex import calls, codec, wire
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.labels import HOLDS, joined, read_mark
from tuneform.providers.vertex.names import ENDPOINTS, ModelRef
from tuneform.providers.vertex.survey import (
    checkpoint_endpoints,
    holds,
    identity,
    made_for,
    named_endpoint,
)
from tuneform.providers.vertex.versions import Version

_CHANGED_MEANWHILE: Final = frozenset({"ABORTED", "FAILED_PRECONDITION"})
"""What an etag of yesterday is answered with; also where our own edit arrived, and its answer was
lost."""

_LOOK: Final = (
    "somebody changes the same object at the same time: run `tuneform plan` to see what is there "
    "now"
)


class Editing:
    """Edits versions. Safe for threads.

    Args:
        api: sends the calls.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._home = api.home

    def edit(self, version: Version, fields: Fields, mark: Mark | None) -> None:
        """Write what differs on the Model.

        Raises:
            Conflict: somebody else edited the Model at the same time.
            RemoteError: it was refused.
        """
        ref, model = version.ref, version.model
        assert ref is not None, "what can be edited has a Model"
        assert model is not None, "what can be edited has a Model"
        edit = codec.write_edit(version.job, model, fields, mark)
        if not codec.edited(edit):
            return
        call = self._call(ModelRef(ref.id), edit, model.etag)
        self._send(call, lambda: not self._differs(ref, fields, mark))
        if not isinstance(edit.labels, UnsetType):
            self._free_version(ref, mark)

    def label_endpoints(self, version: Version, mark: Mark | None) -> None:
        """Put the mark on the endpoints of a version, for people who look at endpoints.

        Only on those that its job or we made; on those of checkpoints where they would name another
        model or owner. The labels of the Model decide.
        """
        ref, job = version.ref, version.job
        assert ref is not None, "what can be edited has a Model"
        named = named_endpoint(self._home, job) if job else None
        aside = checkpoint_endpoints(self._home, job) if job else frozenset()
        endpoints = self._api.endpoints()
        if named and named not in endpoints and (late := self._api.endpoint(named)):
            endpoints[named] = late  # lists may lag behind the job
        for name, endpoint in endpoints.items():
            other = identity(read_mark(endpoint.labels)) != identity(mark)
            ours = name == named or made_for(endpoint) == ref.id or (name in aside and other)
            if ours and holds(self._home, endpoint, ref):
                self._relabel(name, endpoint, mark)

    def _differs(self, ref: ModelRef, fields: Fields, mark: Mark | None) -> bool:
        now = self._api.model(ref)
        return now is None or bool(codec.edited(codec.write_edit(None, now, fields, mark)))

    def _free_version(self, ref: ModelRef, mark: Mark | None) -> None:
        """Take words that are no longer true off the version, too.

        A Model and each of its versions have labels, and a reader sees both merged: what a job put
        on the version would come back through an edit of the Model.
        """
        now = self._api.model(ref)
        if now is None or ref.version is None:
            return
        rest = codec.write_edit(None, now, Fields(), mark).labels
        if not isinstance(rest, UnsetType):
            call = self._call(ref, wire.Edit(labels=rest), now.etag)
            self._send(call, lambda: not self._differs(ref, Fields(), mark))

    def _call(self, ref: ModelRef, edit: wire.Edit, etag: str | None) -> Call:
        whole = msgspec.structs.replace(edit, etag=etag or UNSET)
        name = self._home.model(ref)
        body = encoded(name, lambda: msgspec.json.encode(whole))
        return calls.patch(name, codec.edited(edit), body)

    def _send(self, call: Call, is_done: Callable[[], bool]) -> None:
        """Edit; it is no failure where another etag is there because it was done already.

        Raises:
            Conflict: there is another etag because somebody else has edited it.
        """
        try:
            self._api.client.send(call)
        except RemoteError as error:
            if error.reason not in _CHANGED_MEANWHILE:
                raise
            if not is_done():
                raise Conflict(error.message, hint=_LOOK, status=error.status) from None

    def _relabel(self, name: str, endpoint: wire.Endpoint, mark: Mark | None) -> None:
        labels = _labelled(endpoint, mark)
        if labels == (endpoint.labels or {}):
            return
        edit = wire.Edit(labels=labels, etag=endpoint.etag or UNSET)
        full = self._home.name(ENDPOINTS, name)
        call = calls.patch(full, codec.edited(edit), msgspec.json.encode(edit))
        self._send(call, lambda: self._is_labelled(name, mark))

    def _is_labelled(self, name: str, mark: Mark | None) -> bool:
        now = self._api.endpoint(name)
        return now is not None and _labelled(now, mark) == (now.labels or {})


def _labelled(endpoint: wire.Endpoint, mark: Mark | None) -> dict[str, str]:
    """The labels that an endpoint shall have."""
    mine = made_for(endpoint)
    return {**joined(endpoint.labels, mark, ()), **({HOLDS: mine} if mine else {})}
