"""What holds for every test."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from tests import server

# No test depends on how fast the machine is. In CI the same examples are tried each time, so that
# a change is judged and not the dice; elsewhere they differ, and find more.
settings.register_profile("tuneform", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tuneform")

HERE = frozenset({None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})
"""Hosts that may be asked for: this machine."""


def _stay_here(happening: str, arguments: tuple[Any, ...]) -> None:
    """Look up no name abroad, and send no datagram there.

    pytest-socket (see pyproject.toml) watches connections only, and a name that is asked for
    leaves the machine before any connection does.
    """
    match happening:
        case "socket.getaddrinfo" | "socket.gethostbyname":
            host = arguments[0]
        case "socket.sendto" | "socket.sendmsg":
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None
        case _:
            return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in HERE:
        raise AssertionError(f"a test asked the network for {host}")


sys.addaudithook(_stay_here)


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.Server]:
    """A PostgreSQL server for all tests of this process; those that need it are skipped without."""
    if reason := server.missing():
        pytest.skip(reason)
    with server.running() as running:
        yield running
