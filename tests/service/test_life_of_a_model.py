"""One test body over both ways to reach the service: from create to delete."""

import re

import pytest


@pytest.fixture
def practice(practice_both_ways):
    return practice_both_ways


@pytest.mark.parametrize("version", ["/v1beta", "/v1"])
def test_a_model_from_create_to_delete(practice, version):
    operation = practice.ok(
        "POST",
        f"{version}/tunedModels",
        practice.body(description="Says the next number.", topP=0.5),
        tunedModelId="adder",
    )
    assert re.fullmatch(r"tunedModels/adder/operations/[a-z0-9]{12}", operation["name"])
    assert operation["metadata"] == {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.CreateTunedModelMetadata",
        "totalSteps": 19,
        "tunedModel": "tunedModels/adder",
    }
    done = practice.finished(f"{version}/{operation['name']}")
    model = practice.ok("GET", f"{version}/tunedModels/adder")
    assert done["response"].pop("@type").endswith("v1beta.TunedModel")
    assert done["response"] == model
    assert practice.ok("GET", f"{version}/tunedModels") == {"tunedModels": [model]}
    assert practice.ask("adder", "7") == "8"
    patched = practice.ok("PATCH", f"{version}/tunedModels/adder", {"displayName": "New"})
    assert patched == model | {"displayName": "New"}
    assert practice.ok("GET", f"{version}/tunedModels/adder") == patched
    assert practice.ok("DELETE", f"{version}/tunedModels/adder") == {}
    error = practice.refused("GET", f"{version}/tunedModels/adder")
    assert error == {
        "code": 404,
        "message": "Tuned model tunedModels/adder does not exist.",
        "status": "NOT_FOUND",
    }
    assert practice.ok("GET", f"{version}/tunedModels") == {}


def test_what_a_trained_model_looks_like(practice):
    practice.train("adder", hyperparameters={"batchSize": 2}, temperature=0, topK=3)
    model = practice.ok("GET", "tunedModels/adder")
    task = model.pop("tuningTask")
    times = {key: model.pop(key) for key in ("createTime", "updateTime")}
    assert model == {
        "name": "tunedModels/adder",
        "baseModel": practice.BASE,
        "displayName": "Adder",
        "temperature": 0,
        "topP": 0.95,
        "topK": 3,
        "state": "ACTIVE",
    }
    assert times["createTime"] <= task["startTime"] <= task["completeTime"] == times["updateTime"]
    assert task["hyperparameters"] == {"epochCount": 5, "batchSize": 2, "learningRate": 0.001}
    assert set(task) == {"startTime", "completeTime", "hyperparameters", "snapshots"}
    snapshots = task["snapshots"]
    assert [s["step"] for s in snapshots] == list(range(1, 39))
    assert [s.get("epoch", 0) for s in snapshots] == [min(5, s * 2 // 15) for s in range(1, 39)]
    assert "epoch" not in snapshots[0]
    assert snapshots[-1]["meanLoss"] < snapshots[0]["meanLoss"]
    assert all(snapshot["computeTime"].endswith("Z") for snapshot in snapshots)


def test_enums_are_numbers_for_those_who_ask(practice):
    operation = practice.train("adder")
    numbers = {"$alt": "json;enum-encoding=int"}
    assert practice.ok("GET", "tunedModels/adder", **numbers)["state"] == 2
    assert practice.ok("GET", "tunedModels", **numbers)["tunedModels"][0]["state"] == 2
    assert practice.ok("GET", operation["name"], **numbers)["response"]["state"] == 2


def test_a_partial_answer(practice):
    practice.train("adder")
    chosen = practice.ok("GET", "tunedModels", fields="tunedModels(name,state),nextPageToken")
    assert chosen == {"tunedModels": [{"name": "tunedModels/adder", "state": "ACTIVE"}]}
    step = practice.ok("GET", "tunedModels/adder", fields="tuningTask/snapshots/step")
    assert step["tuningTask"]["snapshots"][18] == {"step": 19}
    none = practice.ok("GET", "tunedModels/adder", fields="tuningTask(startTime)")
    assert set(none["tuningTask"]) == {"startTime"}


def test_training_on_top_of_a_tuned_model(practice):
    practice.train("parent", temperature=0.25)
    for model_id, origin in (
        ("child", {"tunedModelSource": {"tunedModel": "tunedModels/parent", "baseModel": "x"}}),
        ("other", {"baseModel": "tunedModels/parent"}),
    ):
        body = practice.body([("hundred", "hundred one")], **origin)
        practice.finished(practice.ok("POST", "tunedModels", body, tunedModelId=model_id)["name"])
        model = practice.ok("GET", f"tunedModels/{model_id}")
        assert "baseModel" not in model
        assert model["tunedModelSource"] == {
            "tunedModel": "tunedModels/parent",
            "baseModel": practice.BASE,
        }
        assert model["temperature"] == 0.25
        assert practice.ask(model_id, "hundred") == "hundred one"
        assert practice.ask(model_id, "7") == "8"


def test_both_forms_of_a_stream(practice):
    long = "an answer of more than twenty-four characters, in pieces"
    practice.train("talker", [("hello", long), ("bye", "short")])
    body = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    pieces = practice.ok("POST", "tunedModels/talker:streamGenerateContent", body)
    texts = [piece["candidates"][0]["content"]["parts"][0]["text"] for piece in pieces]
    assert "".join(texts) == long
    assert len(pieces) == 3
    reasons = [piece["candidates"][0].get("finishReason") for piece in pieces]
    assert reasons == [None, None, "STOP"]
    events = practice.call("POST", "tunedModels/talker:streamGenerateContent", body, alt="sse")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.text.count("data: ") == 3
    assert events.text.endswith("\r\n\r\n")


def test_unicode_of_all_kinds_is_trained_and_answered(practice):
    odd = [("🦀 ñ é", "\u0000 nul"), ("line\r\nend", "ﷺ"), ("\u202e", "🏳️‍🌈")]
    practice.train("odd", odd)
    for text, output in odd:
        assert practice.ask("odd", text) == output


def test_ids_are_made_up_from_the_display_name(practice):
    operation = practice.ok("POST", "tunedModels", practice.body(displayName="Next Number"))
    name = operation["metadata"]["tunedModel"]
    assert re.fullmatch(r"tunedModels/next-number-[a-z0-9]{12}", name)
    assert practice.ok("GET", name)["displayName"] == "Next Number"


def test_training_data_is_never_told(practice):
    secret = "the-secret-input"
    done = practice.train("quiet", [*practice.NUMBERS, (secret, "x")])
    for path in ("tunedModels/quiet", "tunedModels", done["name"], "/practice/v1/trainings"):
        text = practice.call("GET", path).text
        assert secret not in text
        assert "trainingData" not in text
