"""A project in a folder, and the few words in which the tests talk to the command line about it.

Commands run in this process, with streams of their own: the command line is called as a function,
so that a test costs what the work costs. `shell` holds what needs a process of its own.
"""

import contextlib
import gc
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import yaml

from tuneform.cli.run import run
from tuneform.service import Service, open_service

BASE = "models/gemini-1.5-flash-001-tuning"
OTHER_BASE = "models/gemini-1.0-pro-001"
NUMBERS = tuple((str(number), str(number + 1)) for number in range(1, 24))
ANIMALS = tuple((word, word[::-1]) for word in ("cat", "owl", "hen", "emu", "yak", "eel") * 4)
SETTINGS = {"epochCount": 2, "batchSize": 8, "learningRate": 0.001}
"""Few steps: these tests are about decisions, not about what is learnt."""

BARE_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": "/nonexistent",
    "NO_PROXY": "127.0.0.1,localhost",
    # Nothing of this machine's own credentials may reach a test.
    "NO_GCE_CHECK": "true",
    # With `make coverage`, commands in processes of their own are counted too.
    **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
}


@dataclass(frozen=True)
class Ran:
    """One command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on stdout; it must be one document and nothing else."""
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """Both streams."""
        return self.out + self.err

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


def call(
    *arguments: object, folder: Path, environ: Mapping[str, str] | None = None, typed: str = ""
) -> Ran:
    """Run one command line in a folder, with this environment and nothing of the machine's."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    environment = {**BARE_ENVIRONMENT, **(environ or {})}
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("sys.stdin", io.StringIO(typed)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run([str(each) for each in arguments])
    gc.enable()
    return Ran(code, *(each.buffer.getvalue().decode() for each in (out, err)))


class Project:
    """A project that is written and run by a test.

    Attributes:
        root: its folder.
        environ: environment variables of every command.
    """

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.environ = dict(environ or {})

    # What is written.

    def settings(self, **spec: Any) -> None:
        """Write tuneform.yaml; the practice service is the provider unless told otherwise."""
        spec = {"manifests": ["models"], "provider": {"type": "embedded"}} | spec
        self.document("tuneform.yaml", "Project", {"name": "demo"}, spec)
        (self.root / "models").mkdir(exist_ok=True)

    def model(
        self,
        name: str,
        *,
        file: str | None = None,
        formerly: list[str] | None = None,
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> Path:
        """Write one manifest. None as a value leaves a key out."""
        origin = {} if "tunedFrom" in spec else {"baseModel": BASE}
        dataset = {"dataset": {"path": "../data/numbers.jsonl"}}
        spec = origin | dataset | {"hyperparameters": SETTINGS} | spec
        spec = {key: value for key, value in spec.items() if value is not None}
        told = {"name": name, "formerly": formerly, "labels": labels}
        metadata = {key: value for key, value in told.items() if value is not None}
        return self.document(file or f"models/{name}.yaml", "TunedModel", metadata, spec)

    def document(self, path: str, kind: str, metadata: Any, spec: Any) -> Path:
        """Write one YAML document."""
        document = {"apiVersion": "tuneform/v1", "kind": kind, "metadata": metadata, "spec": spec}
        return self.write(path, yaml.safe_dump(document, sort_keys=False))

    def data(self, path: str, pairs: Any = NUMBERS) -> Path:
        """Write examples as JSON Lines."""
        rows = (json.dumps({"text_input": text, "output": output}) for text, output in pairs)
        return self.write(path, "".join(f"{row}\n" for row in rows))

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file; line ends stay as they are given."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def remove(self, *paths: str) -> None:
        """Delete files."""
        for path in paths:
            (self.root / path).unlink()

    # What is run.

    def run(self, *arguments: object, typed: str = "", **environ: str) -> Ran:
        """Run a command in the project's folder."""
        return call(*arguments, folder=self.root, environ={**self.environ, **environ}, typed=typed)

    def ok(self, *arguments: object, **environ: str) -> Ran:
        """Run a command that must succeed."""
        ran = self.run(*arguments, **environ)
        assert ran.code == 0, ran
        return ran

    def apply(self, *arguments: object, code: int = 0, **environ: str) -> Ran:
        """Apply without being asked."""
        ran = self.run("apply", "-y", *arguments, **environ)
        assert ran.code == code, ran
        return ran

    def plan(self, *arguments: object, **environ: str) -> dict[str, Any]:
        """The changes of the plan by model, as JSON says them."""
        changes = self.ok("plan", "--format", "json", *arguments, **environ).json["changes"]
        return {each["model"]: each for each in changes}

    def actions(self, *arguments: object, **environ: str) -> dict[str, str]:
        """What the plan does, by model."""
        return {name: each["action"] for name, each in self.plan(*arguments, **environ).items()}

    def reason(self, name: str, *arguments: object, **environ: str) -> str:
        """Why the plan does that to one model."""
        return str(self.plan(*arguments, **environ)[name]["reason"]["code"])

    def serving(self, name: str, *arguments: object, **environ: str) -> str:
        """Remote name of the version that serves."""
        outputs = self.ok("output", "--format", "json", *arguments, **environ).json
        return str(outputs[name]["remote"])

    # What the service knows.

    @contextmanager
    def service(self, *, trains: bool = False) -> Iterator["Remote"]:
        """The project's own practice service, as another client sees it."""
        file = self.root / ".practice" / "service.db"
        with open_service(file, require_key=False, trains=trains) as service:
            if trains:
                service.start_training()
            with talk_to(service) as remote:
                yield remote

    def trainings(self) -> int:
        """How many trainings were ever started, the deleted ones included."""
        with self.service() as remote:
            return remote.trainings()

    def live(self) -> dict[str, Any]:
        """Every live object by name, whoever owns it."""
        with self.service() as remote:
            return remote.live()


class Remote:
    """A client of a practice service that knows nothing of tuneform."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request that must succeed."""
        url = path if path.startswith("/") else f"/v1beta/{path}"
        response = self._client.request(method, url, json=body, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def upload(self, bucket: str, name: str, content: str) -> None:
        """Put an object into a bucket."""
        url = f"/upload/storage/v1/b/{bucket}/o"
        query = {"uploadType": "media", "name": name}
        response = self._client.post(url, content=content, params=query)
        assert response.status_code == 200, response.text

    def trainings(self) -> int:
        """How many trainings were ever started."""
        return int(self.call("GET", "/practice/v1/trainings")["count"])

    def live(self) -> dict[str, Any]:
        """Every live object by name."""
        models = self.call("GET", "tunedModels", pageSize=1000).get("tunedModels", [])
        return {each["name"]: each for each in models}

    def create(self, model_id: str, pairs: Any = NUMBERS, **more: Any) -> str:
        """Begin a training by hand; the operation."""
        rows = [{"textInput": text, "output": output} for text, output in pairs]
        task = {
            "trainingData": {"examples": {"examples": rows}},
            "hyperparameters": more.pop("hyperparameters", SETTINGS),
        }
        origin = {} if "tunedModelSource" in more else {"baseModel": BASE}
        body = {"displayName": "By hand", "tuningTask": task} | origin | more
        return str(self.call("POST", "tunedModels", body, tunedModelId=model_id)["name"])

    def train(self, model_id: str, pairs: Any = NUMBERS, **more: Any) -> str:
        """Train by hand to the end; the remote name. Patience is a matter of polls."""
        operation = self.create(model_id, pairs, **more)
        for _ in range(20_000):
            if self.call("GET", operation).get("done"):
                return f"tunedModels/{model_id}"
        raise AssertionError(f"{operation} does not end")

    def describe(self, remote: str, description: str) -> None:
        """Write a description, mark and all."""
        self.call("PATCH", remote, {"description": description}, updateMask="description")

    def mark(self, remote: str) -> str:
        """The last line of a description."""
        return str(self.live()[remote].get("description", "")).splitlines()[-1]


@contextmanager
def talk_to(service: Service, key: str = "any") -> Iterator[Remote]:
    """Speak with a service of this process without a port."""
    transport = httpx.WSGITransport(service.wsgi)
    headers = {"x-goog-api-key": key}
    with httpx.Client(
        transport=transport, base_url="http://practice.invalid", headers=headers
    ) as client:
        yield Remote(client)


@dataclass(frozen=True)
class Served:
    """A project whose service listens on loopback and trains only after `start_training`.

    Attributes:
        project: its provider is gemini, its key is in its environment.
        service: of this process.
        url: where it listens.
        key: the only one that it accepts.
    """

    project: Project
    service: Service
    url: str
    key: str

    def start_training(self) -> None:
        """Let everything that waits be trained."""
        self.service.start_training()

    def trainings(self) -> int:
        """How many trainings were ever started."""
        with talk_to(self.service, self.key) as remote:
            return remote.trainings()

    def live(self) -> dict[str, Any]:
        """Every live object by name."""
        with talk_to(self.service, self.key) as remote:
            return remote.live()
