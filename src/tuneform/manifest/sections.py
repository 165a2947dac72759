"""What the keys of tuneform.yaml have to do with each other and with its environments.

Like the relations in `translate`, these look at the document as it was written, so that they are
told even where other keys have mistakes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuneform.manifest import policy, provider, rules
from tuneform.manifest.datasets import inside
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.scopes import ENVIRONMENTS, mapping_at
from tuneform.manifest.words import Path, listed, nearest, quoted


def effective(value: Any, environment: str | None) -> tuple[dict[str, Path], list[Problem]]:
    """Where the keys that count stand, and what is missing."""
    environments = mapping_at(value, ENVIRONMENTS)
    if environment is not None and environment not in environments:
        return {}, [_unknown_environment(environment, list(environments))]
    spec = value.get("spec")
    own = mapping_at(environments, (environment,)) if environment else {}
    found: dict[str, Path] = {}
    problems = []
    for key in ("manifests", "provider"):
        if key in own and environment:
            found[key] = (*ENVIRONMENTS, environment, key)
        elif key in mapping_at(value, ("spec",)):
            found[key] = ("spec", key)
        elif isinstance(spec, dict):
            others = [name for name, each in environments.items() if key in mapping_at(each, ())]
            problems.append(_lacking(key, environment, others))
    return found, problems


def _lacking(key: str, environment: str | None, others: list[str]) -> Problem:
    detail = {
        "manifests": "`spec` does not say where the manifests are; "
        "a project without manifests would want every model deleted.",
        "provider": "`spec` does not say which service tunes.",
    }[key]
    hint = {
        "manifests": "add `manifests: [manifests]` with the files and folders to read",
        "provider": "add `provider: {type: embedded}` for the practice service",
    }[key]
    if environment is None and others:
        detail += f" It is said only in {listed(others)}."
        hint = "choose an environment with --env"
    return Problem(
        ("spec",), "missing-key", "missing key", detail, hint, at_key=True, subject=("spec", key)
    )


def relations(value: Any) -> Iterator[Problem]:
    """What is wrong between keys, in the project and in each environment."""
    sections: list[tuple[Path, dict[str, Any]]] = [(("spec",), mapping_at(value, ("spec",)))]
    for name, each in mapping_at(value, ENVIRONMENTS).items():
        sections.append(((*ENVIRONMENTS, name), mapping_at(each, ())))
    for path, section in sections:
        declared = mapping_at(section, ("provider",))
        yield from provider.relations(declared, (*path, "provider"))
        yield from _leaving((*path, "provider", "data"), declared.get("data"))
        yield from policy.relations(mapping_at(section, ("policy",)), (*path, "policy"))
        manifests = section.get("manifests")
        for index, entry in enumerate(manifests if isinstance(manifests, list) else ()):
            yield from _leaving((*path, "manifests", index), entry)


def _leaving(path: Path, entry: Any) -> Iterator[Problem]:
    if _is_relative(entry) and inside("", entry) is None:
        yield Problem(
            path,
            "outside-project",
            "outside the project",
            f"{quoted(entry)} leads out of the project; only what is inside can be used.",
            "move it into the project",
        )


def _is_relative(entry: Any) -> bool:
    try:
        return isinstance(entry, str) and bool(rules.relative_path(entry))
    except Mistake:
        return False


def entries(value: Any, path: Path | None, unresolved: set[Path]) -> Iterator[tuple[str, Path]]:
    """The entries of the list that counts, as far as they can be used."""
    if path is None:
        return
    entries = mapping_at(value, path[:-1]).get(str(path[-1]))
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        here = (*path, index)
        if here not in unresolved and _is_relative(entry):
            resolved = inside("", entry)
            if resolved is not None:
                yield resolved, here


def _unknown_environment(environment: str, known: list[str]) -> Problem:
    close = nearest(environment, known)
    if not known:
        detail = f"{quoted(environment)} was chosen, and the project declares no environments."
        hint = "leave out --env and TUNEFORM_ENV, or declare it under `spec.environments`"
    else:
        detail = f"{quoted(environment)} is not declared; there are {listed(sorted(known))}."
        hint = f"choose `{close}`" if close else "choose one of them with --env"
    return Problem(
        ENVIRONMENTS if known else ("spec",),
        "unknown-environment",
        "unknown environment",
        detail,
        hint,
        at_key=True,
        subject=ENVIRONMENTS,
    )
