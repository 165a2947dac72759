"""Every call of google-genai 3.4 about tuned models that works in Vertex mode.

Run by an interpreter that has the SDK: `python run_genai_vertex.py BASE_URL DATASET_URI`. The
whole round is made twice: with the SDK's own default version (v1beta1), and with v1.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")  # tune() warns once that it is experimental

from google import genai  # noqa: E402
from google.genai import errors, types  # noqa: E402
from google.oauth2.credentials import Credentials  # noqa: E402

BASE = "gemini-2.5-flash"
HOME = "projects/practice/locations/local"
LABELS = {"owner": "demo", "fingerprint": "abc123"}


def passed(what: str) -> None:
    sys.stdout.write(f"ok {what}\n")
    sys.stdout.flush()


def refusal(kind, call):
    """The error that the call must end with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(kind)


def tune(client, base: str, name: str, epochs: int = 20, **more) -> types.TuningJob:
    return client.tunings.tune(
        base_model=base,
        training_dataset=types.TuningDataset(gcs_uri=sys.argv[2]),
        config=types.CreateTuningJobConfig(
            epoch_count=epochs,
            learning_rate_multiplier=1.0,
            adapter_size="ADAPTER_SIZE_FOUR",
            tuned_model_display_name=name,
            description="Says the next number.",
            labels=LABELS,
            **more,
        ),
    )


def finished(client, name: str) -> types.TuningJob:
    deadline = time.monotonic() + 600
    while not (job := client.tunings.get(name=name)).has_ended:
        assert time.monotonic() < deadline
    return job


def tuning(client) -> types.TuningJob:
    job = tune(client, BASE, "genai job", export_last_checkpoint_only=True)
    assert job.state.name == "JOB_STATE_QUEUED"
    assert job.name.startswith(f"{HOME}/tuningJobs/")
    job = finished(client, job.name)
    assert job.state.name == "JOB_STATE_SUCCEEDED"
    assert job.tuned_model.model.startswith(f"{HOME}/models/")
    assert job.tuned_model.endpoint.startswith(f"{HOME}/endpoints/")
    assert job.labels == LABELS
    assert job.supervised_tuning_spec.hyper_parameters.epoch_count == 20
    counted = job.tuning_data_stats.supervised_tuning_data_stats
    assert counted.tuning_dataset_example_count == 15
    assert counted.total_billable_token_count == 30 * 20
    assert counted.tuning_step_count == 75
    passed("tunings.tune, tunings.get until it succeeded, with what was counted")
    return job


def going_on(client, parent: types.TuningJob) -> None:
    job = tune(client, parent.tuned_model.model, "child", epochs=2)
    assert job.pre_tuned_model.base_model == BASE
    job = finished(client, job.name)
    points = job.tuned_model.checkpoints
    assert [point.epoch for point in points] == [1, 2]
    assert points[-1].endpoint == job.tuned_model.endpoint
    passed("tunings.tune from a tuned model, with a checkpoint for each epoch")


def refusing(client) -> None:
    error = refusal(errors.ClientError, lambda: tune(client, "gemini-1.0-pro", "none"))
    assert (error.code, error.status) == (400, "INVALID_ARGUMENT")
    dataset = types.TuningDataset(gcs_uri="gs://practice/nothing.jsonl")
    error = refusal(
        errors.ClientError,
        lambda: client.tunings.tune(base_model=BASE, training_dataset=dataset),
    )
    assert "does not exist" in error.message
    passed("a base that is not tunable, and a dataset that is not there, are 400")


def listing(client) -> None:
    jobs = list(client.tunings.list(config={"page_size": 1}))
    assert len(jobs) >= 2
    found = list(client.tunings.list(config={"filter": "labels.owner=demo", "page_size": 2}))
    assert [job.name for job in found] == [job.name for job in jobs]
    passed("tunings.list, page by page and with a filter")


def cancelling(client) -> None:
    job = tune(client, BASE, "to be cancelled", epochs=10_000)
    client.tunings.cancel(name=job.name)
    job = finished(client, job.name)
    assert job.state.name == "JOB_STATE_CANCELLED"
    assert job.error.code == 1
    assert job.tuned_model is None
    passed("tunings.cancel")


def looking(client, job: types.TuningJob) -> str:
    found = list(client.models.list(config={"query_base": False, "page_size": 1}))
    name = job.tuned_model.model.partition("@")[0]
    assert name in [model.name for model in found]
    model = client.models.get(model=name)
    assert model.display_name == "genai job"
    assert model.labels == LABELS | {"tune-type": "sft"}
    assert [each.name for each in model.endpoints] == [job.tuned_model.endpoint]
    passed("models.list of tuned models, by their label; models.get")
    return name


def editing(client, name: str) -> None:
    model = client.models.update(
        model=name, config={"display_name": "Adder", "description": "Adds one."}
    )
    assert (model.display_name, model.description) == ("Adder", "Adds one.")
    passed("models.update, without a mask")


def asking(client, job: types.TuningJob) -> None:
    endpoint = job.tuned_model.endpoint
    answer = client.models.generate_content(model=endpoint, contents="7")
    assert answer.text == "8"
    assert answer.candidates[0].finish_reason.name == "STOP"
    pieces = client.models.generate_content_stream(model=endpoint, contents="7")
    assert "".join(piece.text for piece in pieces) == "8"
    assert client.models.count_tokens(model=endpoint, contents="seven").total_tokens == 2
    error = refusal(
        errors.ClientError,
        lambda: client.models.generate_content(
            model=job.tuned_model.model.partition("@")[0], contents="7"
        ),
    )
    assert "is malformed" in error.message
    passed("generate_content, its stream and count_tokens on the endpoint, and on no model")


def deleting(client, job: types.TuningJob, name: str) -> None:
    error = refusal(errors.ClientError, lambda: client.models.delete(model=name))
    assert (error.code, error.status) == (400, "FAILED_PRECONDITION")
    passed("models.delete is refused while the model is deployed")
    api = client._api_client  # the SDK has no calls for endpoints
    endpoint = job.tuned_model.endpoint
    (deployed,) = json.loads(api.request("get", endpoint, {}).body)["deployedModels"]
    api.request("post", f"{endpoint}:undeployModel", {"deployedModelId": deployed["id"]})
    api.request("delete", endpoint, {})
    client.models.delete(model=name)
    gone = refusal(errors.ClientError, lambda: client.models.get(model=name))
    assert gone.code == 404
    assert client.tunings.get(name=job.name).state.name == "JOB_STATE_SUCCEEDED"
    passed("models.delete once it is not; the job stays")


def main() -> None:
    for version in (None, "v1"):
        client = genai.Client(
            vertexai=True,
            project="practice",
            location="local",
            credentials=Credentials("token"),
            http_options=types.HttpOptions(base_url=sys.argv[1], api_version=version),
        )
        job = tuning(client)
        going_on(client, job)
        refusing(client)
        listing(client)
        cancelling(client)
        name = looking(client, job)
        editing(client, name)
        asking(client, job)
        deleting(client, job, name)


main()
