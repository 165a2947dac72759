"""Reads the project: manifests and datasets to desired models, every mistake in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuneform import __version__
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import capabilities_of
from tuneform.dataset.check import Checked, check_all
from tuneform.dataset.filecache import FileCache
from tuneform.domain.capabilities import Capabilities, Limits
from tuneform.domain.desired import DesiredSet
from tuneform.domain.diagnostic import Diagnostic, has_errors
from tuneform.domain.names import Owner, is_name
from tuneform.domain.spec import DatasetRef, ModelSpec, ProjectSpec
from tuneform.engine.resolve import resolve, root_bases
from tuneform.errors import InvalidProject
from tuneform.manifest.load import Loaded, load, manifest_cache
from tuneform.manifest.locate import pinpoint
from tuneform.manifest.variables import VariableSources


@dataclass(frozen=True, slots=True)
class Declared:
    """A project without errors.

    Attributes:
        project: tuneform.yaml with one environment chosen.
        owner: whose models.
        desired: what the manifests want.
        limits: of each dataset.
        capabilities: of the provider.
        warnings: what is odd, but stops nothing.
    """

    project: ProjectSpec
    owner: Owner
    desired: DesiredSet
    limits: dict[DatasetRef, Limits]
    capabilities: Capabilities
    warnings: tuple[Diagnostic, ...]


def declare(invocation: Invocation) -> Declared:
    """Read manifests and datasets, and give every model its fingerprint.

    Raises:
        InvalidProject: with all diagnostics of all files.
    """
    loaded = read_manifests(invocation)
    project = loaded.project
    # Where tuneform.yaml has a mistake, manifests and datasets are checked all the same.
    capabilities = capabilities_of(project.provider.type if project else "embedded")
    owner = Owner(project.name, project.environment) if project else Owner("unknown")
    wanted = _wanted(loaded, capabilities)
    checked = check_datasets(invocation, wanted)
    facts = {ref: found.facts for ref, found in checked.items() if found.facts}
    resolved = resolve(owner, loaded.models, facts, capabilities, loaded.broken)
    later = (*_dataset_diagnostics(loaded.models, checked), *resolved.diagnostics)
    diagnostics = (*loaded.diagnostics, *pinpoint(later, invocation.root))
    ordered = tuple(sorted(diagnostics, key=lambda each: each.sort_key))
    if project is None or has_errors(ordered):
        raise InvalidProject(ordered, project.secrets if project else ())
    return Declared(project, owner, resolved.desired, dict(wanted), capabilities, ordered)


def _dataset_diagnostics(
    specs: Sequence[ModelSpec], checked: dict[DatasetRef, Checked]
) -> tuple[Diagnostic, ...]:
    """What is wrong with datasets; a file that is missing is told where a manifest names it."""
    named = {spec.dataset: spec for spec in reversed(specs)}
    return tuple(
        _where_named(named[ref], each) if each.code in _NOT_THERE and ref in named else each
        for ref, found in checked.items()
        for each in found.diagnostics
    )


_NOT_THERE = frozenset(
    {"dataset-missing", "dataset-outside", "dataset-not-file", "dataset-unreadable"}
)


def _where_named(spec: ModelSpec, diagnostic: Diagnostic) -> Diagnostic:
    return replace(
        diagnostic,
        place=spec.place,
        subject=spec.subject,
        field="spec.dataset.path",
        detail=f"{spec.dataset.path}: {diagnostic.detail}",
    )


def declare_at_least_owner(invocation: Invocation) -> Declared:
    """The project as `declare` reads it, else one that declares nothing.

    For a command that must not fail for a mistake in some manifest: marks tell whose objects are.

    Raises:
        InvalidProject: tuneform.yaml itself has errors; with the diagnostics of all files.
    """
    try:
        return declare(invocation)
    except InvalidProject:
        project = read_manifests(invocation).project
        if project is None:
            raise
    owner = Owner(project.name, project.environment)
    capabilities = capabilities_of(project.provider.type)
    desired = resolve(owner, (), {}, capabilities).desired
    return Declared(project, owner, desired, {}, capabilities, ())


def read_manifests(invocation: Invocation) -> Loaded:
    """Read tuneform.yaml and all manifests, mistakes included."""
    sources = VariableSources(
        from_environment=invocation.environ_variables,
        files=invocation.variable_files,
        options=invocation.variables,
    )
    # A cache forgets what a run did not ask for, so that environments have one each.
    environment = invocation.chosen_environment or ""
    name = f"manifests-{environment}.json" if is_name(environment) else "manifests.json"
    cache = manifest_cache(invocation.own_folder / "cache" / name, invocation.clock)
    return load(
        invocation.root,
        environment=invocation.chosen_environment,
        variables=sources,
        cache=cache,
    )


def check_datasets(
    invocation: Invocation, wanted: Sequence[tuple[DatasetRef, Limits]]
) -> dict[DatasetRef, Checked]:
    """Check every dataset once; unchanged ones are only looked at."""
    cache = FileCache(
        invocation.own_folder / "cache" / "datasets.json",
        Checked,
        salt=__version__,
        clock=invocation.clock,
    )
    checked = check_all(invocation.root, wanted, cache)
    cache.save()
    return checked


def _wanted(loaded: Loaded, capabilities: Capabilities) -> list[tuple[DatasetRef, Limits]]:
    """Every dataset with the limits of the base that is tuned with it."""
    roots = root_bases(loaded.models)
    return [
        *((spec.dataset, capabilities.base(roots[spec.name]).limits) for spec in loaded.models),
        *((ref, capabilities.base("*").limits) for ref in loaded.datasets),
    ]
