"""Several processes, one data file: crashes, the trainer's lock, and what each sees."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from tuneform.service import DataUnusable, TrainerBusy, open_service

HEAD = """
import json, sys
from pathlib import Path
import httpx
from tuneform.service import open_service

data = Path(sys.argv[1])

def client(service):
    transport = httpx.WSGITransport(service.wsgi)
    return httpx.Client(transport=transport, base_url="http://practice.invalid")

def say(word):
    print(word, flush=True)
"""


class Process:
    """A child that runs some lines with a data file, and talks in lines."""

    def __init__(self, data, lines):
        self.child = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(lines), data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def heard(self):
        return self.child.stdout.readline().strip()

    def tell(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()

    def end(self, *, kill=False):
        if kill:
            self.child.send_signal(signal.SIGKILL)
        self.child.communicate(timeout=600)
        return self.child.returncode


def results(practice, model_id):
    model = practice.ok("GET", f"tunedModels/{model_id}")
    with practice.service._store.reading() as tables:
        seq = tables.model(model_id).seq
        weights = tables.weights(seq)
    losses = [(s["step"], s["meanLoss"]) for s in model["tuningTask"]["snapshots"]]
    return model["state"], losses, weights


LONG = {"epochCount": 200, "batchSize": 2}


@pytest.mark.parametrize("steps_before", [0, 40])
def test_a_killed_training_goes_on_and_ends_as_if_nothing_had_happened(
    practice_with, tmp_path, steps_before
):
    reference = practice_with()
    reference.train("adder", hyperparameters=LONG)
    data = tmp_path / "practice.db"
    trainer = Process(
        data,
        f"""
        service = open_service(data, require_key=False, step_seconds=0.001)
        c = client(service)
        body = json.loads({json.dumps(json.dumps(reference.body(hyperparameters=LONG)))})
        c.post("/v1/tunedModels", params={{"tunedModelId": "adder"}}, json=body).raise_for_status()
        if {steps_before}:
            service.start_training()
        while True:
            (operation,) = c.get("/v1/operations").json()["operations"]
            if operation["metadata"].get("completedSteps", 0) >= {steps_before}:
                break
        say("ready")
        sys.stdin.readline()
        """,
    )
    assert trainer.heard() == "ready"
    trainer.end(kill=True)

    practice = practice_with(data=data)
    (operation,) = practice.ok("GET", "operations")["operations"]
    practice.finished(operation["name"])
    assert results(practice, "adder") == results(reference, "adder")
    assert practice.ok("GET", "/practice/v1/trainings")["count"] == 1


def test_a_closed_service_goes_on_where_it_stopped(practice_with, tmp_path):
    data = tmp_path / "practice.db"
    practice = practice_with(data=data, step_seconds=0.01)
    operation = practice.create("adder", hyperparameters=LONG)["name"]
    while not practice.ok("GET", operation)["metadata"].get("completedSteps"):
        pass
    practice.service.close()
    again = practice_with(data=data, step_seconds=0.01)
    done = again.finished(operation)
    assert [s["step"] for s in done["metadata"]["snapshots"]] == list(range(1, 1501))


def test_only_one_process_trains_and_the_others_are_told_which(tmp_path):
    data = tmp_path / "practice.db"
    trainer = Process(
        data,
        """
        service = open_service(data)
        service.start_training()
        say("training")
        sys.stdin.readline()
        """,
    )
    assert trainer.heard() == "training"
    with pytest.raises(TrainerBusy, match=rf"process {trainer.child.pid}, since 20\d\d-"):
        open_service(data)
    with open_service(data, trains=False) as service:
        with pytest.raises(TrainerBusy):
            service.start_training()
        trainer.end(kill=True)
        service.start_training()  # the system freed the lock of the dead


def test_one_process_can_have_two_services_but_one_trainer(tmp_path):
    data = tmp_path / "practice.db"
    with open_service(data) as first:
        first.start_training()
        first.start_training()
        with pytest.raises(TrainerBusy, match=str(os.getpid())):
            open_service(data)
    with open_service(data) as second:
        second.start_training()


def test_others_create_cancel_and_delete_and_the_trainer_sees_it(practice_with, tmp_path):
    data = tmp_path / "practice.db"
    trainer = Process(
        data,
        """
        service = open_service(data, require_key=False)
        service.start_training()
        say("training")
        sys.stdin.readline()
        say(client(service).get("/practice/v1/health").text.replace("\\n", ""))
        service.close()
        """,
    )
    assert trainer.heard() == "training"
    practice = practice_with(data=data, training=False, trains=False)
    practice.train("quick")
    assert practice.ask("quick", "7") == "8"
    endless = {"epochCount": 20_000, "batchSize": 1}
    for name in ("cancelled", "deleted"):
        operation = practice.create(name, hyperparameters=endless)["name"]
        while not practice.ok("GET", operation)["metadata"].get("completedSteps"):
            pass
    practice.ok("POST", "tunedModels/cancelled:cancel")
    practice.ok("DELETE", "tunedModels/deleted")
    practice.train("next")  # there is a worker for it
    trainer.tell()
    assert json.loads(trainer.heard())["unfinishedTrainings"] == 0
    assert trainer.end() == 0


def test_what_was_answered_is_on_the_disk(practice_with, tmp_path):
    data = tmp_path / "practice.db"
    writer = Process(
        data,
        f"""
        body = json.loads({json.dumps(json.dumps(practice_with().body()))})
        c = client(open_service(data, require_key=False))
        for n in range(50):
            c.post("/v1/tunedModels", params={{"tunedModelId": f"m{{n}}"}}, json=body)
            say("created")
        sys.stdin.readline()
        """,
    )
    for _ in range(20):
        writer.heard()
    writer.end(kill=True)
    practice = practice_with(data=data, training=False)
    assert len(practice.names(pageSize=1000)) >= 20
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_temporary_service_leaves_no_file(tmp_path):
    with open_service(None) as service:
        path = service._store._database.path
        assert path.exists()
    assert not path.parent.exists()


def test_files_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "noise.db").write_bytes(b"this is no database, whatever its name says" * 100)
    os.mkfifo(tmp_path / "pipe.db")
    for name in ("", "file/p.db", "noise.db", "pipe.db"):
        path = tmp_path / name
        with pytest.raises(DataUnusable, match=str(path)):
            open_service(path)
    later = tmp_path / "later.db"
    open_service(later).close()
    connection = sqlite3.connect(later)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataUnusable, match="format 99"):
        open_service(later)


def test_a_file_with_views_or_triggers_is_refused(tmp_path):
    """Those of a stranger may never end; a branch can bring such a file."""
    path = tmp_path / "service.db"
    open_service(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE models RENAME TO gone; CREATE VIEW models AS SELECT * FROM gone"
        )
    with pytest.raises(DataUnusable, match="holds views or triggers"):
        open_service(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it likes")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataUnusable, match="can be written"):
        open_service(tmp_path / "p.db")
