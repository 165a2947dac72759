"""`apply` against a practice service that fails in one way: what is survived, and what stops it.

Whatever happens, nothing is trained twice, and once the faults have ended an apply puts all right.
"""

import pytest
from tests.cli.project import Project, talk_to

from tuneform.service import Behaviour, open_service
from tuneform.service.fault_file import faults_of
from tuneform.service.server import running

KEY = "the-key-of-the-tests"
NAMES = ("first", "second", "third")
CREATE = {"method": "POST", "path": "tunedModels"}
ONCE = {"times": 1, "per": "name"}


@pytest.fixture
def world(tmp_path):
    """A project of three models; `with_faults` opens the service behind it."""
    project = Project(tmp_path, {"GEMINI_API_KEY": KEY})
    for name in NAMES:
        project.data(f"data/{name}.jsonl", [(f"{name} {n}", str(n)) for n in range(20)])
    return project


def declare(project, url, **spec):
    project.settings(provider={"type": "gemini", "endpoint": url})
    for name in NAMES:
        project.model(name, dataset={"path": f"../data/{name}.jsonl"}, **spec)


def check_all_is_well(project, service, trainings=3):
    """Nothing was trained twice, and nothing is left to be done."""
    assert project.run("plan", "--detailed-exitcode").code == 0
    with talk_to(service, KEY) as remote:
        rows = remote.call("GET", "/practice/v1/trainings")["trainings"]
    assert len({row["tunedModel"] for row in rows}) == len(rows) == trainings


@pytest.mark.parametrize(
    "rules",
    [
        [{"effect": "lose", **CREATE, **ONCE}],
        [{"effect": "lose", **CREATE}],
        [{"effect": "cut", **CREATE, **ONCE}],
        [{"effect": "cut", "framed": False, **CREATE, **ONCE}],
        [{"effect": "late", "seconds": 1, **CREATE, **ONCE}],
        [{"effect": "twice"}],
        [{"effect": "reset", **ONCE}],
        [{"effect": "refuse", "seconds": 1, "after": 5, "times": 1}],
        [{"effect": "hang", "seconds": 0.5, "probability": 0.3}],
        [{"effect": "status", "code": 429, "retry_after": 1, **CREATE, **ONCE}],
        [{"effect": "status", "code": 429, "times": 3}],
        [{"effect": "status", "code": 500, **ONCE}],
        [{"effect": "status", "code": 502, "html": True, "times": 3}],
        [{"effect": "status", "code": 503, "seconds": 1, "after": 4, "times": 1}],
        [{"effect": "cut", "framed": False, "method": "GET", **ONCE}],
        [{"effect": "lose", "method": "PATCH", **ONCE}],
        [{"effect": "appears_late", "seconds": 2}],
        [{"effect": "appears_late", "seconds": 2, "reads": "all"}, {"effect": "lose", **CREATE}],
        [{"effect": "operation_vanishes"}],
    ],
    ids=lambda rules: " and ".join(rule["effect"] for rule in rules),
)
def test_what_apply_survives(world, rules):
    faults = faults_of({"rules": rules})
    with open_service(None, api_key=KEY, faults=faults) as service, running(service) as url:
        service.start_training()
        declare(world, url)
        ran = world.apply()
        assert "3 created" in ran.out, ran
        service.faults.clear()
        check_all_is_well(world, service)


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ({"code": 401}, 4, "401 UNAUTHENTICATED"),
        ({"code": 403, **CREATE}, 4, "403 PERMISSION_DENIED"),
        ({"code": 401, "after": 6}, 8, "401 UNAUTHENTICATED"),
        ({"code": 403, "method": "PATCH"}, 8, "403 PERMISSION_DENIED"),
    ],
)
def test_what_stops_apply_and_how_it_says_so(world, rule, code, told):
    faults = faults_of({"rules": [{"effect": "status", **rule}]})
    with open_service(None, api_key=KEY, faults=faults) as service, running(service) as url:
        service.start_training()
        declare(world, url)
        ran = world.apply(code=code)
        assert told in ran.told
        assert "Traceback" not in ran.told
        service.faults.clear()
        world.apply()
        check_all_is_well(world, service)


def test_a_training_that_stalls_ends_the_patience_and_not_the_training(world):
    faults = faults_of({"rules": [{"effect": "training_stalls", "name": "first-*"}]})
    with open_service(None, api_key=KEY, faults=faults) as service, running(service) as url:
        service.start_training()
        declare(world, url)
        ran = world.apply("--timeout", "2s", code=9)
        assert "2 created, 1 timed out" in ran.out
        service.faults.clear()
        world.apply()
        check_all_is_well(world, service)


def test_a_training_that_fails_is_held_and_the_others_go_on(world):
    faults = faults_of({"rules": [{"effect": "training_fails", "name": "first-*"}]})
    with open_service(None, api_key=KEY, faults=faults) as service, running(service) as url:
        service.start_training()
        declare(world, url)
        assert "2 created, 1 failed" in world.apply(code=8).out
        service.faults.clear()
        assert world.reason("first") == "training-failed"
        world.model("first", dataset={"path": "../data/first.jsonl"}, revision=2)
        world.apply()
        check_all_is_well(world, service, trainings=4)


def test_a_quota_is_waited_for(world):
    behaviour = Behaviour(concurrent_trainings=1)
    with (
        open_service(None, api_key=KEY, behaviour=behaviour, step_seconds=0.05) as service,
        running(service) as url,
    ):
        service.start_training()
        declare(world, url)
        world.apply()
        check_all_is_well(world, service)


@pytest.mark.parametrize("reads", ["list", "all"])
def test_what_was_deleted_and_lingers_is_not_missed(world, reads):
    faults = faults_of({"rules": [{"effect": "lingers", "seconds": 600, "reads": reads}]})
    with open_service(None, api_key=KEY, faults=faults) as service, running(service) as url:
        service.start_training()
        declare(world, url)
        world.apply()
        declare(world, url, revision=2, lifecycle={"keepVersions": 0})
        world.apply()
        world.apply()
        service.faults.clear()
        check_all_is_well(world, service, trainings=6)
