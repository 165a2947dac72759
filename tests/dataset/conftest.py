"""A project directory for tests, with the few things that they do to it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from tuneform.clock import SteeredClock
from tuneform.dataset.check import Checked, check
from tuneform.dataset.files import Files
from tuneform.domain.capabilities import Limits
from tuneform.domain.spec import DatasetRef

# Machines that run this are shared: an example that takes long is no finding.
settings.register_profile("dataset", deadline=None, max_examples=100)
settings.load_profile("dataset")

FEW_IS_FINE = Limits(examples_least=0)


@dataclass(frozen=True)
class Project:
    root: Path

    def write(self, path: str, content: bytes | str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    def write_rows(self, path: str, rows: list[tuple[str, str]]) -> Path:
        lines = [json.dumps({"text_input": a, "output": b}) + "\n" for a, b in rows]
        return self.write(path, "".join(lines))

    def check(self, path: str, limits: Limits = FEW_IS_FINE, **options: str) -> Checked:
        ref = DatasetRef(path, **{"format": path.rpartition(".")[2], **options})
        return check(Files(self.root), ref, limits)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def later():
    """A clock for which every file of the test is old."""
    return SteeredClock(datetime.now(UTC) + timedelta(seconds=10))
