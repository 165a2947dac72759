"""Puts a provider in front of a service that was reached: one function for each API.

Which service that is, and with which credentials, is chosen in `wiring`, which imports this only
when a provider is opened.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tuneform.clock import Clock
from tuneform.domain.capabilities import Capabilities
from tuneform.domain.spec import ProviderSpec
from tuneform.providers.base import Provider
from tuneform.providers.google.client import ApiClient
from tuneform.providers.google.credentials import Credentials
from tuneform.providers.google.hints import KNOWN, Known
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import Endpoint

if TYPE_CHECKING:
    import httpx

    from tuneform.providers.vertex.names import Home
    from tuneform.providers.vertex.operations import Pace

PRACTICE_PROJECT: Final = "practice"
PRACTICE_LOCATION: Final = "local"
PRACTICE_BUCKET: Final = "gs://practice/datasets"
"""What the practice service is asked as where nothing says otherwise; it takes any."""


@dataclass(frozen=True, slots=True)
class Line:
    """A way to a service.

    Attributes:
        http: an open client.
        endpoint: that was admitted.
        credentials: for it.
        clock: to wait on.
    """

    http: httpx.Client
    endpoint: Endpoint
    credentials: Credentials
    clock: Clock


def home_of(spec: ProviderSpec) -> Home:
    """The project and location that tuning jobs are in.

    Raises:
        InvalidRequest: one of them is none.
    """
    from tuneform.providers.vertex.names import Home

    return Home(spec.project or PRACTICE_PROJECT, spec.location or PRACTICE_LOCATION)


def speak_gemini(line: Line, capabilities: Capabilities) -> Provider:
    """The tunedModels API."""
    from tuneform.providers.gemini.provider import GeminiProvider

    return GeminiProvider(_client(line, KNOWN), capabilities)


def speak_vertex(
    line: Line, storage: Line, spec: ProviderSpec, capabilities: Capabilities, pace: Pace
) -> Provider:
    """Tuning jobs, with the storage that their examples are uploaded to.

    Args:
        line: to the API of tuning jobs.
        storage: to Cloud Storage.
        spec: project, location, bucket and policy.
        capabilities: of the service.
        pace: how operations are waited for.
    """
    from tuneform.providers.vertex import hints
    from tuneform.providers.vertex.api import Api
    from tuneform.providers.vertex.provider import VertexProvider
    from tuneform.providers.vertex.storage import Bucket

    return VertexProvider(
        Api(_client(line, hints.KNOWN), home_of(spec), line.clock, pace),
        Bucket(_client(storage, hints.KNOWN), spec.dataset_bucket or PRACTICE_BUCKET),
        capabilities,
        spec.endpoint_policy,
    )


def _client(line: Line, known: Sequence[Known]) -> ApiClient:
    return ApiClient(
        line.http,
        line.endpoint,
        line.credentials,
        clock=line.clock,
        retrier=Retrier(line.clock, random.random),
        known=known,
    )
