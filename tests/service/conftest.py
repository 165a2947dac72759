"""A practice service to talk to, and the few words in which the tests talk to it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import Any

import httpx
import pytest

from tuneform.clock import SteeredClock
from tuneform.service import Service, open_service
from tuneform.service.server import running

BASE = "models/gemini-1.5-flash-001-tuning"
NUMBERS = [(str(n), str(n + 1)) for n in range(15)]


class Practice:
    """A client with a memory for how requests look."""

    BASE = BASE
    NUMBERS = NUMBERS

    def __init__(self, client: httpx.Client, service: Service) -> None:
        self.client = client
        self.service = service

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """One request; the path is below /v1beta unless it begins with a slash."""
        url = path if path.startswith("/") else f"/v1beta/{path}"
        return self.client.request(method, url, json=body, params=query)

    def raw(self, method: str, path: bytes, query: bytes = b"", **headers: bytes) -> httpx.Response:
        """A request that no well-bred client would send, straight into the WSGI callable."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "practice.invalid",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }
        environ |= {f"HTTP_{name}": value.decode("latin-1") for name, value in headers.items()}
        told: list[int] = []
        body = self.service.wsgi(environ, lambda status, *_: told.append(int(status[:3])))
        request = httpx.Request(method, "http://practice.invalid")
        return httpx.Response(told[0], content=b"".join(body), request=request)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer of a request that must succeed."""
        response = self.call(method, path, body, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The error of a request that must not; code and status as one."""
        response = self.call(method, path, body, **query)
        assert response.status_code >= 400, response.text
        error = response.json()["error"]
        assert error["code"] == response.status_code
        return error

    @staticmethod
    def body(examples: Sequence[tuple[str, str]] = NUMBERS, **more: Any) -> dict[str, Any]:
        """A create that is complete; `hyperparameters` go where they belong."""
        rows = [{"textInput": text, "output": output} for text, output in examples]
        task: dict[str, Any] = {"trainingData": {"examples": {"examples": rows}}}
        if "hyperparameters" in more:
            task["hyperparameters"] = more.pop("hyperparameters")
        origin = {} if "tunedModelSource" in more else {"baseModel": BASE}
        return origin | {"displayName": "Adder", "tuningTask": task} | more

    def create(self, model_id: str, examples: Sequence[tuple[str, str]] = NUMBERS, **more: Any):
        """Begin a training; the operation."""
        return self.ok("POST", "tunedModels", self.body(examples, **more), tunedModelId=model_id)

    def train(self, model_id: str, examples: Sequence[tuple[str, str]] = NUMBERS, **more: Any):
        """Train to the end; the operation."""
        return self.finished(self.create(model_id, examples, **more)["name"])

    def finished(self, operation: str) -> Any:
        """The operation once it is done; patience is a matter of polls, not of time."""
        for _ in range(20_000):
            answer = self.ok("GET", operation)
            if answer.get("done"):
                return answer
        raise AssertionError(f"{operation} does not end")

    def ask(self, model_id: str, text: str) -> str:
        """What a model answers."""
        body = {"contents": [{"parts": [{"text": text}]}]}
        answer = self.ok("POST", f"tunedModels/{model_id}:generateContent", body)
        return answer["candidates"][0]["content"]["parts"][0]["text"]

    def names(self, **query: Any) -> list[str]:
        """The names that a list gives, page by page."""
        answer = self.ok("GET", "tunedModels", **query)
        names = [model["name"] for model in answer.get("tunedModels", [])]
        token = answer.get("nextPageToken")
        return names + (self.names(**query | {"pageToken": token}) if token else [])


@contextmanager
def in_process(service: Service) -> Iterator[Practice]:
    """Speak with a service without a port."""
    transport = httpx.WSGITransport(service.wsgi)
    with httpx.Client(transport=transport, base_url="http://practice.invalid") as client:
        yield Practice(client, service)


@contextmanager
def over_a_port(service: Service) -> Iterator[Practice]:
    """Speak with a service through a socket."""
    with running(service) as url, httpx.Client(base_url=url, timeout=600) as client:
        yield Practice(client, service)


Opener = Callable[..., Practice]


@pytest.fixture
def practice_with() -> Iterator[Opener]:
    """Opens services with options; `training=False` leaves trainings waiting."""
    with ExitStack() as stack:

        def opener(*, training: bool = True, speak=in_process, **options: Any) -> Practice:
            options = {"clock": SteeredClock(), "require_key": False, "data": None} | options
            service = stack.enter_context(open_service(options.pop("data"), **options))
            if training:
                service.start_training()
            return stack.enter_context(speak(service))

        yield opener


@pytest.fixture
def practice(practice_with: Opener) -> Practice:
    """A service that trains at once, and asks for no key."""
    return practice_with()


@pytest.fixture(params=[in_process, over_a_port], ids=["in process", "over a port"])
def practice_both_ways(request: pytest.FixtureRequest, practice_with: Opener) -> Practice:
    """The same service without a port, and through one."""
    return practice_with(speak=request.param)


@pytest.fixture
def waiting(practice_with: Opener) -> Practice:
    """A service in which every training waits to be begun."""
    return practice_with(training=False)
