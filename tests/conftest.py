"""What holds for every test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests import server

# No test depends on how fast the machine is. In CI the same examples are tried each time, so that
# a change is judged and not the dice; elsewhere they differ, and find more.
settings.register_profile("tuneform", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tuneform")


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.Server]:
    """A PostgreSQL server for all tests of this process; those that need it are skipped without."""
    if reason := server.missing():
        pytest.skip(reason)
    with server.running() as running:
        yield running
