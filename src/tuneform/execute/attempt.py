"""What a worker does: write down the intent, try, and turn whatever comes of it into a value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tuneform.execute.ending import Ending, ending_of
from tuneform.execute.result import Errand, Result, Tools
from tuneform.execute.steps import perform
from tuneform.ledger.base import IntentId


@dataclass(frozen=True, slots=True)
class Attempted:
    """What a worker answers.

    Attributes:
        intent: the step's entry in the ledger.
        result: what came of it.
    """

    intent: IntentId
    result: Result


def attempt(tools: Tools, errand: Errand) -> Attempted:
    """Write down the intent before the first attempt; then try.

    Raises:
        LocalError: the intent cannot be written; nothing was sent.
    """
    intent = errand.intent or tools.ledger.intend(tools.run, errand.model, errand.named_step)
    result: Result
    try:
        result = perform(tools, errand)
    except Exception as error:  # noqa: BLE001 - one model's bug must not stop the others
        result = ending_of(error)
    if isinstance(result, Ending) and errand.changes.possible:
        result = replace(result, unsure=True)
    return Attempted(intent, result)
