"""Rules about single values of policy and prices: each returns its value, or raises a `Mistake`."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Final

from tuneform.manifest.problems import Mistake
from tuneform.manifest.words import quoted

BASE_GLOB: Final = re.compile(
    r"(models/[A-Za-z0-9._*?!\[\]-]{1,127}|\*[A-Za-z0-9._*?!/\[\]-]{0,127})"
)
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")

_BARE_GLOB: Final = re.compile(r"[A-Za-z0-9._?!\[\]-][A-Za-z0-9._*?!\[\]-]{0,126}")


def base_glob(text: str) -> str:
    """The full name of a base model, or a pattern of such names."""
    if BASE_GLOB.fullmatch(text):
        return text
    detail = (
        f"{quoted(text)} is neither the full name of a base model, which is `models/…`, nor a "
        "pattern of such names with `*`, `?` or `[…]`, so it would fit none."
    )
    hint = f"write `models/{text}`" if _BARE_GLOB.fullmatch(text) else ""
    raise Mistake("invalid-base-model", "invalid base model", detail, hint)


def day(text: str) -> str:
    """A day of the calendar."""
    if DATE.fullmatch(text):
        with suppress(ValueError):  # such as the 30th of February
            return date.fromisoformat(text).isoformat()
    detail = f"{quoted(text)} is not a day; days are written year, month, day."
    raise Mistake("invalid-date", "invalid date", detail, "write it like `2026-11-01`")


def currency(text: str) -> str:
    """An ISO 4217 code; which codes there are is not known here."""
    if CURRENCY.fullmatch(text):
        return text
    better = text.strip().upper()
    hint = f"write `{better}`" if CURRENCY.fullmatch(better) else "write it like `USD`"
    detail = f"{quoted(text)} is not a currency code of three capital letters."
    raise Mistake("invalid-currency", "invalid currency", detail, hint)
