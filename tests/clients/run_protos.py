"""Every answer of a practice service, parsed strictly as the published protobuf messages.

Run by an interpreter that has google-ai-generativelanguage: `python run_protos.py BASE_URL`.
Nothing but urllib speaks here, so what is parsed is what was on the wire, with enums as names and
as numbers.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import partial

from google.ai import generativelanguage_v1beta as api
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, json_format
from google.rpc import error_details_pb2, status_pb2  # noqa: F401 (known to the parser by import)

BASE = "models/gemini-1.5-flash-001-tuning"
NUMBERS = "$alt=json;enum-encoding=int"


def call(method: str, path: str, body=None, query: str = ""):
    url = f"{sys.argv[1]}/v1beta/{path}?{urllib.parse.quote(query, safe='=&/')}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"x-goog-api-key": "K"}, method=method)
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


def strict(text: str, kind):
    """Fails for any field that the message does not have."""
    message = kind.pb()() if hasattr(kind, "pb") else kind()
    return json_format.Parse(text, message, ignore_unknown_fields=False)


def operation(text: str):
    parsed = strict(text, operations_pb2.Operation)
    metadata = api.CreateTunedModelMetadata.pb()()
    assert parsed.metadata.Unpack(metadata)
    return parsed, metadata


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


def body(examples: int = 15, **more):
    rows = [{"text_input": str(n), "output": str(n + 1)} for n in range(examples)]
    task = {"training_data": {"examples": {"examples": rows}}}
    return {"base_model": BASE, "display_name": "Adder", "tuning_task": task} | more


def creating() -> str:
    started, metadata = operation(call("POST", "tunedModels", body(), "tunedModelId=adder"))
    assert not started.done
    assert metadata.tuned_model == "tunedModels/adder"
    assert metadata.total_steps == 19
    deadline = time.monotonic() + 600
    while not started.done:
        assert time.monotonic() < deadline
        for query in ("", NUMBERS):
            started, metadata = operation(call("GET", started.name, query=query))
    assert metadata.completed_steps == len(metadata.snapshots) == 19
    assert metadata.completed_percent == 100
    assert metadata.snapshots[-1].epoch == 5
    model = api.TunedModel.pb()()
    assert started.response.Unpack(model)
    assert model.state == api.TunedModel.State.ACTIVE
    assert not model.tuning_task.HasField("training_data")
    passed("operations, all along the training")
    return started.name


def looking(operation_name: str) -> None:
    for query in ("", NUMBERS, "prettyPrint=false"):
        model = strict(call("GET", "tunedModels/adder", query=query), api.TunedModel)
        assert model.state == api.TunedModel.State.ACTIVE
        assert len(model.tuning_task.snapshots) == 19
        page = strict(call("GET", "tunedModels", query=query), api.ListTunedModelsResponse)
        assert [m.name for m in page.tuned_models] == ["tunedModels/adder"]
        strict(call("GET", "models", query=query), api.ListModelsResponse)
        strict(call("GET", BASE, query=query), api.Model)
        listed = call("GET", "tunedModels/adder/operations", query=query)
        assert strict(listed, operations_pb2.ListOperationsResponse).operations[0].done
        strict(call("GET", "operations", query=query), operations_pb2.ListOperationsResponse)
    some = call("GET", "tunedModels", query="fields=tunedModels(name,tuningTask/startTime)")
    strict(some, api.ListTunedModelsResponse)
    part = json.loads(call("GET", operation_name, query="fields=metadata/totalSteps,done"))
    assert part == {"metadata": {"totalSteps": 19}, "done": True}
    passed("get and list of models, bases and operations, whole and in part")


def editing() -> None:
    changed = {"temperature": 0, "reader_project_numbers": ["9007199254740993", 7]}
    model = strict(call("PATCH", "tunedModels/adder", changed), api.TunedModel)
    assert model.HasField("temperature")
    assert list(model.reader_project_numbers) == [9007199254740993, 7]
    passed("patch; a zero that was set is there, 64-bit integers arrive whole")


def asking() -> None:
    prompt = {"contents": [{"parts": [{"text": "7"}]}]}
    for query in ("", NUMBERS):
        whole = call("POST", "tunedModels/adder:generateContent", prompt, query)
        assert strict(whole, api.GenerateContentResponse).candidates[0].content.parts[0].text == "8"
        pieces = json.loads(call("POST", "tunedModels/adder:streamGenerateContent", prompt, query))
        for piece in pieces:
            strict(json.dumps(piece), api.GenerateContentResponse)
    events = call("POST", "tunedModels/adder:streamGenerateContent", prompt, "alt=sse")
    for line in events.splitlines():
        if line:
            strict(line.removeprefix("data: "), api.GenerateContentResponse)
    counted = call("POST", "tunedModels/adder:countTokens", prompt)
    assert strict(counted, api.CountTokensResponse).total_tokens == 1
    passed("generateContent, both forms of the stream, countTokens")


def sharing() -> None:
    grant = {"granteeType": 3, "role": 3}
    for query in ("", NUMBERS):
        made = strict(call("POST", "tunedModels/adder/permissions", grant, query), api.Permission)
        assert made.role == api.Permission.Role.READER
        listed = call("GET", "tunedModels/adder/permissions", query=query)
        assert len(strict(listed, api.ListPermissionsResponse).permissions) == 2
        strict(call("GET", made.name, query=query), api.Permission)
        patched = call("PATCH", made.name, {"role": "WRITER"}, "updateMask=role")
        assert strict(patched, api.Permission).role == api.Permission.Role.WRITER
        strict(call("DELETE", made.name), empty_pb2.Empty)
    passed("permissions")


def failing() -> None:
    wrong = body()
    wrong["tuning_task"]["hyperparameters"] = {"learning_rate": 1e30}
    started, _ = operation(call("POST", "tunedModels", wrong, "tunedModelId=diverging"))
    deadline = time.monotonic() + 600
    while not started.done:
        assert time.monotonic() < deadline
        started, _ = operation(call("GET", started.name))
    assert started.WhichOneof("result") == "error"
    assert started.error.code == 3
    model = strict(call("GET", "tunedModels/diverging"), api.TunedModel)
    assert model.state == api.TunedModel.State.FAILED
    passed("a training that fails")


def refusing() -> None:
    for path, query in (("tunedModels/nobody", ""), ("tunedModels", "pageToken=x"), ("odd", "")):
        error = refusal(urllib.error.HTTPError, partial(call, "GET", path, query=query))
        told = json.loads(error.read())["error"]
        assert told["code"] == error.code
        assert told.pop("status").isupper()
        strict(json.dumps(told), status_pb2.Status)
    passed("errors, as google.rpc.Status")


def main() -> None:
    name = creating()
    looking(name)
    editing()
    asking()
    sharing()
    failing()
    refusing()
    for model in ("adder", "diverging"):
        strict(call("DELETE", f"tunedModels/{model}"), empty_pb2.Empty)
    assert strict(call("GET", "tunedModels"), api.ListTunedModelsResponse).tuned_models == []
    passed("delete")


main()
