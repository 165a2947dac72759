"""`apply` with a ledger on PostgreSQL: killed, or its server stopped, or its session cut.

Whatever happens: nothing is begun without a record, the lock is free, one apply more puts all
right, and nothing is trained twice.
"""

import os
from contextlib import closing

import pytest
from tests.reliability.crash import (
    KILLED,
    Runner,
    another,
    check_after_the_crash,
    check_convergence,
    make_first,
)

EVERY = bool(os.environ.get("TUNEFORM_EVERY_CRASH"))
SEAMS = ("before-request", "after-reply", "before-commit", "after-commit")
SEAMS = SEAMS if EVERY else SEAMS[1::2]
FIRST, STEP, MOST = (1, 1, 1_000) if EVERY else (5, 16, 1_000)
"""Some instants, from the trainings that have just begun; all of them on request."""


@pytest.fixture(scope="module")
def runner():
    with closing(Runner()) as runner:
        yield runner


@pytest.fixture(scope="module")
def first(postgres, tmp_path_factory):
    """A world that is applied, with changes to come, and the URL of its ledger."""
    url = postgres.database()
    folder = tmp_path_factory.mktemp("shared") / "first"
    return make_first(folder, "gemini", TUNEFORM_LEDGER=url), url


@pytest.fixture
def renew(postgres, first, tmp_path):
    """Makes copies of that world, each with a ledger of its own."""
    folder, url = first

    def make():
        ledger = postgres.database(like=url)
        return another(folder, tmp_path / "world", "gemini", TUNEFORM_LEDGER=ledger)

    return make


def await_the_lock(world):
    """The server frees it as soon as it notices that nobody is at the other end."""
    for _ in range(10_000):
        if not world.project.ok("lock", "--format", "json").json["held"]:
            return
    raise AssertionError(world.project.ok("lock").out)


@pytest.mark.parametrize("seam", SEAMS)
def test_what_was_killed_is_finished_by_the_next_apply(runner, renew, seam):
    killed = 0
    for at in range(FIRST, MOST, STEP):
        with renew() as world:
            before = set(world.trained())
            code, told = runner.run(world.project, "apply", "-y", seam=seam, at=at)
            if code != KILLED:
                assert code == 0, told
                break
            killed += 1
            await_the_lock(world)
            assert set(world.trained()) - before <= world.intended(), "begun without a record"
            check_after_the_crash(world)
            check_convergence(world)
    assert 0 < killed < MOST // 2


def apply_and(doom, runner, world, postgres, seam, at):
    """What apply answers when that befalls its ledger at an instant, and what it has begun."""
    before = set(world.trained())
    place = {"server": postgres.process.pid, "port": postgres.port}
    code, told = runner.run(world.project, "apply", "-y", seam=seam, at=at, doom=doom, **place)
    assert "Traceback" not in told
    return code, " ".join(told.split()), set(world.trained()) - before


def check_it_stopped(code, told):
    assert code == 8, told
    assert "was lost, and with it the lock of demo" in told
    assert "then run the command again" in told
    assert "Apply incomplete" in told


def check_it_goes_on(world, begun):
    assert begun <= world.intended(), "begun without a record"
    await_the_lock(world)
    check_after_the_crash(world)
    check_convergence(world)


@pytest.mark.parametrize(("seam", "at"), [("before-request", 12), ("after-commit", 9)])
def test_apply_stops_where_its_session_is_cut(runner, renew, postgres, seam, at):
    with renew() as world:
        code, told, begun = apply_and("cut-sessions", runner, world, postgres, seam, at)
        check_it_stopped(code, told)
        check_it_goes_on(world, begun)


@pytest.fixture
def mortal(postgres):
    """A server that may be stopped; it runs again afterwards."""
    yield postgres
    postgres.stop()
    postgres.start()


def test_apply_stops_where_the_server_is_stopped(runner, renew, mortal):
    with renew() as world:
        code, told, begun = apply_and("stop-server", runner, world, mortal, "before-request", 5)
        check_it_stopped(code, told)
        again = world.project.apply(code=1)
        assert "Check that the server runs and can be reached" in " ".join(again.err.split())
        mortal.stop()
        mortal.start()
        check_it_goes_on(world, begun)


@pytest.mark.parametrize("doom", ["stop-server", "cut-sessions"])
def test_nothing_is_begun_where_the_record_is_lost_before_it(runner, renew, mortal, doom):
    with renew() as world:
        code, told, begun = apply_and(doom, runner, world, mortal, "before-commit", 4)
        mortal.stop()
        mortal.start()
        assert code == 1, told
        assert "cannot be used: terminating connection" in told
        assert not begun
        check_convergence(world)
