"""A live list on loopback: the pages of tunedModels.list, encoded once and then only sent.

    loopback.py LIVE      the first line on stdout is the base URL; ends when stdin does

So what is measured is the client and not a service. It knows the two lists that a plan needs, takes
no writes, ignores `fields` (the objects have no snapshots to leave out), and checks no key.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from workload import BASE

_BASE_MODEL = {
    "name": BASE,
    "version": "001",
    "displayName": "Gemini 1.5 Flash 001 Tuning",
    "inputTokenLimit": 16384,
    "outputTokenLimit": 8192,
    "supportedGenerationMethods": ["generateContent", "countTokens", "createTunedModel"],
    "temperature": 1,
    "topP": 0.95,
    "topK": 64,
    "maxTemperature": 2,
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, live: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._items = [json.dumps(item).encode() for item in live]
        self._pages: dict[tuple[int, int], bytes] = {}

    def page(self, start: int, size: int) -> bytes:
        """The page of at most `size` objects from `start`, 1000 at most, as the service does."""
        size = min(size, 1000)
        if (start, size) not in self._pages:
            end = start + size
            items = b",".join(self._items[start:end])
            token = b',"nextPageToken":"%d"' % end if end < len(self._items) else b""
            self._pages[start, size] = b'{"tunedModels":[%b]%b}' % (items, token)
        return self._pages[start, size]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        _, _, collection = url.path.lstrip("/").partition("/")
        if collection == "tunedModels":
            start = int(query.get("pageToken") or "0")
            self._send(200, self.server.page(start, int(query.get("pageSize") or "10")))
        elif collection == "models":
            self._send(200, json.dumps({"models": [_BASE_MODEL]}).encode())
        elif collection == BASE:
            self._send(200, json.dumps(_BASE_MODEL).encode())
        else:
            error = {"code": 404, "message": f"{collection} is not here.", "status": "NOT_FOUND"}
            self._send(404, json.dumps({"error": error}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the table is the output."""


def main(live: str) -> None:
    server = _Server(json.loads(Path(live).read_bytes()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
