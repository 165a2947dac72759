"""A folder and its repository, or a clear answer why there is none."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tuneform.errors import LocalError
from tuneform.git import find_repository


def test_the_top_of_a_work_tree_has_an_empty_prefix(sandbox):
    found = find_repository(sandbox.folder, sandbox.environ)
    assert (found.root, found.prefix) == (sandbox.folder.resolve(), "")


@pytest.mark.parametrize("below", ["a", "a/b", "-x", "ö", "with space", "line\nend", "a\\b"])
def test_a_folder_below_is_told_relative_to_the_top(sandbox, below):
    sandbox.write(f"{below}/file", "x")
    found = find_repository(sandbox.folder / below, sandbox.environ)
    assert (found.root, found.prefix) == (sandbox.folder.resolve(), below)


def test_the_top_may_have_a_line_end_in_its_name(elsewhere):
    box = elsewhere("two\nlines\n").init()
    sha = box.commit({"a/file": "x"})
    found = box.opened("a")
    assert (found.root, found.prefix) == (box.folder.resolve(), "a")
    assert found.read(sha, "file") == b"x"


def test_a_folder_reached_through_a_link_is_where_it_really_is(sandbox, tmp_path):
    sandbox.write("a/file", "x")
    (tmp_path / "link").symlink_to(sandbox.folder / "a")
    assert find_repository(tmp_path / "link", sandbox.environ).prefix == "a"


def test_a_folder_in_no_work_tree_has_none(tmp_path, environ):
    environ["GIT_CEILING_DIRECTORIES"] = str(tmp_path.parent)
    assert find_repository(tmp_path, environ) is None
    assert find_repository(tmp_path / "absent", environ) is None


def test_without_a_git_program_there_is_none(sandbox, tmp_path):
    assert find_repository(sandbox.folder, {"PATH": str(tmp_path)}) is None
    assert find_repository(sandbox.folder, {"PATH": ""}) is None


def test_a_bare_repository_has_no_work_tree(elsewhere):
    bare = elsewhere("bare")
    bare.git("init", "--quiet", "--bare")
    assert find_repository(bare.folder, bare.environ) is None


def test_inside_of_the_git_folder_there_is_no_work_tree(sandbox):
    assert find_repository(sandbox.folder / ".git", sandbox.environ) is None


def test_variables_of_a_hook_do_not_lead_to_another_repository(sandbox, elsewhere):
    other = elsewhere("other").init()
    misled = {
        **sandbox.environ,
        "GIT_DIR": str(other.folder / ".git"),
        "GIT_WORK_TREE": str(other.folder),
        "GIT_INDEX_FILE": str(other.folder / "index"),
    }
    sha = sandbox.commit({"a": "x"})
    found = find_repository(sandbox.folder, misled)
    assert found.root == sandbox.folder.resolve()
    assert (found.head().sha, found.head().dirty) == (sha, False)


def test_a_repository_of_another_user_is_refused_with_the_remedy(sandbox):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (sandbox.folder, sandbox.folder / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(LocalError) as caught:
        find_repository(sandbox.folder, sandbox.environ)
    assert "another user" in caught.value.message
    assert str(sandbox.folder) in caught.value.message
    assert "safe.directory" in caught.value.hint


def test_the_users_word_that_a_repository_is_safe_counts(sandbox):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (sandbox.folder, sandbox.folder / ".git"):
        os.chown(path, 12345, 12345)
    trusting = {
        **sandbox.environ,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(sandbox.folder),
    }
    assert find_repository(sandbox.folder, trusting) is not None


def test_a_damaged_repository_is_told_in_gits_words(sandbox):
    sandbox.write(".git/config", "[core\n")
    with pytest.raises(LocalError, match=r"bad config line 1"):
        find_repository(sandbox.folder, sandbox.environ)


def test_a_git_that_hangs_is_stopped(sandbox, fake_git):
    environ = fake_git("exec /bin/sleep 600")
    with pytest.raises(LocalError, match=r"no answer for 0\.2 seconds"):
        find_repository(sandbox.folder, environ, timeout=0.2)


def test_a_git_that_hangs_between_contents_is_stopped(sandbox, fake_git):
    sha = sandbox.commit({"a": "x"})
    environ = fake_git(
        'case "$*" in *cat-file*) exec /bin/sleep 600;; *) PATH="${PATH#*:}"; exec git "$@";; esac'
    )
    found = find_repository(sandbox.folder, environ)
    quick = replace(found, git=replace(found.git, timeout=0.2))
    with pytest.raises(LocalError, match=r"`git cat-file` gave no answer"):
        quick.read(sha, "a")


def test_a_git_that_dies_is_told_with_its_last_words(sandbox, fake_git):
    sha = sandbox.commit({"a": "x"})
    environ = fake_git(
        'case "$*" in *cat-file*) echo "fatal: out of \033[31mluck" >&2; exit 128;; '
        '*) PATH="${PATH#*:}"; exec git "$@";; esac'
    )
    found = find_repository(sandbox.folder, environ)
    with pytest.raises(LocalError, match=r"`git cat-file` failed: out of \?\[31mluck"):
        found.read(sha, "a")


def test_a_program_that_is_none_is_told(sandbox, tmp_path, environ):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "git").write_bytes(b"\0\0no program")
    (folder / "git").chmod(0o755)
    with pytest.raises(LocalError, match="cannot be run"):
        find_repository(sandbox.folder, {**environ, "PATH": str(folder)})


def test_a_git_in_the_folder_itself_is_never_run(sandbox, tmp_path):
    sandbox.write("git", f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n").chmod(0o755)
    environ = {**sandbox.environ, "PATH": f".:{sandbox.environ['PATH']}"}
    here = f"import os; os.chdir({str(sandbox.folder)!r})"
    code = (
        f"{here}; from pathlib import Path; from tuneform.git import find_repository; "
        f"assert find_repository(Path('.'), {environ!r}) is not None"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not (tmp_path / "ran").exists()
