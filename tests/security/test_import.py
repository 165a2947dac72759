"""A live object that somebody prepared, and what becomes of it in a manifest of ours."""

import unicodedata

import pytest
import yaml
from tests.cli.project import Project

SECRET = "s3cret-of-the-project"
IMPORT = ("import", "legacy", "--as", "legacy", "--dataset", "data/numbers.jsonl")


@pytest.fixture
def guarded(project: Project) -> Project:
    """A project with a variable that nobody may see."""
    project.settings(variables={"token": {"value": SECRET, "sensitive": True}})
    return project


@pytest.mark.parametrize(
    "text",
    ["${var.token}", "$${var.token}", "a $$${var.token} b", "${var.unknown}", "${", "$${", "}${x"],
)
def test_no_variable_is_put_into_a_text_of_the_service(guarded: Project, text: str) -> None:
    with guarded.service(trains=True) as service:
        service.train("legacy", description=text, displayName=text)
    told = guarded.ok(*IMPORT).told
    told += guarded.ok("plan").told + guarded.apply().told

    live = guarded.live()["tunedModels/legacy"]
    assert live["description"].startswith(f"{text}\n")
    assert live["displayName"] == text
    assert SECRET not in told + str(live)
    assert guarded.ok("plan").out.startswith("No changes.")


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\u00ad", "\U000e0041", "\u3164"])
def test_what_cannot_be_seen_is_escaped_in_the_manifest(guarded: Project, hidden: str) -> None:
    with guarded.service(trains=True) as service:
        service.train("legacy", description=f"é {hidden} x", displayName=f"a{hidden}b")
    ran = guarded.run(*IMPORT)

    text = (guarded.root / "models/legacy.yaml").read_text(encoding="utf-8")
    assert hidden not in text + ran.told
    assert all(unicodedata.category(each) not in ("Cc", "Cf") or each == "\n" for each in text)
    assert yaml.safe_load(text)["spec"]["description"] == f"é {hidden} x"


def test_what_can_be_seen_stays_readable(guarded: Project) -> None:
    with guarded.service(trains=True) as service:
        service.train("legacy", description="Größe: 漢字 🎈")
    guarded.ok(*IMPORT)

    assert "Größe: 漢字 🎈" in (guarded.root / "models/legacy.yaml").read_text(encoding="utf-8")
