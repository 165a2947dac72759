"""How requests reach the trainer of the same process.

They ring when a training begins or is not wanted any more; whoever trains listens. Trainers of
other processes hear nothing: they look into the data file.
"""

from typing import Protocol


class Listener(Protocol):
    """Whoever trains."""

    def started(self, seq: int) -> None:
        """A training waits to be done."""

    def ended(self, seq: int) -> None:
        """A training is not wanted any more."""


class Bell:
    """Passes on what happens, while somebody listens."""

    def __init__(self) -> None:
        self.listener: Listener | None = None

    def started(self, seq: int) -> None:
        """A training waits to be done."""
        if self.listener is not None:
            self.listener.started(seq)

    def ended(self, seq: int) -> None:
        """A training is not wanted any more."""
        if self.listener is not None:
            self.listener.ended(seq)
