"""One ledger after the other: the same tests for each kind."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from tests.ledger.kinds import Kind, OnServer, Somewhere

from tuneform.clock import SteeredClock
from tuneform.ledger.base import Ledger

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(NOON)


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request, tmp_path, clock) -> Kind:
    """Where a ledger is, that was never written."""
    if request.param == "sqlite":
        return Somewhere(f"sqlite:///{tmp_path}/.tuneform/ledger.db", clock)
    return OnServer(request.getfixturevalue("postgres").database(), clock)


@pytest.fixture
def ledger(kind) -> Iterator[Ledger]:
    with closing(kind.open()) as opened:
        yield opened
