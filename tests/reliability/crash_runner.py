"""Runs commands that die by SIGKILL at one exact instant: started by `crash.py`, as a process.

Each line on stdin names a command and an instant, and each is run in a fork of this process, which
has loaded everything already. The fork counts what passes one seam, and kills itself at the chosen
one: no `finally`, no handler and no flush runs, as when a machine loses power. Instead of the
command, the ledger's server may be what ends at that instant; the command then goes on.
"""

import importlib.resources
import itertools
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, event

import tuneform
from tuneform.cli.run import run

_WRITING = ("os.rename", "os.mkdir", "os.remove")


def die(_: dict[str, Any]) -> None:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def stop_server(task: dict[str, Any]) -> None:
    """Stop the ledger's server, as its administrator does: sessions break."""
    os.kill(task["server"], signal.SIGINT)
    for _ in range(60_000):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", task["port"])):
                return
        threading.Event().wait(0.01)
    raise AssertionError("the server does not stop")


def cut_sessions(task: dict[str, Any]) -> None:
    """End all sessions with the ledger; its server goes on."""
    import psycopg

    url = task["environ"]["TUNEFORM_LEDGER"].replace("+psycopg", "")
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


DOOMS: dict[str, Callable[[dict[str, Any]], None]] = {
    "die": die,
    "stop-server": stop_server,
    "cut-sessions": cut_sessions,
}


class Fate:
    """What happens when as much has passed as was chosen."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self._at: int = task["at"]
        self._passed = itertools.count(1)
        self._lock = threading.Lock()

    def pass_by(self) -> bool:
        """Count one more; whether it is the chosen one."""
        with self._lock:
            return next(self._passed) == self._at

    def strike(self) -> None:
        """Have it happen: this process ends, if nothing else was chosen."""
        DOOMS[self._task.get("doom", "die")](self._task)


def before_requests(fate: Fate) -> None:
    """Before a request leaves."""
    for transport in (httpx.HTTPTransport, httpx.WSGITransport):
        _wrap(transport, fate, after=False)


def after_replies(fate: Fate) -> None:
    """After the reply to a request has come, and before anybody has read it."""
    for transport in (httpx.HTTPTransport, httpx.WSGITransport):
        _wrap(transport, fate, after=True)


def _wrap(transport: Any, fate: Fate, *, after: bool) -> None:
    send = transport.handle_request

    def handle(self: Any, request: httpx.Request) -> httpx.Response:
        chosen = fate.pass_by()
        if chosen and not after:
            fate.strike()
        response: httpx.Response = send(self, request)
        if chosen:
            fate.strike()
        return response

    transport.handle_request = handle


def before_commits(fate: Fate) -> None:
    """Before a transaction of the ledger is on the disk."""

    @event.listens_for(Engine, "commit")
    def _commit(_: Connection) -> None:
        if fate.pass_by():
            fate.strike()


def after_commits(fate: Fate) -> None:
    """When a transaction is on the disk, and nobody knows it yet."""

    @event.listens_for(Engine, "commit")
    def _commit(connection: Connection) -> None:
        if fate.pass_by():
            connection.connection.commit()
            fate.strike()


def within_transactions(fate: Fate) -> None:
    """Before a statement of the ledger: its tables and rows are half made."""

    @event.listens_for(Engine, "before_cursor_execute")
    def _execute(*_: Any) -> None:
        if fate.pass_by():
            fate.strike()


def before_files(fate: Fate) -> None:
    """Before a file is made, moved or removed: the lock, who holds it, the ledger's first file."""

    def hook(happening: str, arguments: tuple[Any, ...]) -> None:
        opened = happening == "open" and bool(
            int(arguments[2]) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if (
            (opened or happening in _WRITING)
            and ".tuneform" in str(arguments[0])
            and fate.pass_by()
        ):
            fate.strike()

    sys.addaudithook(hook)


SEAMS = {
    "before-request": before_requests,
    "after-reply": after_replies,
    "before-commit": before_commits,
    "after-commit": after_commits,
    "statement": within_transactions,
    "file": before_files,
}


def full_disk(limit: int) -> None:
    """No file grows beyond this many bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def become(task: dict[str, Any], told: int) -> None:
    """Run the command of a task in this process, which ends by it."""
    code = 1
    try:
        os.chdir(task["folder"])
        os.environ.clear()
        os.environ.update(task["environ"])
        os.dup2(told, 1)
        os.dup2(told, 2)
        if seam := task.get("seam"):
            SEAMS[seam](Fate(task))
        if user := task.get("user"):
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        if (limit := task.get("limit")) is not None:
            full_disk(limit)
        code = run(task["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Have a fork run a command; how it ended, and what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        become(task, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read().decode()
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "told": told}


def load() -> None:
    """Load whatever a command may need, so that no fork has to."""
    for module in pkgutil.walk_packages(tuneform.__path__, "tuneform."):
        if not module.name.endswith("__main__"):
            with suppress(ModuleNotFoundError):  # of an extra that is not installed
                importlib.import_module(module.name)
    # Another user may not be able to read what the standard library loads late.
    importlib.resources.files(tuneform)
    importlib.import_module("encodings.idna")


def main() -> None:
    """Serve tasks until stdin ends; answer each with how its process ended."""
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(perform(json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    assert threading.active_count() == 1, "a fork takes only the thread along that forks"
    load()
    main()
