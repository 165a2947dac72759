"""Commits: what is checked out, what a name stands for, what came before what."""

import pytest

from tuneform.errors import UsageError
from tuneform.git import Ref


@pytest.fixture
def story(sandbox):
    """Three commits on main; `side` leaves after the first, and is merged in the last."""
    first = sandbox.commit({"p/data": "1"})
    sandbox.git("checkout", "--quiet", "-b", "side")
    side = sandbox.commit({"p/data": "side"})
    sandbox.git("checkout", "--quiet", "main")
    second = sandbox.commit({"p/other": "2"})
    sandbox.dated("merge", "--quiet", "--no-ff", "--strategy=ours", "-m", "merge", "side")
    return {
        "first": first,
        "side": side,
        "second": second,
        "merge": sandbox.git("rev-parse", "HEAD"),
    }


def test_before_the_first_commit_there_is_no_head(sandbox):
    found = sandbox.opened()
    assert found.head() is None
    assert found.refs() == ()
    assert found.commits_touching(".", 5) == ()
    with pytest.raises(UsageError) as caught:
        found.resolve("HEAD")
    assert caught.value.hint == "the repository has no commit yet"


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        (lambda box: box.folder, False),
        (lambda box: box.write("p/data", "changed"), True),
        (lambda box: box.write("p/new", "x"), True),
        (lambda box: (box.write("p/data", "changed"), box.git("add", ".")), True),
        (lambda box: (box.folder / "p/data").unlink(), True),
        (lambda box: (box.folder / "p/data").chmod(0o755), True),
        (lambda box: box.write("p/x.log", "ignored"), False),
        (lambda box: box.write("elsewhere", "x"), False),
        (lambda box: box.write("p-not", "x"), False),
        (lambda box: box.write("p/data", "1"), False),
    ],
    ids=[
        *("same", "changed", "untracked", "staged", "deleted", "mode"),
        *("ignored", "outside", "beside", "rewritten"),
    ],
)
def test_dirty_is_what_differs_below_the_project(sandbox, change, dirty):
    sha = sandbox.commit({"p/data": "1", ".gitignore": "*.log\n", "q": "q"})
    change(sandbox)
    head = sandbox.opened("p").head()
    assert (head.sha, head.dirty) == (sha, dirty)


def test_a_project_with_the_name_of_a_pattern_is_taken_by_its_name(sandbox):
    sandbox.commit({"[ab]/data": "1", "a/data": "1", ":(top)/data": "1"})
    sandbox.write("a/data", "changed")
    assert not sandbox.opened("[ab]").head().dirty
    assert not sandbox.opened(":(top)").head().dirty
    assert sandbox.opened("a").head().dirty


def test_looking_writes_nothing(sandbox):
    sandbox.commit({"p/data": "1"})
    sandbox.write("p/data", "1")
    before = {path: path.stat().st_mtime_ns for path in (sandbox.folder / ".git").rglob("*")}
    found = sandbox.opened()
    found.head(), found.refs(), found.commits_touching("p", 3)
    assert before == {
        path: path.stat().st_mtime_ns for path in (sandbox.folder / ".git").rglob("*")
    }


def test_a_revision_is_resolved_to_its_commit(sandbox, story):
    sandbox.git("tag", "light", "main~1")
    sandbox.git("tag", "-a", "-m", "x", "heavy", "side")
    sandbox.git("tag", "-a", "-m", "x", "twice", "heavy")
    found = sandbox.opened("p")
    names = {
        "HEAD": "merge",
        "main": "merge",
        "HEAD~1": "second",
        "side": "side",
        "light": "second",
        "heavy": "side",
        "twice": "side",
        story["first"][:12]: "first",
    }
    assert {name: found.resolve(name) for name in names} == {
        name: story[value] for name, value in names.items()
    }


@pytest.mark.parametrize(
    "revision",
    [
        "nowhere",
        "",
        "a..b",
        "^HEAD",
        "HEAD:p/data",
        "HEAD^{tree}",
        "x\ny",
        "a\0b",
        "f" * 40,
        "ö",
        "HEAD@{99}",
        ":/(",
        "HEAD main",
        "\udcff",
    ],
)
def test_what_names_no_commit_is_a_usage_error(sandbox, story, revision):
    with pytest.raises(UsageError) as caught:
        sandbox.opened().resolve(revision)
    assert repr(revision) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("revision", ["-h", "--all", "--help", "-", "--output=x"])
def test_no_revision_is_taken_for_an_option(sandbox, story, revision):
    found = sandbox.opened()
    for ask in (found.resolve, lambda each: found.is_ancestor(each, "HEAD")):
        with pytest.raises(UsageError, match="begins with a dash"):
            ask(revision)


def test_near_names_are_the_hint(sandbox, story):
    sandbox.git("update-ref", "refs/remotes/origin/release", "main")
    found = sandbox.opened()
    for wrong, hint in (("mian", "did you mean 'main'?"), ("release", "'origin/release'")):
        with pytest.raises(UsageError) as caught:
            found.resolve(wrong)
        assert hint in caught.value.hint


def test_ancestors(sandbox, story):
    found = sandbox.opened()
    cases = [
        ("first", "merge", True),
        ("side", "merge", True),
        ("merge", "merge", True),
        ("merge", "first", False),
        ("side", "second", False),
    ]
    for older, newer, expected in cases:
        assert found.is_ancestor(story[older], story[newer]) is expected, (older, newer)
    assert found.is_ancestor("f" * 40, story["merge"]) is None
    assert found.is_ancestor(story["merge"], "f" * 40) is None


def test_where_histories_parted(sandbox, story):
    found = sandbox.opened()
    assert found.merge_base(story["second"]) == story["second"]
    sandbox.git("checkout", "--quiet", "--detach", story["side"])
    assert found.merge_base(story["second"]) == story["first"]
    sandbox.git("checkout", "--quiet", "--orphan", "alone")
    sandbox.git("commit", "--quiet", "--allow-empty", "-m", "x")
    assert found.merge_base(story["second"]) == story["second"]


def test_every_name_and_checkout_is_a_ref(sandbox, story, tmp_path):
    sandbox.git("update-ref", "refs/remotes/origin/main", story["second"])
    sandbox.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    sandbox.git("tag", "-a", "-m", "x", "heavy", "side")
    sandbox.git("tag", "-a", "-m", "x", "twice", "heavy")
    sandbox.git("tag", "of-a-tree", "HEAD^{tree}")
    sandbox.git("tag", "-a", "-m", "x", "of-a-file", "HEAD:p/data")
    sandbox.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "wt"), story["first"])
    sandbox.git("checkout", "--quiet", "--detach", story["side"])
    assert sandbox.opened("p").refs() == (
        Ref("HEAD", story["side"]),
        Ref(f"HEAD of {(tmp_path / 'wt').resolve()}", story["first"]),
        Ref("refs/heads/main", story["merge"]),
        Ref("refs/heads/side", story["side"]),
        Ref("refs/remotes/origin/main", story["second"]),
        Ref("refs/tags/heavy", story["side"]),
        Ref("refs/tags/twice", story["side"]),
    )


def test_a_worktree_is_a_repository_of_its_own(sandbox, story, tmp_path, elsewhere):
    sandbox.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "wt"), story["first"])
    found = elsewhere("wt").opened("p")
    assert found.prefix == "p"
    assert found.head().sha == story["first"]
    names = {ref.name: ref.sha for ref in found.refs()}
    assert names["HEAD"] == story["first"]
    assert names[f"HEAD of {sandbox.folder.resolve()}"] == story["merge"]


def test_a_worktree_of_a_bare_repository_works(sandbox, story, tmp_path, elsewhere):
    bare = elsewhere("bare")
    bare.git("clone", "--quiet", "--bare", str(sandbox.folder), ".")
    bare.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "wt"), story["first"])
    found = elsewhere("wt").opened()
    assert found.head().sha == story["first"]
    assert Ref("HEAD", story["first"]) in found.refs()


def test_the_commits_that_touched_a_path_are_newest_first(sandbox, story):
    later = sandbox.commit({"p/data": "3"})
    found = sandbox.opened("p")
    assert found.commits_touching("data", 9) == (
        *(later, story["merge"]),  # the merge took one side of two
        *(story["side"], story["first"]),
    )
    assert found.commits_touching("data", 1) == (later,)
    assert found.commits_touching("data", 0) == ()
    assert found.commits_touching("never", 9) == ()
    assert found.commits_touching(["other", "never"], 9) == (story["second"],)
    assert found.commits_touching([], 9) == ()
    assert set(found.commits_touching(".", 9)) == {later, *story.values()}


def test_a_merge_that_brought_nothing_of_its_own_is_left_out(sandbox):
    first = sandbox.commit({"data": "1\n2\n3\n4\n5\n"})
    for branch, text in (("idle", None), ("rows", "1\n2\n3\n4\n5\nside\n")):
        sandbox.git("checkout", "--quiet", "-b", branch, first)
        sandbox.commit({"data": text} if text else {"other": "x"})
    rows = sandbox.git("rev-parse", "rows")
    sandbox.git("checkout", "--quiet", "main")
    second = sandbox.commit({"data": "main\n1\n2\n3\n4\n5\n"})
    for branch in ("idle", "rows"):
        sandbox.dated("merge", "--quiet", "--no-ff", "-m", "merge", branch)
    merge = sandbox.git("rev-parse", "HEAD")  # the only one that has the rows of both
    assert sandbox.opened().commits_touching("data", 9) == (merge, second, rows, first)


@pytest.mark.parametrize("name", ["-p", "--all", "*.txt", ":(glob)**", "a\nb", "ö ö", "[x]"])
def test_a_hostile_name_is_a_name(sandbox, name):
    sandbox.commit({"p/a.txt": "1", "x": "1"})
    sha = sandbox.commit({f"p/{name}": "2"})
    found = sandbox.opened("p")
    assert found.commits_touching(name, 9) == (sha,)
    assert found.read(sha, name) == b"2"


def test_a_shallow_clone_says_what_it_cannot_know(sandbox, story, elsewhere):
    clone = elsewhere("clone")
    address = sandbox.folder.as_uri()
    clone.git("clone", "--quiet", "--depth=1", "--no-single-branch", address, ".")
    found = clone.opened("p")
    assert found.is_shallow()
    assert not sandbox.opened().is_shallow()
    assert found.head().sha == story["merge"]
    with pytest.raises(UsageError) as caught:
        found.resolve(story["first"])
    assert "git fetch --unshallow" in caught.value.hint
    assert found.is_ancestor(story["first"], "HEAD") is None
    # Both ends are here, but not what lies between them.
    assert found.is_ancestor("origin/side", "HEAD") is None
    assert found.is_ancestor("HEAD", "HEAD") is True
    clone.git("fetch", "--quiet", "--depth=2", "origin", "main")
    assert found.is_ancestor("HEAD", "HEAD~1") is False
    assert found.is_ancestor("HEAD~1", "HEAD") is True
