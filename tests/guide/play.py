"""Plays a page of documentation: runs its commands, applies its edits, and writes what came out.

A page is Markdown, and its fenced blocks are the script:

- `console`: a line that begins with `$ ` is a command for bash, one that ends in a backslash goes
  on in the next line; what follows is the output, both streams as they come. Environment, folder
  and `$?` go from one command to the next.
- `console second-terminal`: one command that goes on in the background. It is the practice
  service: it takes any free port, and the page goes on calling it by the port that it names.
- `diff`: an edit, applied to the current folder.
- `yaml excerpt=FILE`: stands in that file, line by line.

Some things differ from run to run: times, dates, ids of commits, checksums. They are compared by
shape. Where a command names one that an earlier output showed, it gets the present one.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

ADDRESS = "http://127.0.0.1:8765"
"""Where the practice service is, as the page says."""

_BASH = '_code() { return "$1"; }; _code "$1"; eval "$2"; _c=$?; { pwd; env -0; } >"$3"; exit $_c'
_FENCE = re.compile(r"^(`{3,})([^`\s][^\n]*)\n(.*?)^\1\n", re.MULTILINE | re.DOTALL)
_HEX = re.compile(r"\b[0-9a-f]{7,64}\b")
_VARYING = (
    ("&#8203;", ""),  # keeps GitHub from linking a commit; where it stands depends on the digits
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"\b\d+\.\d s\b", "SECONDS"),
    (_HEX.pattern, "HEX"),
)
_TELLS_PROGRESS = re.compile(r"tuneform (apply|rollback|prune)\b")
_PROGRESS = re.compile(r"(?!error|warning|hint)[a-z][a-z0-9-]*: ")
_SECONDS_AT_MOST = 600


def shape(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return text


@dataclass
class Session:
    """A shell of which everything is remembered that the next command can see."""

    folder: Path
    environ: dict[str, str]
    code: int = 0

    def run(self, command: str, scratch: Path, typed: str = "") -> str:
        """Run one command; what it wrote to both streams."""
        done = subprocess.run(
            ["bash", "-c", _BASH, "bash", str(self.code), command, str(scratch)],
            cwd=self.folder,
            env=self.environ,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=_SECONDS_AT_MOST,
        )
        folder, _, pairs = scratch.read_text(encoding="utf-8").partition("\n")
        self.folder, self.code = Path(folder), done.returncode
        self.environ = dict(pair.split("=", 1) for pair in pairs.split("\0") if "=" in pair)
        return done.stdout


@dataclass
class Play:
    """A page that is being played.

    Attributes:
        session: the terminal in which the reader works.
        scratch: a file that nobody else uses.
        stack: ends what goes on in the background.
        present: of an id that the page shows, the one of this run.
        shown: of an id that the page shows, the one that it shows from now on.
        address: of the practice service in this run.
    """

    session: Session
    scratch: Path
    stack: ExitStack
    present: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    address: str = ADDRESS

    def page(self, text: str) -> str:
        """The page with the output of this run, where it is not of the same shape."""
        return _FENCE.sub(self._fence, text)

    def _fence(self, found: re.Match[str]) -> str:
        ticks, kind, body = found.groups()
        match kind.split("=", 1):
            case ["console"]:
                body = "".join(self._console(body))
            case ["console second-terminal"]:
                body = self._background(body)
            case ["diff"]:
                told = self.session.run("git apply -", self.scratch, body)
                assert self.session.code == 0, f"an edit does not fit: {told}\n{body}"
            case ["yaml excerpt", name]:
                written = (self.session.folder / name).read_text(encoding="utf-8")
                assert body in written, f"not in {name}:\n{body}"
            case _:
                raise AssertionError(f"a block that nobody can play: {kind}")
        return f"{ticks}{kind}\n{body}{ticks}\n"

    def _console(self, body: str) -> Iterator[str]:
        """Command after command, each with its output; an empty line parts two."""
        printed = ""
        for command, before in _entries(body):
            yield "\n" if printed else ""
            printed = self._output(command, before)
            yield f"$ {_put(self.shown, command)}\n{printed}"

    def _output(self, command: str, before: str) -> str:
        now = _put(self.present, command).replace(ADDRESS, self.address)
        output = self.session.run(now, self.scratch).replace(self.address, ADDRESS)
        lines = [line.rstrip() for line in output.splitlines()]
        if _TELLS_PROGRESS.search(command):
            lines = [line for line in lines if not _PROGRESS.match(line)]
        after = "\n".join(lines).strip("\n")
        after = f"{after}\n" if after else ""
        kept = before if shape(before) == shape(after) else after
        pairs = zip(_HEX.findall(before), _HEX.findall(after), _HEX.findall(kept), strict=False)
        for old, new, shown in pairs:
            self.present[old], self.shown[old] = new, shown
        return kept

    def _background(self, body: str) -> str:
        """Start the practice service on a port that is free."""
        ((command, _),) = _entries(body)
        started = subprocess.Popen(
            ["bash", "-c", f"exec {re.sub('--port [0-9]+', '--port 0', command)}"],
            cwd=self.session.folder,
            env=self.session.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.enter_context(started)
        self.stack.callback(started.terminate)
        assert started.stdout is not None
        self.address = started.stdout.readline().strip()
        self.session.environ["TUNEFORM_VAR_endpoint"] = self.address
        return f"$ {command}\n{ADDRESS}\n"


@contextmanager
def playing(folder: Path, environ: Mapping[str, str]) -> Iterator[Play]:
    """A reader who begins in this folder."""
    with ExitStack() as stack:
        session = Session(folder, {**environ, "PWD": os.fspath(folder)})
        yield Play(session, folder.parent / "session", stack)


def difference(before: str, after: str) -> str:
    """Where two pages part, for whoever reads the failure of a test."""
    lines = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    for number, (old, new) in enumerate(lines, start=1):
        if old != new:
            return f"line {number}\n  the page shows {old!r}\n  it should show {new!r}"
    return ""


def _entries(body: str) -> list[tuple[str, str]]:
    """Each command with the output that the page shows."""
    commands: list[tuple[str, str]] = []
    for line in body.splitlines(keepends=True):
        open_ = bool(commands) and not commands[-1][1] and commands[-1][0].endswith("\\")
        if line.startswith("$ "):
            commands.append((line[2:].rstrip("\n"), ""))
        elif open_:
            commands[-1] = (f"{commands[-1][0]}\n{line.rstrip()}", "")
        else:
            assert commands, f"output without a command: {line}"
            commands[-1] = (commands[-1][0], commands[-1][1] + line)
    return [(command, f"{text.rstrip()}\n" if text.strip() else "") for command, text in commands]


def _put(ids: Mapping[str, str], command: str) -> str:
    """A command with other ids."""
    return _HEX.sub(lambda found: ids.get(found[0], found[0]), command)
