"""Models of the registry: edits, labels, versions, deletion."""

import pytest

from tuneform.service import Behaviour


@pytest.fixture
def trained(platform):
    """A platform with one tuned model."""
    platform.job = platform.train(labels={"team": "demo"})
    platform.model = platform.job["tunedModel"]["model"].partition("@")[0]
    return platform


def continued(platform, **more):
    """A job that goes on from the model."""
    return platform.train(preTunedModel={"tunedModelName": platform.model}, **more)


# --- edits ----------------------------------------------------------------------------------------


def test_a_patch_changes_what_the_mask_names(trained):
    body = {"displayName": "New", "description": "Adds.", "labels": {"a": "b"}}
    model = trained.ok("PATCH", trained.model, body, updateMask="displayName,labels")
    assert (model["displayName"], model["labels"]) == ("New", {"a": "b"})
    assert "description" not in model
    assert trained.ok("GET", trained.model) == model
    model = trained.ok("PATCH", trained.model, {}, updateMask="labels")
    assert "labels" not in model
    model = trained.ok("PATCH", trained.model, body, updateMask="display_name, description")
    assert model["description"] == "Adds."


def test_a_patch_without_a_mask_changes_what_it_sets_or_is_refused(trained, platform_with):
    model = trained.ok("PATCH", trained.model, {"displayName": "New"})
    assert (model["displayName"], model["labels"]["team"]) == ("New", "demo")
    strict = platform_with(behaviour=Behaviour(patch_without_mask="refused"))
    name = strict.train()["tunedModel"]["model"]
    answer = strict.refused("PATCH", name, {"displayName": "New"})
    assert answer == (400, "INVALID_ARGUMENT", "update_mask: is required")


@pytest.mark.parametrize(
    ("body", "mask", "told"),
    [
        ({}, "etag", "'etag' cannot be changed"),
        ({}, "colour", "'colour' is not a field of Model"),
        ({"labels": {"A": "b"}}, "labels", "lowercase"),
        ({"displayName": "x" * 129}, "displayName", "128 characters"),
        ({"displayName": ""}, "displayName", "must not be empty"),
        ({"colour": 1}, "labels", "Unknown name"),
    ],
)
def test_what_cannot_be_changed_is_400(trained, body, mask, told):
    before = trained.ok("GET", trained.model)
    code, _, message = trained.refused("PATCH", trained.model, body, updateMask=mask)
    assert code == 400
    assert told in message
    assert trained.ok("GET", trained.model) == before


def test_an_etag_lets_nobody_overwrite_what_he_has_not_seen(trained):
    seen = trained.ok("GET", trained.model)["etag"]
    changed = trained.ok("PATCH", trained.model, {"labels": {"a": "b"}, "etag": seen})
    assert changed["etag"] != seen
    body = {"labels": {"c": "d"}, "etag": seen}
    assert trained.refused("PATCH", trained.model, body)[:2] == (409, "ABORTED")
    assert trained.ok("GET", trained.model)["labels"] == {"a": "b"}


def test_labels_are_filtered_by(trained):
    trained.train()
    assert len(trained.listed("models")) == 2
    assert len(trained.listed("models", filter="labels.tune-type:*")) == 2
    (found,) = trained.listed("models", filter="labels.team=demo")
    assert found["name"] == trained.model
    assert len(trained.listed("models", filter='display_name="Adder"', pageSize=1)) == 2
    model_id = trained.model.rpartition("/")[2]
    assert len(trained.listed("models", filter=f"model={model_id}")) == 1
    assert trained.refused("GET", "models", orderBy="create_time")[0] == 501


# --- versions -------------------------------------------------------------------------------------


def test_continuous_tuning_makes_a_version_of_the_same_model(trained):
    job = continued(trained, tunedModelDisplayName="Adder", labels={"team": "two"})
    assert job["tunedModel"]["model"] == f"{trained.model}@2"
    assert job["preTunedModel"] == {
        "tunedModelName": f"{trained.model}@1",
        "baseModel": trained.BASE,
    }
    assert "baseModel" not in job
    shown = trained.ok("GET", trained.model)
    assert (shown["versionId"], shown["labels"]["team"]) == ("2", "two")
    assert trained.ok("GET", f"{trained.model}@1")["labels"]["team"] == "demo"
    assert trained.ok("GET", f"{trained.model}@default") == shown
    versions = trained.ok("GET", f"{trained.model}:listVersions")["models"]
    assert [each["versionId"] for each in versions] == ["1", "2"]
    assert [each.get("versionAliases") for each in versions] == [None, ["default"]]
    assert len(trained.listed("models")) == 1


def test_another_display_name_makes_another_model(trained):
    job = continued(trained, tunedModelDisplayName="Adder 2")
    assert not job["tunedModel"]["model"].startswith(trained.model)
    assert job["tunedModel"]["model"].endswith("@1")
    assert len(trained.listed("models")) == 2


def test_continuous_tuning_knows_what_its_parent_knew(trained):
    uri = trained.put("gs://practice/one.jsonl", b'{"contents": [{"role": "user", "parts": '
        b'[{"text": "hello"}]}, {"role": "model", "parts": [{"text": "world"}]}]}')  # fmt: skip
    job = trained.train(
        uri,
        preTunedModel={"tunedModelName": f"{trained.model}@1"},
        tunedModelDisplayName="Both",
        hyper={"epochCount": 1},
    )
    endpoint = job["tunedModel"]["endpoint"]
    assert trained.ask(endpoint, "hello") == "world"
    assert trained.ask(endpoint, "7") in {output for _, output in trained.NUMBERS}


def test_a_parent_must_exist_and_must_be_a_model(trained):
    def refused(name, **more):
        body = trained.body(preTunedModel={"tunedModelName": name, **more})
        return trained.refused("POST", "tuningJobs", body)

    assert refused(f"{trained.HOME}/models/1")[:2] == (404, "NOT_FOUND")
    assert refused(f"{trained.model}@7")[:2] == (404, "NOT_FOUND")
    assert "must look like projects/" in refused("models/1")[2]
    assert "Checkpoint 9 of model" in refused(trained.model, checkpointId="9")[2]


def test_a_job_whose_parent_is_deleted_before_it_runs_fails(platform_with):
    platform = platform_with()
    job = platform.train()
    child = platform.body(preTunedModel={"tunedModelName": job["tunedModel"]["model"]})
    platform.service._bell.listener = None
    platform.service._trainer.close()
    name = platform.ok("POST", "tuningJobs", child)["name"]
    platform.clear(job)
    platform.service._trainer = None
    platform.service.start_training()
    assert "was deleted" in platform.ended(name)["error"]["message"]


def test_a_version_is_deleted_unless_it_is_the_only_one_or_deployed(trained):
    one = f"{trained.model}@1"
    assert "only version" in trained.refused("DELETE", f"{one}:deleteVersion")[2]
    second = continued(trained, tunedModelDisplayName="")
    two = f"{trained.model}@2"
    assert second["tunedModel"]["endpoint"] in trained.refused("DELETE", f"{two}:deleteVersion")[2]
    endpoint = trained.ok("GET", second["tunedModel"]["endpoint"])
    (deployed,) = endpoint["deployedModels"]
    trained.did("POST", f"{endpoint['name']}:undeployModel", {"deployedModelId": deployed["id"]})
    assert trained.did("DELETE", f"{two}:deleteVersion") == {
        "@type": "type.googleapis.com/google.protobuf.Empty"
    }
    assert trained.refused("GET", two)[0] == 404
    assert trained.ok("GET", trained.model)["versionId"] == "1"
    assert trained.refused("DELETE", f"{trained.model}:deleteVersion")[0] == 400
    third = continued(trained, tunedModelDisplayName="")
    assert third["tunedModel"]["model"] == f"{trained.model}@3"


def test_a_version_is_edited_by_its_own_name(trained):
    one = f"{trained.model}@1"
    body = {"versionDescription": "first", "labels": {"tier": "1"}}
    shown = trained.ok("PATCH", one, body, updateMask="versionDescription,labels")
    assert shown["versionDescription"] == "first"
    assert shown["labels"] == {"team": "demo", "tune-type": "sft", "tier": "1"}
    refused = trained.refused("PATCH", one, {"displayName": "x"}, updateMask="displayName")
    assert "'displayName' cannot be changed" in refused[2]
    assert trained.ok("PATCH", f"{trained.model}@-", {"displayName": "x"})["displayName"] == "x"


def test_aliases_point_at_versions(trained):
    body = {"versionAliases": ["best"]}
    shown = trained.ok("POST", f"{trained.model}@1:mergeVersionAliases", body)
    assert shown["versionAliases"] == ["best", "default"]
    assert trained.ok("GET", f"{trained.model}@best")["versionId"] == "1"
    body = {"versionAliases": ["-best"]}
    trained.ok("POST", f"{trained.model}@1:mergeVersionAliases", body)
    assert trained.refused("GET", f"{trained.model}@best")[0] == 404
    for alias in ("-default", "1", "-"):
        body = {"versionAliases": [alias]}
        path = f"{trained.model}@1:mergeVersionAliases"
        assert trained.refused("POST", path, body)[0] == 400


# --- checkpoints ----------------------------------------------------------------------------------


def test_every_epoch_leaves_a_checkpoint_with_an_endpoint(platform):
    job = platform.train(spec={"exportLastCheckpointOnly": False}, hyper={"epochCount": 3})
    tuned = job["tunedModel"]
    points = tuned["checkpoints"]
    assert [point["checkpointId"] for point in points] == ["1", "2", "3"]
    assert [point["epoch"] for point in points] == ["1", "2", "3"]
    assert [point["step"] for point in points] == ["4", "8", "12"]
    assert points[-1]["endpoint"] == tuned["endpoint"]
    assert len({point["endpoint"] for point in points}) == 3
    model = platform.ok("GET", tuned["model"])
    assert model["defaultCheckpointId"] == "3"
    assert len(model["deployedModels"]) == 3

    def certainty(endpoint):
        body = {"contents": [{"parts": [{"text": "7"}]}]}
        answer = platform.ok("POST", f"{endpoint}:generateContent", body)
        return answer["candidates"][0]["avgLogprobs"]

    sure = [certainty(point["endpoint"]) for point in points]
    assert sure == sorted(sure)
    assert len(set(sure)) == 3
    child = platform.train(
        preTunedModel={"tunedModelName": tuned["model"], "checkpointId": "1"},
        tunedModelDisplayName="child",
    )
    assert child["preTunedModel"]["checkpointId"] == "1"
    platform.ok("PATCH", tuned["model"], {"defaultCheckpointId": "2"})
    assert platform.ok("GET", tuned["model"])["defaultCheckpointId"] == "2"
    wrong = {"defaultCheckpointId": "9"}
    assert platform.refused("PATCH", tuned["model"], wrong)[0] == 400


def test_of_many_epochs_ten_leave_a_checkpoint(platform):
    job = platform.train(spec={"exportLastCheckpointOnly": False}, hyper={"epochCount": 25})
    epochs = [int(point["epoch"]) for point in job["tunedModel"]["checkpoints"]]
    assert len(epochs) == 10
    assert epochs[-1] == 25
