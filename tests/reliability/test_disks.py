"""A disk that is full or read-only: nothing is begun without a record, and the message says why.

A bound on the size of files is like a full disk for whoever writes, and can be had anywhere. Where
this process may mount one, a disk is really full.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.cli.project import talk_to
from tests.reliability.crash import Runner, another, check_convergence, make_first
from tests.reliability.disk import OURS, small_disk

from tuneform.service import open_service

ROOT = Path(__file__).parents[2]
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


# A disk that is really full.

ABANDON = """
import os, signal, sys
from pathlib import Path
from tests.reliability.disk import small_disk
with small_disk(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_disk_that_a_killed_run_left_behind_is_taken_away_by_the_next(tmp_path):
    left, mine, next_one = (tmp_path / name for name in ("left", "mine", "another"))
    for folder in (left, mine, next_one):
        folder.mkdir()
    with small_disk(mine):  # or else it says why there is none
        command = [sys.executable, "-c", ABANDON, str(left)]
        killed = subprocess.run(command, cwd=ROOT, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert str(left) in mounts()
        with small_disk(next_one):
            here = set(mounts())
            assert str(left) not in here
            assert {str(mine), str(next_one)} <= here
    assert str(mine) not in mounts()


def mounts():
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith(OURS)]


@pytest.mark.parametrize("room", [0, 49_152, 65_536])
def test_a_ledger_on_a_full_disk(runner, world, room):
    before = set(world.trained())
    with small_disk(ledger(world)) as disk:
        disk.fill(room)
        code, told = runner.run(world.project, "apply", "-y")
        assert code in (1, 8), told
        assert "the disk is full" in told or "the disk failed" in told
        assert "Traceback" not in told
        disk.free()
        assert set(world.trained()) - before <= world.intended()
        check_convergence(world)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return make_first(tmp_path_factory.mktemp("embedded") / "first", "embedded")


@pytest.mark.parametrize("genuine", [True, False], ids=["full", "bounded"])
def test_the_embedded_service_on_a_full_disk(runner, embedded, tmp_path, genuine):
    with another(embedded, tmp_path / "world", "embedded") as world, ExitStack() as closing:
        before = world.trained()
        if genuine:
            disk = closing.enter_context(small_disk(world.project.root / ".practice"))
            disk.fill()
        code, told = runner.run(world.project, "apply", "-y", limit=None if genuine else 0)
        assert code == 1, told
        assert "Traceback" not in told
        if genuine:
            assert "service.db as the data file of the practice service" in " ".join(told.split())
            disk.free()
        assert world.trained() == before
        check_convergence(world)


def test_a_service_whose_disk_is_full_says_so_and_goes_on_when_it_is_not(tmp_path):
    (tmp_path / "data").mkdir()
    with (
        small_disk(tmp_path / "data") as disk,
        open_service(disk.folder / "service.db", require_key=False) as service,
        talk_to(service) as remote,
    ):
        remote.create("first")
        disk.fill()
        for number in range(3):
            row = {"displayName": f"{number}", "tuningTask": {}}
            refused = remote._client.patch("/v1beta/tunedModels/first", json=row)
            assert refused.status_code == 503, refused.text
            assert refused.json()["error"]["status"] == "UNAVAILABLE"
            assert "is full" in refused.json()["error"]["message"]
        service.start_training()
        disk.free()
        for _ in range(20_000):
            if remote.live()["tunedModels/first"]["state"] == "ACTIVE":
                break
        assert remote.train("second") == "tunedModels/second"
        assert remote.trainings() == 2
