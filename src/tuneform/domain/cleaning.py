"""What became of things that were left over."""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.domain.live import Leftover
from tuneform.domain.names import Owner


@dataclass(frozen=True, slots=True)
class Discarded:
    """One thing that was to be deleted.

    Attributes:
        leftover: the thing.
        error: why it is still there; empty where it is gone.
    """

    leftover: Leftover
    error: str = ""


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """All of them.

    Attributes:
        owner: whose.
        provider: its name in manifests.
        results: in the order in which they were told.
    """

    owner: Owner
    provider: str
    results: tuple[Discarded, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 where all are gone, 1 where all are still there, 8 in between."""
        failed = sum(bool(each.error) for each in self.results)
        if not failed:
            return 0
        return 1 if failed == len(self.results) else 8
