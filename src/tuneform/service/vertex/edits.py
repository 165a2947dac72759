"""What a PATCH of a Model or an Endpoint changes: its mask, or the fields that it sets. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from tuneform.service.errors import ApiError, Status, Violation, invalid
from tuneform.service.schema import Message, camel
from tuneform.service.vertex import checks


def changes_of(
    message: Message,
    editable: Iterable[str],
    body: Mapping[str, Any],
    mask: str | None,
    *,
    needs_mask: bool,
) -> dict[str, Any]:
    """New values by JSON name; None clears a field.

    Args:
        message: the type that is edited.
        editable: what can be changed, by proto name.
        body: a checked message of that type.
        mask: `updateMask`, None or empty when it was not given.
        needs_mask: whether a request without one is refused.

    Raises:
        ApiError: 400.
    """
    editable = tuple(editable)
    if not mask and needs_mask:
        raise _refuse("is required")
    names = _masked(message, editable, mask) if mask else [n for n in editable if n in body]
    changed = {name: body.get(name) or None for name in names}
    found = checks.label_mistakes(changed.get("labels") or {}, "labels")
    found += checks.display_name_mistakes(changed.get("display_name") or "", "display_name")
    if found:
        raise checks.found_errors(found)
    if "display_name" in changed and not changed["display_name"]:
        raise invalid("The display name must not be empty.")
    return {camel(name): value for name, value in changed.items()}


def _masked(message: Message, editable: tuple[str, ...], mask: str) -> list[str]:
    names: list[str] = []
    for given in (part.strip() for part in mask.split(",")):
        if given == "*":
            names.extend(editable)
            continue
        name = message.spellings.get(given)
        if name is None:
            raise _refuse(f"{given[:200]!r} is not a field of {message.name.rpartition('.')[2]}")
        if name not in editable:
            raise _refuse(f"{given[:200]!r} cannot be changed")
        names.append(name)
    return names


def check_etag(body: Mapping[str, Any], etag: str) -> None:
    """Refuse a change of something else than the caller has seen.

    Raises:
        ApiError: 409 ABORTED.
    """
    if body.get("etag", etag) not in ("", etag):
        raise ApiError(
            Status.ABORTED,
            "The etag of the request does not match that of the resource; read it again.",
        )


def _refuse(why: str) -> ApiError:
    description = f"update_mask: {why}"
    return invalid(description, Violation("update_mask", description))
