"""A service on loopback that means harm: the practice service, with poison in what it answers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tuneform.service import Service

TRAPS = (
    "\x1b[2J\x1b[31m",  # clears the screen
    "\x1b]0;owned\x07",  # retitles the window
    "\x1b]8;;https://host.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b2J\x90q\x9c",  # the same in C1
    "\x08\x7f\x00",
    "\u202eevil\u2066x\u2069\u200f",  # turns the reading direction round
    "a\r::error::owned",
    "a\n::error file=x,line=1::owned\n::set-output name=x::y",
    "::stop-commands::x",
    "##[group]owned",
    "a\u2028b\u2029c\x85d\vx\f",
    "[bold red]rich[/] [link=https://host.example]x[/link] [/nothing]",
    "</details><img src=x onerror=y> <!-- --> @team #1 `|` | [a](https://host.example) $x$",
    "\U000e0041\U000e0042\u200b\ufeff",
    "]]>&lt;&#27;",
    "${var.token}",
)
"""What terminals, runners, Markdown and YAML might obey."""

Reply = tuple[int, dict[str, str], bytes]
Answer = Callable[[httpx.Request, httpx.Response], Reply | None]


@contextmanager
def listening(service: Service | None, answer: Answer) -> Iterator[str]:
    """Serve on loopback; `answer` may replace what the service says (None leaves it)."""
    transport = httpx.WSGITransport(service.wsgi) if service else None

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            url = f"http://practice.invalid{self.path}"
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            request = httpx.Request(
                self.command, url, headers=headers, content=self.rfile.read(length)
            )
            if transport is None:
                reply = httpx.Response(200, json={})
            else:
                reply = transport.handle_request(request)
                reply.read()
            status, more, body = answer(request, reply) or (reply.status_code, {}, reply.content)
            self.send_response(status, "Odd")
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def poisoned(trap: str) -> Answer:
    """Put a trap into every text of a reply that is not an identity of ours."""

    def answer(request: httpx.Request, reply: httpx.Response) -> Reply | None:
        try:
            document = json.loads(reply.content)
        except ValueError:
            return None
        poison(document, trap)
        if request.url.path.endswith("/tunedModels") and request.method == "GET":
            document.setdefault("tunedModels", []).extend(strangers(trap))
        body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        return reply.status_code, {"Content-Type": "application/json"}, body

    return answer


def poison(value: Any, trap: str) -> None:
    """Names of display, descriptions (above the mark), answers, messages and reasons."""
    if isinstance(value, list):
        for each in value:
            poison(each, trap)
    if not isinstance(value, dict):
        return
    for key, each in value.items():
        if key in ("displayName", "text", "message") and isinstance(each, str):
            value[key] = f"{trap}{each}{trap}"
        elif key == "description" and isinstance(each, str):
            value[key] = f"{trap}\n{each}"
        else:
            poison(each, trap)


def strangers(trap: str) -> Iterator[dict[str, Any]]:
    """Objects of nobody, and one that bears a mark of ours under an id that is not."""
    for number, text in enumerate((trap, f"a{trap}b")):
        mark = "tuneform/v1 owner=demo model=numbers fingerprint=aaaaaaaaaa data=bbbbbbbbbb rev=1"
        yield {
            "name": f"tunedModels/{text}",
            "displayName": text,
            "description": f"{text}\n{mark}" if number else text,
            "baseModel": text,
            "state": "ACTIVE",
        }


def refusing(trap: str, status: int) -> Answer:
    """Every request fails, and the message repeats the credentials that it came with."""

    def answer(request: httpx.Request, _: httpx.Response) -> Reply:
        said = f"{trap} {credentials(request)} {trap}"
        details = [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": f"X {said}"},
            {"requestId": said},
            {"fieldViolations": [{"field": said, "description": said}]},
        ]
        error = {"code": status, "message": said, "status": f"X{trap}", "details": details}
        body = json.dumps({"error": error}).encode()
        return status, {"Retry-After": "0", "Content-Type": "application/json"}, body

    return answer


def credentials(request: httpx.Request) -> str:
    """What a request carries to say who sent it."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return f"{request.headers.get('x-goog-api-key', '')} {bearer}"
