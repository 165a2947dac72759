"""Sends the calls, and checks that replies speak of this project and location.

What comes out is keyed by id: the full names of replies are not used again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from tuneform.clock import Clock
from tuneform.errors import NotFound, RemoteError
from tuneform.providers.google.call import Call
from tuneform.providers.google.client import ApiClient
from tuneform.providers.google.pages import Page, read_pages
from tuneform.providers.vertex import calls, wire
from tuneform.providers.vertex.names import ENDPOINTS, JOBS, Home, ModelRef
from tuneform.providers.vertex.operations import Pace, Waiting


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T")
N = TypeVar("N", bound=_Named)
K = TypeVar("K")

_JOB = msgspec.json.Decoder(wire.Job).decode
_JOBS = msgspec.json.Decoder(wire.JobPage).decode
_MODEL = msgspec.json.Decoder(wire.Model).decode
_MODELS = msgspec.json.Decoder(wire.ModelPage).decode
_ENDPOINT = msgspec.json.Decoder(wire.Endpoint).decode
_ENDPOINTS = msgspec.json.Decoder(wire.EndpointPage).decode
_OPERATIONS = msgspec.json.Decoder(wire.OperationPage).decode
_OPERATION = msgspec.json.Decoder(wire.Operation).decode


class Api:
    """Tuning jobs, models and endpoints of one project and location. Safe for threads.

    Args:
        client: sends the calls.
        home: the project and location.
        clock: to wait on for operations.
        pace: how operations are waited for; by default as `Pace` says.
    """

    def __init__(
        self, client: ApiClient, home: Home, clock: Clock, pace: Pace | None = None
    ) -> None:
        self.client = client
        self.home = home
        self._waiting = Waiting(clock, pace or Pace(), self._look, client.says)

    def jobs(self) -> dict[str, wire.Job]:
        """All tuning jobs by id, as the service lists them."""
        return self._all(partial(calls.list_jobs, self.home.path), _JOBS, self._id_in(JOBS))

    def models(self) -> dict[ModelRef, wire.Model]:
        """All Models, each in its default version."""
        found = self._all(partial(calls.list_models, self.home.path), _MODELS, self.home.model_in)
        return {ModelRef(ref.id, model.version_id): model for ref, model in found.items()}

    def endpoints(self) -> dict[str, wire.Endpoint]:
        """All endpoints by id."""
        make = partial(calls.list_endpoints, self.home.path)
        return self._all(make, _ENDPOINTS, self._id_in(ENDPOINTS))

    def versions(self, model: str) -> frozenset[str]:
        """The numbers of the versions of a Model, wherever each says its own."""
        make = partial(calls.list_versions, self.home.model(ModelRef(model)))
        found = set()
        for each in read_pages(self.client, make, _MODELS):
            ref = self._known(make(None), each.name, self.home.model_in(each.name))
            found.add(ref.version or each.version_id or "")
        return frozenset(found)

    def job(self, identity: str) -> wire.Job | None:
        """One tuning job, or None."""
        return self._one(self.home.name(JOBS, identity), _JOB, self._id_in(JOBS), identity)

    def model(self, ref: ModelRef) -> wire.Model | None:
        """One Model, or None; a version of it where the reference names one."""
        return self._one(self.home.model(ref), _MODEL, self._model_id, ref.id)

    def endpoint(self, identity: str) -> wire.Endpoint | None:
        """One endpoint, or None."""
        name = self.home.name(ENDPOINTS, identity)
        return self._one(name, _ENDPOINT, self._id_in(ENDPOINTS), identity)

    def create_job(self, what: str, body: bytes) -> wire.Job:
        """Begin a training, once. `what` names it in messages."""
        call = calls.create_job(self.home.path, what, body)
        job = self.client.fetch(call, _JOB)
        self._known(call, job.name, self.home.id_in(JOBS, job.name))
        return job

    def operate(self, call: Call) -> wire.Operation:
        """Send a call that is answered with an operation, and wait for its end."""
        operation = self.client.fetch(call, _OPERATION)
        if not operation.done:
            self._known(call, operation.name, self.home.operation_in(operation.name))
        return self._waiting.until_done(operation, call.what)

    def tries(self) -> Iterator[None]:
        """At once, then again and again, where a refusal may only mean that the service lags."""
        return self._waiting.tries()

    def wait_for_others(self, name: str) -> None:
        """Wait for whatever goes on with a resource.

        The service refuses a second operation while one runs, such as that of a process that was
        killed. How it ends, whoever began it would be told.
        """
        make = partial(calls.list_operations, name)
        pages = read_pages(self.client, make, _OPERATIONS)
        for operation in [each for each in pages if not each.done]:
            self._known(make(None), operation.name, self.home.operation_in(operation.name))
            with contextlib.suppress(RemoteError):
                self._waiting.until_done(operation, f"wait for {operation.name}")

    def _look(self, operation: wire.Operation) -> wire.Operation | None:
        name = self.home.operation_in(operation.name)
        assert name is not None, "only checked operations are waited for"
        try:
            return self.client.fetch(calls.get(name), _OPERATION)
        except NotFound:
            return None

    def _id_in(self, collection: str) -> Callable[[str], str | None]:
        return partial(self.home.id_in, collection)

    def _model_id(self, name: str) -> str | None:
        ref = self.home.model_in(name)
        return ref.id if ref else None

    def _all(
        self,
        make: Callable[[str | None], Call],
        decode: Callable[[bytes], Page[N]],
        key: Callable[[str], K | None],
    ) -> dict[K, N]:
        """Each once, as last listed: a list that shifts while it is read may repeat one."""
        call = make(None)
        pages = read_pages(self.client, make, decode)
        return {self._known(call, each.name, key(each.name)): each for each in pages}

    def _one(
        self,
        name: str,
        decode: Callable[[bytes], N],
        key: Callable[[str], str | None],
        wanted: str,
    ) -> N | None:
        call = calls.get(name)
        try:
            found = self.client.fetch(call, decode)
        except NotFound:
            return None
        if self._known(call, found.name, key(found.name)) != wanted:
            raise self.client.bad_reply(call, _speaks_of(found.name))
        return found

    def _known(self, call: Call, name: str, key: K | None) -> K:
        """What a name in a reply stands for here.

        Raises:
            BadReply: it is not of this project and location.
        """
        if key is None:
            raise self.client.bad_reply(call, _speaks_of(name))
        return key


def _speaks_of(name: str) -> str:
    return f"it speaks of {name}"
