"""Credentials reach the host that was admitted, and no other: over real sockets of this machine."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from unittest import mock

import httpx
import pytest
from tests.cli.project import Project, Served
from tests.security.hostile import Reply, listening

from tuneform.clock import SteeredClock
from tuneform.errors import Refused, RemoteError
from tuneform.providers.gemini import calls
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey, Credentials, OAuth
from tuneform.providers.google.retry import Retrier, RetryPolicy
from tuneform.providers.google.trust import GOOGLE_HOST, check_endpoint

KEY = "planted-key-0123456789"
TOKEN = "ya29.planted-token-0123456789"
CALLS = [
    calls.list_models(None, curves=False),
    calls.create_model("tunedModels/a", b"{}"),
    calls.patch_model("tunedModels/a", ("description",), b"{}"),
    calls.delete_model("tunedModels/a"),
    calls.generate("tunedModels/a", b"{}"),
]


class Stranger:
    """A port that must never learn anything; it keeps every byte that it is sent."""

    def __init__(self) -> None:
        self.heard = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(600)
                self.heard += b"(connected) " + connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with closing(Stranger()) as made:
        yield made


def client(url: str | None, credentials: Credentials, http: httpx.Client) -> ApiClient:
    clock = SteeredClock()
    retrier = Retrier(clock, lambda: 0.0, RetryPolicy(attempts=2))
    return ApiClient(http, check_endpoint(url), credentials, clock=clock, retrier=retrier)


def oauth() -> OAuth:
    return OAuth(SimpleNamespace(token=lambda: TOKEN), "quota-project")


TARGETS = [
    "http://127.0.0.1:{port}/v1beta/tunedModels",
    "http://localhost:{port}/",
    "//127.0.0.1:{port}/",
    "http://user:word@127.0.0.1:{port}/",
    "http://generativelanguage.googleapis.com@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}\\@generativelanguage.googleapis.com/",
]


@pytest.mark.parametrize("credentials", [ApiKey(KEY), oauth()], ids=["key", "oauth"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 201, 200])
def test_no_redirect_is_followed(
    stranger: Stranger, credentials: Credentials, target: str, status: int
) -> None:
    """Neither by status nor by a header that some clients obey."""
    location = target.format(port=stranger.port)
    headers = {"Location": location, "Refresh": f"0; url={location}", "Content-Location": location}

    def answer(request: httpx.Request, _: httpx.Response) -> Reply:
        return status, headers, b'{"name": "x"}'

    with listening(None, answer) as url, open_client(check_endpoint(url)) as http:
        for call in CALLS:
            if status in (200, 201):
                client(url, credentials, http).send(call)
                continue
            with pytest.raises(RemoteError, match=r"redirects are not followed|300 ") as raised:
                client(url, credentials, http).send(call)
            assert KEY not in str(raised.value)
            assert TOKEN not in str(raised.value)
    assert stranger.heard == b""


PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def test_no_proxy_sees_what_is_sent_to_this_machine(stranger: Stranger) -> None:
    environ = dict.fromkeys(PROXIES, f"http://127.0.0.1:{stranger.port}")
    heard = []

    def answer(request: httpx.Request, _: httpx.Response) -> Reply:
        heard.append(request.headers["x-goog-api-key"])
        return 200, {}, b"{}"

    with (
        mock.patch.dict(os.environ, environ, clear=True),
        listening(None, answer) as url,
        open_client(check_endpoint(url)) as http,
    ):
        for call in CALLS:
            client(url, ApiKey(KEY), http).send(call)
    assert heard == [KEY] * len(CALLS)
    assert stranger.heard == b""


def test_a_proxy_on_the_way_to_the_service_sees_a_tunnel_only(stranger: Stranger) -> None:
    """TLS goes through it: the name of the host is all that it learns."""
    environ = dict.fromkeys(PROXIES, f"http://127.0.0.1:{stranger.port}")
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        open_client(check_endpoint(None)) as http,
    ):
        for credentials in (ApiKey(KEY), oauth()):
            with pytest.raises(RemoteError):
                client(None, credentials, http).send(CALLS[0])
    assert stranger.heard.startswith(f"(connected) CONNECT {GOOGLE_HOST}:443".encode())
    for secret in (KEY, TOKEN, "tunedModels", "quota-project"):
        assert secret.encode() not in stranger.heard


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://[::ffff:127.0.0.1]",
        "https://[::ffff:7f00:1]",
        "http://[::]",
        "http://[0::0]:80",
        "https://[2001:db8::1]",
        "https://[fe80::1%25lo]",
        "https://[::1].host.example",
        "https://[::1]@host.example",
        "https://[generativelanguage.googleapis.com]",
        "https://[v1.x]",
        "http://[::1]host.example",
        "http://::1",
        "http://127.0.0.1@host.example",
        "http://127.0.0.1:80@host.example",
        "http://localhost:word@host.example",
        "http://localhost%2ehost.example",
        "http://localhost%00.host.example",
        "http://127.0.0.1%2f@host.example",
        "http://017700000001",
        "http://0",
        "gopher://127.0.0.1",
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "https://metadata.google.internal",
        "http://169.254.169.254",
    ],
)
def test_hosts_that_only_look_trusted(endpoint: str) -> None:
    with pytest.raises(Refused):
        check_endpoint(endpoint)


@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize("source", ["manifest", "option", "environment", "file", "env"])
def test_an_endpoint_of_variables_is_judged_like_any_other(
    served: Served, source: str, sensitive: bool
) -> None:
    """Served by a host that nobody trusts: the key is not even read."""
    project, host = served.project, "host.example"
    project.model("numbers")
    declared = {
        "where": {"value": host if source == "manifest" else "none", "sensitive": sensitive}
    }
    project.settings(
        provider={"type": "gemini", "endpoint": "https://${var.where}"},
        variables=declared,
        environments={"prod": {"variables": {"where": host}}},
    )
    project.write("vars.yaml", f"where: {host}\n")
    more, environ = {
        "manifest": ((), {}),
        "option": (("--var", f"where={host}"), {}),
        "environment": ((), {"TUNEFORM_VAR_where": host}),
        "file": (("--var-file", "vars.yaml"), {}),
        "env": (("--env", "prod"), {}),
    }[source]
    for command in (("plan",), ("apply", "-y"), ("status",)):
        ran = project.run(*command, *more, **environ)
        assert ran.code == 5, ran
        assert "not trusted with credentials" in " ".join(ran.err.split())
        assert (host in ran.told) != sensitive
        assert served.key not in ran.told


def test_no_manifest_can_widen_the_trust(project: Project) -> None:
    project.model("numbers")
    project.settings(
        provider={"type": "gemini", "endpoint": "https://host.example"},
        variables={"TUNEFORM_TRUSTED_ENDPOINTS": "host.example"},
    )
    (project.root / ".env").write_text("TUNEFORM_TRUSTED_ENDPOINTS=host.example\n")
    assert project.run("plan", GEMINI_API_KEY=KEY).code in (3, 5)
