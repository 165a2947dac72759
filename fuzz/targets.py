"""Any bytes as a manifest, a project, a dataset, a plan file and a reply of a service.

Whatever they are, there is a value or an error of ours: nothing else is ever raised.

`documents.py` hands them to atheris, and `tests/security` to hypothesis.
"""

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Final

import httpx

from tuneform.clock import SteeredClock
from tuneform.dataset.read import parse
from tuneform.dataset.rows import Fault, Unusable
from tuneform.domain.spec import DatasetRef, Format
from tuneform.errors import TuneformError
from tuneform.manifest.compose import documents
from tuneform.manifest.discover import PROJECT_FILE
from tuneform.manifest.document import Setting, read_document
from tuneform.manifest.interpolate import Variables
from tuneform.manifest.project import Choice, read_project
from tuneform.manifest.source import Source, decode
from tuneform.manifest.syntax import Broken
from tuneform.manifest.variables import VariableSources
from tuneform.planfile import read_document as read_plan
from tuneform.providers.gemini.bases import capabilities
from tuneform.providers.gemini.provider import GeminiProvider
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.said import read_error
from tuneform.providers.google.trust import check_endpoint

FORMATS: Final[tuple[Format, ...]] = ("jsonl", "json", "csv", "tsv")


def try_manifest(data: bytes) -> None:
    """Every document is a model, or has diagnostics."""
    source = decode("m/a.yaml", data)
    for root in documents(source) if isinstance(source, Source) else ():
        if isinstance(source, Source) and not isinstance(root, Broken):
            outcome = read_document(source, root, Setting(Variables()))
            assert outcome.model or outcome.diagnostics


def try_project(data: bytes) -> None:
    """The file is a project, or has diagnostics."""
    source = decode(PROJECT_FILE, data)
    if isinstance(source, Source):
        reading = read_project(source, Choice(None, VariableSources(), "0.1.0"))
        assert reading.project or reading.diagnostics


def try_plan(data: bytes) -> None:
    """The file is a plan, or refused with an error of ours."""
    with contextlib.suppress(TuneformError):
        read_plan(data)


def try_dataset(data: bytes) -> None:
    """Every row can be sent, or is a mistake with its line. The first byte chooses the format."""
    chosen, content = data[:1], data[1:]
    ref = DatasetRef("x", FORMATS[chosen[0] % len(FORMATS)] if chosen else "json")
    with contextlib.suppress(Unusable):
        for found in parse([content] if content else [], ref):
            if isinstance(found, Fault):
                assert found.detail
                continue
            for row in found.rows():
                f"{row.text_input}{row.output}".encode()


def try_error(data: bytes) -> None:
    """The body is an error of the API, or none."""
    read_error(data)


def try_list(data: bytes) -> None:
    """The body is a page of live objects, or refused with an error of ours."""
    provider, say = _provider()
    say(data)
    with contextlib.suppress(TuneformError):
        for live in provider.list():
            assert live.remote


@cache
def _provider() -> tuple[GeminiProvider, Callable[[bytes], None]]:
    """A provider, and what makes its service say something; made once, as it takes a while."""
    endpoint, clock, said = check_endpoint(None), SteeredClock(), [b""]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=said[-1]))
    http = open_client(endpoint, transport=transport)
    retrier = Retrier(clock, lambda: 0.5)
    client = ApiClient(http, endpoint, ApiKey("key"), clock=clock, retrier=retrier)
    provider = GeminiProvider(client, capabilities("gemini"))
    return provider, lambda body: said.__setitem__(0, body)


TARGETS: Final[tuple[Callable[[bytes], None], ...]] = (
    try_manifest,
    try_project,
    try_dataset,
    try_plan,
    try_error,
    try_list,
)


def one_input(data: bytes) -> None:
    """The first byte chooses the target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])
