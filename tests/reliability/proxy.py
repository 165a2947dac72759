"""A proxy on loopback between a client and a service, that does to requests what networks do.

Each request has a fate, drawn by a seed from its number: it may be dropped before the service sees
it, delayed, carried out without a reply, answered by half a reply, delivered twice, or delivered
when nobody waits for it any more. What is not tampered with passes as it is.
"""

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FATES = ("drop", "reset", "delay", "lose", "truncate", "twice", "late")
"""What may become of a request; most pass."""

SHORT = 0.05
LATE = 0.4
"""Seconds."""

_RESET = struct.pack("ii", 1, 0)
_PASSED_ON = ("content-type", "retry-after")


@dataclass
class Chaos:
    """Which requests are tampered with; may be ended at any time."""

    seed: int
    rate: float
    fates: Counter[str] = field(default_factory=Counter)
    active: bool = True
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self) -> str:
        """What becomes of the next request."""
        with self._lock:
            self._number += 1
            chance = random.Random(f"{self.seed} {self._number}")
            if not self.active or chance.random() >= self.rate:
                return "pass"
            fate = chance.choice(FATES)
            self.fates[fate] += 1
            return fate


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    server: "_Proxy"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):  # the client went away
            super().handle_one_request()
            return
        self.close_connection = True

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        match self.server.chaos.fate():
            case "pass":
                self._answer(self._deliver(body))
            case "drop":
                self._hang_up()
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self._hang_up()
            case "delay":
                self.server.ended.wait(SHORT)
                self._answer(self._deliver(body))
            case "lose":
                self._deliver(body)
                self._hang_up()
            case "truncate":
                self._answer(self._deliver(body), whole=False)
            case "twice":
                self._deliver(body)
                self._answer(self._deliver(body))
            case "late":
                self._hang_up()
                self.server.ended.wait(LATE)
                self._deliver(body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _pass  # noqa: N815 (http.server's names)

    def _deliver(self, body: bytes) -> _Reply:
        there = http.client.HTTPConnection(*self.server.behind, timeout=600)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            there.request(self.command, self.path, body or None, headers)
            reply = there.getresponse()
            kept = {k: v for k, v in reply.getheaders() if k.lower() in _PASSED_ON}
            return _Reply(reply.status, kept, reply.read())
        finally:
            there.close()

    def _answer(self, reply: _Reply, *, whole: bool = True) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body if whole else reply.body[: len(reply.body) // 2])
        if not whole:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = False  # what is late is delivered before the proxy is gone

    def __init__(self, behind: tuple[str, int], chaos: Chaos) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.chaos = chaos
        self.ended = threading.Event()


@contextmanager
def proxied(url: str, chaos: Chaos) -> Iterator[str]:
    """Stand before a service; gives the URL to use instead of its own."""
    place = urlsplit(url)
    assert place.hostname is not None
    assert place.port is not None
    proxy = _Proxy((place.hostname, place.port), chaos)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.ended.set()
        proxy.shutdown()
        thread.join()
        proxy.server_close()
