"""Threads in which calls overlap. What they answer is taken up by the coordinating thread alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Crew:
    """A pool of threads, to be used as a context.

    Args:
        size: count of threads.
    """

    def __init__(self, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="tuneform")
        self._finished: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.busy = 0
        """Count of pieces of work that were sent and not yet taken up."""

    def send(self, work: Callable[[], T], then: Callable[[Future[T]], None]) -> None:
        """Do `work` in a thread; `collect` calls `then` with what came of it."""
        self.busy += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._finished.put(partial(then, done)))

    def collect(self, seconds: float) -> None:
        """Take up everything that is finished; wait up to `seconds`, in real time, for the first.

        Real time, as whoever is waited for does real work; it never sleeps on a clock.
        """
        try:
            take_up = self._finished.get(timeout=max(seconds, 0))
            while True:
                self.busy -= 1
                take_up()
                take_up = self._finished.get_nowait()
        except Empty:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the threads; when an error, or a second Ctrl-C, passes through, do not."""
        self._pool.shutdown(wait=error is None, cancel_futures=True)
