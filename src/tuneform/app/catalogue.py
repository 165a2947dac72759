"""What this release knows of prices and retirements: dated files beside this module.

They are TOML: amounts are read as exact decimals and dates as dates, and each line can carry its
source. What nobody could verify is left out, so that it is unknown. The engine is handed the values
and never reads these files.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from tuneform.domain.cost import Price, PriceList
from tuneform.domain.policy import Retirement
from tuneform.domain.spec import ProviderSpec
from tuneform.errors import LocalError

PRICES: Final = "prices.toml"
RETIREMENTS: Final = "retirements.toml"
_GOOGLES: Final = ".googleapis.com"

_Phrase = Annotated[str, msgspec.Meta(min_length=1)]
_Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class _Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: _Phrase
    per_million: Decimal

    def __post_init__(self) -> None:
        if not (self.per_million.is_finite() and self.per_million >= 0):
            raise ValueError("Expected an amount of 0 or more")


class _Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: date
    currency: _Currency
    source: _Phrase
    prices: tuple[_Price, ...]


class _Retirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: _Phrase
    on: date
    move_to: str = ""


class _Retirements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: date
    source: _Phrase
    retirements: tuple[_Retirement, ...]


_Table = TypeVar("_Table", _Prices, _Retirements)


def shipped_prices(provider: ProviderSpec) -> PriceList | None:
    """The prices of a provider; None where nothing is known.

    Raises:
        LocalError: the file of this release cannot be used.
    """
    return prices_in(_text(PRICES), provider)


def shipped_retirements(provider: ProviderSpec) -> tuple[Retirement, ...]:
    """The bases of a provider that have an end; the first that fits a base counts.

    Raises:
        LocalError: the file of this release cannot be used.
    """
    return retirements_in(_text(RETIREMENTS), provider)


def prices_in(text: str, provider: ProviderSpec) -> PriceList | None:
    """The prices of a provider in the text of a price file.

    Raises:
        LocalError: it is no price file.
    """
    table = _table(text, PRICES, _Prices, provider)
    if table is None:
        return None
    prices = tuple(Price(each.base, each.per_million) for each in table.prices)
    return PriceList(table.as_of, table.currency, prices, table.source)


def retirements_in(text: str, provider: ProviderSpec) -> tuple[Retirement, ...]:
    """The retirements of a provider in the text of a file of them.

    Raises:
        LocalError: it is no such file.
    """
    table = _table(text, RETIREMENTS, _Retirements, provider)
    if table is None:
        return ()
    return tuple(Retirement(each.base, each.on, each.move_to) for each in table.retirements)


def _text(name: str) -> str:
    try:
        return (files("tuneform.app") / "catalogue_files" / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(name, "it cannot be read") from error


def _table(text: str, name: str, kind: type[_Table], provider: ProviderSpec) -> _Table | None:
    """The part of a file that is about a provider; the whole file is checked."""
    try:
        raw: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        tables: dict[str, _Table] = msgspec.convert(raw, dict[str, kind])  # type: ignore[valid-type]  # a generic type made at run time
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _unusable(name, str(error)) from error
    return tables.get(provider.type) if _is_the_providers_own(provider) else None


def _is_the_providers_own(provider: ProviderSpec) -> bool:
    """Whether the service is the one that the files are about.

    Another host that speaks the same API has prices and a calendar of its own.
    """
    if provider.endpoint is None:
        return True
    return (urlsplit(provider.endpoint).hostname or "").endswith(_GOOGLES)


def _unusable(name: str, cause: str) -> LocalError:
    return LocalError(
        f"catalogue_files/{name} of this installation cannot be used: {cause}",
        hint="install tuneform again",
    )
