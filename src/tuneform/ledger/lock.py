"""One run of an owner writes at a time.

The lock is the operating system's, or the server's where the ledger is shared: a holder that dies
lets go of it, and no lock is ever broken by its age. Who holds it is noted beside it, only to be
told to whoever is refused or waits.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from tuneform.clock import Clock
from tuneform.domain.names import Owner
from tuneform.domain.record import Holder, LockState
from tuneform.errors import LocalError, Locked

_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC

_SIDECAR_BYTES: Final = 10_000
"""Of the file that tells who holds a lock; whatever else lies there is read no further."""

RETRY_SECONDS: Final = 0.2
"""Between two tries of whoever waits."""

MOMENT_SECONDS: Final = 0.05
"""Before anybody is refused: `tuneform lock` holds a lock for a moment, to see whether it can."""

GRACE_SECONDS: Final = 0.5
"""How long a holder may be unknown: one that has just come has not said yet who it is."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a lock is held.

    Attributes:
        command: such as `apply`.
        who: the user; empty where nobody knows.
    """

    command: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock.

    Attributes:
        seconds: 0 gives up at once.
        tell: is told once, in a sentence, who is waited for.
    """

    seconds: float = 0.0
    tell: Callable[[str], None] = lambda _: None


class Lock(Protocol):
    """The lock of one owner."""

    def acquire(self) -> bool:
        """Try to hold it; False where another one does."""
        ...

    def is_held(self) -> bool:
        """Whether anybody holds it."""
        ...

    def announce(self, holder: Holder) -> None:
        """Say who holds it. It is held as well where that cannot be said."""
        ...

    def holder(self) -> Holder | None:
        """Who holds it; None where that is not known."""
        ...

    def release(self) -> None:
        """Let go of it, and of what was announced."""
        ...


@contextmanager
def hold(
    lock: Lock, owner: Owner, purpose: Purpose, patience: Patience, clock: Clock
) -> Iterator[None]:
    """Hold a lock for the time of the block.

    Raises:
        Locked: another run holds it; says who, since when, for what, and what to do.
        LocalError: the lock cannot be made.
    """
    _acquire(lock, owner, patience, clock)
    try:
        since = clock.now().isoformat(timespec="seconds")
        lock.announce(Holder(os.getpid(), platform.node(), since, purpose.command, purpose.who))
        yield
    finally:
        lock.release()


def state_of(lock: Lock) -> LockState:
    """Whether it is held, and by whom."""
    held = lock.is_held()
    return LockState(held, lock.holder() if held else None)


def _acquire(lock: Lock, owner: Owner, patience: Patience, clock: Clock) -> None:
    began = clock.monotonic()
    told = False
    while not lock.acquire():
        holder = lock.holder()
        waited = clock.monotonic() - began
        least = GRACE_SECONDS if holder is None else MOMENT_SECONDS
        left = max(patience.seconds, least) - waited
        if left <= 0:
            raise _refusal(owner, holder)
        if patience.seconds and not told and (holder is not None or waited >= GRACE_SECONDS):
            told = True
            patience.tell(f"Waiting: {_told(owner, holder)}.")
        clock.sleep(min(RETRY_SECONDS, left))


def _refusal(owner: Owner, holder: Holder | None) -> Locked:
    wait = "Wait until it ends, or let the command wait with `--lock-timeout 10m`"
    if holder is None:
        return Locked(_told(owner, None), hint=f"{wait}.")
    return Locked(
        _told(owner, holder),
        hint=f"{wait}, or stop process {holder.pid} on {holder.host}; "
        "the lock of a process that died is free by itself.",
    )


def _told(owner: Owner, holder: Holder | None) -> str:
    if holder is None:
        return f"another run is writing for {owner}"
    since = datetime.fromisoformat(holder.since).strftime("%Y-%m-%d %H:%M:%S UTC")
    who = f" of {holder.who}" if holder.who else ""
    return (
        f"`tuneform {holder.command}` is writing for {owner}: "
        f"process {holder.pid}{who} on {holder.host}, since {since}"
    )


class FileLock:
    """A lock of the operating system, for one machine.

    Args:
        folder: where locks are kept; it is made where there is none.
        owner: whose.
    """

    def __init__(self, folder: Path, owner: Owner) -> None:
        self._path = folder / f"{str(owner).replace('/', '@')}.lock"
        self._sidecar = self._path.with_suffix(".json")
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Try to hold it.

        Raises:
            LocalError: the lock file cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            raise self._unusable(error) from error
        self._handle = handle
        return True

    def is_held(self) -> bool:
        """Whether anybody holds it; nothing is made by asking."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | _FLAGS)  # waits for no pipe
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LocalError(
                f"{self._path}: the lock cannot be read: {error.strerror}",
                hint="Make it and its folder readable.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # for a moment, and beside others
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def announce(self, holder: Holder) -> None:
        """Say who holds it, in a file beside it."""
        fresh = self._sidecar.with_suffix(".new")
        with suppress(OSError):
            fresh.write_text(json.dumps(asdict(holder)), encoding="utf-8")
            fresh.replace(self._sidecar)

    def holder(self) -> Holder | None:
        """Who holds it, as that file says."""
        try:
            handle = os.open(self._sidecar, os.O_RDONLY | os.O_NONBLOCK | _FLAGS)
            with os.fdopen(handle, "rb") as opened:
                return Holder(**json.loads(opened.read(_SIDECAR_BYTES)))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def release(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            self._sidecar.unlink()
        if self._handle is not None:
            os.close(self._handle)  # which frees it; the file stays for those who wait for it
            self._handle = None

    def _unusable(self, error: OSError) -> LocalError:
        return LocalError(
            f"{self._path}: the lock cannot be made: {error.strerror}",
            hint="Make it a folder that can be written: the lock and the record are kept there.",
        )
