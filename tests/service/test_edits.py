"""What a PATCH changes, with a mask and without, without a store."""

import pytest

from tuneform.service.edits import edited
from tuneform.service.errors import ApiError

RESOURCE = {
    "name": "tunedModels/a",
    "baseModel": "models/b",
    "displayName": "old",
    "description": "words",
    "temperature": 0.5,
    "topP": 0.9,
    "topK": 7,
    "state": "ACTIVE",
    "createTime": "t",
    "tuningTask": {"hyperparameters": {"epochCount": 5, "batchSize": 4, "learningRate": 0.001}},
}


def changes(body, mask=None):
    after = edited(RESOURCE, body, mask)
    keys = RESOURCE.keys() | after.keys()
    return {key: after.get(key) for key in keys if after.get(key) != RESOURCE.get(key)}


def refused(body, mask=None):
    with pytest.raises(ApiError) as refusal:
        edited(RESOURCE, body, mask)
    assert refusal.value.http == 400
    return refusal.value.message


def test_a_mask_changes_its_paths_and_nothing_else():
    body = {"display_name": "new", "description": "other", "state": "FAILED", "top_k": 9}
    assert changes(body, "displayName") == {"displayName": "new"}
    assert changes(body, "display_name, topK") == {"displayName": "new", "topK": 9}


def test_what_the_mask_names_and_the_body_leaves_out_is_cleared():
    assert changes({}, "displayName,description") == {"displayName": None, "description": None}
    assert changes({}, "temperature,topP,topK") == {"temperature": 1, "topP": 0.95, "topK": 64}


def test_a_star_means_all_that_can_be_edited():
    assert changes({"display_name": "new"}, "*") == {
        "displayName": "new",
        "description": None,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
    }


def test_without_a_mask_what_the_body_sets_changes():
    assert changes({"display_name": "new", "temperature": 0.0}) == {
        "displayName": "new",
        "temperature": 0,
    }
    assert changes({"display_name": ""}) == {"displayName": None}
    assert changes({"reader_project_numbers": [12, 2**53 + 1]}) == {
        "readerProjectNumbers": ["12", "9007199254740993"]
    }
    assert changes({}) == {}


def test_the_whole_model_can_be_sent_back():
    body = {
        "display_name": "new",
        "state": "ACTIVE",
        "create_time": "2026-01-01T00:00:00Z",
        "base_model": "models/b",
        "tuning_task": {"hyperparameters": {"epoch_count": 5, "learning_rate": 0.001}},
    }
    assert changes(body) == {"displayName": "new"}
    assert changes(body, "displayName") == {"displayName": "new"}


@pytest.mark.parametrize(
    "mask",
    [
        *("name", "baseModel", "state", "createTime", "update_time", "tuningTask"),
        *("tuningTask.hyperparameters.epochCount", "tunedModelSource.tunedModel"),
        *("nonsense", "tuningTask.nonsense", "displayName.x", "description,state", "x" * 5000),
    ],
)
def test_paths_that_cannot_be_masked(mask):
    assert "update_mask" in refused({"display_name": "new"}, mask)


@pytest.mark.parametrize(
    "body",
    [
        {"base_model": "models/other"},
        {"tuned_model_source": {"tuned_model": "tunedModels/p"}},
        {"tuning_task": {"hyperparameters": {"epoch_count": 6}}},
        {"tuning_task": {"hyperparameters": {"learning_rate_multiplier": 1.0}}},
        {"tuning_task": {"training_data": {"examples": {"examples": [{"output": "x"}]}}}},
    ],
)
def test_immutable_fields_cannot_become_something_else_without_a_mask(body):
    assert "cannot be changed" in refused(body)
    assert changes(body | {"display_name": "new"}, "displayName") == {"displayName": "new"}


def test_values_out_of_range_are_refused_only_where_they_would_count():
    assert refused({"display_name": "x" * 41}) == "Request contains an invalid argument."
    assert "temperature" in refused({"temperature": 1.5}, "temperature")
    assert changes({"temperature": 1.5, "display_name": "new"}, "displayName") == {
        "displayName": "new"
    }


def test_an_empty_mask_is_no_mask():
    assert changes({"display_name": "new"}, "") == {"displayName": "new"}
