"""Asks a tuned model by `generateContent`, the same call in all of the tuning APIs of Google."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tuneform.errors import InvalidRequest, Unanswered
from tuneform.providers.google import wire
from tuneform.providers.google.call import Call
from tuneform.providers.google.client import ApiClient

_ANSWER = msgspec.json.Decoder(wire.Answer).decode

# Any other reason to finish means that the answer was withheld, also where some text came.
_ANSWERED = frozenset({None, 0, 1, "FINISH_REASON_UNSPECIFIED", "STOP"})
_CUT = frozenset({2, "MAX_TOKENS"})


def ask(client: ApiClient, name: str, make: Callable[[bytes], Call], prompt: str) -> str:
    """The text of the first candidate.

    Args:
        client: sends the call.
        name: of whom is asked, for messages.
        make: the call for a body.
        prompt: with its preamble.

    Raises:
        Unanswered: there is none, or not all of it.
    """
    turn = wire.PromptContent([wire.PromptPart(prompt)])
    body = encoded(name, lambda: msgspec.json.encode(wire.Prompt([turn])))
    answer = client.fetch(make(body), _ANSWER)
    first = next(iter(answer.candidates or ()), None)
    content = first.content if first else None
    parts = (content.parts if content else None) or ()
    text = "".join(part.text or "" for part in parts if not part.thought)
    reason = first.finish_reason if first else None
    if text and reason in _ANSWERED:
        return text
    feedback = answer.prompt_feedback
    blocked = feedback.block_reason if feedback else None
    raise _unanswered(client, name, blocked or reason, text)


def encoded(remote: str, encode: Callable[[], bytes]) -> bytes:
    """A body, or the error for a text that no JSON can hold (a prompt in another encoding)."""
    try:
        return encode()
    except UnicodeEncodeError:
        raise InvalidRequest(
            f"cannot send a text to {remote}: it holds a character that is not valid Unicode "
            "(a lone surrogate)",
            hint="check the encoding of the text",
        ) from None


def _unanswered(client: ApiClient, name: str, reason: str | int | None, text: str) -> Unanswered:
    if reason in _CUT:
        return Unanswered(
            f"the answer of {name} was cut off at the greatest length that the service "
            f"permits, after {len(text):,} characters",
            hint="try another prompt; a model with little training may not know where to end",
            reason="MAX_TOKENS",
            text=text,
        )
    if reason in _ANSWERED:
        return Unanswered(
            f"{name} gave an empty answer",
            hint="try another prompt; a model with little training may have learnt nothing",
        )
    word = client.says(str(reason))
    return Unanswered(
        f"{name} gave no answer: the service withheld it ({word})",
        hint="try another prompt",
        reason=word,
    )
