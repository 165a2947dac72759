"""Access tokens that this service gives out: who they speak for, for what, and until when.

A token tells all of that itself and is signed with the service's own name, so it is understood by
every process that has the data file open, and after a restart. No protection worth the name: the
service gives one to whoever asks.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from tuneform.clock import Clock

_PREFIX = "ya29.practice."
_SIGNATURE = 22


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long tokens live, in seconds.

    Attributes:
        real: until they are refused.
        told: what whoever gets one is told.
    """

    real: float
    told: float


class Grant(msgspec.Struct, frozen=True):
    """What a token says."""

    account: str
    scopes: tuple[str, ...]
    expires: float
    """POSIX time."""


class Tokens:
    """Gives tokens, and reads them again."""

    def __init__(self, service_id: str, clock: Clock, lifetime: Lifetime) -> None:
        self._key = service_id.encode()
        self._clock = clock
        self.lifetime = lifetime
        self._given = 0

    def issue(self, account: str, scopes: Iterable[str]) -> str:
        """A token that is good from now on; never the same one twice in a process."""
        self._given += 1
        expires = self._clock.now().timestamp() + self.lifetime.real + self._given * 1e-6
        grant = msgspec.json.encode(Grant(account, tuple(scopes), expires))
        body = base64.urlsafe_b64encode(grant).decode().rstrip("=")
        return f"{_PREFIX}{body}.{self._signed(body)}"

    def read(self, token: str) -> Grant | None:
        """What a token says; None for one that came from elsewhere."""
        if not token.startswith(_PREFIX):
            return None
        body, _, signature = token.removeprefix(_PREFIX).partition(".")
        if not hmac.compare_digest(
            self._signed(body).encode(), signature.encode("utf-8", "replace")
        ):
            return None
        return msgspec.json.decode(base64.urlsafe_b64decode(f"{body}=="), type=Grant)

    def expired(self, grant: Grant) -> bool:
        """Whether it is too old by now."""
        return self._clock.now().timestamp() >= grant.expires

    def _signed(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode()[:_SIGNATURE]
