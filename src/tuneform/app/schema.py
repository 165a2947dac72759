"""What editors and other tools need to know about manifests and plans."""

from __future__ import annotations

from typing import Any

from tuneform import planfile
from tuneform.manifest import schema


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of all kinds of manifests."""
    return schema.json_schema()


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of plans, printed or saved, for tools that judge them."""
    return planfile.schema()
