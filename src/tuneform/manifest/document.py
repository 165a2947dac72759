"""One document of a manifest file: to a model, or to everything that is wrong with it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from tuneform.domain.diagnostic import Diagnostic, Place
from tuneform.domain.spec import DatasetRef, ModelSpec
from tuneform.manifest import gate, shape, translate
from tuneform.manifest.explain import explain, unknown_value, wrong_type
from tuneform.manifest.interpolate import Interpolation, Variables
from tuneform.manifest.placing import Page, subject
from tuneform.manifest.problems import Problem
from tuneform.manifest.salvage import sound_datasets
from tuneform.manifest.scopes import mapping_at
from tuneform.manifest.source import Source
from tuneform.manifest.values import Reader, check_aliases
from tuneform.manifest.words import Path

if TYPE_CHECKING:
    import yaml

_NUMERIC: Final = frozenset(shape.numeric_paths(shape.TunedModel))
_NAME: Final = ("metadata", "name")


@dataclass(frozen=True, slots=True)
class Setting:
    """What all documents of a run are read with.

    Attributes:
        variables: as the chosen environment sees them.
    """

    variables: Variables


@dataclass(frozen=True, slots=True)
class Claim:
    """The names that a document with mistakes takes, so that clashes are told in the same run.

    Attributes:
        name: of the model.
        place: of that name.
        formerly: earlier names.
    """

    name: str
    place: Place
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    Attributes:
        model: None where something is wrong.
        datasets: of a document with mistakes elsewhere, so that their rows are checked all the
            same.
        claim: the names it takes where there is no model; None where they cannot be told.
        diagnostics: sorted.
        sensitive: whether a sensitive variable was put in.
    """

    model: ModelSpec | None = None
    claim: Claim | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    sensitive: bool = False
    datasets: tuple[DatasetRef, ...] = ()


def read_document(source: Source, root: yaml.Node, setting: Setting) -> Outcome:
    """Read one document of a manifest file."""
    if source.may_alias and (endless := check_aliases(root)):
        return Outcome(diagnostics=(Page(source, root, "").tell_misuse(endless),))
    reader = Reader()
    value = reader.value(root)
    filling = Interpolation(setting.variables, _NUMERIC)
    if source.may_interpolate:
        value = filling.value(value)
    folder = posixpath.dirname(source.file)
    manifest, problems = _check(value, folder)
    page = Page(source, root, subject(value))
    if manifest and not (problems or reader.misuses or filling.unresolved):
        spec = translate.model(manifest, page.place(_NAME), folder, _metrics(value))
        return Outcome(spec, None, (), filling.sensitive)
    told = page.tell_all(
        reader.misuses,
        (
            *filling.problems,
            *(each for each in problems if each.path not in filling.unresolved),
        ),
    )
    faulty = {*filling.unresolved, *(each.path for each in problems)}
    datasets = tuple(sound_datasets(value, folder, faulty))
    return Outcome(None, _claim(value, page), told, filling.sensitive, datasets)


def _metrics(value: Any) -> Sequence[str]:
    """The metrics of a document, in the order in which they stand there."""
    return tuple(mapping_at(value, gate.METRICS))


def header(value: Any, kind: str) -> list[Problem]:
    """Whether a document is one of ours at all, and of the kind that is expected.

    A document without a kind is taken for one of that kind: the key is missing.
    """
    if not isinstance(value, dict):
        return [wrong_type((), "a mapping", value)]
    if "apiVersion" not in value and "kind" not in value:
        return [
            Problem(
                (),
                "not-a-manifest",
                "not a manifest",
                "The document has neither `apiVersion` nor `kind`.",
                f"start it with `apiVersion: {shape.API_VERSION}` and `kind: {kind}`, "
                "or keep it out of the folders that `spec.manifests` names",
            )
        ]
    found = []
    if value.get("apiVersion", shape.API_VERSION) != shape.API_VERSION:
        found.append(unknown_value(("apiVersion",), value["apiVersion"], [shape.API_VERSION]))
    if not isinstance(value.get("kind", kind), str) or value.get("kind", kind) not in shape.KINDS:
        found.append(unknown_value(("kind",), value["kind"], list(shape.KINDS)))
    return found


def _check(value: Any, folder: str) -> tuple[shape.TunedModel | None, list[Problem]]:
    problems = header(value, "TunedModel")
    if not problems and value.get("kind") == "Project":
        problems = [
            Problem(
                ("kind",),
                "second-project",
                "second project",
                "There is one Project document, and it is in tuneform.yaml.",
                "remove this one, or leave its folder out of `spec.manifests`",
            )
        ]
    if problems:
        return None, problems
    try:
        manifest = shape.TunedModel.model_validate(value)
    except ValidationError as error:
        manifest, problems = None, explain(error, shape.TunedModel)
    relations = list(translate.relations(value, folder))
    # Of a key that is not known, nothing else is worth saying.
    unknown = {each.path for each in relations if each.code == "unknown-key"}
    problems = [each for each in problems if not unknown & set(_above(each.path))]
    return manifest, [*problems, *relations]


def _above(path: Path) -> Iterator[Path]:
    """The path itself, and those it leads through."""
    return (path[:length] for length in range(1, len(path) + 1))


def _claim(value: Any, page: Page) -> Claim | None:
    name = page.subject.removeprefix("TunedModel/")
    if name == page.subject:
        return None
    former = value["metadata"].get("formerly")
    listed = former if isinstance(former, list) else []
    names = tuple(each for each in listed if isinstance(each, str))
    return Claim(name, page.place(_NAME), names)
