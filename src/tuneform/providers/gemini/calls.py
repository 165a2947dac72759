"""The calls of the tunedModels API, each as a value: what to send, and whether it may arrive twice.

Paths and parameters: section 2 of the API reference. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tuneform.errors import InvalidRequest

if TYPE_CHECKING:
    import httpx

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


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        what: what it is for, so that `cannot WHAT` is a sentence.
        method: HTTP method.
        path: below the endpoint, version first, without a slash in front, encoded.
        query: encoded, without the question mark.
        body: JSON, or None. It may hold example texts, so it shows in no repr.
        repeatable: whether it may arrive twice, so that it may be sent again.
    """

    what: str
    method: str
    path: str
    query: str = ""
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: of the reply.
        body: all of it where the call succeeded, else its beginning.
    """

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)


def list_models(token: str | None, *, curves: bool) -> Call:
    """One page of tuned models."""
    fields = f"nextPageToken,tunedModels({_MODEL_FULL if curves else _MODEL_BRIEF})"
    query = _query({**_LIST, "fields": fields, **_page(token)})
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
    query = _query({"updateMask": ",".join(mask)})
    return Call(f"edit {remote}", "PATCH", model_path(remote), query, body)


def delete_model(remote: str) -> Call:
    """Delete for good."""
    return Call(f"delete {remote}", "DELETE", model_path(remote))


def list_operations(remote: str, token: str | None) -> Call:
    """One page of the operations of a tuned model."""
    query = _query({"fields": f"nextPageToken,operations({_OPERATION})", **_page(token)})
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
    query = _query({**_LIST, "fields": fields, **_page(token)})
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


def _page(token: str | None) -> Mapping[str, str]:
    return {"pageToken": token} if token else {}


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, safe=",()", quote_via=quote)
