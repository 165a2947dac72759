"""What an attempt that failed may have changed all the same: the exit code depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuneform.errors import BadReply, RemoteError, ServiceFailure, Unreachable


def is_lost(error: RemoteError) -> bool:
    """Whether the request may have arrived, and been carried out, all the same."""
    match error:
        case Unreachable():
            return error.sent
        case ServiceFailure() | BadReply():
            return True
        case _:
            return False


class Changes:
    """Keeps in mind whether one attempt has changed anything. Used by one worker at a time."""

    def __init__(self) -> None:
        self.possible = False
        """Whether anything was changed, or may have been."""

    @contextmanager
    def requested(self) -> Iterator[None]:
        """A request of the block changes something, unless it is refused."""
        try:
            yield
        except RemoteError as error:
            self.possible = self.possible or is_lost(error)
            raise
        self.possible = True
