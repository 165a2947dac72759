"""The practice service in its Vertex dialect, and the few words in which the tests talk to it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from tests.service.vertex.example import Held, Shelf, line

from tuneform.clock import SteeredClock
from tuneform.service import Service, open_service
from tuneform.service.in_process import InProcess

HOME = "projects/practice/locations/local"
BASE = "gemini-2.5-flash"
NUMBERS = [(str(n), str(n + 1)) for n in range(15)]
URI = "gs://practice/numbers.jsonl"


class Platform:
    """A client that talks below one project and location."""

    HOME, BASE, NUMBERS, URI = HOME, BASE, NUMBERS, URI

    def __init__(self, client: httpx.Client, service: Service, clock: SteeredClock) -> None:
        self.client = client
        self.service = service
        self.clock = clock
        self.put(URI, [line(*pair) for pair in NUMBERS])

    def put(self, uri: str, rows: list[dict[str, Any]] | bytes) -> str:
        """Put a file into a bucket; its URI."""
        data = rows
        if not isinstance(data, bytes):
            data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        self.service._vertex.tuning.datasets._objects.held[bucket, name] = Held(data)
        return uri

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """One request; the path is below /v1 and the location unless it says more."""
        url = path
        if not path.startswith("/"):
            url = f"/v1/{path}" if path.startswith("projects/") else f"/v1/{HOME}/{path}"
        return self.client.request(method, url, json=body, params=query)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer of a request that must succeed."""
        response = self.call(method, path, body, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(
        self, method: str, path: str, body: Any = None, **query: Any
    ) -> tuple[int, str, str]:
        """Code, status and message of a request that must not."""
        response = self.call(method, path, body, **query)
        assert response.status_code >= 400, response.text
        error = response.json()["error"]
        assert error["code"] == response.status_code
        return error["code"], error["status"], error["message"]

    @staticmethod
    def body(uri: str = URI, **more: Any) -> dict[str, Any]:
        """A create that is complete; `hyper` and `spec` go where they belong."""
        spec = {"trainingDatasetUri": uri, "exportLastCheckpointOnly": True} | more.pop("spec", {})
        if "hyper" in more:
            spec["hyperParameters"] = more.pop("hyper")
        origin = {} if {"preTunedModel", "pre_tuned_model"} & more.keys() else {"baseModel": BASE}
        return origin | {"tunedModelDisplayName": "Adder", "supervisedTuningSpec": spec} | more

    def create(self, uri: str = URI, **more: Any) -> dict[str, Any]:
        """Begin a job."""
        return self.ok("POST", "tuningJobs", self.body(uri, **more))

    def train(self, uri: str = URI, **more: Any) -> dict[str, Any]:
        """A job that came to its end."""
        return self.ended(self.create(uri, **more)["name"])

    def ended(self, name: str) -> dict[str, Any]:
        """The job once it has ended; patience is a matter of polls, not of time."""
        ends = ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED")
        for _ in range(20_000):
            job = self.ok("GET", name)
            if job["state"] in ends:
                return job
        raise AssertionError(f"{name} does not end: {job}")

    def done(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation once it is done."""
        assert "done" not in operation
        for _ in range(100):
            found = self.ok("GET", operation["name"])
            if found.get("done"):
                return found
            self.clock.sleep(1)
        raise AssertionError(f"{operation['name']} does not end")

    def did(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """The response of an operation that must succeed."""
        return self.done(self.ok(method, path, body, **query))["response"]

    def ask(self, endpoint: str, text: str, **more: Any) -> str:
        """What an endpoint answers."""
        body = more | {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        answer = self.ok("POST", f"{endpoint}:generateContent", body)
        return answer["candidates"][0]["content"]["parts"][0]["text"]

    def listed(self, kind: str, **query: Any) -> list[dict[str, Any]]:
        """Everything that a list gives, page by page."""
        answer = self.ok("GET", kind, **query)
        token = answer.get("nextPageToken")
        rest = self.listed(kind, **query | {"pageToken": token}) if token else []
        return answer.get(kind.rpartition("/")[2], []) + rest

    def clear(self, job: dict[str, Any]) -> None:
        """Delete what a job left, in the three steps."""
        endpoint, model = job["tunedModel"]["endpoint"], job["tunedModel"]["model"]
        for deployed in self.ok("GET", endpoint)["deployedModels"]:
            self.did("POST", f"{endpoint}:undeployModel", {"deployedModelId": deployed["id"]})
        self.did("DELETE", endpoint)
        self.did("DELETE", model.partition("@")[0])


Opener = Callable[..., Platform]


@pytest.fixture
def platform_with() -> Iterator[Opener]:
    """Opens services with options; `training=False` leaves jobs waiting."""
    with ExitStack() as stack:

        def opener(*, training: bool = True, **options: Any) -> Platform:
            clock = SteeredClock()
            options = {"clock": clock, "require_key": False, "data": None} | options
            service = stack.enter_context(open_service(options.pop("data"), **options))
            service._vertex.tuning.datasets._objects = Shelf()
            if training:
                service.start_training()
            client = httpx.Client(transport=InProcess(service), base_url="http://practice.invalid")
            return Platform(stack.enter_context(client), service, clock)

        yield opener


@pytest.fixture
def platform(platform_with: Opener) -> Platform:
    """A service that trains at once, and asks for no key."""
    return platform_with()


@pytest.fixture
def waiting(platform_with: Opener) -> Platform:
    """A service in which every job waits."""
    return platform_with(training=False)
