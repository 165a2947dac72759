"""What trainings cost, in words. Computes nothing: amounts come with their range and date."""

from __future__ import annotations

from decimal import Decimal

from tuneform.domain.cost import Cost, Total
from tuneform.domain.plan import Change, Start
from tuneform.render.layout import counted

_CENTS_FROM = Decimal("0.1")  # below, cents say too little
_MOST_DIGITS = 6


def cost_words(cost: Cost, change: Change) -> str:
    """`about 0.12 USD (0.09 to 0.16), 15,000 training tokens estimated; price of 2026-11-01`.

    Args:
        cost: of the training that the change begins.
        change: names the base where no price is known.
    """
    tokens = f"{counted(cost.tokens.likely, 'training token')} estimated"
    if cost.likely is None:
        return f"unknown: no price is known for {_base(change)}; {tokens}"
    amount = amount_words(cost.likely, cost.least, cost.most, cost.currency)
    dated = f"; price of {cost.as_of:%Y-%m-%d}" if cost.as_of else ""
    return f"{amount}, {tokens}{dated}"


def _base(change: Change) -> str:
    """What is tuned, as far as the change says."""
    start = next((step for step in change.steps if isinstance(step, Start)), None)
    if start is None:
        return "its base"
    return start.base or f"the base of {start.parent or start.source}"


def total_words(total: Total) -> str:
    """One sentence or two about all trainings of a plan; empty where none begins."""
    priced = total.trainings - total.unknown
    if not total.trainings:
        return ""
    if not priced:
        trainings = counted(total.trainings, "training")
        return f"Estimated cost of {trainings}: unknown: no price is known."
    amount = amount_words(total.likely, total.least, total.most, total.currency)
    have = "has" if total.unknown == 1 else "have"
    more = f"; {total.unknown:,} more {have} no known price" if total.unknown else ""
    return f"Estimated cost of {counted(priced, 'training')}: {amount}{more}."


def amount_words(
    likely: Decimal, least: Decimal | None, most: Decimal | None, currency: str
) -> str:
    """`about 0.12 USD (0.09 to 0.16)`, or `free`."""
    low, high = likely if least is None else least, likely if most is None else most
    if not likely and not high:
        return "free"
    digits = _digits(likely)
    told = f"about {_amount(likely, digits)} {currency}".rstrip()
    between = f"{_amount(low, digits)} to {_amount(high, digits)}"
    return told if low == high else f"{told} ({between})"


def _digits(likely: Decimal) -> int:
    """Digits after the point: cents, or two that matter where it is less than a tenth."""
    if not likely or likely >= _CENTS_FROM:
        return 2
    return min(1 - likely.adjusted(), _MOST_DIGITS)


def _amount(value: Decimal, digits: int) -> str:
    """What costs something is never told as nothing."""
    least = Decimal(1).scaleb(-digits)
    return f"less than {least}" if 0 < value < least else f"{value:,.{digits}f}"
