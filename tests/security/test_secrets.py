"""A whole story with planted secrets: then every stream and every file is searched for them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from tests.cli.project import Project, Ran
from tests.security.hostile import Answer, Reply, credentials, listening, refusing

from tuneform.service import open_service

KEY = "planted-key-0123456789"
SECRET = "planted-sensitive-value"
INPUT, OUTPUT = "planted-question-of-a-customer", "planted-answer-to-a-customer"
ASKED, EXPECTED = "planted-question-of-a-gate", "planted-answer-of-a-gate"
TEXTS = (INPUT, OUTPUT, ASKED, EXPECTED)
CAN_SHOW = ("evaluate", "dataset", "diff", "generate")
"""Commands that may show examples; `plan` may as well, where data changed."""


class Story:
    """A project, its service, and all that was said so far.

    Attributes:
        answer: what the service says instead of its own; None for its own.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.answer: Answer | None = None
        self.told = ""

    def run(self, *arguments: object, code: int | None = 0, key: str = KEY) -> Ran:
        """Run a command as talkative as can be."""
        ran = self.project.run(
            *arguments,
            "-v",
            GEMINI_API_KEY=key,
            TUNEFORM_VAR_token=SECRET,
            TUNEFORM_LOG=str(self.project.root / "log.txt"),
            TUNEFORM_TRACEBACK="1",
            GITHUB_STEP_SUMMARY=str(self.project.root / "summary.md"),
        )
        assert code is None or ran.code == code, ran
        assert "this is a bug" not in ran.told
        self.told += ran.told
        self.check(ran.told, arguments)
        return ran

    def check(self, text: str, arguments: tuple[object, ...] = ()) -> None:
        shows = arguments and (arguments[0] in CAN_SHOW or "--samples" in arguments)
        for secret in (KEY, SECRET, *(() if shows and "--no-samples" not in arguments else TEXTS)):
            for form in {secret, quote(secret), repr(secret), secret[:-4], secret[4:]}:
                assert form not in text, arguments


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    project = Project(tmp_path / "demo")
    project.root.mkdir()
    with ExitStack() as stack:
        service = stack.enter_context(open_service(None, api_key=KEY, trains=True))
        service.start_training()
        made = Story(project)

        def answer(request: httpx.Request, reply: httpx.Response) -> Reply | None:
            return made.answer(request, reply) if made.answer else None

        url = stack.enter_context(listening(service, answer))
        project.settings(
            provider={"type": "gemini", "endpoint": url},
            variables={"token": {"value": "none", "sensitive": True}},
        )
        write(project)
        yield made


def write(project: Project, *, least: float = 0, extra: str = "", **more: object) -> None:
    rows = [(f"{INPUT} {number}", f"{OUTPUT} {number % 3}") for number in range(22)]
    project.data("data/planted.jsonl", [*rows, *([(extra, OUTPUT)] if extra else [])])
    project.data("data/gate.jsonl", [(f"{ASKED} {at}", f"{EXPECTED} {at}") for at in range(3)])
    project.data("data/must.jsonl", [(f"{ASKED} must {at}", EXPECTED) for at in range(2)])
    gate = {
        "dataset": {"path": "../data/gate.jsonl"},
        "metrics": {"exactMatch": {"min": least}, "regex": {"pattern": "x", "min": least}},
    }
    if least:
        gate["mustPass"] = {"path": "../data/must.jsonl"}
    dataset = {"path": "../data/planted.jsonl", "preamble": "Ask: "}
    description = "Holds ${var.token} in the middle."
    project.model("planted", dataset=dataset, gate=gate, description=description, **more)


def artefacts(project: Project) -> Iterator[tuple[Path, bytes]]:
    """Every file that we wrote: whatever is not the user's own."""
    for path in project.root.rglob("*"):
        relative = path.relative_to(project.root)
        own = relative.parts[0] in ("data", "models", "tuneform.yaml")
        if path.is_file() and not own:
            yield relative, path.read_bytes()


def test_nothing_planted_is_found_anywhere(story: Story) -> None:
    live_well(story)
    live_badly(story)
    meet_liars(story)
    break_files(story)
    story.run("destroy", "--yes-destroy", "demo", "--format", "jsonl")

    assert "GET v1beta/tunedModels" in story.told
    assert "(sensitive)" in story.told
    assert list((story.project.root / ".tuneform/cache").iterdir())
    search(story.project)


def live_well(story: Story) -> None:
    """Plan, apply, look, train again, roll back."""
    for format_ in ("text", "json", "markdown", "junit", "sarif", "github"):
        story.run("validate", "--format", format_)
    for format_ in ("text", "json", "markdown", "github"):
        story.run("plan", "--format", format_, "--out", f"{format_}.plan.json")
    story.run("apply", "text.plan.json", "--format", "jsonl")
    for command in (("status",), ("show", "planted"), ("output",), ("wait",)):
        for format_ in ("text", "json"):
            story.run(*command, "--format", format_)
    write(story.project, extra=f"{INPUT} more", revision=2)
    story.run("plan", "--no-samples", "--format", "markdown")
    story.run("plan", "--no-samples")
    story.run("apply", "-y", "--format", "markdown")
    story.run("rollback", "planted", "-y")


def live_badly(story: Story) -> None:
    """A gate that nothing passes, and a training that fails."""
    write(story.project, least=1, revision=3)
    story.run("apply", "-y", "--format", "github", code=6)
    story.run("evaluate", "planted", code=None)
    story.run("evaluate", "planted", "--record", "--no-samples", code=None)
    for format_ in ("text", "json", "markdown", "junit", "github"):
        story.run("gate", "--format", format_, code=6)
        story.run("evaluate", "planted", "--no-samples", "--format", format_, code=None)
    settings = {"epochCount": 2, "batchSize": 8, "learningRate": 1e30}
    write(story.project, hyperparameters=settings)
    story.run("apply", "-y", "--format", "json", code=8)
    story.run("status")


def meet_liars(story: Story) -> None:
    """Keys that are none, and services that repeat what they were sent."""
    story.run("plan", code=4, key=f"{KEY}-wrong")
    story.run("plan", code=None, key=f"{KEY}\n")
    story.run("plan", code=None, key=f" {KEY}")
    write(story.project, revision=4)
    answers = [refusing("", status) for status in (302, 400, 401, 403, 404, 409, 501)]
    for answer in (*answers, parroting):
        story.answer = answer
        for command in (
            ("plan",),
            ("apply", "-y", "--format", "jsonl"),
            ("generate", "planted", "x"),
        ):
            assert story.run(*command, code=None).code in (1, 4, 8)
    story.answer = None


def break_files(story: Story) -> None:
    """Files that are broken in the very place of a secret."""
    story.project.write(
        "data/planted.jsonl", f'{{"text_input": "{INPUT}", "output": 5}}\n{INPUT}\n'
    )
    story.run("validate", code=3)
    story.run("apply", "-y", "--format", "json", code=3)
    write(story.project, nonsense="${var.token}", revision="${var.token}")
    for format_ in ("text", "json", "markdown", "junit", "sarif", "github"):
        story.run("validate", "--format", format_, code=3)
    story.run("plan", "--env", "none", code=3)
    write(story.project)


def search(project: Project) -> None:
    """Every file of ours, as it lies on the disk."""
    found = dict(artefacts(project))
    names = {str(path) for path in found}
    assert {"log.txt", "summary.md", ".tuneform/ledger.db"} <= names
    for path, content in found.items():
        for secret in map(str.encode, (KEY, SECRET, *TEXTS)):
            for form in (secret, secret.decode().encode("utf-16-le"), secret.hex().encode()):
                assert form not in content, path


def parroting(request: httpx.Request, _: httpx.Response) -> Reply:
    """A page of no list that repeats the key in what should be names."""
    key = credentials(request)
    body = f'{{"tunedModels": [{{"name": 5, "{key}": "{key}"}}], "{key}": "{key}"}}'
    return (
        200,
        {"x-key": key.strip(), "location": f"https://host.example/{quote(key)}"},
        body.encode(),
    )


def test_what_we_write_is_for_its_owner(story: Story) -> None:
    """On a machine that is shared, the usual umask keeps others from writing."""
    story.run("apply", "-y")
    for path in (story.project.root / ".tuneform").rglob("*"):
        assert not path.stat().st_mode & 0o022, path


@pytest.mark.parametrize("command", [("plan",), ("status",), ("show", "planted"), ("apply", "-y")])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_an_error_that_repeats_a_sensitive_value(
    story: Story, command: tuple[str, ...], format_: str
) -> None:
    """The service knows the value from a description; it is hidden in what stops a command too."""
    story.answer = refusing(f"is {SECRET} right", 403)
    ran = story.run(*command, "--format", format_, code=4)
    assert "[redacted] right" in " ".join(ran.told.split())


def test_a_log_line_is_written_once_for_each_request(story: Story) -> None:
    story.run("plan")
    lines = (story.project.root / "log.txt").read_text().splitlines()
    assert len(lines) == len(set(lines)) > 0


@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "markdown", "github"])
def test_a_failed_step_that_repeats_a_sensitive_value(story: Story, format_: str) -> None:
    """In the middle of a run: the reason goes into the report, and into the ledger."""
    refused = refusing(f"is {SECRET} right", 400)

    def answer(request: httpx.Request, reply: httpx.Response) -> Reply | None:
        return refused(request, reply) if request.method == "POST" else None

    story.answer = answer
    ran = story.run("apply", "-y", "--format", format_, code=1)
    assert "right" in ran.told
    story.run("plan")
    story.run("plan", "--format", "json", "--out", "text.plan.json")
    (story.project.root / "summary.md").touch()
    search(story.project)
