"""One page of a bucket's objects, folders folded where a delimiter asks for it."""

import base64
from collections.abc import Mapping
from typing import Any

from tuneform.service.storage.asked import count_of
from tuneform.service.storage.errors import invalid
from tuneform.service.storage.objects import ObjectStore
from tuneform.service.storage.resources import object_json

MOST = 1000
"""Items and prefixes of a page, as in the real service."""

_BEYOND = "\U0010ffff"
"""Sorts behind whatever follows a prefix."""


def page(store: ObjectStore, bucket: str, query: Mapping[str, str], root: str) -> dict[str, Any]:
    """The answer to a list.

    Raises:
        StorageError: 400, the page token or a number is none.
    """
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = count_of(query, "maxResults", MOST)
    after = _name_in(query["pageToken"]) if query.get("pageToken") else ""
    items: list[dict[str, Any]] = []
    prefixes: list[str] = []
    more = True
    while more and len(items) + len(prefixes) < most:
        found = store.listed(bucket, prefix, after, most + 1)
        more = len(found) > most
        for each in found[:most]:
            if len(items) + len(prefixes) == most:
                more = True
                break
            folder = _folder(each.name, prefix, delimiter)
            if folder is None:
                items.append(object_json(each, root))
                after = each.name
            elif not prefixes or prefixes[-1] != folder:
                prefixes.append(folder)
                after, more = folder + _BEYOND, True
                break  # the rest of that folder is not read
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if items:
        answer["items"] = items
    if prefixes:
        answer["prefixes"] = prefixes
    if more and store.listed(bucket, prefix, after, 1):
        answer["nextPageToken"] = base64.urlsafe_b64encode(after.encode()).decode()
    return answer


def _folder(name: str, prefix: str, delimiter: str) -> str | None:
    if not delimiter:
        return None
    head, found, _ = name[len(prefix) :].partition(delimiter)
    return prefix + head + delimiter if found else None


def _name_in(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise invalid("Invalid page token.", location="pageToken") from error
