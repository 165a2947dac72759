"""The unavoidable, with no framework: what a plan costs that only reads and compares.

    floor.py prepare PROJECT            note stat and digest of each dataset, and parsed manifests
    floor.py plan PROJECT URL           read, parse YAML, stat, list, parse JSON, compare
    floor.py plan PROJECT URL --cached  the same, manifests taken from the cache by their digest
    floor.py hash FILE…                 read and hash rows: JSON, SHA-256 of each example

It finds no position of a mistake, explains nothing, retries nothing and knows no environment: it is
the distance to zero, not a rival. Exit code 1 when anything differs: a time is that of an answer.
"""

# The floor pays for system calls, and not for pathlib.
# ruff: noqa: PTH116, PTH118, PTH123, PTH208

from __future__ import annotations

import gc
import hashlib
import http.client
import json
import os
import pickle
import sys
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import identity

_OWNER = "bench"
_FIELDS = quote("tunedModels(name,displayName,description,state,baseModel),nextPageToken")


class Expected(NamedTuple):
    """What the live list must say of one model, if its dataset is still this file."""

    path: str
    stat: tuple[int, int, int]
    name: str
    base: str
    display_name: str
    description: str


def prepare(project: str) -> int:
    """Write `.floor` into the project: what an earlier plan would have left in its cache."""
    datasets = {}
    for text in _manifests(project):
        for _, path, _ in _parse(text):
            full = os.path.join(project, "manifests", path)
            datasets[path] = (_stat(full), _digest_file(full))
    parsed = {
        hashlib.sha256(text).digest(): _expect(_parse(text), datasets)
        for text in _manifests(project)
    }
    for name, value in (("datasets", datasets), ("parsed", parsed)):
        with open(f"{project}/.floor-{name}", "wb") as file:
            pickle.dump(value, file)
    return 0


def plan(project: str, url: str, *, cached: bool) -> int:
    """Compare, and say how many models agree."""
    with open(f"{project}/.floor-{'parsed' if cached else 'datasets'}", "rb") as file:
        cache = pickle.load(file)
    expected = [
        one
        for text in _manifests(project)
        for one in (
            cache[hashlib.sha256(text).digest()] if cached else _expect(_parse(text), cache)
        )
    ]
    live = _list(url)
    same = sum(_agrees(project, one, live.get(one.name)) for one in expected)
    print(f"{same} of {len(expected)} agree, {len(live)} are live")
    return 0 if same == len(expected) == len(live) else 1


def hash_files(paths: list[str]) -> int:
    for path in paths:
        print(_digest_file(path), path)
    return 0


def _expect(
    documents: list[tuple[str, str, dict[str, Any]]],
    datasets: dict[str, tuple[tuple[int, int, int], str]],
) -> list[Expected]:
    """Fingerprint, id and mark of each document."""
    expected = []
    for model, path, spec in documents:
        stat, dataset = datasets[path]
        digest = identity.fingerprint(spec["baseModel"], dataset, spec["hyperparameters"])
        expected.append(
            Expected(
                path,
                stat,
                identity.remote_name(_OWNER, model, digest),
                spec["baseModel"],
                spec["displayName"],
                f"{spec['description']}\n{identity.mark(_OWNER, model, digest, dataset)}",
            )
        )
    return expected


def _stat(path: str) -> tuple[int, int, int]:
    stat = os.stat(path)
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _agrees(project: str, one: Expected, live: dict[str, Any] | None) -> bool:
    return (
        live is not None
        and _stat(f"{project}/manifests/{one.path}") == one.stat
        and bool(live["state"] == "ACTIVE")
        and one.base == live["baseModel"]
        and one.display_name == live["displayName"]
        and one.description == live["description"]
    )


def _manifests(project: str) -> list[bytes]:
    """The text of every manifest, in the order of the names."""
    texts = []
    for name in sorted(os.listdir(f"{project}/manifests")):
        with open(f"{project}/manifests/{name}", "rb") as file:
            texts.append(file.read())
    return texts


def _parse(text: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, dataset path and spec of each document."""
    import yaml  # noqa: PLC0415  # the cached plan must not pay for it

    return [
        (document["metadata"]["name"], document["spec"]["dataset"]["path"], document["spec"])
        for document in yaml.load_all(text, Loader=yaml.CSafeLoader)
    ]


def _list(url: str) -> dict[str, dict[str, Any]]:
    """Every live object by its name: ceil(N/1000) calls on one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    live: dict[str, dict[str, Any]] = {}
    token = ""
    while True:
        path = f"/v1beta/tunedModels?pageSize=1000&fields={_FIELDS}&pageToken={token}"
        connection.request("GET", path, headers={"x-goog-api-key": "practice"})
        page = json.loads(connection.getresponse().read())
        live.update((item["name"], item) for item in page.get("tunedModels", ()))
        token = page.get("nextPageToken", "")
        if not token:
            connection.close()
            return live


def _digest_file(path: str) -> str:
    with open(path, "rb") as file:
        rows = (json.loads(line) for line in file)
        return identity.dataset_digest(
            identity.example_digest(row["text_input"], row["output"]) for row in rows
        )


def main(arguments: list[str]) -> int:
    match arguments:
        case ["prepare", project]:
            return prepare(project)
        case ["plan", project, url]:
            return plan(project, url, cached=False)
        case ["plan", project, url, "--cached"]:
            return plan(project, url, cached=True)
        case ["hash", *paths] if paths:
            return hash_files(paths)
        case _:
            print(__doc__, file=sys.stderr)
            return 64


if __name__ == "__main__":
    gc.disable()  # one short command: collecting what will be dropped anyway is avoidable
    sys.exit(main(sys.argv[1:]))
