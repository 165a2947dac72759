"""One run of an owner at a time, and a clear word to whoever comes second."""

import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager

import pytest
from tests.ledger.kinds import Kind, Somewhere

from tuneform.domain.names import Owner
from tuneform.domain.plan import Delete
from tuneform.domain.record import Holder, LockState
from tuneform.errors import LocalError, Locked
from tuneform.ledger.advisory import key_of
from tuneform.ledger.base import RunInfo
from tuneform.ledger.lock import Patience, Purpose

DEMO, PROD = Owner("demo"), Owner("demo", "prod")
AT_ONCE = Patience()
APPLY = Purpose("apply", "ada")

HOLD = """
import sys
from pathlib import Path
from tuneform.clock import SystemClock
from tuneform.domain.names import Owner
from tuneform.ledger.address import Address
from tuneform.ledger.lock import Patience, Purpose
address = Address(sys.argv[1], Path("/"), SystemClock())
with address.locked(Owner("demo"), Purpose("destroy", "eve"), Patience()):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(kind: Kind):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, kind.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_whoever_comes_second_is_told_who_holds_it(kind):
    with (
        kind.address.locked(DEMO, APPLY, AT_ONCE),
        pytest.raises(Locked) as caught,
        kind.address.locked(DEMO, APPLY, AT_ONCE),
    ):
        pass
    assert caught.value.exit_code == 7
    assert caught.value.message == (
        f"`tuneform apply` is writing for demo: process {os.getpid()} of ada on "
        f"{platform.node()}, since 2026-03-04 12:00:00 UTC"
    )
    assert "Wait until it ends" in caught.value.hint
    assert "--lock-timeout" in caught.value.hint


def test_it_is_free_again_afterwards(kind):
    for _ in range(2):
        with kind.address.locked(DEMO, APPLY, AT_ONCE):
            assert kind.address.lock_state(DEMO).held
        assert kind.address.lock_state(DEMO) == LockState(held=False)


def test_it_is_free_again_after_an_error(kind):
    with pytest.raises(ZeroDivisionError), kind.address.locked(DEMO, APPLY, AT_ONCE):
        raise ZeroDivisionError
    with kind.address.locked(DEMO, APPLY, AT_ONCE):
        pass


def test_owners_do_not_meet(kind):
    with (
        kind.address.locked(DEMO, APPLY, AT_ONCE),
        kind.address.locked(PROD, Purpose("prune"), AT_ONCE),
    ):
        assert kind.address.lock_state(DEMO).holder.command == "apply"
        assert kind.address.lock_state(PROD).holder.command == "prune"


def test_who_holds_it_can_be_seen_without_touching_it(kind):
    assert kind.address.lock_state(DEMO) == LockState(held=False)
    assert not kind.exists(), "asking makes nothing"
    with kind.address.locked(DEMO, APPLY, AT_ONCE):
        holder = Holder(os.getpid(), platform.node(), "2026-03-04T12:00:00+00:00", "apply", "ada")
        assert kind.address.lock_state(DEMO) == LockState(held=True, holder=holder)
        assert kind.address.lock_state(PROD) == LockState(held=False)


def test_waiting_ends_with_the_timeout_and_tells_once_who_is_waited_for(kind, clock):
    told = []
    with (
        kind.address.locked(DEMO, APPLY, AT_ONCE),
        pytest.raises(Locked),
        kind.address.locked(DEMO, APPLY, Patience(5.0, told.append)),
    ):
        pass
    assert clock.monotonic() == pytest.approx(5.0)
    (sentence,) = told
    assert sentence.startswith("Waiting: `tuneform apply` is writing for demo: process ")


def test_whoever_waits_gets_it_when_it_is_free(kind):
    told = []
    with another(kind) as holder:

        def let_go(sentence: str) -> None:
            told.append(sentence)
            holder.stdin.close()
            holder.wait()

        with kind.address.locked(DEMO, APPLY, Patience(3600.0, let_go)):
            assert kind.address.lock_state(DEMO).holder.pid == os.getpid()
    assert len(told) == 1


def test_a_holder_that_is_killed_lets_go(kind):
    with another(kind) as holder:
        state = kind.address.lock_state(DEMO)
        assert (state.holder.pid, state.holder.who) == (holder.pid, "eve")
        with (
            pytest.raises(Locked, match=f"`tuneform destroy` .* process {holder.pid} of eve"),
            kind.address.locked(DEMO, APPLY, AT_ONCE),
        ):
            pass
        holder.kill()
        holder.wait()
    # A server hears of it when the system closes the dead process's connection.
    with kind.address.locked(DEMO, APPLY, Patience(3600.0)):
        assert kind.address.lock_state(DEMO).holder.pid == os.getpid()


def test_what_is_written_under_it_is_there(kind):
    with kind.address.locked(DEMO, APPLY, AT_ONCE) as ledger:
        run = ledger.begin_run(RunInfo("apply", DEMO, who="ada"))
        ledger.settle(ledger.intend(run, "support", Delete("tunedModels/x")), "done")
        ledger.end_run(run, "ended", 0)
        (found,) = ledger.runs(DEMO)
    assert (found.who, found.exit_code, len(found.steps)) == ("ada", 0, 1)


# --- in a file


@pytest.fixture
def file(tmp_path, clock):
    return Somewhere(f"sqlite:///{tmp_path}/ledger.db", clock)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"pid": 1}', "\x00", '{"since": 5}', "oops", "[" * 9_000, "[" * 99_000, None],
    ids=lambda content: repr(content)[:20],
)
def test_a_holder_that_says_nothing_sensible_holds_it_all_the_same(tmp_path, file, content):
    with file.address.locked(DEMO, APPLY, AT_ONCE):
        if content is None:
            (tmp_path / "locks" / "demo.json").unlink()
        else:
            (tmp_path / "locks" / "demo.json").write_text(content)
        assert file.address.lock_state(DEMO) == LockState(held=True)
        with (
            pytest.raises(Locked, match="another run is writing for demo"),
            file.address.locked(DEMO, APPLY, AT_ONCE),
        ):
            pass


def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(tmp_path, file):
    with file.address.locked(DEMO, APPLY, AT_ONCE):
        (tmp_path / "locks" / "demo.json").unlink()
        os.mkfifo(tmp_path / "locks" / "demo.json")
        assert file.address.lock_state(DEMO) == LockState(held=True)
    (tmp_path / "locks" / "demo.lock").unlink()
    os.mkfifo(tmp_path / "locks" / "demo.lock")
    assert file.address.lock_state(DEMO) == LockState(held=False)


def test_what_a_dead_holder_said_is_not_believed(tmp_path, file):
    with another(file) as holder:
        holder.kill()
        holder.wait()
    assert json.loads((tmp_path / "locks" / "demo.json").read_text())["command"] == "destroy"
    assert file.address.lock_state(DEMO) == LockState(held=False)


def test_a_place_that_cannot_be_used_is_told(tmp_path, clock):
    (tmp_path / "file").write_text("x")
    kind = Somewhere(f"sqlite:///{tmp_path}/file/ledger.db", clock)
    with (
        pytest.raises(LocalError, match="the lock cannot be made") as caught,
        kind.address.locked(DEMO, APPLY, AT_ONCE),
    ):
        pass
    assert caught.value.hint


# --- on a server


def test_keys_differ_and_fit():
    keys = {key_of(f"demo-{at}") for at in range(1000)}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_a_key_is_the_same_in_every_release():
    assert key_of("demo/prod") == 8887684350278717838
    assert key_of("demo") == -417955075513416472
