"""Permissions of a tuned model, and handing it over.

The owner's permission is listed like the others, but it moves only through transferOwnership.
Whoever may write may also share.
"""

from collections.abc import Mapping
from typing import Any

from tuneform.service.access import reach
from tuneform.service.call import Answer, Call
from tuneform.service.errors import (
    ApiError,
    Status,
    Violation,
    invalid,
    invalid_field,
    precondition,
)
from tuneform.service.paging import Pager, Sizes
from tuneform.service.records import Model, Permission
from tuneform.service.store import Store, Tables
from tuneform.service.tuned_models import draw

_SIZES = Sizes(default=10, most=1000)
_MAX_EMAIL = 320


class Permissions:
    """tunedModels.permissions and tunedModels.transferOwnership."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, call: Call) -> Answer:
        """Grant a role."""
        granted = _granted(call.body)
        with self._store.writing() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "WRITER")
            if _twin(tables, model, granted) is not None:
                whom = granted.email or granted.grantee_type
                raise ApiError(
                    Status.ALREADY_EXISTS, f"{model.name} has a permission for {whom} already."
                )
            tables.put_permission(model.seq, granted)
        return _shown(model, granted)

    def page(self, call: Call) -> Answer:
        """A page of permissions."""
        pager = Pager(self._store.service_id, ("permissions", call.ids["tuned_model"]))
        after, size = pager.after(call.query), _SIZES.of(call.query)
        with self._store.reading() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "READER")
            rows = list(enumerate(tables.permissions(model.seq), start=1))[after:]
        return pager.page(
            "permissions", rows, size, lambda row: row[0], lambda row: _shown(model, row[1])
        )

    def get(self, call: Call) -> Answer:
        """One permission."""
        with self._store.reading() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "READER")
            return _shown(model, _one(tables, model, call.ids["permission"]))

    def patch(self, call: Call) -> Answer:
        """Change the role, which is all that can change."""
        _check_mask(call.query.get("update_mask", ""))
        role = _role(call.body)
        with self._store.writing() as tables:
            model, old = self._mutable(tables, call)
            new = Permission(old.id, old.grantee_type, old.email, role)
            tables.put_permission(model.seq, new)
        return _shown(model, new)

    def delete(self, call: Call) -> Answer:
        """Take a role back."""
        with self._store.writing() as tables:
            model, old = self._mutable(tables, call)
            tables.remove_permission(model.seq, old.id)
        return {}

    def _mutable(self, tables: Tables, call: Call) -> tuple[Model, Permission]:
        model = reach(tables, call.ids["tuned_model"], call.caller, "WRITER")
        permission = _one(tables, model, call.ids["permission"])
        if permission.role == "OWNER":
            raise precondition("The owner's permission only moves with transferOwnership.")
        return model, permission

    def transfer(self, call: Call) -> Answer:
        """Hand the model over; who owned it until now may still write."""
        email = _email(call.body, "email_address")
        with self._store.writing() as tables:
            model = reach(tables, call.ids["tuned_model"], call.caller, "OWNER")
            heir = Permission(draw(12), "USER", email, "OWNER")
            for old in tables.permissions(model.seq):
                if old.role == "OWNER":
                    tables.put_permission(
                        model.seq, Permission(old.id, old.grantee_type, old.email, "WRITER")
                    )
            twin = _twin(tables, model, heir)
            if twin is not None:
                heir = Permission(twin.id, "USER", email, "OWNER")
            tables.put_permission(model.seq, heir)
        return {}


def _granted(body: Mapping[str, Any]) -> Permission:
    role, grantee_type = _role(body), body.get("grantee_type", "GRANTEE_TYPE_UNSPECIFIED")
    if grantee_type == "GRANTEE_TYPE_UNSPECIFIED":
        raise invalid_field("permission.grantee_type", "must be USER, GROUP or EVERYONE")
    if grantee_type != "EVERYONE":
        return Permission(draw(12), grantee_type, _email(body, "permission.email_address"), role)
    if body.get("email_address"):
        raise invalid_field("permission.email_address", "must not be set for EVERYONE")
    return Permission(draw(12), grantee_type, "", role)


def _role(body: Mapping[str, Any]) -> str:
    role: str = body.get("role", "ROLE_UNSPECIFIED")
    if role not in ("WRITER", "READER"):
        raise invalid_field(
            "permission.role", "must be WRITER or READER; ownership moves with transferOwnership"
        )
    return role


def _email(body: Mapping[str, Any], path: str) -> str:
    email: str = body.get("email_address", "")
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > _MAX_EMAIL or any(c.isspace() for c in email):
        raise invalid_field(path, "must be an e-mail address")
    return email


def _check_mask(mask: str) -> None:
    if [path.strip() for path in mask.split(",")] not in (["role"], ["*"]):
        description = "update_mask: is required, and `role` is all that it may name"
        raise invalid(description, Violation("update_mask", description))


def _twin(tables: Tables, model: Model, permission: Permission) -> Permission | None:
    key = (permission.grantee_type, permission.email)
    for other in tables.permissions(model.seq):
        if (other.grantee_type, other.email) == key:
            return other
    return None


def _one(tables: Tables, model: Model, permission_id: str) -> Permission:
    for permission in tables.permissions(model.seq):
        if permission.id == permission_id:
            return permission
    raise ApiError(
        Status.NOT_FOUND, f"Permission {model.name}/permissions/{permission_id} does not exist."
    )


def _shown(model: Model, permission: Permission) -> Answer:
    answer = {
        "name": f"{model.name}/permissions/{permission.id}",
        "granteeType": permission.grantee_type,
    }
    if permission.email:
        answer["emailAddress"] = permission.email
    return answer | {"role": permission.role}
