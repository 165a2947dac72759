"""Where tokens come from, in the words of OAuth; and what becomes of tokens."""

import base64
import json

import pytest

from tuneform.service import Behaviour
from tuneform.service.credentials import SUFFICIENT

CLOUD = "https://www.googleapis.com/auth/cloud-platform"
NOW = 1_767_225_600  # when a steered clock starts
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
LEND = "/v1/projects/-/serviceAccounts/robot@p.iam:generateAccessToken"


def assertion(**changes):
    claims = {"iss": "robot@p.iam", "iat": NOW, "exp": NOW + 3600, "scope": CLOUD, **changes}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


def token_of(practice, **changes):
    form = {"grant_type": JWT, "assertion": assertion(**changes)}
    answer = practice.client.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def look(practice, token, path="/v1beta/tunedModels"):
    return practice.client.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def guarded(practice_with):
    def build(**behaviour):
        return practice_with(training=False, require_key=True, behaviour=Behaviour(**behaviour))

    return build


def test_every_grant_gives_a_token_that_opens(guarded):
    practice = guarded(only_issued_tokens=True)
    client = practice.client
    subject = {"subject_token": "t", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
    exchange = {"grant_type": EXCHANGE, "audience": POOL, "scope": CLOUD, **subject}
    refresh = {"grant_type": "refresh_token", "client_id": "c", "refresh_token": "r"}
    answers = [
        client.post("/token", data={"grant_type": JWT, "assertion": assertion()}),
        client.post("/token", data=refresh | {"scope": CLOUD}),
        client.post("/v1/token", data=exchange),
        client.post(LEND, json={"scope": [CLOUD]}),
        client.get(
            "/computeMetadata/v1/instance/service-accounts/default/token",
            headers={"Metadata-Flavor": "Google"},
        ),
    ]
    tokens = []
    for answer in answers:
        assert answer.status_code == 200, answer.text
        tokens.append(answer.json().get("access_token") or answer.json()["accessToken"])
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        assert look(practice, token).status_code == 200
        assert look(practice, token, "/storage/v1/b/bkt/o").status_code == 200
    assert answers[3].json()["expireTime"] == "2026-01-01T01:00:00Z"
    assert answers[0].json()["expires_in"] == 3600


def test_tokens_expire(guarded):
    practice = guarded(token_seconds=60, token_seconds_told=3600)
    token = token_of(practice)
    practice.service._settings.clock.sleep(59)
    assert look(practice, token).status_code == 200
    practice.service._settings.clock.sleep(2)
    refused = look(practice, token).json()["error"]
    assert (refused["code"], refused["status"]) == (401, "UNAUTHENTICATED")
    assert refused["message"].startswith("Request had invalid authentication credentials.")
    stored = look(practice, token, "/storage/v1/b/bkt/o").json()["error"]
    assert (stored["code"], stored["message"]) == (401, "Invalid Credentials")


def test_tokens_from_elsewhere(guarded):
    assert look(guarded(), "any").status_code == 200
    assert look(guarded(only_issued_tokens=True), "any").status_code == 401


def test_a_token_that_was_changed_is_one_from_elsewhere(guarded):
    practice = guarded(only_issued_tokens=True)
    token = token_of(practice)
    assert look(practice, token[:-1] + ("A" if token[-1] != "A" else "B")).status_code == 401


def test_a_token_for_something_else(guarded):
    practice = guarded()
    token = token_of(practice, scope="https://www.googleapis.com/auth/userinfo.email")
    refused = look(practice, token).json()["error"]
    assert refused["code"] == 403
    assert refused["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert CLOUD in SUFFICIENT


def test_each_account_has_its_own(guarded):
    practice = guarded(accounts="per-key")
    one, other = token_of(practice, iss="one@x"), token_of(practice, iss="other@x")
    body = practice.body()
    headers = {"Authorization": f"Bearer {one}"}
    made = practice.client.post("/v1beta/tunedModels?tunedModelId=a", json=body, headers=headers)
    assert made.status_code == 200
    path = "/v1beta/tunedModels/a"
    assert look(practice, token_of(practice, iss="one@x"), path).status_code == 200
    assert look(practice, other, path).status_code == 403


@pytest.mark.parametrize(
    ("path", "form", "error"),
    [
        ("/token", {}, "invalid_request"),
        ("/token", {"grant_type": "password"}, "unsupported_grant_type"),
        ("/token", {"grant_type": JWT}, "invalid_request"),
        ("/token", {"grant_type": JWT, "assertion": "no jwt"}, "invalid_grant"),
        ("/token", {"grant_type": JWT, "assertion": assertion(exp=NOW - 400)}, "invalid_grant"),
        ("/token", {"grant_type": JWT, "assertion": assertion(iat=NOW + 400)}, "invalid_grant"),
        ("/token", {"grant_type": JWT, "assertion": assertion(exp=NOW + 9000)}, "invalid_grant"),
        ("/token", {"grant_type": JWT, "assertion": assertion(iss="deleted@x")}, "invalid_grant"),
        (
            "/token",
            {"grant_type": "refresh_token", "client_id": "c", "refresh_token": "reauth"},
            "invalid_grant",
        ),
        ("/v1/token", {"grant_type": EXCHANGE}, "invalid_request"),
        ("/v1/token", {"grant_type": EXCHANGE, "audience": "//other"}, "invalid_target"),
        (LEND.replace("robot", "revoked"), {}, "invalid_grant"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} fields",
)
def test_what_is_refused_is_told_as_oauth_does(practice, path, form, error):
    answer = practice.client.post(path, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def test_the_metadata_server_answers_only_those_who_say_that_they_mean_it(practice):
    path = "/computeMetadata/v1/instance/service-accounts/default"
    flavour = {"Metadata-Flavor": "Google"}
    assert practice.client.get(f"{path}/token").status_code == 403
    about = practice.client.get(f"{path}/?recursive=true", headers=flavour)
    assert about.json()["email"] == "machine@practice.invalid"
    assert about.headers["Metadata-Flavor"] == "Google"
    assert practice.client.get(f"{path}/email", headers=flavour).text == about.json()["email"]
    assert practice.client.get("/", headers=flavour).headers["Metadata-Flavor"] == "Google"
    assert practice.client.get("/").status_code == 404
    assert practice.client.get("/computeMetadata/v1/odd", headers=flavour).status_code == 404
