"""What goes over the wire, what is logged, and that the key shows nowhere."""

import logging
import threading
import traceback

import httpx
import pytest

from tuneform import errors
from tuneform.clock import SteeredClock
from tuneform.providers.gemini import calls
from tuneform.providers.google import client
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint


def test_what_every_request_carries(scripted, say):
    script = scripted(say.reply({}))

    script.client.send(calls.list_models(None, curves=False))

    request = script.requests[0]
    assert request.headers["x-goog-api-key"] == say.key
    assert request.headers["user-agent"].startswith("tuneform/")
    assert request.url.host == "generativelanguage.googleapis.com"
    assert say.key not in str(request.url)
    assert request.extensions["timeout"] == {
        "connect": client.CONNECT_SECONDS,
        "read": client.READ_SECONDS,
        "write": client.WRITE_SECONDS,
        "pool": client.POOL_SECONDS,
    }


def test_a_path_prefix_is_kept(scripted, say):
    script = scripted(say.reply({}), endpoint="http://127.0.0.1:8765/pre/fix/")

    script.client.send(calls.delete_model(say.remote))

    assert str(script.requests[0].url) == f"http://127.0.0.1:8765/pre/fix/v1beta/{say.remote}"


def test_defaults_of_a_client_that_was_handed_in_play_no_part(say):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(302, headers={"location": "/x", "set-cookie": "a=b"})

    endpoint, clock = check_endpoint("http://localhost"), SteeredClock()
    http = httpx.Client(
        transport=httpx.MockTransport(answer),
        base_url="http://evil.example",
        headers={"x-theirs": "1"},
        auth=("user", "word"),
        follow_redirects=True,
    )
    ours = ApiClient(
        http, endpoint, ApiKey(say.key), clock=clock, retrier=Retrier(clock, lambda: 0.0)
    )

    for _ in range(2):
        with pytest.raises(errors.BadReply):
            ours.send(calls.delete_model(say.remote))

    assert [each.url.host for each in seen] == ["localhost", "localhost"]
    assert not {"x-theirs", "authorization", "cookie"} & set(seen[1].headers)


def test_a_read_is_sent_again_and_a_create_is_not(scripted, say):
    busy = say.failed(503, "UNAVAILABLE", "Overloaded.", retry_after="3")
    told = []
    script = scripted(busy, busy, say.reply({}), notice=told.append)

    assert list(script.provider.list()) == []
    assert script.clock.monotonic() == 3 + 0.25 + 3 + 0.5
    assert "cannot list the tuned models" in told[0]

    script = scripted(busy)
    with pytest.raises(errors.ServiceFailure):
        script.provider.start(say.creation())
    assert len(script.requests) == 1


@pytest.mark.parametrize("verb", ["observe", "delete", "cancel", "training"])
def test_safe_verbs_are_sent_again_after_a_lost_reply(scripted, say, verb):
    gone = say.failed(404, "NOT_FOUND", "Tuned model tunedModels/x does not exist.")
    script = scripted(httpx.ReadTimeout("lost"), gone, gone)

    getattr(script.provider, verb)(say.remote)

    assert script.lines()[0] == script.lines()[1]


def test_only_loopback_and_other_transports_ignore_proxies_of_the_environment():
    def trusts(endpoint, **options):
        with open_client(check_endpoint(endpoint), **options) as http:
            return http.trust_env

    assert trusts(None)
    assert not trusts("http://127.0.0.1:1")
    assert not trusts(None, transport=httpx.MockTransport(lambda _: httpx.Response(200)))


def test_threads_share_a_client(scripted, say):
    script = scripted(*[say.reply({"name": say.remote, "state": "ACTIVE"})] * 40)
    found = []

    def look():
        for _ in range(10):
            found.append(script.provider.observe(say.remote))  # noqa: PERF401 - shared on purpose

    threads = [threading.Thread(target=look) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(found) == 40
    assert len(set(map(str, found))) == 1


def test_the_log_has_no_body_key_or_value_of_a_query(scripted, say, caplog):
    page = {"tunedModels": [{"name": say.remote, "description": "secret text"}]}
    script = scripted(
        say.reply({**page, "nextPageToken": "secret-token"}),
        say.reply({}),
        say.failed(403, "PERMISSION_DENIED", f"no {say.key}"),
    )
    with caplog.at_level(logging.DEBUG, logger="tuneform"):
        list(script.provider.list())
        with pytest.raises(errors.Forbidden):
            script.provider.ask(say.remote, "secret prompt")

    lines = [each.getMessage() for each in caplog.records if each.name.startswith("tuneform")]
    query = "pageSize,prettyPrint,fields"
    assert lines[0].startswith(f"GET v1beta/tunedModels({query}) 200, ")
    assert lines[1].startswith(f"GET v1beta/tunedModels({query},pageToken) 200, ")
    assert lines[2].startswith(f"POST v1beta/{say.remote}:generateContent() forbidden 403, ")
    assert "secret" not in "".join(lines)


FAILURES = [
    httpx.LocalProtocolError("Illegal header value b'{key}'"),
    httpx.ConnectError("no {key}"),
    httpx.ReadTimeout("{key}"),
    httpx.Response(200, text="<html>{key}</html>"),
    httpx.Response(200, text='{{"name": {{"{key}": 1}}}}'),
    httpx.Response(500, text="{key}"),
    httpx.Response(302, headers={"location": "https://evil.example/{key}"}),
    httpx.Response(403, json={"error": {"message": "{key}", "status": "{key}"}}),
]


def planted(value, key):
    """The failure with the key in it."""
    if isinstance(value, Exception):
        return type(value)(str(value).format(key=key))
    headers = {name: each.format(key=key) for name, each in value.headers.items()}
    headers.pop("content-length", None)
    text = value.text.replace("{{", "{").replace("}}", "}").replace("{key}", key)
    return httpx.Response(value.status_code, headers=headers, text=text)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: repr(each)[:40])
def test_the_key_shows_nowhere(scripted, say, caplog, failure):
    script = scripted(planted(failure, say.key))

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.RemoteError) as raised:
        script.provider.start(say.creation())

    # With the locals of our frames, as a crash reporter would send them.
    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    ours = [
        frame
        for frame in trace.stack
        if "tuneform" in frame.filename and "tests" not in frame.filename
    ]
    assert ours
    repeated = isinstance(failure, httpx.Response) and failure.is_success  # in the body we decode
    shown = [] if repeated else [str(frame.locals) for frame in ours]
    shown += [str(raised.value), repr(raised.value), str(vars(raised.value))]
    shown += [each.getMessage() for each in caplog.records]
    shown += traceback.format_exception(raised.value)
    assert say.key not in "".join(shown)
    assert say.key not in repr(script.client)
