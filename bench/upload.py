"""One large dataset on its way to a tuning job: time and peak memory of whoever handles it.

    upload.py [--megabytes N] [--examples N] [--embedded] [--dir DIR]

The dataset has that size in the form in which a tuning job reads it. It goes through the command
line to a `tuneform serve` on loopback, in the Vertex dialect; with --embedded the service is in the
process. Prints a line for each command, and ends with 1 where one of them did not do its work.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import TUNEFORM, Unexpected, run_once

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.reliability import vertex
from tests.service.crowd import Server

from tuneform.providers.vertex.jsonl import ROW_BYTES

_LABELS = ("delivery", "billing", "technical", "account", "returns")
_TEXT = "the parcel was left at the wrong door and nobody could say why it had been so "
_MANIFEST = """\
apiVersion: tuneform/v1
kind: TunedModel
metadata: {{name: large}}
spec:
  baseModel: models/gemini-2.5-flash
  dataset: {{path: ../examples.jsonl}}
  hyperparameters: {{epochCount: 1}}
  revision: {revision}
"""
_PROJECT = """\
apiVersion: tuneform/v1
kind: Project
metadata: {{name: bench}}
spec:
  manifests: [manifests]
  provider: {provider}
"""


class Project:
    """A project of one model on disk."""

    def __init__(self, root: Path, provider: object, environment: dict[str, str]) -> None:
        self.root = root
        self._environment = environment
        root.joinpath("manifests").mkdir(parents=True)
        root.joinpath("tuneform.yaml").write_text(_PROJECT.format(provider=json.dumps(provider)))
        self.revise(1)

    def revise(self, revision: int) -> None:
        text = _MANIFEST.format(revision=revision)
        self.root.joinpath("manifests", "large.yaml").write_text(text)

    def fill(self, megabytes: int, examples: int) -> None:
        """Examples that have that size together once they are uploaded."""
        each = megabytes * 1_000_000 // examples
        with self.root.joinpath("examples.jsonl").open("w") as file:
            for number, label in zip(range(examples), cycle(_LABELS), strict=False):
                length = each - ROW_BYTES - len(f'""""{label}')
                text = f"{number} {label} {_TEXT * (length // len(_TEXT) + 1)}"[:length]
                file.write(json.dumps({"text_input": text, "output": label}) + "\n")

    def run(self, title: str, *arguments: str) -> None:
        """Run a command that must succeed, and print what it took."""
        command = [TUNEFORM, *arguments, "--project", str(self.root)]
        taken = run_once(command, self._environment)
        print(f"{title:32}{taken.wall:7.1f} s {taken.peak:7.0f} MB", flush=True)


def main(options: argparse.Namespace, root: Path) -> int:
    with ExitStack() as closing:
        if options.embedded:
            provider: object = {"type": "embedded", "dialect": "vertex"}
            project, applies = Project(root / "project", provider, {}), ("apply", "-y")
        else:
            server = closing.enter_context(Server(root / "practice.db"))
            url = f"http://127.0.0.1:{server.port}"
            account = vertex.account(root / "account.json", url)
            project = Project(root / "project", vertex.provider_at(url), account)
            applies = ("apply", "-y", "--no-wait")
        project.fill(options.megabytes, options.examples)
        project.run("validate", "validate")
        project.run("plan", "plan")
        project.run("apply, uploading", *applies)
        first = _uploads(root)
        if not options.embedded:
            project.run("apply, waiting for the training", "apply", "-y")
        project.revise(2)
        project.run("apply, uploaded already", *applies)
        if not options.embedded:
            project.run("apply, waiting for the training", "apply", "-y")
            server.memory()
            print(f"{'the service, at most':32}{'':9} {server.peak:7.0f} MB")
    size = sum(size for _, size, _ in first)
    print(f"{len(first)} object of {size / 1e6:.1f} MB, written once: {_uploads(root) == first}")
    return int(_uploads(root) != first or len(first) != 1)


def _uploads(root: Path) -> list[tuple[str, int, int]]:
    """What is in the buckets of the service; another generation is another upload."""
    (index,) = root.rglob("index.db")
    with sqlite3.connect(index) as database:
        return list(database.execute("SELECT name, size, generation FROM objects"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--embedded", action="store_true")
    parser.add_argument("--dir", type=Path)
    chosen = parser.parse_args()
    with TemporaryDirectory(dir=chosen.dir) as folder:
        try:
            sys.exit(main(chosen, Path(folder)))
        except Unexpected as unexpected:
            sys.exit(f"error: {unexpected}")
