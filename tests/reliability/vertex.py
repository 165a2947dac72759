"""The Vertex dialect in crash tests: credentials, the provider's block, and what a service shows.

Credentials are a service account's, as in a pipeline, and the practice service gives the tokens.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.cli.project import BASE, Remote

HOME = "projects/acme-models/locations/europe-west4"
BUCKET = "acme-tuning"


def provider_at(url: str, **more: Any) -> dict[str, Any]:
    """The provider's block for a practice service that listens somewhere."""
    return {
        "type": "vertex",
        "project": "acme-models",
        "location": "europe-west4",
        "datasetBucket": f"gs://{BUCKET}/datasets",
        "endpoint": url,
        "bases": [BASE],
        **more,
    }


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(65537, 1024)  # each command checks it: of 2048 in 80 ms of CPU
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


def account(file: Path, url: str) -> dict[str, str]:
    """Write the key of a service account; the environment that names it."""
    content = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "planted-key-id",
        "private_key": _private_key(),
        "client_email": "robot@acme.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }
    file.write_text(json.dumps(content))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}


def pages(remote: Remote, kind: str, home: str = HOME) -> dict[str, Any]:
    """Everything of one kind, by name."""
    found, token = {}, ""
    while True:
        query = {"pageSize": 100, "pageToken": token}
        page = remote.call("GET", f"/v1/{home}/{kind}", **query)
        found |= {each["name"]: each for each in page.get(kind, ())}
        token = page.get("nextPageToken", "")
        if not token:
            return found


def marked(labels: dict[str, str]) -> dict[str, str]:
    """What of labels is ours, without the prefix."""
    words = {key.removeprefix("tuneform-"): value for key, value in labels.items()}
    return {key: value for key, value in words.items() if f"tuneform-{key}" in labels}


def training_name(row: dict[str, Any]) -> str:
    """What a training is for, as the control route tells it: no id is chosen for it.

    One that bears no mark goes by the name of its job.
    """
    mark = marked(row.get("labels", {}))
    return f"{mark['model']} {mark['fingerprint']}" if mark else str(row["tuningJob"])


def unfinished(remote: Remote) -> list[str]:
    """Jobs that have not ended."""
    ends = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")
    jobs = pages(remote, "tuningJobs").items()
    return [name for name, job in jobs if not job["state"].endswith(ends)]
