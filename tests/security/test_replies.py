"""A service that answers anything: every verb ends with a value or a clear error."""

import gzip
import json
import logging
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.providers.conftest import KEY, REMOTE, a_creation, a_mark
from tests.render.laws import FOREIGN, assert_safe

from tuneform.clock import SteeredClock
from tuneform.domain.live import Live, LiveState
from tuneform.domain.spec import Fields
from tuneform.errors import BadReply, RemoteError, TuneformError
from tuneform.providers.gemini.provider import GeminiProvider, capabilities
from tuneform.providers.google import client as client_module
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.render.diagnostics import error_json, error_text
from tuneform.render.json_text import json_text
from tuneform.render.look import Look

HOST = "generativelanguage.googleapis.com"
LIVE = Live(REMOTE, LiveState.ACTIVE, a_mark())
VERBS: dict[str, Callable[[GeminiProvider], object]] = {
    "list": lambda provider: list(provider.list()),
    "curves": lambda provider: list(provider.list(curves=True)),
    "bases": GeminiProvider.tunable_bases,
    "observe": lambda provider: provider.observe(REMOTE),
    "start": lambda provider: provider.start(a_creation()),
    "patch": lambda provider: provider.patch(LIVE, Fields(description="New."), a_mark()),
    "cancel": lambda provider: provider.cancel(REMOTE),
    "delete": lambda provider: provider.delete(REMOTE),
    "training": lambda provider: provider.training(REMOTE),
    "ask": lambda provider: provider.ask(REMOTE, "one"),
}
verbs = st.sampled_from(sorted(VERBS))


def provider_of(answer: Callable[[httpx.Request], httpx.Response]) -> GeminiProvider:
    endpoint, clock = check_endpoint(None), SteeredClock()
    http = open_client(endpoint, transport=httpx.MockTransport(answer))
    retrier = Retrier(clock, lambda: 0.5)
    client = ApiClient(http, endpoint, ApiKey(KEY), clock=clock, retrier=retrier)
    return GeminiProvider(client, capabilities("gemini"))


def outcome(verb: str, answer: Callable[[httpx.Request], httpx.Response]) -> object:
    """What the verb gives, or the error, which must be one that a person can use."""
    try:
        return VERBS[verb](provider_of(answer))
    except TuneformError as error:
        check_usable(error)
        return error


def check_usable(error: TuneformError) -> None:
    assert isinstance(error, RemoteError)
    told = error_text(error, Look(width=100))
    assert_safe(told)
    assert_safe(json_text(error_json(error)))
    assert error.message.startswith("cannot ") or REMOTE in error.message
    assert error.hint, error.message
    assert KEY not in told + error.message + error.hint + str(error.reason)
    assert len(error.message) < 1_000


KEYS = st.sampled_from(
    [
        *("tunedModels", "models", "operations", "nextPageToken", "name", "displayName"),
        *("description", "baseModel", "tunedModelSource", "tunedModel", "temperature", "topP"),
        *("topK", "state", "createTime", "tuningTask", "hyperparameters", "epochCount"),
        *("batchSize", "learningRate", "learningRateMultiplier", "snapshots", "step", "epoch"),
        *("meanLoss", "done", "error", "code", "message", "status", "details", "reason"),
        *("retryDelay", "fieldViolations", "field", "requestId", "metadata", "@type"),
        *("totalSteps", "completedSteps", "candidates", "content", "parts", "text", "thought"),
        *("finishReason", "promptFeedback", "blockReason", "supportedGenerationMethods"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    FOREIGN,
    st.sampled_from(
        [
            *(REMOTE, f"{REMOTE}/operations/x", "ACTIVE", "CREATING", "FAILED", "STOP", "NaN"),
            *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00", "2026-02-30T00:00:00Z"),
            *("tunedModels/..", "tunedModels/a/b", "createTunedModel", KEY, f"a {KEY} b", "1e999s"),
            f"{a_mark()}",
        ]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
MODEL = st.fixed_dictionaries(
    {"name": FOREIGN | st.just(REMOTE)},
    optional={
        "displayName": FOREIGN,
        "description": FOREIGN | FOREIGN.map(lambda text: f"{text}\n{a_mark()}"),
        "baseModel": FOREIGN,
        "temperature": st.floats(),
        "topP": st.floats(),
        "topK": st.integers(),
        "state": FOREIGN | st.integers(-5, 5) | st.just("ACTIVE"),
        "createTime": st.sampled_from(
            ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00"]
        ),
        "tuningTask": st.fixed_dictionaries(
            {},
            optional={
                "hyperparameters": st.dictionaries(KEYS, SCALARS, max_size=4),
                "snapshots": st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "step": st.integers(),
                            "epoch": st.integers(),
                            "meanLoss": st.floats() | st.text(max_size=8),
                        },
                    ),
                    max_size=4,
                ),
            },
        ),
    },
)
PAGES = st.lists(MODEL, max_size=4).map(lambda models: {"tunedModels": models})
ODD_JSON = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b'{"name": "\xff"}',
    b'{"name": "\\ud800"}',
    b'{"name": "a", "name": "b"}',
    f'{{"name": "{REMOTE}", "name": "tunedModels/other"}}'.encode(),
    b'{"tunedModels": [{"name": "a", "temperature": 1e999}]}',
    b'{"tunedModels": [{"name": "a", "topK": 1' + b"0" * 5_000 + b"}]}",
    b'{"tunedModels": [' + b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"error": {"details": [' + b"[" * 50_000,
    b"<html><body>\x1b[2JSign in</body></html>",
    b"{} trailing",
]


def dumped(tree: Any) -> bytes:
    """As loosely as a broken service would write it: NaN, halves of characters."""
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


def reply(body: bytes, status: int = 200, **headers: str) -> Callable[..., httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=body, headers=named)


@given(verbs, TREES.map(dumped) | PAGES.map(dumped) | st.binary(max_size=60))
@settings(max_examples=600)
def test_any_body(verb, body):
    outcome(verb, reply(body))


@given(
    verbs,
    st.integers(100, 999),
    TREES.map(lambda tree: dumped({"error": tree})) | TREES.map(dumped) | st.binary(max_size=60),
    st.sampled_from(
        ["", "0", "-1", "1e400", "nan", "x", "Sun, 99 Nov 2026 25:00:00 GMT", "9" * 40]
    ),
    FOREIGN,
)
@settings(max_examples=600)
def test_any_status(verb, status, body, wait, location):
    headers = {"retry-after": wait, "x-request-id": "\x1b]0;x\x07", "location": location}
    raw = [(name, value.encode("utf-8", "replace")) for name, value in headers.items()]
    if 100 <= status < 200:
        status += 100
    outcome(verb, lambda _: httpx.Response(status, content=body, headers=raw))


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("body", ODD_JSON, ids=range(len(ODD_JSON)))
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_bodies_known_to_be_odd(verb, body, status):
    outcome(verb, reply(body, status))


@given(PAGES)
@settings(max_examples=300)
def test_what_is_read_from_a_list_can_be_shown(page):
    found = outcome("curves", reply(dumped(page)))
    if isinstance(found, list):
        for live in found:
            assert_safe(repr(live.state))
            json_text({"temperature": live.temperature, "top_p": live.top_p})


# Size, and how it arrives.


class Endless(httpx.SyncByteStream):
    """A body without end; reading more than a hundred times the limit is a failure."""

    def __init__(self, piece: bytes, most: int) -> None:
        self.piece = piece
        self.left = 100 * most
        self.closed = False

    def __iter__(self):
        while True:
            self.left -= len(self.piece)
            assert self.left > 0, "this body is read without end"
            yield self.piece

    def close(self) -> None:
        self.closed = True


def limited(answer: Callable[[httpx.Request], httpx.Response], most: int) -> GeminiProvider:
    endpoint, clock = check_endpoint(None), SteeredClock()
    client = ApiClient(
        open_client(endpoint, transport=httpx.MockTransport(answer)),
        endpoint,
        ApiKey(KEY),
        clock=clock,
        retrier=Retrier(clock, lambda: 0.0),
        reply_bytes=most,
    )
    return GeminiProvider(client, capabilities("gemini"))


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_reply_without_end_is_refused(verb):
    stream = Endless(b" " * 4_096, 100_000)
    provider = limited(lambda _: httpx.Response(200, stream=stream), 100_000)

    with pytest.raises(BadReply, match="larger than 100,000 bytes") as raised:
        VERBS[verb](provider)

    assert raised.value.hint
    assert stream.closed


@pytest.mark.parametrize("status", [302, 400, 403, 404, 500])
def test_an_error_without_end_is_cut(status):
    stream = Endless(b"x" * 4_096, client_module.ERROR_BYTES)
    provider = limited(lambda _: httpx.Response(status, stream=stream), 100_000)

    with pytest.raises(RemoteError) as raised:
        list(provider.list())

    assert len(raised.value.message) < 1_000
    assert stream.closed


def test_what_a_small_reply_unpacks_to_is_counted():
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < 20_000
    provider = limited(
        lambda _: httpx.Response(200, content=bomb, headers={"content-encoding": "gzip"}),
        1_000_000,
    )

    with pytest.raises(BadReply, match="larger than 1,000,000 bytes"):
        list(provider.list())


def test_a_reply_of_just_the_size_is_read():
    body = b"{}" + b" " * 98
    assert list(limited(lambda _: httpx.Response(200, content=body), 100).list()) == []


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-6]),
        ("deflate", zlib.compress(b"{}")[:-3]),
        ("br", b"no brotli"),
        ("x-unknown", b"\x1b[2J"),
        ("gzip, gzip", gzip.compress(b"{}", mtime=0)),
    ],
)
@pytest.mark.parametrize("verb", ["list", "observe", "start"])
def test_encodings_that_are_none(verb, encoding, body):
    outcome(verb, reply(body, content_encoding=encoding))


@pytest.mark.parametrize("message", ["\x1b[31mred", "a\nb\r::error::c", "\u202eevil", "\x9b2J"])
def test_the_log_is_one_line_for_each_request(message, caplog):
    """Whatever the service says, a line of the log is ours."""
    with caplog.at_level(logging.DEBUG, logger="tuneform"):
        for verb in VERBS:
            outcome(verb, reply(dumped({"error": {"message": message, "status": message}}), 403))
            outcome(verb, reply(dumped({"name": message, "tunedModels": [{"name": message}]})))

    lines = [each.getMessage() for each in caplog.records if each.name.startswith("tuneform")]
    assert len(lines) >= 2 * len(VERBS)
    for line in lines:
        assert line.startswith(("GET ", "POST ", "PATCH ", "DELETE "))
        assert_safe(line)
        assert "\n" not in line
