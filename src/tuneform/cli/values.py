"""Words of the command line as values: times and amounts."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from tuneform.errors import UsageError

TRAINING_PATIENCE = "24h"
"""How long trainings are waited for where nobody says so: one that stalls must not hold up a run,
its lock and its pipeline without end. A training lasts for hours, not for days."""

LONGEST_DAYS = 36_500
"""A hundred years: nobody means more."""


def duration(text: str | None, option: str) -> float | None:
    """Seconds from `90`, `90s`, `30m`, `2h` or `7d`.

    Raises:
        UsageError: it is none of these.
    """
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text.strip())
    if not match:
        raise UsageError(f"{option} {text!r} is not a time", hint="such as 90s, 30m, 2h or 7d")
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    if seconds > LONGEST_DAYS * 86400:
        raise UsageError(f"{option} {text!r} is too long", hint=f"{LONGEST_DAYS}d is the most")
    return seconds


def patience(text: str) -> float | None:
    """Seconds to wait for trainings, from a time or `none`; None is for ever.

    Raises:
        UsageError: it is neither.
    """
    return None if text.strip() == "none" else duration(text, "--timeout")


def amount(text: str | None) -> Decimal | None:
    """An amount of money.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        raise UsageError(f"--max-cost {text!r} is not an amount", hint="such as 25 or 12.50")
    return found
