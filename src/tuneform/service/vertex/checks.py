"""Mistakes in a body, collected and told together, in the words in which Vertex AI tells them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from tuneform.service.errors import ApiError, Violation, invalid

MAX_LABELS = 64
MAX_LABEL = 63
"""Characters. The document of tuning jobs says 64; Google's general rule, 63, holds here."""

MAX_DISPLAY_NAME = 128


def found_errors(violations: Iterable[Violation]) -> ApiError:
    """400 that lists every mistake (GoogleCloudPlatform/generative-ai#2081)."""
    rows = list(violations)
    told = "".join(
        f"\t{number}.Field: {row.field}; Message: {row.description}"
        for number, row in enumerate(rows, start=1)
    )
    return invalid(f"List of found errors:{told}\t", *rows)


def label_mistakes(labels: Mapping[str, str], field: str) -> list[Violation]:
    """What is wrong with labels, at most one mistake for each of them."""
    if len(labels) > MAX_LABELS:
        return [Violation(field, f"no more than {MAX_LABELS} labels can be set.")]
    return [
        Violation(f"{field}[{key[:MAX_LABEL]!r}]", why)
        for key, value in labels.items()
        if (why := _label_mistake(key, value))
    ]


def _label_mistake(key: str, value: str) -> str:
    if not key or not key[0].isalpha():
        return "a label key must start with a lowercase letter."
    if max(len(key), len(value)) > MAX_LABEL:
        return f"label keys and values can be no longer than {MAX_LABEL} characters."
    if not all(_is_allowed(character) for character in key + value):
        return (
            "label keys and values can only contain lowercase letters, numeric characters, "
            "underscores and dashes. International characters are allowed."
        )
    return ""


def _is_allowed(character: str) -> bool:
    return character in "_-" or unicodedata.category(character) in ("Ll", "Lo", "Lm", "Mn", "Nd")


def display_name_mistakes(name: str, field: str) -> list[Violation]:
    """What is wrong with a display name."""
    if len(name) <= MAX_DISPLAY_NAME:
        return []
    why = f"the display name must be no longer than {MAX_DISPLAY_NAME} characters."
    return [Violation(field, why)]


_URI = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/(?P<name>.+)", re.DOTALL)


def bucket_and_name(uri: str) -> tuple[str, str] | None:
    """The two parts of `gs://BUCKET/NAME`, where the name ends in `.jsonl`."""
    match = _URI.fullmatch(uri)
    if match is None or not match["name"].endswith(".jsonl"):
        return None
    return match["bucket"], match["name"]
