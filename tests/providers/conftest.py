"""Ways to build a provider whose replies are written out in the test."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
import pytest

from tuneform.clock import SteeredClock
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.providers.base import Creation
from tuneform.providers.gemini.provider import GeminiProvider, capabilities
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier, RetryPolicy
from tuneform.providers.google.trust import check_endpoint

KEY = "planted-key-0123456789"
REMOTE = "tunedModels/support-abcdefghij"


@dataclass
class Scripted:
    """A provider, the requests that reached the other side, and the clock that it slept on."""

    provider: GeminiProvider
    client: ApiClient
    clock: SteeredClock
    requests: list[httpx.Request] = field(default_factory=list)

    def bodies(self) -> list[object]:
        return [json.loads(each.content) if each.content else None for each in self.requests]

    def lines(self) -> list[str]:
        return [f"{each.method} {each.url.raw_path.decode()}" for each in self.requests]


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def scripted():
    """Give the replies in their order; asking for one more is a failure."""

    def build(*answers: Answer, endpoint: str | None = None, notice=lambda _: None) -> Scripted:
        script = iter(answers)
        requests: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            reply = next(script, None)
            assert reply is not None, f"one request too many: {request.method} {request.url}"
            if isinstance(reply, Exception):
                raise reply
            return reply if isinstance(reply, httpx.Response) else reply(request)

        admitted = check_endpoint(endpoint)
        clock = SteeredClock()
        client = ApiClient(
            open_client(admitted, transport=httpx.MockTransport(answer)),
            admitted,
            ApiKey(KEY),
            clock=clock,
            retrier=Retrier(clock, lambda: 0.5, RetryPolicy(), notice),
        )
        return Scripted(GeminiProvider(client, capabilities("gemini")), client, clock, requests)

    return build


def reply(value: object, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON reply."""
    return httpx.Response(
        status, json=value, headers={name.replace("_", "-"): each for name, each in headers.items()}
    )


def failed(status: int, name: str, message: str, details: Iterable[object] = (), **headers: str):
    """An error as section 6 of the API reference shows it."""
    error = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = list(details)
    return reply({"error": error}, status, **headers)


def a_mark(**words) -> Mark:
    return Mark(
        owner="demo/prod",
        model="support",
        fingerprint="abcdefghij",
        data="klmnopqrst",
        **words,
    )


def a_creation(**changes) -> Creation:
    values = {
        "remote": REMOTE,
        "base": "models/gemini-1.5-flash-001-tuning",
        "source": None,
        "hyperparameters": Hyperparameters(epoch_count=5, learning_rate=0.001),
        "fields": Fields(display_name="Support", description="Answers.", temperature=0.7),
        "mark": a_mark(),
        "data": "da" * 32,
        "examples": [("1", "2"), ("zwölf", "dreizehn 🎈")],
    }
    return Creation(**{**values, **changes})


@pytest.fixture
def say():
    """The words that tests share: replies, marks and creations."""

    class Words:
        key = KEY
        remote = REMOTE

    Words.reply = staticmethod(reply)
    Words.failed = staticmethod(failed)
    Words.mark = staticmethod(a_mark)
    Words.creation = staticmethod(a_creation)
    return Words
