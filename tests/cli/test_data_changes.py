"""What a plan tells of the examples that changed: from git, else from the ledger, else nothing."""

from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import ANIMALS, NUMBERS, Project
from tests.cli.repository import Checkout

ESC = "\x1b"
CHANGED = (("1", "one"), *NUMBERS[2:], ("24", "25"), ("25", "26"))
"""One changed, one removed, two added."""


def told(project: Project, *arguments: object, **environ: str) -> Any:
    """What the plan tells of the one model's data."""
    return project.plan(*arguments, **environ)["numbers"]["data_change"]


def counts(found: Any) -> tuple[int, int, int, int]:
    """Added, removed, changed, unchanged."""
    return tuple(found[each] for each in ("added", "removed", "changed", "unchanged"))


@pytest.fixture
def applied(checkout: Checkout) -> Checkout:
    """A repository with one commit, which is applied."""
    checkout.model("numbers")
    checkout.commit()
    checkout.apply()
    return checkout


# From git.


def test_the_earlier_side_comes_from_git(applied: Checkout) -> None:
    first = applied.head
    applied.data("data/numbers.jsonl", CHANGED)
    found = told(applied)
    assert counts(found) == (2, 1, 1, 21)
    assert (found["source"], found["commit"]) == ("git", first)
    text = applied.ok("plan").out
    assert "2 examples added, 1 removed, 1 changed, 21 unchanged" in text
    assert f"git commit {first[:7]}" in text
    assert '~ "1": "2" -> "one"' in text


def test_it_needs_no_ledger(applied: Checkout) -> None:
    applied.data("data/numbers.jsonl", CHANGED)
    before = told(applied)
    (applied.root / ".tuneform" / "ledger.db").unlink()
    assert told(applied) == before


def test_it_looks_for_the_version_that_is_live_and_not_for_the_last_commit(
    applied: Checkout,
) -> None:
    first = applied.head
    applied.data("data/numbers.jsonl", NUMBERS[3:])
    applied.commit()
    applied.data("data/numbers.jsonl", CHANGED)
    applied.commit()
    found = told(applied)
    assert counts(found) == (2, 1, 1, 21)
    assert found["commit"] == first


def test_another_format_is_no_change_of_the_data(applied: Checkout) -> None:
    rows = "".join(f"{text},{output}\n" for text, output in NUMBERS)
    applied.write("data/numbers.csv", f"text_input,output\n{rows}")
    applied.model("numbers", dataset={"path": "../data/numbers.csv"})
    assert applied.actions() == {"numbers": "keep"}


def test_a_preamble_changes_every_example(applied: Checkout) -> None:
    applied.model("numbers", dataset={"path": "../data/numbers.jsonl", "preamble": "Next: "})
    found = told(applied)
    assert counts(found) == (23, 23, 0, 0)
    assert found["source"] == "git"


def test_examples_that_are_held_out_from_now_on(applied: Checkout) -> None:
    gate = {"dataset": {"holdout": 0.2}, "metrics": {"exactMatch": {"min": 0.0}}}
    applied.model("numbers", gate=gate)
    found = told(applied)
    assert found["source"] == "git"
    assert found["removed"] > 0
    assert (found["added"], found["changed"]) == (0, 0)


def test_a_project_below_the_top(tmp_path: Path) -> None:
    nested = Checkout(tmp_path / "many", "teams/one").init()
    nested.root.mkdir(parents=True)
    nested.settings()
    nested.data("data/numbers.jsonl")
    nested.model("numbers")
    nested.commit()
    nested.apply()
    nested.data("data/numbers.jsonl", CHANGED)
    assert told(nested)["source"] == "git"


def test_the_first_samples_are_shown_and_the_rest_is_counted(applied: Checkout) -> None:
    applied.data("data/numbers.jsonl", ((text, "no") for text, _ in NUMBERS))
    text = applied.ok("plan").out
    assert text.count(' -> "no"') == 3
    assert "20 more not shown" in text
    assert applied.ok("plan", "--samples", 20).out.count(' -> "no"') == 20
    assert '"no"' not in applied.ok("plan", "--samples", 0).out
    assert applied.run("plan", "--samples", 51).code == 64


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github"])
def test_private_data_is_not_shown(applied: Checkout, form: str) -> None:
    applied.data("data/numbers.jsonl", (("a-secret-input", "a-secret-output"), *NUMBERS))
    ran = applied.ok("plan", "--no-samples", "--format", form)
    assert "a-secret" not in ran.told
    assert "a-secret" not in applied.ok("plan", "--no-samples", "--samples", 9).told


def test_what_is_saved_applied_or_recorded_has_no_texts(applied: Checkout) -> None:
    applied.data("data/numbers.jsonl", (("a-secret-input", "a-secret-output"), *NUMBERS))
    applied.ok("plan", "--out", "plan.json")
    assert "a-secret" not in (applied.root / "plan.json").read_text()
    assert "a-secret" not in applied.apply().told
    own = applied.root / ".tuneform"
    assert not [
        each for each in own.rglob("*") if each.is_file() and b"a-secret" in each.read_bytes()
    ]


def test_hostile_texts_do_not_reach_the_terminal(applied: Checkout) -> None:
    nasty = f"{ESC}[2J{ESC}]0;owned\x07\u202eevil\r\n::error::x </details> <script> | `"
    applied.data("data/numbers.jsonl", (*NUMBERS, (nasty, nasty), ("1", nasty)))
    for form in ("text", "markdown", "github"):
        ran = applied.ok("plan", "--format", form)
        assert "evil" in ran.out
        for bad in (ESC, "\x07", "\u202e", "\r"):
            assert bad not in ran.told
        assert not any(line.startswith("::error") for line in ran.out.splitlines())


def test_ten_thousand_rows(checkout: Checkout) -> None:
    rows = [(f"question {number}", str(number % 7)) for number in range(10_000)]
    checkout.data("data/numbers.jsonl", rows)
    checkout.model("numbers", hyperparameters={"epochCount": 1, "batchSize": 500})
    checkout.commit()
    checkout.apply()
    checkout.data("data/numbers.jsonl", [*rows[1:], ("another", "0")])
    assert counts(told(checkout)) == (1, 1, 0, 9_999)


# From the ledger.


@pytest.fixture
def untracked(checkout: Checkout) -> Checkout:
    """An applied project whose datasets git does not know."""
    checkout.write(".gitignore", ".tuneform/\n.practice/\ndata/\n")
    checkout.model("numbers")
    checkout.commit()
    checkout.apply()
    return checkout


def test_the_ledger_counts_where_git_has_no_file(untracked: Checkout) -> None:
    untracked.data("data/numbers.jsonl", CHANGED)
    found = told(untracked)
    assert counts(found) == (2, 1, 1, 21)
    assert (found["source"], found["commit"]) == ("ledger", None)
    text = untracked.ok("plan").out
    assert "digests in the ledger" in text
    # What was there before is not kept; what is there now is no secret to whoever plans.
    assert '"24" -> "25"' in text
    assert '"2" ->' not in text
    assert '"one"' in text


def test_it_needs_no_repository(project: Project) -> None:
    project.model("numbers")
    project.apply()
    project.data("data/numbers.jsonl", CHANGED)
    assert counts(told(project)) == (2, 1, 1, 21)


def test_a_renamed_file_is_known_by_its_digest(applied: Checkout) -> None:
    """git is asked for the file under its present name only; the ledger knows no names."""
    applied.git("mv", "data/numbers.jsonl", "data/counting.jsonl")
    applied.model("numbers", dataset={"path": "../data/counting.jsonl"})
    assert applied.actions() == {"numbers": "keep"}
    applied.data("data/counting.jsonl", CHANGED)
    applied.commit()
    found = told(applied)
    assert counts(found) == (2, 1, 1, 21)
    assert found["source"] == "ledger"


def test_the_ledger_follows_what_is_live(untracked: Checkout) -> None:
    untracked.data("data/numbers.jsonl", ANIMALS)
    untracked.apply()
    untracked.data("data/numbers.jsonl", (*ANIMALS, ("ox", "xo")))
    assert counts(told(untracked)) == (1, 0, 0, 24)


# From nowhere.


def test_where_neither_knows_the_plan_is_the_same(untracked: Checkout) -> None:
    untracked.data("data/numbers.jsonl", CHANGED)
    explained = untracked.plan()["numbers"]
    (untracked.root / ".tuneform" / "ledger.db").unlink()
    bare = untracked.plan()["numbers"]
    assert bare["data_change"] is None
    assert {**explained, "data_change": None} == bare
    assert "spec.dataset: " in untracked.ok("plan").out


def test_a_broken_ledger_or_repository_stops_no_plan(untracked: Checkout) -> None:
    untracked.data("data/numbers.jsonl", CHANGED)
    (untracked.root / ".tuneform" / "ledger.db").write_bytes(b"no database at all" * 100)
    (untracked.top / ".git" / "HEAD").write_text("nonsense\n")
    assert untracked.actions() == {"numbers": "replace"}
    assert told(untracked) is None
    assert told(untracked, PATH="/nonexistent") is None
