"""The lock that lets only one process train for a data file."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from tuneform.service.store import Store


class TrainerBusy(Exception):
    """Another process trains for this data file; the message says which, and since when."""


class TrainerLock:
    """Held by the one process that trains; the operating system frees it when that dies."""

    def __init__(self, data: Path, store: Store) -> None:
        self._data = data
        self._store = store
        self._lock = FileLock(f"{data}.trainer.lock", timeout=0, thread_local=False)

    def acquire(self, since: str) -> None:
        """Become the trainer.

        Args:
            since: the present moment, told to those who come later.

        Raises:
            TrainerBusy: when another process, or another service of this one, is it already.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            raise TrainerBusy(self._holder()) from error
        with self._store.writing() as tables:
            tables.put_trainer(os.getpid(), since)

    def _holder(self) -> str:
        with self._store.reading() as tables:
            holder = tables.trainer()
        who = f" (process {holder[0]}, since {holder[1]})" if holder else ""
        return f"another process trains for {self._data}{who}; wait until it is done, or stop it"

    def release(self) -> None:
        """Let another process train."""
        self._lock.release()
