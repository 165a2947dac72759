"""How the types of the schema are written down as JSON Schema, and which keys may be left out.

Editors check a manifest before variables are put in, so wherever a value has a narrower type than
"any text", the JSON Schema also accepts `${var.NAME}` in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args

from tuneform.manifest.rules import VARIABLE_NAME

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

VARIABLE = "Variable"
"""Name of the definition that a document refers to for `${var.NAME}` within a text."""
LONE_VARIABLE = "LoneVariable"
"""The same for a text that is nothing but one variable."""

DEFINITIONS: Mapping[str, JsonSchemaValue] = {
    VARIABLE: {
        "description": "A text with variables in it, such as `${var.stage}-eu`.",
        "type": "string",
        "pattern": rf"\$\{{var\.{VARIABLE_NAME.pattern}\}}",
    },
    LONE_VARIABLE: {
        "description": "A variable in the place of a number, such as `${var.epochs}`.",
        "type": "string",
        "pattern": rf"^\$\{{var\.{VARIABLE_NAME.pattern}\}}$",
    },
}

MARKER = "x-variable"
"""Key under which a type says which definition may stand in its place."""


class NotNull:
    """In `Annotated[T | None, NotNull()]`: None is only the default of a key that is left out."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Accept what T accepts."""
        (kind,) = (each for each in get_args(source) if each is not NoneType)
        return handler(kind)


class Written:
    """How a type is written in JSON Schema.

    Args:
        base: keywords that are no Python names.
        kind: the JSON type; None where the keywords say it.
        key: whether the type is one of keys, in which no variables are put.
        keywords: further ones.
    """

    def __init__(
        self,
        base: JsonSchemaValue | None = None,
        *,
        kind: Literal["string", "integer", "number"] | None = "string",
        key: bool = False,
        **keywords: Any,
    ) -> None:
        self._kind = kind
        self._key = key
        self._keywords = {**(base or {}), **keywords}

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Pydantic's own, with the keywords and the marker for variables."""
        if self._kind is None:
            return dict(self._keywords)
        schema = {**handler(core), **self._keywords}
        if not self._key:
            schema[MARKER] = VARIABLE if self._kind == "string" else LONE_VARIABLE
        return schema
