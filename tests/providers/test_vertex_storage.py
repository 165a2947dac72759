"""Datasets on their way into a bucket, past whatever happens to a connection on the way."""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.clock import SteeredClock, SystemClock
from tuneform.dataset.digest import canonical
from tuneform.dataset.rows import Batch
from tuneform.dataset.tally import Tally
from tuneform.domain.spec import DatasetRef
from tuneform.errors import (
    BadReply,
    Forbidden,
    InvalidRequest,
    NotFound,
    RemoteError,
    Stale,
    Unreachable,
)
from tuneform.providers.google.client import ApiClient, open_client
from tuneform.providers.google.credentials import ApiKey
from tuneform.providers.google.retry import Retrier
from tuneform.providers.google.trust import check_endpoint
from tuneform.providers.vertex.bases import LIMITS
from tuneform.providers.vertex.jsonl import Encoded, encode
from tuneform.providers.vertex.storage import Bucket
from tuneform.service import Behaviour, open_service
from tuneform.service.fault_file import faults_of
from tuneform.service.in_process import InProcess
from tuneform.service.server import running

GRANULE = 1 << 18
DIGEST = "ab" * 32
NAME = f"datasets/{DIGEST}.jsonl"
URL = f"gs://bkt/{NAME}"
LONG = [(f"{n} " + "x" * 1000, "y" * 1000) for n in range(400)]  # 0.8 MB: four pieces of 256 KiB


class Recording(httpx.BaseTransport):
    """Passes requests on, and remembers them."""

    def __init__(self, inner):
        self.inner = inner
        self.requests = []

    def handle_request(self, request):
        self.requests.append(request)
        return self.inner.handle_request(request)

    def close(self):
        self.inner.close()

    def lines(self):
        return [
            f"{each.method} {each.headers.get('content-range', '')}".strip()
            for each in self.requests
        ]


class Store:
    """A bucket behind a client, and the service that it is in."""

    def __init__(self, service, clock, transport, endpoint="http://127.0.0.1"):
        self.service = service
        self.recording = Recording(transport)
        admitted = check_endpoint(endpoint, ("storage.googleapis.com",))
        self.http = open_client(admitted, transport=self.recording)
        self.client = ApiClient(
            self.http,
            admitted,
            ApiKey("KEY!"),
            clock=clock,
            retrier=Retrier(clock, lambda: 0.5),
        )
        self.bucket = Bucket(self.client, "gs://bkt/datasets", piece=GRANULE)

    def put(self, examples=LONG, owner="demo/prod", digest=DIGEST):
        return self.bucket.put(digest, examples, owner)

    def there(self, name=NAME):
        return self.service.objects.get("bkt", name)

    def content(self, name=NAME):
        return b"".join(self.there(name).chunks())

    def lines(self):
        return self.recording.lines()


@pytest.fixture(params=["in process", "over a port"])
def store_with(request):
    """Opens services with faults and behaviour, and a bucket to upload to."""
    with ExitStack() as stack:

        def opener(*rules, **behaviour):
            clock = SteeredClock()
            service = stack.enter_context(
                open_service(
                    None,
                    clock=clock,
                    trains=False,
                    require_key=False,
                    faults=faults_of({"rules": list(rules)}),
                    behaviour=Behaviour(**behaviour),
                )
            )
            if request.param == "in process":
                store = Store(service, clock, InProcess(service))
            else:
                url = stack.enter_context(running(service))
                store = Store(service, clock, httpx.HTTPTransport(), url)
            stack.enter_context(store.http)
            return store

        yield opener


@pytest.fixture
def scripted():
    """A bucket behind replies that stand in a row."""

    def build(*answers):
        script = iter(answers)
        clock = SteeredClock()
        transport = httpx.MockTransport(lambda _: next(script))
        return Store(None, clock, transport, "https://storage.googleapis.com")

    return build


def lines_of(examples):
    return [
        {
            "contents": [
                {"role": "user", "parts": [{"text": text}]},
                {"role": "model", "parts": [{"text": output}]},
            ]
        }
        for text, output in examples
    ]


def parsed(data):
    return [json.loads(line) for line in data.decode().splitlines()]


# --- encoding ------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20))
def test_examples_are_written_as_a_job_reads_them(examples):
    with encode(iter(examples)) as encoded:
        encoded.file.seek(0)
        data = encoded.file.read()
    assert [json.loads(line) for line in data.split(b"\n")[:-1]] == lines_of(examples)
    assert (encoded.size, data.count(b"\n")) == (len(data), len(examples))
    assert encoded.md5 == base64.b64encode(hashlib.md5(data).digest()).decode()


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=20))
def test_how_large_they_get_is_known_before(examples):
    with encode(iter(examples)) as encoded:
        size = encoded.size
    inputs, outputs = ([each[side] for each in examples] for side in (0, 1))
    batch = Batch(range(1, len(examples) + 1), inputs, outputs, canonical(inputs, outputs))
    for most in (size - 1, size):
        tally = Tally(DatasetRef("x.jsonl", "jsonl"), replace(LIMITS, sent_bytes=most))
        tally.count(batch)
        told = {each.code for each in tally.diagnostics()}
        assert ("dataset-too-large" in told) is (most < size)


def test_what_reading_raises_passes_and_nothing_is_sent(store_with):
    def stale():
        yield ("1", "2")
        raise Stale("the file changed")

    store = store_with()
    with pytest.raises(Stale):
        store.put(stale())
    assert store.lines() == []


def test_half_of_a_character_is_told_without_the_text(store_with):
    with pytest.raises(InvalidRequest, match="surrogate") as failure:
        store_with().put([("planted \ud800", "x")])
    assert "planted" not in failure.value.message


def test_memory_stays_flat():
    """Forty megabytes pass; what is held is a piece or two."""

    def answer(request):
        where = request.headers.get("content-range")
        if request.method == "GET":
            return missing()
        if where is None:
            return httpx.Response(200, headers={"Location": SESSION})
        last, _, size = where.rpartition("-")[2].partition("/")
        if int(last) + 1 == int(size):
            return httpx.Response(200, json=stored(md5Hash=encoded.md5, size=size))
        return httpx.Response(308, headers={"Range": f"bytes=0-{last}"})

    class Swallowing(httpx.BaseTransport):
        def handle_request(self, request):
            for _ in request.stream:
                pass
            return answer(request)

    store = Store(None, SteeredClock(), Swallowing(), "https://storage.googleapis.com")
    store.recording.requests = Forgetful()
    text = "x" * 40_000
    tracemalloc.start()
    with store.http, encode((f"{n} {text}", "y") for n in range(1000)) as encoded:
        store.bucket.upload(DIGEST, encoded, "demo/prod")
        _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert encoded.size > 40_000_000
    assert most < 4_000_000


class Forgetful(list):
    def append(self, _):
        pass


# --- uploading once ------------------------------------------------------------------------------


def test_an_upload_arrives_whole_and_bears_its_owner(store_with):
    store = store_with()
    assert store.put() == URL
    assert parsed(store.content()) == lines_of(LONG)
    assert store.there().metadata == {"tuneform-owner": "demo/prod"}
    assert store.there().content_type == "application/jsonl"


def test_the_same_dataset_is_uploaded_once(store_with):
    store = store_with()
    store.put()
    store.recording.requests.clear()
    assert store.put(owner="demo/dev") == URL
    assert store.lines() == ["GET"]
    assert store.there().metadata == {"tuneform-owner": "demo/prod"}


def test_other_bytes_under_the_same_name_are_replaced(store_with):
    store = store_with()
    store.put(LONG[:3])
    before = store.there().generation
    store.put(LONG)
    assert parsed(store.content()) == lines_of(LONG)
    assert store.there().generation > before


@pytest.mark.parametrize("examples", [[], [("1", "2")]])
def test_small_and_empty_datasets(store_with, examples):
    store = store_with()
    store.put(examples)
    assert parsed(store.content()) == lines_of(examples)


def test_whole_pieces(store_with):
    """The file ends where a piece does."""
    with encode([("", "")]) as encoded:
        row = encoded.size
    store = store_with()
    store.put([("", "x" * (2 * GRANULE - row))])
    assert store.there().size == 2 * GRANULE
    assert store.lines()[-1] == f"PUT bytes {GRANULE}-{2 * GRANULE - 1}/{2 * GRANULE}"


def test_a_bucket_without_a_prefix(store_with):
    store = store_with()
    bucket = Bucket(store.client, "gs://bkt/")
    assert bucket.put(DIGEST, LONG[:2], "demo") == f"gs://bkt/{DIGEST}.jsonl"
    assert [each.url for each in bucket.of("demo")] == [f"gs://bkt/{DIGEST}.jsonl"]


# --- what happens on the way ---------------------------------------------------------------------

_STORM = [
    {"effect": "reset", "after": 1},
    {"effect": "lose", "after": 1},
    {"effect": "part", "after": 1},
    {"effect": "status", "code": 503, "after": 1},
    {"effect": "status", "code": 429, "after": 1, "retry_after": 3},
    {"effect": "cut", "after": 3},
    {"effect": "twice", "after": 1},
    {"effect": "status", "code": 500, "after": 1, "html": True},
    {"effect": "late", "after": 1, "seconds": 0},
]


@pytest.mark.parametrize("rule", _STORM, ids=lambda rule: f"{rule['effect']}-{rule.get('code')}")
def test_an_upload_goes_on_from_where_it_got_to(store_with, rule):
    store = store_with({"method": "PUT", "path": "upload/*", "times": 1, **rule})
    store.put()
    assert parsed(store.content()) == lines_of(LONG)
    (told,) = store.service.faults.shown()["rules"]
    assert told["fired"] == 1


def test_half_of_a_piece_that_arrived_is_not_sent_again(store_with):
    store = store_with({"effect": "part", "method": "PUT", "path": "upload/*", "times": 1})
    store.bucket = Bucket(store.client, "gs://bkt/datasets", piece=2 * GRANULE)
    store.put()
    size = store.there().size
    assert store.lines()[2:5] == [
        f"PUT bytes 0-{2 * GRANULE - 1}/{size}",
        f"PUT bytes */{size}",
        f"PUT bytes {GRANULE}-{3 * GRANULE - 1}/{size}",
    ]


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("effect", ["lose", "reset"])
def test_every_request_of_an_upload_may_be_lost(store_with, number, effect):
    store = store_with({"effect": effect, "path": "*storage/*", "after": number, "times": 1})
    store.put()
    assert parsed(store.content()) == lines_of(LONG)


@pytest.mark.parametrize("code", [404])
def test_a_session_that_is_gone_is_begun_again(store_with, code):
    rule = {"effect": "status", "method": "PUT", "path": "upload/*", "code": code, "times": 1}
    store = store_with({**rule, "after": 1})
    store.put()
    assert parsed(store.content()) == lines_of(LONG)
    assert store.lines().count("POST") == 2


def test_sessions_that_never_last_end_in_an_error(store_with):
    store = store_with({"effect": "status", "method": "PUT", "path": "upload/*", "code": 404})
    with pytest.raises(BadReply, match="do not last"):
        store.put()
    assert store.lines().count("POST") == 3
    assert store.there() is None


def test_a_storage_that_stays_down_ends_in_an_error_and_leaves_nothing(store_with):
    store = store_with({"effect": "status", "method": "PUT", "path": "upload/*", "code": 503})
    with pytest.raises(RemoteError, match="cannot upload the examples to gs://bkt/datasets/abab"):
        store.put()
    assert store.there() is None


def test_two_that_upload_the_same_find_one_object(store_with):
    """Another run was quicker, between our look and our end."""
    store = store_with()
    other = Bucket(store.client, "gs://bkt/datasets", piece=GRANULE)

    class Meanwhile(list):
        def append(self, request):
            super().append(request)
            if len(self) == 3:
                other.put(DIGEST, LONG, "demo/dev")

    store.recording.requests = Meanwhile()
    store.put()
    assert store.there().metadata == {"tuneform-owner": "demo/dev"}


def test_an_expired_credential_is_told(store_with):
    store = store_with({"effect": "status", "method": "PUT", "path": "upload/*", "code": 401})
    with pytest.raises(RemoteError, match="Invalid Credentials"):
        store.put()


# --- who may, and where --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "permission"),
    [
        ({"closed_buckets": ("bkt",)}, "storage.objects.get"),
        ({"read_only_buckets": ("bkt",)}, "storage.objects.create"),
    ],
)
def test_a_bucket_without_permission(store_with, behaviour, permission):
    with pytest.raises(Forbidden) as failure:
        store_with(**behaviour).put()
    assert f"does not have {permission} access" in failure.value.message
    assert URL in failure.value.message
    assert failure.value.hint == (
        f"grant roles/storage.objectUser on gs://bkt to who runs this: {permission} is missing"
    )


def test_a_bucket_that_does_not_exist(store_with):
    with pytest.raises(NotFound, match="The specified bucket does not exist") as failure:
        store_with(buckets=("other",)).put()
    assert "make the bucket gs://bkt" in failure.value.hint


# --- what was uploaded ---------------------------------------------------------------------------


def test_uploads_are_listed_by_owner_and_removed(store_with):
    store = store_with()
    store.put(LONG[:1])
    store.put(LONG[:2], "demo/dev", "cd" * 32)
    Bucket(store.client, "gs://bkt/elsewhere").put(DIGEST, LONG[:1], "demo/prod")
    (found,) = store.bucket.of("demo/prod")
    assert (found.url, found.owner) == (URL, "demo/prod")
    assert found.created == SteeredClock().now()
    store.bucket.remove(URL)
    store.bucket.remove(URL)
    assert list(store.bucket.of("demo/prod")) == []
    with pytest.raises(ValueError, match="is not in gs://bkt/datasets/"):
        store.bucket.remove("gs://bkt/elsewhere/x.jsonl")


def test_an_empty_bucket_has_no_uploads(store_with):
    assert list(store_with().bucket.of("demo")) == []


# --- a storage that is not what it says ----------------------------------------------------------


def stored(**changes):
    with encode(LONG[:1]) as encoded:
        content = {"md5Hash": encoded.md5, "size": str(encoded.size)}
    return {"name": NAME, "generation": "7"} | content | changes


def missing():
    return httpx.Response(404, json={"error": {"code": 404, "message": "No such object"}})


SESSION = "https://storage.googleapis.com/upload/storage/v1/b/bkt/o?upload_id=planted"


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/upload?upload_id=1",
        "http://storage.googleapis.com/upload",
        "https://storage.googleapis.com:444/upload",
        "https://storage.googleapis.com@evil.example/upload",
        "https://user@storage.googleapis.com/upload",
        "/upload/storage/v1/b/bkt/o",
        "",
        "https://[",
    ],
)
def test_the_address_of_a_session_elsewhere_is_not_used(scripted, place):
    store = scripted(missing(), httpx.Response(200, headers={"Location": place}))
    with pytest.raises(BadReply, match="names no session of this storage"):
        store.put(LONG[:1])
    assert len(store.lines()) == 2


def test_the_address_of_a_session_is_used_where_it_is_ours(scripted):
    begun = httpx.Response(200, headers={"Location": SESSION.replace(".com/", ".com:443/")})
    store = scripted(missing(), begun, httpx.Response(200, json=stored()))
    store.put(LONG[:1])
    assert str(store.recording.requests[-1].url) == SESSION


def test_what_arrived_otherwise_is_deleted_and_told(scripted):
    begun = httpx.Response(200, headers={"Location": SESSION})
    store = scripted(
        missing(),
        begun,
        httpx.Response(200, json=stored(md5Hash="AAAA")),
        httpx.Response(204),
    )
    with pytest.raises(BadReply, match="is not what was sent") as failure:
        store.put(LONG[:1])
    last = store.recording.requests[-1]
    assert (last.method, last.url.params["ifGenerationMatch"]) == ("DELETE", "7")
    assert "planted" not in failure.value.message


@pytest.mark.parametrize("kept", ["bytes=5-9", "odd", "bytes=0-99999999"])
def test_a_range_that_makes_no_sense(scripted, kept):
    begun = httpx.Response(200, headers={"Location": SESSION})
    store = scripted(missing(), begun, *[httpx.Response(308, headers={"Range": kept})] * 20)
    with pytest.raises(BadReply, match="kept the range"):
        store.put(LONG[:1])


def test_a_storage_that_keeps_nothing(scripted):
    begun = httpx.Response(200, headers={"Location": SESSION})
    store = scripted(missing(), begun, *[httpx.Response(308)] * 40)
    with pytest.raises(BadReply, match="nothing of what is sent is kept"):
        store.put(LONG[:1])


# --- a service that dies in the middle -----------------------------------------------------------


@contextmanager
def served(data, port=0):
    command = [sys.executable, "-m", "tuneform", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [3, 4, 5])
def test_an_upload_survives_the_death_of_the_service(tmp_path, number):
    """It is killed with a piece on its way, and started again while the client still tries."""
    data = tmp_path / "service.db"
    with ExitStack() as stack:
        process, url = stack.enter_context(served(data))

        class Killing(list):
            def append(self, request):
                super().append(request)
                if len(self) == number:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    stack.enter_context(served(data, httpx.URL(url).port))

        store = Store(None, SystemClock(), httpx.HTTPTransport(), url)
        stack.enter_context(store.http)
        store.recording.requests = Killing()
        assert store.put() == URL
        content = store.http.get(
            f"{url}/download/storage/v1/b/bkt/o/{NAME.replace('/', '%2F')}",
            params={"alt": "media", "key": "K"},
        ).content
        assert parsed(content) == lines_of(LONG)


def test_no_storage_at_all():
    store = Store(None, SteeredClock(), httpx.HTTPTransport(), "http://127.0.0.1:9")
    with store.http, pytest.raises(Unreachable) as failure:
        store.put(LONG[:1])
    assert failure.value.sent is False


def test_a_file_shows_in_no_repr():
    with encode([("planted", "planted")]) as encoded:
        assert isinstance(encoded, Encoded)
        assert "planted" not in repr(encoded)
