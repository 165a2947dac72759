"""A project on disk, written from text and read with `load`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tuneform.domain.diagnostic import Diagnostic
from tuneform.manifest.load import Loaded, VariableSources, load

PROJECT = """\
apiVersion: tuneform/v1
kind: Project
metadata:
  name: demo
spec:
  manifests: [manifests]
  provider: {type: embedded}
"""


class Folder:
    """A project directory; `read` loads it without a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str | bytes]) -> Folder:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def read(self, environment: str | None = None, version: str = "0.1.0", **outside) -> Loaded:
        sources = VariableSources(**outside)
        return load(
            self.root, environment=environment, variables=sources, cache=None, version=version
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project with a tuneform.yaml and an empty `manifests/`."""
    (tmp_path / "manifests").mkdir()
    return Folder(tmp_path).write({"tuneform.yaml": PROJECT})


@pytest.fixture
def bare(tmp_path: Path) -> Folder:
    """An empty directory."""
    return Folder(tmp_path)


@pytest.fixture
def model() -> Callable[..., str]:
    """The text of a manifest: `model("name", "extra: lines of spec")`."""

    def text(name: str = "support", *spec: str, metadata: str = "") -> str:
        lines = [
            "apiVersion: tuneform/v1",
            "kind: TunedModel",
            "metadata:",
            f"  name: {name}",
            *([f"  {metadata}"] if metadata else []),
            "spec:",
            "  baseModel: models/base-001",
            "  dataset:",
            "    path: train.jsonl",
            *(f"  {line}" for line in spec),
        ]
        return "\n".join(lines) + "\n"

    return text


@pytest.fixture
def brief() -> Callable[[Loaded], list[str]]:
    """Diagnostics as `PLACE CODE FIELD`."""

    def lines(loaded: Loaded) -> list[str]:
        return [f"{each.place} {each.code} {each.field}".strip() for each in loaded.diagnostics]

    return lines


@pytest.fixture
def only() -> Callable[[Loaded], Diagnostic]:
    """The one diagnostic that there is."""

    def one(loaded: Loaded) -> Diagnostic:
        (diagnostic,) = loaded.diagnostics
        return diagnostic

    return one
