"""The practice service as one object: data, rules, trainer and application put together.

This is the only place that knows all the parts. In process, its `wsgi` is called without a port;
`server` puts the same callable behind one.
"""

import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tuneform.clock import Clock, SystemClock
from tuneform.service import vertex
from tuneform.service.application import Application
from tuneform.service.base_models import BaseModels
from tuneform.service.behaviour import Behaviour
from tuneform.service.bell import Bell
from tuneform.service.breaking import Breaking
from tuneform.service.control import Control
from tuneform.service.courtesy import Courtesy
from tuneform.service.credentials import Gate
from tuneform.service.dialect import TUNED_MODELS, Dialect
from tuneform.service.faults import Faults
from tuneform.service.front import Front
from tuneform.service.generation import Generation
from tuneform.service.identity import Identity
from tuneform.service.injection import Injector
from tuneform.service.lock import TrainerLock
from tuneform.service.operations import Operations
from tuneform.service.permissions import Permissions
from tuneform.service.routes import Handlers, routes
from tuneform.service.storage.application import StorageApplication
from tuneform.service.storage.buckets import Buckets
from tuneform.service.storage.errors import StorageError
from tuneform.service.storage.objects import ObjectStore
from tuneform.service.store import Store
from tuneform.service.tokens import Lifetime, Tokens
from tuneform.service.tuned_models import TunedModels
from tuneform.service.wire import timestamp

if TYPE_CHECKING:
    from tuneform.service.trainer import Trainer

WORKERS = 4
"""Trainings at a time. More than there are cores: with `step_seconds` they mostly wait."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is to behave, whatever its data."""

    clock: Clock
    gate: Gate
    behaviour: Behaviour
    faults: Faults
    step_seconds: float
    workers: int


def _admission(buckets: Buckets) -> Callable[[str, str, str], None]:
    """What buckets refuse, as tuning hears of it."""

    def admit(bucket: str, permission: str, caller: str) -> None:
        try:
            buckets.admit(bucket, permission, caller)
        except StorageError as error:
            raise PermissionError(error.message) from error

    return admit


class Service:
    """An open data file that answers requests, and trains if it may; `open_service` makes it."""

    def __init__(self, data: Path, settings: Settings, closing: ExitStack) -> None:
        """Open the data file.

        Args:
            data: the file.
            settings: everything else.
            closing: what is to be done once the service is closed; more is put upon it here.
        """
        self._settings = settings
        self._closing = closing
        self._bell = Bell()
        self._courtesy = Courtesy()
        self._trainer: Trainer | None = None
        self._store = Store(data, service_id=uuid.uuid4().hex)
        self._closing.callback(self._store.close)
        self._lock = TrainerLock(data, self._store)
        self._holds_lock = False
        self.faults = Injector(settings.faults, settings.clock)
        self.objects = ObjectStore(data, settings.clock)
        buckets = Buckets(settings.behaviour)
        self._vertex = self._open_vertex(buckets)
        front = self._front(buckets)
        self.wsgi = Breaking(front, self.faults, settings.clock, self._vertex.naming)
        self._closing.callback(self.wsgi.let_go)

    def _front(self, buckets: Buckets) -> Front:
        settings, behaviour = self._settings, self._settings.behaviour
        told = behaviour.token_seconds_told or behaviour.token_seconds
        lifetime = Lifetime(behaviour.token_seconds, told)
        tokens = Tokens(self._store.service_id, settings.clock, lifetime)
        gate = replace(settings.gate, tokens=tokens, only_issued=behaviour.only_issued_tokens)
        table = (*routes(self._handlers()), *vertex.routes(self._vertex))
        return Front(
            Application(table, gate, self._courtesy),
            StorageApplication(self.objects, buckets, gate, self._courtesy),
            Identity(tokens, settings.clock),
        )

    def _handlers(self) -> Handlers:
        store, clock, bell = self._store, self._settings.clock, self._bell
        behaviour = self._settings.behaviour
        return Handlers(
            tuned=TunedModels(store, behaviour, clock, bell, self.faults),
            grants=Permissions(store),
            operations=Operations(store, behaviour, clock, bell, self.faults),
            ask=Generation(store),
            base=BaseModels(store.service_id),
            control=Control(store, self.faults),
        )

    def _open_vertex(self, buckets: Buckets) -> vertex.Vertex:
        settings = self._settings
        ground = vertex.Ground(
            self._store, settings.behaviour, settings.clock, self._bell, self.faults
        )
        return vertex.open_vertex(ground, vertex.Datasets(self.objects, _admission(buckets)))

    def claim_training(self) -> None:
        """Become the one process that trains for this data file; repeating it does nothing.

        Raises:
            TrainerBusy: when another process trains already.
        """
        if not self._holds_lock:
            self._lock.acquire(timestamp(self._settings.clock.now()))
            self._holds_lock = True
            self._closing.callback(self._lock.release)

    def start_training(self) -> None:
        """Train what is unfinished and what comes; repeating it does nothing.

        Raises:
            TrainerBusy: when another process trains already.
        """
        from tuneform.service.trainer import Trainer  # noqa: PLC0415 (numpy loads when needed)

        self.claim_training()
        if self._trainer is not None:
            return
        self._trainer = Trainer(
            self._store,
            self._settings.clock,
            self.faults,
            self._courtesy,
            self.dialects,
            step_seconds=self._settings.step_seconds,
            workers=self._settings.workers,
        )
        self._bell.listener = self._trainer
        self._closing.callback(self._trainer.close)
        self._trainer.start()

    @property
    def dialects(self) -> dict[str, Dialect]:
        """What a trainer asks of each API, by the name that trainings are stored with."""
        return {"gemini": TUNED_MODELS, "vertex": self._vertex.tuning}

    def keep_open(self) -> None:
        """Take over what is to be closed from whoever opened it."""
        self._closing = self._closing.pop_all()

    def close(self) -> None:
        """Stop training within a step, let others train, and close the data file."""
        self._bell.listener = None
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_service(  # noqa: PLR0913 (the one door of the service; every option has a default)
    data: Path | None,
    *,
    clock: Clock | None = None,
    api_key: str | None = None,
    require_key: bool = True,
    step_seconds: float = 0.0,
    workers: int = WORKERS,
    trains: bool = True,
    behaviour: Behaviour | None = None,
    faults: Faults | None = None,
) -> Service:
    """Open a practice service.

    Args:
        data: its data file, made with its folder where there is none; None for a temporary one
            that is gone when the service is closed.
        clock: dates and waits; the machine's own by default.
        api_key: the only key that is let in; None lets in any that is not empty.
        require_key: False to ask for no credentials, for use within one process.
        step_seconds: how long each training step lasts, in seconds.
        workers: how many trainings run at a time.
        trains: whether to claim the right to train now. Training itself begins with
            `start_training`, which claims it as well.
        behaviour: choices where the real service is not documented; by default those that come
            with the faults.
        faults: what is to go wrong; the service's own `faults` takes others while it runs.

    Raises:
        DataUnusable: when the data file cannot be used.
        TrainerBusy: when another process trains for this file, and `trains` is set.
    """
    faults = faults or Faults()
    behaviour = behaviour or faults.behaviour
    gate = Gate(api_key, require_key=require_key, per_key=behaviour.accounts == "per-key")
    settings = Settings(clock or SystemClock(), gate, behaviour, faults, step_seconds, workers)
    with ExitStack() as closing:
        if data is None:
            data = Path(closing.enter_context(_temporary_folder())) / "practice.db"
        service = Service(data, settings, closing)
        if trains:
            service.claim_training()
        service.keep_open()
    return service


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tuneform-practice-")
