"""What an attempt that failed may have changed all the same: the exit code depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuneform.errors import RemoteError


class Changes:
    """Keeps in mind whether one attempt has changed anything. Used by one worker at a time."""

    def __init__(self) -> None:
        self.possible = False
        """Whether anything was changed, or may have been."""

    @contextmanager
    def requested(self) -> Iterator[None]:
        """What is asked for in the block changes something, unless the first request is refused."""
        try:
            yield
        except RemoteError as error:
            self.possible = self.possible or error.changed or error.lost
            raise
        self.possible = True
