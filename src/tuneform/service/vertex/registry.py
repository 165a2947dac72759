"""The Model registry as rows: Models, their versions, where they are deployed, and how they look.

A Model has labels, and so has each version; what is shown is both together. Nothing here knows of
requests.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tuneform.service.call import Answer
from tuneform.service.errors import ApiError, Status
from tuneform.service.records import Resource
from tuneform.service.vertex.rows import Row, Rows

MODELS, VERSIONS, ENDPOINTS = "models", "versions", "endpoints"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version of a Model on an Endpoint."""

    endpoint: str
    id: str
    model: str
    version: str


def not_found(what: str, name: str) -> ApiError:
    """404, in the form that is known of Endpoints (googleapis/python-genai#1706)."""
    return ApiError(Status.NOT_FOUND, f"{what} `{name}` not found.")


def deployments(rows: Rows, parent: str) -> list[Deployment]:
    """Everything that is deployed in a location."""
    return [
        Deployment(row.name, each["id"], each["model"], each["modelVersionId"])
        for row in rows.of(ENDPOINTS, parent)
        for each in row.resource.get("deployedModels", [])
    ]


def model(rows: Rows, name: str) -> Row:
    """A Model.

    Raises:
        ApiError: 404.
    """
    row = rows.get(MODELS, name)
    if row is None:
        raise not_found("Model", name)
    return row


def version(rows: Rows, owner: Row, wanted: str) -> Row:
    """A version of a Model, by number or alias; empty and `-` mean the default one.

    Raises:
        ApiError: 404.
    """
    aliases = owner.notes["aliases"]
    number = aliases.get(wanted or "default", wanted) if wanted != "-" else aliases["default"]
    row = rows.get(VERSIONS, f"{owner.name}@{number}")
    if row is None:
        raise not_found("Model", f"{owner.name}@{wanted}")
    return row


def endpoint(rows: Rows, name: str) -> Row:
    """An Endpoint.

    Raises:
        ApiError: 404.
    """
    row = rows.get(ENDPOINTS, name)
    if row is None:
        raise not_found("Endpoint", name)
    return row


def etag_of(*parts: Resource) -> str:
    """A word that changes whenever one of these does."""
    digest = hashlib.sha256(b"\0".join(msgspec.json.encode(part) for part in parts))
    return digest.hexdigest()[:16]


def show_model(owner: Row, one: Row, deployed: list[Deployment]) -> Answer:
    """A Model as it is answered: with one of its versions."""
    number = one.resource["versionId"]
    aliases = sorted(alias for alias, of in owner.notes["aliases"].items() if of == number)
    labels = owner.resource.get("labels", {}) | one.resource.get("labels", {})
    shown = owner.resource | one.resource | {"etag": etag_of(owner.resource, one.resource)}
    shown |= {"versionAliases": aliases} if aliases else {}
    shown |= {"labels": labels} if labels else {}
    holders = [
        {"endpoint": each.endpoint, "deployedModelId": each.id}
        for each in deployed
        if (each.model, each.version) == (owner.name, number)
    ]
    return shown | ({"deployedModels": holders} if holders else {})


def show_endpoint(row: Row) -> Answer:
    """An Endpoint as it is answered."""
    return row.resource | {"etag": etag_of(row.resource)}


def add_model(rows: Rows, parent: str, name: str, fields: Mapping[str, Any]) -> Row:
    """Store a Model that has no version yet."""
    return rows.add(MODELS, parent, name, {"name": name, **fields}, {"aliases": {}, "last": 0})


def add_version(rows: Rows, owner: Row, fields: Resource, notes: dict[str, Any]) -> tuple[Row, Row]:
    """Store the next version of a Model, which becomes its default one."""
    number = str(owner.notes["last"] + 1)
    aliases = owner.notes["aliases"] | {"default": number}
    owner = rows.put(replace(owner, notes={"aliases": aliases, "last": int(number)}))
    resource = {"versionId": number} | fields
    return owner, rows.add(VERSIONS, owner.name, f"{owner.name}@{number}", resource, notes)


def drop_version(rows: Rows, owner: Row, one: Row) -> None:
    """Forget a version, and what was learnt for it; the newest one left becomes the default."""
    rows.remove(one)
    rows.tables.forget(one.notes["training"])
    gone = one.resource["versionId"]
    aliases = {alias: number for alias, number in owner.notes["aliases"].items() if number != gone}
    left = list(rows.of(VERSIONS, owner.name))
    if left and "default" not in aliases:
        aliases["default"] = left[-1].resource["versionId"]
    rows.put(replace(owner, notes=owner.notes | {"aliases": aliases}))
