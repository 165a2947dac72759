"""What a training costs, as far as that can be told before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

CHARACTERS_A_TOKEN = 4
"""About, for text like English: https://ai.google.dev/gemini-api/docs/tokens."""
CHARACTERS_A_TOKEN_MOST = 5
"""The end of the range, for text like English: our choice."""


@dataclass(frozen=True, slots=True)
class Price:
    """What training on one base costs.

    Attributes:
        base: full resource name, or a glob.
        per_million: amount for a million training tokens.
    """

    base: str
    per_million: Decimal


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of one provider.

    Attributes:
        as_of: the day on which they were looked up.
        currency: ISO 4217 code.
        prices: the first that fits a base counts.
        source: where they are from, one phrase.
    """

    as_of: date
    currency: str
    prices: tuple[Price, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate: counts of tokens."""

    least: int
    likely: int
    most: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one training will cost.

    Attributes:
        tokens: training tokens, all epochs together; estimated.
        likely: amount, None where no price is known.
        least, most: the ends of the range.
        currency: ISO 4217 code; empty where no price is known.
        as_of: date of the price; None where none is known.
    """

    tokens: Range
    likely: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    currency: str = ""
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """What all trainings of a plan will cost together.

    Attributes:
        trainings: count of trainings that the plan begins.
        unknown: how many of them have no known price; they are not in the sums.
        likely, least, most: sums of the others.
        currency: of the sums; empty where nothing has a price.
    """

    trainings: int
    unknown: int
    likely: Decimal
    least: Decimal
    most: Decimal
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What past trainings cost together, as far as a ledger knows.

    Attributes:
        currency: ISO 4217 code; empty for those without a known price.
        likely: sum of the amounts: of tokens that the service has counted, else of estimates.
        trainings: how many there were.
        unknown: how many of them had no known price; they are not in the sum.
        counted: of how many of those in the sum the service has counted the tokens.
    """

    currency: str
    likely: Decimal
    trainings: int
    unknown: int
    counted: int = 0
