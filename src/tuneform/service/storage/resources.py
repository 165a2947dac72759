"""Objects and buckets as JSON, with the links and tags that clients look at."""

import base64
from typing import Any
from urllib.parse import quote

from tuneform.service.storage.objects import Object

PRACTICE_TIME = "2026-01-01T00:00:00Z"
"""Since when every bucket exists."""


def object_json(found: Object, root: str) -> dict[str, Any]:
    """An object's resource.

    Args:
        found: the object.
        root: address of this service, with a slash at the end.
    """
    path = f"b/{quote(found.bucket, safe='')}/o/{quote(found.name, safe='')}"
    answer: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{found.bucket}/{found.name}/{found.generation}",
        "selfLink": f"{root}storage/v1/{path}",
        "mediaLink": f"{root}download/storage/v1/{path}?generation={found.generation}&alt=media",
        "name": found.name,
        "bucket": found.bucket,
        "generation": str(found.generation),
        "metageneration": str(found.metageneration),
        "contentType": found.content_type,
        "storageClass": "STANDARD",
        "size": str(found.size),
        "md5Hash": found.md5,
        "crc32c": found.crc32c,
        "etag": etag_of(found),
        "timeCreated": found.created,
        "updated": found.updated,
        "timeStorageClassUpdated": found.created,
        "timeFinalized": found.created,
    }
    if found.metadata:
        answer["metadata"] = dict(found.metadata)
    return answer


def etag_of(found: Object) -> str:
    """Another one for each content and each edit."""
    return base64.b64encode(f"{found.generation}/{found.metageneration}".encode()).decode()


def media_headers(found: Object) -> dict[str, str]:
    """What a download tells of its object."""
    return {
        "Content-Type": found.content_type,
        "ETag": f'"{etag_of(found)}"',
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": str(found.metageneration),
        "X-Goog-Stored-Content-Length": str(found.size),
        "X-Goog-Stored-Content-Encoding": "identity",
        "X-Goog-Hash": f"crc32c={found.crc32c},md5={found.md5}",
        "X-Goog-Storage-Class": "STANDARD",
        "Accept-Ranges": "bytes",
    }


def bucket_json(name: str, root: str) -> dict[str, Any]:
    """A bucket's resource; all buckets are alike."""
    return {
        "kind": "storage#bucket",
        "id": name,
        "selfLink": f"{root}storage/v1/b/{quote(name, safe='')}",
        "projectNumber": "1",
        "name": name,
        "location": "LOCAL",
        "locationType": "region",
        "storageClass": "STANDARD",
        "metageneration": "1",
        "etag": "CAE=",
        "timeCreated": PRACTICE_TIME,
        "updated": PRACTICE_TIME,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
    }
