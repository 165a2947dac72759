"""From the files of a project to what they declare, or to every mistake in them.

One call, no exceptions for anything that can be written into a file. Files that have not changed
are taken from a cache; only models of files without any mistake, and without sensitive values, are
ever kept there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tuneform import __version__
from tuneform.clock import Clock
from tuneform.dataset.filecache import FileCache, same
from tuneform.dataset.files import Files, OutsideProject
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.spec import DatasetRef, ModelSpec, ProjectSpec
from tuneform.manifest.across import clashes
from tuneform.manifest.compose import documents
from tuneform.manifest.discover import PROJECT_FILE, Discovery
from tuneform.manifest.document import Claim, Setting, read_document
from tuneform.manifest.locate import pinpoint
from tuneform.manifest.opening import open_source
from tuneform.manifest.placing import tell_broken
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.project import Choice, Reading, read_project
from tuneform.manifest.syntax import Broken
from tuneform.manifest.variables import VariableSources
from tuneform.manifest.words import showable

__all__ = ["Loaded", "ManifestCache", "VariableSources", "load", "manifest_cache"]

ManifestCache = FileCache[tuple[ModelSpec, ...]]

_BLOT: Final = "(sensitive)"
_SHAPE: Final = 3
"""Raised when models get other values than those that older caches hold."""
_DIAGNOSTICS_AT_MOST: Final = 1000
"""In one file; then the rest of it is not read."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a project declares.

    Attributes:
        project: None where tuneform.yaml has a mistake.
        models: those without mistakes, by name.
        diagnostics: all of them, by place.
        broken: names of models that are declared, but have mistakes; who misses one of them as a
            parent need not say so again.
        datasets: of documents with mistakes elsewhere, those of their gates included, to be
            checked in the same run.
    """

    project: ProjectSpec | None
    models: tuple[ModelSpec, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: tuple[str, ...] = ()
    datasets: tuple[DatasetRef, ...] = ()


@dataclass(frozen=True, slots=True)
class _FileOutcome:
    models: tuple[ModelSpec, ...] = ()
    datasets: tuple[DatasetRef, ...] = ()
    claims: tuple[Claim, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    sensitive: bool = False


def manifest_cache(path: Path, clock: Clock) -> ManifestCache:
    """The cache that `load` takes, with everything known from earlier runs of this version.

    Args:
        path: of its file.
        clock: tells which manifests are too young to be remembered.
    """
    return FileCache(path, tuple[ModelSpec, ...], salt=f"{__version__}/{_SHAPE}", clock=clock)


def load(
    root: Path,
    *,
    environment: str | None,
    variables: VariableSources,
    cache: ManifestCache | None,
    version: str = __version__,
) -> Loaded:
    """Read tuneform.yaml and all manifests.

    Args:
        root: the project directory.
        environment: the chosen one.
        variables: values from outside.
        cache: of finished models, see `manifest_cache`; it is saved at the end. Values of
            variables are part of the keys that are used here.
        version: of tuneform, for `spec.requires`.
    """
    files = Files(root)
    reading = _project(files, root, Choice(environment, variables, version))
    models: list[ModelSpec] = []
    claims: list[Claim] = []
    datasets: list[DatasetRef] = []
    told = list(reading.diagnostics)
    if reading.setting is not None:
        found, missing = _discover(files, reading)
        told += missing
        for outcome in _read_all(found, reading.setting, cache):
            models += outcome.models
            claims += outcome.claims
            datasets += outcome.datasets
            told += outcome.diagnostics
        told += pinpoint(tuple(clashes((*models, *claims))), root)
    return Loaded(
        reading.project,
        tuple(sorted(models, key=lambda each: (each.name, each.place))),
        tuple(sorted(_redacted(told, reading.secrets), key=lambda each: each.sort_key)),
        tuple(sorted({each.name for each in claims})),
        tuple(dict.fromkeys(datasets)),
    )


def _project(files: Files, root: Path, choice: Choice) -> Reading:
    try:
        path, _ = files.look(PROJECT_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return Reading(diagnostics=(_no_project(root),))
    except OutsideProject as error:
        detail = f"The file {error.reason}."
        told = _error("outside-project", "outside the project", detail, PROJECT_FILE)
        return Reading(diagnostics=(told,))
    except OSError as error:
        detail = f"The system says: {error.strerror}."
        return Reading(diagnostics=(_error("unreadable", "cannot be read", detail, PROJECT_FILE),))
    source = open_source(path, PROJECT_FILE)
    if isinstance(source, Diagnostic):
        return Reading(diagnostics=(source,))
    return read_project(source, choice)


def _error(code: str, summary: str, detail: str, file: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, code, summary, detail, Place(file))


def _no_project(root: Path) -> Diagnostic:
    if not root.is_dir():
        detail, hint = "The project folder does not exist.", "correct --project"
    elif (root / "tuneform.yml").exists():
        detail = "There is a tuneform.yml here; the project file is called tuneform.yaml."
        hint = "rename it"
    else:
        detail = "There is no tuneform.yaml in this folder, so it is no project."
        hint = "`tuneform init` makes one here, --project DIR looks elsewhere"
    return replace(_error("no-project", "no project", detail, PROJECT_FILE), hint=hint)


def _discover(files: Files, reading: Reading) -> tuple[dict[str, str], list[Diagnostic]]:
    """The manifest files by name, sorted, and what is wrong with the way to them."""
    discovery = Discovery(files)
    problems = []
    for entry, path in reading.entries:
        try:
            count = discovery.add(entry)
        except Mistake as mistake:
            problems.append(mistake.at(path))
        else:
            if count == 0:
                problems.append(_empty_folder(entry, path))
    page = reading.page
    told = [page.tell(each) for each in problems] if page else []
    return dict(sorted(discovery.found.items())), [*discovery.diagnostics, *told]


def _empty_folder(entry: str, path: tuple[str | int, ...]) -> Problem:
    return Problem(
        path,
        "declares-nothing",
        "declares nothing",
        f"There is no *.yaml or *.yml file in `{showable(entry)}`, so it declares no model.",
        "add a manifest, or remove the entry",
        severity=Severity.WARNING,
    )


def _read_all(
    found: dict[str, str], setting: Setting, cache: ManifestCache | None
) -> Iterator[_FileOutcome]:
    if cache is None:
        for file, path in found.items():
            yield _read_file(file, path, setting)
        return
    salt = _salt(setting)
    for file, path in found.items():
        yield _read_cached(file, path, setting, cache, f"{file}|{salt}")
    cache.save()


def _read_cached(
    file: str, path: str, setting: Setting, cache: ManifestCache, key: str
) -> _FileOutcome:
    try:
        before = os.lstat(path)
        if (models := cache.get(key, before)) is not None:
            return _FileOutcome(models=models)
        outcome = _read_file(file, path, setting)
        # A broken variable, told elsewhere, leaves models out without a diagnostic here.
        whole = not (outcome.diagnostics or outcome.sensitive or setting.variables.broken)
        if whole and same(before, os.lstat(path)):
            cache.put(key, before, outcome.models)
    except OSError:  # it went away meanwhile; reading it tells so
        return _read_file(file, path, setting)
    return outcome


def _read_file(file: str, path: str, setting: Setting) -> _FileOutcome:
    source = open_source(path, file)
    if isinstance(source, Diagnostic):
        return _FileOutcome(diagnostics=(source,))
    models: list[ModelSpec] = []
    claims: list[Claim] = []
    datasets: list[DatasetRef] = []
    told: list[Diagnostic] = []
    sensitive, count = False, 0
    for root in documents(source):
        count += 1
        if len(told) > _DIAGNOSTICS_AT_MOST:
            told.append(_too_many(file))
            break
        if isinstance(root, Broken):
            told.append(tell_broken(source, root))
            continue
        outcome = read_document(source, root, setting)
        models += [outcome.model] if outcome.model else []
        claims += [outcome.claim] if outcome.claim else []
        datasets += outcome.datasets
        told += outcome.diagnostics
        sensitive = sensitive or outcome.sensitive
    if count == 0:
        told.append(_no_document(file))
    return _FileOutcome(tuple(models), tuple(datasets), tuple(claims), tuple(told), sensitive)


def _no_document(file: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "declares-nothing",
        "declares nothing",
        "The file contains no document, so it declares no model.",
        Place(file),
        hint="add a manifest, or remove the file",
    )


def _too_many(file: str) -> Diagnostic:
    detail = f"The file has more than {_DIAGNOSTICS_AT_MOST:,} mistakes; the rest was not read."
    return _error("more-mistakes", "more mistakes", detail, file)


def _salt(setting: Setting) -> str:
    """Digest of all that models depend on besides their file.

    Sensitive values are left out, as models that contain one are never kept: not even a digest of
    a secret is written down.
    """
    variables = setting.variables
    parts = [
        [
            (name, each.sensitive or (each.text, repr(each.value)))
            for name, each in sorted(variables.known.items())
        ],
        sorted(variables.broken),
        sorted(variables.elsewhere.items()),
    ]
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _redacted(told: Iterable[Diagnostic], secrets: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Each once, with every secret blotted out."""
    shown = sorted({line for text in secrets for line in text.splitlines() if line}, key=len)
    for each in dict.fromkeys(told):
        detail, hint, snippet = each.detail, each.hint, each.snippet
        for secret in reversed(shown):
            if each.place and secret in snippet:
                snippet = ""
            detail, hint = detail.replace(secret, _BLOT), hint.replace(secret, _BLOT)
        yield replace(each, detail=detail, hint=hint, snippet=snippet) if shown else each
