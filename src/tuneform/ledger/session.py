"""A session with a PostgreSQL server that is not waited for without end.

The server bounds its statements, and the operating system finds out a machine that vanished.
Neither helps where the server is frozen and its network is not; the driver would wait for ever.
"""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic
from typing import Any, Final, TypeVar

import psycopg

T = TypeVar("T")

PATIENCE_SECONDS: Final = 90.0
"""For one statement: longer than the server itself allows for it."""


class Session(psycopg.Connection[Any]):
    """A connection that is closed when an answer does not come in time.

    Attributes:
        patience: seconds, for each answer.
    """

    patience = PATIENCE_SECONDS

    def wait(self, gen: Generator[Any, Any, T], *rest: Any, **more: Any) -> T:
        """Wait for an answer.

        Raises:
            psycopg.OperationalError: it did not come in time.
        """
        return super().wait(self._bounded(gen), *rest, **more)

    def _bounded(self, answer: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """The same, until time is up. The driver asks for more every moment, ready or not."""
        end = monotonic() + self.patience
        try:
            wanted = next(answer)
            while True:
                ready = yield wanted
                if not ready and monotonic() >= end:
                    self.close()  # what its state is, nobody can tell any longer
                    raise psycopg.OperationalError(
                        f"the server did not answer within {self.patience:g} seconds"
                    )
                wanted = answer.send(ready)
        except StopIteration as ended:
            value: T = ended.value
            return value
