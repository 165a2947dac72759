"""The calls of the tunedModels API, each as a value: what to send, and whether it may arrive twice.

Paths and parameters: section 2 of the API reference. Nothing here sends anything.
"""

from __future__ import annotations

from urllib.parse import quote

from tuneform.errors import InvalidRequest
from tuneform.providers.google.call import Call, encoded, page_of

API = "v1beta"
OPERATIONS_API = "v1"  # the only version that declares the cancel of an operation

PAGE_SIZE = 1000  # the most that the service gives in one page
_LIST = {"pageSize": str(PAGE_SIZE), "prettyPrint": "false"}

# Snapshots are one for each training step: without this mask they would be most of a list.
_MODEL = (
    "name,displayName,description,baseModel,tunedModelSource,temperature,topP,topK,state,"
    "createTime,tuningTask({task})"
)
_MODEL_BRIEF = _MODEL.format(task="hyperparameters")
_MODEL_FULL = _MODEL.format(task="hyperparameters,snapshots(step,epoch,meanLoss)")
_OPERATION = "name,done,error,metadata"


def list_models(token: str | None, *, curves: bool) -> Call:
    """One page of tuned models."""
    fields = f"nextPageToken,tunedModels({_MODEL_FULL if curves else _MODEL_BRIEF})"
    query = encoded({**_LIST, "fields": fields, **page_of(token)})
    return Call("list the tuned models", "GET", f"{API}/tunedModels", query)


def get_model(remote: str) -> Call:
    """One tuned model with its loss curve. No mask: it would save little and is slow to parse."""
    return Call(f"read {remote}", "GET", model_path(remote))


def create_model(remote: str, body: bytes) -> Call:
    """Begin a training under an id of our choice. May not arrive twice."""
    path = model_path(remote)
    identity = path.rpartition("/")[2]
    return Call(
        f"create {remote}",
        "POST",
        f"{API}/tunedModels",
        f"tunedModelId={identity}",
        body,
        repeatable=False,
    )


def patch_model(remote: str, mask: tuple[str, ...], body: bytes) -> Call:
    """Set fields to full values."""
    query = encoded({"updateMask": ",".join(mask)})
    return Call(f"edit {remote}", "PATCH", model_path(remote), query, body)


def delete_model(remote: str) -> Call:
    """Delete for good."""
    return Call(f"delete {remote}", "DELETE", model_path(remote))


def list_operations(remote: str, token: str | None) -> Call:
    """One page of the operations of a tuned model."""
    query = encoded({"fields": f"nextPageToken,operations({_OPERATION})", **page_of(token)})
    what = f"read the training of {remote}"
    return Call(what, "GET", f"{model_path(remote)}/operations", query)


def cancel_operation(remote: str, operation: str, version: str) -> Call:
    """Ask an operation to stop. `operation` is its id alone."""
    path = f"{model_path(remote, version)}/operations/{quote(operation, safe='')}:cancel"
    return Call(f"cancel the training of {remote}", "POST", path, body=b"{}")


def generate(remote: str, body: bytes) -> Call:
    """Ask a tuned model. Asking twice changes nothing."""
    return Call(f"ask {remote}", "POST", f"{model_path(remote)}:generateContent", body=body)


def list_bases(token: str | None) -> Call:
    """One page of base models."""
    fields = "nextPageToken,models(name,supportedGenerationMethods)"
    query = encoded({**_LIST, "fields": fields, **page_of(token)})
    return Call("list the base models", "GET", f"{API}/models", query)


def model_path(remote: str, version: str = API) -> str:
    """The path of a tuned model.

    Raises:
        InvalidRequest: the name could not be that of a tuned model, and must not become a path.
    """
    collection, _, identity = remote.partition("/")
    if collection != "tunedModels" or "/" in identity or identity in {"", ".", ".."}:
        raise InvalidRequest(
            f"{remote!r} is not the name of a tuned model",
            hint="write the full name, such as tunedModels/support-abcdefghij",
        )
    return f"{version}/tunedModels/{quote(identity, safe='')}"
