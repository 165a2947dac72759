"""Files as they were committed: every byte, by path or by what they held."""

import subprocess
from dataclasses import replace

import pytest

from tuneform.errors import LocalError


@pytest.mark.parametrize("data", [b"", b"x", b"a\r\nb\0c\n", bytes(range(256)) * 4096])
def test_a_file_is_read_as_it_was_committed(sandbox, data):
    sha = sandbox.commit({"p/q/data": data, "p/tail": "t"})
    assert sandbox.opened("p").read(sha, "q/data") == data
    assert sandbox.opened("p").read(sha, "./q/../q//data") == data


def test_what_is_no_file_is_not_read(sandbox):
    sandbox.write("p/data", "x")
    (sandbox.folder / "p/link").symlink_to("data")
    sandbox.commit()
    sub = sandbox.git("rev-parse", "HEAD")
    sandbox.git("update-index", "--add", "--cacheinfo", f"160000,{sub},p/module")
    sandbox.dated("commit", "--quiet", "-m", "module")
    sha = sandbox.git("rev-parse", "HEAD")
    found = sandbox.opened("p")
    absent = ["link", "module", "absent", "data/below", "absent/below", ".", ""]
    assert [found.read(sha, path) for path in absent] == [None] * len(absent)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "..", "a\0b"])
def test_a_path_out_of_the_project_is_an_error(sandbox, path):
    sha = sandbox.commit({"p/a": "1", "x": "secret"})
    found = sandbox.opened("p")
    for ask in (lambda: found.read(sha, path), lambda: found.commits_touching(path, 1)):
        with pytest.raises(LocalError, match="leads out of the project"):
            ask()


def test_a_file_beyond_the_limit_is_refused(sandbox):
    sha = sandbox.commit({"a": "12345"})
    found = sandbox.opened()
    assert found.read(sha, "a", limit=5) == b"12345"
    with pytest.raises(LocalError, match=f"a at {sha} has 5 bytes, more than 4"):
        found.read(sha, "a", limit=4)


def test_each_content_comes_once_with_its_newest_commit(sandbox):
    shas = [
        sandbox.commit({"data": "1"}),
        sandbox.commit({"data": "2"}),
        sandbox.commit({"other": "x"}),
        sandbox.commit({"data": "1"}),
    ]
    (sandbox.folder / "data").unlink()
    shas.append(sandbox.commit())
    found = sandbox.opened()
    assert list(found.blobs(reversed(shas), "data")) == [(shas[3], b"1"), (shas[2], b"2")]
    assert list(found.blobs([], "data")) == []


def test_the_contents_may_be_left_half_read(sandbox):
    shas = [sandbox.commit({"data": str(number) * 100_000}) for number in range(3)]
    contents = sandbox.opened().blobs(shas, "data")
    assert next(contents) == (shas[0], b"0" * 100_000)
    contents.close()


def test_equal_projects_have_equal_trees(sandbox):
    before = sandbox.commit({"q": "1"})
    first = sandbox.commit({"p/data": "1"})
    beside = sandbox.commit({"q": "2"})
    changed = sandbox.commit({"p/data": "2"})
    found = sandbox.opened("p")
    assert found.tree_id(before) is None
    assert found.tree_id(first) == found.tree_id(beside) == sandbox.git("rev-parse", f"{first}:p")
    assert found.tree_id(changed) != found.tree_id(first)
    whole = sandbox.opened()
    assert whole.tree_id(before) == sandbox.git("rev-parse", f"{before}^{{tree}}")
    assert found.tree_ids([before, first]) == {first: found.tree_id(first)}


def test_a_commit_that_is_not_here_is_told(sandbox):
    sandbox.commit({"a": "1"})
    with pytest.raises(LocalError, match="is not in this clone") as caught:
        sandbox.opened().read("f" * 40, "a")
    assert "git fetch --unshallow" in caught.value.hint


@pytest.mark.parametrize("name", ["HEAD", "-h", "f" * 39, "F" * 40, "f" * 40 + "\n", ""])
def test_only_full_ids_name_commits(sandbox, name):
    sandbox.commit({"a": "1"})
    with pytest.raises(ValueError, match="resolve it first"):
        sandbox.opened().read(name, "a")


def test_a_repository_with_long_ids_is_read_as_well(elsewhere):
    box = elsewhere("long")
    try:
        box.git("init", "--quiet", "--object-format=sha256")
    except AssertionError:
        pytest.skip("this git knows SHA-1 only")
    sha = box.commit({"p/data": "x"})
    assert len(sha) == 64
    assert box.opened("p").read(sha, "data") == b"x"
    assert box.opened("p").resolve("HEAD") == sha


def test_a_partial_clone_fetches_nothing_and_says_so(sandbox, elsewhere, tmp_path):
    sha = sandbox.commit({"p/data": "x", "p/more": "y"})
    sandbox.git("config", "uploadpack.allowFilter", "true")
    clone = elsewhere("clone")
    address = sandbox.folder.as_uri()
    clone.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", address, ".")
    (clone.folder / "p").mkdir()
    found = clone.opened("p")
    assert found.tree_id(sha) == sandbox.opened("p").tree_id(sha)
    with pytest.raises(LocalError, match="nothing is fetched") as caught:
        found.read(sha, "data")
    assert "--filter" in caught.value.hint
    with pytest.raises(LocalError, match="nothing is fetched"):
        found.extract(sha, tmp_path / "out")
    environ = {k: v for k, v in found.git.environ.items() if k != "GIT_NO_LAZY_FETCH"}
    older = replace(found, git=replace(found.git, environ=environ))  # as one that ignores it
    with pytest.raises(LocalError):
        older.read(sha, "data")
    missing = subprocess.run(
        ["git", "rev-list", "--objects", "--missing=print", "HEAD"],
        cwd=clone.folder,
        env=clone.environ,
        capture_output=True,
        check=True,
    )
    assert missing.stdout.count(b"?") == 2
