"""How training stays out of the way: of requests, and of other trainings.

All of them need the interpreter, of which there is one. Requests are short, so training stands
aside while one is answered; and of several trainings one computes at a time, in turns. This is
about the machine's own time, whatever clock the service runs on.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from tuneform.clock import SystemClock

_WORK = 0.002
"""Seconds of computing after which training stands aside."""

_PATIENCE = 0.002
"""Seconds for which it does so at most while requests are answered: endless requests, such as
those of a client that polls without a pause, slow training down but must not stop it."""

_PAUSE = 0.00005
"""Seconds for which it does so in any case, so that every other thread gets the interpreter."""

_TURN = 0.02
"""Seconds after which another training has its turn, so that a long one holds up no short one."""


class Courtesy:
    """Counts the requests under way; training waits a moment for them between its steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present = 0
        self._quiet = threading.Event()
        self._quiet.set()
        self._never = threading.Event()

    def __enter__(self) -> None:
        with self._lock:
            self._present += 1
            self._quiet.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._present -= 1
            if self._present == 0:
                self._quiet.set()

    def give_way(self) -> None:
        """Let go of the interpreter until no request is under way, but not for long."""
        if self._quiet.is_set():
            self._never.wait(_PAUSE)
        else:
            self._quiet.wait(_PATIENCE)


class Turns:
    """The right to compute, which one training has at a time."""

    def __init__(self, courtesy: Courtesy) -> None:
        self._courtesy = courtesy
        self._time = SystemClock()
        self._turn = threading.Lock()
        self._began = self._worked = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the turn; only who has it computes."""
        self._take()
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Give up the turn while waiting for something."""
        self._turn.release()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._turn.acquire()
        self._began = self._worked = self._time.monotonic()

    def between_steps(self) -> None:
        """Stand aside for requests, and pass the turn on when it lasted long enough."""
        now = self._time.monotonic()
        if now - self._worked < _WORK:
            return
        if now - self._began > _TURN:
            with self.away():
                self._courtesy.give_way()
        else:
            self._courtesy.give_way()
            self._worked = self._time.monotonic()
