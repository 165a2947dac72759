"""Application Default Credentials: which file they come from, and what may be in it.

The order is Google's: the file that GOOGLE_APPLICATION_CREDENTIALS names, the one that gcloud
wrote, the metadata server of the machine. A file is read and judged here before google-auth sees
it: it names places that secrets are sent to, and a pull request may have written it. Nothing of its
content is ever told, but for its type and the hosts that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tuneform.errors import Unauthenticated
from tuneform.providers.google.trust import check_token_place

FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
QUOTA_VARIABLE = "GOOGLE_CLOUD_QUOTA_PROJECT"
LOGIN = "run `gcloud auth application-default login`"

_FILE_BYTES = 1 << 20
_GCLOUD_FILE = "application_default_credentials.json"

USER = "authorized_user"
SERVICE_ACCOUNT = "service_account"
FEDERATION = "external_account"
FEDERATED_USER = "external_account_authorized_user"
IMPERSONATED = "impersonated_service_account"
KINDS = (USER, SERVICE_ACCOUNT, FEDERATION, FEDERATED_USER, IMPERSONATED)
"""What a file may be."""

_PLACES = frozenset(
    {
        *("token_uri", "token_url", "token_info_url", "revoke_url"),
        "service_account_impersonation_url",
    }
)
"""Fields that name where google-auth sends secrets to."""


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """A file of credentials that may be used.

    Attributes:
        source: how messages call it, with its path.
        kind: one of `KINDS`.
        content: of the file; it shows in no repr.
    """

    source: str
    kind: str
    content: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str | None:
        """A field that is a text; None where it is none, or empty."""
        value = self.content.get(name)
        return value if isinstance(value, str) and value else None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where a federation gets its own tokens from, which are not ours to judge."""
        source = self.content.get("credential_source")
        urls = source.values() if isinstance(source, dict) else ()
        return tuple(url for url in urls if isinstance(url, str) and "://" in url)


def find_file(environ: Mapping[str, str], trusted: Sequence[str]) -> CredentialsFile | None:
    """The file of Application Default Credentials, read and judged; None where there is none.

    Args:
        environ: the environment.
        trusted: hosts beside Google's, as in `TUNEFORM_TRUSTED_ENDPOINTS`.

    Raises:
        Unauthenticated: it cannot be read, or is none.
        Refused: it sends secrets to a host that is not trusted.
    """
    found = _path(environ)
    if found is None:
        return None
    path, source = found
    content = _content(path, source)
    kind = content.get("type")
    if kind not in KINDS:
        told = repr(kind[:40]) if isinstance(kind, str) else "missing"
        raise Unauthenticated(
            f"{source} holds no credentials that are known: its type is {told}",
            hint=f"{LOGIN}, or name a file of one of the types {', '.join(KINDS)}",
        )
    for name, value in _places(content):
        check_token_place(value, f"{name} in {source}", trusted)
    return CredentialsFile(source, str(kind), content)


def _path(environ: Mapping[str, str]) -> tuple[Path, str] | None:
    """Where the file is, and how messages call it."""
    named = environ.get(FILE_VARIABLE)
    if named is not None:
        if not named.strip():
            raise Unauthenticated(
                f"{FILE_VARIABLE} is set, but empty",
                hint=f"set {FILE_VARIABLE} to the path of a credentials file, or unset it",
            )
        return Path(named), f"the credentials file {named} ({FILE_VARIABLE})"
    folder = environ.get("CLOUDSDK_CONFIG") or (
        f"{environ['HOME']}/.config/gcloud" if environ.get("HOME") else None
    )
    path = Path(folder) / _GCLOUD_FILE if folder else None
    if path is None or not path.exists():
        return None
    return path, f"the credentials file {path} (of gcloud)"


def _content(path: Path, source: str) -> dict[str, Any]:
    """What a file holds. What is wrong in it is told without any of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise Unauthenticated(
            f"{source} cannot be read: {error.strerror}",
            hint=f"correct {FILE_VARIABLE}, make the file readable, or {LOGIN}",
        ) from None
    try:
        if len(data) <= _FILE_BYTES:
            return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    raise Unauthenticated(
        f"{source} is no credentials file: it is not a JSON object",
        hint=f"download the file again, or {LOGIN}",
    )


def _places(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every place that the file sends secrets to; files may be within one another."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _places(value)
        elif name in _PLACES and isinstance(value, str):
            yield name, value
