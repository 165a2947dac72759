"""The calls of tuning jobs, models and endpoints, each as a value. Nothing here sends anything.

Paths and parameters: sections 1, 7 and 11 of the reference on tuning jobs. Every name was made by
`names.Home`, so that nothing unchecked becomes a path.
"""

from __future__ import annotations

from tuneform.providers.google.call import Call, encoded, page_of

API = "v1"

PAGE_SIZE = 100
"""The most that a page may hold is not documented; larger pages may be refused, not only cut."""

# Without a mask each job brings a sample of the user's examples, and each model its metadata.
_STATS = "supervisedTuningDataStats(totalBillableTokenCount,tuningStepCount)"
_JOBS = (
    "name,baseModel,preTunedModel,tunedModelDisplayName,description,labels,supervisedTuningSpec,"
    f"state,createTime,endTime,updateTime,error,tunedModel,tuningDataStats({_STATS}),"
    "encryptionSpec,serviceAccount"
)
_MODELS = "name,versionId,displayName,description,labels,etag,createTime,updateTime,deployedModels"
_ENDPOINTS = (
    "name,displayName,labels,etag,createTime,updateTime,deployedModels(id,model,modelVersionId),"
    "trafficSplit"
)


def list_jobs(parent: str, token: str | None) -> Call:
    """One page of tuning jobs."""
    return _page("list the tuning jobs", f"{parent}/tuningJobs", f"tuningJobs({_JOBS})", token)


def list_models(parent: str, token: str | None) -> Call:
    """One page of models."""
    return _page("list the models", f"{parent}/models", f"models({_MODELS})", token)


def list_endpoints(parent: str, token: str | None) -> Call:
    """One page of endpoints."""
    return _page("list the endpoints", f"{parent}/endpoints", f"endpoints({_ENDPOINTS})", token)


def list_versions(model: str, token: str | None) -> Call:
    """One page of the versions of a model."""
    return _page(
        f"list the versions of {model}", f"{model}:listVersions", "models(name,versionId)", token
    )


def list_operations(name: str, token: str | None) -> Call:
    """One page of the operations of a resource."""
    what = f"see what goes on with {name}"
    return _page(what, f"{name}/operations", "operations(name,done,error)", token)


def get(name: str) -> Call:
    """A job, a model, an endpoint or an operation."""
    return Call(f"read {name}", "GET", f"{API}/{name}")


def create_job(parent: str, what: str, body: bytes) -> Call:
    """Begin a training. May not arrive twice: nothing in the request tells it from another."""
    path = f"{API}/{parent}/tuningJobs"
    return Call(f"train {what}", "POST", path, body=body, repeatable=False)


def cancel_job(name: str) -> Call:
    """Ask a training to stop."""
    return Call(f"cancel {name}", "POST", f"{API}/{name}:cancel", body=b"{}")


def patch(name: str, mask: tuple[str, ...], body: bytes) -> Call:
    """Set fields of a model or an endpoint to full values."""
    query = encoded({"updateMask": ",".join(mask)})
    return Call(f"edit {name}", "PATCH", f"{API}/{name}", query, body)


def create_endpoint(parent: str, body: bytes) -> Call:
    """Make an endpoint. Another request makes another one."""
    path = f"{API}/{parent}/endpoints"
    return Call("create an endpoint", "POST", path, body=body, repeatable=False)


def deploy(endpoint: str, body: bytes) -> Call:
    """Put a model on an endpoint. Another request puts it there twice."""
    path = f"{API}/{endpoint}:deployModel"
    return Call(f"deploy to {endpoint}", "POST", path, body=body, repeatable=False)


def undeploy(endpoint: str, body: bytes) -> Call:
    """Take a deployed model off an endpoint."""
    return Call(f"undeploy from {endpoint}", "POST", f"{API}/{endpoint}:undeployModel", body=body)


def delete(name: str) -> Call:
    """Delete an endpoint, or a model with all its versions, for good."""
    return Call(f"delete {name}", "DELETE", f"{API}/{name}")


def delete_version(name: str) -> Call:
    """Delete one version of a model for good."""
    return Call(f"delete {name}", "DELETE", f"{API}/{name}:deleteVersion")


def generate(endpoint: str, body: bytes) -> Call:
    """Ask a tuned model at its endpoint. Asking twice changes nothing."""
    return Call(f"ask {endpoint}", "POST", f"{API}/{endpoint}:generateContent", body=body)


def _page(what: str, path: str, fields: str, token: str | None) -> Call:
    mask = f"nextPageToken,{fields}"
    query = encoded({"pageSize": str(PAGE_SIZE), "fields": mask, **page_of(token)})
    return Call(what, "GET", f"{API}/{path}", query)
