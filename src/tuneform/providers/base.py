"""The contract with a provider: few verbs, and what each of them promises.

No verb blocks until a training ends. Each may be repeated safely. All raise
`tuneform.errors.RemoteError` where the service refuses or cannot be reached; reads and other safe
calls have been retried by then. A provider hides wire formats, paging, retries and the place where
marks are kept; whoever calls it knows none of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tuneform.domain.capabilities import Capabilities
from tuneform.domain.live import Leftover, Live, Training
from tuneform.domain.mark import Mark
from tuneform.domain.spec import Fields, Hyperparameters

Example: TypeAlias = tuple[str, str]
"""Input, with its preamble, and output: exactly as they are sent."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Examples that a training is measured with.

    Attributes:
        data: their dataset digest, 64 hex digits.
        examples: as those of a creation.
    """

    data: str
    examples: Iterable[Example]


@dataclass(frozen=True, slots=True)
class Creation:
    """What a training is begun with.

    Attributes:
        remote: the full name it shall have; None where the provider assigns it.
        base: full resource name of the base, or None where `source` is set.
        source: remote name of the tuned model to start from.
        hyperparameters: only those to be sent.
        fields: display name, description, sampling settings and labels.
        mark: sent with the create.
        data: dataset digest of the examples, 64 hex digits.
        examples: read once, in the order of the file; reading them raises Stale at the end where
            they are not those of `data`, and then nothing may be sent.
        validation: what the service measures the training with; None where there is none.
        extras: settings that only this provider has, by API name.
    """

    remote: str | None
    base: str | None
    source: str | None
    hyperparameters: Hyperparameters
    fields: Fields
    mark: Mark
    data: str
    examples: Iterable[Example]
    validation: Validation | None = None
    extras: tuple[tuple[str, str | bool], ...] = ()


class Provider(Protocol):
    """A service that tunes."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do. No request is made."""
        ...

    def tunable_bases(self) -> frozenset[str]:
        """Full resource names of the bases that the service offers for tuning now."""
        ...

    def list(self, *, curves: bool = False) -> Iterator[Live]:
        """All tuned models that the credentials may see, foreign ones included.

        A list that breaks off raises; it never ends early as if it were complete.

        Args:
            curves: whether each object carries its loss curve; the replies are much larger then.
        """
        ...

    def observe(self, remote: str) -> Live | None:
        """One object with its loss curve, or None where there is none. Changes nothing.

        Raises:
            Forbidden: an object of this name belongs to somebody else.
        """
        ...

    def find(self, mark: Mark) -> tuple[Live, ...]:
        """All objects created for this owner, model and fingerprint that are left, oldest first.

        Where ids are assigned, this is how a create is found whose reply was lost. An object that
        is not there yet, because reads lag, is missing; one that ended without a model is there.
        """
        ...

    def start(self, creation: Creation) -> Live:
        """Send one create, once, without a retry, and return the object in training.

        What has to be there before, such as uploaded examples, is sent first, and may be sent
        twice; a failure of that is none of the create, and says that nothing has begun.

        Raises:
            AlreadyExists: the id is taken, perhaps by an earlier try of ours.
            Unreachable, ServiceFailure, BadReply: it may have arrived; look before trying again.
            Exhausted: not begun; may be tried again after `retry_after`.
            NotFound, Forbidden, InvalidRequest: not begun, and it will not be.
        """
        ...

    def patch(self, live: Live, fields: Fields, mark: Mark | None) -> Live:
        """Edit fields in place and write the mark, and return the object as read back after.

        Args:
            live: the object as it was just observed; what is not edited keeps this content.
            fields: only what differs; None leaves a field as it is.
            mark: the whole mark; None takes the mark off.

        Raises:
            Conflict: somebody else has edited it since, where the service tells.
        """
        ...

    def cancel(self, remote: str) -> None:
        """Ask for the training to stop; best effort. Nothing to cancel is success."""
        ...

    def delete(self, remote: str) -> None:
        """Delete for good. An object that is not there is success."""
        ...

    def training(self, remote: str) -> Training | None:
        """How far the object's training is, and why it failed; None where nobody knows."""
        ...

    def ask(self, address: str, prompt: str) -> str:
        """The answer of a tuned model to a prompt that already has its preamble.

        Args:
            address: what applications call, see `Live.address`.
            prompt: with its preamble.

        Raises:
            Unanswered: there is no answer, or not all of it.
        """
        ...

    def leftovers(self, owner: str, /) -> tuple[Leftover, ...]:
        """What this owner's models left behind. Changes nothing."""
        ...

    def discard(self, leftover: Leftover) -> None:
        """Delete one, for good, if it still is one. What is not there is success."""
        ...
