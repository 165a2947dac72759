"""What is no dataset, but the address of one."""

import hashlib

import pytest

from tuneform.git import is_lfs_pointer

OID = b"oid sha256:" + b"4d" * 32 + b"\n"
VERSION = b"version https://git-lfs.github.com/spec/v1\n"


@pytest.mark.parametrize(
    "data",
    [
        VERSION + OID + b"size 12345\n",
        VERSION + b"ext-0-foo sha256:" + b"ab" * 32 + b"\n" + OID + b"size 1\n",
        b"version https://hawser.github.com/spec/v1\n" + OID + b"size 0",
    ],
    ids=["plain", "extension", "older"],
)
def test_pointers_are_noticed(data):
    assert is_lfs_pointer(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"text_input": "1", "output": "2"}\n',
        VERSION,
        VERSION + OID,
        VERSION + b"oid md5:abc\nsize 1\n",
        b"\n" + VERSION + OID + b"size 1\n",
        VERSION + b"x " + b"y" * 1024 + b"\n" + OID + b"size 1\n",
        VERSION + OID + b"size 1\nand more\n",
        b"text,label\nversion https://git-lfs.github.com/spec/v1,a\n",
    ],
)
def test_anything_else_is_taken_as_it_is(data):
    assert not is_lfs_pointer(data)


def pointer(data):
    digest = hashlib.sha256(data).hexdigest().encode()
    return VERSION + b"oid sha256:" + digest + b"\nsize %d\n" % len(data)


@pytest.mark.parametrize(
    ("written", "dirty"),
    [(b"rows", False), (b"rots", True), (b"more rows", True), (None, True), ("link", True)],
    ids=["unpacked", "edited", "longer", "deleted", "link"],
)
def test_what_was_unpacked_is_compared_with_its_digest(sandbox, written, dirty):
    """As `git lfs` leaves it: the pointer in git, the file in the work tree."""
    sandbox.commit({"data": pointer(b"rows"), "other": pointer(b"x")})
    place = sandbox.folder / "data"
    place.unlink()
    if written == "link":
        sandbox.write(".git/rows", "rows")
        place.symlink_to(".git/rows")
    elif written is not None:
        place.write_bytes(written)
    assert sandbox.opened().head().dirty is dirty


def test_a_change_beside_what_was_unpacked_counts(sandbox):
    sandbox.commit({"data": pointer(b"rows"), "other": "1"})
    sandbox.write("data", "rows")
    assert not sandbox.opened().head().dirty
    (sandbox.folder / "data").chmod(0o755)
    assert sandbox.opened().head().dirty
    (sandbox.folder / "data").chmod(0o644)
    sandbox.write("other", "2")
    assert sandbox.opened().head().dirty
    sandbox.git("checkout", "other")
    sandbox.write("new", "x")
    assert sandbox.opened().head().dirty
