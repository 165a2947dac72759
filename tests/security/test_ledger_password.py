"""The password of a ledger on a server stands in a URL: it is found nowhere else afterwards."""

import io
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from tests.cli.project import Project, Ran
from tests.cli.test_formats import CHECKS
from tests.server import Server

from tuneform.cli.screen import Screen
from tuneform.manifest.source import Source
from tuneform.manifest.words import quoted

PASSWORD = "planted-p@ss/wörd"
ENCODED = quote(PASSWORD, safe="")
FORMS = (PASSWORD, ENCODED, "planted-p", "ss%2F", "w%C3%B6rd", "wörd")
UNREACHABLE = f"postgresql+psycopg://ada:{ENCODED}@127.0.0.1:1/demo"


class Talkative:
    """A project whose commands say all that they can, and are searched for the password."""

    def __init__(self, project: Project, **environ: str) -> None:
        self.project = project
        self.environ = {
            "TUNEFORM_TRACEBACK": "1",
            "TUNEFORM_LOG": str(project.root / "log.txt"),
            "GITHUB_STEP_SUMMARY": str(project.root / "summary.md"),
            **environ,
        }

    def run(self, *arguments: object, code: int = 0) -> Ran:
        """Run a command that must end so."""
        ran = self.project.run(*arguments, "-v", **self.environ)
        assert ran.code == code, ran
        search(ran.told, arguments)
        return ran

    def search_files(self) -> None:
        """Whatever we wrote."""
        own = ("data", "models", "tuneform.yaml")
        for path in self.project.root.rglob("*"):
            if path.is_file() and path.relative_to(self.project.root).parts[0] not in own:
                search(path.read_bytes().decode("utf-8", "replace"), path)


def search(text: str, where: object) -> None:
    for form in FORMS:
        assert form not in text, where


@pytest.fixture
def shared(project: Project, postgres: Server) -> tuple[Talkative, str]:
    """A project, and the URL of an empty database of its own."""
    url = postgres.database().replace("tuneform@", f"tuneform:{ENCODED}@")
    project.data("data/numbers.jsonl")
    project.model("numbers")
    return Talkative(project, TUNEFORM_LEDGER=url), url


def test_a_ledger_that_is_used(shared: tuple[Talkative, str]) -> None:
    """Every command that writes into it or reads from it, and then all that is in it."""
    talkative, url = shared
    run = talkative.run
    run("plan", "--out", "plan.json", "--format", "github")
    run("apply", "plan.json", "--format", "jsonl")
    talkative.project.model("numbers", revision=2)
    run("apply", "-y", "--format", "markdown")
    for command in (("history",), ("lineage", "numbers"), ("lock",), ("status",), ("plan",)):
        for format_ in ("text", "json"):
            run(*command, "--format", format_)
    run("rollback", "numbers", "-y")
    run("destroy", "--yes-destroy", "demo", "--format", "json")
    assert talkative.project.run("history", TUNEFORM_LEDGER=url).out.count("apply") >= 2
    talkative.search_files()
    for rows in tables(url):
        search(rows, "the ledger")


def tables(url: str) -> Iterator[str]:
    """Whatever stands in the tables of ours."""
    import psycopg

    with closing(psycopg.connect(url.replace("+psycopg", ""))) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'tuneform'"
        ).fetchall()
        assert len(names) > 3
        for (name,) in names:
            yield repr(connection.execute(f"SELECT * FROM tuneform.{name}").fetchall())


def test_a_lock_that_somebody_holds(shared: tuple[Talkative, str]) -> None:
    """Whoever waits is told who holds it: from where, not with what."""
    from tuneform.clock import SystemClock
    from tuneform.domain.names import Owner
    from tuneform.ledger.address import Address
    from tuneform.ledger.lock import Patience, Purpose

    talkative, url = shared
    root = talkative.project.root
    held = Address(url, root, SystemClock()).locked(
        Owner("demo"), Purpose("apply", "ada"), Patience(0.0, lambda _: None)
    )
    with held:
        told = talkative.run("apply", "-y", code=7).told
        assert "ada" in told
        assert "ada" in talkative.run("lock").out
        talkative.run("lock", "--format", "json")
    talkative.search_files()


def test_a_server_that_refuses(shared: tuple[Talkative, str]) -> None:
    talkative, url = shared
    talkative.environ["TUNEFORM_LEDGER"] = f"{url}-missing"
    for command in (("apply", "-y"), ("history",), ("lock",)):
        assert "does not exist" in talkative.run(*command, code=1).told
    talkative.run("plan")
    talkative.search_files()


COMMANDS = [
    ("apply", "-y"),
    ("apply", "-y", "--format", "jsonl"),
    ("destroy", "--yes-destroy", "demo"),
    ("history", "--format", "json"),
    ("lineage", "numbers"),
    ("lock",),
]


@pytest.mark.parametrize("place", ["environment", "manifest", "variable"])
@pytest.mark.parametrize(
    "url",
    [
        UNREACHABLE,
        f"postgresql+psycopg://127.0.0.1:1/demo?user=ada&password={ENCODED}",
        f"postgresql+psycopg://ada:{ENCODED}@127.0.0.1:1/demo?nonsense=1",
        "postgresql+psycopg://ada:planted-p@ss@127.0.0.1:1/demo",
    ],
)
def test_a_server_that_cannot_be_reached(project: Project, place: str, url: str) -> None:
    pytest.importorskip("psycopg")
    project.model("numbers")
    talkative = Talkative(project)
    match place:
        case "environment":
            talkative.environ["TUNEFORM_LEDGER"] = url
        case "manifest":
            project.settings(ledger=url)
        case _:
            project.settings(ledger=url.replace(ENCODED, "${var.word}"), variables={"word": "x"})
            talkative.environ["TUNEFORM_VAR_word"] = ENCODED
    for command in COMMANDS:
        assert "ledger" in talkative.run(*command, code=1).told
    talkative.run("plan")
    talkative.run("status")
    talkative.search_files()


# A mistake in tuneform.yaml is shown with its line, and the URL may stand in that.

LINES = [
    "ledgre: {url}",
    'ledger: "{url}',
    "ledger: {url}: x",
    "ledger: [{url}]",
    'ledger: {{url: "{url}"}}',
    "ledger: {url}\n  ledger: {url}",
    'environments: {{prod: {{ledger: "{url}", x: 1}}}}',
    "{url}: 1",
    "manifests: ['{url}']",
    "requires: '{url}'",
    "provider: {{type: gemini, endpoint: '{url}'}}",
    "provider: {{type: embedded, data: '{url}'}}",
    "policy: {{allowedBases: ['{url}'], maxCost: '{url}'}}",
    "variables: {{x: '{url}', x: '{url}'}}",
    "nonsense: 1 # {url}",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("padding", ["", "a" * 37, "a" * 90])
def test_a_mistake_beside_it(project: Project, line: str, padding: str) -> None:
    """Also where it is cut, to be quoted in short."""
    url = f"postgresql://{padding}:{ENCODED}@127.0.0.1:1/demo?a=b&password=planted-p"
    head = "apiVersion: tuneform/v1\nkind: Project\nmetadata: {name: demo}\nspec:\n  "
    project.write("tuneform.yaml", f"{head}{line.format(url=url)}\n")
    talkative = Talkative(project)
    for format_ in CHECKS:
        talkative.run("validate", "--format", format_, code=3)
    talkative.run("plan", code=3)
    talkative.search_files()


def test_a_password_that_is_cut_is_not_taken_for_a_port() -> None:
    for before in range(110):
        text = f"postgresql://{'a' * before}:1234567@127.0.0.1/demo{'/x' * 60}"
        source = Source("tuneform.yaml", text)
        assert ":1" not in quoted(text)
        assert all(":1" not in source.snippet(source.place(0, at)) for at in range(0, 130, 3))


@pytest.mark.parametrize(
    "text",
    [
        "https://127.0.0.1:8765/v1",
        "http://localhost:80?",
        "http://[::1]:8080/x",
        "see https://host.example/a@b and postgresql+psycopg://ada@host/db",
        "12:30 // 13:45 @noon",
    ],
)
def test_what_holds_no_password_is_shown(project: Project, text: str) -> None:
    project.write(
        "tuneform.yaml", f"apiVersion: tuneform/v1\nkind: Project\nspec:\n  x: '{text}'\n"
    )
    assert text in project.run("validate").err


def test_a_bug_beside_it() -> None:
    """Nobody foresaw the text of it."""
    err = io.StringIO()
    Screen({"TUNEFORM_LEDGER": UNREACHABLE, "TUNEFORM_TRACEBACK": "1"}, io.StringIO(), err).bug(
        ValueError(f"{UNREACHABLE} and {PASSWORD}")
    )
    search(err.getvalue(), "a bug")
    assert "127.0.0.1:1/demo" in err.getvalue()
