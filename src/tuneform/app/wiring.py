"""Chooses implementations: which provider, which ledger and its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tuneform.app.invocation import Invocation
from tuneform.domain.capabilities import Capabilities
from tuneform.domain.names import Owner
from tuneform.domain.spec import ProjectSpec, ProviderSpec
from tuneform.errors import LocalError, Locked, UsageError
from tuneform.ledger.base import Ledger, Record
from tuneform.providers.base import Provider
from tuneform.providers.gemini.bases import capabilities

if TYPE_CHECKING:
    from tuneform.app.speaking import Line
    from tuneform.domain.record import LockState
    from tuneform.ledger.address import Address

PRACTICE_FOLDER = ".practice"
PRACTICE_BASE = "models/gemini-1.5-flash-001-tuning"
"""What the practice service tunes in either dialect, so that one project rehearses both."""

STEP_SECONDS = "TUNEFORM_STEP_SECONDS"
LONGEST_STEP = 3600
"""An hour for a step: nobody who rehearses means more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A provider that is ready.

    Attributes:
        provider: to be asked.
        poll_first, poll_most: seconds between two looks at trainings, at first and later on.
        ledger: written under the lock of the owner; None where no lock is held.
    """

    provider: Provider
    poll_first: float
    poll_most: float
    ledger: Ledger | None = None


def capabilities_of(provider: ProviderSpec) -> Capabilities:
    """What a provider can do; nothing is opened."""
    match provider.type, provider.dialect:
        case "vertex", _:
            from tuneform.providers.vertex import bases

            return bases.capabilities("vertex", provider.bases, provider.location)
        case "embedded", "vertex":
            from tuneform.providers.vertex import bases

            return bases.capabilities("embedded", (PRACTICE_BASE,))
        case kind, _:
            return capabilities(kind)


def keys_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The API keys that stand in the environment, to be kept out of a text; the ledger's as well.

    A password of a ledger may be part of its URL, as it is written there or without its escapes.
    """
    from tuneform.providers.google.credentials import KEY_VARIABLES

    authority = environ.get("TUNEFORM_LEDGER", "").partition("://")[2]
    _, _, written = authority.rpartition("@")[0].partition(":")
    secrets = (*map(environ.get, KEY_VARIABLES), written, unquote(written))
    return tuple(dict.fromkeys(filter(None, secrets)))


def open_provider(
    project: ProjectSpec, invocation: Invocation, *, trains: bool
) -> AbstractContextManager[Opened]:
    """Open the project's provider.

    Args:
        project: names it.
        invocation: credentials come from its environment variables.
        trains: whether trainings go on in this process, where the provider trains in processes.
    """
    return _PROVIDERS[project.provider.type](project, invocation, trains)


@contextmanager
def open_to_write(
    project: ProjectSpec, owner: Owner, command: str, invocation: Invocation, *, trains: bool
) -> Iterator[Opened]:
    """Hold the owner's lock, and open the provider: for whatever changes an owner's objects.

    Args:
        project: names provider and ledger.
        owner: whose objects.
        command: told to whoever has to wait.
        invocation: says how long to wait for another holder.
        trains: as for `open_provider`.

    Raises:
        Locked: another run holds it.
        LocalError: the ledger cannot be used; nothing was done.
    """
    from tuneform.ledger.lock import Patience, Purpose

    address = _address(project, invocation)
    patience = Patience(invocation.lock_timeout, invocation.tell)
    with (
        address.locked(owner, Purpose(command, invocation.user), patience) as ledger,
        open_provider(project, invocation, trains=trains) as opened,
    ):
        yield replace(opened, ledger=ledger)


def record_of(project: ProjectSpec, invocation: Invocation) -> Record:
    """The project's ledger, for asking; nothing is made by that."""
    return _address(project, invocation).record()


def ledger_of(project: ProjectSpec, invocation: Invocation) -> Ledger:
    """The project's ledger, for writing without a lock; nothing is made yet."""
    return _address(project, invocation).ledger()


def lock_state(project: ProjectSpec, owner: Owner, invocation: Invocation) -> LockState:
    """Who holds the owner's lock."""
    return _address(project, invocation).lock_state(owner)


def _address(project: ProjectSpec, invocation: Invocation) -> Address:
    from tuneform.ledger.address import Address

    url = invocation.environ.get("TUNEFORM_LEDGER") or project.ledger
    return Address(url, invocation.root, invocation.clock)


@contextmanager
def _open_gemini(project: ProjectSpec, invocation: Invocation, _trains: bool) -> Iterator[Opened]:
    from tuneform.app.speaking import Line, speak_gemini
    from tuneform.providers.google.client import open_client
    from tuneform.providers.google.credentials import Discreet, choose_credentials
    from tuneform.providers.google.trust import VARIABLE, check_endpoint, trusted_entries

    trusted = trusted_entries(invocation.environ.get(VARIABLE, ""))
    endpoint = check_endpoint(project.provider.endpoint, trusted)
    credentials = Discreet(choose_credentials(invocation.environ), project.secrets)
    with open_client(endpoint) as http:
        line = Line(http, endpoint, credentials, invocation.clock)
        provider = speak_gemini(line, capabilities_of(project.provider))
        # On loopback a training lasts seconds, on the real service it lasts minutes.
        yield Opened(provider, 0.2, 2.0) if endpoint.loopback else Opened(provider, 2.0, 20.0)


@contextmanager
def _open_vertex(project: ProjectSpec, invocation: Invocation, _trains: bool) -> Iterator[Opened]:
    from tuneform.app.speaking import Line, home_of, speak_vertex
    from tuneform.providers.google.client import open_client
    from tuneform.providers.google.credentials import Discreet, vertex_credentials
    from tuneform.providers.google.trust import VARIABLE, check_endpoint, trusted_entries
    from tuneform.providers.vertex.hosts import STORAGE_HOST, host_of
    from tuneform.providers.vertex.operations import Pace

    spec, clock = project.provider, invocation.clock
    trusted = trusted_entries(invocation.environ.get(VARIABLE, ""))
    endpoint = check_endpoint(spec.endpoint, trusted, own=host_of(home_of(spec)))
    local = endpoint.loopback
    # What answers on this machine is the practice service, which has the storage at one address.
    wanted = spec.storage_endpoint or (endpoint.url if local else None)
    field = "provider.storageEndpoint"
    storage = check_endpoint(wanted, trusted, own=STORAGE_HOST, field=field)
    credentials = Discreet(vertex_credentials(invocation.environ), project.secrets)
    with open_client(endpoint) as http, open_client(storage) as storage_http:
        provider = speak_vertex(
            Line(http, endpoint, credentials, clock),
            Line(storage_http, storage, credentials, clock),
            spec,
            capabilities_of(spec),
            Pace(first=0.1, most=1.0) if local else Pace(),
        )
        # On loopback a training lasts seconds, on the real service up to hours.
        yield Opened(provider, 0.2, 2.0) if local else Opened(provider, 10.0, 60.0)


@contextmanager
def _open_embedded(project: ProjectSpec, invocation: Invocation, trains: bool) -> Iterator[Opened]:
    try:
        from tuneform.service import DataUnusable, TrainerBusy, open_service
    except ImportError as error:
        raise LocalError(
            f"provider embedded needs the practice service: {error.name} is not installed",
            hint="pip install 'tuneform[embedded]'",
        ) from error
    import httpx

    from tuneform.app.speaking import Line
    from tuneform.providers.google.client import open_client
    from tuneform.providers.google.credentials import ApiKey, Discreet
    from tuneform.providers.google.trust import check_endpoint

    pace = _step_seconds(invocation)
    folder = invocation.folder_inside(project.provider.data or PRACTICE_FOLDER)
    endpoint = check_endpoint("http://127.0.0.1", ())
    try:
        service = open_service(
            folder / "service.db",
            clock=invocation.clock,
            require_key=False,
            trains=trains,
            step_seconds=pace,
            # Paced trainings mostly wait, and may overlap; others only contend for this process.
            workers=4 if pace else 1,
        )
    except TrainerBusy as error:
        raise Locked(str(error), hint="wait until it ends, or stop it") from error
    except DataUnusable as error:
        raise LocalError(
            str(error),
            hint="mend that, move the file away (its models are lost then), or name another folder "
            "under provider.data",
        ) from error
    with service, open_client(endpoint, transport=httpx.WSGITransport(service.wsgi)) as http:
        if trains:
            service.start_training()
        credentials = Discreet(ApiKey("practice"), project.secrets)
        line = Line(http, endpoint, credentials, invocation.clock)
        yield Opened(_practised(project.provider, line), 0.05, 1.0)


def _practised(spec: ProviderSpec, line: Line) -> Provider:
    """The practice service within the process, in the dialect that is rehearsed."""
    from tuneform.app.speaking import speak_gemini, speak_vertex
    from tuneform.providers.vertex.operations import Pace

    if spec.dialect == "vertex":
        pace = Pace(first=0.01, most=0.5)
        return speak_vertex(line, line, spec, capabilities_of(spec), pace)
    return speak_gemini(line, capabilities_of(spec))


def _step_seconds(invocation: Invocation) -> float:
    """How long each step of the embedded service lasts, so that progress can be watched."""
    text = invocation.environ.get(STEP_SECONDS) or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_STEP:
        raise UsageError(
            f"{STEP_SECONDS}={text!r} is not a count of seconds from 0 to {LONGEST_STEP}",
            hint="such as 0.05, or leave it unset to train as fast as it can",
        )
    return seconds


_PROVIDERS: dict[str, Callable[[ProjectSpec, Invocation, bool], AbstractContextManager[Opened]]] = {
    "embedded": _open_embedded,
    "gemini": _open_gemini,
    "vertex": _open_vertex,
}
