"""endpoints: create, get, list, patch, delete, deployModel and undeployModel."""

from collections.abc import Callable, Mapping
from typing import Any

from tuneform.service.call import Answer, Call
from tuneform.service.errors import ApiError, Status, invalid, invalid_field
from tuneform.service.records import Resource
from tuneform.service.schema import camel
from tuneform.service.vertex import checks, registry
from tuneform.service.vertex.deploying import (
    check_deploy,
    check_empty,
    check_split,
    check_undeploy,
    deployed_ids,
)
from tuneform.service.vertex.edits import changes_of, check_etag
from tuneform.service.vertex.filters import parse_filter
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.listing import Listing
from tuneform.service.vertex.messages import ENDPOINT
from tuneform.service.vertex.names import draw_id
from tuneform.service.vertex.operations import Operations
from tuneform.service.vertex.registry import ENDPOINTS
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.subjects import subject, subject_of

CREATE_ENDPOINT, DELETE_ENDPOINT = "createEndpoint", "deleteEndpoint"
DEPLOY_MODEL, UNDEPLOY_MODEL = "deployModel", "undeployModel"

_EDITABLE = ("display_name", "description", "labels", "traffic_split")


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
                check_split(changes["trafficSplit"] or {}, deployed_ids(row))
            row = row.changed(**changes, updateTime=self._ground.now)
            return registry.show_endpoint(rows.put(row))

    def delete(self, call: Call) -> Answer:
        """Delete an Endpoint; refused while it holds a model."""
        return self._begin(call, DELETE_ENDPOINT, {}, check_empty)

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
        return self._begin(call, DEPLOY_MODEL, arguments, check_deploy)

    def undeploy(self, call: Call) -> Answer:
        """Take a model off an Endpoint."""
        if not call.body.get("deployed_model_id"):
            raise invalid_field("deployed_model_id", "is required")
        arguments = {
            "id": call.body["deployed_model_id"],
            "split": call.body.get("traffic_split"),
        }
        return self._begin(call, UNDEPLOY_MODEL, arguments, check_undeploy)

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

    def remove(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> None:
        """Delete an Endpoint."""
        del now
        row = registry.endpoint(rows, arguments["name"])
        check_empty(rows, row, arguments)
        rows.remove(row)
        self._listing.gone(row, registry.show_endpoint(row))


def _shows(_: Rows) -> Callable[[Row], Resource]:
    return registry.show_endpoint
