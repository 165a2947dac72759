"""Partial responses: the grammar, what it selects, and what it refuses."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.service.errors import ApiError
from tuneform.service.fields import EVERYTHING, parse_fields
from tuneform.service.messages import GENERATE_ANSWER, OPERATION, TUNED_MODEL_LIST

ANSWER = {
    "tunedModels": [
        {
            "name": "tunedModels/a",
            "state": "ACTIVE",
            "tuningTask": {
                "startTime": "t",
                "hyperparameters": {"epochCount": 5, "batchSize": 4},
                "snapshots": [{"step": 1, "meanLoss": 2}, {"step": 2, "meanLoss": 1}],
            },
        },
        {"name": "tunedModels/b", "state": "CREATING", "tuningTask": {}},
    ],
    "nextPageToken": "more",
}


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ("nextPageToken", {"nextPageToken": "more"}),
        (
            "tunedModels/name",
            {"tunedModels": [{"name": "tunedModels/a"}, {"name": "tunedModels/b"}]},
        ),
        ("tunedModels.name,nextPageToken", None),
        ("tunedModels(name),next_page_token", None),
        (
            "tunedModels/tuningTask(hyperparameters/epochCount,snapshots/step)",
            {
                "tunedModels": [
                    {
                        "tuningTask": {
                            "hyperparameters": {"epochCount": 5},
                            "snapshots": [{"step": 1}, {"step": 2}],
                        }
                    },
                    {"tuningTask": {}},
                ]
            },
        ),
        ("*", ANSWER),
        ("*/state", {"tunedModels": [{"state": "ACTIVE"}, {"state": "CREATING"}]}),
        ("tunedModels/*/startTime", {"tunedModels": [{"tuningTask": {"startTime": "t"}}, {}]}),
        (" tunedModels ( name , state ) ", None),
        ("tunedModels/name,tunedModels/state", None),
    ],
)
def test_selections(fields, selected):
    result = parse_fields(fields, TUNED_MODEL_LIST).of(ANSWER)
    if selected is not None:
        assert _pruned(result) == _pruned(selected)
    else:
        assert [m["name"] for m in result["tunedModels"]] == ["tunedModels/a", "tunedModels/b"]
        assert "tuningTask" not in result["tunedModels"][0]


def _pruned(value):
    if isinstance(value, dict):
        kept = {k: _pruned(v) for k, v in value.items() if k != "nextPageToken"}
        return {k: v for k, v in kept.items() if v not in ({}, [])}
    return [_pruned(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "fields",
    [
        *(",", "a", "tunedModels(", "tunedModels(name", "tunedModels)", "tunedModels//name"),
        *("tunedModels/", "/tunedModels", "tunedModels(name))", "tunedModels()", "tunedModels,,"),
        *("tunedModels/nme", "tunedModels name", "tunedModels/name/x", "☃", "tunedModels;", '"'),
        *("tunedModels(" * 30, "x" * 20_000, "(name)", "*(", "nextPageToken/a"),
    ],
)
def test_what_is_no_selection_is_refused(fields):
    with pytest.raises(ApiError) as refusal:
        parse_fields(fields, TUNED_MODEL_LIST)
    assert refusal.value.http == 400


def test_a_misspelt_path_is_named():
    with pytest.raises(ApiError) as refusal:
        parse_fields("tunedModels(name,stat)", TUNED_MODEL_LIST)
    (violation,) = refusal.value.details[0]["fieldViolations"]
    assert violation == {
        "field": "tunedModels/stat",
        "description": "Error expanding 'fields' parameter. "
        "Cannot find matching fields for path 'tunedModels/stat'.",
    }


def test_below_an_any_everything_may_be_named():
    selection = parse_fields("done,metadata(total_steps,@type)", OPERATION)
    answer = {"name": "n", "done": True, "metadata": {"@type": "T", "totalSteps": 3, "x": 1}}
    assert selection.of(answer) == {"done": True, "metadata": {"@type": "T", "totalSteps": 3}}


def test_wants_tells_what_nobody_asked_for():
    path = ("tunedModels", "tuningTask", "snapshots")
    assert EVERYTHING.wants(*path)
    for fields, wanted in (
        ("tunedModels", True),
        ("*", True),
        ("tunedModels/tuningTask", True),
        ("tunedModels(name,tuningTask/snapshots/step)", True),
        ("tunedModels(name,state)", False),
        ("tunedModels/tuningTask/startTime", False),
        ("nextPageToken", False),
    ):
        assert parse_fields(fields, TUNED_MODEL_LIST).wants(*path) is wanted, fields


@given(st.text(alphabet="acdeimnorst/(),.* _"))
def test_any_text_is_a_selection_or_a_refusal(text):
    answer = {"candidates": [{"index": 0, "content": {"parts": [{"text": "x"}]}}]}
    with suppress(ApiError):
        parse_fields(text, GENERATE_ANSWER).of(answer)


SUBSET = st.sets(st.sampled_from(["name", "state", "tuningTask"]), min_size=1)


@given(SUBSET, SUBSET)
def test_selecting_twice_selects_what_both_want(one, other):
    first = parse_fields(f"tunedModels({','.join(one)})", TUNED_MODEL_LIST).of(ANSWER)
    both = parse_fields(f"tunedModels({','.join(other)})", TUNED_MODEL_LIST).of(first)
    assert set(both["tunedModels"][0]) == one & other


@given(SUBSET, SUBSET)
def test_naming_a_field_twice_is_naming_both_parts(one, other):
    text = f"tunedModels({','.join(one)}),tunedModels({','.join(other)})"
    union = parse_fields(text, TUNED_MODEL_LIST).of(ANSWER)
    assert set(union["tunedModels"][0]) == one | other
