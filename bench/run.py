"""Measure the tool as its users meet it, whole processes, and print one table.

    run.py [ROW…] [--models N] [--large N] [--new N] [--runs K] [--dir DIR]

Every time is that of a right answer: a plan that finds any difference, or an apply after which a
difference is left, ends the run with the tool's own words. The floor (floor.py) runs beside the
tool, on the same files and the same list, so that the ratio holds on any machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import BENCH, PYTHON, TUNEFORM, Sample, Unexpected, median, run_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_REMOTE = '{type: gemini, endpoint: "${var.endpoint}"}'
_EMBEDDED = "{type: embedded}"
_SMALL = (20, 205)
"""Rows of a dataset, and bytes of a row: 4 KB."""
_LARGE = (3990, 1000)
"""4 MB, a little below the limit however it is counted."""
_EXAMPLES = (20, 205)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table. A ratio without a floor has none."""

    work: str
    sample: Sample
    floor: Sample | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A workload on disk, and the loopback list it agrees with ("" for the practice service)."""

    root: Path
    url: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        return {"TUNEFORM_VAR_endpoint": self.url, "GEMINI_API_KEY": "practice", "NO_COLOR": "1"}

    def plan(self, runs: int, *, cold: bool = False) -> Sample:
        """Plan, and accept only that nothing changes."""
        command = [TUNEFORM, "plan", "--project", str(self.root), "--detailed-exitcode"]
        forget = self.forget if cold else _nothing
        return median(runs, command, self.environment, before=forget)

    def apply(self) -> Sample:
        """Apply once, and accept only that a plan finds nothing left."""
        sample = run_once([TUNEFORM, "apply", "--project", str(self.root), "-y"], self.environment)
        self.plan(1)
        return sample

    def floor(self, runs: int, *options: str) -> Sample:
        return median(runs, [*_FLOOR, "plan", str(self.root), self.url, *options])

    def forget(self) -> None:
        """Remove what the tool keeps between runs; it must be able to do without."""
        shutil.rmtree(self.root / ".tuneform", ignore_errors=True)


_FLOOR = (PYTHON, str(BENCH / "floor.py"))


def _nothing() -> None:
    """Leave everything as the run before left it."""


class Bench:
    """The rows, by name, and the workloads that they share within one run."""

    def __init__(self, options: argparse.Namespace, root: Path) -> None:
        self._models: int = options.models
        self._large: int = options.large
        self._new: int = options.new
        self._runs: int = options.runs
        self._root = root

    @cached_property
    def rows(self) -> Mapping[str, Callable[[], Iterator[Line]]]:
        return {
            "startup": self.startup,
            "plan": self.plan,
            "scale": self.scale,
            "large": self.large,
            "apply": self.apply,
            "service": self.service,
        }

    def startup(self) -> Iterator[Line]:
        """The two commands that nobody wants to wait for."""
        interpreter = median(self._runs, [PYTHON, "-c", "pass"])
        bare = median(self._runs, [PYTHON, str(BENCH / "bare.py"), "--help"])
        yield Line("the interpreter alone", interpreter)
        yield Line("a bare typer app, --help", bare, interpreter)
        version = median(self._runs, [TUNEFORM, "version"])
        yield Line("tuneform version", version, interpreter, "60 ms")
        yield Line("tuneform --help", median(self._runs, [TUNEFORM, "--help"]), bare, "180 ms")

    def plan(self) -> Iterator[Line]:
        """A plan of many models, each with a dataset of 4 KB, nothing changed."""
        with self._remote("small", self._models, *_SMALL) as project:
            floor, cached = project.floor(self._runs), project.floor(self._runs, "--cached")
            yield Line(f"floor: plan, {self._models:,} models", floor)
            yield Line("floor: the same, manifests cached", cached)
            work = f"plan, {self._models:,} models"
            cold = project.plan(self._runs, cold=True)
            yield Line(f"{work}, cold", cold, floor, "2.5 s, 200 MB")
            yield Line(f"{work}, warm", project.plan(self._runs), floor, "1.5 s, 200 MB")

    def scale(self) -> Iterator[Line]:
        """Ten times the models; the ratio is that of the two times."""
        with self._remote("tenth", self._models // 10, *_SMALL) as project:
            project.plan(1)
            tenth = project.plan(self._runs)
        yield Line(f"plan, {self._models // 10:,} models, warm", tenth)
        with self._remote("small", self._models, *_SMALL) as project:
            project.plan(1)
            whole = project.plan(self._runs)
        yield Line(f"plan, {self._models:,} models, warm", whole, tenth, "11 times")

    def large(self) -> Iterator[Line]:
        """A plan of datasets of 4 MB: the first, which reads them, and one that need not."""
        with self._remote("large", self._large, *_LARGE) as project:
            files = [str(path) for path in sorted(project.root.glob("datasets/*/*"))]
            sample = run_once([*_FLOOR, "hash", *files[:20]])
            floor = Sample(sample.wall * len(files) / 20, sample.cpu * len(files) / 20, sample.peak)
            yield Line(f"floor: read and hash {len(files):,} of 4 MB (20, scaled)", floor)
            first = project.plan(1, cold=True)
            yield Line(f"plan, {len(files):,} of 4 MB, first", first, floor, "150 MB/s a core")
            again = project.plan(self._runs)
            megabytes = len(files) * _LARGE[0] * _LARGE[1] / 1e6
            rate = megabytes / max(first.cpu - again.cpu, 1e-3)
            print(f"  first fingerprint: {rate:.0f} MB/s a core, peak {first.peak:.0f} MB")
            floor = project.floor(self._runs)
            yield Line(f"floor: plan, {len(files):,} of 4 MB, unchanged", floor)
            yield Line(f"plan, {len(files):,} of 4 MB, unchanged", again, floor, "0.5 s")

    def apply(self) -> Iterator[Line]:
        """New models of 20 examples on the embedded practice service, trained and durable."""
        tenth = self._applied("new-tenth", self._new // 10)
        yield Line(f"apply, {self._new // 10:,} new models", tenth)
        whole = self._applied("new", self._new)
        yield Line(f"apply, {self._new:,} new models", whole, tenth, "10 s, 11 times")

    def service(self) -> Iterator[Line]:
        """The same plan with the list of a real `tuneform serve`, trained there before."""
        models = self._models // 10
        project = self._project("served", models, *_SMALL, _REMOTE)
        command = [TUNEFORM, "serve", "--port", "0", "--data", str(self._root / "served.db")]
        with _server(command) as url:
            served = Project(project, url)
            yield Line(f"apply, {models:,} new models, over HTTP", served.apply())
            yield Line(f"plan, {models:,} models, list of the service", served.plan(self._runs))

    def _applied(self, name: str, models: int) -> Sample:
        return Project(self._project(name, models, *_EXAMPLES, _EMBEDDED)).apply()

    @contextmanager
    def _remote(self, name: str, models: int, rows: int, row_bytes: int) -> Iterator[Project]:
        """A workload with its list served, prepared for the floor."""
        root = self._project(name, models, rows, row_bytes, _REMOTE)
        if not (root / ".floor-parsed").exists():
            run_once([*_FLOOR, "prepare", str(root)])
        with _server([PYTHON, str(BENCH / "loopback.py"), str(root / ".live.json")]) as url:
            yield Project(root, url)

    def _project(self, name: str, models: int, rows: int, row_bytes: int, provider: str) -> Path:
        """Write a workload, or take the one that an earlier row of this run has written."""
        root = self._root / name
        if not root.exists():
            shape = (str(models), str(rows), str(row_bytes))
            run_once([PYTHON, str(BENCH / "workload.py"), str(root), *shape, provider])
        return root


@contextmanager
def _server(command: list[str]) -> Iterator[str]:
    """Run a server whose first line is its URL, and end it with the block."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise Unexpected(f"{' '.join(command)}\ndid not start: no URL on its first line")
            yield url
        finally:
            process.terminate()


def _heading() -> str:
    return f"{'work':52}{'wall':>9}{'cpu':>9}{'peak':>9}{'floor':>9}{'ratio':>8}  target"


def _show(line: Line) -> str:
    sample, floor = line.sample, line.floor
    compared = f"{_time(floor.wall):>9}{sample.wall / floor.wall:>8.1f}" if floor else " " * 17
    cost = f"{_time(sample.wall):>9}{_time(sample.cpu):>9}{sample.peak:>6.0f} MB"
    return f"{line.work:52}{cost}{compared}  {line.target}".rstrip()


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure tuneform against the floor.")
    parser.add_argument("row", nargs="*", help="startup, plan, scale, large, apply, service")
    parser.add_argument("--models", type=int, default=10_000, help="of the plans (10000)")
    parser.add_argument("--large", type=int, default=1_000, help="datasets of 4 MB (1000)")
    parser.add_argument("--new", type=int, default=1_000, help="models to apply (1000)")
    parser.add_argument("--runs", type=int, default=5, help="for each median (5)")
    parser.add_argument("--dir", help="where the workloads are written for the time of the run")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    for name in [name for name in os.environ if name.startswith("TUNEFORM_")]:
        del os.environ[name]
    if options.dir:
        Path(options.dir).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="tuneform-bench-", dir=options.dir) as root:
        rows = Bench(options, Path(root)).rows
        if unknown := sorted(set(options.row) - set(rows)):
            print(f"error: no such row: {', '.join(unknown)}", file=sys.stderr)
            print(f"  hint: the rows are {', '.join(rows)}", file=sys.stderr)
            return 64
        print(_heading(), flush=True)
        for name in options.row or rows:
            try:
                for line in rows[name]():
                    print(_show(line), flush=True)
            except Unexpected as unexpected:
                print(f"error: {name}: {unexpected}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
