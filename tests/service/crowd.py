"""A crowd of clients in front of a `tuneform serve` that is killed at times, and what they hear.

Each client notes what it was told. What it was told must be true of the data file afterwards: that
is all that `Account.mistakes` compares. A reply that never came promises nothing, either way.
`bench/load.py` uses the same crowd for longer.
"""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

BASE = "models/gemini-1.5-flash-001-tuning"
PATIENCE = 600
JSON = {"Content-Type": "application/json", "x-goog-api-key": "crowd"}
STATUSES = {
    400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"},
    404: {"NOT_FOUND"},
    409: {"ALREADY_EXISTS"},
}
"""The refusals that a crowd may meet; an overloaded service answers later, not otherwise."""


def free_port() -> int:
    """A port that was free a moment ago: it is kept over restarts, so the service cannot pick."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A `tuneform serve` with a data file, that can be killed and started again."""

    def __init__(self, data: Path, *options: str) -> None:
        self.port = free_port()
        self.peak = 0.0
        self._command = [
            *(sys.executable, "-m", "tuneform", "serve", "--port", str(self.port)),
            *("--data", str(data), *options),
        ]
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("http://"), self.process.communicate()

    def memory(self) -> float:
        """Resident memory of the process, in MB; the most that it was is noted."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = dict(row.split(":", 1) for row in status.splitlines())
        resident, most = (int(found[key].split()[0]) / 1000 for key in ("VmRSS", "VmHWM"))
        self.peak = max(self.peak, most)
        return resident

    def restart(self) -> None:
        """Kill it, with no chance to tidy up, and start it again."""
        self.memory()
        self.process.send_signal(signal.SIGKILL)
        self._reap()
        self._start()

    def _reap(self) -> None:
        self.log = self.process.communicate(timeout=PATIENCE)[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.memory()
        self.process.terminate()
        self._reap()


@dataclass
class Account:
    """What clients were told; each id is used by one create that counts, and one delete at most."""

    created: Counter[str] = field(default_factory=Counter)
    tried: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    perhaps_deleted: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    malformed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mistakes(self, listed: list[str], trainings: list[dict[str, Any]]) -> list[str]:
        """Everything in which the service broke its word; empty when it kept it."""
        trained = Counter(row["tunedModel"] for row in trainings)
        names = Counter(listed)
        gone = self.deleted | self.perhaps_deleted
        return [
            *self.malformed,
            *(f"{n} was created {k} times" for n, k in self.created.items() if k > 1),
            *(f"{n} was trained {k} times" for n, k in trained.items() if k > 1),
            *(f"{n} is listed {k} times" for n, k in names.items() if k > 1),
            *(f"{n} was created, and its training is lost" for n in self.created - trained),
            *(f"{n} was created, and is lost" for n in self.created.keys() - names - gone),
            *(f"{n} was deleted, and is there" for n in self.deleted & names.keys()),
            *(f"{n} was never asked for" for n in (names | trained).keys() - self.tried),
        ]


class Client:
    """One connection, opened again when it breaks."""

    def __init__(self, port: int, account: Account) -> None:
        self._port = port
        self._account = account
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A status and the body read as JSON; 0 where no reply came."""
        began = time.monotonic()
        try:
            status, data = self._exchange(method, path, body)
        except (OSError, http.client.HTTPException):
            self.close()
            with self._account.lock:
                self._account.broken += 1
            time.sleep(0.05)  # it may just be starting again
            return 0, None
        return status, self._checked(f"{method} {path}", status, data, time.monotonic() - began)

    def _exchange(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        if self._connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._connection = connection
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, JSON)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _checked(self, what: str, status: int, data: bytes, seconds: float) -> Any:
        told = None
        with self._account.lock:
            self._account.answers[status] += 1
            self._account.slowest = max(self._account.slowest, seconds)
            try:
                told = json.loads(data)
                if status != 200:
                    error = told["error"]
                    assert error["code"] == status
                    assert error["message"]
                    assert error["status"] in STATUSES[status]
            except (ValueError, KeyError, TypeError, AssertionError):
                self._account.malformed.append(f"{what}: {status} {data[:200]!r}")
        return told

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def creation(examples: int = 12) -> dict[str, Any]:
    """The body of a create."""
    rows = [{"textInput": str(n), "output": str(n + 1)} for n in range(examples)]
    task = {"trainingData": {"examples": {"examples": rows}}}
    return {"displayName": "Crowd", "baseModel": BASE, "tuningTask": task}


_BODY = creation()
_PROMPT = {"contents": [{"parts": [{"text": "7"}]}]}


def _round(client: Client, account: Account, who: int, number: int) -> None:
    """What a client does in one round: some ids are its own, some all clients fight for."""
    own = f"tunedModels/c{who}-r{number}"
    shared = f"tunedModels/shared-{number}"
    for name in (own, shared):
        with account.lock:
            account.tried.add(name)
        query = f"?tunedModelId={name.removeprefix('tunedModels/')}"
        status, _ = client.call("POST", f"/v1beta/tunedModels{query}", _BODY)
        with account.lock:
            account.created.update([name] if status == 200 else [])
    client.call("GET", f"/v1beta/{own}?fields=name,state")
    client.call("PATCH", f"/v1beta/{own}?updateMask=description", {"description": "d"})
    client.call("GET", "/v1beta/tunedModels?pageSize=50&fields=tunedModels(name,state)")
    client.call("POST", f"/v1beta/{own}:generateContent", _PROMPT)
    client.call("GET", f"/v1beta/{own}/operations")
    client.call("POST", "/v1beta/tunedModels", {"displayName": "x" * 50})
    if number % 2:
        with account.lock:
            account.perhaps_deleted.add(own)
        status, _ = client.call("DELETE", f"/v1beta/{own}")
        if status == 200:
            with account.lock:
                account.deleted.add(own)


@contextmanager
def crowd(server: Server, account: Account, clients: int) -> Iterator[None]:
    """Have that many clients busy for the time of the block."""
    leave = threading.Event()

    def busy(who: int) -> None:
        client, number = Client(server.port, account), 0
        while not leave.is_set():
            _round(client, account, who, number)
            number += 1
        client.close()

    threads = [threading.Thread(target=busy, args=(who,)) for who in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        leave.set()
        for thread in threads:
            thread.join()


def settled(server: Server, account: Account) -> tuple[list[str], list[dict[str, Any]]]:
    """The names that a list gives, and every training, once all of them have ended."""
    client = Client(server.port, account)
    while client.call("GET", "/practice/v1/health")[1]["unfinishedTrainings"]:
        server.memory()
        time.sleep(0.05)
    trainings = client.call("GET", "/practice/v1/trainings")[1]["trainings"]
    names: list[str] = []
    token = ""
    while True:
        page = f"pageSize=1000&fields=nextPageToken,tunedModels(name,state)&pageToken={token}"
        answer = client.call("GET", f"/v1beta/tunedModels?{page}")[1]
        names += [model["name"] for model in answer.get("tunedModels", [])]
        token = answer.get("nextPageToken", "")
        if not token:
            client.close()
            return names, trainings
