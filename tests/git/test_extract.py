"""A project as it was, as files; and what of a stranger's commit is never written."""

import os
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuneform.errors import LocalError
from tuneform.git import Limits

NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 47} & set(name) and name not in {b".", b".."} and name.lower() != b".git"
)


def files(folder):
    """Every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_the_project_is_written_as_it_was(sandbox, tmp_path):
    old = {"tuneform.yaml": b"1", "a/b/c": b"deep", "ö ö": b"\r\n", "-x": b"", "n\nl": b"n"}
    sha = sandbox.commit({**{f"p/{name}": data for name, data in old.items()}, "outside": "x"})
    sandbox.commit({"p/tuneform.yaml": "2", "p/new": "x"})
    sandbox.opened("p").extract(sha, tmp_path / "deep" / "out")
    assert files(tmp_path / "deep" / "out") == old


def test_only_what_is_chosen_is_written(sandbox, tmp_path):
    sha = sandbox.commit({"a.yaml": "1", "b/c.yaml": "2", "b/large.bin": "3"})
    sandbox.opened().extract(sha, tmp_path / "out", only=lambda path: path.endswith(".yaml"))
    assert files(tmp_path / "out") == {"a.yaml": b"1", "b/c.yaml": b"2"}


def test_a_project_that_was_not_there_yet_writes_nothing(sandbox, tmp_path):
    sha = sandbox.commit({"q": "1"})
    sandbox.write("p/a", "x")
    sandbox.opened("p").extract(sha, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_folder_must_be_empty(sandbox, tmp_path):
    sha = sandbox.commit({"a": "1"})
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(LocalError, match="is not empty"):
        sandbox.opened().extract(sha, tmp_path)
    assert (tmp_path / "kept").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_told(sandbox, tmp_path):
    sha = sandbox.commit({"a": "1"})
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError, match="cannot be written: "):
        sandbox.opened().extract(sha, tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(bytes=9), r"more than 9 bytes \(limit: bytes\)"),
        (Limits(files=1), r"more than 1 files \(limit: files\)"),
        (Limits(entries=2), r"more than 2 names \(limit: entries\)"),
    ],
)
def test_too_much_is_refused_by_the_name_of_the_limit(sandbox, tmp_path, limits, message):
    sha = sandbox.commit({"a": "12345", "b/c": "12345"})
    sandbox.opened().extract(sha, tmp_path / "fits", limits=Limits(10, 2, 3))
    with pytest.raises(LocalError, match=message):
        sandbox.opened().extract(sha, tmp_path / "out", limits=limits)


def test_a_tree_that_unfolds_without_end_is_stopped(sandbox, tmp_path):
    below = sandbox.tree(b"")
    for _ in range(12):
        raw = b"".join(b"40000 %x\0" % number + bytes.fromhex(below) for number in range(10))
        below = sandbox.tree(raw)
    sha = sandbox.dated("commit-tree", "-m", "bomb", below)
    with pytest.raises(LocalError, match="limit: entries"):
        sandbox.opened().extract(sha, tmp_path / "out", limits=Limits(entries=1000))


def test_a_tree_without_bottom_is_stopped(sandbox, tmp_path):
    script = b"commit refs/heads/deep\ncommitter Tester <tester@example.com> 0 +0000\ndata 0\n"
    script += b"M 100644 inline " + b"/".join([b"d" * 100] * 60) + b"\ndata 1\nx\n"
    sandbox.git("fast-import", "--quiet", stdin=script)
    sha = sandbox.git("rev-parse", "deep")
    with pytest.raises(LocalError, match="4096 bytes in a path"):
        sandbox.opened().extract(sha, tmp_path / "out")


@pytest.mark.parametrize("name", ["..", ".", "", ".git", ".GIT", "a/b", "../../escaped", "/abs"])
def test_a_forged_name_is_refused(sandbox, tmp_path, name):
    sha = sandbox.forge(("100644", name, sandbox.blob(b"bad")))
    with pytest.raises(LocalError, match="git itself never writes"):
        sandbox.opened().extract(sha, tmp_path / "x" / "out")
    assert files(tmp_path / "x") == {}


def test_a_name_that_a_tree_holds_twice_is_refused(sandbox, tmp_path):
    blob = sandbox.blob(b"x")
    sha = sandbox.forge(("100644", "a", blob), ("100644", "a", blob))
    with pytest.raises(LocalError, match="cannot be written: File exists"):
        sandbox.opened().extract(sha, tmp_path / "out")


def test_nothing_is_written_through_a_link(sandbox, tmp_path):
    """One name is a link out of the folder and a folder as well: whichever comes first."""
    (tmp_path / "outside").mkdir()
    link = sandbox.blob(os.fsencode(tmp_path / "outside"))
    inner = sandbox.tree(b"100644 evil\0" + bytes.fromhex(sandbox.blob(b"bad")))
    inner_link = sandbox.tree(b"120000 evil\0" + bytes.fromhex(sandbox.blob(b"target")))
    for number, below in enumerate((inner, inner_link)):
        entries = [("120000", "a", link), ("40000", "a", below)]
        for turn, each in enumerate((entries, entries[::-1])):
            sha = sandbox.forge(*each)
            with pytest.raises(LocalError, match="File exists"):
                sandbox.opened().extract(sha, tmp_path / f"out{number}{turn}")
    assert list((tmp_path / "outside").iterdir()) == []


def test_links_stay_where_they_lead_inside(sandbox, tmp_path):
    sandbox.write("p/data/rows", "x")
    sandbox.write("secret", "s")
    links = {
        "near": "data/rows",
        "folder": "data",
        "data/up": "../near",
        "dangling": "absent",
        "absolute": str(sandbox.folder / "secret"),
        "out": "../secret",
        "through": "out",
        "here": ".",
        "sly": "here/here/here/../../..",
        "loop": "loop",
    }
    for name, target in links.items():
        (sandbox.folder / "p" / name).symlink_to(target)
    sha = sandbox.commit()
    out = tmp_path / "out"
    sandbox.opened("p").extract(sha, out)
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_symlink()}
    assert {"near", "folder", "data/up", "dangling", "here"} <= written
    assert not written & {"absolute", "out", "sly"}
    assert (out / "data" / "up").read_bytes() == b"x"
    for each in written:
        assert os.path.realpath(out / each).startswith(f"{os.path.realpath(out)}")


@pytest.mark.parametrize("target", [b"", b"a\0b", b"x" * 5000], ids=["empty", "nul", "long"])
def test_a_link_that_can_be_none_is_left_out(sandbox, tmp_path, target):
    sha = sandbox.forge(
        ("120000", "a", sandbox.blob(target)), ("100644", "b", sandbox.blob(b"kept"))
    )
    sandbox.opened().extract(sha, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b"]


def test_a_submodule_is_left_out(sandbox, tmp_path):
    sub = sandbox.commit({"a": "1"})
    sandbox.git("update-index", "--add", "--cacheinfo", f"160000,{sub},module")
    sandbox.dated("commit", "--quiet", "-m", "module")
    sandbox.opened().extract(sandbox.git("rev-parse", "HEAD"), tmp_path / "out")
    assert files(tmp_path / "out") == {"a": b"1"}


def test_a_damaged_tree_is_told(sandbox, tmp_path):
    tree = sandbox.tree(b"100644 a\0short")
    sha = sandbox.dated("commit-tree", "-m", "x", tree)
    with pytest.raises(LocalError, match=r"damaged|failed"):
        sandbox.opened().extract(sha, tmp_path / "out")


def test_a_folder_that_is_a_file_is_told(sandbox, tmp_path):
    sha = sandbox.forge(("40000", "a", sandbox.blob(b"x")))
    with pytest.raises(LocalError, match="is a blob"):
        sandbox.opened().extract(sha, tmp_path / "out")


def test_a_file_that_is_a_folder_is_told(sandbox, tmp_path):
    sha = sandbox.forge(("100644", "a", sandbox.tree(b"")))
    with pytest.raises(LocalError, match="is a tree"):
        sandbox.opened().extract(sha, tmp_path / "out")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=6))
def test_whatever_is_committed_is_written_again(sandbox, tmp_path_factory, contents):
    """A law: names and contents are bytes, and come back as they were."""
    raw = b"".join(
        b"100644 " + name + b"\0" + bytes.fromhex(sandbox.blob(data))
        for name, data in sorted(contents.items())
    )
    sha = (
        subprocess.run(
            ["git", "commit-tree", "-m", "x", sandbox.tree(raw)],
            cwd=sandbox.folder,
            env=sandbox.environ,
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    out = tmp_path_factory.mktemp("out")
    found = sandbox.opened()
    found.extract(sha, out)
    written = {os.fsencode(path.name): path.read_bytes() for path in out.iterdir()}
    assert written == contents
    for name, data in contents.items():
        assert found.read(sha, os.fsdecode(name)) == data
