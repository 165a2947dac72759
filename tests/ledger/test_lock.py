"""One run of an owner at a time, and a clear word to whoever comes second."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tuneform.clock import SteeredClock
from tuneform.domain.names import Owner
from tuneform.errors import LocalError, Locked
from tuneform.ledger.lock import owner_lock

DEMO, PROD = Owner("demo"), Owner("demo", "prod")

HOLD = """
import sys
from pathlib import Path
from tuneform.clock import SystemClock
from tuneform.domain.names import Owner
from tuneform.ledger.lock import owner_lock
with owner_lock(Path(sys.argv[1]), Owner("demo"), "destroy", 0.0, SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def clock():
    return SteeredClock(datetime(2026, 3, 4, 12, tzinfo=UTC))


def test_whoever_comes_second_is_told_who_holds_it(tmp_path, clock):
    with (
        owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
        pytest.raises(Locked) as caught,
        owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
    ):
        pass
    assert caught.value.message.startswith("`tuneform apply` is writing for demo: ")
    assert f"process {os.getpid()} on " in caught.value.message
    assert caught.value.message.endswith("since 2026-03-04 12:00:00 UTC")
    assert "Wait until it ends" in caught.value.hint


def test_it_is_free_again_afterwards(tmp_path, clock):
    for _ in range(2):
        with owner_lock(tmp_path, DEMO, "apply", 0.0, clock):
            assert (tmp_path / "demo.json").exists()
    assert not (tmp_path / "demo.json").exists()


def test_it_is_free_again_after_an_error(tmp_path, clock):
    with pytest.raises(ZeroDivisionError), owner_lock(tmp_path, DEMO, "apply", 0.0, clock):
        raise ZeroDivisionError
    with owner_lock(tmp_path, DEMO, "apply", 0.0, clock):
        pass


def test_owners_do_not_meet(tmp_path, clock):
    with (
        owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
        owner_lock(tmp_path, PROD, "apply", 0.0, clock),
    ):
        assert (tmp_path / "demo@prod.json").exists()


def test_waiting_ends_with_the_timeout(tmp_path, clock):
    with (
        owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
        pytest.raises(Locked),
        owner_lock(tmp_path, DEMO, "apply", 5.0, clock),
    ):
        pass
    assert clock.monotonic() == pytest.approx(5.0)


def test_a_holder_that_dies_lets_go(tmp_path, clock):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Locked, match=f"`tuneform destroy` .* process {holder.pid} "),
            owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
        ):
            pass
        holder.kill()
        holder.wait()
    assert (tmp_path / "demo.json").exists(), "what the dead holder said is left"
    with owner_lock(tmp_path, DEMO, "apply", 0.0, clock):
        said = json.loads((tmp_path / "demo.json").read_text())
        assert (said["pid"], said["command"]) == (os.getpid(), "apply")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}', "\x00", '{"since": 5}', None])
def test_a_holder_that_says_nothing_sensible_holds_it_all_the_same(tmp_path, clock, content):
    with owner_lock(tmp_path, DEMO, "apply", 0.0, clock):
        if content is None:
            (tmp_path / "demo.json").unlink()
        else:
            (tmp_path / "demo.json").write_text(content)
        with (
            pytest.raises(Locked, match="another run is writing for demo"),
            owner_lock(tmp_path, DEMO, "apply", 0.0, clock),
        ):
            pass


def test_a_place_that_cannot_be_used_is_told(tmp_path, clock):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(LocalError, match="the lock cannot be made") as caught,
        owner_lock(tmp_path / "file", DEMO, "apply", 0.0, clock),
    ):
        pass
    assert caught.value.hint
