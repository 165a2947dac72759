"""Whatever is hostile is shown, in every format of every command, and nothing of it is obeyed."""

import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.project import Project, Ran
from tests.cli.test_formats import CHECKS, GATES, PLANS, READERS, RUNS, SIMPLE
from tests.render.laws import FOREIGN
from tests.security.hostile import TRAPS, Answer, listening, poisoned, refusing

from tuneform.service import open_service

KEY = "planted-key-0123456789"
TEXTS = st.sampled_from(TRAPS) | st.lists(st.sampled_from(TRAPS), max_size=3).map("".join) | FOREIGN

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def assert_harmless(text: str) -> None:
    """No character that a terminal obeys; no colour either, as nobody watches."""
    odd = {
        character
        for character in text
        if (character != "\n" and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"))
        or character in _BIDI
    }
    assert not odd


class Stage:
    """A project, and how its commands are looked at."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.summary = project.root / "summary.md"

    def run(self, *arguments: object, format_: str = "text") -> Ran:
        """Run a command, and look at all that it says and writes."""
        self.summary.unlink(missing_ok=True)
        environ = {
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "TUNEFORM_LOG": str(self.project.root / "log.txt"),
            "TUNEFORM_TRACEBACK": "1",
        }
        chosen = ("--format", format_) if format_ != "text" else ()
        ran = self.project.run(*arguments, *chosen, **environ)
        assert "this is a bug" not in ran.err, ran
        assert "Traceback" not in ran.told, ran
        assert_harmless(ran.told)
        assert (ran.code == 0 and ran.out) or ran.told
        answered = ran.code in (0, 2) or format_ in ("json", "jsonl", "github")
        if ran.out and (answered or (arguments[0] == "validate" and ran.code == 3)):
            READERS[format_](ran.out)
        if self.summary.exists():
            READERS["markdown"](self.summary.read_text(encoding="utf-8"))
        self.look_at_files()
        return ran

    def look_at_files(self) -> None:
        for pattern in ("log.txt", "*.json", "models/imported.yaml", "summary.md"):
            for path in self.project.root.glob(pattern):
                assert_harmless(path.read_text(encoding="utf-8"))


@contextmanager
def staged(folder: Path, answer: Answer) -> Iterator[Stage]:
    """A project with one trained model, whose service turns hostile after that."""
    project = Project(folder, {"GEMINI_API_KEY": KEY})
    project.root.mkdir(exist_ok=True)
    project.data("data/numbers.jsonl")
    project.data("data/held.jsonl", [(str(number), str(number + 1)) for number in range(40, 44)])
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key=KEY, trains=True))
        service.start_training()
        turned = False
        url = stack.enter_context(
            listening(service, lambda *both: answer(*both) if turned else None)
        )
        project.settings(provider={"type": "gemini", "endpoint": url})
        declare(project)
        project.apply()
        declare(project, description="Other.", temperature=0.3)
        turned = True
        yield Stage(project)


def declare(project: Project, **more: Any) -> None:
    gate = {"dataset": {"path": "../data/held.jsonl"}, "metrics": {"exactMatch": {"min": 0}}}
    project.model("numbers", gate=None, **more)
    project.model("gated", revision=2, gate=gate)


def every_command(stage: Stage, stranger: str) -> None:
    """Those that ask the service, in all their formats; the destructive ones last."""
    for format_ in SIMPLE:
        stage.run("status", format_=format_)
        stage.run("show", "numbers", format_=format_)
        stage.run("generate", "numbers", "one", format_=format_)
        stage.run("wait", format_=format_)
        stage.run("cancel", "numbers", format_=format_)
    for format_ in PLANS:
        stage.run("plan", "--out", "plan.json", format_=format_)
        stage.run("show", "plan.json", format_=format_)
        stage.run("plan", "--destroy", format_=format_)
    for format_ in ("text", "json", "env", "yaml"):
        stage.run("output", format_=format_)
    for format_ in GATES:
        stage.run("gate", format_=format_)
        stage.run("evaluate", "gated", format_=format_)
    dataset = stage.project.root / "data/numbers.jsonl"
    stage.run("import", stranger, "--as", "imported", "--dataset", dataset)
    stage.run("rollback", "numbers")
    stage.run("prune", "-y")
    for format_ in RUNS:
        stage.run("apply", "-y", format_=format_)
    stage.run("forget", "gated", "-y")
    for format_ in RUNS:
        stage.run("destroy", "--yes-destroy", "demo", format_=format_)


@pytest.mark.parametrize(
    ("traps", "shown"),
    [
        (TRAPS[:5], r"\x1b[2J"),
        (TRAPS[5:6], r"\u202eevil"),
        (TRAPS[6:11], r"a\n::error file=x"),
        (TRAPS[11:], "[bold red]rich[/]"),
    ],
    ids=["terminals", "directions", "lines", "markup"],
)
def test_a_service_that_poisons_its_replies(tmp_path, traps, shown):
    trap = "".join(traps)
    with staged(tmp_path / "demo", poisoned(trap)) as stage:
        assert shown in stage.run("plan").out
        assert shown in stage.run("generate", "numbers", "one").out
        every_command(stage, f"tunedModels/{trap}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 501])
def test_a_service_that_refuses_with_poison(tmp_path, status):
    trap = "".join(TRAPS[:-1])
    with staged(tmp_path / "demo", refusing(trap, status)) as stage:
        for arguments in (
            ("status",),
            ("plan",),
            ("plan", "--format", "json"),
            ("apply", "-y"),
            ("apply", "-y", "--format", "jsonl"),
            ("apply", "-y", "--format", "github"),
            ("generate", "numbers", "one"),
            ("show", "numbers", "--format", "json"),
            ("destroy", "--yes-destroy", "demo"),
        ):
            ran = stage.run(*arguments)
            assert ran.code in (1, 3, 4, 5, 8), ran
            assert KEY not in ran.told
            assert ran.out.startswith(("{", "::")) or "hint: " in ran.err, ran


@given(data=st.data(), trap=TEXTS, more=TEXTS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_files_that_hold_poison(tmp_path_factory, data, trap, more):
    """Whatever people can write into manifests, datasets and their names; offline commands."""
    project = Project(tmp_path_factory.mktemp("poison"))
    project.settings(variables={"token": {"value": "planted-token", "sensitive": True}})
    texts = {key: data.draw(TEXTS, key) for key in ("name", "label", "base", "pattern", "key")}
    rows = [(f"{trap}{number}", more) for number in range(20)]
    rows += [(trap, "other"), (f"{trap}0", more)]
    file = "".join(c for c in trap if c not in "/\0" and not "\ud800" <= c <= "\udfff")[:40]
    named = f"data/x{file}.jsonl"
    project.data(named, rows)
    project.write("data/broken.csv", f"text_input,{more}\n{trap},b\n".encode(errors="replace"))
    project.model(
        texts["name"] or "numbers",
        file="models/numbers.yaml",
        labels={"team": texts["label"], texts["key"]: "x"},
        displayName=more,
        description=trap,
        baseModel=texts["base"],
        dataset={"path": f"../{named}", "preamble": more},
        gate={"metrics": {"regex": {"pattern": texts["pattern"], "min": 1}, trap: {"min": 2}}},
        **{f"x{more}": trap},
    )
    project.model("other", dataset={"path": f"../{named}"}, description=more)
    project.model("broken", dataset={"path": "../data/broken.csv"}, formerly=[trap])
    stage = Stage(project)
    for format_ in CHECKS:
        ran = stage.run("validate", format_=format_)
        assert ran.code in (0, 3)
        assert "planted-token" not in ran.told
    for format_ in SIMPLE:
        for command in ("check", "stats"):
            stage.run("dataset", command, named, "data/broken.csv", format_=format_)
        stage.run("dataset", "diff", named, "data/broken.csv", format_=format_)
        stage.run("plan", "--target", trap, format_=format_)
        stage.run("show", trap or "x", format_=format_)
