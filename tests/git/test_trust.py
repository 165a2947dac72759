"""A repository of strangers runs nothing, hides nothing and replaces nothing."""

import pytest

from tuneform.errors import LocalError
from tuneform.git import find_repository


@pytest.fixture
def ran(tmp_path):
    """A command that leaves a trace, and whether it has run."""
    trace = tmp_path / "ran"
    script = tmp_path / "command"
    script.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    script.chmod(0o755)
    return str(script), trace.exists


def everything(sandbox, sha, to):
    """Ask all that can be asked."""
    found = sandbox.opened()
    found.head(), found.refs(), found.resolve("HEAD"), found.tree_id(sha)
    found.is_ancestor(sha, "HEAD"), found.commits_touching("a", 9), found.read(sha, "a")
    list(found.blobs([sha], "a"))
    found.extract(sha, to)


@pytest.mark.parametrize(
    "settings",
    [
        {"filter.evil.clean": "{}", "filter.evil.smudge": "{}"},
        {"filter.evil.process": "{}", "filter.evil.required": "true"},
        {"filter.ev.il.clean": "{}", "filter.evil.clean": "{}"},
        {"core.fsmonitor": "{}"},
        {"core.pager": "{}", "pager.log": "true", "pager.status": "true"},
        {"diff.evil.textconv": "{}", "diff.external": "{}", "diff.evil.command": "{}"},
        {"core.hooksPath": ".hooks"},
        {"core.sshCommand": "{}", "credential.helper": "!{}", "core.askPass": "{}"},
        {"status.submoduleSummary": "true", "submodule.recurse": "true"},
        {"gpg.program": "{}", "log.showSignature": "true"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_nothing_that_is_configured_is_run(sandbox, tmp_path, ran, settings):
    command, has_run = ran
    attributes = "* filter=evil diff=evil\n*.x filter=ev.il\n"
    sha = sandbox.commit({"a": "1", "b.x": "1", ".gitattributes": attributes})
    for name in ("post-index-change", "post-checkout", "pre-auto-gc", "reference-transaction"):
        for folder in (".hooks", ".git/hooks"):
            sandbox.write(f"{folder}/{name}", f"#!/bin/sh\n{command}\n").chmod(0o755)
    for key, value in settings.items():
        sandbox.git("config", key, value.format(command))
    sandbox.write("a", "2")  # as large as before, so that git has to look into it
    sandbox.write("b.x", "2")
    everything(sandbox, sha, tmp_path / "out")
    assert sandbox.opened().head().dirty
    assert not has_run()


def test_the_filter_would_have_run(sandbox, ran):
    """The trap of the test above is a trap."""
    command, has_run = ran
    sandbox.commit({"a": "1", ".gitattributes": "* filter=evil\n"})
    sandbox.git("config", "filter.evil.clean", command)
    sandbox.write("a", "2")
    sandbox.git("status")
    assert has_run()


def test_a_filter_that_cannot_be_switched_off_is_told(sandbox):
    sandbox.commit({"a": "1"})
    sandbox.write(".git/config", '[filter "a=b"]\n\tclean = cat\n')
    with pytest.raises(LocalError, match=r"filter\.a=b"):
        sandbox.opened().head()


def test_attributes_hide_and_change_nothing(sandbox, tmp_path):
    attributes = "a export-ignore\nb export-subst ident text eol=crlf\n* filter=lfs\n"
    sha = sandbox.commit({"a": "1\n", "b": "$Format:%H$ $Id$\n", ".gitattributes": attributes})
    sandbox.opened().extract(sha, tmp_path / "out")
    assert (tmp_path / "out" / "a").read_bytes() == b"1\n"
    assert (tmp_path / "out" / "b").read_bytes() == b"$Format:%H$ $Id$\n"
    assert sandbox.opened().read(sha, "b") == b"$Format:%H$ $Id$\n"


def test_what_was_committed_is_never_replaced(sandbox):
    sha = sandbox.commit({"a": "honest"})
    sandbox.git("replace", sandbox.blob(b"honest"), sandbox.blob(b"forged"))
    assert sandbox.opened().read(sha, "a") == b"honest"
    assert [data for _, data in sandbox.opened().blobs([sha], "a")] == [b"honest"]


def test_a_folder_that_looks_like_a_repository_is_not_obeyed(sandbox, ran):
    """A bare repository can be committed as plain files, settings and all."""
    command, has_run = ran
    inner = "p/data"
    sandbox.write(f"{inner}/HEAD", "ref: refs/heads/main\n")
    sandbox.write(f"{inner}/refs/x", "")
    sandbox.write(f"{inner}/objects/x", "")
    above = sandbox.folder / "p"
    sandbox.write(
        f"{inner}/config",
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
        f"\tworktree = {above}\n\tfsmonitor = {command}\n",
    )
    sandbox.commit()
    found = find_repository(sandbox.folder / inner, sandbox.environ)
    if found is not None:
        found.head()
        words = sandbox.git("--version").split()[2].split(".")
        assert [int(word) for word in words[:2]] < [2, 38], "only older ones take it for one"
    assert not has_run()


def test_no_hook_is_run_whatever_git_is_asked(sandbox, ran):
    """No question of ours has a hook; should one ever have, it is not run either."""
    command, has_run = ran
    sha = sandbox.commit({"a": "1"})
    hook = sandbox.write(".git/hooks/reference-transaction", f"#!/bin/sh\n{command}\n")
    hook.chmod(0o755)
    sandbox.opened().git.ask("update-ref", "refs/heads/new", sha)
    assert not has_run()


def test_nothing_of_the_callers_environment_reaches_git_but_its_configuration(sandbox, tmp_path):
    trace = tmp_path / "trace"
    sandbox.environ = {
        **sandbox.environ,
        "GIT_TRACE": str(trace),
        "GIT_EXTERNAL_DIFF": "false",
        "LANGUAGE": "de",
        "LC_ALL": "de",
    }
    found = sandbox.opened()
    assert found.head() is None
    assert "GIT_TRACE" not in found.git.environ
    assert found.git.environ["LC_ALL"] == "C"
    assert not trace.exists()
