"""Who we are to the service: an API key, or OAuth through Application Default Credentials.

Values are handed in; the environment is never read here (google-auth reads it by itself, for the
metadata server). A key goes into a header, never into a URL, and shows in no repr. Which host may
receive credentials is decided in `trust`, before any of this is called.
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tuneform.errors import Unauthenticated
from tuneform.providers.google import adc
from tuneform.providers.google.adc import LOGIN, QUOTA_VARIABLE, CredentialsFile, find_file
from tuneform.providers.google.courier import Courier
from tuneform.providers.google.renewal import METADATA, not_reached, not_renewed
from tuneform.providers.google.trust import VARIABLE, trusted_entries

if TYPE_CHECKING:
    import httpx

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
"""Where keys are looked for, in this order."""

CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_HEADER_SAFE = re.compile(r"[!-~]+")
_SECRET_LENGTH = 4  # what is shorter hides nothing, and would riddle every message
_AWS = "urn:ietf:params:aws:token-type:aws4_request"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What credentials are wanted for.

    Attributes:
        scopes: that they must be good for.
        lacking: begins the sentence that tells what there is not.
        next_step: how to get some.
        wants_project: whether a quota project is needed, so that the project which the credentials
            belong to is named where nobody chose one.
    """

    scopes: tuple[str, ...]
    lacking: str
    next_step: str
    wants_project: bool


GEMINI = Purpose(
    (CLOUD_SCOPE, "https://www.googleapis.com/auth/generative-language.tuning"),
    "there are no credentials: neither GEMINI_API_KEY nor GOOGLE_API_KEY is set, and",
    f"set GEMINI_API_KEY, or install tuneform[oauth] and {LOGIN}",
    wants_project=True,
)
VERTEX = Purpose(
    (CLOUD_SCOPE,),
    "there are no credentials:",
    f"install tuneform[oauth] and {LOGIN}; in a pipeline, use workload identity federation",
    wants_project=False,
)


class Credentials(Protocol):
    """What the client needs of credentials. Implementations are safe for threads."""

    def authorize(self, request: httpx.Request) -> None:
        """Put them on a request.

        Raises:
            Unauthenticated, Unreachable: a token was due, and could not be had.
        """
        ...

    def renew(self, request: httpx.Request) -> bool:
        """Whether there are other ones now, after those on this request were not accepted.

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

    def renew(self, request: httpx.Request) -> bool:  # noqa: ARG002 (the protocol's)
        """There is one key, and no other."""
        return False

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

    def renew(self, request: httpx.Request) -> bool:
        """As the credentials do."""
        return self._credentials.renew(request)

    def redact(self, text: str) -> str:
        """The text without credentials and secrets; of secrets that overlap the longer goes."""
        text = self._credentials.redact(text)
        for secret in self._secrets:
            text = _without(secret, text)
        return text


class TokenSource(Protocol):
    """Gives access tokens, renewed where needed."""

    def token(self, refused: str | None = None) -> str:
        """A token that is valid now.

        Args:
            refused: one that looked valid and was not accepted; another one is wanted.
        """
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
        self._put(self._tokens.token(), request)
        if self._project:
            request.headers["x-goog-user-project"] = self._project

    def renew(self, request: httpx.Request) -> bool:
        """Get another token than the one on the request."""
        refused = str(request.headers.get("authorization", "")).removeprefix("Bearer ")
        return self._tokens.token(refused) != refused

    def _put(self, token: str, request: httpx.Request) -> None:
        self._given.add(token)
        request.headers["authorization"] = f"Bearer {token}"

    def redact(self, text: str) -> str:
        """The text without any token that was used: a late reply may repeat an earlier one."""
        for token in tuple(self._given):  # other threads may add to it
            text = _without(token, text)
        return text


Import = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Credentials of google-auth, and what messages need to know of them.

    Attributes:
        credentials: its object, which is not safe for threads by itself.
        kind: of `adc.KINDS`, or `renewal.METADATA`.
        source: how messages call them.
        next_step: where they give no token at all.
    """

    credentials: Any = field(repr=False)
    kind: str
    source: str
    next_step: str


class _Adc:
    """Tokens of a google-auth credentials object."""

    def __init__(self, found: Found, courier: Courier, exceptions: Any) -> None:
        self._found = found
        self._courier = courier
        self._exceptions = exceptions
        self._lock = threading.Lock()

    def token(self, refused: str | None = None) -> str:
        credentials = self._found.credentials
        with self._lock:
            # Threads whose token was refused come one after another: the first one renews it.
            if not credentials.valid or (refused and credentials.token == refused):
                self._refresh()
            token = str(credentials.token or "")
        if _fault(token):
            raise Unauthenticated(f"{self._found.source} gave no token", hint=self._found.next_step)
        return token

    def _refresh(self) -> None:
        # What google-auth raises may quote requests and replies: it is not passed on.
        kind, source = self._found.kind, self._found.source
        try:
            self._found.credentials.refresh(self._courier)
        except self._exceptions.TransportError:
            error = not_reached(kind, source)
        except (self._exceptions.GoogleAuthError, ValueError, OSError) as failure:
            error = not_renewed(kind, source, str(failure))
        else:
            return
        raise error


def application_default(
    environ: Mapping[str, str],
    purpose: Purpose = GEMINI,
    imports: Import = importlib.import_module,
) -> OAuth:
    """Application Default Credentials of this machine.

    Args:
        environ: the environment.
        purpose: what they are for.
        imports: how google-auth is imported; it is optional, and slow to load.

    Raises:
        Unauthenticated: google-auth is not installed, there are no credentials, or they are
            unusable. No token is asked for yet.
        Refused: they would send secrets to a host that is not trusted.
    """
    trusted = trusted_entries(environ.get(VARIABLE, ""))
    file = find_file(environ, trusted)
    auth, exceptions = _google_auth(purpose, imports)
    courier = Courier(exceptions.TransportError, trusted, file.sources if file else ())
    if file:
        made, own = _of_file(file, purpose, imports), file.text("project_id")
        found = Found(made, file.kind, file.source, purpose.next_step)
    else:
        made, own = _of_machine(auth, exceptions, purpose, courier)
        found = Found(made, METADATA, "the metadata server of this machine", purpose.next_step)
    fallback = environ.get("GOOGLE_CLOUD_PROJECT") or own if purpose.wants_project else None
    quota = (file and file.text("quota_project_id")) or getattr(made, "quota_project_id", None)
    project = environ.get(QUOTA_VARIABLE) or quota or fallback
    return OAuth(_Adc(found, courier, exceptions), project)


def vertex_credentials(environ: Mapping[str, str]) -> OAuth:
    """Application Default Credentials for Vertex AI and Cloud Storage; API keys play no part.

    Raises:
        Unauthenticated, Refused: as `application_default`.
    """
    return application_default(environ, VERTEX)


def _google_auth(purpose: Purpose, imports: Import) -> tuple[Any, Any]:
    """The package, and its exceptions."""
    try:
        imports("google.auth.transport.requests")
        return imports("google.auth"), imports("google.auth.exceptions")
    except ImportError:
        raise Unauthenticated(
            f"{purpose.lacking} Application Default Credentials need google-auth, which is not "
            "installed",
            hint=purpose.next_step,
        ) from None


def _of_machine(
    auth: Any, exceptions: Any, purpose: Purpose, courier: Courier
) -> tuple[Any, str | None]:
    """Those of the metadata server: there is no file, so google-auth looks nowhere else."""
    try:
        found, project = auth.default(scopes=purpose.scopes, request=courier)
    except exceptions.GoogleAuthError:
        raise Unauthenticated(
            f"{purpose.lacking} Application Default Credentials have neither a file nor a "
            "metadata server",
            hint=purpose.next_step,
        ) from None
    return found, project


def _of_file(file: CredentialsFile, purpose: Purpose, imports: Import) -> Any:
    """What google-auth makes of a file."""
    scopes, content = list(purpose.scopes), dict(file.content)
    try:
        match file.kind:
            case adc.USER:  # the scopes are those that the user once agreed to
                module = imports("google.oauth2.credentials")
                return module.Credentials.from_authorized_user_info(content)
            case adc.SERVICE_ACCOUNT:
                module = imports("google.oauth2.service_account")
                return module.Credentials.from_service_account_info(content, scopes=scopes)
            case adc.FEDERATION:
                module = imports(f"google.auth.{_federation(file)}")
                return module.Credentials.from_info(content, scopes=scopes)
            case adc.FEDERATED_USER:
                module = imports("google.auth.external_account_authorized_user")
                return module.Credentials.from_info(content, scopes=scopes)
            case _:
                module = imports("google.auth.impersonated_credentials")
                make = module.Credentials.from_impersonated_service_account_info
                return make(content, scopes=scopes)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unauthenticated(  # the text may quote the file
            f"{file.source} is not complete, or damaged: no {file.kind} can be made of it",
            hint=f"download the file again, or {LOGIN}",
        ) from None


def _federation(file: CredentialsFile) -> str:
    """The module for the place that a federation gets its own tokens from."""
    if file.text("subject_token_type") == _AWS:
        return "aws"
    source = file.content.get("credential_source")
    return "pluggable" if isinstance(source, dict) and source.get("executable") else "identity_pool"


def choose_credentials(
    environ: Mapping[str, str],
    last: Callable[[Mapping[str, str]], Credentials] = application_default,
) -> Credentials:
    """`GEMINI_API_KEY`, then `GOOGLE_API_KEY`, then Application Default Credentials.

    Args:
        environ: the environment; a variable that is set and empty is an error, as it is nearly
            always a secret that a pipeline failed to fill in.
        last: loads the last resort.

    Raises:
        Unauthenticated: there are none, or the first key found is none.
    """
    for name in KEY_VARIABLES:
        if name in environ:
            return ApiKey(environ[name], source=name)
    return last(environ)
