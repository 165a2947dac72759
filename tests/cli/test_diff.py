"""`tuneform diff BASE`: what a branch changes, from git alone."""

import socket
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import ANIMALS, NUMBERS, OTHER_BASE, Ran
from tests.cli.repository import GATE, QUESTIONS, Checkout, furnished, run_git

ESC = "\x1b"


@pytest.fixture
def checkout(checkout: Checkout) -> Checkout:
    """A repository whose `main` has one model; a branch is checked out."""
    # Whoever asks this service learns that there is none, and nobody has a key.
    checkout.settings(provider={"type": "gemini", "endpoint": "http://127.0.0.1:9"})
    checkout.model("numbers")
    checkout.commit()
    checkout.branch("work")
    return checkout


def changes(checkout: Checkout, *arguments: object) -> dict[str, Any]:
    """The changes against main by model."""
    ran = checkout.ok("diff", "main", "--format", "json", *arguments)
    return {each["model"]: each for each in ran.json["changes"]}


def words(ran: Ran) -> str:
    """Both streams on one line."""
    return " ".join(ran.told.split())


# What it shows.


def test_nothing_differs(checkout: Checkout) -> None:
    ran = checkout.ok("diff", "main")
    assert ran.out == "No changes against main.\n"
    assert ran.err == ""


def test_what_happened_on_the_other_branch_is_no_doing_of_this_one(checkout: Checkout) -> None:
    checkout.model("animals", dataset={"path": "../data/animals.jsonl"})
    checkout.commit()
    checkout.switch("main")
    checkout.model("meanwhile", revision=2)
    checkout.commit()
    checkout.switch("work")
    assert {name: each["action"] for name, each in changes(checkout).items()} == {
        "animals": "create",
        "numbers": "keep",
    }


def test_a_model_is_created(checkout: Checkout) -> None:
    checkout.model("animals", dataset={"path": "../data/animals.jsonl"})
    found = changes(checkout)
    assert {name: each["action"] for name, each in found.items()} == {
        "animals": "create",
        "numbers": "keep",
    }
    assert found["animals"]["reason"]["code"] == "new"
    assert found["animals"]["data_change"] is None


def test_a_model_is_trained_anew(checkout: Checkout) -> None:
    checkout.data("data/numbers.jsonl", (("1", "one"), *NUMBERS[1:], ("24", "25")))
    change = changes(checkout)["numbers"]
    assert change["action"] == "replace"
    assert change["reason"]["code"] == "dataset-changed"
    data = change["data_change"]
    assert (data["added"], data["removed"], data["changed"], data["unchanged"]) == (1, 0, 1, 22)
    assert data["commit"] == checkout.head
    assert data["samples"] == []  # JSON is kept by whoever asks for it, and this is training data
    text = checkout.ok("diff", "main").out
    assert '~ "1": "2" -> "one"' in text
    assert '+ "24" -> "25"' in text


def test_settings_and_base_train_anew_too(checkout: Checkout) -> None:
    checkout.model("numbers", baseModel=OTHER_BASE)
    assert changes(checkout)["numbers"]["reason"]["code"] == "base-changed"
    checkout.model("numbers", hyperparameters={"epochCount": 7})
    change = changes(checkout)["numbers"]
    assert change["reason"]["code"] == "hyperparameters-changed"
    assert change["data_change"] is None


def test_a_field_is_edited_in_place(checkout: Checkout) -> None:
    checkout.model("numbers", displayName="Says the next number", temperature=0.25)
    change = changes(checkout)["numbers"]
    assert change["action"] == "update"
    assert {each["effect"] for each in change["deltas"]} == {"in-place"}


def test_a_model_is_deleted(checkout: Checkout) -> None:
    checkout.remove("models/numbers.yaml")
    checkout.model("animals", dataset={"path": "../data/animals.jsonl"})
    assert changes(checkout)["numbers"]["action"] == "delete"


def test_a_model_is_renamed(checkout: Checkout) -> None:
    checkout.remove("models/numbers.yaml")
    checkout.model("counting", formerly=["numbers"], displayName="numbers")
    found = changes(checkout)
    assert list(found) == ["counting"]
    assert (found["counting"]["action"], found["counting"]["reason"]["code"]) == (
        "update",
        "renamed",
    )


def test_a_renamed_model_with_other_data_still_shows_what_changed(checkout: Checkout) -> None:
    checkout.remove("models/numbers.yaml")
    checkout.model("counting", formerly=["numbers"])
    checkout.data("data/numbers.jsonl", NUMBERS[1:])
    change = changes(checkout)["counting"]
    assert change["action"] == "replace"
    assert change["data_change"]["removed"] == 1


def test_a_gate_is_added_changed_and_taken_away(checkout: Checkout) -> None:
    checkout.data("data/questions.jsonl", QUESTIONS)
    checkout.model("numbers", gate=GATE)
    added = changes(checkout)["numbers"]
    assert (added["action"], added["reason"]["code"]) == ("update", "gate-changed")
    checkout.commit()
    checkout.git("branch", "--force", "main", "HEAD")
    assert changes(checkout)["numbers"]["action"] == "keep"
    checkout.model("numbers", gate=GATE | {"metrics": {"contains": {"min": 0.5}}})
    assert changes(checkout)["numbers"]["reason"]["code"] == "gate-changed"
    checkout.model("numbers")
    assert changes(checkout)["numbers"]["action"] == "keep"


def test_a_chain_is_shown_as_a_whole(checkout: Checkout) -> None:
    checkout.model("child", tunedFrom="numbers", dataset={"path": "../data/animals.jsonl"})
    checkout.settings()  # the Gemini API tunes no tuned model on this base
    checkout.commit()
    checkout.git("branch", "--force", "main", "HEAD")
    checkout.data("data/numbers.jsonl", NUMBERS[1:])
    found = changes(checkout)
    assert [(name, each["action"], each["reason"]["code"]) for name, each in found.items()] == [
        ("numbers", "replace", "dataset-changed"),
        ("child", "replace", "parent-changed"),
    ]


def test_targets_narrow_it(checkout: Checkout) -> None:
    checkout.model("animals", dataset={"path": "../data/animals.jsonl"})
    checkout.model("numbers", revision=2)
    assert list(changes(checkout, "--target", "animals")) == ["animals"]
    assert list(changes(checkout, "--exclude", "animals")) == ["numbers"]


def test_a_target_that_fits_nothing_is_a_mistake(checkout: Checkout) -> None:
    ran = checkout.run("diff", "main", "--target", "nmbers")
    assert ran.code == 64
    assert "no model fits 'nmbers'" in ran.err


def test_the_text_says_what_it_is_compared_with(checkout: Checkout) -> None:
    checkout.model("numbers", revision=2)
    ran = checkout.ok("diff", "main")
    assert ran.out.startswith("Changes against main")
    assert "Plan for" not in ran.out


def test_markdown_is_titled_with_the_revision(checkout: Checkout) -> None:
    checkout.model("numbers", revision=2)
    ran = checkout.ok("diff", "main", "--format", "markdown")
    assert "## Changes against main" in ran.out


# What it costs nothing to ask for.


def test_no_key_and_no_service_is_needed(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.0)
        port = listening.getsockname()[1]
        endpoint = f"http://127.0.0.1:{port}"
        checkout.settings(provider={"type": "gemini", "endpoint": endpoint})
        checkout.model("numbers", revision=2)
        checkout.ok("diff", "main")
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_nothing_that_git_sees_is_written(checkout: Checkout) -> None:
    checkout.model("numbers", revision=2)
    before = checkout.git("status", "--porcelain=v2", "--branch")
    index = (checkout.top / ".git" / "index").read_bytes()
    checkout.ok("diff", "main")
    assert checkout.git("status", "--porcelain=v2", "--branch") == before
    assert (checkout.top / ".git" / "index").read_bytes() == index
    assert not (checkout.root / ".tuneform" / "ledger.db").exists()


def test_what_is_not_committed_counts(checkout: Checkout) -> None:
    checkout.data("data/numbers.jsonl", NUMBERS[1:])
    dirty = changes(checkout)["numbers"]
    checkout.commit()
    assert changes(checkout)["numbers"] == dirty


def test_any_revision_will_do(checkout: Checkout) -> None:
    first = checkout.head
    checkout.model("numbers", revision=2)
    checkout.commit()
    checkout.git("tag", "-a", "-m", "a tag", "v1", first)
    for base in (first, first[:10], "HEAD~1", "v1", "main"):
        assert "1 to replace" in checkout.ok("diff", base).out
    assert checkout.ok("diff", "HEAD").out == "No changes against HEAD.\n"


def test_a_project_below_the_top(tmp_path: Path, checkout: Checkout) -> None:
    nested = furnished(Checkout(tmp_path / "many", "teams/one").init())
    nested.model("numbers")
    nested.commit()
    nested.data("data/numbers.jsonl", NUMBERS[2:])
    data = changes_of(nested, "HEAD")["numbers"]["data_change"]
    assert (data["removed"], data["unchanged"]) == (2, 21)
    assert checkout.ok("diff", "main").out == "No changes against main.\n"


def changes_of(checkout: Checkout, base: str) -> dict[str, Any]:
    """The changes against any revision by model."""
    ran = checkout.ok("diff", base, "--format", "json")
    return {each["model"]: each for each in ran.json["changes"]}


def test_a_project_that_is_new_in_the_branch(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "--orphan", "empty")
    checkout.git("rm", "-rq", "--cached", ".")
    checkout.git("commit", "--quiet", "--allow-empty", "-m", "nothing yet")
    found = changes_of(checkout, "empty")
    assert {each["action"] for each in found.values()} == {"create"}


def test_variables_and_environments_are_those_of_the_call(checkout: Checkout) -> None:
    checkout.settings(
        variables={"size": "small"},
        environments={"prod": {"variables": {"size": "large"}}},
    )
    checkout.model("numbers", description="A ${var.size} one")
    checkout.commit()
    checkout.git("branch", "--force", "main", "HEAD")
    for options in ([], ["--env", "prod"], ["--var", "size=tiny"]):
        assert {each["action"] for each in changes(checkout, *options).values()} == {"keep"}
    ran = checkout.ok("diff", "main", "--env", "prod", "--format", "json")
    assert ran.json["owner"] == "demo/prod"


# The policy.


def test_a_denial_is_told_and_ends_in_five(checkout: Checkout) -> None:
    provider = {"type": "gemini", "endpoint": "http://127.0.0.1:9"}
    checkout.settings(provider=provider, policy={"requiredLabels": ["team"]})
    checkout.model("numbers", revision=2)
    for form in ("text", "json", "markdown", "github"):
        denied = checkout.run("diff", "main", "--format", form)
        assert denied.code == 5, denied
        assert "team" in denied.told
    assert checkout.run("diff", "main", "--format", "json").json["summary"]["replace"] == 1


# What stops it.


def test_mistakes_of_the_work_tree(checkout: Checkout) -> None:
    checkout.write("models/numbers.yaml", "spec: [unfinished\n")
    refused = checkout.run("diff", "main")
    assert refused.code == 3
    assert "models/numbers.yaml:" in refused.err
    assert "main" not in refused.err


def test_mistakes_of_the_base_are_told_as_its_own(checkout: Checkout) -> None:
    good = (checkout.root / "models" / "numbers.yaml").read_text()
    checkout.write("models/numbers.yaml", "spec: [unfinished\n")
    broken = checkout.commit()
    checkout.write("models/numbers.yaml", good)
    checkout.git("branch", "broken", broken)
    for base in ("broken", broken):
        refused = checkout.run("diff", base)
        assert refused.code == 3
        assert f"{base}:models/numbers.yaml:1:7" in refused.err
        assert "tmp" not in refused.err


@pytest.mark.parametrize("base", ["man", "no/such", "", "main..work", "\x1b[2Jx", "@{u}", "x y"])
def test_an_unknown_revision(checkout: Checkout, base: str) -> None:
    refused = checkout.run("diff", base)
    assert refused.code == 64
    assert "is no commit of this repository" in refused.err
    assert "hint:" in refused.err
    assert ESC not in refused.err


def test_a_revision_that_is_an_option(checkout: Checkout) -> None:
    for base in ("--output=/tmp/x", "-h9"):
        assert checkout.run("diff", "--", base).code == 64


def test_a_near_name_is_suggested(checkout: Checkout) -> None:
    assert "did you mean 'main'?" in checkout.run("diff", "mian").err


def test_outside_a_repository(tmp_path: Path, checkout: Checkout) -> None:
    lone = Checkout(tmp_path / "lone")
    furnished(lone).model("numbers")
    refused = lone.run("diff", "main")
    assert refused.code == 1
    assert "no git work tree" in words(refused)
    assert checkout.run("diff", "main", PATH="/nonexistent").code == 1


def test_a_repository_without_commits(tmp_path: Path) -> None:
    fresh = furnished(Checkout(tmp_path / "fresh").init())
    fresh.model("numbers")
    refused = fresh.run("diff", "main")
    assert refused.code == 64
    assert "no commit yet" in words(refused)


def test_a_shallow_clone(checkout: Checkout, tmp_path: Path) -> None:
    checkout.model("numbers", revision=2)
    checkout.commit()
    source = f"file://{checkout.top}"
    run_git(tmp_path, "clone", "-q", "--depth=1", "--branch=work", source, "shallow")
    shallow = Checkout(tmp_path / "shallow")
    refused = shallow.run("diff", "main")
    assert refused.code == 64
    assert "the clone is shallow" in words(refused)
    run_git(
        tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", "-b", "work", source, "both"
    )
    assert "1 to replace" in Checkout(tmp_path / "both").ok("diff", "origin/main").out


def test_a_dataset_that_git_does_not_have(checkout: Checkout) -> None:
    digest = "0" * 64
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n"
    checkout.write("data/numbers.jsonl", pointer)
    checkout.commit()
    checkout.data("data/numbers.jsonl")
    refused = checkout.run("diff", "HEAD")
    assert refused.code == 1
    assert "data/numbers.jsonl at" in words(refused)
    assert "is kept with Git LFS" in words(refused)


def test_an_environment_that_is_new_in_the_branch(checkout: Checkout) -> None:
    checkout.settings(environments={"prod": {}})
    ran = checkout.ok("diff", "main", "--env", "prod", "--format", "json")
    assert {each["action"] for each in ran.json["changes"]} == {"create"}
    assert checkout.run("diff", "main", "--env", "prd").code == 3


# Strangers.


def test_samples_can_be_left_out(checkout: Checkout) -> None:
    checkout.data("data/numbers.jsonl", (*NUMBERS, ("a-secret-input", "a-secret-output")))
    assert "a-secret-input" in checkout.ok("diff", "main").out
    for form in ("text", "json", "markdown"):
        ran = checkout.ok("diff", "main", "--no-samples", "--format", form)
        assert "a-secret" not in ran.told
        assert "1" in ran.out
    assert "a-secret" not in checkout.ok("diff", "main", "--samples", 0).told


def test_hostile_texts_do_not_reach_the_terminal(checkout: Checkout) -> None:
    nasty = f"{ESC}[2J{ESC}]0;owned\x07\u202eevil\r\n::error::x </details> <script>"
    checkout.data("data/numbers.jsonl", (*NUMBERS, (nasty, nasty)))
    checkout.model("numbers", description="::warning::y </summary> <b>")
    for form in ("text", "markdown", "github"):
        out = checkout.ok("diff", "main", "--format", form).told
        assert ESC not in out
        assert "\x07" not in out
        assert "\u202e" not in out
        assert "\r" not in out
        assert not any(line.startswith("::error::x") for line in out.splitlines())


def test_the_repository_runs_nothing(checkout: Checkout) -> None:
    """Hooks, filters and monitors that a clone may have brought or been given."""
    trap = checkout.top / "trap"
    program = checkout.write("program.sh", f"#!/bin/sh\ntouch '{trap}'\ncat\n")
    program.chmod(0o755)
    checkout.write(".gitattributes", "*.jsonl filter=trap diff=trap\n")
    checkout.git("config", "filter.trap.clean", program)
    checkout.git("config", "filter.trap.smudge", program)
    checkout.git("config", "diff.trap.textconv", program)
    checkout.git("config", "core.fsmonitor", program)
    checkout.git("config", "core.pager", program)
    hook = checkout.top / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{trap}'\n")
    hook.chmod(0o755)
    checkout.data("data/numbers.jsonl", ANIMALS)
    checkout.ok("diff", "main")
    assert not trap.exists()


def test_links_of_a_stranger_lead_nowhere(checkout: Checkout, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_text('{"text_input": "secret", "output": "secret"}\n' * 3)
    good = (checkout.root / "data" / "numbers.jsonl").read_text()
    checkout.remove("data/numbers.jsonl")
    (checkout.root / "data" / "numbers.jsonl").symlink_to(secret)
    forged = checkout.commit()
    checkout.remove("data/numbers.jsonl")
    checkout.write("data/numbers.jsonl", good)
    refused = checkout.run("diff", forged)
    assert refused.code == 3
    assert "secret" not in refused.told
