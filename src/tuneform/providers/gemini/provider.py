"""The tunedModels API as a provider: gemini, and the practice service, which speaks the same.

Each verb is a call or a few, translated by `codec`. What a verb promises is said in
`providers.base`; retries and errors are the client's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import msgspec

from tuneform.domain.capabilities import Capabilities
from tuneform.domain.live import Leftover, Live, LiveState, Training
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields
from tuneform.errors import InvalidRequest, NotFound, RemoteError, ServiceFailure
from tuneform.providers.base import Creation
from tuneform.providers.gemini import calls, codec, wire
from tuneform.providers.gemini.bases import capabilities
from tuneform.providers.google.asking import ask, encoded
from tuneform.providers.google.client import ApiClient
from tuneform.providers.google.pages import read_pages
from tuneform.providers.google.wire import Status

__all__ = ["GeminiProvider", "capabilities"]

_MODEL = msgspec.json.Decoder(wire.TunedModel).decode
_MODELS = msgspec.json.Decoder(wire.TunedModelPage).decode
_BASES = msgspec.json.Decoder(wire.BaseModelPage).decode
_OPERATION = msgspec.json.Decoder(wire.Operation).decode
_OPERATIONS = msgspec.json.Decoder(wire.OperationPage).decode

_TUNING_METHODS = frozenset({"createTunedModel", "createTunedTextModel"})
_TUNING_METADATA = ".CreateTunedModelMetadata"
_NOT_OFFERED = frozenset({404, 405, 501})
_CANCELLED = 1  # gRPC


class GeminiProvider:
    """Tuned models behind the tunedModels REST API. Safe for threads.

    Args:
        client: sends the calls.
        capabilities: of the service behind it, see `bases.capabilities`.
    """

    def __init__(self, client: ApiClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def tunable_bases(self) -> frozenset[str]:
        """Names of the bases that the service offers for tuning now."""
        bases = read_pages(self._client, calls.list_bases, _BASES)
        return frozenset(
            base.name
            for base in bases
            if not _TUNING_METHODS.isdisjoint(base.supported_generation_methods or ())
        )

    def list(self, *, curves: bool = False) -> Iterator[Live]:
        """All tuned models, each once: a list that shifts while it is read may repeat one."""
        listed: set[str] = set()
        for model in read_pages(
            self._client, lambda token: calls.list_models(token, curves=curves), _MODELS
        ):
            if model.name not in listed:
                listed.add(model.name)
                yield codec.read_model(model)

    def observe(self, remote: str) -> Live | None:
        """One object with its loss curve, or None."""
        try:
            return self._get(remote)
        except NotFound:
            return None

    def find(self, mark: Mark) -> tuple[Live, ...]:
        """Objects that bear this owner, model and fingerprint."""
        found = [live for live in self.list() if live.mark and live.mark.identity == mark.identity]
        return tuple(sorted(found, key=lambda live: (str(live.created), live.remote)))

    def start(self, creation: Creation) -> Live:
        """Send one create."""
        if creation.remote is None:
            raise ValueError("this API is told the id: without one, a repeated create trains twice")
        remote = creation.remote
        call = calls.create_model(remote, encoded(remote, lambda: codec.write_creation(creation)))
        operation = self._client.fetch(call, _OPERATION)
        name = operation.metadata.tuned_model if operation.metadata else None
        name = name or operation.name.partition("/operations/")[0]
        if name != remote:
            raise self._client.bad_reply(call, f"it speaks of {name}")
        if operation.error:
            raise ServiceFailure(f"cannot {call.what}: {self._why(operation.error)}")
        return replace(codec.started(creation, remote), operation=operation.name)

    def patch(self, live: Live, fields: Fields, mark: Mark | None) -> Live:
        """Edit what differs, then read the object back: the reply may be partial."""
        edit = codec.write_edit(live, fields, mark)
        mask = codec.edited(edit)
        with self._client.verb():
            if mask:
                body = encoded(live.remote, lambda: msgspec.json.encode(edit))
                self._client.send(calls.patch_model(live.remote, mask, body))
            return self._get(live.remote)

    def cancel(self, remote: str) -> None:
        """Cancel every tuning operation of the object that is not done."""
        with contextlib.suppress(NotFound), self._client.verb():
            for operation in self._operations(remote):
                if not operation.done:
                    self._cancel(remote, operation.name.rpartition("/")[2])

    def delete(self, remote: str) -> None:
        """Delete for good; 404 is success."""
        with contextlib.suppress(NotFound), self._client.verb():
            self._client.send(calls.delete_model(remote))

    def training(self, remote: str) -> Training | None:
        """From the operation; from the object's loss curve where no operation is known."""
        try:
            operations = tuple(self._operations(remote))
        except RemoteError as error:
            if error.status not in _NOT_OFFERED:
                raise
            operations = ()
        if operations:
            return self._progress(_newest(operations))
        live = self.observe(remote)
        return _progress_seen(live) if live else None

    def ask(self, address: str, prompt: str) -> str:
        """The text of the first candidate."""
        return ask(self._client, address, lambda body: calls.generate(address, body), prompt)

    def leftovers(self, _owner: str, /) -> tuple[Leftover, ...]:
        """None: a tuned model is one object, and its examples go with the create."""
        return ()

    def discard(self, leftover: Leftover) -> None:
        """Nothing can be left over here."""
        raise ValueError(f"{leftover.remote} is none of this service")

    def _get(self, remote: str) -> Live:
        call = calls.get_model(remote)
        model = self._client.fetch(call, _MODEL)
        if model.name != remote:
            raise self._client.bad_reply(call, f"it speaks of {model.name}")
        return codec.read_model(model)

    def _operations(self, remote: str) -> Iterator[wire.Operation]:
        """The operations that tune the object; others, such as batches, are left out."""
        make = partial(calls.list_operations, remote)
        for operation in read_pages(self._client, make, _OPERATIONS):
            if not operation.name.startswith(f"{remote}/operations/"):
                raise self._client.bad_reply(make(None), f"it speaks of {operation.name}")
            kind = operation.metadata.type_url if operation.metadata else None
            if kind is None or kind.endswith(_TUNING_METADATA):
                yield operation

    def _cancel(self, remote: str, operation: str) -> None:
        """Cancel on v1, which declares it, else on v1beta, which the first SDK used.

        An operation that is gone or over is no failure: there is nothing left to cancel.
        """
        send = partial(calls.cancel_operation, remote, operation)
        try:
            self._client.send(send(calls.OPERATIONS_API))
        except InvalidRequest as error:
            if error.reason == "FAILED_PRECONDITION":
                return
            if error.status not in _NOT_OFFERED:
                raise
        except RemoteError as error:
            if error.status not in _NOT_OFFERED:
                raise
        else:
            return
        self._client.send(send(calls.API))

    def _progress(self, operation: wire.Operation) -> Training:
        metadata = operation.metadata or wire.OperationMetadata()
        curve = codec.read_curve(metadata.snapshots or ())
        return Training(
            steps_done=metadata.completed_steps or (curve[-1].step if curve else 0),
            steps_total=metadata.total_steps,
            curve=curve,
            error=self._why(operation.error) if operation.error else None,
        )

    def _why(self, error: Status) -> str:
        """Why an operation ended, in the service's words."""
        said = self._client.says(error.message or "")
        if error.code == _CANCELLED:
            return f"cancelled: {said}" if said else "cancelled"
        return said or f"the service gives no reason (gRPC code {error.code})"


def _newest(operations: Sequence[wire.Operation]) -> wire.Operation:
    """The one that runs, else the last one listed: operations bear no date."""
    return next((each for each in operations if not each.done), operations[-1])


def _progress_seen(live: Live) -> Training:
    """What the object alone tells. How many steps there will be, it does not."""
    done = live.curve[-1].step if live.curve else 0
    total = done if live.state is LiveState.ACTIVE and done else None
    return Training(steps_done=done, steps_total=total, curve=live.curve)
