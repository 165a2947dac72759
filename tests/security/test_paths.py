"""No manifest reads a file outside of its project: by no key, no path and no link."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import NUMBERS, Project

WORD = "a-word-that-only-the-outside-holds"


@pytest.fixture
def outside(project: Project) -> Path:
    """Examples beside the project, which nobody has named to us."""
    folder = project.root.parent / "outside"
    other = Project(folder)
    folder.mkdir()
    other.data("secret.jsonl", [*NUMBERS, (WORD, "x")])
    return folder


def by_dots(project: Project, outside: Path) -> str:
    return "../../outside/secret.jsonl"


def by_absolute_path(project: Project, outside: Path) -> str:
    return str(outside / "secret.jsonl")


def by_link(project: Project, outside: Path) -> str:
    (project.root / "data/link.jsonl").symlink_to(outside / "secret.jsonl")
    return "../data/link.jsonl"


def by_relative_link(project: Project, outside: Path) -> str:
    (project.root / "data/link.jsonl").symlink_to("../../outside/secret.jsonl")
    return "../data/link.jsonl"


def by_chain(project: Project, outside: Path) -> str:
    (project.root / "data/one.jsonl").symlink_to("two.jsonl")
    (project.root / "data/two.jsonl").symlink_to(outside / "secret.jsonl")
    return "../data/one.jsonl"


def by_folder(project: Project, outside: Path) -> str:
    (project.root / "data/linked").symlink_to(outside)
    return "../data/linked/secret.jsonl"


def by_folder_and_back(project: Project, outside: Path) -> str:
    (project.root / "data/linked").symlink_to(outside)
    return "../data/linked/../outside/secret.jsonl"


def by_dots_behind_a_link(project: Project, outside: Path) -> str:
    """Taken as text this stays inside; the system would look beside the link's target."""
    (outside / "deep").mkdir()
    (project.root / "data/deep").symlink_to(outside / "deep")
    return "../data/deep/../secret.jsonl"


def by_process(project: Project, outside: Path) -> str:
    (project.root / "data/link.jsonl").symlink_to("/proc/self/environ")
    return "../data/link.jsonl"


WAYS = [
    by_dots,
    by_absolute_path,
    by_link,
    by_relative_link,
    by_chain,
    by_folder,
    by_folder_and_back,
    by_dots_behind_a_link,
    by_process,
]
PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "dataset": lambda path: {"dataset": {"path": path}},
    "gate": lambda path: {
        "gate": {"dataset": {"path": path}, "metrics": {"exactMatch": {"min": 0}}}
    },
    "mustPass": lambda path: {"gate": {"mustPass": {"path": path}}},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_no_key_of_a_manifest_leads_out(
    project: Project, outside: Path, way: Callable[[Project, Path], str], place: str
) -> None:
    project.model("numbers", **PLACES[place](way(project, outside)))
    for arguments in (("validate",), ("plan",), ("plan", "--format", "markdown"), ("apply", "-y")):
        ran = project.run(*arguments, PLANTED=WORD)
        assert ran.code == 3, ran
        assert WORD not in ran.told
        assert "models/numbers.yaml" in ran.told
    assert project.trainings() == 0


@pytest.mark.parametrize("way", WAYS)
def test_no_dataset_of_an_import_leads_out(
    project: Project, outside: Path, way: Callable[[Project, Path], str]
) -> None:
    with project.service(trains=True) as service:
        service.train("legacy")
    path = (project.root / "models" / way(project, outside)).as_posix()
    ran = project.run("import", "legacy", "--as", "legacy", "--dataset", path)

    assert ran.code in (3, 64), ran
    assert WORD not in ran.told
    assert list((project.root / "models").iterdir()) == []


@pytest.mark.parametrize("key", ["manifests", "data"])
@pytest.mark.parametrize("path", ["../outside", "/tmp", "linked", "linked/deeper"])
def test_no_key_of_the_project_leads_out(
    project: Project, outside: Path, key: str, path: str
) -> None:
    (project.root / "linked").symlink_to(outside)
    project.model("numbers")
    if key == "manifests":
        project.settings(manifests=[path])
    else:
        project.settings(provider={"type": "embedded", "data": path})
    before = sorted(outside.rglob("*"))
    for arguments in (("validate",), ("status",), ("apply", "-y")):
        ran = project.run(*arguments)
        assert ran.code != 0 or arguments == ("validate",), ran
    assert sorted(outside.rglob("*")) == before


@pytest.mark.parametrize(
    "link", [".tuneform", ".tuneform/cache", ".tuneform/locks", ".tuneform/ledger.db", ".practice"]
)
def test_nothing_of_ours_is_written_through_a_link(
    project: Project, outside: Path, link: str
) -> None:
    """A branch can hold such a link, and a pipeline that looks at the branch follows it."""
    project.model("numbers")
    path = project.root / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(outside / "ledger.db" if link.endswith(".db") else outside)
    before = sorted(outside.rglob("*"))
    for arguments in (("validate",), ("plan",), ("apply", "-y")):
        ran = project.run(*arguments)
        assert ran.code == 1 or (link, arguments) == (".practice", ("validate",)), ran
        assert ran.code == 0 or "leads out of the project through a symbolic link" in ran.err
        assert ran.code == 0 or "hint: " in ran.err
    assert sorted(outside.rglob("*")) == before


def test_a_link_that_stays_inside_is_followed(project: Project) -> None:
    (project.root / "data/link.jsonl").symlink_to("numbers.jsonl")
    project.model("numbers", dataset={"path": "../data/link.jsonl"})
    project.ok("validate")


def test_variables_may_come_from_anywhere(project: Project, outside: Path) -> None:
    """Who names a file at the prompt may read it."""
    (outside / "vars.yaml").write_text("stage: prod\n")
    (project.root / "link.yaml").symlink_to(outside / "vars.yaml")
    project.settings(variables={"stage": "dev"})
    project.model("numbers", description="${var.stage}")
    for file in (outside / "vars.yaml", "link.yaml"):
        project.ok("validate", "--var-file", file)
