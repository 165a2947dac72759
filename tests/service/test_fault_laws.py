"""Whatever goes wrong at once: no fault may harm the data, and what was answered holds."""

import json
import sqlite3
from contextlib import closing

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform.clock import SteeredClock
from tuneform.service import Behaviour, open_service
from tuneform.service.fault_file import faults_of
from tuneform.service.in_process import InProcess

IDS = ("a1", "a2", "b1", "b2")
NAMES = st.sampled_from(["*", "a*", "b?", "a1"])
SECONDS = st.sampled_from([0, 1, 10, 100])
CHANCE = st.sampled_from([1, 0.5, 0.2])


def request_rule(effect, **own):
    optional = {
        "method": st.sampled_from(["*", "POST", "GET", "DELETE", "PATCH"]),
        "path": st.sampled_from(["*", "tunedModels", "tunedModels/*", "*/operations*"]),
        "name": NAMES,
        "after": st.integers(0, 3),
        "times": st.integers(1, 3),
        "per": st.sampled_from(["rule", "name"]),
        "probability": CHANCE,
    }
    return st.fixed_dictionaries({"effect": st.just(effect)} | own, optional=optional)


def standing_rule(effect, **own):
    fixed = {"effect": st.just(effect)} | own
    return st.fixed_dictionaries(fixed, optional={"name": NAMES, "probability": CHANCE})


READS = st.sampled_from(["list", "all"])
CODES = st.sampled_from([401, 403, 404, 408, 429, 500, 502, 503, 504])
RULES = st.one_of(
    *(request_rule(each) for each in ("reset", "lose", "twice", "expired_token")),
    *(request_rule(each, seconds=SECONDS) for each in ("refuse", "hang", "late")),
    request_rule("cut", framed=st.booleans()),
    request_rule("status", code=CODES, seconds=SECONDS, html=st.booleans()),
    *(standing_rule(each, seconds=SECONDS, reads=READS) for each in ("appears_late", "lingers")),
    *(standing_rule(each, seconds=SECONDS) for each in ("operation_vanishes", "training_stalls")),
    standing_rule("training_fails"),
)
BEHAVIOURS = st.builds(
    Behaviour,
    cancelled_state=st.sampled_from(["ACTIVE", "FAILED"]),
    delete_while_training=st.sampled_from(["allowed", "refused"]),
    deleted_ids=st.sampled_from(["free", "spent"]),
    concurrent_trainings=st.sampled_from([None, 1, 3]),
)
CALLS = st.tuples(
    st.sampled_from(["create", "get", "list", "patch", "delete", "cancel", "operations", "sleep"]),
    st.sampled_from(IDS),
)


class Caller:
    """Sends what a test draws, and notes what it was told."""

    def __init__(self, client, clock, body):
        self.client = client
        self.clock = clock
        self.body = body
        self.told = []
        self.log = []

    def call(self, what, model_id):
        model = f"/v1beta/tunedModels/{model_id}"
        match what:
            case "create":
                query = {"tunedModelId": model_id}
                self.send(
                    what, model_id, "POST", "/v1beta/tunedModels", params=query, json=self.body
                )
            case "get":
                self.send(what, model_id, "GET", model)
            case "list":
                self.send(what, model_id, "GET", "/v1beta/tunedModels", params={"pageSize": 2})
            case "patch":
                self.send(what, model_id, "PATCH", model, json={"description": "d"})
            case "delete":
                self.send(what, model_id, "DELETE", model)
            case "cancel":
                self.send(what, model_id, "POST", f"{model}:cancel")
            case "operations":
                self.send(what, model_id, "GET", f"{model}/operations")
            case "sleep":
                self.clock.sleep(7)

    def send(self, what, model_id, method, url, **more):
        try:
            answer = self.client.request(method, url, timeout=600, **more)
        except httpx.TransportError as error:
            self.log.append(type(error).__name__)
            return
        self.log.append(answer.status_code)
        self.told.append((what, model_id, answer.status_code))
        if answer.status_code >= 400 and "json" in answer.headers["Content-Type"]:
            self.check(answer)

    @staticmethod
    def check(answer):
        try:
            error = json.loads(answer.content)["error"]
        except ValueError:
            return  # cut in half
        assert error["code"] == answer.status_code
        assert error["message"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RULES, max_size=5), BEHAVIOURS, st.lists(CALLS, max_size=25), st.integers(0, 9))
def test_no_fault_harms_the_data(practice, tmp_path_factory, rows, behaviour, calls, seed):
    data = tmp_path_factory.mktemp("data") / "practice.db"
    clock = SteeredClock()
    faults = faults_of({"rules": rows, "seed": seed})
    options = {"clock": clock, "require_key": False, "behaviour": behaviour, "workers": 1}
    with open_service(data, faults=faults, **options) as service:
        service.start_training()
        with httpx.Client(transport=InProcess(service), base_url="http://x.invalid") as client:
            caller = Caller(client, clock, practice.body())
            for what, model_id in calls:
                caller.call(what, model_id)
            service.faults.clear()
            clock.sleep(1000)
            trainings = settle(client)
            listed = client.get("/v1beta/tunedModels").json().get("tunedModels", [])
    created = [
        model_id for what, model_id, status in caller.told if (what, status) == ("create", 200)
    ]
    started = [row["tunedModel"].removeprefix("tunedModels/") for row in trainings]
    for model_id in IDS:
        assert started.count(model_id) >= created.count(model_id)
    live = [row["tunedModel"] for row in trainings if "deleteTime" not in row]
    assert [model["name"] for model in listed] == live
    assert len(live) == len(set(live))
    if behaviour.deleted_ids == "spent":
        assert len(started) == len(set(started))
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for table in ("inputs", "snapshots", "weights"):
            key = "SELECT count(*) FROM {} WHERE training NOT IN (SELECT seq FROM models)"
            assert connection.execute(key.format(table)).fetchone() == (0,), table
        assert connection.execute("SELECT count(*) FROM inputs").fetchone() == (0,)


def settle(client):
    while client.get("/practice/v1/health").json()["unfinishedTrainings"]:
        pass
    return client.get("/practice/v1/trainings").json()["trainings"]


@pytest.mark.parametrize("seed", range(3))
def test_a_run_can_be_repeated(practice, seed):
    rows = [{"effect": each, "probability": 0.2} for each in ("lose", "cut", "reset", "twice")] + [
        {"effect": "status", "code": 503, "probability": 0.5, "html": True}
    ]
    logs = []
    for _ in range(2):
        clock = SteeredClock()
        faults = faults_of({"rules": rows, "seed": seed})
        with (
            open_service(None, clock=clock, require_key=False, faults=faults) as service,
            httpx.Client(transport=InProcess(service), base_url="http://x.invalid") as client,
        ):
            caller = Caller(client, clock, practice.body())
            for number in range(60):
                caller.call(("create", "get", "patch", "delete")[number % 4], IDS[number // 4 % 4])
            logs.append(caller.log)
    assert logs[0] == logs[1]
    assert len(set(map(str, logs[0]))) > 3
