"""From specs and dataset facts to desired models: order, fingerprints, derived names.

Mistakes that only show when all manifests are seen together are found here: unknown parents,
cycles, bases that cannot be tuned again, models with equal inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from tuneform.domain.capabilities import Capabilities
from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.diagnostic import Diagnostic, Severity
from tuneform.domain.gate import Gate
from tuneform.domain.names import Owner, remote_id, short
from tuneform.domain.spec import DatasetFacts, DatasetRef, ModelSpec
from tuneform.engine.fingerprint import fingerprint, gate_digest, training_size
from tuneform.engine.graph import order


@dataclass(frozen=True, slots=True)
class Resolved:
    """The desired set, and what is wrong with it.

    Attributes:
        desired: without the models that have a mistake, or lack facts.
        diagnostics: found here, in no particular order.
    """

    desired: DesiredSet
    diagnostics: tuple[Diagnostic, ...] = ()


def resolve(
    owner: Owner,
    specs: Sequence[ModelSpec],
    facts: Mapping[DatasetRef, DatasetFacts],
    capabilities: Capabilities,
    broken: Collection[str] = (),
) -> Resolved:
    """Give every declared model its fingerprint.

    Args:
        owner: whose models.
        specs: with unique names.
        facts: of every dataset that could be read.
        capabilities: of the provider.
        broken: names that are declared with mistakes, which have been told.
    """
    by_name = {spec.name: spec for spec in specs}
    ordering = order(_parents(specs))
    diagnostics = [_cycle(by_name, cycle) for cycle in ordering.cycles]
    models: dict[str, Desired] = {}
    roots = root_bases(specs)
    for name in ordering.names:
        spec = by_name[name]
        if spec.tuned_from in broken:
            continue
        if spec.tuned_from and spec.tuned_from not in by_name:
            diagnostics.append(_unknown_parent(spec, by_name))
        elif spec.tuned_from and not capabilities.base(roots[name]).retunable:
            diagnostics.append(_not_retunable(spec, roots[name], capabilities))
        elif _is_read(spec, facts) and (not spec.tuned_from or spec.tuned_from in models):
            models[name] = _identify(owner, spec, facts, capabilities, roots[name], models)
    diagnostics += _equal_inputs(models.values())
    desired = DesiredSet(
        owner,
        capabilities.provider,
        tuple(models.values()),
        chosen_ids=capabilities.collection is not None,
        edits_training=capabilities.edits_training,
    )
    return Resolved(desired, tuple(diagnostics))


def root_bases(specs: Sequence[ModelSpec]) -> dict[str, str]:
    """The base model at the root of each model's chain; empty where the chain has no end."""
    by_name = {spec.name: spec for spec in specs}
    roots = {spec.name: spec.base_model or "" for spec in specs}
    for name in order(_parents(specs)).names:
        parent = by_name[name].tuned_from
        if parent:
            roots[name] = roots.get(parent, "")
    return roots


def _parents(specs: Sequence[ModelSpec]) -> dict[str, tuple[str, ...]]:
    return {spec.name: (spec.tuned_from,) if spec.tuned_from else () for spec in specs}


def _is_read(spec: ModelSpec, facts: Mapping[DatasetRef, DatasetFacts]) -> bool:
    """Whether everything is known that its fingerprint, its gate and its training need."""
    gated = spec.gate.datasets if spec.gate else ()
    measured = (spec.validation,) if spec.validation else ()
    return all(ref in facts for ref in (spec.dataset, *gated, *measured))


def _gate(spec: ModelSpec, facts: Mapping[DatasetRef, DatasetFacts]) -> Gate | None:
    gate = spec.gate
    if gate is None:
        return None
    data = tuple(facts[ref].digest for ref in gate.datasets)
    digest = gate_digest(gate, data)
    return Gate(
        spec=gate,
        digest=digest,
        short=short(digest),
        data=data,
        examples=facts[gate.dataset].examples if gate.dataset else 0,
        must_pass=facts[gate.must_pass].examples if gate.must_pass else 0,
    )


def _identify(
    owner: Owner,
    spec: ModelSpec,
    facts: Mapping[DatasetRef, DatasetFacts],
    capabilities: Capabilities,
    root: str,
    models: Mapping[str, Desired],
) -> Desired:
    data = facts[spec.dataset]
    parent = models[spec.tuned_from] if spec.tuned_from else None
    base = f"fingerprint:{parent.fingerprint}" if parent else root
    digest = fingerprint(base, data.digest, spec.hyperparameters.as_api(), spec.revision)
    prefix = capabilities.collection
    return Desired(
        owner=owner,
        spec=_with_labels(spec) if capabilities.stores_labels else spec,
        data=data,
        base=base,
        fingerprint=digest,
        fingerprint_short=short(digest),
        data_short=short(data.digest),
        remote=None if prefix is None else prefix + remote_id(str(owner), spec.name, digest),
        training=training_size(data, spec.hyperparameters, capabilities.base(root)),
        root=root,
        gate=_gate(spec, facts),
        validation=facts[spec.validation] if spec.validation else None,
    )


def _with_labels(spec: ModelSpec) -> ModelSpec:
    """Labels are a field to be managed where the service stores them."""
    return replace(spec, fields=replace(spec.fields, labels=spec.labels))


def _cycle(by_name: Mapping[str, ModelSpec], cycle: tuple[str, ...]) -> Diagnostic:
    circle = " -> ".join((*cycle, cycle[0]))
    return _error(
        by_name[cycle[0]],
        "parent-cycle",
        "models are tuned from each other in a circle",
        f"{circle}: none of them can be trained first.",
        "give one of them a baseModel instead of tunedFrom",
    )


def _unknown_parent(spec: ModelSpec, by_name: Iterable[str]) -> Diagnostic:
    near = get_close_matches(spec.tuned_from or "", by_name, n=1)
    return _error(
        spec,
        "unknown-parent",
        "tunedFrom names no declared model",
        f"No manifest declares {spec.tuned_from!r}.",
        f"did you mean {near[0]!r}?" if near else "declare it, or write a baseModel instead",
    )


def _not_retunable(spec: ModelSpec, root: str, capabilities: Capabilities) -> Diagnostic:
    return _error(
        spec,
        "not-retunable",
        "this base does not allow tuning a tuned model",
        f"{spec.tuned_from!r} is tuned from {root}, and {capabilities.provider} refuses to tune "
        "such a model again.",
        f"write baseModel: {root} and put the parent's examples into this dataset",
    )


def _error(spec: ModelSpec, code: str, summary: str, detail: str, hint: str) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        code,
        summary,
        detail,
        place=spec.place,
        subject=spec.subject,
        field="spec.tunedFrom",
        hint=hint,
    )


def _equal_inputs(models: Iterable[Desired]) -> list[Diagnostic]:
    first: dict[str, Desired] = {}
    warnings = []
    for model in models:
        other = first.setdefault(model.fingerprint, model)
        if other is not model:
            warnings.append(
                Diagnostic(
                    Severity.WARNING,
                    "equal-inputs",
                    "two models have equal training inputs",
                    f"{model.name!r} is trained from the same inputs as {other.name!r}: the same "
                    "training is paid for twice.",
                    place=model.spec.place,
                    subject=model.spec.subject,
                    field="metadata.name",
                    hint="let applications share one model, or make their inputs differ",
                )
            )
    return warnings
