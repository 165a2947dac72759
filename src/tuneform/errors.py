"""What stops a command. Mistakes in the user's files are diagnostics, not these.

TuneformError
├── UsageError            the command line makes no sense
├── InvalidProject        diagnostics with errors; carries them
├── Refused               policy, threshold or protection forbids it
├── PolicyDenied          rules of the project forbid it; carries their findings
├── NotServing            a model was named that serves nothing
├── GateFailed            a gate was not passed
├── Stale                 something changed since the plan was made
├── Locked                another run of the same owner is writing
├── LocalError            a file, folder or ledger of ours cannot be used
└── RemoteError           the service, or the way to it
    ├── Unreachable       no complete reply; the request may have arrived
    ├── BadReply          a reply that is not what the API promises
    ├── Unauthenticated   no credentials, or not accepted
    ├── Forbidden         the credentials do not permit this
    ├── NotFound
    ├── AlreadyExists     the id is taken
    ├── Conflict          somebody else was quicker with the same object
    ├── InvalidRequest    the service rejects the request itself
    ├── Exhausted         quota or rate limit
    ├── Unanswered        a reply came, and no answer that could be used is in it
    └── ServiceFailure    the service failed (5xx)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TuneformError(Exception):
    """Base of all errors that are meant to be read by a user.

    Args:
        message: one sentence: the place and the cause. Never a key, never example text.
        hint: the next step, as an order.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TuneformError):
    """The command line makes no sense."""

    code = "usage"
    exit_code = 64


class InvalidProject(TuneformError):
    """The manifests or datasets have errors.

    Args:
        diagnostics: all of them, warnings included (`tuneform.domain.diagnostic.Diagnostic`).
        secrets: values of sensitive variables, to be redacted where the diagnostics are shown.
    """

    code = "invalid"
    exit_code = 3

    def __init__(self, diagnostics: Sequence[object], secrets: Sequence[str] = ()) -> None:
        super().__init__("the project has errors")
        self.diagnostics = tuple(diagnostics)
        self.secrets = tuple(secrets)


class Refused(TuneformError):
    """Policy, a threshold or a protection forbids it; nothing was written."""

    code = "refused"
    exit_code = 5


class PolicyDenied(TuneformError):
    """Rules of the project forbid it; nothing was written.

    Args:
        diagnostics: all findings, those that only warn included
            (`tuneform.domain.diagnostic.Diagnostic`).
    """

    code = "policy"
    exit_code = 5

    def __init__(self, diagnostics: Sequence[object]) -> None:
        super().__init__(
            "this is refused: a rule forbids it",
            hint="the findings above say which rule, and what to change",
        )
        self.diagnostics = tuple(diagnostics)


class GateFailed(TuneformError):
    """A gate was not passed, or what it asks for is not there."""

    code = "gate-failed"
    exit_code = 6


class NotServing(TuneformError):
    """A model was named that serves nothing."""

    code = "not-serving"
    exit_code = 6


class Stale(TuneformError):
    """Something changed since the plan was made."""

    code = "stale"
    exit_code = 7


class Locked(TuneformError):
    """Another run of the same owner is writing."""

    code = "locked"
    exit_code = 7


class LocalError(TuneformError):
    """A file, a folder or the ledger cannot be used."""

    code = "local"


class RemoteError(TuneformError):
    """The service, or the way to it, failed.

    Args:
        message: what was asked and what came back, without keys and bodies.
        hint: the next step.
        status: HTTP status, where there was a reply.
        reason: the service's own word, such as `PERMISSION_DENIED`.
        retry_after: seconds that the service asked us to wait.

    Attributes:
        changed: whether an earlier request for the same purpose has changed something, or may have.
    """

    code = "remote"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        reason: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.changed = False

    @property
    def lost(self) -> bool:
        """Whether the request may have arrived, and been carried out, all the same."""
        return False


class Unreachable(RemoteError):
    """No complete reply came. The request may have arrived all the same.

    `sent` is False only where it is certain that nothing left this machine.
    """

    code = "unreachable"

    def __init__(self, message: str, *, hint: str | None = None, sent: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent

    @property
    def lost(self) -> bool:
        """Whether it may have been sent."""
        return self.sent


class BadReply(RemoteError):
    """A reply came that is not what the API promises. A change may have been made all the same."""

    code = "bad-reply"
    lost = True


class Unauthenticated(RemoteError):
    """There are no credentials, or they are not accepted."""

    code = "unauthenticated"
    exit_code = 4


class Forbidden(RemoteError):
    """The credentials do not permit this, or the object belongs to somebody else."""

    code = "forbidden"
    exit_code = 4


class NotFound(RemoteError):
    """The object, or the base model, does not exist."""

    code = "not-found"


class AlreadyExists(RemoteError):
    """The id is taken."""

    code = "already-exists"


class Conflict(RemoteError):
    """The object is not what it was when we looked: somebody else has changed it since."""

    code = "stale"
    exit_code = 7


class InvalidRequest(RemoteError):
    """The service rejects the request itself; sending it again cannot help."""

    code = "invalid-request"


class Exhausted(RemoteError):
    """A quota or rate limit is exhausted."""

    code = "exhausted"


class ServiceFailure(RemoteError):
    """The service failed (5xx). A change may have been made all the same."""

    code = "service-failure"
    lost = True


class Unanswered(RemoteError):
    """The service did reply, and gives no answer that could be used: withheld, empty, or cut off.

    That is about the prompt and the model, and nothing else failed.

    Args:
        text: what came before the answer was cut off; empty where it was withheld.
    """

    code = "unanswered"

    def __init__(
        self, message: str, *, hint: str, reason: str | None = None, text: str = ""
    ) -> None:
        super().__init__(message, hint=hint, reason=reason)
        self.text = text
