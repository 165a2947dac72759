"""Keys and tokens: where they come from, where they go, and where they never show."""

import threading
from types import SimpleNamespace

import httpx
import pytest

from tuneform.errors import Unauthenticated, Unreachable
from tuneform.providers.google.credentials import (
    GEMINI,
    ApiKey,
    OAuth,
    application_default,
    choose_credentials,
)


def a_request() -> httpx.Request:
    return httpx.Request("GET", "https://generativelanguage.googleapis.com/v1beta/tunedModels")


def no_adc(environ):
    raise AssertionError("a key was there")


def test_a_key_goes_into_its_header_and_not_into_the_url():
    request = a_request()

    ApiKey("planted-key").authorize(request)

    assert request.headers["x-goog-api-key"] == "planted-key"
    assert "planted" not in str(request.url)


def test_a_key_shows_in_no_repr():
    assert "planted" not in repr(ApiKey("planted-key"))


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"GEMINI_API_KEY": "a-key", "GOOGLE_API_KEY": "b-key"}, "GEMINI_API_KEY"),
        ({"GOOGLE_API_KEY": "b-key"}, "GOOGLE_API_KEY"),
    ],
)
def test_the_order_of_keys(environ, source):
    assert choose_credentials(environ, no_adc) == ApiKey(environ[source], source=source)


def test_without_a_key_the_last_resort_is_asked():
    chosen = OAuth(SimpleNamespace(token=lambda *_: "t"), None)

    assert choose_credentials({"PATH": "/bin"}, lambda _: chosen) is chosen


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "is set, but empty"),
        (" \t", "is set, but empty"),
        ("planted\n", "line end"),
        (" planted", "space"),
        ("plan\nted", "control"),
        ("plan ted", "spaces"),
        ("planted\u00e9", "not ASCII"),
        ("plan\x7fted", "control"),
    ],
)
def test_a_key_that_is_none_is_told_without_the_key(key, fault):
    with pytest.raises(Unauthenticated, match=fault) as refusal:
        choose_credentials({"GEMINI_API_KEY": key, "GOOGLE_API_KEY": "b-key"}, no_adc)

    assert "GEMINI_API_KEY" in refusal.value.message
    assert "plan" not in refusal.value.message
    assert refusal.value.hint


def test_oauth_sends_token_and_quota_project():
    request = a_request()

    OAuth(SimpleNamespace(token=lambda *_: "ya29.token"), "my-project").authorize(request)

    assert request.headers["authorization"] == "Bearer ya29.token"
    assert request.headers["x-goog-user-project"] == "my-project"


def test_oauth_redacts_the_token_it_used():
    oauth = OAuth(SimpleNamespace(token=lambda *_: "ya29.token"), None)
    oauth.authorize(a_request())

    assert oauth.redact("bad value 'Bearer ya29.token'") == "bad value 'Bearer [redacted]'"


def test_oauth_redacts_a_token_that_was_renewed_meanwhile():
    tokens = iter(["ya29.first", "ya29.second"])
    oauth = OAuth(SimpleNamespace(token=lambda *_: next(tokens)), None)
    oauth.authorize(a_request())
    oauth.authorize(a_request())

    assert oauth.redact("ya29.first, ya29.second") == "[redacted], [redacted]"


class GoogleAuthError(Exception):
    """As in google.auth.exceptions."""


class TransportError(GoogleAuthError):
    """As in google.auth.exceptions."""


class Adc:
    """A credentials object of google-auth, as far as it is used."""

    quota_project_id = None

    def __init__(self, *, token="ya29.fresh", failure=None):
        self.valid = False
        self.token = None
        self.refreshed = 0
        self._next, self._failure = token, failure

    def refresh(self, request):
        if self._failure:
            raise self._failure
        self.refreshed += 1
        self.token, self.valid = self._next, True


def google_auth(default):
    """An import function for a google-auth that was never installed."""
    modules = {
        "google.auth": SimpleNamespace(default=default),
        "google.auth.exceptions": SimpleNamespace(
            GoogleAuthError=GoogleAuthError, TransportError=TransportError
        ),
        "google.auth.transport.requests": SimpleNamespace(Request=object),
    }
    return modules.__getitem__


def finds(credentials, project=None):
    def default(scopes, request):
        return credentials, project

    return default


def test_adc_gives_a_token_and_asks_for_the_tuning_scope():
    asked, found, request = [], Adc(), a_request()

    def default(scopes, request):
        asked.extend(scopes)
        return found, "adc-project"

    application_default({}, GEMINI, google_auth(default)).authorize(request)

    assert request.headers["authorization"] == "Bearer ya29.fresh"
    assert request.headers["x-goog-user-project"] == "adc-project"
    assert "https://www.googleapis.com/auth/generative-language.tuning" in asked


def test_adc_prefers_the_quota_project():
    found, request = Adc(), a_request()
    found.quota_project_id = "pays"

    application_default({}, GEMINI, google_auth(finds(found, "owns"))).authorize(request)

    assert request.headers["x-goog-user-project"] == "pays"


def test_threads_share_one_refresh():
    found = Adc()
    oauth = application_default({}, GEMINI, google_auth(finds(found)))
    threads = [threading.Thread(target=oauth.authorize, args=(a_request(),)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found.refreshed == 1


@pytest.mark.parametrize(
    ("found", "error", "sent"),
    [
        (Adc(failure=GoogleAuthError("invalid_grant planted")), Unauthenticated, None),
        (Adc(failure=TransportError("planted")), Unreachable, False),
        (Adc(token="bad\ntoken planted"), Unauthenticated, None),
        (Adc(token=None), Unauthenticated, None),
    ],
)
def test_a_token_that_cannot_be_had(found, error, sent):
    oauth = application_default({}, GEMINI, google_auth(finds(found)))

    with pytest.raises(error) as failure:
        oauth.authorize(a_request())

    assert failure.value.hint
    assert "planted" not in failure.value.message
    assert sent is None or failure.value.sent is sent


def test_no_adc_tells_the_next_step():
    def default(scopes, request):
        raise GoogleAuthError

    with pytest.raises(Unauthenticated, match="neither a file nor a metadata server") as failure:
        application_default({}, GEMINI, google_auth(default))

    assert "GEMINI_API_KEY" in failure.value.hint


def test_without_google_auth_the_extra_is_named():
    def missing(name):
        raise ModuleNotFoundError(name=name)

    with pytest.raises(Unauthenticated, match="google-auth, which is not installed") as failure:
        application_default({}, GEMINI, missing)

    assert "tuneform[oauth]" in failure.value.hint
