"""What a create may ask for: limits, defaults and made-up ids, without a store."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.service.drafts import draft, made_up_id
from tuneform.service.errors import ApiError

TASK = {"training_data": {"examples": {"examples": [{"text_input": "1", "output": "2"}]}}}
BODY = {"base_model": "models/b", "display_name": "d", "tuning_task": TASK}


def with_examples(*pairs):
    rows = [{"text_input": text, "output": output} for text, output in pairs]
    return BODY | {"tuning_task": {"training_data": {"examples": {"examples": rows}}}}


def with_settings(count=1, **settings):
    body = with_examples(*[(str(n), "x") for n in range(count)])
    return body | {"tuning_task": body["tuning_task"] | {"hyperparameters": settings}}


def refused(body, model_id="a"):
    with pytest.raises(ApiError) as refusal:
        draft(body, model_id)
    assert (refusal.value.http, refusal.value.status.name) == (400, "INVALID_ARGUMENT")
    return refusal.value.message


@pytest.mark.parametrize("model_id", ["a", "a1", "a-b", "a" * 40, "a" + "-" * 38 + "9"])
def test_ids_that_are_taken(model_id):
    assert draft(BODY, model_id).id == model_id


@pytest.mark.parametrize("model_id", ["1a", "-a", "a-", "A", "a_b", "a" * 41, "ä", "a b", "a\n"])
def test_ids_that_are_refused(model_id):
    assert "tuned_model_id" in refused(BODY, model_id)


def test_one_of_id_and_display_name_is_needed():
    body = {key: value for key, value in BODY.items() if key != "display_name"}
    assert refused(body, "") == "Either tuned_model_id or display_name must be set."
    assert draft(body, "a").display_name == ""
    assert draft(BODY, "").id == ""


def test_display_names_are_at_most_40_characters():
    assert draft(BODY | {"display_name": "ü" * 40}, "a").display_name == "ü" * 40
    assert refused(BODY | {"display_name": "d" * 41}) == "Request contains an invalid argument."


def test_examples_are_needed_and_limited():
    assert "at least one example" in refused(BODY | {"tuning_task": {}})
    assert "is required" in refused(_without_task())
    assert "examples[1].output" in refused(with_examples(("1", "2"), ("3", "")))
    assert "[0].text_input" in refused(with_examples(("", "2")))
    assert draft(with_examples(("i" * 40_000, "o" * 5_000)), "a").examples.count == 1
    assert "has 40,001 characters, the limit is 40,000" in refused(
        with_examples(("i" * 40_001, "o"))
    )
    assert "has 5,001 characters, the limit is 5,000" in refused(with_examples(("i", "o" * 5_001)))


def _without_task():
    return {key: value for key, value in BODY.items() if key != "tuning_task"}


def test_a_base_or_a_source_is_needed_and_a_tuned_base_is_a_source():
    assert "is required" in refused({"display_name": "d", "tuning_task": TASK})
    for origin in (
        {"base_model": "tunedModels/p"},
        {"tuned_model_source": {"tuned_model": "tunedModels/p", "base_model": "models/b"}},
    ):
        wanted = draft({"display_name": "d", "tuning_task": TASK} | origin, "a")
        assert (wanted.base, wanted.source) == ("", "tunedModels/p")
    assert "must look like" in refused(BODY | {"base_model": "gemini"})
    source = {"tuned_model_source": {"tuned_model": "p"}}
    assert "must look like" in refused({"display_name": "d", "tuning_task": TASK} | source)


def test_defaults_depend_on_the_number_of_examples():
    small, large = draft(with_settings(999), "a"), draft(with_settings(1000), "a")
    assert small.hyperparameters.shown == {"epochCount": 5, "batchSize": 4, "learningRate": 0.001}
    assert large.hyperparameters.shown == {"epochCount": 5, "batchSize": 16, "learningRate": 0.0002}


def test_a_multiplier_multiplies_the_usual_rate_and_is_shown_as_it_was_set():
    settings = draft(with_settings(learning_rate_multiplier=3.0), "a").hyperparameters
    assert settings.rate == pytest.approx(0.003)
    assert settings.shown == {"epochCount": 5, "batchSize": 4, "learningRateMultiplier": 3}


@pytest.mark.parametrize(
    "settings",
    [
        {"epoch_count": 0},
        {"batch_size": -1},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate_multiplier": -1.0},
        {"epoch_count": 2**31 - 1},
        {"epoch_count": 2**31 - 1, "batch_size": 2**31 - 1},
    ],
)
def test_settings_out_of_range(settings):
    assert "hyperparameters." in refused(with_settings(**settings))


@pytest.mark.parametrize(
    ("examples", "epochs", "batch", "steps"),
    [
        (15, 5, 2, 38),
        (15, 5, 4, 19),
        (15, 3, 2, 23),
        (15, 3, 4, 12),
        (15, 50, 4, 188),
        (15, 100, 4, 375),
    ],
)
def test_the_recorded_step_counts(examples, epochs, batch, steps):
    body = with_settings(examples, epoch_count=epochs, batch_size=batch)
    assert draft(body, "a").total_steps == steps


def test_ranges_of_what_can_be_edited():
    for field in ("temperature", "top_p"):
        for value in (-0.1, 1.1, float("nan")):
            assert field in refused(BODY | {field: value})
        draft(BODY | {field: 0.0}, "a")
    assert "top_k" in refused(BODY | {"top_k": 0})


@given(st.permutations([("a", "1"), ("b", "2"), ("b", "1"), ("a", "1")]))
def test_the_digest_of_the_data_knows_no_order_but_counts_repeats(pairs):
    assert draft(with_examples(*pairs), "a").examples.digest == (
        draft(with_examples(("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")), "a").examples.digest
    )
    shorter = draft(with_examples(*set(pairs)), "a").examples.digest
    assert shorter != draft(with_examples(*pairs), "a").examples.digest


@pytest.mark.parametrize(
    ("display_name", "slug"),
    [
        ("number generator model", "number-generator-model"),
        ("number generator", "number-generator"),
        ("test_number_generator", "testnumbergenerator"),
        ("test_dataset_examples model", "testdatasetexamples-model"),
        ("2nd  Try!", "nd-try"),
        ("???", "model"),
        ("a very long display name that goes on", "a-very-long-display-name-th"),
    ],
)
def test_made_up_ids_look_as_recorded(display_name, slug):
    assert made_up_id(display_name, lambda count: "0" * count) == f"{slug}-{'0' * 12}"


@given(st.text(max_size=40))
def test_made_up_ids_are_ids(display_name):
    made_up = made_up_id(display_name, lambda count: "z" * count)
    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", made_up)
