"""Where tokens come from: the OAuth endpoint, the exchange of tokens, and the metadata server.

These are other services of Google than those that tune, with forms and errors of their own. Here
they give a token to whoever asks in the right form; who asks in the name of somebody whose name
begins with `revoked`, `reauth` or `deleted` is refused as the real ones refuse those.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.wrappers import Request, Response

from tuneform.clock import Clock
from tuneform.service import wire
from tuneform.service.application import REFUSAL
from tuneform.service.credentials import OWNER
from tuneform.service.errors import ApiError
from tuneform.service.tokens import Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_IMPERSONATE = re.compile(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken")
_METADATA = "/computeMetadata/v1/"
_ACCOUNTS = re.compile(r"instance/service-accounts/([^/]+)/(token|email|scopes)?")

CLOUD = "https://www.googleapis.com/auth/cloud-platform"
MACHINE = "machine@practice.invalid"
"""The account of the machine that the metadata server speaks for."""

MAX_FORM = 1 << 20
_SKEW = 300
"""Seconds that the clocks of both sides may differ."""

_LONGEST_JWT = 3600


class OAuthError(Exception):
    """A request for a token that is refused, as OAuth 2 words it (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str, *, http: int = 400, subtype: str = "") -> None:
        super().__init__(description)
        self.http = http
        self.body = {"error": error, "error_description": description}
        if subtype:
            self.body["error_subtype"] = subtype


class Claims(msgspec.Struct, frozen=True):
    """What an assertion says."""

    iss: str
    iat: float
    exp: float
    scope: str = ""
    aud: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A form, or the JSON that stands for one."""

    values: Mapping[str, Any]

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise OAuthError("invalid_request", f"Missing required parameter: {name}")
        return value

    def scopes(self) -> tuple[str, ...]:
        given = self.values.get("scope") or self.values.get("scopes") or ""
        return tuple(given if isinstance(given, list) else re.split(r"[\s,]+", str(given).strip()))


class Identity:
    """The places that give out tokens, as a WSGI callable."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._grants: dict[str, Callable[[_Asked], dict[str, Any]]] = {
            "urn:ietf:params:oauth:grant-type:jwt-bearer": self._assertion,
            "refresh_token": self._refresh,
        }

    @staticmethod
    def answers(environ: "WSGIEnvironment") -> bool:
        """Whether a request is one of these."""
        path = environ.get("PATH_INFO", "")
        if path in ("", "/"):
            return environ.get("HTTP_METADATA_FLAVOR") == "Google"
        return (
            path in ("/token", "/v1/token")
            or path.startswith("/computeMetadata/")
            or _IMPERSONATE.fullmatch(path) is not None
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = MAX_FORM
        try:
            response = self._answer(request)
        except OAuthError as error:
            response = _json(error.http, error.body)
        except ApiError as error:
            response = _json(error.http, error.body())
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if (refusal := request.environ.get(REFUSAL)) is not None:
            raise refusal
        if request.method == "GET":
            return self._metadata(request)
        if request.method != "POST":
            raise OAuthError("invalid_request", f"{request.method} is not supported", http=405)
        if match := _IMPERSONATE.fullmatch(request.path):
            return _json(200, self._impersonated(match[1], _Asked(_read(request))))
        asked = _Asked(_read(request))
        if request.path == "/v1/token":
            return _json(200, self._exchange(asked))
        kind = asked.need("grant_type")
        grant = self._grants.get(kind)
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind[:80]}")
        return _json(200, grant(asked))

    # --- the ways to a token --------------------------------------------------------------------

    def _assertion(self, asked: _Asked) -> dict[str, Any]:
        """A service account signs for itself (RFC 7523). The signature is not looked at."""
        claims = _claims(asked.need("assertion"))
        now = self._clock.now().timestamp()
        if (
            claims.iat > now + _SKEW
            or claims.exp < now - _SKEW
            or (claims.exp - claims.iat > _LONGEST_JWT)
        ):
            raise OAuthError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            )
        _refuse_by_name(claims.iss)
        return self._given(claims.iss, tuple(claims.scope.split()))

    def _refresh(self, asked: _Asked) -> dict[str, Any]:
        """A user goes on with what was once agreed to."""
        asked.need("client_id")
        _refuse_by_name(asked.need("refresh_token"))
        return self._given(OWNER, asked.scopes())

    def _exchange(self, asked: _Asked) -> dict[str, Any]:
        """The token of another identity provider becomes one of ours (RFC 8693)."""
        kind = asked.need("grant_type" if "grant_type" in asked.values else "grantType")
        if kind != "urn:ietf:params:oauth:grant-type:token-exchange":
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind[:80]}")
        audience = asked.need("audience")
        if not audience.startswith("//iam.googleapis.com/"):
            raise OAuthError("invalid_target", "Invalid value for audience.")
        asked.need("subject_token_type")
        _refuse_by_name(asked.need("subject_token"))
        issued = "urn:ietf:params:oauth:token-type:access_token"
        return self._given(f"{audience[21:][:80]}", asked.scopes()) | {"issued_token_type": issued}

    def _impersonated(self, account: str, asked: _Asked) -> dict[str, Any]:
        """A service account lends its rights to whoever may have them."""
        _refuse_by_name(account)
        token = self._tokens.issue(account, asked.scopes())
        expires = self._clock.now() + timedelta(seconds=self._tokens.lifetime.told)
        return {"accessToken": token, "expireTime": wire.timestamp(expires.replace(microsecond=0))}

    def _given(self, account: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        return {
            "access_token": self._tokens.issue(account, scopes),
            "expires_in": int(self._tokens.lifetime.told),
            "scope": " ".join(scopes),
            "token_type": "Bearer",
        }

    # --- the metadata server --------------------------------------------------------------------

    def _metadata(self, request: Request) -> Response:
        if request.headers.get("Metadata-Flavor") != "Google":
            return _text(403, "Missing Metadata-Flavor:Google header.")
        path = request.path.removeprefix(_METADATA)
        texts = {
            "/": "",
            "project/project-id": "practice",
            "project/numeric-project-id": "1",
            "universe/universe-domain": "googleapis.com",
        }
        if path in texts:
            return _text(200, texts[path])
        if match := _ACCOUNTS.fullmatch(path):
            return self._machine(match[2] or "", request.args.get("scopes", ""))
        return _text(404, "Not Found")

    def _machine(self, what: str, scopes: str) -> Response:
        if what == "token":
            asked = tuple(filter(None, scopes.split(",")))
            return _flavoured(_json(200, self._given(MACHINE, asked or (CLOUD,))))
        about = {"aliases": ["default"], "email": MACHINE, "scopes": [CLOUD]}
        texts = {"email": MACHINE, "scopes": f"{CLOUD}\n"}
        return _text(200, texts[what]) if what else _flavoured(_json(200, about))


def _refuse_by_name(name: str) -> None:
    if name.startswith("revoked"):
        raise OAuthError("invalid_grant", "Token has been expired or revoked.")
    if name.startswith("reauth"):
        text = "reauth related error (invalid_rapt)"
        raise OAuthError("invalid_grant", text, subtype="invalid_rapt")
    if name.startswith("deleted"):
        raise OAuthError("invalid_grant", "Invalid grant: account not found")


def _read(request: Request) -> Mapping[str, Any]:
    if request.mimetype != "application/json":
        return request.form.to_dict()
    try:
        return msgspec.json.decode(request.get_data(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OAuthError("invalid_request", "The request is no JSON.") from error


def _claims(assertion: str) -> Claims:
    try:
        _, body, _ = assertion.split(".")
        data = base64.urlsafe_b64decode(f"{body}==")
        return msgspec.json.decode(data, type=Claims)
    except (ValueError, msgspec.MsgspecError) as error:
        raise OAuthError("invalid_grant", "Bad Request") from error


def _json(status: int, answer: Any) -> Response:
    data = wire.encode(answer, pretty=True)
    return Response(data, status, content_type="application/json; charset=UTF-8")


def _text(status: int, text: str) -> Response:
    return _flavoured(Response(text, status, content_type="text/plain"))


def _flavoured(response: Response) -> Response:
    response.headers["Metadata-Flavor"] = "Google"
    return response
