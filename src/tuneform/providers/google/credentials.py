"""Who we are to the service: an API key, or OAuth through Application Default Credentials.

Values are handed in; the environment is never read here (google-auth reads it by itself). A key
goes into a header, never into a URL, and shows in no repr. Which host may receive credentials is
decided in `trust`, before any of this is called.
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tuneform.errors import Unauthenticated, Unreachable

if TYPE_CHECKING:
    import httpx

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
"""Where keys are looked for, in this order."""

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/generative-language.tuning",
)

_HEADER_SAFE = re.compile(r"[!-~]+")
_SECRET_LENGTH = 4  # what is shorter hides nothing, and would riddle every message
_NO_KEY = "neither GEMINI_API_KEY nor GOOGLE_API_KEY is set"
_NEXT_STEP = (
    "set GEMINI_API_KEY, or install tuneform[oauth] and run `gcloud auth application-default login`"
)


class Credentials(Protocol):
    """What the client needs of credentials. Implementations are safe for threads."""

    def authorize(self, request: httpx.Request) -> None:
        """Put them on a request.

        Raises:
            Unauthenticated, Unreachable: a token was due, and could not be had.
        """
        ...

    def redact(self, text: str) -> str:
        """The text without them, should a service repeat them in a message."""
        ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key.

    Attributes:
        key: printable ASCII without spaces.
        source: where it came from, for messages.

    Raises:
        Unauthenticated: it is empty, or cannot be a header.
    """

    key: str = field(repr=False)
    source: str = "the API key"

    def __post_init__(self) -> None:
        fault = _fault(self.key)
        if fault:
            raise Unauthenticated(
                f"{self.source} {fault}",
                hint=f"set {self.source} to the key alone, or unset it",
            )

    def authorize(self, request: httpx.Request) -> None:
        """Set `x-goog-api-key`."""
        request.headers["x-goog-api-key"] = self.key

    def redact(self, text: str) -> str:
        """The text without the key."""
        return _without(self.key, text)


def _fault(key: str) -> str | None:
    """What is wrong with a key, told without the key."""
    if not key.strip():
        return "is set, but empty"
    if key.strip() != key:
        return "has a space or a line end before or after the key"
    if not key.isascii():
        return "contains characters that no key has (they are not ASCII)"
    return None if _HEADER_SAFE.fullmatch(key) else "contains spaces or control characters"


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "[redacted]") if len(secret) >= _SECRET_LENGTH else text


class Discreet:
    """Credentials that keep further texts out of what the service is quoted with.

    The values of sensitive variables are part of descriptions, and a service may repeat those.

    Args:
        credentials: put on requests.
        secrets: texts, at least four characters long; shorter ones hide nothing.
    """

    def __init__(self, credentials: Credentials, secrets: Iterable[str]) -> None:
        self._credentials = credentials
        # What is quoted is one line, in which all white space is single spaces.
        lines = {" ".join(secret.split()) for secret in secrets}
        self._secrets = sorted(lines, key=len, reverse=True)

    def authorize(self, request: httpx.Request) -> None:
        """As the credentials do."""
        self._credentials.authorize(request)

    def redact(self, text: str) -> str:
        """The text without credentials and secrets; of secrets that overlap the longer goes."""
        text = self._credentials.redact(text)
        for secret in self._secrets:
            text = _without(secret, text)
        return text


class TokenSource(Protocol):
    """Gives access tokens, renewed where needed."""

    def token(self) -> str:
        """A token that is valid now."""
        ...


class OAuth:
    """OAuth: a bearer token, and the project that the quota is taken from.

    Args:
        tokens: where tokens come from.
        project: for `x-goog-user-project`; None leaves the header out.
    """

    def __init__(self, tokens: TokenSource, project: str | None) -> None:
        self._tokens = tokens
        self._project = project
        self._given: set[str] = set()

    def authorize(self, request: httpx.Request) -> None:
        """Set `Authorization`, and `x-goog-user-project` where it is known."""
        token = self._tokens.token()
        self._given.add(token)
        request.headers["authorization"] = f"Bearer {token}"
        if self._project:
            request.headers["x-goog-user-project"] = self._project

    def redact(self, text: str) -> str:
        """The text without any token that was used: a late reply may repeat an earlier one."""
        for token in tuple(self._given):  # other threads may add to it
            text = _without(token, text)
        return text


Import = Callable[[str], Any]


class _Adc:
    """Tokens of a google-auth credentials object, which is not safe for threads by itself."""

    def __init__(self, credentials: Any, imports: Import) -> None:
        self._credentials = credentials
        self._exceptions = imports("google.auth.exceptions")
        self._request = imports("google.auth.transport.requests").Request()
        self._lock = threading.Lock()

    def token(self) -> str:
        with self._lock:
            if not self._credentials.valid:
                self._refresh()
            token = str(self._credentials.token or "")
        if _fault(token):
            raise Unauthenticated("Application Default Credentials gave no token", hint=_NEXT_STEP)
        return token

    def _refresh(self) -> None:
        # What google-auth raises may quote requests and replies: it is not passed on.
        try:
            self._credentials.refresh(self._request)
        except self._exceptions.TransportError:
            raise Unreachable(
                "cannot renew the access token: the token service cannot be reached",
                hint="check the network and proxy settings",
                sent=False,
            ) from None
        except self._exceptions.GoogleAuthError:
            raise Unauthenticated(
                "Application Default Credentials are no longer accepted",
                hint="run `gcloud auth application-default login`",
            ) from None


def application_default(imports: Import = importlib.import_module) -> OAuth:
    """Application Default Credentials of this machine.

    Args:
        imports: how google-auth is imported; it is optional, and slow to load.

    Raises:
        Unauthenticated: google-auth is not installed, or finds no credentials.
    """
    auth, failure = _google_auth(imports)
    try:
        found, project = auth.default(scopes=SCOPES)
    except failure:
        raise Unauthenticated(
            f"there are no credentials: {_NO_KEY}, and no Application Default Credentials",
            hint=_NEXT_STEP,
        ) from None
    return OAuth(_Adc(found, imports), getattr(found, "quota_project_id", None) or project)


def _google_auth(imports: Import) -> tuple[Any, type[Exception]]:
    """The package, and what all its errors derive from."""
    try:
        imports("google.auth.transport.requests")
        return imports("google.auth"), imports("google.auth.exceptions").GoogleAuthError
    except ImportError:
        raise Unauthenticated(
            f"there are no credentials: {_NO_KEY}, and Application Default Credentials need "
            "google-auth, which is not installed",
            hint=_NEXT_STEP,
        ) from None


def choose_credentials(
    environ: Mapping[str, str], adc: Callable[[], Credentials] = application_default
) -> Credentials:
    """`GEMINI_API_KEY`, then `GOOGLE_API_KEY`, then Application Default Credentials.

    Args:
        environ: the environment; a variable that is set and empty is an error, as it is nearly
            always a secret that a pipeline failed to fill in.
        adc: loads the last resort.

    Raises:
        Unauthenticated: there are none, or the first key found is none.
    """
    for name in KEY_VARIABLES:
        if name in environ:
            return ApiKey(environ[name], source=name)
    return adc()
