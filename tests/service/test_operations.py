"""Operations: progress, cancelling, failing, and what becomes of the model."""

import pytest


def test_progress_is_told_step_by_step(practice_with):
    practice = practice_with(step_seconds=30)
    done = practice.train("adder", hyperparameters={"epochCount": 2, "batchSize": 10})
    metadata = done["metadata"]
    assert (metadata["totalSteps"], metadata["completedSteps"]) == (3, 3)
    assert metadata["completedPercent"] == 100
    assert [s["step"] for s in metadata["snapshots"]] == [1, 2, 3]
    times = [s["computeTime"] for s in metadata["snapshots"]]
    assert times == ["2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z", "2026-01-01T00:01:30Z"]


def test_operations_of_a_model_and_of_all(waiting):
    names = [waiting.create(f"m{n}")["name"] for n in range(3)]
    for version in ("/v1", "/v1beta"):
        listed = waiting.ok("GET", f"{version}/tunedModels/m1/operations")
        assert [o["name"] for o in listed["operations"]] == [names[1]]
        assert waiting.ok("GET", f"{version}/{names[1]}")["name"] == names[1]
        first = waiting.ok("GET", f"{version}/operations", pageSize=2)
        assert [o["name"] for o in first["operations"]] == names[:2]
        token = first["nextPageToken"]
        rest = waiting.ok("GET", f"{version}/operations", pageSize=2, pageToken=token)
        assert [o["name"] for o in rest["operations"]] == names[2:]


def test_unknown_operations(waiting):
    waiting.create("adder")
    for path in ("tunedModels/adder/operations/nothing", "tunedModels/nobody/operations/x"):
        assert waiting.refused("GET", path)["code"] == 404
        assert waiting.refused("POST", f"{path}:cancel", {})["code"] == 404
    assert waiting.refused("DELETE", "tunedModels/adder/operations/x")["status"] == "UNIMPLEMENTED"
    assert waiting.refused("DELETE", "/v1/operations/a/b")["code"] == 501


@pytest.mark.parametrize("whole_model", [False, True])
def test_a_cancelled_training_ends_at_once(waiting, whole_model):
    operation = waiting.create("adder")["name"]
    target = "tunedModels/adder" if whole_model else operation
    assert waiting.ok("POST", f"/v1/{target}:cancel", {}) == {}
    done = waiting.ok("GET", operation)
    assert done["done"] is True
    assert done["error"]["code"] == 1
    assert set(done["error"]) == {"code", "message"}
    assert "response" not in done
    model = waiting.ok("GET", "tunedModels/adder")
    assert model["state"] == "ACTIVE"
    assert model["updateTime"] == model["tuningTask"]["completeTime"]
    assert waiting.ask("adder", "7") == "1"  # the first output: nothing was learnt
    waiting.service.start_training()
    assert waiting.ok("GET", operation) == done


def test_cancelling_what_is_done_changes_nothing(practice):
    operation = practice.train("adder")
    assert practice.ok("POST", f"{operation['name']}:cancel", {}) == {}
    assert practice.ok("GET", operation["name"]) == operation


def test_a_training_under_way_is_cancelled_within_a_step_and_keeps_what_it_learnt(practice):
    operation = practice.create("adder", hyperparameters={"epochCount": 10_000, "batchSize": 1})
    while "snapshots" not in practice.ok(
        "GET", operation["name"], fields="metadata/snapshots/step"
    ).get("metadata", {}):
        pass
    practice.ok("POST", f"{operation['name']}:cancel")
    done = practice.finished(operation["name"])
    assert done["metadata"]["completedSteps"] < done["metadata"]["totalSteps"]
    for _ in range(20_000):
        if practice.ask("adder", "7") == "8":
            break
    assert practice.ask("adder", "7") == "8"


def test_a_tuned_model_can_be_cancelled_before_its_first_step_and_answers_like_its_parent(waiting):
    waiting.service.start_training()
    waiting.train("parent")
    waiting.service._bell.listener.close()
    source = {"tunedModelSource": {"tunedModel": "tunedModels/parent"}}
    operation = waiting.ok("POST", "tunedModels", waiting.body(**source), tunedModelId="child")
    waiting.ok("POST", f"{operation['name']}:cancel")
    assert waiting.ask("child", "7") == "8"


def test_a_training_that_diverges_fails_and_says_why(practice):
    done = practice.train("wild", hyperparameters={"learningRate": 1e30})
    assert done["error"]["code"] == 3
    assert "smaller learning rate" in done["error"]["message"]
    assert practice.ok("GET", "tunedModels/wild")["state"] == "FAILED"
    body = {"contents": [{"parts": [{"text": "7"}]}]}
    error = practice.refused("POST", "tunedModels/wild:generateContent", body)
    assert error["status"] == "FAILED_PRECONDITION"
    assert practice.ok("GET", "/practice/v1/trainings")["trainings"][0]["outcome"] == "FAILED"


def test_deleting_a_model_stops_its_training(practice):
    operation = practice.create("adder", hyperparameters={"epochCount": 10_000, "batchSize": 1})
    practice.ok("DELETE", "tunedModels/adder")
    assert practice.refused("GET", operation["name"])["code"] == 404
    practice.train("adder", [("a", "b")])  # its worker is free again
    first = practice.ok("GET", "/practice/v1/trainings")["trainings"][0]
    assert first["outcome"] == "DELETED"
    assert practice.ok("GET", "/practice/v1/health") == {"status": "ok", "unfinishedTrainings": 0}


def test_a_parent_may_go_while_its_child_is_trained(waiting):
    waiting.service.start_training()
    waiting.train("parent")
    waiting.service._bell.listener.close()
    source = {"tunedModelSource": {"tunedModel": "tunedModels/parent"}}
    body = waiting.body([("a", "b")], **source)
    waiting.ok("POST", "tunedModels", body, tunedModelId="child")
    waiting.ok("DELETE", "tunedModels/parent")
    waiting.service._trainer = None
    waiting.service.start_training()
    waiting.finished(waiting.ok("GET", "tunedModels/child/operations")["operations"][0]["name"])
    assert waiting.ask("child", "7") == "8"
    assert waiting.ok("GET", "tunedModels/child")["tunedModelSource"]["tunedModel"] == (
        "tunedModels/parent"
    )


def test_trainings_share_the_workers_in_turns(practice):
    names = [practice.create(f"m{n}")["name"] for n in range(30)]
    for name in names:
        assert "response" in practice.finished(name)
