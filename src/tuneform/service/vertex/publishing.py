"""What a tuning job that succeeded leaves behind: a Model, and an Endpoint for each checkpoint.

Labels of the job go to the Model and to its Endpoints, with Google's own `tune-type`, by which its
SDK finds tuned models.
"""

from collections.abc import Sequence
from typing import Any

from tuneform.service.call import Answer
from tuneform.service.vertex import registry
from tuneform.service.vertex.names import draw_id
from tuneform.service.vertex.rows import Row, Rows

TUNE_TYPE = {"tune-type": "sft"}


def publish(
    rows: Rows, job: Row, training: int, milestones: Sequence[tuple[int, int]], now: str
) -> Answer:
    """Store what was tuned; the job's `tunedModel`.

    Args:
        rows: of the transaction that ends the training.
        job: whose result it is.
        training: its number.
        milestones: epoch and step of each checkpoint, the last one being the end.
        now: the present moment.
    """
    labels = job.resource.get("labels", {}) | TUNE_TYPE
    points = milestones[-1:] if job.notes["last_only"] else milestones
    learnt = {
        str(number): None if number == len(points) else step
        for number, (_, step) in enumerate(points, start=1)
    }
    shown = [
        {"checkpointId": str(number), "epoch": str(epoch), "step": str(step)}
        for number, (epoch, step) in enumerate(points, start=1)
    ]
    owner, version = _version(rows, job, labels, shown, {"training": training, "learnt": learnt})
    model = f"{owner.name}@{version.resource['versionId']}"
    deployed = [
        point | {"endpoint": _deploy(rows, job, owner, version, point["checkpointId"], now)}
        for point in shown
    ]
    tuned: Answer = {"model": model, "endpoint": deployed[-1]["endpoint"]}
    return tuned if job.notes["last_only"] else tuned | {"checkpoints": deployed}


def _version(
    rows: Rows, job: Row, labels: dict[str, str], shown: list[Answer], notes: dict[str, Any]
) -> tuple[Row, Row]:
    """A version of a new Model, or a further one of the Model that the job went on from."""
    resource, now = job.resource, job.resource["endTime"]
    fields: dict[str, Any] = {"versionCreateTime": now, "versionUpdateTime": now}
    fields["modelSourceInfo"] = {"sourceType": "GENIE"}
    fields["baseModelSource"] = {"genieSource": {"baseModelUri": job.notes["base"]}}
    fields["supportedDeploymentResourcesTypes"] = ["AUTOMATIC_RESOURCES"]
    if not job.notes["last_only"]:
        fields |= {"checkpoints": shown, "defaultCheckpointId": shown[-1]["checkpointId"]}
    owner = rows.get(registry.MODELS, job.notes["owner"]) if job.notes["owner"] else None
    if owner is not None:
        owner = rows.put(owner.changed(updateTime=now))
        return registry.add_version(rows, owner, fields | {"labels": labels}, notes)
    name = f"{job.parent}/models/{draw_id()}"
    about = {
        "displayName": resource.get("tunedModelDisplayName") or job.id,
        "labels": labels,
        "createTime": now,
        "updateTime": now,
    }
    if "encryptionSpec" in resource:
        about["encryptionSpec"] = resource["encryptionSpec"]
    return registry.add_version(
        rows, registry.add_model(rows, job.parent, name, about), fields, notes
    )


def _deploy(rows: Rows, job: Row, owner: Row, version: Row, checkpoint: str, now: str) -> str:
    """An Endpoint that holds one checkpoint; its name."""
    deployed_id, name = draw_id(), f"{job.parent}/endpoints/{draw_id()}"
    display_name = owner.resource["displayName"]
    deployed = {
        "id": deployed_id,
        "model": owner.name,
        "modelVersionId": version.resource["versionId"],
        "displayName": display_name,
        "createTime": now,
        "checkpointId": checkpoint,
    }
    resource = {
        "name": name,
        "displayName": display_name,
        "deployedModels": [deployed],
        "trafficSplit": {deployed_id: 100},
        "labels": job.resource.get("labels", {}) | TUNE_TYPE,
        "createTime": now,
        "updateTime": now,
    }
    learnt = [version.notes["training"], version.notes["learnt"][checkpoint]]
    rows.add(registry.ENDPOINTS, job.parent, name, resource, {"learnt": {deployed_id: learnt}})
    return name
