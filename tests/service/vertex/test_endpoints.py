"""Endpoints, what is deployed on them, and the operations that do it."""

import pytest

from tuneform.service import Behaviour

TYPES = "type.googleapis.com/google.cloud.aiplatform.v1"


@pytest.fixture
def trained(platform):
    """A platform with one tuned model, which is deployed nowhere."""
    job = platform.train(hyper={"epochCount": 20})
    platform.model = job["tunedModel"]["model"].partition("@")[0]
    platform.own = job["tunedModel"]["endpoint"]
    return platform


def deployed_id(platform, endpoint):
    (deployed,) = platform.ok("GET", endpoint)["deployedModels"]
    return deployed["id"]


def made(platform, **more):
    """A new endpoint's name."""
    answer = platform.did("POST", "endpoints", {"displayName": "mine"} | more)
    assert answer["@type"] == f"{TYPES}.Endpoint"
    return answer["name"]


def test_a_model_is_taken_off_and_put_on_another_endpoint(trained):
    body = {"deployedModelId": deployed_id(trained, trained.own)}
    answer = trained.did("POST", f"{trained.own}:undeployModel", body)
    assert answer == {"@type": f"{TYPES}.UndeployModelResponse"}
    shown = trained.ok("GET", trained.own)
    assert {"deployedModels", "trafficSplit"} & shown.keys() == set()
    assert "deployedModels" not in trained.ok("GET", trained.model)
    endpoint = made(trained, labels={"team": "demo"})
    deploy = {"deployedModel": {"model": trained.model}, "trafficSplit": {"0": 100}}
    answer = trained.did("POST", f"{endpoint}:deployModel", deploy)
    assert answer["@type"] == f"{TYPES}.DeployModelResponse"
    shown = trained.ok("GET", endpoint)
    assert shown["trafficSplit"] == {answer["deployedModel"]["id"]: 100}
    assert shown["deployedModels"][0]["model"] == trained.model
    assert shown["deployedModels"][0]["modelVersionId"] == "1"
    assert trained.ask(endpoint, "7") == "8"
    assert trained.refused("POST", f"{trained.own}:generateContent", ASK)[0] == 400
    assert trained.refused("DELETE", endpoint)[:2] == (400, "FAILED_PRECONDITION")


ASK = {"contents": [{"role": "user", "parts": [{"text": "7"}]}]}


def test_two_models_share_the_traffic_of_an_endpoint(trained):
    first = deployed_id(trained, trained.own)
    path = f"{trained.own}:deployModel"
    for split in ({"0": 50}, {"0": 50, "1": 50}, {"0": 150, first: -50}):
        body = {"deployedModel": {"model": trained.model}, "trafficSplit": split}
        assert trained.refused("POST", path, body)[0] == 400
    body = {"deployedModel": {"model": trained.model}, "trafficSplit": {"0": 40, first: 60}}
    second = trained.did("POST", path, body)["deployedModel"]["id"]
    body = {"deployedModelId": first}
    refused = trained.refused("POST", f"{trained.own}:undeployModel", body)
    assert refused[:2] == (400, "FAILED_PRECONDITION")
    trained.ok("PATCH", trained.own, {"trafficSplit": {second: 100}})
    trained.did("POST", f"{trained.own}:undeployModel", body)
    assert trained.ok("GET", trained.own)["trafficSplit"] == {second: 100}
    assert trained.refused("POST", f"{trained.own}:undeployModel", body)[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("share", [10, 90])
def test_the_model_with_the_largest_share_answers(trained, share):
    other = trained.train(tunedModelDisplayName="Other")["tunedModel"]["model"]
    first = deployed_id(trained, trained.own)
    split = {"0": share, first: 100 - share}
    body = {"deployedModel": {"model": other}, "trafficSplit": split}
    trained.did("POST", f"{trained.own}:deployModel", body)
    answer = trained.ok("POST", f"{trained.own}:generateContent", ASK)
    assert answer["modelVersion"] == (other if share > 50 else f"{trained.model}@1")


@pytest.mark.parametrize(
    ("verb", "body", "told"),
    [
        ("deployModel", {}, "deployed_model.model: is required"),
        ("deployModel", {"deployedModel": {"model": "x"}}, "must look like"),
        (
            "deployModel",
            {"deployedModel": {"model": "projects/practice/locations/local/models/1"}},
            "Model `projects/practice/locations/local/models/1` not found.",
        ),
        ("undeployModel", {}, "deployed_model_id: is required"),
        ("undeployModel", {"deployedModelId": "1"}, 'DeployedModel with ID "1" is not deployed'),
        ("undeployModel", {"id": "1"}, 'Unknown name "id"'),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(trained, verb, body, told):
    assert told in trained.refused("POST", f"{trained.own}:{verb}", body)[2]


def test_an_endpoint_needs_a_name_and_may_choose_its_id(platform):
    for body in ({}, {"displayName": "x" * 129}, {"displayName": "x", "labels": {"A": ""}}):
        assert platform.refused("POST", "endpoints", body)[0] == 400
    operation = platform.ok("POST", "endpoints", {"displayName": "x"}, endpointId="77")
    name = f"{platform.HOME}/endpoints/77"
    assert operation["name"].startswith(f"{name}/operations/")
    assert platform.done(operation)["response"]["name"] == name
    answer = platform.refused("POST", "endpoints", {"displayName": "x"}, endpointId="77")
    assert answer[:2] == (409, "ALREADY_EXISTS")
    assert platform.refused("POST", "endpoints", {"displayName": "x"}, endpointId="a")[0] == 400


def test_an_endpoint_is_edited_and_filtered_by_labels(trained):
    body = {"displayName": "New", "labels": {"team": "x"}}
    shown = trained.ok("PATCH", trained.own, body, updateMask="displayName,labels")
    assert (shown["displayName"], shown["labels"]) == ("New", {"team": "x"})
    made(trained)
    assert [e["name"] for e in trained.listed("endpoints", filter="labels.team=x")] == [trained.own]
    assert len(trained.listed("endpoints", pageSize=1)) == 2
    stale = {"displayName": "x", "etag": "old"}
    assert trained.refused("PATCH", trained.own, stale)[:2] == (409, "ABORTED")
    assert trained.refused("PATCH", "endpoints/1", body)[0] == 404


# --- operations -----------------------------------------------------------------------------------


def test_an_operation_takes_its_time_and_nothing_happens_before(platform_with):
    platform = platform_with(behaviour=Behaviour(operation_seconds=60))
    job = platform.train()
    endpoint, model = job["tunedModel"]["endpoint"], job["tunedModel"]["model"].partition("@")[0]
    body = {"deployedModelId": deployed_id(platform, endpoint)}
    operation = platform.ok("POST", f"{endpoint}:undeployModel", body)
    assert operation["metadata"]["@type"] == f"{TYPES}.UndeployModelOperationMetadata"
    platform.clock.sleep(59)
    assert "done" not in platform.ok("GET", operation["name"])
    assert platform.ok("GET", endpoint)["deployedModels"]
    for method, path, more in (
        ("POST", f"{endpoint}:undeployModel", body),
        ("DELETE", endpoint, None),
    ):
        answer = platform.refused(method, path, more)
        assert answer[:2] == (400, "FAILED_PRECONDITION")
        assert operation["name"] in answer[2]
    assert platform.refused("DELETE", model)[:2] == (400, "FAILED_PRECONDITION")
    platform.clock.sleep(1)
    assert platform.ok("GET", operation["name"])["done"] is True
    assert "deployedModels" not in platform.ok("GET", endpoint)


def test_a_model_that_was_undeployed_may_be_refused_deletion_for_a_while(platform_with):
    platform = platform_with(behaviour=Behaviour(undeployed_seconds=60))
    job = platform.train()
    endpoint, model = job["tunedModel"]["endpoint"], job["tunedModel"]["model"].partition("@")[0]
    platform.did(
        "POST", f"{endpoint}:undeployModel", {"deployedModelId": deployed_id(platform, endpoint)}
    )
    platform.clock.sleep(59)
    code, status, message = platform.refused("DELETE", model)[:3]
    assert (code, status) == (400, "FAILED_PRECONDITION")
    assert endpoint in message
    platform.clock.sleep(1)
    platform.did("DELETE", model)


def test_an_operation_is_waited_for(platform_with):
    platform = platform_with(behaviour=Behaviour(operation_seconds=60))
    name = platform.ok("POST", "endpoints", {"displayName": "x"})["name"]
    assert "done" not in platform.ok("POST", f"{name}:wait", {}, timeout="30s")
    assert platform.ok("POST", f"{name}:wait", {})["done"] is True
    assert platform.refused("POST", f"{name}:wait", {}, timeout="soon")[0] == 400


def test_an_operation_can_be_cancelled_and_forgotten(platform_with):
    platform = platform_with(behaviour=Behaviour(operation_seconds=60))
    name = platform.ok("POST", "endpoints", {"displayName": "x"})["name"]
    assert platform.ok("DELETE", name) == {}
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    assert platform.ok("GET", name)["error"]["code"] == 1
    platform.clock.sleep(60)
    assert platform.listed("endpoints") == []
    assert platform.ok("POST", f"{name}:cancel", {}) == {}
    assert platform.ok("DELETE", name) == {}
    assert platform.refused("GET", name)[:2] == (404, "NOT_FOUND")


def test_operations_are_found_by_both_forms_of_their_name(platform):
    endpoint = made(platform)
    other = made(platform)
    (one,) = platform.listed(f"{endpoint}/operations")
    assert one["name"].startswith(f"{endpoint}/operations/")
    short = f"{platform.HOME}/operations/{one['name'].rpartition('/')[2]}"
    assert platform.ok("GET", short) == platform.ok("GET", one["name"]) == one
    assert len(platform.listed("operations", pageSize=1)) == 2
    wrong = one["name"].replace(endpoint, other)
    assert platform.refused("GET", wrong)[0] == 404


def test_an_operation_fails_when_its_time_comes_too_late(platform_with):
    platform = platform_with(behaviour=Behaviour(operation_seconds=10))
    name = platform.did("POST", "endpoints", {"displayName": "x"})["name"]
    job = platform.train()
    model = job["tunedModel"]["model"].partition("@")[0]
    endpoint = job["tunedModel"]["endpoint"]
    body = {"deployedModelId": deployed_id(platform, endpoint)}
    platform.did("POST", f"{endpoint}:undeployModel", body)
    first = platform.ok("DELETE", model)
    second = platform.ok("DELETE", model)
    late = platform.ok("POST", f"{name}:deployModel", {"deployedModel": {"model": model}})
    assert "response" in platform.done(first)
    assert platform.done(second)["error"]["code"] == 5
    assert platform.done(late)["error"]["code"] == 5
    assert "deployedModels" not in platform.ok("GET", name)


def test_operations_say_the_version_they_were_asked_in(platform):
    path = f"/v1beta1/{platform.HOME}/endpoints"
    operation = platform.ok("POST", path, {"displayName": "x"})
    kind = operation["metadata"]["@type"]
    assert kind == (
        "type.googleapis.com/google.cloud.aiplatform.v1beta1.CreateEndpointOperationMetadata"
    )


# --- asking ---------------------------------------------------------------------------------------


def test_an_answer_can_come_in_pieces_and_be_cut(trained):
    path = f"{trained.own}:streamGenerateContent"
    (piece,) = trained.ok("POST", path, ASK)
    assert piece["candidates"][0]["finishReason"] == "STOP"
    assert piece["modelVersion"] == f"{trained.model}@1"
    events = trained.call("POST", path, ASK, alt="sse").text
    assert events.startswith("data: {")
    cut = ASK | {"generationConfig": {"maxOutputTokens": 1, "stopSequences": ["8"]}}
    answer = trained.ok("POST", f"{trained.own}:generateContent", cut)
    assert answer["candidates"][0]["content"]["parts"] == [{"text": ""}]
    assert trained.ok("POST", f"{trained.own}:countTokens", ASK)["totalTokens"] == 1


def test_a_model_is_not_asked_by_its_own_name(trained):
    for verb in ("generateContent", "streamGenerateContent"):
        response = trained.call("POST", f"{trained.model}:{verb}", ASK)
        body = response.json()
        error = (body[0] if isinstance(body, list) else body)["error"]
        assert error["message"] == (
            f"The Model name {trained.model} is malformed and it should be in form of "
            "projects/{project}/locations/{location}/publishers/google/models/{model}"
        )
        assert response.status_code == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "at least one contents field"),
        ({"contents": [{"parts": [{"text": ""}]}]}, "must have a text parameter"),
        ({"contents": [{"role": "boss", "parts": []}]}, "valid role"),
        ({"contents": [{"parts": [{"inlineData": {}}]}]}, "only text is supported"),
        (ASK | {"tools": [{}]}, "is not enabled"),
        (ASK | {"generationConfig": {"candidateCount": 2}}, "Only one candidate"),
        (ASK | {"generationConfig": {"responseMimeType": "application/json"}}, "JSON mode"),
        ({"contents": [{"parts": [{"text": "x" * 40_001}]}]}, "the limit is 40,000"),
        (ASK | {"colour": 1}, "Unknown name"),
    ],
)
def test_what_cannot_be_asked_is_400(trained, body, told):
    code, _, message = trained.refused("POST", f"{trained.own}:generateContent", body)
    assert code == 400
    assert told in message


def test_unknown_endpoints_and_language_models_do_not_answer(platform):
    answer = platform.refused("POST", "endpoints/1:generateContent", ASK)
    assert answer == (404, "NOT_FOUND", f"Endpoint `{platform.HOME}/endpoints/1` not found.")
    path = "publishers/google/models/gemini-2.5-flash:generateContent"
    assert platform.refused("POST", path, ASK)[:2] == (501, "UNIMPLEMENTED")
