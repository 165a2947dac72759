"""Have something confirmed by the exact word, or by the option that says the same."""

from __future__ import annotations

from tuneform.cli.screen import Screen
from tuneform.errors import TuneformError, UsageError


def confirm(screen: Screen, question: str, answer: str, flag: str) -> None:
    """Ask, and go on only after the exact word.

    Args:
        screen: where to ask.
        question: what will be done, without a question mark.
        answer: the word to type.
        flag: the option that answers for somebody who cannot be asked.

    Raises:
        UsageError: nobody can be asked.
        TuneformError: somebody said no.
    """
    if not screen.converses:
        raise UsageError(
            "there is no terminal to ask at, and nothing was changed",
            hint=f"look at the plan above, then add {flag}",
        )
    if screen.ask(f"\n{question}? Type `{answer}` to go on:") != answer:
        raise TuneformError("not confirmed: nothing was changed")
    screen.note("")
