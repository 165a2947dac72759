"""What trainings will cost: tokens from characters, amounts from price lists that are handed in.

An estimate is shown, summed and compared with a budget; it decides nothing else. No price is known
here, and none is guessed: without one an amount is None.

Services bill training tokens (tokens of the dataset times epochs). How many there are only the
service's own tokenizer knows, so they are estimated from characters:

- Google's documentation says that a token is about 4 characters for Gemini models
  (https://ai.google.dev/gemini-api/docs/tokens). That is the likely count.
- The ends of the range, 3 and 5 characters, are our choice for text like English.
- A text of at least one character is at least one token, so that no example with an input and an
  output counts for less than two.

What the estimate cannot see: the script. In Chinese, Japanese, Korean and the like a token is
often a single character, and counts may be four times the likely one, above the range. Tokens that
a service puts around each example are not counted either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from fnmatch import fnmatchcase
from typing import Final

from tuneform.domain.cost import (
    CHARACTERS_A_TOKEN,
    CHARACTERS_A_TOKEN_MOST,
    Cost,
    Price,
    PriceList,
    Range,
)
from tuneform.domain.desired import TrainingSize
from tuneform.domain.plan import Change, Plan, Start

LIKELY_CHARACTERS: Final = CHARACTERS_A_TOKEN
"""Characters in a token, by Google's documentation."""
FEWEST_CHARACTERS: Final = 3
MOST_CHARACTERS: Final = CHARACTERS_A_TOKEN_MOST

METHOD: Final = (
    "A token is taken for 4 characters (3 to 5 in the range), as in English text; "
    "scripts such as Chinese may need one for each character."
)
"""The method in one sentence, for whoever reads the figures."""

TOKENS_PRICED: Final = 1_000_000
UNIT: Final = Decimal("0.000001")
"""Amounts are exact to a millionth: small trainings cost less than a cent, and are summed."""
DIGITS: Final = 400
"""Enough for any price that a float can hold: an absurd one is shown, and breaks nothing."""


def estimate_tokens(examples: int, characters: int, epochs: int) -> Range:
    """Training tokens of all epochs together; `least <= likely <= most`.

    Args:
        examples: count.
        characters: Unicode code points of all inputs and outputs.
        epochs: passes over the data.
    """
    texts = min(characters, 2 * examples)  # an input and an output each, none of them empty

    def tokens(characters_each: int) -> int:
        return epochs * max(texts, -(-characters // characters_each))

    return Range(tokens(MOST_CHARACTERS), tokens(LIKELY_CHARACTERS), tokens(FEWEST_CHARACTERS))


def cost_of(size: TrainingSize, base: str, prices: tuple[PriceList, ...]) -> Cost:
    """What one training will cost.

    Args:
        size: how much training it is.
        base: full resource name of the base at the root of the model's chain.
        prices: the first price that fits the base counts; see `merged`.

    Returns:
        Amounts to a millionth, the ends of the range rounded outwards; None where no price fits.
    """
    tokens = estimate_tokens(size.examples, size.characters, size.epochs)
    found = next(
        ((stated, each) for stated in prices for each in stated.prices if _fits(each, base)), None
    )
    if found is None:
        return Cost(tokens)
    stated, price = found
    return Cost(
        tokens,
        likely=_amount(tokens.likely, price, ROUND_HALF_EVEN),
        least=_amount(tokens.least, price, ROUND_FLOOR),
        most=_amount(tokens.most, price, ROUND_CEILING),
        currency=stated.currency,
        as_of=stated.as_of,
    )


def with_costs(plan: Plan, roots: Mapping[str, str], prices: tuple[PriceList, ...]) -> Plan:
    """The plan, with its cost on each change that starts a training, and on no other.

    Args:
        plan: as it was decided; nothing else of it changes.
        roots: base at the root of each declared model's chain, by the model's name.
        prices: see `cost_of`.
    """
    return replace(plan, changes=tuple(_priced(each, roots, prices) for each in plan.changes))


def merged(own: PriceList | None, shipped: PriceList | None) -> tuple[PriceList, ...]:
    """Price lists in the order in which they are asked.

    A list keeps its own date. Amounts of two currencies cannot be summed, so that a project which
    states its prices in another currency than the shipped ones has to state all of them.

    Args:
        own: what the project states, if anything.
        shipped: what comes with this release, if anything.
    """
    if own is None:
        return () if shipped is None else (shipped,)
    if shipped is None or shipped.currency != own.currency:
        return (own,)
    return (own, shipped)


def _priced(change: Change, roots: Mapping[str, str], prices: tuple[PriceList, ...]) -> Change:
    if not any(isinstance(step, Start) for step in change.steps):
        return change
    assert change.training is not None, "a change that starts a training knows its size"
    return replace(change, cost=cost_of(change.training, roots[change.model], prices))


def _fits(price: Price, base: str) -> bool:
    return fnmatchcase(base, price.base)


def _amount(tokens: int, price: Price, rounding: str) -> Decimal:
    with localcontext(prec=DIGITS):
        return (tokens * price.per_million / TOKENS_PRICED).quantize(UNIT, rounding)
