"""Providers in front of the practice service, in both of its dialects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tuneform.clock import SystemClock
from tuneform.domain.live import Live, LiveState
from tuneform.domain.spec import EndpointPolicy
from tuneform.providers.base import Provider
from tuneform.providers.gemini.provider import GeminiProvider
from tuneform.providers.gemini.provider import capabilities as gemini_capabilities
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.hints import KNOWN as GEMINI_KNOWN
from tuneform.providers.google.hints import Known
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.providers.vertex.api import Api
from tuneform.providers.vertex.bases import capabilities
from tuneform.providers.vertex.hints import KNOWN
from tuneform.providers.vertex.names import Home
from tuneform.providers.vertex.operations import Pace
from tuneform.providers.vertex.provider import VertexProvider
from tuneform.providers.vertex.storage import Bucket
from tuneform.service import Behaviour, Service, open_service
from tuneform.service.in_process import InProcess

HOME = Home("practice", "local")
BUCKET = "gs://practice/datasets"
LOOKS = 20_000  # until a training has ended: patience is a matter of looks, not of time


class Stopped(Exception):
    """The process was killed."""


class Cutting(httpx.BaseTransport):
    """Carries requests until a number of those that write have passed, and then no more.

    Args:
        inner: carries them.
        writes: how many may pass; None for any number.
        after: whether the last one arrives, and only its answer is lost.
    """

    def __init__(self, inner: httpx.BaseTransport, writes: int | None, *, after: bool) -> None:
        self.inner = inner
        self.writes = writes
        self.after = after
        self.seen: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        if self.writes is None or request.method == "GET":
            return self.inner.handle_request(request)
        if self.writes == 0:
            if self.after:
                self.inner.handle_request(request).read()
            raise Stopped
        self.writes -= 1
        return self.inner.handle_request(request)


@dataclass
class Practice:
    """One service, and ways to come to it."""

    service: Service
    stack: ExitStack

    def provider(
        self,
        *,
        writes: int | None = None,
        after: bool = False,
        policy: EndpointPolicy = "perVersion",
        home: Home = HOME,
    ) -> VertexProvider:
        """Another process, which may be stopped before or after one of its writes."""
        inner = InProcess(self.service)
        self.transport = Cutting(inner, writes, after=after)
        return vertex(self.stack, "any-key", transport=self.transport, policy=policy, home=home)


def a_client(
    stack: ExitStack,
    key: str,
    *,
    endpoint: str = "http://localhost",
    transport: httpx.BaseTransport | None = None,
    known: Sequence[Known] = GEMINI_KNOWN,
) -> ApiClient:
    admitted, clock = check_endpoint(endpoint), SystemClock()
    http = stack.enter_context(open_client(admitted, transport=transport))
    retrier = Retrier(clock, lambda: 0.0)
    return ApiClient(http, admitted, ApiKey(key), clock=clock, retrier=retrier, known=known)


def gemini(stack: ExitStack, key: str, **way: Any) -> GeminiProvider:
    """A provider that speaks tunedModels."""
    return GeminiProvider(a_client(stack, key, **way), gemini_capabilities("embedded"))


def vertex(
    stack: ExitStack,
    key: str,
    *,
    policy: EndpointPolicy = "perVersion",
    home: Home = HOME,
    **way: Any,
) -> VertexProvider:
    """A provider that speaks tuning jobs."""
    client = a_client(stack, key, known=KNOWN, **way)
    api = Api(client, home, SystemClock(), Pace(first=0.001, most=0.01, late=5.0))
    return VertexProvider(api, Bucket(client, BUCKET), capabilities("embedded"), policy)


@contextmanager
def practice(*, trains: bool = True, behaviour: Behaviour | None = None) -> Iterator[Practice]:
    """A service of its own."""
    with ExitStack() as stack:
        service = stack.enter_context(
            open_service(None, require_key=False, trains=trains, behaviour=behaviour)
        )
        if trains:
            service.start_training()
        yield Practice(service, stack)


def until(provider: Provider, remote: str, done: Callable[[Live | None], bool]) -> Live:
    """Look until something holds."""
    for _ in range(LOOKS):
        live = provider.observe(remote)
        if done(live):
            return live
    raise AssertionError(f"it never came to that: {live}")


def until_ended(provider: Provider, remote: str) -> Live:
    """Look until a training has ended."""
    return until(
        provider, remote, lambda live: live is None or live.state is not LiveState.TRAINING
    )
