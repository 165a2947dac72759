"""The published JSON Schema of plan documents, for policy tools and reviewers."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tuneform.planfile.shape import Plan, SavedPlan

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema of a plan, printed or saved, draft 2020-12."""
    references, definitions = msgspec.json.schema_components(
        (Plan, SavedPlan), ref_template="#/$defs/{name}"
    )
    return {
        "$schema": _DIALECT,
        "title": "tuneform plan",
        "description": "What `tuneform plan --format json` prints, or `plan --out` saves.",
        "oneOf": list(references),
        "$defs": {name: _tidy(each) for name, each in sorted(definitions.items())},
    }


def _tidy(value: Any) -> Any:
    """Without titles that only repeat a name, and without words that are not JSON Schema's."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _tidy(each) for name, each in found.items()}
        if key == "properties"
        else _tidy(found)
        for key, found in value.items()
        if not (key == "discriminator" or (key == "title" and isinstance(found, str)))
    }
