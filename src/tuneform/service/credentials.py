"""Who may come in, and as whom.

A key comes in the header `x-goog-api-key` or the parameter `key`, a token in `Authorization:
Bearer` or the parameters `access_token` and `oauth_token`. This is a rehearsal of the real
service's answers, and no protection worth the name.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneform.service.errors import bad_key, bad_token, scope_insufficient, unregistered
from tuneform.service.tokens import Grant, Tokens

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

OWNER = "you@practice.invalid"
"""Whose everything is while all credentials are one account."""

_AUTH = "https://www.googleapis.com/auth/"
SUFFICIENT = frozenset(
    f"{_AUTH}{name}"
    for name in (
        *("cloud-platform", "aiplatform", "generative-language.tuning"),
        *("devstorage.full_control", "devstorage.read_write", "devstorage.read_only"),
    )
)
"""Scopes, of which a token that this service gave out must have one."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Which credentials are let in, and whose they are."""

    api_key: str | None
    """The only one that is let in; None lets in any."""
    require_key: bool
    """Whether to look at credentials at all."""
    per_key: bool
    """Whether each key is an account of its own."""
    tokens: Tokens | None = None
    """Those that this service gives out; None where it gives out none."""
    only_issued: bool = False
    """Whether tokens that came from elsewhere are refused."""

    def caller(self, request: "Request") -> str:
        """The account that asks.

        Raises:
            ApiError: 403 without credentials, 400 for a wrong key, 401 for a wrong token.
        """
        key = request.headers.get("x-goog-api-key") or request.args.get("key") or ""
        token = _bearer(request)
        grant = self._grant(token)
        if self.require_key:
            if not key and not token:
                raise unregistered()
            self._check(key, token)
        if not self.per_key or not (key or token):
            return OWNER
        who = key or (grant.account if grant else token)
        return f"{hashlib.sha256(who.encode()).hexdigest()[:12]}@practice.invalid"

    def _grant(self, token: str) -> Grant | None:
        """What a token of ours says; one that is too old, or good for nothing here, is refused."""
        grant = self.tokens.read(token) if self.tokens and token else None
        if grant is None:
            if token and self.only_issued:
                raise bad_token()
            return None
        if self.tokens is not None and self.tokens.expired(grant):
            raise bad_token()
        if not SUFFICIENT.intersection(grant.scopes):
            raise scope_insufficient()
        return grant

    def _check(self, key: str, token: str) -> None:
        if self.api_key is None or _same(key or token, self.api_key):
            return
        raise bad_key() if key else bad_token()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _bearer(request: "Request") -> str:
    given = request.headers.get("Authorization", "")
    if given:
        kind, _, token = given.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise bad_token()
        return token.strip()
    return request.args.get("access_token") or request.args.get("oauth_token") or ""
