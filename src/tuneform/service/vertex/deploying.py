"""Which model is on which Endpoint, and who gets how much of its traffic.

Each check is made twice: when an operation is asked for, and when it happens. All of them raise
`ApiError`, before anything is changed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tuneform.service.call import Answer
from tuneform.service.errors import ApiError, Status, invalid, precondition
from tuneform.service.vertex import registry
from tuneform.service.vertex.rows import Row, Rows

_WHOLE = 100


def put_on(rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
    """Put a version of a Model on an Endpoint; what `deployModel` does."""
    row = registry.endpoint(rows, arguments["name"])
    check_deploy(rows, row, arguments)
    owner, one, checkpoint = _meant(rows, arguments)
    deployed = {
        "id": arguments["id"],
        "model": owner.name,
        "modelVersionId": one.resource["versionId"],
        "displayName": arguments["display_name"] or owner.resource["displayName"],
        "createTime": now,
        "checkpointId": checkpoint,
    }
    learnt = row.notes["learnt"] | {
        arguments["id"]: [one.notes["training"], one.notes["learnt"][checkpoint]]
    }
    split = _split_after_deploy(row, arguments)
    everything = [*row.resource.get("deployedModels", []), deployed]
    row = row.changed(deployedModels=everything, trafficSplit=split or None, updateTime=now)
    rows.put(replace(row, notes=row.notes | {"learnt": learnt}))
    return {"deployedModel": deployed}


def take_off(rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
    """Take a model off an Endpoint; what `undeployModel` does."""
    row = registry.endpoint(rows, arguments["name"])
    check_undeploy(rows, row, arguments)
    gone = arguments["id"]
    held = {each["id"]: each for each in row.resource["deployedModels"]}
    left = [each for key, each in held.items() if key != gone]
    owner = registry.model(rows, held[gone]["model"])
    rows.put(replace(owner, notes=owner.notes | {"undeployed": [now, row.name]}))
    learnt = {key: value for key, value in row.notes["learnt"].items() if key != gone}
    split = arguments["split"] or row.resource.get("trafficSplit", {})
    split = {key: share for key, share in split.items() if key != gone} if left else {}
    row = row.changed(deployedModels=left or None, trafficSplit=split or None, updateTime=now)
    rows.put(replace(row, notes=row.notes | {"learnt": learnt}))
    return {}


def deployed_ids(row: Row) -> set[str]:
    """Ids of everything that an Endpoint holds."""
    return {each["id"] for each in row.resource.get("deployedModels", [])}


def check_empty(_: Rows, row: Row, __: Mapping[str, Any]) -> None:
    """Refuse what an Endpoint must hold nothing for."""
    if held := sorted(deployed_ids(row)):
        raise precondition(
            f'Endpoint "{row.name}" has deployed or being deployed DeployedModel(s) with ID(s): '
            f"{', '.join(held)}. Please undeploy the model before retry."
        )


def _meant(rows: Rows, arguments: Mapping[str, Any]) -> tuple[Row, Row, str]:
    """Model, version and checkpoint that are to be deployed."""
    owner = registry.model(rows, arguments["model"])
    one = registry.version(rows, owner, arguments["version"])
    learnt = one.notes["learnt"]
    usual = one.resource.get("defaultCheckpointId") or max(learnt, key=int)
    checkpoint: str = arguments["checkpoint"] or usual
    if checkpoint not in learnt:
        raise invalid(f"Checkpoint {checkpoint[:40]!r} of model {one.name} does not exist.")
    return owner, one, checkpoint


def check_deploy(rows: Rows, row: Row, arguments: Mapping[str, Any]) -> None:
    """Refuse to put on what cannot be."""
    _meant(rows, arguments)
    if arguments["id"] in deployed_ids(row):
        raise ApiError(
            Status.ALREADY_EXISTS,
            f"A DeployedModel with ID {arguments['id'][:40]} is on the Endpoint already.",
        )
    _split_after_deploy(row, arguments)


def _split_after_deploy(row: Row, arguments: Mapping[str, Any]) -> dict[str, int]:
    """Who gets how much of the traffic; `0` stands for the model that is deployed now."""
    given = arguments["split"]
    if not given:
        return dict(row.resource.get("trafficSplit", {})) or {arguments["id"]: _WHOLE}
    split = {arguments["id"] if key == "0" else key: share for key, share in given.items()}
    check_split(split, deployed_ids(row) | {arguments["id"]})
    return split


def check_undeploy(_: Rows, row: Row, arguments: Mapping[str, Any]) -> None:
    """Refuse to take off what is not there, or what would leave traffic without a model."""
    gone, held = arguments["id"], deployed_ids(row)
    if gone not in held:
        raise ApiError(
            Status.NOT_FOUND,
            f'DeployedModel with ID "{gone[:40]}" is not deployed on Endpoint "{row.name}".',
        )
    split = arguments["split"]
    if split:
        check_split(split, held - {gone})
    elif len(held) > 1 and row.resource.get("trafficSplit", {}).get(gone, 0):
        raise precondition(
            f'DeployedModel with ID "{gone}" has traffic; give it to the others with trafficSplit.'
        )


def check_split(split: Mapping[str, int], known: set[str]) -> None:
    """Refuse shares that do not add up, or that nobody is there for."""
    strange = sorted(set(split) - known)
    if strange:
        raise invalid(f"The following DeployedModel ID(s) {strange} do not exist.")
    if split and (sum(split.values()) != _WHOLE or min(split.values()) < 0):
        raise invalid("The traffic split must add up to 100.")
