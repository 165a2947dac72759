"""Every call of google-genai 3.4 that works in developer mode, against a practice service.

Run by an interpreter that has the SDK: `python run_genai.py BASE_URL`. The whole round is made
twice: with the SDK's own default version (v1), and with v1beta.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")  # tune() warns once that it is experimental

from google import genai  # noqa: E402
from google.genai import errors, types  # noqa: E402

BASE = "models/gemini-1.5-flash-001-tuning"
EXAMPLES = [{"textInput": str(n), "output": str(n + 1)} for n in range(15)]


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


def tune(client, base: str, name: str, epochs: int = 5) -> types.TuningJob:
    """This release leaves the examples out of the request; the extra body puts them back."""
    data = {"tuningTask": {"trainingData": {"examples": {"examples": EXAMPLES}}}}
    return client.tunings.tune(
        base_model=base,
        training_dataset=types.TuningDataset(
            examples=[types.TuningExample(text_input="1", output="2")]
        ),
        config=types.CreateTuningJobConfig(
            epoch_count=epochs,
            batch_size=4,
            learning_rate=0.001,
            tuned_model_display_name=name,
            http_options=types.HttpOptions(extra_body=data),
        ),
    )


def finished(client, name: str) -> types.TuningJob:
    deadline = time.monotonic() + 600
    while not (job := client.tunings.get(name=name)).has_ended:
        assert time.monotonic() < deadline
    return job


def tuning(client) -> str:
    job = tune(client, BASE, "genai job")
    assert job.state.name == "JOB_STATE_QUEUED"
    assert job.name.startswith("tunedModels/genai-job-")
    job = finished(client, job.name)
    assert job.state.name == "JOB_STATE_SUCCEEDED"
    assert job.tuned_model.model == job.name
    passed("tunings.tune, tunings.get until it succeeded")
    child = finished(client, tune(client, job.name, "child").name)
    assert child.state.name == "JOB_STATE_SUCCEEDED"
    client.models.delete(model=child.name)
    passed("tunings.tune from a tuned model")
    return job.name


def without_data(client) -> None:
    examples = [types.TuningExample(text_input="1", output="2")]
    config = types.CreateTuningJobConfig(tuned_model_display_name="no data")
    error = refusal(
        errors.ClientError,
        lambda: client.tunings.tune(
            base_model=BASE,
            training_dataset=types.TuningDataset(examples=examples),
            config=config,
        ),
    )
    assert (error.code, error.status) == (400, "INVALID_ARGUMENT")
    passed("tunings.tune as this release sends it, without data, is 400")


def looking(client, name: str) -> None:
    config = {"query_base": False, "page_size": 1, "filter": "owner:me"}
    found = list(client.models.list(config=config))
    assert [model.name for model in found] == [name]
    model = client.models.get(model=name)
    assert model.name == name
    assert model.tuned_model_info.base_model == BASE
    assert model.tuned_model_info.create_time
    assert BASE in [model.name for model in client.models.list()]
    assert client.models.get(model=BASE).input_token_limit == 16384
    passed("models.list of both kinds, models.get of both kinds")


def editing(client, name: str) -> None:
    client.models.update(model=name, config={"display_name": "Adder", "description": "Adds one."})
    model = client.models.get(model=name)
    assert (model.display_name, model.description) == ("Adder", "Adds one.")
    passed("models.update, without a mask")


def asking(client, name: str) -> None:
    answer = client.models.generate_content(model=name, contents="7")
    assert answer.text == "8"
    assert answer.candidates[0].finish_reason.name == "STOP"
    pieces = client.models.generate_content_stream(model=name, contents="7")
    assert "".join(piece.text for piece in pieces) == "8"
    assert client.models.count_tokens(model=name, contents="seven").total_tokens == 2
    passed("generate_content, generate_content_stream, count_tokens")


def cancelling(client) -> None:
    for suffix in ("", "/operations"):
        job = tune(client, BASE, "to be cancelled", epochs=10_000)
        target = job.name
        if suffix:
            listed = client._api_client.request("get", f"{job.name}/operations", {})
            target = json.loads(listed.body)["operations"][0]["name"]
        client.tunings.cancel(name=target)
        assert finished(client, job.name).has_ended
        client.models.delete(model=job.name)
    passed("tunings.cancel, of the model and of its operation")


def deleting(client, name: str) -> None:
    client.models.delete(model=name)
    error = refusal(errors.ClientError, lambda: client.models.get(model=name))
    assert (error.code, error.message) == (404, f"Tuned model {name} does not exist.")
    config = {"query_base": False}
    assert list(client.models.list(config=config)) == []
    passed("models.delete; then there is nothing to list")


def main() -> None:
    for version in (None, "v1beta"):
        options = types.HttpOptions(base_url=sys.argv[1], api_version=version)
        client = genai.Client(api_key="K", http_options=options)
        name = tuning(client)
        without_data(client)
        looking(client, name)
        editing(client, name)
        asking(client, name)
        cancelling(client)
        deleting(client, name)


main()
