"""What a PATCH may change: a mask, or the fields that the body sets.

With a mask, exactly its paths change, and one that the body leaves out is cleared. Without one,
the editable fields that the body sets change. Whatever is output only and outside the mask is
ignored: the old SDK sends the whole model back. Pure; storing it is the caller's business.
"""

from collections.abc import Mapping
from typing import Any

from tuneform.service.base_models import DEFAULTS
from tuneform.service.drafts import EDITABLE, check_editable, immutable_changes
from tuneform.service.errors import ApiError, Violation, invalid
from tuneform.service.messages import TUNED_MODEL
from tuneform.service.schema import Message, camel
from tuneform.service.wire import single


def edited(
    resource: Mapping[str, Any], body: Mapping[str, Any], mask: str | None
) -> dict[str, Any]:
    """The resource after a PATCH.

    Args:
        resource: as it is now.
        body: a checked `TunedModel`.
        mask: the `updateMask` parameter, None or empty when it was not given.

    Raises:
        ApiError: 400, for a path that cannot be changed or a value out of range.
    """
    paths = _paths(mask) if mask else _populated(body, resource)
    changes = {path: body.get(path) for path in paths}
    check_editable({path: value for path, value in changes.items() if value is not None})
    result = dict(resource)
    for path, value in changes.items():
        put_editable(result, path, value)
    return result


def put_editable(resource: dict[str, Any], path: str, value: Any) -> None:
    """Set one editable field, or clear it with None: then the base's value comes back."""
    name = camel(path)
    shown = shown_editable(path, value)
    if shown in (None, "", []):
        shown = DEFAULTS.get(name)
    if shown is None:
        resource.pop(name, None)
    else:
        resource[name] = shown


def shown_editable(path: str, value: Any) -> Any:
    """An editable value as the resource shows it."""
    if path == "reader_project_numbers" and value is not None:
        return [str(number) for number in value]
    return single(value) if isinstance(value, float) else value


def _paths(mask: str) -> list[str]:
    paths: list[str] = []
    for given in (part.strip() for part in mask.split(",")):
        if given == "*":
            paths.extend(EDITABLE)
        elif given:
            paths.append(_editable(given))
    return paths


def _editable(given: str) -> str:
    head, *rest = given.split(".")
    name = TUNED_MODEL.spellings.get(head)
    if name is None or not _exists(TUNED_MODEL, given.split(".")):
        raise _refuse(given, "is not a field of TunedModel")
    if name not in EDITABLE or rest:
        raise _refuse(given, "cannot be changed")
    return name


def _exists(message: Message, names: list[str]) -> bool:
    name = message.spellings.get(names[0])
    if name is None or len(names) == 1:
        return name is not None
    kind = message.fields[name].type
    return isinstance(kind, Message) and _exists(kind, names[1:])


def _populated(body: Mapping[str, Any], resource: Mapping[str, Any]) -> list[str]:
    for path in immutable_changes(body, resource):
        raise _refuse(path, "cannot be changed")
    return [path for path in EDITABLE if path in body]


def _refuse(path: str, why: str) -> ApiError:
    shown = path if len(path) <= 200 else f"{path[:200]}..."  # noqa: PLR2004
    description = f"update_mask: {shown!r} {why}"
    return invalid(description, Violation("update_mask", description))
