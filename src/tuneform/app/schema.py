"""What editors and other tools need to know about manifests."""

from __future__ import annotations

from typing import Any

from tuneform.manifest import schema


def json_schema() -> dict[str, Any]:
    """The JSON Schema of all kinds of manifests."""
    return schema.json_schema()
