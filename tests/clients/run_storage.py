"""What google-cloud-storage does with a bucket, against a practice service.

Run by an interpreter that has the client: `python run_storage.py BASE_URL`.
"""

import io
import os
import sys

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import InvalidOperation
from google.cloud import storage
from google.oauth2.credentials import Credentials

MIB = 1 << 20


def passed(what: str) -> None:
    sys.stdout.write(f"ok {what}\n")
    sys.stdout.flush()


def refusal(kind, call):
    """The error that the call must end with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(kind)


def uploading(bucket) -> None:
    bucket.blob("small.txt").upload_from_string("a few bytes", content_type="text/plain")
    blob = bucket.get_blob("small.txt")
    assert (blob.size, blob.content_type, blob.metageneration) == (11, "text/plain", 1)
    assert blob.download_as_text() == "a few bytes"
    passed("upload_from_string, in two parts, and download_as_text")

    data = os.urandom(2 * MIB + 17)
    blob = bucket.blob("folder/large ä.bin", chunk_size=MIB)
    blob.metadata = {"owner": "demo"}
    blob.upload_from_file(io.BytesIO(data), size=len(data), checksum="crc32c")
    assert bucket.get_blob(blob.name).metadata == {"owner": "demo"}
    assert blob.download_as_bytes(checksum="md5") == data
    passed("upload_from_file, resumable in pieces, with CRC32C; download with MD5")

    blob = bucket.blob("unknown", chunk_size=MIB)
    blob.upload_from_file(io.BytesIO(data), checksum="md5")
    assert blob.size == len(data)
    passed("upload_from_file of a size that is not known, with MD5")

    with bucket.blob("written").open("wb", chunk_size=MIB) as file:
        file.write(data)
    with bucket.blob("written").open("rb", chunk_size=MIB) as file:
        file.seek(100)
        assert file.read(50) == data[100:150]
    passed("open for writing, and for reading at an offset")


def ranges(bucket) -> None:
    blob = bucket.blob("small.txt")
    assert blob.download_as_bytes(start=2, end=4) == b"few"
    refusal(exceptions.RequestRangeNotSatisfiable, lambda: blob.download_as_bytes(start=100))
    passed("download of a range")


def listing(client, bucket) -> None:
    names = [blob.name for blob in client.list_blobs(bucket, page_size=2)]
    assert names == ["folder/large ä.bin", "small.txt", "unknown", "written"]
    assert [blob.name for blob in client.list_blobs(bucket, prefix="s")] == ["small.txt"]
    iterator = client.list_blobs(bucket, delimiter="/")
    assert [blob.name for blob in iterator] == ["small.txt", "unknown", "written"]
    assert iterator.prefixes == {"folder/"}
    passed("list_blobs in pages, by prefix and by folder")


def conditions(bucket) -> None:
    blob = bucket.blob("small.txt")
    write = lambda generation: blob.upload_from_string("x", if_generation_match=generation)  # noqa: E731
    refusal(exceptions.PreconditionFailed, lambda: write(0))
    blob.reload()
    write(blob.generation)
    refusal(exceptions.PreconditionFailed, lambda: blob.delete(if_generation_match=1))
    passed("if_generation_match")


def editing(bucket) -> None:
    blob = bucket.get_blob("small.txt")
    blob.metadata = {"k": "v"}
    blob.patch()
    assert (bucket.get_blob("small.txt").metadata, blob.metageneration) == ({"k": "v"}, 2)
    passed("patch of metadata")


def deleting(bucket) -> None:
    bucket.blob("small.txt").delete()
    assert bucket.get_blob("small.txt") is None
    assert not bucket.blob("small.txt").exists()
    refusal(exceptions.NotFound, lambda: bucket.blob("small.txt").delete())
    passed("delete; then it is not found")


def refused(client, url) -> None:
    error = refusal(exceptions.NotFound, lambda: client.get_bucket("UPPER"))
    assert "The specified bucket does not exist" in error.message
    options = {"api_endpoint": url}
    stranger = storage.Client("p", AnonymousCredentials(), client_options=options)
    # The answer is 401, after which google-auth asks for other credentials.
    refusal(InvalidOperation, lambda: stranger.bucket("bkt").get_blob("x"))
    passed("a bucket that is not there, a caller without credentials")


def main() -> None:
    url = sys.argv[1]
    client = storage.Client("p", Credentials("a token"), client_options={"api_endpoint": url})
    bucket = client.get_bucket("bkt")
    uploading(bucket)
    ranges(bucket)
    listing(client, bucket)
    conditions(bucket)
    editing(bucket)
    deleting(bucket)
    refused(client, url)


main()
