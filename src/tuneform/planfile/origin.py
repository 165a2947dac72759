"""What a plan was made from, beside the live objects, as digests; and what of it has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.plan import Plan
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.domain.spec import ProviderSpec
from tuneform.planfile import shape
from tuneform.planfile.read import SavedPlan
from tuneform.planfile.shape import Inputs, MadeFrom

_CANONICAL = json.JSONEncoder(separators=(",", ":"), sort_keys=True)


def made_from(
    desired: DesiredSet,
    plan: Plan,
    selection: Selection,
    destroy: bool,
    provider: ProviderSpec,
    version: str,
) -> MadeFrom:
    """What a plan was made from, or would be made from now.

    Args:
        desired: all declared models.
        plan: the plan; where targets were chosen, or all is to go, only its models count.
        selection: as the user said it.
        destroy: whether all is to go.
        provider: the service, with its settings.
        version: of this release.
    """
    named = {change.model for change in plan.changes}
    is_whole = selection == EVERYTHING and not destroy
    return MadeFrom(
        tuneform=version,
        project=desired.owner.project,
        environment=desired.owner.environment,
        provider=shape.Provider(provider.type, _digest(provider)),
        selection=shape.Selection(selection.targets, selection.excludes),
        destroy=destroy,
        models={
            model.name: _inputs(model)
            for model in sorted(desired.models, key=lambda model: model.name)
            if is_whole or model.name in named
        },
    )


def stale_parts(saved: SavedPlan, now: MadeFrom) -> tuple[str, ...]:
    """Clauses about all that has changed since a plan was saved; none where it still holds.

    Args:
        saved: the plan.
        now: what it would be made from now, with its selection.
    """
    then = saved.made_from
    return (*_of_project(then, now), *_of_models(then, now))


def _of_project(then: MadeFrom, now: MadeFrom) -> Iterator[str]:
    if _owner(then) != _owner(now):
        yield f"it was made for owner {_owner(then)}, and this is {_owner(now)}"
    if then.provider.type != now.provider.type:
        yield f"it was made for provider {then.provider.type}, and this is {now.provider.type}"
    elif then.provider.settings != now.provider.settings:
        yield f"the settings of provider {now.provider.type} changed"


def _of_models(then: MadeFrom, now: MadeFrom) -> Iterator[str]:
    for name, before in then.models.items():
        after = now.models.get(name)
        if after is None:
            yield f"{name} is no longer declared"
        else:
            yield from _of_model(name, before, after)
    for name in now.models:
        if name not in then.models:
            yield f"{name} is declared now, and was not then"


def _of_model(name: str, before: Inputs, after: Inputs) -> Iterator[str]:
    if before.manifest != after.manifest:
        yield f"the manifest of {name} changed"
    if before.dataset != after.dataset:
        yield f"the dataset of {name} changed"
    if before.gate != after.gate:
        yield f"the gate of {name} changed"
    if (before.manifest, before.dataset) == (after.manifest, after.dataset) and (
        before.fingerprint != after.fingerprint
    ):
        yield f"what {name} is tuned from changed"


def _owner(made: MadeFrom) -> str:
    return f"{made.project}/{made.environment}" if made.environment else made.project


def _inputs(model: Desired) -> Inputs:
    return Inputs(
        manifest=_digest(model.spec),
        dataset=model.data.digest,
        gate=model.gate.digest if model.gate else None,
        fingerprint=model.fingerprint,
    )


def _digest(spec: Any) -> str:
    """SHA-256 of what a document declares, wherever in its file it stands."""
    values = msgspec.to_builtins(spec)
    del values["place"]
    return hashlib.sha256(_CANONICAL.encode(values).encode()).hexdigest()
