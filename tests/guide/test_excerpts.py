"""The plan of the demo project, as other pages show it, is the one that the command prints."""

import shutil
from pathlib import Path

import pytest
from tests.cli.repository import Checkout, needs_git
from tests.guide.play import shape

ROOT = Path(__file__).parents[2]
EDITS = (
    ("datasets/numbers.jsonl", '"8", "output": "9"', '"18", "output": "19"'),
    ("ticket-routing.yaml", "the team for a support ticket", "the team that answers a ticket"),
)


def page(name):
    return shape(ROOT.joinpath(name).read_text(encoding="utf-8"))


@pytest.fixture
def demo(tmp_path):
    """The demo, applied, then edited as the README says."""
    needs_git()
    made = Checkout(tmp_path / "demo").init()
    shutil.copy(ROOT / "tuneform.yaml", made.root)
    shutil.copytree(ROOT / "manifests", made.root / "manifests")
    made.commit()
    made.ok("apply", "-y")
    for name, before, after in EDITS:
        text = made.root.joinpath("manifests", name).read_text(encoding="utf-8")
        assert before in text
        made.write(f"manifests/{name}", text.replace(before, after))
    made.remove("manifests/chat-routing.yaml")
    return made


def test_the_plan_of_the_demo_is_the_one_on_the_pages(demo):
    plan = shape(demo.ok("plan").out)
    assert f"```text\n{plan}```\n" in page("README.md")
    replaced = next(each for each in plan.split("\n\n") if "  +/- number-generator" in each)
    assert f"```text\n{replaced}\n```\n" in page("docs/from-file-to-report.md")
    report = next(
        line for line in demo.apply("--allow-deletes", 1).out.splitlines() if "loss" in line
    )
    assert shape(report) in page("docs/from-file-to-report.md")
