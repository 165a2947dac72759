"""The clock that tests steer, and the one that nobody does."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tuneform.clock import SteeredClock, SystemClock


def test_a_steered_clock_moves_only_by_what_is_slept():
    clock = SteeredClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == datetime(2026, 3, 1, tzinfo=UTC)
    clock.sleep(3600)
    clock.sleep(0)
    clock.sleep(-5)
    assert clock.now() == datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == 3600


def test_a_steered_clock_counts_the_sleeps_of_all_threads():
    clock = SteeredClock()
    threads = [
        threading.Thread(target=lambda: [clock.sleep(1) for _ in range(500)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() == 2000


def test_a_steered_clock_speaks_utc_and_refuses_a_naive_start():
    east = timezone(timedelta(hours=2))
    assert SteeredClock(datetime(2026, 1, 1, 2, tzinfo=east)).now() == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="aware"):
        SteeredClock(datetime(2026, 1, 1))  # noqa: DTZ001 (that it has no zone is the point)


def test_the_system_clock_is_aware_and_never_runs_backwards():
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    clock.sleep(-1)
    assert clock.monotonic() >= before
    assert clock.now().tzinfo is UTC
