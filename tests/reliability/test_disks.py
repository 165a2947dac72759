"""A disk that is full or read-only: nothing is begun without a record, and the message says why."""

import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from tests.reliability.crash import Runner, another, check_convergence, make_first

NOBODY = 65534


@pytest.fixture(scope="module")
def runner():
    with closing(Runner()) as runner:
        yield runner


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return make_first(tmp_path_factory.mktemp("disks") / "first", "gemini")


@pytest.fixture
def world(first):
    """In a folder of its own: those of pytest are closed to other users."""
    with (
        tempfile.TemporaryDirectory(prefix="tuneform-disks-") as name,
        another(first, Path(name) / "world", "gemini") as world,
    ):
        Path(name).chmod(0o755)
        (Path(name) / "world").chmod(0o755)
        yield world


@pytest.fixture
def bound(world):
    """What makes a command run as somebody whom permissions bind, who owns the project."""
    if os.getuid() != 0:
        return {}
    for each in (world.project.root, *world.project.root.rglob("*")):
        os.chown(each, NOBODY, NOBODY)
    return {"user": NOBODY}


def freeze(*paths):
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)


def thaw(*paths):
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def ledger(world):
    return world.project.root / ".tuneform"


@pytest.mark.parametrize("room", [0, 20_000])
@pytest.mark.parametrize("made", [False, True], ids=["ledger-there", "ledger-made"])
def test_nothing_is_begun_where_there_is_no_room(runner, world, room, made):
    before = world.trained()
    if made:
        shutil.rmtree(ledger(world))
    code, told = runner.run(world.project, "apply", "-y", limit=room)
    assert code == 1, told
    assert "ledger.db: the ledger cannot be used: the disk failed" in " ".join(told.split())
    assert "Check the disk" in told
    assert world.trained() == before
    check_convergence(world)


@pytest.mark.parametrize("room", [60_000, 70_000, 90_000])
@pytest.mark.parametrize("made", [False, True], ids=["ledger-there", "ledger-made"])
def test_a_run_that_runs_out_of_room_stops_and_what_it_began_is_recorded(runner, world, room, made):
    """The room is that of the ledger's log, which is written before the ledger."""
    before = set(world.trained())
    if made:
        shutil.rmtree(ledger(world))
    code, told = runner.run(world.project, "apply", "-y", limit=room)
    assert "the disk failed" in told
    # Where only the end of the run found no room, all is done, and the record alone lacks it.
    assert code in (1, 8) or "the record of this run is incomplete" in told, told
    assert "Traceback" not in told
    assert set(world.trained()) - before <= world.intended()
    check_convergence(world)


@pytest.mark.parametrize("frozen", ["folder", "file", "both"])
def test_nothing_is_begun_where_the_ledger_may_not_be_written(runner, world, bound, frozen):
    before = world.trained()
    folder, file = ledger(world), ledger(world) / "ledger.db"
    paths = {"folder": [folder], "file": [file], "both": [file, folder]}[frozen]
    freeze(*paths)
    code, told = runner.run(world.project, "apply", "-y", **bound)
    thaw(*paths)
    assert code == 1, told
    assert "the ledger cannot be used: it may not be written" in " ".join(told.split())
    assert "Make it and its folder writable." in told
    assert world.trained() == before
    check_convergence(world)


def test_nothing_is_begun_where_no_ledger_can_be_made(runner, world, bound):
    before = world.trained()
    shutil.rmtree(ledger(world))
    freeze(world.project.root)
    code, told = runner.run(world.project, "apply", "-y", **bound)
    thaw(world.project.root)
    assert code == 1, told
    assert "demo.lock: the lock cannot be made" in " ".join(told.split())
    assert world.trained() == before
    check_convergence(world)


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_whoever_only_asks_needs_no_disk_to_write_to(runner, world, bound, killed):
    if killed:
        runner.run(world.project, "apply", "-y", seam="after-reply", at=12, **bound)
    paths = [ledger(world) / "ledger.db", ledger(world)]
    freeze(*paths)
    commands = (["plan"], ["status"], ["lock"], ["history"], ["lineage", "gated"])
    ran = [runner.run(world.project, *command, **bound) for command in commands]
    thaw(*paths)
    for code, told in ran:
        assert code == 0, told
        assert "the ledger cannot be used" not in told
