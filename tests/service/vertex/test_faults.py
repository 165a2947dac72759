"""Faults on the routes of the Vertex dialect, and by the names that its callers know."""

import httpx
import pytest

from tuneform.service import Behaviour, Faults
from tuneform.service.faults import (
    Appears,
    ExpiredToken,
    Fails,
    Late,
    Lingers,
    Lose,
    Refusal,
    Stalls,
    Twice,
    Vanishes,
)


def faulty(platform_with, *rules, **options):
    return platform_with(faults=Faults(rules=rules), **options)


def test_the_reply_to_a_create_is_lost_and_the_job_is_there(platform_with):
    platform = faulty(platform_with, Lose(method="POST", path="*/tuningJobs", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        platform.create(labels={"mark": "one"})
    (job,) = platform.listed("tuningJobs", filter="labels.mark=one")
    assert platform.ended(job["name"])["state"] == "JOB_STATE_SUCCEEDED"


def test_a_create_that_arrives_twice_is_two_jobs(platform_with):
    platform = faulty(platform_with, Twice(method="POST", path="*/tuningJobs"), training=False)
    job = platform.create()
    assert [each["name"] for each in platform.listed("tuningJobs")][1] == job["name"]


def test_a_create_can_arrive_late(platform_with):
    platform = faulty(
        platform_with, Late(method="POST", path="*/tuningJobs", seconds=60, times=1), training=False
    )
    with pytest.raises(httpx.RemoteProtocolError):
        platform.create()
    assert platform.listed("tuningJobs") == []
    platform.clock.sleep(60)
    assert len(platform.listed("tuningJobs")) == 1


@pytest.mark.parametrize("name", ["Adder", "add*", "demo-a*", "one"])
def test_a_rule_names_what_it_befalls_by_display_name_or_label(platform_with, name):
    rule = Refusal(code=503, name=name, method="POST", path="*/tuningJobs")
    platform = faulty(platform_with, rule, training=False)
    labels = {"owner": "demo-adder", "rev": "one"}
    befallen = platform.body(tunedModelDisplayName="Adder", labels=labels)
    spared = platform.body(tunedModelDisplayName="Other", labels={"rev": "two"})
    befallen["tunedModelDisplayName"] = "adder" if name == "add*" else "Adder"
    assert platform.refused("POST", "tuningJobs", befallen)[0] == 503
    platform.ok("POST", "tuningJobs", spared)


def test_a_rule_follows_a_job_to_its_model_and_its_endpoint(platform_with):
    rule = Refusal(code=503, name="demo", method="GET", path="*/*/*/*/*/*")
    platform = platform_with()
    job = platform.train(labels={"owner": "demo"})
    other = platform.train(tunedModelDisplayName="Other")
    platform.service.faults.put(Faults(rules=(rule,)))
    for name in (job["name"], job["tunedModel"]["model"], job["tunedModel"]["endpoint"]):
        assert platform.refused("GET", name)[0] == 503
    for name in (other["name"], other["tunedModel"]["model"], other["tunedModel"]["endpoint"]):
        platform.ok("GET", name)
    assert len(platform.listed("tuningJobs")) == 2


def test_a_rule_counts_the_requests_of_each_name(platform_with):
    rule = Refusal(code=503, method="POST", path="*/tuningJobs", times=1, per="name")
    platform = faulty(platform_with, rule, training=False)
    for name in ("a", "b"):
        body = platform.body(tunedModelDisplayName=name)
        assert platform.refused("POST", "tuningJobs", body)[0] == 503
        platform.ok("POST", "tuningJobs", body)


def test_the_same_seed_has_the_same_fate_for_the_same_names(platform_with):
    def fates():
        rule = Fails(probability=0.5)
        platform = platform_with(faults=Faults(rules=(rule,), seed=3))
        jobs = [platform.create(labels={"n": str(n)}) for n in range(8)]
        return [platform.ended(job["name"])["state"] for job in jobs]

    first = fates()
    assert first == fates()
    assert len(set(first)) == 2


@pytest.mark.parametrize("kind", ["tuningJobs", "models", "endpoints"])
def test_lists_of_a_kind_lag(platform_with, kind):
    platform = faulty(platform_with, Appears(seconds=30, kind=kind))
    job = platform.train()
    found = {each: len(platform.listed(each)) for each in ("tuningJobs", "models", "endpoints")}
    assert found == {each: int(each != kind) for each in found}
    for name in (job["name"], job["tunedModel"]["model"], job["tunedModel"]["endpoint"]):
        platform.ok("GET", name)
    platform.clock.sleep(30)
    assert len(platform.listed(kind)) == 1


def test_what_appears_late_can_be_unknown_too(platform_with):
    platform = faulty(platform_with, Appears(seconds=30, reads="all"), training=False)
    name = platform.create()["name"]
    assert platform.refused("GET", name)[0] == 404
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    platform.clock.sleep(30)
    assert platform.ok("GET", name)["state"] == "JOB_STATE_CANCELLED"


@pytest.mark.parametrize("reads", ["list", "all"])
def test_what_was_deleted_lingers(platform_with, reads):
    platform = faulty(platform_with, Lingers(seconds=30, reads=reads))
    job = platform.train()
    later = platform.train()
    names = [each["tunedModel"]["model"].partition("@")[0] for each in (job, later)]
    platform.clear(job)
    assert [model["name"] for model in platform.listed("models")] == names
    assert len(platform.listed("endpoints", pageSize=1)) == 2
    assert platform.call("GET", names[0]).status_code == (404 if reads == "list" else 200)
    platform.clock.sleep(30)
    assert [model["name"] for model in platform.listed("models")] == names[1:]
    assert platform.refused("GET", names[0])[0] == 404


def test_a_training_stalls_and_holds_up_no_other(platform_with):
    platform = faulty(platform_with, Stalls(name="slow", seconds=60))
    slow = platform.create(labels={"pace": "slow"})["name"]
    assert platform.train()["state"] == "JOB_STATE_SUCCEEDED"
    assert platform.ok("GET", slow)["state"] == "JOB_STATE_QUEUED"
    platform.clock.sleep(60)
    assert platform.ended(slow)["state"] == "JOB_STATE_SUCCEEDED"


def test_a_training_that_fails_says_so_on_the_job(platform_with):
    platform = faulty(platform_with, Fails(name="Adder"))
    job = platform.train()
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["code"] == 13
    assert platform.train(tunedModelDisplayName="x")["state"] == "JOB_STATE_SUCCEEDED"


def test_an_operation_vanishes_and_its_effect_does_not(platform_with):
    platform = faulty(platform_with, Vanishes(name="mine"))
    operation = platform.ok("POST", "endpoints", {"displayName": "mine"})
    assert platform.refused("GET", operation["name"])[0] == 404
    assert len(platform.listed("endpoints")) == 1


def test_a_page_token_expires(platform_with):
    platform = faulty(platform_with, ExpiredToken(path="*/tuningJobs", times=1), training=False)
    platform.create()
    platform.create()
    token = platform.ok("GET", "tuningJobs", pageSize=1)["nextPageToken"]
    assert platform.refused("GET", "tuningJobs", pageSize=1, pageToken=token)[0] == 400
    assert len(platform.listed("tuningJobs", pageSize=1)) == 2


def test_a_body_that_is_none_befalls_nobody(platform_with):
    platform = faulty(platform_with, Refusal(code=503, name="x"), training=False)
    for content in (b"{", b"[]", b'{"labels": 1}', b'{"labels": {"a": 1}, "displayName": {}}'):
        url = f"/v1/{platform.HOME}/tuningJobs"
        assert platform.client.post(url, content=content).status_code == 400


def test_a_create_that_is_peeked_at_is_still_whole(platform_with):
    platform = faulty(platform_with, Refusal(code=503, name="other"))
    assert platform.train()["state"] == "JOB_STATE_SUCCEEDED"


def test_late_operations_survive_other_faults(platform_with):
    rule = Lose(method="DELETE", times=1)
    behaviour = Behaviour(operation_seconds=5)
    platform = faulty(platform_with, rule, behaviour=behaviour)
    name = platform.did("POST", "endpoints", {"displayName": "x"})["name"]
    with pytest.raises(httpx.RemoteProtocolError):
        platform.call("DELETE", name)
    answer = platform.refused("DELETE", name)
    assert "There are other operations running" in answer[2]
    platform.clock.sleep(5)
    assert platform.refused("DELETE", name)[:2] == (404, "NOT_FOUND")
