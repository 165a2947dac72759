"""Cloud Storage as a client sees it: three ways in, and nothing seen that is not complete."""

import base64
import hashlib
import os
import signal
import subprocess
import sys
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.clock import SteeredClock
from tuneform.service import Behaviour, open_service
from tuneform.service.in_process import InProcess
from tuneform.service.storage.checksum import Checksums
from tuneform.service.storage.objects import Draft, Mismatch, ObjectStore

GRANULE = 1 << 18
DAY = 86_400


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def insert(practice, name, data=b"some bytes", bucket="bkt", **query):
    return practice.client.post(
        f"/upload/storage/v1/b/{bucket}/o",
        params={"uploadType": "media", "name": name, **query},
        content=data,
        headers={"Content-Type": "text/plain"},
    )


def begin(practice, name="a", bucket="bkt", *, headers=None, body=None, **query):
    response = practice.client.post(
        f"/upload/storage/v1/b/{bucket}/o",
        params={"uploadType": "resumable", "name": name, **query},
        headers=headers,
        json=body,
    )
    assert response.status_code == 200, response.text
    return response.headers["Location"]


def put(practice, place, data, first=0, total="*", **headers):
    last = f"{first}-{first + len(data) - 1}" if data else "*"
    where = {"Content-Range": f"bytes {last}/{total}"}
    return practice.client.put(place, content=data, headers=where | headers)


def media(practice, name, **headers):
    return practice.client.get(
        f"/storage/v1/b/bkt/o/{name}", params={"alt": "media"}, headers=headers
    )


def gone(practice, name="a"):
    return practice.client.get(f"/storage/v1/b/bkt/o/{name}").status_code == 404


def reason(response):
    return response.json()["error"]["errors"][0]["reason"]


# --- what an object is ---------------------------------------------------------------------------


def test_an_object_has_what_clients_look_at(practice_both_ways):
    made = insert(practice_both_ways, "data sets/ä.jsonl", b"123456789")
    assert made.status_code == 200, made.text
    path = "/storage/v1/b/bkt/o/data%20sets%2F%C3%A4.jsonl"
    found = practice_both_ways.ok("GET", path)
    assert found == made.json()
    assert found["name"] == "data sets/ä.jsonl"
    assert (found["bucket"], found["size"], found["contentType"]) == ("bkt", "9", "text/plain")
    assert (found["md5Hash"], found["crc32c"]) == (md5(b"123456789"), "4waSgw==")
    assert (found["metageneration"], found["timeCreated"]) == ("1", "2026-01-01T00:00:00Z")
    download = practice_both_ways.call("GET", f"/download{path}", alt="media")
    assert download.content == b"123456789"
    assert download.headers["X-Goog-Hash"] == f"crc32c=4waSgw==,md5={md5(b'123456789')}"
    assert download.headers["Content-Type"] == "text/plain"


def test_each_content_has_another_generation_also_while_the_clock_stands(practice):
    first, second = insert(practice, "a").json(), insert(practice, "a").json()
    assert int(first["generation"]) < int(second["generation"])
    assert first["etag"] != second["etag"]


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-100", 206, b"56789"),
        ("bytes=-100", 206, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
    ],
)
def test_a_part_can_be_read(practice, asked, status, part):
    insert(practice, "a", b"0123456789")
    response = media(practice, "a", Range=asked)
    assert (response.status_code, response.content) == (status, part)


def test_a_part_beyond_the_end_is_none(practice):
    insert(practice, "a", b"0123456789")
    response = media(practice, "a", Range="bytes=10-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */10")


def test_an_empty_object_is_one(practice):
    assert insert(practice, "a", b"").json()["size"] == "0"
    assert media(practice, "a").content == b""


def test_metadata_is_kept_and_edited(practice):
    body = {"name": "a", "metadata": {"owner": "demo", "old": "1"}, "contentType": "x/y"}
    begun = practice.client.post("/upload/storage/v1/b/bkt/o?uploadType=resumable", json=body)
    found = put(practice, begun.headers["Location"], b"abc", total=3).json()
    assert (found["metadata"], found["contentType"]) == (body["metadata"], "x/y")
    change = {"metadata": {"old": None, "new": "2"}}
    edited = practice.ok("PATCH", "/storage/v1/b/bkt/o/a", change)
    assert (edited["metadata"], edited["metageneration"]) == ({"owner": "demo", "new": "2"}, "2")
    assert edited["generation"] == found["generation"]


# --- the three ways in ---------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"{}\n", b"", b"\r\n--sep", b"\r\n" * 200_000])
def test_a_body_of_two_parts(practice_both_ways, data):
    text = b'--sep\r\nContent-Type: application/json\r\n\r\n{"name": "a", "metadata": {"k": "v"}}'
    body = text + b"\r\n--sep\r\nContent-Type: x/y\r\n\r\n" + data + b"\r\n--sep--\r\n"
    response = practice_both_ways.client.post(
        "/upload/storage/v1/b/bkt/o?uploadType=multipart",
        content=body,
        headers={"Content-Type": 'multipart/related; boundary="sep"'},
    )
    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["name"], found["metadata"], found["contentType"]) == ("a", {"k": "v"}, "x/y")
    assert media(practice_both_ways, "a").content == data


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--sep\r\n\r\n{}\r\n--sep\r\n\r\nabc", "multipart/related; boundary=sep"),
        (b"--sep\r\n\r\n{", "multipart/related; boundary=sep"),
        (
            b'--sep\r\n\r\n{"name": 5}\r\n--sep\r\n\r\nabc\r\n--sep--',
            "multipart/related; boundary=sep",
        ),
        (b"", "multipart/related"),
        (b"{}", "application/json"),
    ],
)
def test_a_body_of_two_parts_that_is_none(practice, body, kind):
    response = practice.client.post(
        "/upload/storage/v1/b/bkt/o?uploadType=multipart&name=a",
        content=body,
        headers={"Content-Type": kind},
    )
    assert response.status_code == 400, response.text
    assert gone(practice)


def test_an_upload_in_pieces(practice_both_ways):
    practice, data = practice_both_ways, os.urandom(3 * GRANULE + 5)
    place = begin(practice)
    first = put(practice, place, data[: 2 * GRANULE], total=len(data))
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{2 * GRANULE - 1}")
    assert gone(practice)
    last = put(practice, place, data[2 * GRANULE :], 2 * GRANULE, len(data))
    assert (last.status_code, last.json()["md5Hash"]) == (200, md5(data))
    assert media(practice, "a").content == data
    again = put(practice, place, b"", total=len(data))
    assert (again.status_code, again.json()) == (200, last.json())


def test_an_upload_in_one_piece_without_a_range(practice):
    assert practice.client.put(begin(practice), content=b"abc").json()["size"] == "3"
    assert put(practice, begin(practice, "b"), b"", total=0).json()["size"] == "0"


def test_only_whole_granules_of_an_unfinished_upload_are_kept(practice):
    data = os.urandom(2 * GRANULE)
    place = begin(practice)
    assert "Range" not in put(practice, place, b"", total=len(data)).headers
    part = put(practice, place, data[: GRANULE + 7])
    assert (part.status_code, part.headers["Range"]) == (308, f"bytes=0-{GRANULE - 1}")
    overlapping = put(practice, place, data[GRANULE - 9 :], GRANULE - 9, len(data))
    assert overlapping.json()["md5Hash"] == md5(data)


def test_a_piece_must_fit(practice):
    place = begin(practice)
    assert put(practice, place, b"x" * GRANULE, GRANULE).status_code == 503
    for words in ("bytes 0-9/20", "bytes 9-0/20", "bytes 0-20/20", "10-20"):
        odd = practice.client.put(place, content=b"x" * 5, headers={"Content-Range": words})
        assert odd.status_code == 400, words
    assert gone(practice)


def test_an_announced_size_is_held_to(practice):
    place = begin(practice, headers={"X-Upload-Content-Length": "5"})
    assert put(practice, place, b"xxx", total=3).status_code == 400
    assert put(practice, place, b"xxxxx", total=5).status_code == 200
    large = {"uploadType": "resumable", "name": "b"}
    response = practice.client.post(
        "/upload/storage/v1/b/bkt/o",
        params=large,
        headers={"X-Upload-Content-Length": str((1 << 30) + 1)},
    )
    assert response.status_code == 413


def test_a_cancelled_upload_cannot_be_gone_on_with(practice):
    place = begin(practice)
    put(practice, place, b"x" * GRANULE)
    assert practice.client.delete(place).status_code == 499
    assert put(practice, place, b"x", GRANULE).status_code == 410
    assert put(practice, f"{place}0", b"x").status_code == 404


def test_an_upload_is_good_for_a_week(practice):
    place = begin(practice)
    practice.service._settings.clock.sleep(6.9 * DAY)
    assert put(practice, place, b"x" * GRANULE).status_code == 308
    practice.service._settings.clock.sleep(0.2 * DAY)
    assert put(practice, place, b"x", GRANULE, GRANULE + 1).status_code == 410


@pytest.mark.parametrize("kind", ["md5Hash", "crc32c"])
def test_other_bytes_than_announced_are_refused(practice, kind):
    place = begin(practice, body={kind: "AAAA"})
    response = put(practice, place, b"abc", total=3)
    assert (response.status_code, reason(response)) == (400, "invalid")
    assert "doesn't match" in response.json()["error"]["message"]
    assert gone(practice)
    assert put(practice, begin(practice, body={"md5Hash": md5(b"abc")}), b"abc", total=3).is_success


@pytest.mark.parametrize("query", ["", "?uploadType=media", "?uploadType=odd&name=a"])
def test_an_upload_needs_a_name_and_a_type(practice, query):
    assert practice.client.post(f"/upload/storage/v1/b/bkt/o{query}").status_code == 400


# --- preconditions -------------------------------------------------------------------------------


def test_preconditions_of_an_insert(practice):
    made = insert(practice, "a", b"1", ifGenerationMatch=0)
    assert made.status_code == 200
    refused = insert(practice, "a", b"2", ifGenerationMatch=0)
    assert (refused.status_code, reason(refused)) == (412, "conditionNotMet")
    assert insert(practice, "a", b"2", ifGenerationMatch=7).status_code == 412
    generation = made.json()["generation"]
    assert insert(practice, "a", b"2", ifGenerationNotMatch=generation).status_code == 412
    assert insert(practice, "a", b"2", ifGenerationMatch=generation).status_code == 200
    assert insert(practice, "a", b"3", ifMetagenerationMatch=2).status_code == 412
    assert insert(practice, "a", b"3", ifGenerationMatch="x").status_code == 400


def test_a_precondition_is_asked_again_when_an_upload_ends(practice):
    place = begin(practice, ifGenerationMatch=0)
    insert(practice, "a", b"somebody was quicker")
    assert put(practice, place, b"abc", total=3).status_code == 412
    assert media(practice, "a").content == b"somebody was quicker"


def test_preconditions_of_a_delete(practice):
    made = insert(practice, "a").json()
    path = "/storage/v1/b/bkt/o/a"
    assert practice.refused("DELETE", path, ifGenerationMatch=1)["code"] == 412
    response = practice.call("DELETE", path, ifGenerationMatch=made["generation"])
    assert (response.status_code, response.content) == (204, b"")
    assert practice.refused("DELETE", path)["message"] == "No such object: bkt/a"


# --- lists ---------------------------------------------------------------------------------------


def names(practice, **query):
    answer = practice.ok("GET", "/storage/v1/b/bkt/o", **query)
    found = [item["name"] for item in answer.get("items", [])] + answer.get("prefixes", [])
    token = answer.get("nextPageToken")
    return [found, *(names(practice, **query | {"pageToken": token}) if token else [])]


@pytest.fixture(scope="module")
def library():
    with (
        open_service(None, clock=SteeredClock(), require_key=False, trains=False) as service,
        httpx.Client(transport=InProcess(service), base_url="http://x.invalid") as client,
    ):
        for name in ("b", "a/2", "a/1", "a_", "c/d/e", "%"):
            client.post(
                "/upload/storage/v1/b/bkt/o", params={"uploadType": "media", "name": name}
            ).raise_for_status()
        yield client


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ({}, [["%", "a/1", "a/2", "a_", "b", "c/d/e"]]),
        ({"prefix": "a/"}, [["a/1", "a/2"]]),
        ({"prefix": "%"}, [["%"]]),
        ({"maxResults": 4}, [["%", "a/1", "a/2", "a_"], ["b", "c/d/e"]]),
        ({"maxResults": 3}, [["%", "a/1", "a/2"], ["a_", "b", "c/d/e"]]),
        ({"delimiter": "/"}, [["%", "a_", "b", "a/", "c/"]]),
        ({"delimiter": "/", "prefix": "c/"}, [["c/d/"]]),
        ({"delimiter": "/", "maxResults": 2}, [["%", "a/"], ["a_", "b"], ["c/"]]),
        ({"prefix": "nothing"}, [[]]),
    ],
)
def test_lists(library, query, pages):
    found = []
    while True:
        answer = library.get("/storage/v1/b/bkt/o", params=query).json()
        found.append(
            [item["name"] for item in answer.get("items", [])] + answer.get("prefixes", [])
        )
        if "nextPageToken" not in answer:
            break
        query = query | {"pageToken": answer["nextPageToken"]}
    assert found == pages


def test_a_list_can_be_asked_for_some_fields(library):
    answer = library.get("/storage/v1/b/bkt/o", params={"fields": "items(name,size)"}).json()
    assert answer["items"][0] == {"name": "%", "size": "0"}
    assert library.get("/storage/v1/b/bkt/o", params={"pageToken": "é"}).status_code == 400


# --- buckets and credentials ---------------------------------------------------------------------


def test_buckets_that_are_not_there_or_closed(practice_with):
    behaviour = Behaviour(
        buckets=("bkt", "read"), closed_buckets=("closed",), read_only_buckets=("read",)
    )
    practice = practice_with(training=False, behaviour=behaviour)
    assert practice.ok("GET", "/storage/v1/b/bkt")["name"] == "bkt"
    for response in (
        insert(practice, "a", bucket="none"),
        practice.call("GET", "/storage/v1/b/none/o"),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["message"] == "The specified bucket does not exist."
    for bucket in ("closed", "read"):
        refused = insert(practice, "a", bucket=bucket)
        assert (refused.status_code, reason(refused)) == (403, "forbidden")
        words = "you@practice.invalid does not have storage.objects.create access to the Google"
        assert refused.json()["error"]["message"].startswith(words)
    assert practice.call("GET", "/storage/v1/b/read/o").status_code == 200
    assert practice.call("GET", "/storage/v1/b/closed/o").status_code == 403


def test_credentials_are_asked_for(practice_with):
    practice = practice_with(training=False, require_key=True, api_key="K")
    refused = insert(practice, "a")
    assert (refused.status_code, reason(refused)) == (401, "required")
    practice.client.headers["Authorization"] = "Bearer wrong"
    assert reason(insert(practice, "a")) == "authError"
    practice.client.headers["Authorization"] = "Bearer K"
    assert insert(practice, "a").status_code == 200


def test_a_method_or_place_that_is_not_there(practice):
    assert practice.call("PUT", "/storage/v1/b/bkt/o/a").status_code == 405
    assert practice.call("GET", "/storage/v1/nowhere").status_code == 404


# --- what survives -------------------------------------------------------------------------------


def test_objects_and_unfinished_uploads_survive_a_restart(practice_with, tmp_path):
    data = os.urandom(2 * GRANULE)
    file = tmp_path / "service.db"
    first = practice_with(data=file, training=False, trains=False)
    insert(first, "b", b"there")
    place = begin(first)
    put(first, place, data[:GRANULE])
    first.service.close()

    second = practice_with(data=file, training=False, trains=False)
    assert media(second, "b").content == b"there"
    assert gone(second)
    assert put(second, place, b"", total=len(data)).headers["Range"] == f"bytes=0-{GRANULE - 1}"
    assert put(second, place, data[GRANULE:], GRANULE, len(data)).json()["md5Hash"] == md5(data)


class ServerDied(Exception):
    """There is nobody to send the rest to."""


def test_a_kill_in_the_middle_of_an_upload_leaves_no_object(tmp_path):
    """The server dies with half of a body on its way; what was confirmed is there after."""
    data = tmp_path / "service.db"
    command = [sys.executable, "-m", "tuneform", "serve", "--port", "0", "--data", str(data)]

    def serving():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline().strip()

    def unfinished():
        yield b"x" * GRANULE
        process.send_signal(signal.SIGKILL)
        process.wait()
        raise ServerDied

    process, url = serving()
    query = "uploadType=media&key=K&name="
    with httpx.Client(timeout=600) as client:
        client.post(
            f"{url}/upload/storage/v1/b/bkt/o?{query}whole", content=b"w"
        ).raise_for_status()
        with pytest.raises(ServerDied):
            client.post(
                f"{url}/upload/storage/v1/b/bkt/o?{query}half",
                content=unfinished(),
                headers={"Content-Length": str(4 * GRANULE)},
            )
        process.stdout.close()
        process, url = serving()
        try:
            listed = client.get(f"{url}/storage/v1/b/bkt/o?key=K").json()
            assert [item["name"] for item in listed["items"]] == ["whole"]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(600)
            process.stdout.close()


def test_what_killed_uploads_left_is_swept_once_nobody_can_go_on_with_it(tmp_path):
    clock = SteeredClock()
    store = ObjectStore(tmp_path / "service.db", clock)
    kept, orphan = store.new_file(), store.new_file()
    for file in (kept, orphan):
        file.write_bytes(b"abc")
        os.utime(file, (0, 0))
    store.put("bkt", "a", kept, Draft())
    ObjectStore(tmp_path / "service.db", clock)
    assert (kept.exists(), orphan.exists()) == (True, False)


def test_the_job_side_reads_objects_in_pieces(practice):
    data = os.urandom((1 << 20) + 5)
    insert(practice, "a/b", data)
    found = practice.service.objects.get("bkt", "a/b")
    assert found.size == len(data)
    pieces = list(found.chunks())
    assert len(pieces) == 2
    assert b"".join(pieces) == data
    assert practice.service.objects.get("bkt", "a") is None


def test_a_file_that_is_not_what_was_announced_is_not_put(tmp_path):
    store = ObjectStore(tmp_path / "service.db", SteeredClock())
    file = store.new_file()
    file.write_bytes(b"abc")
    with pytest.raises(Mismatch):
        store.put("bkt", "a", file, Draft(md5=md5(b"abd")))
    assert store.get("bkt", "a") is None


# --- checksums -----------------------------------------------------------------------------------


def plain(data):
    """CRC32C bit by bit."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return base64.b64encode((state ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


@given(st.integers(0, 20_000), st.lists(st.integers(0, 20_000), max_size=3), st.integers(0, 255))
def test_checksums_do_not_depend_on_the_pieces(size, cuts, salt):
    data = bytes((n * n + salt) % 251 for n in range(size))
    sums, places = Checksums(), [0, *sorted(min(cut, size) for cut in cuts), size]
    for start, end in pairwise(places):
        sums.update(data[start:end])
    assert (sums.crc32c, sums.md5, sums.size) == (plain(data), md5(data), size)
