"""Bodies against message types: both spellings, proto3's leniency, and Google's words."""

import pytest

from tuneform.service.errors import ApiError
from tuneform.service.messages import (
    GENERATE_CONTENT,
    LIST_QUERY,
    PERMISSION,
    TUNED_MODEL,
)
from tuneform.service.reader import MAX_VIOLATIONS, read, read_query


def refusal(message, value, root="tuned_model"):
    with pytest.raises(ApiError) as caught:
        read(message, value, root)
    return caught.value


def test_both_spellings_also_mixed():
    body = {
        "displayName": "a",
        "base_model": "b",
        "tuningTask": {"training_data": {"examples": {"examples": [{"text_input": "x"}]}}},
    }
    assert read(TUNED_MODEL, body) == {
        "display_name": "a",
        "base_model": "b",
        "tuning_task": {"training_data": {"examples": {"examples": [{"text_input": "x"}]}}},
    }


def test_null_is_absent_and_a_single_value_is_a_list_of_one():
    assert read(TUNED_MODEL, {"displayName": None, "topK": None}) == {}
    read_one = read(GENERATE_CONTENT, {"contents": {"parts": {"text": "x"}}})
    assert read_one == {"contents": [{"parts": [{"text": "x"}]}]}


@pytest.mark.parametrize(
    ("given", "value"),
    [(5, 5), (5.0, 5), ("5", 5), ("-5", -5), (2147483647, 2147483647), ("5e0", 5)],
)
def test_integers_that_are_read(given, value):
    assert read(TUNED_MODEL, {"topK": given}) == {"top_k": value}


@pytest.mark.parametrize(
    "given", [5.5, "five", True, [], {}, 2**31, 10**400, 1e300, "", "0x5", " 5"]
)
def test_integers_that_are_refused(given):
    error = refusal(TUNED_MODEL, {"topK": given})
    assert error.http == 400
    assert "top_k" in error.message


def test_enums_by_name_or_number():
    for given in ("READER", 3, "3", 3.0):
        assert read(PERMISSION, {"role": given}) == {"role": "READER"}
    for given in ("reader", 9, -1, 1.5, True):
        assert "Permission.Role" in refusal(PERMISSION, {"role": given}, "permission").message


def test_int64_arrive_as_strings_or_numbers_and_whole():
    body = {"readerProjectNumbers": ["9007199254740993", 7]}
    assert read(TUNED_MODEL, body) == {"reader_project_numbers": [9007199254740993, 7]}
    refusal(TUNED_MODEL, {"readerProjectNumbers": ["9223372036854775808"]})


def test_an_unknown_name_is_told_with_its_place():
    error = refusal(TUNED_MODEL, {"tuningTask": {"foo": 1}})
    words = (
        'Invalid JSON payload received. Unknown name "foo" at '
        "'tuned_model.tuning_task': Cannot find field."
    )
    assert error.message == words
    assert error.body()["error"]["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "tuned_model.tuning_task", "description": words}],
        }
    ]
    top = refusal(GENERATE_CONTENT, {"foo": 1}, "")
    assert top.message == ('Invalid JSON payload received. Unknown name "foo": Cannot find field.')


def test_every_mistake_is_told_but_not_without_end():
    error = refusal(TUNED_MODEL, {"displayName": 1, "topK": "x", "foo": 2})
    assert len(error.details[0]["fieldViolations"]) == 3
    many = refusal(TUNED_MODEL, {f"f{n}": n for n in range(1000)})
    assert len(many.details[0]["fieldViolations"]) == MAX_VIOLATIONS


def test_the_words_for_wrong_types():
    task = {"hyperparameters": {"epochCount": "many"}}
    assert refusal(TUNED_MODEL, {"tuningTask": task}).message == (
        "Invalid value at 'tuned_model.tuning_task.hyperparameters.epoch_count' "
        '(TYPE_INT32), "many"'
    )
    assert refusal(TUNED_MODEL, {"tuningTask": "x"}).message == (
        "Invalid value at 'tuned_model.tuning_task' "
        '(type.googleapis.com/google.ai.generativelanguage.v1beta.TuningTask), "x"'
    )
    assert "cannot start list" in refusal(TUNED_MODEL, {"displayName": ["x"]}).message
    assert refusal(TUNED_MODEL, [1], "").message.endswith("Root element must be a message.")


def test_oneofs_and_doubled_fields():
    rates = {"learningRate": 0.1, "learning_rate_multiplier": 2}
    error = refusal(TUNED_MODEL, {"tuningTask": {"hyperparameters": rates}})
    assert error.message == (
        "Invalid value at 'tuned_model.tuning_task.hyperparameters' (oneof), oneof field "
        "'learning_rate_option' is already set. Cannot set 'learning_rate_multiplier'"
    )
    refusal(TUNED_MODEL, {"baseModel": "a", "tunedModelSource": {"tunedModel": "b"}})
    assert "set twice" in refusal(TUNED_MODEL, {"topK": 1, "top_k": 2}).message


def test_free_parts_are_taken_but_not_to_any_depth():
    deep: object = 1
    for _ in range(90):
        deep = [deep]
    read(GENERATE_CONTENT, {"toolConfig": deep})
    for _ in range(20):
        deep = {"a": deep}
    refusal(GENERATE_CONTENT, {"toolConfig": deep}, "")


def test_floats_beyond_single_precision_are_refused_and_not_numbers_are_read():
    refusal(TUNED_MODEL, {"temperature": 1e39})
    assert str(read(TUNED_MODEL, {"temperature": "NaN"})["temperature"]) == "nan"


def test_query_parameters_are_read_like_fields_and_refused_in_their_own_words():
    assert read_query(LIST_QUERY, {"page_size": "7", "pageToken": "t"}) == {
        "page_size": 7,
        "page_token": "t",
    }
    with pytest.raises(ApiError, match="Cannot bind query parameter"):
        read_query(LIST_QUERY, {"foo": "1"})
