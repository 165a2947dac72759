"""What a create of a tuning job may say, and how it is told what it may not."""

import pytest

AT = "tuning_job.supervised_tuning_spec"


def test_what_was_asked_for_is_what_the_job_shows(waiting):
    wanted = {
        "baseModel": "gemini-2.5-flash",
        "tunedModelDisplayName": "Grüße",
        "description": "Counts.",
        "labels": {"team": "demo", "größe": "1", "empty": ""},
        "serviceAccount": "me@practice.invalid",
        "encryptionSpec": {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
        "supervisedTuningSpec": {
            "trainingDatasetUri": waiting.URI,
            "validationDatasetUri": waiting.URI,
            "exportLastCheckpointOnly": True,
            "hyperParameters": {
                "epochCount": "3",
                "learningRateMultiplier": 0.5,
                "adapterSize": "ADAPTER_SIZE_FOUR",
            },
        },
    }
    job = waiting.ok("POST", "tuningJobs", wanted)
    assert {key: job[key] for key in wanted} == wanted
    assert waiting.ok("GET", job["name"]) == job
    assert "startTime" not in job
    assert job["experiment"].startswith(f"{waiting.HOME}/metadataStores/default/contexts/")


def test_both_spellings_numbers_and_text_are_one(waiting):
    body = {
        "base_model": "gemini-2.5-flash",
        "tuned_model_display_name": "x",
        "supervised_tuning_spec": {
            "training_dataset_uri": waiting.URI,
            "hyper_parameters": {
                "epoch_count": 3,
                "adapter_size": 2,
                "learningRateMultiplier": "2",
            },
            "export_last_checkpoint_only": None,
        },
    }
    job = waiting.ok("POST", "tuningJobs", body)
    assert job["supervisedTuningSpec"]["hyperParameters"] == {
        "epochCount": "3",
        "adapterSize": "ADAPTER_SIZE_FOUR",
        "learningRateMultiplier": 2,
    }


def test_the_server_assigns_the_id_and_a_create_that_is_repeated_is_another_job(waiting):
    names = {waiting.create()["name"] for _ in range(3)}
    assert len(names) == 3
    assert len(waiting.listed("tuningJobs")) == 3


def test_ids_and_operations_are_those_of_the_server(waiting):
    body = waiting.body(name="projects/x/locations/y/tuningJobs/1", state="JOB_STATE_SUCCEEDED")
    job = waiting.ok("POST", "tuningJobs", body)
    assert job["state"] == "JOB_STATE_QUEUED"
    assert not job["name"].endswith("/1")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"baseModel": "gemini-2.0-pro"}, "Base model gemini-2.0-pro is not supported for tuning."),
        (
            {"baseModel": "meta/llama3"},
            "Invalid open source publisher model resource name: meta/llama3",
        ),
        ({"baseModel": ""}, "One of base_model and pre_tuned_model must be set."),
        (
            {"hyper": {"adapterSize": "ADAPTER_SIZE_THIRTY_TWO"}},
            "The adapter size is not supported for this base model.",
        ),
        ({"hyper": {"epochCount": -1}}, "must be between 1 and 1,000,000"),
        ({"hyper": {"learningRateMultiplier": -0.5}}, "must be greater than 0"),
        (
            {"spec": {"trainingDatasetUri": ""}},
            (
                "List of found errors:\t1.Field: tuning_job.supervised_tuning_spec."
                "training_dataset_uri; Message: training_dataset_uri is required.\t"
            ),
        ),
        (
            {"spec": {"trainingDatasetUri": "s3://b/x.jsonl", "validationDatasetUri": "gs://b"}},
            (
                "2.Field: tuning_job.supervised_tuning_spec.validation_dataset_uri; "
                "Message: validation_dataset_uri should be a GCS object of type JSONL."
            ),
        ),
        ({"spec": {"trainingDatasetUri": "gs://practice/x.csv"}}, "of type JSONL"),
        (
            {"spec": {"trainingDatasetUri": "gs://practice/nothing.jsonl"}},
            "The dataset gs://practice/nothing.jsonl does not exist.",
        ),
        (
            {"spec": {"validationDatasetUri": "gs://practice/no.jsonl"}},
            "The dataset gs://practice/no.jsonl does not exist.",
        ),
        ({"tunedModelDisplayName": "x" * 129}, "no longer than 128 characters"),
        ({"labels": {f"k{n}": "" for n in range(65)}}, "no more than 64 labels"),
        ({"labels": {"Upper": "x"}}, "can only contain lowercase letters"),
        ({"labels": {"k": "a/b"}}, "can only contain lowercase letters"),
        ({"labels": {"k": "a:b"}}, "can only contain lowercase letters"),
        ({"labels": {"1k": "a"}}, "must start with a lowercase letter"),
        ({"labels": {"k": "v" * 64}}, "no longer than 63 characters"),
        ({"labels": {"k": 1}}, "Invalid value at 'tuning_job.labels'"),
        ({"colour": "red"}, "Unknown name \"colour\" at 'tuning_job': Cannot find field."),
        ({"hyper": {"epochs": 1}}, f"Unknown name \"epochs\" at '{AT}.hyper_parameters'"),
        ({"hyper": {"adapterSize": "HUGE"}}, f"Invalid value at '{AT}.hyper_parameters.adapter"),
        ({"hyper": {"epochCount": "many"}}, f"Invalid value at '{AT}.hyper_parameters.epoch_c"),
        ({"preTunedModel": {"tunedModelName": "x"}, "baseModel": "b"}, "is already set"),
    ],
)
def test_what_is_wrong_is_400_and_named(waiting, change, told):
    code, status, message = waiting.refused("POST", "tuningJobs", waiting.body(**change))
    assert (code, status) == (400, "INVALID_ARGUMENT")
    assert told in message
    assert waiting.listed("tuningJobs") == []


def test_every_mistake_of_a_body_is_told_with_its_field(waiting):
    body = waiting.body(
        uri="gs://practice", labels={"A": "x", "b": "Y"}, tunedModelDisplayName="x" * 200
    )
    error = waiting.call("POST", "tuningJobs", body).json()["error"]
    (details,) = error["details"]
    assert [row["field"] for row in details["fieldViolations"]] == [
        "tuning_job.tuned_model_display_name",
        "tuning_job.labels['A']",
        "tuning_job.labels['b']",
        f"{AT}.training_dataset_uri",
    ]


def test_a_body_without_a_spec_or_with_another_is_refused(waiting):
    body = {"baseModel": waiting.BASE}
    assert "supervised_tuning_spec: is required" in waiting.refused("POST", "tuningJobs", body)[2]
    body["preferenceOptimizationSpec"] = {"trainingDatasetUri": waiting.URI}
    assert waiting.refused("POST", "tuningJobs", body)[:2] == (501, "UNIMPLEMENTED")


@pytest.mark.parametrize("field", ["learningRate", "batchSize"])
def test_settings_of_open_models_exist_in_v1beta1_and_not_for_gemini(waiting, field):
    body = waiting.body(hyper={field: 1})
    message = waiting.refused("POST", "tuningJobs", body)[2]
    assert f'Unknown name "{field}"' in message
    message = waiting.refused("POST", f"/v1beta1/{waiting.HOME}/tuningJobs", body)[2]
    assert "is supported for open models only" in message


def test_a_dataset_can_be_looked_for_when_the_job_runs(platform_with):
    from tuneform.service import Behaviour

    platform = platform_with(behaviour=Behaviour(datasets_checked="when run"))
    job = platform.train("gs://practice/nothing.jsonl")
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"] == {
        "code": 3,
        "message": "The dataset gs://practice/nothing.jsonl does not exist.",
    }


def test_there_is_no_patch_and_no_delete_of_a_job(waiting):
    name = waiting.create()["name"]
    for method in ("PATCH", "DELETE", "PUT"):
        assert waiting.refused(method, name, {})[:2] == (405, "UNIMPLEMENTED")


def test_any_project_and_location_is_a_place_of_its_own(waiting):
    elsewhere = "projects/other/locations/us-central1"
    body = waiting.body()
    job = waiting.ok("POST", f"{elsewhere}/tuningJobs", body)
    assert job["name"].startswith(f"{elsewhere}/tuningJobs/")
    assert waiting.listed("tuningJobs") == []
    assert waiting.listed(f"{elsewhere}/tuningJobs") == [job]


def test_names_can_say_the_number_of_the_project(platform_with):
    from tuneform.service import Behaviour

    platform = platform_with(behaviour=Behaviour(project_names="number"))
    job = platform.train()
    number = job["name"].split("/")[1]
    assert number.isdecimal()
    for path in (job["name"], job["name"].replace(number, "practice")):
        assert platform.ok("GET", path) == job
    model = job["tunedModel"]["model"].replace(number, "practice")
    child = platform.train(preTunedModel={"tunedModelName": model})
    assert child["preTunedModel"]["tunedModelName"] == job["tunedModel"]["model"]
