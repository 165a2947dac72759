"""The JSON Schema of manifests, for editors and for `tuneform schema`.

It is made from the same classes that manifests are checked with. It says what JSON Schema can say:
`5.0` is an integer there, and relations between files are beyond it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from tuneform.manifest import notation
from tuneform.manifest.shape import Project, TunedModel

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> JsonSchemaValue:
    """The schema of one document of either kind, draft 2020-12."""
    made = TypeAdapter(Project | TunedModel).json_schema()
    definitions = {name: _tidy(each) for name, each in sorted(made["$defs"].items())}
    for definition in definitions.values():
        for value in definition["properties"].values():
            # Pydantic drops what a key says in the same words as its section.
            name = value.get("$ref", "").rpartition("/")[2]
            if name and "description" not in value:
                value["description"] = definitions[name]["description"]
    return {
        "$schema": _DIALECT,
        "title": "tuneform manifest",
        "description": "One document of tuneform.yaml or of a manifest.",
        "oneOf": [{"$ref": "#/$defs/Project"}, {"$ref": "#/$defs/TunedModel"}],
        "$defs": {**definitions, **notation.DEFINITIONS},
    }


def _tidy(schema: Any) -> Any:
    """Without generated titles and null defaults, and with variables allowed where marked."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {
        key: {name: _tidy(each) for name, each in value.items()}
        if key == "properties"
        else _tidy(value)
        if key not in {"examples", "default", "const", "enum"}
        else value
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value is None)
    }
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    variable = schema.pop(notation.MARKER, None)
    return _or_variable(schema, variable) if variable else schema


def _or_variable(schema: dict[str, Any], variable: str) -> dict[str, Any]:
    """What is said about the key stays outside, what is said about the value goes inside."""
    outside = {
        key: value for key, value in schema.items() if key in {"description", "default", "examples"}
    }
    inside = {key: value for key, value in schema.items() if key not in outside}
    return {**outside, "anyOf": [inside, {"$ref": f"#/$defs/{variable}"}]}
