"""models: get, list, patch, delete, and the versions of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tuneform.service.call import Answer, Call
from tuneform.service.errors import ApiError, Status, invalid, precondition
from tuneform.service.records import Resource
from tuneform.service.vertex import registry
from tuneform.service.vertex.edits import changes_of, check_etag
from tuneform.service.vertex.filters import parse_filter
from tuneform.service.vertex.ground import Ground
from tuneform.service.vertex.listing import Listing
from tuneform.service.vertex.messages import MODEL
from tuneform.service.vertex.operations import Operations
from tuneform.service.vertex.registry import MODELS, VERSIONS
from tuneform.service.vertex.rows import Row, Rows
from tuneform.service.vertex.subjects import subject_of

DELETE_MODEL, DELETE_VERSION = "deleteModel", "deleteModelVersion"

_OF_MODEL = ("display_name", "description", "labels", "default_checkpoint_id")
_OF_VERSION = ("version_description", "labels", "default_checkpoint_id")


class Models:
    """The registry's side of a tuned model."""

    def __init__(self, ground: Ground, operations: Operations, listing: Listing) -> None:
        self._ground = ground
        self._operations = operations
        self._listing = listing

    def _named(self, call: Call) -> tuple[str, str]:
        """The name of the Model that is meant, and the version."""
        model_id, _, version = call.ids["model"].partition("@")
        return self._ground.home(call).name(MODELS, model_id), version

    def get(self, call: Call) -> Answer:
        """One Model, with its default version or the one that is named."""
        name, version = self._named(call)
        with self._ground.store.reading() as tables:
            rows = Rows(tables)
            row = rows.get(MODELS, name)
            if row is None and (ghost := self._listing.ghost(MODELS, name)) is not None:
                return ghost
            if row is None or self._listing.is_hidden(row):
                raise registry.not_found("Model", name)
            one = registry.version(rows, row, version)
            return registry.show_model(row, one, registry.deployments(rows, row.parent))

    def page(self, call: Call) -> Answer:
        """A page of Models, each with its default version."""
        _check_order(call.query)
        terms = parse_filter(call.query.get("filter", ""))
        return self._listing.page(call, MODELS, str(self._ground.home(call)), _shows, terms)

    def versions(self, call: Call) -> Answer:
        """A page of the versions of one Model."""
        _check_order(call.query)
        name, _ = self._named(call)
        terms = parse_filter(call.query.get("filter", ""))
        return self._listing.page(call, VERSIONS, name, _shows_version(name), terms, key=MODELS)

    def patch(self, call: Call) -> Answer:
        """Change a Model, or with a version in its name that version."""
        name, version = self._named(call)
        of_version = version not in ("", "-")
        changes = changes_of(
            MODEL,
            _OF_VERSION if of_version else _OF_MODEL,
            call.body,
            call.query.get("update_mask"),
            needs_mask=self._ground.behaviour.patch_without_mask == "refused",
        )
        now = self._ground.now
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            owner = registry.model(rows, name)
            one = registry.version(rows, owner, version)
            deployed = registry.deployments(rows, owner.parent)
            check_etag(call.body, registry.show_model(owner, one, deployed)["etag"])
            if "defaultCheckpointId" in changes:
                chosen = {"defaultCheckpointId": _checkpoint(one, changes)}
                one = rows.put(one.changed(**chosen, versionUpdateTime=now))
            if of_version:
                one = rows.put(one.changed(**changes, versionUpdateTime=now))
            changes.pop("defaultCheckpointId", None)
            owner = rows.put(owner.changed(**({} if of_version else changes), updateTime=now))
            return registry.show_model(owner, one, deployed)

    def delete(self, call: Call) -> Answer:
        """Delete a Model with all its versions; refused while any of them is deployed."""
        name, _ = self._named(call)
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            owner = registry.model(rows, name)
            self._check_idle(rows, owner, None)
            arguments = {"name": name, "subject": _subject(owner)}
            return self._operations.begin(rows, call, owner, DELETE_MODEL, arguments)

    def delete_version(self, call: Call) -> Answer:
        """Delete a version, unless it is the only one or is deployed."""
        name, version = self._named(call)
        if not version:
            raise invalid("The name of a model version must end in @VERSION.")
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            owner = registry.model(rows, name)
            one = registry.version(rows, owner, version)
            _check_not_only(rows, owner)
            self._check_idle(rows, owner, one)
            arguments = {"name": one.name, "subject": _subject(owner)}
            return self._operations.begin(rows, call, owner, DELETE_VERSION, arguments)

    def merge_aliases(self, call: Call) -> Answer:
        """Give a version aliases, and take them from others; `-name` takes one away."""
        name, version = self._named(call)
        with self._ground.store.writing() as tables:
            rows = Rows(tables)
            owner = registry.model(rows, name)
            one = registry.version(rows, owner, version)
            aliases = dict(owner.notes["aliases"])
            for alias in call.body.get("version_aliases", []):
                _put_alias(aliases, alias, one.resource["versionId"])
            owner = rows.put(replace(owner, notes=owner.notes | {"aliases": aliases}))
            return registry.show_model(owner, one, registry.deployments(rows, owner.parent))

    def _check_idle(self, rows: Rows, owner: Row, one: Row | None) -> None:
        """Refuse to delete what is deployed, or was until a moment ago."""
        holders = [
            each.endpoint
            for each in registry.deployments(rows, owner.parent)
            if each.model == owner.name
            and (one is None or each.version == one.resource["versionId"])
        ]
        when, where = owner.notes.get("undeployed", ("", ""))
        late = timedelta(seconds=self._ground.behaviour.undeployed_seconds)
        if when and self._ground.clock.now() - datetime.fromisoformat(when) < late:
            holders.append(where)
        if holders:
            raise precondition(
                f'The Model "{owner.name}" is deployed or being deployed at the following '
                f"Endpoint(s): {', '.join(holders)}. Please undeploy the model before retry."
            )

    # --- what operations do -----------------------------------------------------------------------

    def remove(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> None:
        """Delete a Model and its versions."""
        owner = registry.model(rows, arguments["name"])
        self._check_idle(rows, owner, None)
        shown = _shows(rows)(owner)
        for one in rows.of(VERSIONS, owner.name):
            rows.remove(one)
            rows.tables.forget(one.notes["training"])
            rows.tables.note_deletion(one.notes["training"], now)
        rows.remove(owner)
        self._listing.gone(owner, shown)

    def remove_version(self, rows: Rows, arguments: Mapping[str, Any], now: str) -> None:
        """Delete a version."""
        name, _, version = arguments["name"].partition("@")
        owner = registry.model(rows, name)
        one = registry.version(rows, owner, version)
        _check_not_only(rows, owner)
        self._check_idle(rows, owner, one)
        registry.drop_version(rows, owner, one)
        rows.tables.note_deletion(one.notes["training"], now)


def _shows(rows: Rows) -> Callable[[Row], Resource]:
    """Shows Models of one location; what is deployed there is looked up once."""
    known: dict[str, list[registry.Deployment]] = {}

    def show(owner: Row) -> Resource:
        if owner.parent not in known:
            known[owner.parent] = registry.deployments(rows, owner.parent)
        return registry.show_model(owner, registry.version(rows, owner, ""), known[owner.parent])

    return show


def _shows_version(name: str) -> Callable[[Rows], Callable[[Row], Resource]]:
    def shows(rows: Rows) -> Callable[[Row], Resource]:
        owner = registry.model(rows, name)
        deployed = registry.deployments(rows, owner.parent)
        return lambda one: registry.show_model(owner, one, deployed)

    return shows


def _subject(owner: Row) -> list[str]:
    known = subject_of(MODELS, owner.resource)
    return [known.key, *known.names]


def _check_order(query: Mapping[str, Any]) -> None:
    if query.get("order_by"):
        raise ApiError(Status.UNIMPLEMENTED, "The practice service lists by creation only.")


def _check_not_only(rows: Rows, owner: Row) -> None:
    if len(list(rows.of(VERSIONS, owner.name))) == 1:
        raise precondition(
            f"The only version of the Model {owner.name} cannot be deleted; delete the Model."
        )


def _checkpoint(one: Row, changes: Mapping[str, Any]) -> str:
    chosen: str = changes["defaultCheckpointId"] or ""
    if chosen not in one.notes["learnt"]:
        raise invalid(f"Checkpoint {chosen[:40]!r} of model {one.name} does not exist.")
    return chosen


def _put_alias(aliases: dict[str, str], given: str, number: str) -> None:
    alias = given.removeprefix("-")
    if not alias or not alias[0].isalpha():
        raise invalid(f"The version alias {given[:40]!r} must begin with a letter.")
    if not given.startswith("-"):
        aliases[alias] = number
    elif alias == "default":
        raise invalid("The alias `default` can be moved, and not removed.")
    elif aliases.get(alias) == number:
        del aliases[alias]
