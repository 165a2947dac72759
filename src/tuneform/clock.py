"""Time as a value that is handed in: a real clock, and one that tests steer.

Whoever needs the time, or needs to wait, takes a `Clock`. Nothing here knows what is being waited
for, and nothing else in the project reads the wall clock.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What anything that waits or dates needs to know about time."""

    def now(self) -> datetime:
        """The current date and time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never runs backwards, good for differences only."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`; zero and less return at once."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        if seconds > 0:
            time.sleep(seconds)


class SteeredClock:
    """A clock that stands still until something sleeps on it: an hour of waiting takes no time.

    `sleep` moves the time forward by what was asked for and returns at once. It may be shared by
    threads; each sleep counts, so two threads that sleep a second each move it by two.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("a steered clock starts at an aware date and time")
        self._start = start.astimezone(UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The start plus everything that was slept so far."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds slept since the start."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Advance the time by `seconds` and return at once."""
        if seconds > 0:
            with self._lock:
                self._elapsed += seconds
