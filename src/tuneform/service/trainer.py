"""The pool that trains.

Jobs of this process arrive through the bell, those of other processes are found by looking into
the data file a few times a second. A job that fails for a reason of its own ends FAILED; one that
the data file does not accept for now is tried again.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping

from tuneform.clock import Clock
from tuneform.service.courtesy import Courtesy, Turns
from tuneform.service.dialect import Dialect, end_failed
from tuneform.service.errors import Status
from tuneform.service.injection import Injector
from tuneform.service.store import Store
from tuneform.service.training import Training
from tuneform.service.wire import timestamp

LOOK_EVERY = 0.1
"""Seconds between two looks for jobs of other processes."""

_BUG = "An internal error ended the training; the log of the service has more."

_LOG = logging.getLogger(__name__)


class Trainer:
    """Trains what is to be trained, until it is closed."""

    def __init__(  # noqa: PLR0913 (everything that training depends on)
        self,
        store: Store,
        clock: Clock,
        injector: Injector,
        courtesy: Courtesy,
        dialects: Mapping[str, Dialect],
        *,
        step_seconds: float,
        workers: int,
    ) -> None:
        self._store = store
        self._injector = injector
        self._clock = clock
        self._turns = Turns(courtesy)
        self._dialects = dialects
        self._step_seconds = step_seconds
        self._known: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._leaving = threading.Event()
        self._threads = [self._thread(self._work, f"trainer-{i}") for i in range(workers)]
        self._threads.append(self._thread(self._look, "trainer-look"))

    def _thread(self, target: Callable[[], None], name: str) -> threading.Thread:
        return threading.Thread(target=target, name=name, daemon=True)

    def start(self) -> None:
        """Begin to train, first of all what was left unfinished."""
        for thread in self._threads:
            thread.start()

    def started(self, seq: int) -> None:
        """Queue a training, unless it is known."""
        with self._lock:
            if seq in self._known:
                return
            self._known[seq] = threading.Event()
        self._jobs.put(seq)

    def ended(self, seq: int) -> None:
        """Stop a training that is not wanted any more."""
        with self._lock:
            stop = self._known.get(seq)
        if stop is not None:
            stop.set()

    def close(self) -> None:
        """Stop within a step; what is unfinished goes on when the next trainer opens."""
        self._leaving.set()
        with self._lock:
            for stop in self._known.values():
                stop.set()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._leaving.is_set():
            try:
                with self._store.reading() as tables:
                    unfinished = tables.unfinished()
            except sqlite3.Error:
                _LOG.warning("cannot look for trainings; trying again", exc_info=True)
                unfinished = []
            for seq in unfinished:
                self.started(seq)
            self._leaving.wait(LOOK_EVERY)

    def _work(self) -> None:
        while (seq := self._jobs.get()) is not None:
            if self._leaving.is_set():
                return
            try:
                dialect = self._dialect(seq)
                if not self._befalls(seq, dialect) and dialect.ready(seq):
                    self._training(seq, dialect).run()
            except sqlite3.OperationalError:
                _LOG.warning("training %d waits for the data file", seq, exc_info=True)
                self._leaving.wait(1.0)
            except Exception:  # noqa: BLE001 (a bug ends one training, and no worker)
                _LOG.exception("training %d failed", seq)
                self._give_up(seq, _BUG)
            with self._lock:
                del self._known[seq]

    def _dialect(self, seq: int) -> Dialect:
        with self._store.reading() as tables:
            return self._dialects[tables.training(seq).dialect]

    def _befalls(self, seq: int, dialect: Dialect) -> bool:
        """Whether a fault ends this training, or keeps it from beginning for now.

        In that case it is looked at again soon, as everything is that is unfinished.
        """
        if self._injector.idle:
            return False
        with self._store.reading() as tables:
            training = tables.training(seq)
        subject = dialect.subject(training)
        if self._injector.fails(subject):
            self._give_up(seq, "The faults of this practice service ended the training.")
            return True
        return self._injector.stalls(subject, training.created)

    def _training(self, seq: int, dialect: Dialect) -> Training:
        return Training(
            seq=seq,
            store=self._store,
            clock=self._clock,
            turns=self._turns,
            step_seconds=self._step_seconds,
            stop=self._known[seq],
            leaving=self._leaving.is_set,
            dialect=dialect,
        )

    def _give_up(self, seq: int, message: str) -> None:
        now = timestamp(self._clock.now())
        try:
            dialect = self._dialect(seq)
            with self._store.writing() as tables:
                end_failed(tables, seq, Status.INTERNAL, message, now, dialect)
        except sqlite3.Error:
            _LOG.warning("training %d could not be ended", seq, exc_info=True)
