"""`prune --leftovers`: deletes what models left behind. Nothing else ever does.

What is left over, the provider says, and looks again before it deletes. Under the owner's lock no
run of ours is uploading or training meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from tuneform.app.declare import Declared, declare_at_least_owner
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import Opened, open_to_write
from tuneform.domain.cleaning import CleaningReport, Discarded
from tuneform.domain.live import Leftover
from tuneform.errors import RemoteError, Unauthenticated


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Leftovers that can be deleted while the lock is held.

    Attributes:
        declared: the project, or its owner alone where a manifest has a mistake.
        leftovers: those that are old enough.
        younger: count of those that are not.
    """

    declared: Declared
    opened: Opened
    leftovers: tuple[Leftover, ...]
    younger: int

    def run(self) -> CleaningReport:
        """Delete them; one that cannot be deleted does not stop the others.

        Raises:
            Unauthenticated: nothing more can be deleted by anybody.
        """
        provider = self.opened.provider
        results = []
        for each in self.leftovers:
            try:
                provider.discard(each)
            except Unauthenticated:
                raise
            except RemoteError as error:
                results.append(Discarded(each, error.message))
            else:
                results.append(Discarded(each))
        kind = self.declared.project.provider.type
        return CleaningReport(self.declared.owner, kind, tuple(results))


@contextmanager
def clean_leftovers(invocation: Invocation, older_than: timedelta) -> Iterator[Cleaning]:
    """Find what is left over.

    Args:
        invocation: of the command.
        older_than: younger ones stay, and so does what nobody can date: a run may be about to use
            it.
    """
    declared = declare_at_least_owner(invocation)
    with open_to_write(
        declared.project, declared.owner, "prune", invocation, trains=False
    ) as opened:
        found = opened.provider.leftovers(str(declared.owner))
        latest = invocation.clock.now() - older_than
        old = tuple(each for each in found if each.created and each.created <= latest)
        yield Cleaning(declared, opened, old, len(found) - len(old))
