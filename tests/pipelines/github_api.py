"""The few requests of GitHub's REST API that the action sends, answered on loopback.

A token may do what the job's permissions say, as on GitHub: without them the answer is 403.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

BOT = "github-actions[bot]"
REPOSITORY = "example/alerts"
MOST_CHARACTERS = 65_536


@dataclass
class GitHub:
    """What a repository on GitHub holds, and what was asked of it.

    Attributes:
        url: of the API.
        comments: of any issue or pull request, each with its `number`.
        issues: all of them.
        requests: method and path of each, in order.
        tokens: what each token may do.
        broken: methods that are answered with 502.
    """

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, Mapping[str, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that change anything."""
        return [each for each in self.requests if each[0] != "GET"]

    def answer(self, method: str, url: str, token: str, sent: Any) -> tuple[int, Any]:
        """Status and body of the answer to a request."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(f"/repos/{REPOSITORY}/")
        self.requests.append((method, path))
        if method in self.broken:
            return 502, {"message": "Bad Gateway"}
        granted = self.tokens.get(token)
        if granted is None:
            return 401, {"message": "Bad credentials"}
        on_issue = path.startswith("issues") and "write" in (
            granted.get("issues"),
            granted.get("pull-requests") if "comments" in path else None,
        )
        if method != "GET" and not on_issue:
            return 403, {"message": "Resource not accessible by integration"}
        if sent and len(sent.get("body", "")) > MOST_CHARACTERS:
            return 422, {"message": "body is too long"}
        return self._act(method, path, parse_qs(parts.query), sent)

    def _act(self, method: str, path: str, query: Any, sent: Any) -> tuple[int, Any]:
        author = {"user": {"login": BOT}}
        answer: Any
        match [method, *path.split("/")]:
            case ["GET", "issues", number, "comments"]:
                answer = _page([c for c in self.comments if c["number"] == int(number)], query)
            case ["POST", "issues", number, "comments"]:
                made = {"id": 1000 + len(self.comments), "number": int(number)} | author | sent
                self.comments.append(made)
                answer = made
            case ["PATCH", "issues", "comments", identity]:
                answer = _patched(self.comments, "id", identity, sent)
            case ["GET", "issues"]:
                open_ones = [
                    issue
                    for issue in self.issues
                    if issue["state"] == "open" and set(query["labels"]) <= set(issue["labels"])
                ]
                answer = _page(open_ones, query)
            case ["POST", "issues"]:
                made = {"number": 1 + len(self.issues), "state": "open"} | author | sent
                self.issues.append(made)
                answer = made
            case ["PATCH", "issues", number]:
                answer = _patched(self.issues, "number", number, sent)
            case _:
                return 404, {"message": "Not Found"}
        return 201 if method == "POST" else 200, answer


def _page(things: list[dict[str, Any]], query: Any) -> list[dict[str, Any]]:
    size, page = int(query["per_page"][0]), int(query["page"][0])
    return things[(page - 1) * size : page * size]


def _patched(things: list[dict[str, Any]], key: str, value: str, sent: Any) -> dict[str, Any]:
    thing = next(each for each in things if each[key] == int(value))
    thing.update(sent)
    return thing


class _Quiet(WSGIRequestHandler):
    """Prints no line for each request: they are recorded."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[GitHub]:
    """An empty repository whose API listens on loopback until the end of the block."""
    github = GitHub()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        url = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        asked = json.loads(sent) if sent else None
        status, body = github.answer(environ["REQUEST_METHOD"], url, token, asked)
        start_response(f"{status} {HTTPStatus(status).phrase}", [])
        return [json.dumps(body).encode()]

    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        github.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()
