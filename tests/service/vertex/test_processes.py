"""One data file and several processes' worth of services: crashes, restarts, older files."""

import sqlite3
from contextlib import closing

import httpx
import pytest

from tuneform.clock import SteeredClock
from tuneform.service import Behaviour, open_service
from tuneform.service.database import SCHEMA_VERSION

SLOW = {"epochCount": 200}


def reopened(platform_with, data, before, **options):
    """Another service for the same data, with the same files in its buckets."""
    platform = platform_with(data=data, **options)
    shelf = before.service._vertex.tuning.datasets._objects
    platform.service._vertex.tuning.datasets._objects = shelf
    return platform


def test_a_job_that_waited_is_done_by_the_next_process(platform_with, tmp_path):
    data = tmp_path / "p.db"
    before = platform_with(data=data, training=False)
    job = before.create(labels={"a": "b"})
    before.service.close()
    after = reopened(platform_with, data, before)
    ended = after.ended(job["name"])
    assert ended["state"] == "JOB_STATE_SUCCEEDED"
    assert after.ok("GET", ended["tunedModel"]["model"])["labels"]["a"] == "b"
    assert after.ok("GET", "/practice/v1/trainings")["count"] == 1


@pytest.mark.parametrize("last_only", [True, False])
def test_a_job_that_was_broken_off_goes_on_and_leaves_one_model(platform_with, tmp_path, last_only):
    wanted = {"hyper": SLOW, "spec": {"exportLastCheckpointOnly": last_only}}
    whole = platform_with().train(**wanted)
    data = tmp_path / "p.db"
    before = platform_with(data=data, step_seconds=1)
    job = before.create(**wanted)
    while not before.ok("GET", "/practice/v1/trainings")["trainings"][0]["completedSteps"]:
        pass
    before.service.close()
    after = reopened(platform_with, data, before, training=False)
    assert after.ok("GET", job["name"])["state"] == "JOB_STATE_RUNNING"
    after.service.start_training()
    ended = after.ended(job["name"])
    assert len(after.listed("models")) == 1
    points = ended["tunedModel"].get("checkpoints", [])
    assert len(points) == (0 if last_only else 10)
    for key in ("epoch", "step"):
        told = [point[key] for point in whole["tunedModel"].get("checkpoints", [])]
        assert [point[key] for point in points] == told
    for point in points:
        assert after.ask(point["endpoint"], "7")


def test_operations_and_cancels_go_on_in_the_next_process(platform_with, tmp_path):
    data = tmp_path / "p.db"
    behaviour = Behaviour(operation_seconds=60)
    before = platform_with(data=data, training=False, behaviour=behaviour)
    operation = before.ok("POST", "endpoints", {"displayName": "x"})
    job = before.create()
    before.ok("POST", f"{job['name']}:cancel", {})
    before.service.close()
    after = reopened(platform_with, data, before, training=False, behaviour=behaviour)
    assert after.ok("GET", job["name"])["state"] == "JOB_STATE_CANCELLING"
    assert "done" not in after.ok("GET", operation["name"])
    after.clock.sleep(60)
    assert after.ok("GET", job["name"])["state"] == "JOB_STATE_CANCELLED"
    assert after.ok("GET", operation["name"])["response"]["displayName"] == "x"
    assert len(after.listed("endpoints")) == 1
    after.clock.sleep(600)
    assert len(after.listed("endpoints")) == 1


def test_two_services_share_a_file_and_an_effect_happens_once(platform_with, tmp_path):
    data, clock = tmp_path / "p.db", SteeredClock()
    one = platform_with(data=data, trains=False, training=False, clock=clock)
    two = platform_with(data=data, trains=False, training=False, clock=clock)
    operation = one.ok("POST", "endpoints", {"displayName": "x"})
    assert len(two.listed("endpoints")) == len(one.listed("endpoints")) == 1
    assert two.ok("GET", operation["name"]) == one.ok("GET", operation["name"])


def test_a_file_of_the_first_format_is_brought_up_to_date(tmp_path):
    data = tmp_path / "old.db"
    with open_service(data, require_key=False) as service:
        model = {"baseModel": "models/gemini-1.5-flash-001-tuning", "displayName": "x"}
        rows = [{"textInput": "1", "output": "2"}]
        task = {"tuningTask": {"trainingData": {"examples": {"examples": rows}}}}
        with client_of(service) as client:
            url = "/v1beta/tunedModels?tunedModelId=old"
            assert client.post(url, json=model | task).status_code == 200
    with closing(sqlite3.connect(data, isolation_level=None)) as connection:
        for statement in (
            "DROP TABLE vertex",
            "DROP TABLE checkpoints",
            "ALTER TABLE trainings DROP COLUMN dialect",
            "ALTER TABLE trainings DROP COLUMN labels",
            "ALTER TABLE inputs DROP COLUMN checkpoints",
            "PRAGMA user_version = 1",
        ):
            connection.execute(statement)
    with open_service(data, require_key=False) as service, client_of(service) as client:
        service.start_training()
        while client.get("/v1beta/tunedModels/old").json()["state"] != "ACTIVE":
            pass
        assert client.get("/v1/projects/p/locations/l/tuningJobs").json() == {}
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def client_of(service):
    transport = httpx.WSGITransport(service.wsgi)
    return httpx.Client(transport=transport, base_url="http://practice.invalid")


def test_trainings_of_both_dialects_are_counted_in_one_row(platform):
    job = platform.train()
    rows = [{"textInput": "1", "output": "2"}]
    body = {
        "baseModel": "models/gemini-1.5-flash-001-tuning",
        "tuningTask": {"trainingData": {"examples": {"examples": rows}}},
    }
    assert platform.call("POST", "/v1beta/tunedModels", body, tunedModelId="a").status_code == 200
    second = platform.train()
    shown = platform.ok("GET", "/practice/v1/trainings")
    names = [row.get("tuningJob") or row["tunedModel"] for row in shown["trainings"]]
    assert names == [job["name"], "tunedModels/a", second["name"]]
    assert platform.ok("GET", "/v1beta/tunedModels")["tunedModels"][0]["name"] == "tunedModels/a"
    assert len(platform.listed("tuningJobs")) == 2
