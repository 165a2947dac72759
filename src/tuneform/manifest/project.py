"""tuneform.yaml: the project as the chosen environment sees it, and what manifests are read with.

A mistake here does not hide those in the manifests: whatever can still be told from the file, such
as where the manifests are, is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.policy import NO_POLICY, Policy
from tuneform.domain.spec import ProjectSpec
from tuneform.manifest import shape
from tuneform.manifest.compose import documents
from tuneform.manifest.datasets import inside
from tuneform.manifest.document import Setting, header
from tuneform.manifest.explain import PROBLEMS_AT_MOST, explain
from tuneform.manifest.interpolate import Interpolation
from tuneform.manifest.placing import Page, subject, tell_broken
from tuneform.manifest.policy import policy_of, price_list
from tuneform.manifest.problems import Mistake, Problem
from tuneform.manifest.provider import provider_spec
from tuneform.manifest.requires import satisfied
from tuneform.manifest.scopes import ENVIRONMENTS, VARIABLES, Scopes, mapping_at, scopes
from tuneform.manifest.sections import effective, entries, relations
from tuneform.manifest.source import Source
from tuneform.manifest.syntax import Broken
from tuneform.manifest.values import Reader, check_aliases
from tuneform.manifest.variables import VariableSources
from tuneform.manifest.words import Path, quoted

if TYPE_CHECKING:
    import yaml

_NUMERIC: Final = frozenset(shape.numeric_paths(shape.Project))


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose besides the files.

    Attributes:
        environment: None for the project itself.
        outside: values of variables.
        version: of tuneform, for `spec.requires`.
    """

    environment: str | None
    outside: VariableSources
    version: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What tuneform.yaml says.

    Attributes:
        page: for the places of further problems; None where there is no document.
        project: None where something is wrong.
        setting: what manifests are read with; None where reading them would mislead.
        entries: the usable ones of `manifests`, each with its path in the document.
        diagnostics: in any order.
        secrets: texts that may not be shown.
    """

    page: Page | None = None
    project: ProjectSpec | None = None
    setting: Setting | None = None
    entries: tuple[tuple[str, Path], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    secrets: tuple[str, ...] = ()


def read_project(source: Source, choice: Choice) -> Reading:
    """Read tuneform.yaml."""
    reading: Reading | None = None
    told: list[Diagnostic] = []
    for root in documents(source):
        if isinstance(root, Broken):
            told.append(tell_broken(source, root))
        elif reading is None:
            reading = _read(source, root, choice)
        else:
            told.append(_further(source, root))
            if len(told) > PROBLEMS_AT_MOST:
                break
    if reading is None:
        return Reading(diagnostics=tuple(told) or (_empty(source),))
    project = None if told else reading.project
    return replace(reading, project=project, diagnostics=(*reading.diagnostics, *told))


def _read(source: Source, root: yaml.Node, choice: Choice) -> Reading:
    if source.may_alias and (endless := check_aliases(root)):
        return Reading(diagnostics=(Page(source, root, "").tell_misuse(endless),))
    reader = Reader()
    raw = reader.value(root)
    page = Page(source, root, subject(raw))
    problems = _opening(raw, choice.version)
    if problems:
        told = page.tell_all(reader.misuses, problems)
        return Reading(page, diagnostics=tuple(_without_values(page, told)))
    seen = scopes(page, raw, choice.environment, choice.outside)
    value, unfilled, unresolved = _filled(raw, seen)
    document, invalid = _validated(value)
    chosen, lacking = effective(value, choice.environment)
    misfits = relations(value)
    told = page.tell_all(
        reader.misuses,
        (
            *seen.problems,
            *unfilled,
            *(each for each in (*invalid, *lacking, *misfits) if each.path not in unresolved),
        ),
    )
    told = (*_without_values(page, told), *seen.diagnostics)
    known = choice.environment is None or choice.environment in mapping_at(value, ENVIRONMENTS)
    return Reading(
        page,
        None if told or document is None else _project(document, choice, chosen, page, seen),
        Setting(seen.chosen) if known else None,
        tuple(entries(value, chosen.get("manifests"), unresolved)) if known else (),
        told,
        seen.secrets,
    )


def _without_values(page: Page, told: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The same, but no line that may hold the value of a variable is shown.

    A value is known to be a secret only where its declaration is right.
    """
    paths = [VARIABLES, *((*ENVIRONMENTS, name, "variables") for name in page.keys(ENVIRONMENTS))]
    hidden = [page.lines(path) for path in paths]
    for each in told:
        line = each.place.line if each.place else 0
        hide = any(line in lines for lines in hidden) or "sensitiv" in each.snippet
        yield replace(each, snippet="") if hide else each


def _opening(value: Any, version: str) -> list[Problem]:
    """What makes it pointless to look at the rest."""
    problems = header(value, "Project")
    if problems:
        return problems
    if value.get("kind") == "TunedModel":
        return [
            Problem(
                ("kind",),
                "misplaced-model",
                "misplaced model",
                "tuneform.yaml holds the Project; models are declared in other files.",
                "move the document to a file that `spec.manifests` names",
            )
        ]
    wanted = mapping_at(value, ("spec",)).get("requires")
    try:
        if not isinstance(wanted, str) or satisfied(wanted, version):
            return []
    except Mistake:  # told with the others
        return []
    return [
        Problem(
            ("spec", "requires"),
            "version-not-accepted",
            "version not accepted",
            f"The project requires tuneform {quoted(wanted)}, and this is {version}. "
            "Nothing else was checked, as other versions have other rules.",
            "install a version that fits",
        )
    ]


def _filled(document: dict[str, Any], seen: Scopes) -> tuple[Any, list[Problem], set[Path]]:
    """The document with variables put in everywhere but in declarations of variables.

    Each environment gets its own values, the rest those of the chosen one.
    """
    problems: list[Problem] = []
    unresolved: set[Path] = set()

    def fill(section: Any, path: Path, environment: str | None) -> Any:
        known = seen.by_environment.get(environment or "", seen.chosen)
        filling = Interpolation(known, _NUMERIC)
        held = {key: section[key] for key in ("variables", "environments") if key in section}
        rest = {key: each for key, each in section.items() if key not in held}
        rest = filling.value(rest, path)
        problems.extend(filling.problems)
        unresolved.update(filling.unresolved)
        return {key: held.get(key, rest.get(key)) for key in section}

    filled = {
        key: fill(each, (key,), None) if isinstance(each, dict) else each
        for key, each in document.items()
    }
    environments = mapping_at(filled, ENVIRONMENTS)
    for name, each in environments.items():
        if isinstance(each, dict):
            section = fill(each, (*ENVIRONMENTS, name), name)
            filled["spec"]["environments"] = {**filled["spec"]["environments"], name: section}
    return filled, problems, unresolved


def _validated(value: Any) -> tuple[shape.Project | None, list[Problem]]:
    try:
        return shape.Project.model_validate(value), []
    except ValidationError as error:
        return None, explain(error, shape.Project)


def _project(
    document: shape.Project, choice: Choice, chosen: dict[str, Path], page: Page, seen: Scopes
) -> ProjectSpec:
    spec = document.spec
    own = (spec.environments or {}).get(choice.environment or "") or shape.Environment()
    provider = own.provider or spec.provider
    assert provider is not None, "its absence is a problem"
    return ProjectSpec(
        name=document.metadata.name,
        environment=choice.environment,
        provider=provider_spec(provider, page.place(chosen["provider"], at_key=True)),
        ledger=own.ledger or spec.ledger or "",
        manifests=tuple(inside("", each) or "." for each in own.manifests or spec.manifests or ()),
        secrets=seen.secrets,
        policy=_policy(spec, own, choice, page),
        prices=price_list(prices) if (prices := own.prices or spec.prices) else None,
    )


def _policy(
    spec: shape.ProjectSection, own: shape.Environment, choice: Choice, page: Page
) -> Policy:
    if own.policy and choice.environment:
        return policy_of(own.policy, page, (*ENVIRONMENTS, choice.environment, "policy"))
    return policy_of(spec.policy, page, ("spec", "policy")) if spec.policy else NO_POLICY


def _further(source: Source, root: yaml.Node) -> Diagnostic:
    """A second document in tuneform.yaml, whatever it is."""
    page = Page(source, root, "")
    value = None if source.may_alias else Reader().value(root)
    known = subject(value)
    what = "another Project" if known.startswith("Project") else "a second document"
    told = replace(page, subject=known).tell(
        Problem(
            (),
            "second-document",
            "second document",
            f"tuneform.yaml holds one Project document and nothing else; this is {what}.",
            "move models to a file that `spec.manifests` names, and remove the rest",
        )
    )
    return replace(told, snippet="") if "sensitiv" in source.text else told


def _empty(source: Source) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        "empty-project",
        "empty project file",
        "tuneform.yaml contains no document.",
        Place(source.file),
        hint="`tuneform init` in an empty folder shows what belongs into it",
    )
