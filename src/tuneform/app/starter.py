"""Writes the small working project of `init`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from tuneform.errors import LocalError

FALLBACK_NAME = "models"
IGNORE_FILE = ".gitignore"
PROJECT_FILE = "tuneform.yaml"


@dataclass(frozen=True, slots=True)
class Started:
    """What `init` did.

    Attributes:
        project: its name.
        written: files, relative to the folder.
        ignored: lines that the folder's own .gitignore still lacks; it is never edited.
    """

    project: str
    written: tuple[str, ...]
    ignored: tuple[str, ...]


def start_project(folder: Path) -> Started:
    """Write a small working project, named after its folder. Nothing is overwritten.

    A .gitignore that is there already, as in most repositories, is no hindrance.

    Raises:
        LocalError: a file is there already, or the folder cannot be written.
    """
    name = project_name(folder.resolve().name)
    pieces = dict(_pieces(files("tuneform.app") / "starter_files", ""))
    try:
        ignored = _missing_lines(folder / IGNORE_FILE, pieces[IGNORE_FILE])
        if ignored is not None:
            del pieces[IGNORE_FILE]
        _refuse_taken(folder, pieces)
        for path, text in pieces.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text.replace("PROJECT_NAME", name), encoding="utf-8")
    except OSError as error:
        raise LocalError(
            f"{error.filename or folder} cannot be written: {error.strerror}",
            hint="name a folder that may be written: `tuneform init DIR`",
        ) from error
    return Started(name, tuple(pieces), ignored or ())


def _missing_lines(path: Path, wanted: str) -> tuple[str, ...] | None:
    """Lines that an existing .gitignore lacks; None where there is none."""
    if not path.exists():
        return None
    there = {line.strip() for line in path.read_text("utf-8", "replace").splitlines()}
    return tuple(
        line for line in wanted.splitlines() if not line.startswith("#") and line not in there
    )


def _refuse_taken(folder: Path, pieces: Collection[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise LocalError(
            f"{folder} is a file, and a project is a folder",
            hint="name a new folder: `tuneform init DIR`",
        )
    taken = [path for path in pieces if (folder / path).exists()]
    if PROJECT_FILE in taken:
        raise LocalError(
            f"{folder / PROJECT_FILE} is there already: this is a project",
            hint="go on with `tuneform plan`, or name a new folder: `tuneform init DIR`",
        )
    if taken:
        raise LocalError(
            f"{folder / taken[0]} is there already, and nothing is overwritten",
            hint="name a new folder: `tuneform init DIR`",
        )


def project_name(folder: str) -> str:
    """The nearest valid name to that of a folder."""
    ascii_only = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower())
    return re.sub(r"^[^a-z]+", "", plain)[:29].strip("-") or FALLBACK_NAME


def _pieces(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            yield from _pieces(each, f"{prefix}{each.name}/")
        else:
            # A packaged file cannot begin with a dot everywhere.
            yield prefix + each.name.replace("dot-", "."), each.read_text(encoding="utf-8")
