"""Reads the project: manifests and datasets to desired models, every mistake in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tuneform import __version__
from tuneform.app.catalogue import shipped_retirements
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import capabilities_of
from tuneform.dataset.check import Checked, check_all
from tuneform.dataset.filecache import FileCache
from tuneform.dataset.overlap import OverlapCache, Role, diagnose
from tuneform.domain.capabilities import Capabilities, Limits
from tuneform.domain.desired import DesiredSet
from tuneform.domain.diagnostic import Diagnostic, Severity, has_errors
from tuneform.domain.names import Owner, is_name
from tuneform.domain.spec import (
    DatasetFacts,
    DatasetRef,
    ModelSpec,
    ProjectSpec,
    ProviderSpec,
    ProviderType,
)
from tuneform.engine.policy import judge_models
from tuneform.engine.portability import misfits, not_offered
from tuneform.engine.resolve import resolve, root_bases
from tuneform.errors import InvalidProject
from tuneform.gate import missing_metrics, near
from tuneform.manifest.discover import PROJECT_FILE
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
        findings: what the project's policy says to the models; errors are denials.
    """

    project: ProjectSpec
    owner: Owner
    desired: DesiredSet
    limits: dict[DatasetRef, Limits]
    capabilities: Capabilities
    warnings: tuple[Diagnostic, ...]
    findings: tuple[Diagnostic, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Everything that was checked, relative to the project."""
        found = {PROJECT_FILE}
        for model in self.desired.models:
            found |= {model.spec.place.file, *(ref.path for _, ref in _named(model.spec))}
        return tuple(sorted(found))


def declare(invocation: Invocation, elsewhere: ProviderType | None = None) -> Declared:
    """Read manifests and datasets, and give every model its fingerprint.

    Args:
        invocation: of the command.
        elsewhere: another provider that the project is held against, as if it were moved there:
            then a base that is not offered there is an error as well.

    Raises:
        InvalidProject: with all diagnostics of all files.
    """
    loaded = read_manifests(invocation)
    project = _moved(loaded.project, elsewhere)
    # Where tuneform.yaml has a mistake, manifests and datasets are checked all the same; whether
    # the provider honours them, nobody can tell then.
    capabilities = capabilities_of(
        project.provider if project else ProviderSpec(elsewhere or "embedded")
    )
    owner = Owner(project.name, project.environment) if project else Owner("unknown")
    wanted = _wanted(loaded, capabilities)
    asked = _asked(loaded, capabilities)
    checked = check_datasets(invocation, wanted, asked)
    facts = {ref: found.facts for ref, found in checked.items() if found.facts}
    resolved = resolve(owner, loaded.models, facts, capabilities, loaded.broken)
    later = (
        *_dataset_diagnostics(loaded.models, checked),
        *_overlaps(invocation, loaded.models, facts, dict(asked)),
        *_missing_metrics(loaded.models),
        *(
            misfits(owner, loaded.models, root_bases(loaded.models), capabilities)
            if project or elsewhere
            else ()
        ),
        *(_not_offered(invocation, project, loaded.models, capabilities) if elsewhere else ()),
        *resolved.diagnostics,
    )
    diagnostics = (*loaded.diagnostics, *pinpoint(later, invocation.root))
    ordered = tuple(sorted(diagnostics, key=lambda each: each.sort_key))
    if project is None or has_errors(ordered):
        raise InvalidProject(ordered, project.secrets if project else ())
    findings = judge_models(
        project.policy,
        resolved.desired.models,
        shipped_retirements(project.provider),
        invocation.clock.now().date(),
    )
    return Declared(
        project,
        owner,
        resolved.desired,
        {**dict(asked), **dict(wanted)},
        capabilities,
        ordered,
        pinpoint(findings, invocation.root),
    )


def _moved(project: ProjectSpec | None, elsewhere: ProviderType | None) -> ProjectSpec | None:
    """The project with another provider, of which nothing but the type is known."""
    if project is None or elsewhere in (None, project.provider.type):
        return project
    there = ProviderSpec(elsewhere, place=project.provider.place)
    return replace(project, provider=there)


def _not_offered(
    invocation: Invocation,
    project: ProjectSpec | None,
    specs: Sequence[ModelSpec],
    capabilities: Capabilities,
) -> Iterator[Diagnostic]:
    known = shipped_retirements(project.provider) if project else ()
    return not_offered(specs, capabilities, known, invocation.clock.now().date())


def _dataset_diagnostics(
    specs: Sequence[ModelSpec], checked: dict[DatasetRef, Checked]
) -> tuple[Diagnostic, ...]:
    """What is wrong with datasets; a file that is missing is told where a manifest names it."""
    named = {
        ref: (spec, field) for spec in reversed(specs) for field, ref in reversed(_named(spec))
    }
    return tuple(
        _where_named(*named[ref], each) if each.code in _NOT_THERE and ref in named else each
        for ref, found in checked.items()
        for each in found.diagnostics
    )


_NOT_THERE = frozenset(
    {"dataset-missing", "dataset-outside", "dataset-not-file", "dataset-unreadable"}
)


def _named(spec: ModelSpec) -> list[tuple[str, DatasetRef]]:
    """The datasets of a model, each with the field that names its file."""
    found = [("spec.dataset.path", spec.dataset)]
    if spec.gate and spec.gate.dataset and not spec.gate.dataset.held_out:
        found.append(("spec.gate.dataset.path", spec.gate.dataset))
    if spec.gate and spec.gate.must_pass:
        found.append(("spec.gate.mustPass.path", spec.gate.must_pass))
    if spec.validation and not spec.validation.held_out:
        found.append(("spec.vertex.validation.path", spec.validation))
    return found


def _where_named(spec: ModelSpec, field: str, diagnostic: Diagnostic) -> Diagnostic:
    path = next(ref.path for name, ref in _named(spec) if name == field)
    return replace(
        diagnostic,
        place=spec.place,
        subject=spec.subject,
        field=field,
        detail=f"{path}: {diagnostic.detail}",
    )


def _overlaps(
    invocation: Invocation,
    specs: Sequence[ModelSpec],
    facts: Mapping[DatasetRef, DatasetFacts],
    limits: Mapping[DatasetRef, Limits],
) -> Iterator[Diagnostic]:
    """Gates that ask what was trained, and validation that measures it."""
    pairs: dict[tuple[DatasetRef, DatasetRef, Role], None] = {}
    for spec in specs:
        pairs |= {
            (spec.dataset, ref, "gate"): None for ref in (spec.gate.datasets if spec.gate else ())
        }
        if spec.validation:
            pairs[spec.dataset, spec.validation, "validation"] = None
    if not pairs:
        return
    cache = OverlapCache(
        invocation.root,
        invocation.own_folder / "cache" / "overlaps.json",
        salt=__version__,
        clock=invocation.clock,
    )
    for training, evaluation, role in pairs:
        if training in facts and evaluation in facts:
            found = cache.overlaps(training, evaluation, limits[evaluation])
            yield from diagnose(found, training, evaluation, role)
    cache.save()


def _missing_metrics(specs: Sequence[ModelSpec]) -> Iterator[Diagnostic]:
    """Own metrics that are not installed here."""
    for spec in specs:
        for name in missing_metrics(spec.gate) if spec.gate else ():
            meant = near(name)
            yield Diagnostic(
                Severity.ERROR,
                "unknown-metric",
                "no such metric is installed",
                f"{name!r} is no metric of tuneform, and no installed package offers it.",
                place=spec.place,
                subject=spec.subject,
                field=f"spec.gate.metrics.{name}",
                hint=f"did you mean {meant!r}?"
                if meant
                else "install the package whose entry point in `tuneform.metrics` has that name",
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
    capabilities = capabilities_of(project.provider)
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
    loaded = load(
        invocation.root,
        environment=invocation.chosen_environment,
        variables=sources,
        cache=cache,
    )
    if loaded.project:
        invocation.protect(loaded.project.secrets)
    return loaded


def check_datasets(
    invocation: Invocation,
    wanted: Sequence[tuple[DatasetRef, Limits]],
    asked: Sequence[tuple[DatasetRef, Limits]] = (),
) -> dict[DatasetRef, Checked]:
    """Check every dataset once; unchanged ones are only looked at.

    Args:
        invocation: of the command.
        wanted: what is trained with.
        asked: what gates ask.
    """
    cache = FileCache(
        invocation.own_folder / "cache" / "datasets.json",
        Checked,
        salt=__version__,
        clock=invocation.clock,
    )
    checked = check_all(invocation.root, wanted, cache, evaluation=asked)
    cache.save()
    return checked


def _asked(loaded: Loaded, capabilities: Capabilities) -> list[tuple[DatasetRef, Limits]]:
    """Every dataset of a gate and of validation, with the limits of the base that is asked."""
    roots = root_bases(loaded.models)
    found = []
    for spec in loaded.models:
        limits = capabilities.base(roots[spec.name]).limits
        gated = spec.gate.datasets if spec.gate else ()
        # Questions are asked one by one: how many there are is nobody's business but ours.
        found += [(ref, replace(limits, examples_most=None, sent_bytes=None)) for ref in gated]
        if spec.validation:
            most = limits.validation_examples_most
            found.append((spec.validation, replace(limits, examples_most=most)))
    return found


def _wanted(loaded: Loaded, capabilities: Capabilities) -> list[tuple[DatasetRef, Limits]]:
    """Every dataset with the limits of the base that is tuned with it."""
    roots = root_bases(loaded.models)
    return [
        *((spec.dataset, capabilities.base(roots[spec.name]).limits) for spec in loaded.models),
        *((ref, capabilities.base("*").limits) for ref in loaded.datasets),
    ]
