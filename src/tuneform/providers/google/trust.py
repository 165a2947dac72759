"""Whether an endpoint may receive credentials, decided before any are read.

A pull request that edits `provider.endpoint` must not receive the key. The URL is matched by a
narrow grammar of our own, so that no two parsers can disagree about where its host ends. Nothing
here connects anywhere, and names are not resolved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, ip_address
from urllib.parse import urlsplit

from tuneform.errors import Refused

GOOGLE_HOST = "generativelanguage.googleapis.com"
VARIABLE = "TUNEFORM_TRUSTED_ENDPOINTS"

# re.ASCII matters: without it, ignoring case lets the Kelvin sign pass for a k.
_FLAGS = re.ASCII | re.IGNORECASE
_HOST = r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?"
_PATH = r"(?P<path>/[a-z0-9._~!$&'()*+,;=:@%/-]*)?"
_URL = re.compile(rf"(?P<scheme>https?)://{_HOST}{_PATH}", _FLAGS)
_ENTRY = re.compile(rf"(https://)?{_HOST}/?", _FLAGS)

_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service that may receive credentials. Only `check_endpoint` makes one.

    Attributes:
        url: scheme, host, port and path prefix, without a slash at the end.
        host: in lower case, without port and brackets.
        loopback: whether it is on this machine.
    """

    url: str
    host: str
    loopback: bool


def trusted_entries(value: str) -> tuple[str, ...]:
    """The entries of `TUNEFORM_TRUSTED_ENDPOINTS`, which commas or spaces separate."""
    return tuple(value.replace(",", " ").split())


def check_endpoint(
    endpoint: str | None,
    trusted: Sequence[str] = (),
    *,
    own: str = GOOGLE_HOST,
    field: str = "provider.endpoint",
) -> Endpoint:
    """Admit an endpoint, or refuse it.

    Args:
        endpoint: as tuneform.yaml has it; None for Google's own.
        trusted: further hosts, as `HOST` (any port) or `HOST:PORT`; entries of another form
            match nothing.
        own: the host of Google's that this API is at.
        field: of tuneform.yaml, for messages.

    Raises:
        Refused: it is no plain URL, its host is not trusted, or it lacks TLS off this machine.
    """
    text = f"https://{own}" if endpoint is None else endpoint
    match = _URL.fullmatch(text)
    host = _host(match)
    if match is None or host is None:
        raise _malformed(text, field)
    port, loopback = match["port"], _is_loopback(host)
    if not (loopback or host == own or _is_listed(host, port, trusted)):
        raise _untrusted(host, port, field)
    scheme = match["scheme"].lower()
    if scheme != "https" and not loopback:
        raise Refused(
            f"{field} in tuneform.yaml reaches {host} without TLS: "
            "credentials would be readable on the way",
            hint="write https:// instead of http://",
        )
    authority = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{authority}{f':{port}' if port else ''}{(match['path'] or '').rstrip('/')}"
    return Endpoint(url, host, loopback)


def _host(match: re.Match[str] | None) -> str | None:
    """The host in one spelling: lower case, no brackets, no dot at the end."""
    if match is None or not 0 < int(match["port"] or 1) <= _LAST_PORT:
        return None
    host = match["host"].lower()
    if host.startswith("["):
        return _address(host[1:-1])
    host = host.removesuffix(".")
    return host if all(host.split(".")) else None


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address == _LOOPBACK_V6 or address in _LOOPBACK_V4


def _is_listed(host: str, port: str | None, trusted: Sequence[str]) -> bool:
    for entry in trusted:
        match = _ENTRY.fullmatch(entry.strip())
        if match and _host(match) == host and match["port"] in (None, port or "443"):
            return True
    return False


def _untrusted(host: str, port: str | None, field: str) -> Refused:
    place = f"{host}:{port}" if port else host
    return Refused(
        f"{field} in tuneform.yaml names the host {place}, which is not trusted with credentials",
        hint=f"correct {field}, or, if that host is yours, set {VARIABLE}={place}",
    )


def _malformed(text: str, field: str) -> Refused:
    """Say where it would lead, where that can be told, and never what stands before an @."""
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    known = host if host and host.isascii() and host.isprintable() else None
    return Refused(
        f"{field} in tuneform.yaml is not a plain URL"
        + (f" (its host would be {known})" if known else "")
        + ": credentials go to a clear address only",
        hint="write https://HOST[:PORT][/PREFIX], or http:// for this machine; no user, query or "
        f"fragment. A host that is not Google's must stand in {VARIABLE}",
    )


_TOKEN_HOST = re.compile(
    r"([a-z0-9-]+-)?(oauth2|sts|iamcredentials|www)(\.mtls|\.[a-z0-9-]+(\.rep)?)?\.googleapis\.com"
    r"|accounts\.google\.com",
    _FLAGS,
)
"""Google's own places that give out tokens, regional ones included. Other hosts of Google's, such
as those of buckets, serve what strangers put there."""


def check_token_place(url: str, what: str, trusted: Sequence[str] = ()) -> None:
    """Admit a place that secrets are sent to for a token, or refuse it.

    Args:
        url: the place.
        what: how messages call it, such as the field of a file.
        trusted: as for `check_endpoint`.

    Raises:
        Refused: it is no plain URL, its host is not trusted, or it lacks TLS off this machine.
    """
    match = _URL.fullmatch(url)
    host = _host(match)
    if match is None or host is None:
        raise Refused(
            f"{what} is not a plain URL: secrets go to a clear address only",
            hint="use the file as Google made it",
        )
    loopback = _is_loopback(host)
    if not (loopback or _TOKEN_HOST.fullmatch(host) or _is_listed(host, match["port"], trusted)):
        raise Refused(
            f"{what} names the host {host}, which is not trusted with credentials",
            hint="use the file as Google made it, or, if that host is yours, "
            f"set {VARIABLE}={host}",
        )
    if match["scheme"].lower() != "https" and not loopback:
        raise Refused(
            f"{what} reaches {host} without TLS: credentials would be readable on the way",
            hint="write https:// instead of http://",
        )
