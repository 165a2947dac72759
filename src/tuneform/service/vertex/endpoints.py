"""endpoints: create, get, list, patch, delete, deployModel and undeployModel."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tuneform.service.call import Answer, Call
from tuneform.service.errors import ApiError, Status, invalid, invalid_field, precondition
from tuneform.service.records import Resource
from tuneform.service.schema import camel
from tuneform.service.vertex import checks, registry
from tuneform.service.vertex.edits import changes_of, check_etag
from tuneform.service.vertex.filters import parse_filter
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.listing import Listing
from tuneform.service.vertex.messages import ENDPOINT
from tuneform.service.vertex.names import draw_id
from tuneform.service.vertex.operations import NOTHING, Operations
from tuneform.service.vertex.registry import ENDPOINTS
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.subjects import subject, subject_of

CREATE_ENDPOINT, DELETE_ENDPOINT = "createEndpoint", "deleteEndpoint"
DEPLOY_MODEL, UNDEPLOY_MODEL = "deployModel", "undeployModel"

_EDITABLE = ("display_name", "description", "labels", "traffic_split")
_WHOLE = 100


class Endpoints:
    """Where models are asked."""

    def __init__(self, ground: Ground, operations: Operations, listing: Listing) -> None:
        self._ground = ground
        self._operations = operations
        self._listing = listing

    def _name(self, call: Call) -> str:
        return self._ground.home(call).name(ENDPOINTS, call.ids["endpoint"])

    def create(self, call: Call) -> Answer:
        """Make an Endpoint that holds nothing."""
        body, home = call.body, self._ground.home(call)
        if not body.get("display_name"):
            raise invalid_field("endpoint.display_name", "is required")
        if body.get("deployed_models") or body.get("traffic_split"):
            raise invalid("Models are deployed with deployModel, once the Endpoint is there.")
        found = checks.display_name_mistakes(body["display_name"], "endpoint.display_name")
        found += checks.label_mistakes(body.get("labels", {}), "endpoint.labels")
        if found:
            raise checks.found_errors(found)
        wanted = call.query.get("endpoint_id") or draw_id()
        if not (wanted.isascii() and wanted.isdecimal()):
            raise invalid_field("endpoint_id", "must consist of digits")
        name = home.name(ENDPOINTS, wanted)
        fields = {camel(key): body[key] for key in _EDITABLE if body.get(key)}
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            if rows.get(ENDPOINTS, name) is not None:
                raise ApiError(Status.ALREADY_EXISTS, f"Endpoint {name} already exists.")
            known = subject(ENDPOINTS, wanted, body["display_name"], body.get("labels", {}))
            arguments = {
                "name": name,
                "parent": str(home),
                "fields": fields,
                "subject": [known.key, *known.names],
            }
            return self._operations.begin(rows, call, name, CREATE_ENDPOINT, arguments)

    def get(self, call: Call) -> Answer:
        """One Endpoint."""
        name = self._name(call)
        with self._ground.store.reading() as tables:
            row = Rows(tables).get(ENDPOINTS, name)
            if row is None and (ghost := self._listing.ghost(ENDPOINTS, name)) is not None:
                return ghost
            if row is None or self._listing.is_hidden(row):
                raise registry.not_found("Endpoint", name)
            return registry.show_endpoint(row)

    def page(self, call: Call) -> Answer:
        """A page of Endpoints."""
        if call.query.get("order_by"):
            raise ApiError(Status.UNIMPLEMENTED, "The practice service lists by creation only.")
        terms = parse_filter(call.query.get("filter", ""))
        return self._listing.page(call, ENDPOINTS, str(self._ground.home(call)), _shows, terms)

    def patch(self, call: Call) -> Answer:
        """Change what can be changed in place."""
        changes = changes_of(
            ENDPOINT,
            _EDITABLE,
            call.body,
            call.query.get("update_mask"),
            needs_mask=self._ground.behaviour.patch_without_mask == "refused",
        )
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            row = registry.endpoint(rows, self._name(call))
            check_etag(call.body, registry.show_endpoint(row)["etag"])
            if "trafficSplit" in changes:
                _check_split(changes["trafficSplit"] or {}, _deployed_ids(row))
            row = row.changed(**changes, updateTime=self._ground.now)
            return registry.show_endpoint(rows.put(row))

    def delete(self, call: Call) -> Answer:
        """Delete an Endpoint; refused while it holds a model."""
        return self._begin(call, DELETE_ENDPOINT, {}, _check_empty)

    def deploy(self, call: Call) -> Answer:
        """Put a version of a Model on an Endpoint."""
        wanted = call.body.get("deployed_model", {})
        if not wanted.get("model"):
            raise invalid_field("deployed_model.model", "is required")
        field = "deployed_model.model"
        name = self._ground.names.read(wanted["model"], registry.MODELS, field)
        deployed_id = wanted.get("id") or draw_id()
        arguments: dict[str, Any] = {
            "model": str(name),
            "version": name.version,
            "id": deployed_id,
            "display_name": wanted.get("display_name", ""),
            "checkpoint": wanted.get("checkpoint_id", ""),
            "split": call.body.get("traffic_split"),
        }
        return self._begin(call, DEPLOY_MODEL, arguments, _check_deploy)

    def undeploy(self, call: Call) -> Answer:
        """Take a model off an Endpoint."""
        if not call.body.get("deployed_model_id"):
            raise invalid_field("deployed_model_id", "is required")
        arguments = {
            "id": call.body["deployed_model_id"],
            "split": call.body.get("traffic_split"),
        }
        return self._begin(call, UNDEPLOY_MODEL, arguments, _check_undeploy)

    def _begin(
        self,
        call: Call,
        effect: str,
        arguments: dict[str, Any],
        check: Callable[[Rows, Row, Mapping[str, Any]], None],
    ) -> Answer:
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            row = registry.endpoint(rows, self._name(call))
            self._operations.check_alone(rows, row)
            check(rows, row, arguments)
            known = subject_of(ENDPOINTS, row.resource)
            arguments |= {"name": row.name, "subject": [known.key, *known.names]}
            return self._operations.begin(rows, call, row, effect, arguments)

    # --- what operations do -----------------------------------------------------------------------

    def add(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
        """Make an Endpoint."""
        name, fields = arguments["name"], arguments["fields"]
        if rows.get(ENDPOINTS, name) is not None:
            raise ApiError(Status.ALREADY_EXISTS, f"Endpoint {name} already exists.")
        resource = {"name": name, **fields, "createTime": now, "updateTime": now}
        row = rows.add(ENDPOINTS, arguments["parent"], name, resource, {"learnt": {}})
        return registry.show_endpoint(row)

    def remove(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
        """Delete an Endpoint."""
        del now
        row = registry.endpoint(rows, arguments["name"])
        _check_empty(rows, row, arguments)
        rows.remove(row)
        self._listing.gone(row, registry.show_endpoint(row))
        return {}

    def put_on(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
        """Deploy."""
        row = registry.endpoint(rows, arguments["name"])
        _check_deploy(rows, row, arguments)
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

    def take_off(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> Answer:
        """Undeploy."""
        row = registry.endpoint(rows, arguments["name"])
        _check_undeploy(rows, row, arguments)
        gone = arguments["id"]
        left = [each for each in row.resource["deployedModels"] if each["id"] != gone]
        learnt = {key: value for key, value in row.notes["learnt"].items() if key != gone}
        split = arguments["split"] or row.resource.get("trafficSplit", {})
        split = {key: share for key, share in split.items() if key != gone} if left else {}
        row = row.changed(deployedModels=left or None, trafficSplit=split or None, updateTime=now)
        rows.put(replace(row, notes=row.notes | {"learnt": learnt}))
        return NOTHING


def _shows(_: Rows) -> Callable[[Row], Resource]:
    return registry.show_endpoint


def _deployed_ids(row: Row) -> set[str]:
    return {each["id"] for each in row.resource.get("deployedModels", [])}


def _check_empty(_: Rows, row: Row, __: Mapping[str, Any]) -> None:
    if held := sorted(_deployed_ids(row)):
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


def _check_deploy(rows: Rows, row: Row, arguments: Mapping[str, Any]) -> None:
    _meant(rows, arguments)
    if arguments["id"] in _deployed_ids(row):
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
    _check_split(split, _deployed_ids(row) | {arguments["id"]})
    return split


def _check_undeploy(_: Rows, row: Row, arguments: Mapping[str, Any]) -> None:
    gone, held = arguments["id"], _deployed_ids(row)
    if gone not in held:
        raise ApiError(
            Status.NOT_FOUND,
            f'DeployedModel with ID "{gone[:40]}" is not deployed on Endpoint "{row.name}".',
        )
    split = arguments["split"]
    if split:
        _check_split(split, held - {gone})
    elif len(held) > 1 and row.resource.get("trafficSplit", {}).get(gone, 0):
        raise precondition(
            f'DeployedModel with ID "{gone}" has traffic; give it to the others with trafficSplit.'
        )


def _check_split(split: Mapping[str, int], known: set[str]) -> None:
    strange = sorted(set(split) - known)
    if strange:
        raise invalid(f"The following DeployedModel ID(s) {strange} do not exist.")
    if split and (sum(split.values()) != _WHOLE or min(split.values()) < 0):
        raise invalid("The traffic split must add up to 100.")
