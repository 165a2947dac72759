"""One training, from its order to what it leaves in the store.

Snapshots are written in batches, at the latest every fifth of a second, and with every step when
steps have a length. What is written is conditional on somebody still wanting the training: a
cancel or a delete by any process ends it at the next write. A training that was left by a crash
repeats the steps it had written, without writing them again, and goes on: everything is
deterministic, so the result is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import msgspec

from tuneform.clock import Clock
from tuneform.service.courtesy import Turns
from tuneform.service.dialect import TUNED_MODELS, Dialect, end_failed
from tuneform.service.errors import Status
from tuneform.service.learning import Diverged, Fitting, Learnt, Recipe, packed, unpacked
from tuneform.service.records import Order, Weights
from tuneform.service.store import Store, Tables
from tuneform.service.wire import single, timestamp

WRITE_EVERY = 0.2
"""Seconds between two writes of progress."""

WRITE_AFTER = 500
"""Steps after which progress is written in any case."""

_NAPS = (0.1, 0.5)
"""The shortest and the longest time, in seconds, after which somebody who waits for the end of a
step looks whether it is still wanted."""


class Unwanted(Exception):
    """The training was cancelled, or its model deleted."""


@dataclass(slots=True)
class _Progress:
    """Snapshots that are not written yet."""

    started: str
    completed: int
    written_at: float
    begun: bool
    """Whether the model says that its training has begun."""
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[int, Weights] = field(default_factory=dict)
    """What was learnt up to the steps after which it is to be kept."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training under way."""

    seq: int
    store: Store
    clock: Clock
    turns: Turns
    step_seconds: float
    stop: Event
    """Set when the training is not wanted any more, or the process leaves."""
    leaving: Callable[[], bool]
    """Whether the process leaves: then the training goes on at the next start."""
    dialect: Dialect = TUNED_MODELS
    """Whose training it is."""

    def run(self) -> None:
        """Train to the end, and leave the result; or stop where that is wanted."""
        with self.turns.turn():
            self._run()

    def _run(self) -> None:
        with self.store.reading() as tables:
            order = tables.order(self.seq)
            if order is None:
                return
            before = tables.training(self.seq)
        fitting = Fitting(recipe(order))
        progress = _Progress(
            started=before.started or timestamp(self.clock.now()),
            completed=before.completed_steps,
            written_at=self.clock.monotonic(),
            begun=before.started is not None,
        )
        try:
            self._fit(fitting, order, progress)
            self._succeed(fitting, progress)
        except Diverged:
            self._fail(progress)
        except Unwanted:
            self._leave_behind(fitting)

    def _fit(self, fitting: Fitting, order: Order, progress: _Progress) -> None:
        keep = frozenset(msgspec.json.decode(order.checkpoints, type=list[int]))
        for step, loss in enumerate(fitting.losses(), start=1):
            self.turns.between_steps()
            if self.stop.is_set():
                raise Unwanted
            if step in keep:
                progress.kept[step] = Weights(*packed(fitting.learnt()))
            if step <= progress.completed:  # done before a crash, and written
                continue
            if self.step_seconds > 0:
                with self.turns.away():
                    self._wait(self.step_seconds)
            progress.completed = step
            progress.snapshots.append(self._snapshot(order, step, loss))
            if self._is_due(progress) and step < order.total_steps:
                with self.store.writing() as tables:
                    self._write(tables, progress)
                    if not progress.begun:
                        self.dialect.begin(tables, self.seq, progress.started)
                progress.begun = True

    def _wait(self, seconds: float) -> None:
        """Let a step last that long, but notice when nobody wants it any more."""
        end = self.clock.monotonic() + seconds
        shortest, longest = _NAPS
        nap = min(max(seconds / 100, shortest), longest)
        while (rest := end - self.clock.monotonic()) > 0:
            self.clock.sleep(min(rest, nap))
            if self.stop.is_set() or not self._is_wanted():
                raise Unwanted

    def _is_wanted(self) -> bool:
        with self.store.reading() as tables:
            return tables.is_unfinished(self.seq)

    def _snapshot(self, order: Order, step: int, loss: float) -> dict[str, Any]:
        snapshot: dict[str, Any] = {"step": step}
        epoch = min(step * order.batch // order.count, order.epochs)
        if epoch:
            snapshot["epoch"] = epoch
        if loss:
            snapshot["meanLoss"] = single(loss)
        snapshot["computeTime"] = timestamp(self.clock.now())
        return snapshot

    def _is_due(self, progress: _Progress) -> bool:
        waited = self.clock.monotonic() - progress.written_at
        many = len(progress.snapshots) >= WRITE_AFTER
        return self.step_seconds > 0 or many or waited >= WRITE_EVERY

    def _write(self, tables: Tables, progress: _Progress) -> None:
        if not tables.progress(self.seq, progress.started, progress.completed):
            raise Unwanted
        if progress.snapshots:
            first: int = progress.snapshots[0]["step"]
            tables.add_snapshots(self.seq, first, progress.snapshots)
            progress.snapshots.clear()
        progress.written_at = self.clock.monotonic()

    def _succeed(self, fitting: Fitting, progress: _Progress) -> None:
        weights = Weights(*packed(fitting.learnt()))
        with self.store.writing() as tables:
            self._write(tables, progress)
            now = timestamp(self.clock.now())
            tables.finish(self.seq, "SUCCEEDED", now)
            tables.put_weights(self.seq, weights)
            for step, learnt in progress.kept.items():
                tables.put_checkpoint(self.seq, step, learnt)
            self.dialect.end(tables, self.seq, "SUCCEEDED", now, started=progress.started)

    def _fail(self, progress: _Progress) -> None:
        message = (
            f"Training diverged at step {progress.completed + 1}: the mean loss left all bounds. "
            "Use a smaller learning rate."
        )
        with self.store.writing() as tables:
            self._write(tables, progress)
            now = timestamp(self.clock.now())
            end_failed(tables, self.seq, Status.INVALID_ARGUMENT, message, now, self.dialect)

    def _leave_behind(self, fitting: Fitting) -> None:
        """What was learnt stays if it is of use: a cancelled model keeps it, a deleted one not."""
        if self.leaving():
            return
        weights = Weights(*packed(fitting.learnt()))
        with self.store.writing() as tables:
            if self.dialect.keeps(tables, self.seq) and not tables.is_unfinished(self.seq):
                tables.put_weights(self.seq, weights)


def recipe(order: Order) -> Recipe:
    """What the arithmetic needs of an order."""
    pairs = msgspec.json.decode(order.examples, type=tuple[tuple[str, str], ...])
    parent: Learnt | None = None
    if order.parent_outputs is not None and order.parent_matrix is not None:
        parent = unpacked(order.parent_outputs, order.parent_matrix)
    return Recipe(pairs, order.epochs, order.batch, order.rate, parent, order.count)
