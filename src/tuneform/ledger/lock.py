"""One run of an owner writes at a time on this machine.

The lock is the operating system's: a holder that dies lets go of it, and no lock is ever broken by
its age. Who holds it stands in a file beside it, only to be told to whoever is refused. Locks
across machines are not made here.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from tuneform.clock import Clock
from tuneform.domain.names import Owner
from tuneform.errors import LocalError, Locked

_RETRY_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: of the process.
        host: its machine.
        since: ISO 8601, UTC.
        command: what it does, such as `apply`.
    """

    pid: int
    host: str
    since: str
    command: str


@contextmanager
def owner_lock(
    folder: Path, owner: Owner, command: str, timeout: float, clock: Clock
) -> Iterator[None]:
    """Hold the lock of an owner for the time of the block.

    Args:
        folder: where locks are kept; it is made where there is none.
        owner: whose models are about to be written.
        command: told to whoever is refused.
        timeout: seconds to wait for another holder; 0 refuses at once.
        clock: measures the wait and dates the holding.

    Raises:
        Locked: another run holds it; says who, since when, for what, and what to do.
        LocalError: the lock file cannot be made.
    """
    path = folder / f"{str(owner).replace('/', '@')}.lock"
    sidecar = path.with_suffix(".json")
    lock = _acquire(path, clock, timeout)
    if lock is None:
        raise _refusal(owner, _read(sidecar))
    try:
        since = clock.now().isoformat(timespec="seconds")
        _write(sidecar, Holder(os.getpid(), platform.node(), since, command))
        yield
    finally:
        with suppress(OSError):
            sidecar.unlink()
        lock.release()


def _acquire(path: Path, clock: Clock, timeout: float) -> FileLock | None:
    """The lock, held; None where another one kept it for all of the timeout."""
    deadline = clock.monotonic() + timeout
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        while True:
            with suppress(Timeout):
                lock.acquire(timeout=0)
                return lock
            left = deadline - clock.monotonic()
            if left <= 0:
                return None
            clock.sleep(min(_RETRY_SECONDS, left))
    except (OSError, NotImplementedError) as error:
        cause = getattr(error, "strerror", None) or "the file system has no locks"
        raise LocalError(
            f"{path}: the lock cannot be made: {cause}",
            hint="Make it a folder that can be written: the lock and the record are kept there.",
        ) from error


def _write(sidecar: Path, holder: Holder) -> None:
    """Say who holds it. The lock holds as well where this cannot be written: it only explains."""
    fresh = sidecar.with_suffix(".new")
    with suppress(OSError):
        fresh.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        fresh.replace(sidecar)


def _read(sidecar: Path) -> Holder | None:
    """Who holds it; None where that is not known."""
    try:
        holder = Holder(**json.loads(sidecar.read_text(encoding="utf-8")))
        datetime.fromisoformat(holder.since)
    except (OSError, ValueError, TypeError):
        return None
    return holder


def _refusal(owner: Owner, holder: Holder | None) -> Locked:
    if holder is None:
        return Locked(
            f"another run is writing for {owner}",
            hint="Wait until it ends, and run the command again.",
        )
    since = datetime.fromisoformat(holder.since).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Locked(
        f"`tuneform {holder.command}` is writing for {owner}: "
        f"process {holder.pid} on {holder.host}, since {since}",
        hint=f"Wait until it ends, or stop process {holder.pid} on {holder.host}; "
        "the lock of a process that died is free by itself.",
    )
