"""What faults know a job, a Model or an Endpoint by.

Ids are assigned at random, so a rule that names one could never be written beforehand, and a seed
would mean nothing. The display name and the values of the labels are the caller's own choice.
"""

from collections.abc import Mapping
from typing import Any

from tuneform.service.subject import Subject


def subject(kind: str, resource_id: str, display_name: str, labels: Mapping[str, str]) -> Subject:
    """One thing, by everything that it is called."""
    key = "\0".join((display_name, *(f"{k}={labels[k]}" for k in sorted(labels))))
    names = (display_name, resource_id, *labels.values())
    return Subject(key if display_name or labels else resource_id, names, kind)


def subject_of(kind: str, resource: Mapping[str, Any]) -> Subject:
    """What a resource is known by."""
    resource_id = resource["name"].rpartition("/")[2]
    display_name = resource.get("tunedModelDisplayName") or resource.get("displayName", "")
    return subject(kind, resource_id, display_name, resource.get("labels", {}))
