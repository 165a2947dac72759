"""Application Default Credentials, with google-auth itself and the places that give tokens.

Each way to a token is gone against the practice service over loopback; each way it may fail has a
message with the next step, and no secret in it.
"""

import json
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tuneform.clock import SteeredClock, SystemClock
from tuneform.errors import Refused, Unauthenticated, Unreachable
from tuneform.providers.google.call import Call
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.courier import Courier
from tuneform.providers.google.credentials import GEMINI, application_default, vertex_credentials
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.service import Behaviour, open_service
from tuneform.service.server import running

CLOUD = "https://www.googleapis.com/auth/cloud-platform"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


@pytest.fixture
def practice():
    """A service whose clock is steered, from now on, as google-auth goes by the machine's."""
    clock = SteeredClock(datetime.now(UTC))
    behaviour = Behaviour(only_issued_tokens=True, token_seconds=60, token_seconds_told=3600)
    with (
        open_service(None, clock=clock, trains=False, behaviour=behaviour) as service,
        running(service) as url,
    ):
        yield url, clock


@pytest.fixture
def file(tmp_path):
    """Writes a file of credentials; gives the environment that names it."""

    def write(content, **environ):
        path = tmp_path / "adc.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(path), **environ}

    return write


def account(private_key, url, **changes):
    return {
        "type": "service_account",
        "project_id": "owns",
        "private_key_id": "planted-key-id",
        "private_key": private_key,
        "client_email": "robot@owns.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
        **changes,
    }


def federation(url, source, **changes):
    return {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "credential_source": source,
        **changes,
    }


@pytest.fixture
def client():
    with ExitStack() as closing:

        def build(url, credentials):
            endpoint = check_endpoint(url)
            http = closing.enter_context(open_client(endpoint))
            clock = SystemClock()
            retrier = Retrier(clock, lambda: 0.0)
            return ApiClient(http, endpoint, credentials, clock=clock, retrier=retrier)

        yield build


LOOK = Call("look", "GET", "storage/v1/b/bkt/o")


def authorized(credentials):
    request = httpx.Request("GET", "https://aiplatform.googleapis.com/v1/x")
    credentials.authorize(request)
    return request


# --- the ways to a token -------------------------------------------------------------------------


def test_a_service_account(practice, file, private_key, client):
    url, _ = practice
    credentials = vertex_credentials(file(account(private_key, url)))
    client(url, credentials).send(LOOK)
    assert "x-goog-user-project" not in authorized(credentials).headers


def test_workload_identity_federation(practice, file, tmp_path, client):
    url, _ = practice
    token = tmp_path / "oidc"
    token.write_text("planted-subject")
    credentials = vertex_credentials(file(federation(url, {"file": str(token)})))
    client(url, credentials).send(LOOK)


def test_federation_through_a_service_account(practice, file, tmp_path, client):
    url, _ = practice
    token = tmp_path / "oidc"
    token.write_text("planted-subject")
    lent = f"{url}/v1/projects/-/serviceAccounts/robot@owns.iam:generateAccessToken"
    source = {"file": str(token)}
    credentials = vertex_credentials(
        file(federation(url, source, service_account_impersonation_url=lent))
    )
    client(url, credentials).send(LOOK)


def test_the_file_of_gcloud_is_found(practice, tmp_path, private_key, client):
    url, _ = practice
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    content = json.dumps(account(private_key, url))
    (folder / "application_default_credentials.json").write_text(content)
    client(url, vertex_credentials({"HOME": str(tmp_path)})).send(LOOK)


METADATA = """
import os, sys
from tuneform.providers.google.credentials import vertex_credentials
import httpx
request = httpx.Request("GET", "http://x.invalid")
try:
    vertex_credentials({"HOME": "/nowhere"}).authorize(request)
    print(request.headers["authorization"][:20])
except Exception as error:
    print(error.message, "|", error.hint)
"""


def metadata(host):
    """google-auth reads the host once, when it is imported: a process of its own."""
    environ = {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "GCE_METADATA_TIMEOUT": "1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOOGLE_", "GCE_", "NO_GCE"))}
    done = subprocess.run(
        [sys.executable, "-c", METADATA],
        env=kept | environ | {"HOME": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return done.stdout.strip()


def test_the_metadata_server(practice):
    url, _ = practice
    assert metadata(url.removeprefix("http://")) == "Bearer ya29.practice"


def test_no_metadata_server():
    told = metadata("127.0.0.1:9")
    assert told.startswith("there are no credentials: Application Default Credentials have neither")
    assert "gcloud auth application-default login" in told


# --- the quota project ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "environ", "purpose", "project"),
    [
        ({}, {}, None, None),
        ({"quota_project_id": "pays"}, {}, None, "pays"),
        ({"quota_project_id": "pays"}, {"GOOGLE_CLOUD_QUOTA_PROJECT": "chosen"}, None, "chosen"),
        ({}, {}, GEMINI, "owns"),
        ({}, {"GOOGLE_CLOUD_PROJECT": "here"}, GEMINI, "here"),
        ({"quota_project_id": "pays"}, {"GOOGLE_CLOUD_PROJECT": "here"}, GEMINI, "pays"),
    ],
)
def test_the_quota_project(request, changes, environ, purpose, project):
    url, _ = request.getfixturevalue("practice")
    content = account(request.getfixturevalue("private_key"), url, **changes)
    given = request.getfixturevalue("file")(content, **environ)
    credentials = application_default(given, purpose) if purpose else vertex_credentials(given)
    assert authorized(credentials).headers.get("x-goog-user-project") == project


# --- a token that is not accepted any more -------------------------------------------------------


def test_an_expired_token_is_renewed_and_the_call_sent_again(practice, file, private_key, client):
    url, clock = practice
    sender = client(url, vertex_credentials(file(account(private_key, url))))
    sender.send(LOOK)
    clock.sleep(61)  # for the service; here the token looks valid
    path, query = "upload/storage/v1/b/bkt/o", "uploadType=media&name=a&ifGenerationMatch=0"
    sender.send(Call("create", "POST", path, query, b"{}", repeatable=False))
    clock.sleep(61)
    sender.send(LOOK)


def test_a_token_that_is_never_accepted_is_renewed_once(scripted_401):
    sender, tokens, requests = scripted_401
    with pytest.raises(Unauthenticated):
        sender.send(LOOK)
    assert len(requests) == 2
    assert tokens == [None, "t1", None]


@pytest.fixture
def scripted_401():
    from tuneform.providers.google.credentials import OAuth

    asked, requests = [], []

    class Tokens:
        current = 1

        def token(self, refused=None):
            asked.append(refused)
            if refused == f"t{self.current}":
                self.current += 1
            return f"t{self.current}"

    def answer(request):
        requests.append(request.headers["authorization"])
        body = {"error": {"code": 401, "message": "no Bearer t1, t2", "status": "UNAUTHENTICATED"}}
        return httpx.Response(401, json=body)

    endpoint = check_endpoint("http://127.0.0.1:1")
    http = open_client(endpoint, transport=httpx.MockTransport(answer))
    clock = SteeredClock()
    retrier = Retrier(clock, lambda: 0.0)
    return (
        ApiClient(http, endpoint, OAuth(Tokens(), None), clock=clock, retrier=retrier),
        (asked),
        requests,
    )


def test_a_token_that_cannot_be_renewed_in_mid_run(practice, file, private_key, client):
    url, clock = practice
    with running_for(practice) as other:
        sender = client(url, vertex_credentials(file(account(private_key, other))))
        sender.send(LOOK)
    clock.sleep(61)
    with pytest.raises(Unreachable, match="token service cannot be reached") as failure:
        sender.send(Call("create", "POST", "upload/storage/v1/b/bkt/o", repeatable=False))
    assert failure.value.sent is False


def running_for(practice):
    """A door of its own for tokens, which can be shut; the tokens are those of the service."""
    from contextlib import contextmanager
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    url = practice[0]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {"Content-Type": self.headers["Content-Type"]}
            reply = httpx.post(f"{url}{self.path}", content=body, headers=headers, trust_env=False)
            self.send_response(reply.status_code)
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_):
            pass

    @contextmanager
    def door():
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    return door()


# --- refusals, each with its remedy --------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "says", "hint"),
    [
        ("deleted@x", "the account does not exist", "service account and its key"),
        ("revoked@x", "expired, or was revoked", "service account and its key"),
        ("reauth@x", "confirmed again", "gcloud auth application-default login"),
    ],
)
def test_a_service_account_that_is_refused(practice, file, private_key, email, says, hint):
    environ = file(account(private_key, practice[0], client_email=email))
    refused(vertex_credentials(environ), says, hint)


def test_a_clock_that_is_wrong(practice, file, private_key):
    url, clock = practice
    clock.sleep(7200)
    credentials = vertex_credentials(file(account(private_key, url)))
    refused(credentials, "the clock of this machine differs", "set the clock")


@pytest.mark.parametrize(
    ("token", "changes", "says", "hint"),
    [
        (None, {}, "reads its own token from is not there", "the pipeline writes it"),
        ("", {}, "cannot read its own token", "id-token: write"),
        ("revoked", {}, "does not accept the token of this pipeline", "attribute condition"),
        ("t", {"audience": "//other"}, "the workload identity pool or provider", "audience"),
    ],
)
def test_a_federation_that_is_refused(request, token, changes, says, hint):
    practice, file, folder = map(request.getfixturevalue, ("practice", "file", "tmp_path"))
    source = folder / "oidc"
    if token is not None:
        source.write_text(token)
    environ = file(federation(practice[0], {"file": str(source)}, **changes))
    refused(vertex_credentials(environ), says, hint)


def test_impersonation_that_is_not_permitted(practice, file, tmp_path):
    url, _ = practice
    source = tmp_path / "oidc"
    source.write_text("t")
    lent = f"{url}/v1/projects/-/serviceAccounts/revoked@x:generateAccessToken"
    content = federation(url, {"file": str(source)}, service_account_impersonation_url=lent)
    refused(vertex_credentials(file(content)), "does not permit it", "workloadIdentityUser")


def refused(credentials, says, hint):
    with pytest.raises(
        Unauthenticated, match="cannot get an access token with the cred"
    ) as failure:
        authorized(credentials)
    assert says in failure.value.message
    assert hint in failure.value.hint
    assert failure.value.__cause__ is None
    assert "planted" not in failure.value.message


def test_a_token_service_that_cannot_be_reached(file, private_key):
    credentials = vertex_credentials(file(account(private_key, "http://127.0.0.1:9")))
    with pytest.raises(Unreachable, match="token service cannot be reached") as failure:
        authorized(credentials)
    assert failure.value.sent is False


def test_scopes_that_do_not_suffice(practice, file, private_key, client):
    url, _ = practice
    from dataclasses import replace

    purpose = replace(GEMINI, scopes=("https://www.googleapis.com/auth/userinfo.email",))
    sender = client(url, application_default(file(account(private_key, url)), purpose))
    from tuneform.errors import Forbidden

    with pytest.raises(Forbidden, match="insufficient authentication scopes"):
        sender.send(LOOK)


# --- files that are none -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("planted", "is not a JSON object"),
        ('["planted"]', "is not a JSON object"),
        ("", "is not a JSON object"),
        ({"private_key": "planted"}, "its type is missing"),
        ({"type": "planted_type"}, "its type is 'planted_type'"),
        ({"type": "service_account", "client_email": "planted"}, "is not complete, or damaged"),
        ({"type": "authorized_user"}, "is not complete, or damaged"),
        ({"type": "external_account", "credential_source": 5}, "is not complete, or damaged"),
        ({"type": "external_account_authorized_user"}, "is not complete, or damaged"),
        ({"type": "impersonated_service_account"}, "is not complete, or damaged"),
    ],
)
def test_a_file_that_holds_no_credentials(file, content, says):
    with pytest.raises(Unauthenticated) as failure:
        vertex_credentials(file(content))
    assert says in failure.value.message
    assert "GOOGLE_APPLICATION_CREDENTIALS" in failure.value.message
    assert failure.value.hint
    assert "planted" not in failure.value.message.replace("'planted_type'", "")


@pytest.mark.parametrize(
    ("named", "says"),
    [("", "is set, but empty"), ("/nowhere/adc.json", "No such file"), ("/", "Is a directory")],
)
def test_a_file_that_cannot_be_read(named, says):
    with pytest.raises(Unauthenticated, match=says) as failure:
        vertex_credentials({"GOOGLE_APPLICATION_CREDENTIALS": named})
    assert failure.value.hint


def test_a_key_that_is_damaged(file):
    content = account("-----BEGIN PRIVATE KEY-----\nplanted\n-----END", "http://127.0.0.1:9")
    with pytest.raises(Unauthenticated, match="damaged") as failure:
        vertex_credentials(file(content))
    assert "planted" not in failure.value.message


# --- where secrets may go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/token",
        "http://oauth2.googleapis.com/token",
        "https://storage.googleapis.com/strangers/token",
        "https://oauth2.googleapis.com.evil.example/token",
        "https://oauth2.googleapis.com@evil.example/token",
        "https://xoauth2.googleapis.com.evil/token",
        "oauth2.googleapis.com",
    ],
)
@pytest.mark.parametrize("name", ["token_uri", "token_url", "service_account_impersonation_url"])
def test_a_file_cannot_send_secrets_elsewhere(file, name, place):
    inner = {"type": "impersonated_service_account", "source_credentials": {name: place}}
    for content in ({"type": "service_account", name: place}, inner):
        with pytest.raises(Refused, match=name):
            vertex_credentials(file(content))


@pytest.mark.parametrize(
    "place",
    [
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://sts.googleapis.com/v1/token",
        "https://sts.mtls.googleapis.com/v1/token",
        "https://sts.europe-west4.rep.googleapis.com/v1/token",
        "https://europe-west4-iamcredentials.googleapis.com/v1/x",
        "http://127.0.0.1:9/token",
        "https://tokens.example/token",
    ],
)
def test_places_that_secrets_may_go_to(file, private_key, place):
    environ = file(account(private_key, "", token_uri=place))
    vertex_credentials(environ | {"TUNEFORM_TRUSTED_ENDPOINTS": "tokens.example"})


def test_the_courier_goes_nowhere_else():
    courier = Courier(RuntimeError, ())
    with pytest.raises(Refused):
        courier("https://evil.example/token", "POST", b"planted")
    with pytest.raises(RuntimeError) as failure:
        courier("http://127.0.0.1:9/token", "POST", b"planted")
    assert "planted" not in str(failure.value)


def test_no_secret_shows_anywhere(practice, file, private_key, caplog, capfd, client):
    url, clock = practice
    caplog.set_level(logging.DEBUG)
    environ = file(account(private_key, url))
    credentials = vertex_credentials(environ)
    sender = client(url, credentials)
    sender.send(LOOK)
    token = authorized(credentials).headers["authorization"].removeprefix("Bearer ")
    clock.sleep(61)
    sender.send(LOOK)
    out, err = capfd.readouterr()
    shown = caplog.text + out + err + repr(credentials) + repr(sender)
    assert token.startswith("ya29.practice.")
    for secret in (token, private_key.splitlines()[1], "planted-key-id"):
        assert secret not in shown
