"""Waits for what the service does in the background (a google.longrunning.Operation).

An operation that is gone counts as over: whoever waited looks at the result anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tuneform.clock import Clock
from tuneform.errors import Exhausted, Forbidden, InvalidRequest, RemoteError, ServiceFailure
from tuneform.providers.vertex import wire

GROWTH: Final = 1.5
"""Each pause is longer than the one before by this factor."""

_NOT_FOUND: Final = 5
_KINDS: Final[dict[int | None, type[RemoteError]]] = {
    3: InvalidRequest,
    7: Forbidden,
    8: Exhausted,
    9: InvalidRequest,
}
"""By gRPC code; of any other kind is a failure of the service."""

_REASONS: Final[dict[int | None, str]] = {9: "FAILED_PRECONDITION", 10: "ABORTED"}
"""By gRPC code: as a refusal at once would have told it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How an operation is waited for.

    Attributes:
        first: seconds before the first look; each later pause is longer.
        most: seconds; no pause is longer.
        total: seconds; then waiting ends, and the operation goes on without us.
        late: seconds for which the service may refuse something because it has not noticed yet what
            was done before.
    """

    first: float = 1.0
    most: float = 10.0
    total: float = 1800.0
    late: float = 180.0


class Waiting:
    """Waits for operations.

    Args:
        clock: to wait on.
        pace: how patiently.
        look: reads an operation again; None where it is gone.
        says: makes words of the service safe to print.
    """

    def __init__(
        self,
        clock: Clock,
        pace: Pace,
        look: Callable[[wire.Operation], wire.Operation | None],
        says: Callable[[str], str],
    ) -> None:
        self._clock = clock
        self._pace = pace
        self._look = look
        self._says = says

    def tries(self) -> Iterator[None]:
        """At once, then after pauses that grow, for as long as a refusal may come late."""
        pause, end = self._pace.first, self._clock.monotonic() + self._pace.late
        yield
        while self._clock.monotonic() + pause <= end:
            self._clock.sleep(pause)
            pause = min(self._pace.most, pause * GROWTH)
            yield

    def until_done(self, operation: wire.Operation, what: str) -> wire.Operation:
        """The operation as it ended.

        Args:
            operation: as the service began it.
            what: it does, so that `cannot WHAT` is a sentence.

        Raises:
            RemoteError: it failed, or has not ended in time.
        """
        pause, end = self._pace.first, self._clock.monotonic() + self._pace.total
        while not operation.done:
            if self._clock.monotonic() + pause > end:
                raise ServiceFailure(
                    f"cannot {what} in time: the service still works on it after "
                    f"{self._pace.total / 60:.0f} minutes",
                    hint="run the command again later: it goes on where this one stopped",
                )
            self._clock.sleep(pause)
            pause = min(self._pace.most, pause * GROWTH)
            now = self._look(operation)
            if now is None:
                return operation
            operation = now
        if operation.error and operation.error.code != _NOT_FOUND:
            raise self._failed(operation.error.code, operation.error.message or "", what)
        return operation

    def _failed(self, code: int | None, message: str, what: str) -> RemoteError:
        said = self._says(message) or f"the service gives no reason (gRPC code {code})"
        return _KINDS.get(code, ServiceFailure)(
            f"cannot {what}: {said}",
            hint="run the command again: it goes on where this one stopped",
            reason=_REASONS.get(code),
        )
