"""The JSON that Google's tuning APIs have in common: failures, prompts and answers.

Unknown fields are ignored, and scalars may be null, as proto3 JSON permits. What is of a wrong type
is an error of the decoder. Nothing here knows the domain.
Errors: section 6 of the reference on tuned models, section 9 of that on tuning jobs.
"""

from __future__ import annotations

import msgspec


class Read(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Base of what we read."""


class Status(Read, frozen=True):
    """Why an operation failed; `code` is a gRPC number."""

    code: int | None = None
    message: str | None = None


class AnswerPart(Read, frozen=True):
    """A piece of an answer; `thought` marks what is not part of it."""

    text: str | None = None
    thought: bool | None = None


class AnswerContent(Read, frozen=True):
    """The pieces."""

    parts: list[AnswerPart] | None = None


class Candidate(Read, frozen=True):
    """One answer."""

    content: AnswerContent | None = None
    finish_reason: str | int | None = None


class PromptFeedback(Read, frozen=True):
    """Why there is no answer."""

    block_reason: str | int | None = None


class Answer(Read, frozen=True):
    """The reply of generateContent."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None


class FieldViolation(Read, frozen=True):
    """One rejected field of a request."""

    field: str | None = None
    description: str | None = None


class ErrorDetail(Read, frozen=True):
    """google.rpc.ErrorInfo, RetryInfo, BadRequest and RequestInfo, told apart by what is set."""

    reason: str | None = None
    retry_delay: str | None = None
    field_violations: list[FieldViolation] | None = None
    request_id: str | None = None


class ErrorBody(Read, frozen=True):
    """What a failed call says. Details are decoded one by one: an odd one spoils no other."""

    message: str | None = None
    status: str | None = None
    details: list[msgspec.Raw] | None = None


class ErrorReply(Read, frozen=True):
    """The body of a failed call."""

    error: ErrorBody


class Write(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Base of what we write. UNSET fields are left out."""


class PromptPart(Write, frozen=True):
    """A text."""

    text: str


class PromptContent(Write, frozen=True):
    """One turn."""

    parts: list[PromptPart]
    role: str = "user"


class Prompt(Write, frozen=True):
    """The body of generateContent."""

    contents: list[PromptContent]
