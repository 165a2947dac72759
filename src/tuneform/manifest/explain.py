"""What pydantic found, in our own words, at the path where the user wrote it.

None of pydantic's sentences reach a user: its error types are read, its texts are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tuneform.manifest.parts import Section
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.shape import leaves
from tuneform.manifest.words import WORD, Path, dotted, either, listed, nearest, quoted

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

PROBLEMS_AT_MOST: Final = 100
"""In one document. Beyond that, the first ones are what matters."""

_SHORT: Final = 40
"""Characters of a value that is repeated inside a hint."""

_KINDS: Final = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def explain(error: ValidationError, model: type[Section]) -> list[Problem]:
    """All mistakes that validation found.

    Args:
        error: what validation raised.
        model: what the document was validated as.
    """
    errors = error.errors(include_url=False)[: PROBLEMS_AT_MOST + 1]
    return [_problem(each, model) for each in errors]


def _problem(error: ErrorDetails, model: type[Section]) -> Problem:
    kind, path, context = error["type"], error["loc"], error.get("ctx", {})
    mistake = context.get("error")
    if isinstance(mistake, Mistake):
        # Pydantic appends "[key]" where it means the key; somebody may call a key that.
        at_key = path[-1] == "[key]" and path[-2] == error["input"]
        path = path[:-1] if at_key else path
        hint = mistake.hint
        return Problem(path, mistake.code, mistake.summary, str(mistake), hint, at_key=at_key)
    if kind == "extra_forbidden":
        return unknown_key(path, model)
    if kind == "missing":
        return _missing(path, model)
    if kind == "literal_error":
        return unknown_value(path, error["input"], choices(model, path))
    if kind in _KINDS:
        return _wrong_type(path, kind, error["input"])
    return _out_of_range(path, kind, context, error["input"])


def unknown_key(path: Path, model: type[Section], known: Sequence[str] = ()) -> Problem:
    """A key that is not known where it stands: what was meant, or where it belongs."""
    key, parent = str(path[-1]), path[:-1]
    known = known or tuple(_keys(_section(model, parent)))
    where = f"`{dotted(parent)}`" if parent else "a document of this kind"
    detail = f"{quoted(key)} is not a key of {where}."
    if close := nearest(key, known):
        hint = f"write `{close}`"
    elif homes := [home for home in _homes(model, ()) if nearest(key, home[-1:]) == home[-1]]:
        best = min(homes, key=lambda home: (home[-1] != key, len(home)))
        hint = f"`{best[-1]}` belongs under `{dotted(best[:-1])}`" if best[:-1] else ""
    else:
        hint = f"known here: {listed(known)}"
    return Problem(path, "unknown-key", "unknown key", detail, hint, at_key=True)


def unknown_value(path: Path, value: Any, options: Sequence[str]) -> Problem:
    """A value that is none of those that are possible."""
    detail = f"{quoted(value)} is not possible here; `{dotted(path)}` is {either(options)}."
    close = nearest(value, options) if isinstance(value, str) else None
    hint = f"write `{close}`" if close else ""
    return Problem(path, "unknown-value", "unknown value", detail, hint)


def wrong_type(path: Path, wanted: str, value: Any, hint: str = "") -> Problem:
    """A value of another type than the key takes."""
    where = f"`{dotted(path)}`" if path else "The document"
    if value is None:
        detail = f"{where} has no value; it takes {wanted}."
        return Problem(
            path, "wrong-type", "wrong type", detail, hint or "give it a value, or remove the key"
        )
    detail = f"{where} takes {wanted}, and this is {_a(value)}."
    return Problem(path, "wrong-type", "wrong type", detail, hint)


def choices(model: type[Section], path: Path) -> tuple[str, ...]:
    """The possible values of a key that takes one of several words, or a list of them."""
    path = path[:-1] if isinstance(path[-1], int) else path
    annotation = _annotation(_section(model, path[:-1]), path[-1])
    return tuple(each for each in leaves(annotation) if isinstance(each, str))


def _wrong_type(path: Path, kind: str, value: Any) -> Problem:
    wanted = _KINDS[kind]
    hint = ""
    if kind == "string_type" and isinstance(value, (int, float)):
        hint = "put it in quotes"
    elif (
        kind == "int_type"
        and isinstance(value, float)
        and value.is_integer()
        and abs(value) < 2**53
    ):
        hint = f"write `{int(value)}`"
    elif kind in {"int_type", "float_type"} and isinstance(value, str) and _is_number(value):
        hint = "remove the quotes, and write plain digits"
    elif kind == "list_type" and isinstance(value, str):
        hint = f"write `[{value}]`" if len(value) <= _SHORT and value.isprintable() else ""
    if kind in {"int_type", "float_type"} and _is_huge(value):
        return _out_of_range(path, kind, {}, value)
    return wrong_type(path, wanted, value, hint)


def _out_of_range(path: Path, kind: str, context: Mapping[str, Any], value: Any) -> Problem:
    summary = "value out of range"
    bounds = {
        "greater_than": f"greater than {context.get('gt')}",
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le'):,}" if "le" in context else "",
    }
    if kind == "too_short":
        what = "mapping" if isinstance(value, dict) else "list"
        detail = f"`{dotted(path)}` is empty, and an empty {what} would stand for nothing at all."
        return Problem(path, f"empty-{what}", f"empty {what}", detail, "name at least one")
    if kind in bounds:
        detail = f"`{dotted(path)}` has to be {bounds[kind]}, and this is {quoted(value)}."
    elif _is_huge(value):
        detail = f"`{dotted(path)}` is larger than any number that can be used here."
    else:
        detail = f"`{dotted(path)}` cannot be {quoted(value)}."
    return Problem(path, "out-of-range", summary, detail)


def _missing(path: Path, model: type[Section]) -> Problem:
    parent, key = path[:-1], str(path[-1])
    section = _section(model, parent)
    said = section.model_fields if section else {}
    about = next((field.description for field in said.values() if field.alias == key), None)
    where = f"`{dotted(parent)}`" if parent else "The document"
    detail = f"{where} needs `{key}`. {about or ''}".strip()
    return Problem(
        parent, "missing-key", "missing key", detail, f"add `{key}:`", at_key=True, subject=path
    )


def _section(model: type[Section], path: Path) -> type[Section] | None:
    """The section at a path; lists and mappings with free keys are passed through."""
    section: type[Section] | None = model
    free: Any = None
    for part in path:
        annotation = _annotation(section, part) if free is None else free
        classes = _classes(annotation)
        section = next((each for each in classes if issubclass(each, Section)), None)
        passed = dict in classes and free is None
        free = section if passed else None
        section = None if passed else section
    return section


def _annotation(section: type[Section] | None, key: str | int) -> Any:
    """What a key of a section takes, None where it is not known."""
    if section is None:
        return None
    known = {field.alias: field.annotation for field in section.model_fields.values()}
    return known.get(str(key), section.others)


def _keys(section: type[Section] | None) -> Iterator[str]:
    for field in section.model_fields.values() if section else ():
        if field.alias:
            yield field.alias


def _homes(model: type[Section], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All keys of a kind with the way to them, free keys left out."""
    for field in model.model_fields.values():
        if not field.alias:
            continue
        yield (*path, field.alias)
        classes = _classes(field.annotation)
        if dict not in classes:
            for leaf in classes:
                if issubclass(leaf, Section):
                    yield from _homes(leaf, (*path, field.alias))


def _classes(annotation: Any) -> list[type]:
    return [each for each in leaves(annotation) if isinstance(each, type)]


def _a(value: Any) -> str:
    match value:
        case bool():
            return quoted(value)
        case int() | float():
            return f"the number {quoted(value)}"
        case str():
            return f"the text {quoted(value)}"
        case _:
            return quoted(value)


def _is_huge(value: Any) -> bool:
    if isinstance(value, float):
        return value in {float("inf"), float("-inf")}
    return isinstance(value, int) and value.bit_length() > WORD


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return len(text) <= _SHORT
