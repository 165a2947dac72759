"""Each fault alone, in raw HTTP, through a port and without one."""

from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tuneform.service import Behaviour, Faults
from tuneform.service.fault_file import EFFECTS, faults_of
from tuneform.service.in_process import InProcess
from tuneform.service.server import running

MINUTE = 60


def rules(*rows, seed=0):
    return faults_of({"rules": list(rows), "seed": seed})


@pytest.fixture(params=["in process", "over a port"])
def faulty(request, practice_with, practice):
    """Opens a service with these rules; the client sees what happens to its connection."""

    @contextmanager
    def speak(service):
        with httpx.Client(
            transport=InProcess(service), base_url="http://x.invalid", timeout=600
        ) as client:
            yield type(practice)(client, service)

    @contextmanager
    def speak_over_a_port(service):
        with running(service) as url, httpx.Client(base_url=url, timeout=600) as client:
            yield type(practice)(client, service)

    way = speak if request.param == "in process" else speak_over_a_port

    def opener(*rows, seed=0, **options):
        options = {"training": False} | options
        return practice_with(speak=way, faults=rules(*rows, seed=seed), **options)

    return opener


def started(practice):
    return [each["tunedModel"] for each in trainings(practice)]


def trainings(practice):
    return practice.ok("GET", "/practice/v1/trainings")["trainings"]


def later(practice, seconds=MINUTE):
    practice.service._settings.clock.sleep(seconds)


# --- the connection ------------------------------------------------------------------------------

CREATED = ["tunedModels/adder"]


@pytest.mark.parametrize(
    ("effect", "error", "done"),
    [
        ({"effect": "reset"}, httpx.ReadError, []),
        ({"effect": "lose"}, httpx.RemoteProtocolError, CREATED),
        ({"effect": "cut"}, httpx.RemoteProtocolError, CREATED),
    ],
)
def test_a_connection_ends_before_or_after_the_change(faulty, effect, error, done):
    practice = faulty({"method": "POST", "times": 1} | effect)
    with pytest.raises(error):
        practice.create("adder")
    assert started(practice) == done
    assert practice.names() == done
    again = practice.call("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert again.status_code == (409 if done else 200)
    assert started(practice) == CREATED


def test_half_a_reply_can_look_whole(faulty):
    practice = faulty({"effect": "cut", "framed": False, "times": 1})
    response = practice.call("GET", "models")
    assert response.status_code == 200
    whole = practice.call("GET", "models").content
    assert response.content == whole[: len(whole) // 2]


def test_connections_are_refused_for_a_while_whoever_asks(faulty):
    practice = faulty({"effect": "refuse", "seconds": MINUTE, "path": "models", "times": 1})
    practice.ok("GET", "tunedModels")
    with pytest.raises((httpx.ConnectError, httpx.ReadError)):
        practice.call("GET", "models")
    with pytest.raises((httpx.ConnectError, httpx.ReadError)):
        practice.call("GET", "tunedModels")
    later(practice)
    for _ in range(60_000):  # a port opens again within a second
        try:
            practice.ok("GET", "models")
        except httpx.ConnectError:
            practice.service._courtesy._never.wait(0.01)
        else:
            return
    raise AssertionError("it does not listen again")


def test_a_request_that_hangs_is_carried_out_in_the_end(faulty):
    practice = faulty({"effect": "hang", "seconds": 20, "times": 1})
    before = practice.service._settings.clock.monotonic()
    assert practice.call("GET", "models").headers["Practice-Hung"] == "20"
    assert practice.service._settings.clock.monotonic() >= before + 19.99
    assert "Practice-Hung" not in practice.call("GET", "models").headers


def test_who_does_not_wait_that_long_is_told_by_a_timeout(practice_with):
    practice = practice_with(faults=rules({"effect": "hang", "seconds": 20, "times": 1}))
    client = httpx.Client(transport=InProcess(practice.service), base_url="http://x.invalid")
    query = {"tunedModelId": "adder"}
    with client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/tunedModels", params=query, json=practice.body(), timeout=10)
    assert started(practice) == CREATED


def test_a_late_request_arrives_when_nobody_expects_it_any_more(faulty):
    practice = faulty({"effect": "late", "seconds": MINUTE, "method": "POST", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        practice.create("adder")
    assert started(practice) == practice.names() == []
    later(practice)
    assert started(practice) == practice.names() == CREATED


def test_a_late_request_may_come_after_its_own_repetition(faulty):
    practice = faulty({"effect": "late", "seconds": MINUTE, "method": "POST", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        practice.create("adder")
    practice.create("adder")
    later(practice)
    assert started(practice) == practice.names() == CREATED


def test_a_request_that_arrives_twice_is_answered_the_second_time(faulty):
    practice = faulty({"effect": "twice"})
    answer = practice.call("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert answer.status_code == 409
    assert started(practice) == CREATED
    assert practice.ok("PATCH", "tunedModels/adder", {"description": "x"})["description"] == "x"
    assert practice.call("DELETE", "tunedModels/adder").status_code == 404


# --- replies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (408, "DEADLINE_EXCEEDED"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ],
)
def test_a_refusal_is_an_error_of_the_api_and_nothing_is_done(faulty, code, status):
    practice = faulty({"effect": "status", "code": code, "times": 1})
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert (error["code"], error["status"]) == (code, status)
    assert started(practice) == []
    practice.create("adder")


def test_a_refusal_of_a_stream_is_an_array_as_all_its_failures_are(faulty):
    practice = faulty({"effect": "status", "code": 503})
    body = practice.call("POST", "tunedModels/x:streamGenerateContent", {}).json()
    assert [each["error"]["code"] for each in body] == [503]


@pytest.mark.parametrize("seconds", [None, 7])
def test_retry_after_is_sent_when_it_is_asked_for(faulty, seconds):
    wanted = {} if seconds is None else {"retry_after": seconds}
    practice = faulty({"effect": "status", "code": 429} | wanted)
    headers = practice.call("GET", "models").headers
    assert headers.get("Retry-After") == (None if seconds is None else "7")


def test_a_proxy_answers_with_a_web_page(faulty):
    practice = faulty({"effect": "status", "code": 502, "html": True, "retry_after": 1})
    response = practice.call("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert response.status_code == 502
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Retry-After"] == "1"
    assert response.text.startswith("<!DOCTYPE html>")
    assert started(practice) == []


def test_a_refusal_lasts_for_a_while_and_counts_once(faulty):
    practice = faulty({"effect": "status", "code": 503, "seconds": MINUTE, "after": 1, "times": 1})
    codes = [practice.call("GET", "models").status_code for _ in range(4)]
    later(practice)
    codes += [practice.call("GET", "models").status_code for _ in range(2)]
    assert codes == [200, 503, 503, 503, 200, 200]


def test_a_page_token_expires_and_a_first_page_does_not(faulty):
    practice = faulty({"effect": "expired_token", "times": 1})
    for n in range(3):
        practice.create(f"m{n}")
    token = practice.ok("GET", "tunedModels", pageSize=2)["nextPageToken"]
    error = practice.refused("GET", "tunedModels", pageSize=2, pageToken=token)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert "page token" in error["message"]
    assert len(practice.names(pageSize=2)) == 3


# --- which requests ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ({"after": 2, "times": 1}, [200, 200, 500, 200, 200]),
        ({"times": 2}, [500, 500, 200, 200, 200]),
        ({"after": 3}, [200, 200, 200, 500, 500]),
        ({"method": "PO*"}, [200] * 5),
        ({"path": "models/*"}, [200] * 5),
        ({"name": "?*"}, [200] * 5),
        ({"probability": 0}, [200] * 5),
    ],
)
def test_a_rule_says_how_often_and_for_what(practice_with, rule, codes):
    practice = practice_with(faults=rules({"effect": "status", "code": 500} | rule))
    assert [practice.call("GET", "models").status_code for _ in range(5)] == codes


def test_a_name_is_the_one_in_the_path_or_the_one_that_a_create_asks_for(practice_with):
    rule = {"effect": "status", "code": 500, "name": "a*", "per": "name", "times": 1}
    practice = practice_with(training=False, faults=rules(rule))
    seen = []
    for model_id in ("add", "bad", "art"):
        for _ in range(2):
            made = practice.call("POST", "tunedModels", practice.body(), tunedModelId=model_id)
            seen.append(made.status_code)
    assert seen == [500, 200, 200, 409, 500, 200]
    assert practice.names() == [f"tunedModels/{each}" for each in ("add", "bad", "art")]


def test_the_first_rule_that_fires_has_the_request(practice_with):
    first = {"effect": "status", "code": 429, "times": 1}
    practice = practice_with(faults=rules(first, {"effect": "status", "code": 500, "times": 1}))
    assert [practice.call("GET", "models").status_code for _ in range(3)] == [429, 500, 200]


def test_control_routes_are_spared(practice_with):
    practice = practice_with(faults=rules({"effect": "status", "code": 500}))
    assert practice.ok("GET", "/practice/v1/health")["status"] == "ok"


def fates(practice, order):
    return {
        name: [practice.call("GET", f"tunedModels/{name}").status_code for _ in range(4)]
        for name in order
    }


def test_the_same_seed_gives_the_same_fates_in_whatever_order(practice_with):
    rule = {"effect": "status", "code": 500, "probability": 0.4}
    names = [f"m{n}" for n in range(25)]
    one = fates(practice_with(faults=rules(rule, seed=1)), names)
    same = fates(practice_with(faults=rules(rule, seed=1)), names[::-1])
    other = fates(practice_with(faults=rules(rule, seed=2)), names)
    assert one == same != other
    assert 20 < sum(codes.count(500) for codes in one.values()) < 60


# --- models and operations -----------------------------------------------------------------------


@pytest.mark.parametrize("reads", ["list", "all"])
def test_a_created_model_appears_late(practice_with, reads):
    rule = {"effect": "appears_late", "seconds": MINUTE, "name": "a*", "reads": reads}
    practice = practice_with(faults=rules(rule))
    practice.create("adder")
    practice.create("other")
    assert practice.names() == ["tunedModels/other"]
    got = practice.call("GET", "tunedModels/adder")
    assert got.status_code == (200 if reads == "list" else 404)
    again = practice.call("POST", "tunedModels", practice.body(), tunedModelId="adder")
    assert again.status_code == 409  # writes do not lag
    later(practice)
    assert practice.names() == ["tunedModels/adder", "tunedModels/other"]
    assert practice.call("GET", "tunedModels/adder").status_code == 200


def test_a_page_may_be_left_empty_while_its_models_do_not_appear(practice_with):
    practice = practice_with(faults=rules({"effect": "appears_late", "seconds": 1, "name": "a*"}))
    for model_id in ("a1", "a2", "b3"):
        practice.create(model_id)
    first = practice.ok("GET", "tunedModels", pageSize=2)
    assert set(first) == {"nextPageToken"}
    assert practice.names(pageSize=2) == ["tunedModels/b3"]


@pytest.mark.parametrize("reads", ["list", "all"])
def test_a_deleted_model_lingers(practice_with, reads):
    rule = {"effect": "lingers", "seconds": MINUTE, "reads": reads}
    practice = practice_with(training=False, faults=rules(rule))
    for n in range(5):
        practice.create(f"m{n}")
    before = practice.ok("GET", "tunedModels/m1")
    practice.ok("DELETE", "tunedModels/m1")
    practice.ok("DELETE", "tunedModels/m4")
    everything = [f"tunedModels/m{n}" for n in range(5)]
    for size in (1, 2, 10):
        assert practice.names(pageSize=size) == everything
    assert practice.names(filter="adder") == everything
    got = practice.call("GET", "tunedModels/m1")
    assert got.json() == before if reads == "all" else got.status_code == 404
    assert practice.call("PATCH", "tunedModels/m1", {"description": "x"}).status_code == 404
    later(practice)
    assert practice.names() == ["tunedModels/m0", "tunedModels/m2", "tunedModels/m3"]
    assert practice.call("GET", "tunedModels/m1").status_code == 404


def test_a_model_of_the_same_id_takes_the_place_of_the_one_that_lingers(practice_with):
    practice = practice_with(training=False, faults=rules({"effect": "lingers", "seconds": MINUTE}))
    practice.create("adder")
    practice.ok("DELETE", "tunedModels/adder")
    practice.create("adder", displayName="Second")
    assert practice.names() == CREATED
    assert practice.ok("GET", "tunedModels/adder")["displayName"] == "Second"


def test_what_lingers_is_shown_to_its_owner_only(practice_with):
    practice = practice_with(
        training=False,
        behaviour=Behaviour(accounts="per-key"),
        faults=rules({"effect": "lingers", "seconds": MINUTE}),
    )
    practice.ok("POST", "tunedModels", practice.body(), tunedModelId="adder", key="mine")
    practice.ok("DELETE", "tunedModels/adder", key="mine")
    assert practice.names(key="mine") == CREATED
    assert practice.names(key="theirs") == []


def test_an_operation_vanishes_and_its_training_goes_on(practice_with):
    rule = {"effect": "operation_vanishes", "seconds": MINUTE, "name": "a*"}
    practice = practice_with(training=False, faults=rules(rule))
    operation = practice.create("adder")["name"]
    other = practice.create("other")["name"]
    assert practice.ok("GET", operation)["name"] == operation
    later(practice)
    assert practice.refused("GET", operation)["code"] == 404
    assert practice.refused("POST", f"{operation}:cancel")["code"] == 404
    assert practice.ok("GET", "tunedModels/adder/operations") == {}
    listed = practice.ok("GET", "operations")["operations"]
    assert [each["name"] for each in listed] == [other]
    practice.service.start_training()
    practice.finished(other)
    while practice.ok("GET", "tunedModels/adder")["state"] != "ACTIVE":
        pass


def test_a_training_ends_in_an_error(practice_with):
    practice = practice_with(faults=rules({"effect": "training_fails", "name": "a*"}))
    done = practice.train("adder")
    assert done["error"]["code"] == 13
    assert practice.ok("GET", "tunedModels/adder")["state"] == "FAILED"
    assert "response" in practice.train("other")
    assert [each["outcome"] for each in trainings(practice)] == ["FAILED", "SUCCEEDED"]


def test_a_training_stalls_and_the_others_do_not_wait_for_it(practice_with):
    rule = {"effect": "training_stalls", "seconds": MINUTE, "name": "a*"}
    practice = practice_with(workers=1, faults=rules(rule))
    stalled = practice.create("adder")["name"]
    practice.train("other")
    assert "done" not in practice.ok("GET", stalled)
    assert practice.ok("GET", "tunedModels/adder")["state"] == "CREATING"
    later(practice)
    assert "response" in practice.finished(stalled)


@pytest.mark.parametrize("end", [":cancel", "", "clear"])
def test_a_training_that_stalls_for_ever_can_be_ended(practice_with, end):
    practice = practice_with(workers=1, faults=rules({"effect": "training_stalls"}))
    operation = practice.create("adder")["name"]
    later(practice, 100_000)
    match end:
        case ":cancel":
            practice.ok("POST", f"{operation}:cancel")
            assert practice.finished(operation)["error"]["code"] == 1
        case "":
            practice.ok("DELETE", "tunedModels/adder")
        case "clear":
            practice.service.faults.clear()
            assert "response" in practice.finished(operation)
    assert practice.ok("GET", "/practice/v1/health")["unfinishedTrainings"] == 0


def test_a_quota_counts_what_is_in_training(practice_with):
    practice = practice_with(training=False, behaviour=Behaviour(concurrent_trainings=2))
    practice.create("one")
    practice.create("two")
    error = practice.refused("POST", "tunedModels", practice.body(), tunedModelId="three")
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    (detail,) = error["details"]
    assert detail["@type"].endswith("google.rpc.QuotaFailure")
    practice.ok("POST", "tunedModels/one:cancel")
    practice.create("three")
    assert len(started(practice)) == 3


# --- the control route ---------------------------------------------------------------------------


def test_faults_can_be_read_put_and_deleted_while_the_service_runs(faulty):
    practice = faulty()
    route = "/practice/v1/faults"
    assert practice.ok("GET", route) == {"seed": 0, "rules": []}
    rule = {"effect": "status", "code": 500, "method": "GET", "after": 1}
    lag = {"effect": "lingers", "seconds": 3.0}
    practice.ok("PUT", route, {"rules": [rule, lag], "seed": 5})
    assert [practice.call("GET", "models").status_code for _ in range(3)] == [200, 500, 500]
    shown = practice.ok("GET", route)
    assert shown == {"seed": 5, "rules": [rule | {"matched": 3, "fired": 2}, lag]}
    practice.ok("PUT", route, {"rules": [rule]})
    assert [practice.call("GET", "models").status_code for _ in range(3)] == [200, 500, 500]
    assert practice.ok("DELETE", route) == {}
    assert practice.call("GET", "models").status_code == 200
    assert practice.ok("GET", route) == {"seed": 0, "rules": []}


@pytest.mark.parametrize(
    ("body", "field", "cause"),
    [
        ({"rules": [{"effect": "loose"}]}, "rules[0].effect", "did you mean 'lose'?"),
        ({"rules": [{"effect": "hang"}]}, "rules[0]", "missing required field `seconds`"),
        ({"rules": [{"effect": "lose", "times": 0}]}, "rules[0].times", "Expected `int` >= 1"),
        ({"behaviour": {"deleted_ids": "spent"}}, "behaviour", "only when the service is opened"),
    ],
)
def test_faults_that_are_not_understood_change_nothing(practice_with, body, field, cause):
    practice = practice_with(faults=rules({"effect": "twice"}))
    error = practice.refused("PUT", "/practice/v1/faults", body)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    (detail,) = error["details"]
    (violation,) = detail["fieldViolations"]
    assert violation["field"] == field
    assert cause in violation["description"]
    assert [r["effect"] for r in practice.ok("GET", "/practice/v1/faults")["rules"]] == ["twice"]


def test_the_route_needs_a_key_as_others_do(practice_with):
    practice = practice_with(training=False, require_key=True)
    assert practice.call("GET", "/practice/v1/faults").status_code == 403
    assert practice.call("PUT", "/practice/v1/faults", {}).status_code == 403
    assert practice.call("DELETE", "/practice/v1/faults").status_code == 403


def test_half_of_an_upload_can_be_kept(faulty):
    practice = faulty({"effect": "part", "path": "upload/*", "method": "PUT", "times": 1})
    begun = practice.client.post("/upload/storage/v1/b/bkt/o?uploadType=resumable&name=a")
    place, data = begun.headers["Location"], b"x" * (1 << 20)
    with pytest.raises(httpx.TransportError):
        practice.client.put(place, content=data)
    asked = practice.client.put(place, headers={"Content-Range": f"bytes */{len(data)}"})
    assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{(1 << 19) - 1}")


def test_every_effect_is_tried_here():
    text = Path(__file__).read_text()
    assert {each for each in EFFECTS if f'"effect": "{each}"' not in text} == set()
    assert Faults() == faults_of({})
