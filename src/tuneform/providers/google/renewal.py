"""Why no access token could be had, as an error of ours with its remedy.

google-auth tells most failures apart by their text alone, and the texts may quote requests and
replies. So they are compared with what is known, and never passed on.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuneform.errors import RemoteError, Unauthenticated, Unreachable
from tuneform.providers.google.adc import (
    FEDERATED_USER,
    FEDERATION,
    IMPERSONATED,
    LOGIN,
    SERVICE_ACCOUNT,
    USER,
)

METADATA = "metadata"
"""Credentials of the machine, from its metadata server."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One known failure.

    Attributes:
        says: lower-case parts of google-auth's text, of which one is in it.
        cause: ends the sentence `cannot get an access token with SOURCE: …`.
        hint: the next step; empty for that of the kind of credentials.
        kinds: of credentials that it is known of; empty for all.
    """

    says: tuple[str, ...]
    cause: str
    hint: str = ""
    kinds: tuple[str, ...] = ()


_REASONS = (
    Reason(
        ("invalid_rapt", "reauth"),
        "Google asks for the login to be confirmed again (reauthentication)",
        LOGIN,
    ),
    Reason(
        ("reasonable timeframe", "iat and exp", "token used too early"),
        "the clock of this machine differs from Google's",
        "set the clock of this machine, such as with NTP",
    ),
    Reason(
        ("invalid jwt signature",),
        "the key of the service account is not known (any longer)",
        "make a new key for the service account, or use workload identity federation",
    ),
    Reason(
        ("account not found", "deleted_client", "account_not_found"),
        "the account does not exist (any longer)",
    ),
    Reason(
        ("was not found", "trust chain", "leaf certificate"),
        "the file that the federation reads its own token from is not there",
        "check that the pipeline writes it, and credential_source in the file",
        (FEDERATION,),
    ),
    Reason(
        ("subject_token", "subject token", "executable", "no such file", "permission denied"),
        "the federation cannot read its own token (credential_source)",
        "check that the pipeline may ask for an identity token (such as `id-token: write`), and "
        "credential_source in the file",
        (FEDERATION,),
    ),
    Reason(
        ("impersonated", "impersonation"),
        "the service account that was to be impersonated does not permit it",
        "grant roles/iam.workloadIdentityUser or roles/iam.serviceAccountTokenCreator on it",
        (FEDERATION, FEDERATED_USER, IMPERSONATED),
    ),
    Reason(
        ("invalid_target",),
        "the workload identity pool or provider does not exist, or is disabled",
        "check audience in the file, and the pool and its provider",
        (FEDERATION, FEDERATED_USER),
    ),
    Reason(
        ("invalid_grant", "invalid_request", "unauthorized_client", "attribute condition"),
        "the workload identity provider does not accept the token of this pipeline",
        "check the provider's issuer, audience and attribute condition against the token",
        (FEDERATION,),
    ),
    Reason(("invalid_grant",), "it has expired, or was revoked"),
    Reason(("invalid_client", "unauthorized_client"), "its OAuth client is not accepted"),
    Reason(
        ("invalid_scope", "requested scopes"),
        "it may not be used with the scope cloud-platform",
        "use credentials that may have https://www.googleapis.com/auth/cloud-platform",
    ),
)

_REMEDIES = {
    USER: LOGIN,
    FEDERATED_USER: "run `gcloud auth application-default login --login-config=FILE`",
    SERVICE_ACCOUNT: "check the service account and its key, or use workload identity federation",
    FEDERATION: "check the workload identity pool, its provider and the credentials file",
    IMPERSONATED: "check the service account to impersonate, and the credentials behind it",
    METADATA: "check that a service account is attached to this machine",
}


def not_renewed(kind: str, source: str, said: str) -> Unauthenticated:
    """The error for a refused token.

    Args:
        kind: of credentials.
        source: how messages call them.
        said: the text of google-auth; nothing of it is passed on.
    """
    lower, remedy = said.lower(), _REMEDIES[kind]
    for reason in _REASONS:
        if (not reason.kinds or kind in reason.kinds) and any(s in lower for s in reason.says):
            return Unauthenticated(
                f"cannot get an access token with {source}: {reason.cause}",
                hint=reason.hint or remedy,
            )
    return Unauthenticated(
        f"cannot get an access token with {source}: it is not accepted", hint=remedy
    )


def not_reached(kind: str, source: str) -> RemoteError:
    """The error where nobody answers who could give a token."""
    if kind == METADATA:
        return Unreachable(
            f"cannot get an access token with {source}: it does not answer",
            hint="check that this machine has a metadata server and a service account attached",
            sent=False,
        )
    return Unreachable(
        f"cannot get an access token with {source}: the token service cannot be reached",
        hint="check the network and proxy settings, then run the command again",
        sent=False,
    )
