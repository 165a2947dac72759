"""When a call is sent again: by the kind of its error, and by whether it may arrive twice.

A create is never sent again here: whether it arrived is found out by looking, and that is for
whoever knows what to look for. Time and chance are handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from tuneform.clock import Clock
from tuneform.errors import BadReply, Exhausted, RemoteError, ServiceFailure, Unreachable

T = TypeVar("T")

BROKEN_REPLIES = 2
"""How often a call is sent again for a reply that should be good and is none of the API. Half a
body, or a proxy's page, may be a moment's trouble; a wrong endpoint is told soon all the same."""

TRANSIENT_STATUS = frozenset({500, 502, 503, 504})
"""Failures of the service that time may mend. 501 is none of them."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient one call is.

    Attributes:
        attempts: at most, the first one included.
        first_delay: seconds; the upper bound of the first pause, which doubles with each.
        longest_delay: seconds; no pause of our own choosing is longer.
        total: seconds from the first attempt; a pause that would end later is not begun, also
            where the service asks for it.
    """

    attempts: int = 5
    first_delay: float = 0.5
    longest_delay: float = 8.0
    total: float = 60.0


class Retrier:
    """Runs calls again. Holds nothing between calls, and may be shared by threads.

    Args:
        clock: waits, and tells how long it took.
        chance: a random number from 0 to 1, such as `random.Random().random`.
        policy: how patient; by default as `RetryPolicy` says.
        notice: is told before each pause, in one sentence.
    """

    def __init__(
        self,
        clock: Clock,
        chance: Callable[[], float],
        policy: RetryPolicy | None = None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._policy = policy or RetryPolicy()
        self._notice = notice

    def run(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it succeeds, fails for good, or patience ends.

        Raises:
            RemoteError: the last one. It does not say that nothing was sent where an earlier
                attempt may have arrived.
        """
        deadline = self._clock.monotonic() + self._policy.total
        broken, arrived = 0, False
        for number in count(1):
            try:
                return attempt()
            except RemoteError as error:
                arrived = _may_have_arrived(error) or arrived
                if isinstance(error, Unreachable):
                    error.sent = arrived
                if number >= self._policy.attempts:
                    raise
                delay = self._delay(number, error)
                broken += isinstance(error, BadReply)
                if not _may_mend(error, broken) or self._clock.monotonic() + delay > deadline:
                    raise
                self._notice(f"{error.message.rstrip('.')}; trying again in {delay:.1f} s")
            self._clock.sleep(delay)
        raise AssertionError("the numbers do not end")

    def _delay(self, number: int, error: RemoteError) -> float:
        """Full jitter, on top of what the service asks for: clients must not return as one."""
        ceiling = min(self._policy.longest_delay, self._policy.first_delay * 2.0 ** (number - 1))
        return (error.retry_after or 0.0) + self._chance() * ceiling


def _may_have_arrived(error: RemoteError) -> bool:
    """Whether it may have been carried out: a busy service has refused it."""
    return error.sent if isinstance(error, Unreachable) else not isinstance(error, Exhausted)


def _may_mend(error: RemoteError, broken: int) -> bool:
    if isinstance(error, BadReply) and error.status is None:
        return broken <= BROKEN_REPLIES
    return is_transient(error)


def is_transient(error: RemoteError) -> bool:
    """Whether the same call may succeed a little later."""
    if isinstance(error, ServiceFailure):
        return error.status in TRANSIENT_STATUS
    return isinstance(error, Unreachable | Exhausted)
