"""Independent clients against the service: the official SDKs, and the published messages.

The SDKs need different releases of protobuf, so each has an environment of its own below
`.venvs/`, made at the first run and kept for as long as its requirements stay the same.
"""

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from filelock import FileLock
from tests.service.vertex.example import Held, Shelf, line

from tuneform.service import open_service
from tuneform.service.server import running

HERE = Path(__file__).parent
VENVS = HERE.parents[1] / ".venvs"
INSTALL_SECONDS = 600
RUN_SECONDS = 600


def environment(name: str) -> Path:
    """The interpreter of the environment with these requirements; made if need be."""
    requirements = HERE / f"requirements-{name}.txt"
    folder = VENVS / name
    python = folder / "bin" / "python"
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    VENVS.mkdir(exist_ok=True)
    with FileLock(VENVS / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != wanted:
            venv.create(folder, with_pip=True, clear=True)
            command = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if done.returncode:
                pytest.skip(f"pip cannot install {requirements.name}: {done.stderr[-300:]}")
            stamp.write_text(wanted)
    return python


@pytest.mark.parametrize("name", ["generativeai", "genai", "protos", "storage"])
def test_an_independent_client_can_do_all_that_it_does_with_the_real_service(name):
    python = environment(name)
    # Steps last a moment, so that clients see trainings under way.
    with open_service(None, step_seconds=0.005) as service, running(service) as url:
        service.start_training()
        done = subprocess.run(
            [python, HERE / f"run_{name}.py", url],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") >= 8


def test_the_present_sdk_can_do_in_vertex_mode_what_it_does_with_the_real_service():
    python = environment("genai")
    with open_service(None, step_seconds=0.005) as service, running(service) as url:
        uri = put_numbers(service)
        service.start_training()
        done = subprocess.run(
            [python, HERE / "run_genai_vertex.py", url, uri],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") == 20


def put_numbers(service) -> str:
    """A dataset in a bucket of the service; its URI."""
    shelf = Shelf()
    service._vertex.tuning.datasets._objects = shelf
    rows = (json.dumps(line(str(n), str(n + 1))) for n in range(15))
    shelf.held["practice", "numbers.jsonl"] = Held("\n".join(rows).encode())
    return "gs://practice/numbers.jsonl"
