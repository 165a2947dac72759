"""The planner: desired, live and recorded in, one change for each model out (contract, section 5).

Three passes. First every model is looked at, parents first, and held where something forbids
acting. Then it is settled which superseded or undeclared objects may go: none that a surviving
child of ours was tuned from. Then each change is written down with its steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tuneform.domain.desired import Desired, DesiredSet
from tuneform.domain.live import LiveSet, RecordedSet
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import Action, Change, Plan, Reason, ReasonCode
from tuneform.domain.selection import EVERYTHING, Selection
from tuneform.engine.declared import declared_change, expendable
from tuneform.engine.diff import later_deltas
from tuneform.engine.estate import Estate, Version, sort_out, without_living_children
from tuneform.engine.graph import order
from tuneform.engine.select import selected
from tuneform.engine.settled import settled_change
from tuneform.engine.situation import Situation, hold_reason, situation_of
from tuneform.engine.staging import leave_alone, staged_change
from tuneform.engine.undeclared import undeclared_change


def make_plan(
    desired: DesiredSet,
    live: LiveSet,
    recorded: RecordedSet,
    selection: Selection = EVERYTHING,
    *,
    staging: bool = False,
) -> Plan:
    """Decide what has to be done so that live agrees with desired.

    Args:
        desired: all declared models of one owner, without mistakes.
        live: everything that the provider lists, to the end.
        recorded: adds notes, and changes no action, reason or step.
        selection: models outside it get no change.
        staging: whether to train and evaluate only, for a branch that is not merged.
    """
    estate = sort_out(desired, live)
    situations = _situations(desired, estate)
    undeclared = [name for name, each in situations.items() if each.desired is None]
    chosen = selected(selection, (model.spec for model in desired.models), undeclared)
    settled = {
        name: change for name, each in situations.items() if (change := settled_change(each))
    }
    open_ones = {name: each for name, each in situations.items() if name not in settled}
    holds = _holds(open_ones, estate)
    victims = {
        name: _victims(situation)
        for name, situation in open_ones.items()
        if name in chosen and name not in holds
    }
    going = without_living_children(victims, estate)
    changes = [
        settled.get(name)
        or (
            _staged(situation, holds.get(name), situations)
            if staging
            else _change(situation, holds.get(name), going, situations)
        )
        for name, situation in situations.items()
        if name in chosen
    ]
    told = [_with_later(change, situations[change.model]) for change in changes]
    plan = _finish(desired, situations, told, recorded)
    return replace(plan, staging=staging)


def make_destroy_plan(
    desired: DesiredSet, live: LiveSet, recorded: RecordedSet, selection: Selection = EVERYTHING
) -> Plan:
    """Delete all that the owner has, staged versions included.

    What a mark or a manifest protects is held; what it retains is released.
    """
    estate = sort_out(desired, live)
    known = _situations(desired, estate)
    undeclared = [name for name, each in known.items() if each.desired is None]
    # Here a target does not draw in its ancestors: a parent is only deleted where it is meant.
    specs = [replace(model.spec, tuned_from=None) for model in desired.models]
    chosen = selected(selection, specs, undeclared)
    situations = {
        name: _forsaken(each) for name, each in known.items() if name in chosen and each.versions
    }
    holds = _conflicts(situations, estate)
    going = without_living_children(
        {
            name: each.versions
            for name, each in situations.items()
            if name not in holds and each.deletion is DeletionPolicy.DELETE
        },
        estate,
    )
    changes = [
        undeclared_change(each, holds.get(name), going, destroy=True)
        for name, each in situations.items()
    ]
    return _finish(desired, known, changes, recorded)


def _situations(desired: DesiredSet, estate: Estate) -> dict[str, Situation]:
    """Declared models in their order, then undeclared ones by name."""
    situations = {model.name: situation_of(model, estate) for model in desired.models}
    claimed = {name for model in desired.models for name in (model.name, *model.spec.formerly)}
    for name, versions in estate.versions.items():
        if name not in claimed:
            situations[name] = Situation(name, None, versions, edits_training=estate.edits_training)
    return situations


def _holds(situations: Mapping[str, Situation], estate: Estate) -> dict[str, Reason]:
    """Why models are held. Parents come first, so that a child sees what became of its parent."""
    holds = _likely_renames(situations)
    for name, situation in situations.items():
        reason = hold_reason(situation, estate, holds)
        if reason:
            holds[name] = reason
    return holds


def _conflicts(situations: Mapping[str, Situation], estate: Estate) -> dict[str, Reason]:
    found = {name: hold_reason(each, estate, ()) for name, each in situations.items()}
    return {name: reason for name, reason in found.items() if reason}


def _likely_renames(situations: Mapping[str, Situation]) -> dict[str, Reason]:
    """A create whose very fingerprint an undeclared model has live: both wait for one line."""
    trained: dict[str, str] = {}
    for name, situation in situations.items():
        if situation.desired is None:
            trained |= {each.mark.fingerprint: name for each in situation.versions}
    holds = {}
    for name, situation in situations.items():
        desired = situation.desired
        old = trained.get(desired.fingerprint_short) if desired else None
        if old and not situation.merged and not situation.wanted:
            reason = Reason(
                ReasonCode.LIKELY_RENAME,
                f"{old!r} is no longer declared, and was trained from exactly the inputs of "
                f"{name!r}. If it was renamed, add `formerly: [{old}]` to the metadata of "
                f"{name!r}: nothing is trained then. If not, set spec.revision: "
                f"{desired.spec.revision + 1 if desired else 2} in {name!r}.",
            )
            holds[name] = holds[old] = reason
    return holds


def _victims(situation: Situation) -> tuple[Version, ...]:
    """Objects that would go, were it not for their children."""
    if situation.desired is not None:
        return expendable(situation, situation.desired)
    if situation.deletion is DeletionPolicy.DELETE:
        return situation.merged
    return ()


def _change(
    situation: Situation,
    hold: Reason | None,
    going: Collection[str],
    situations: Mapping[str, Situation],
) -> Change:
    desired = situation.desired
    if desired is None:
        return undeclared_change(situation, hold, going)
    return declared_change(situation, desired, hold, going, _source(desired, situations))


def _staged(
    situation: Situation, hold: Reason | None, situations: Mapping[str, Situation]
) -> Change:
    desired = situation.desired
    if desired is None:
        return leave_alone(situation)
    return staged_change(situation, desired, hold, _source(desired, situations))


def _with_later(change: Change, situation: Situation) -> Change:
    """What differs from the live version and holds from the next one on: told, and not done."""
    desired, version = situation.desired, situation.wanted
    if version is None or version in situation.spent:
        version = situation.reference
    later = later_deltas(desired, version.live) if desired and version else ()
    return replace(change, deltas=(*change.deltas, *later)) if later else change


def _source(desired: Desired, situations: Mapping[str, Situation]) -> str | None:
    """Remote name, present or to come, of the parent's desired version."""
    parent = situations.get(desired.spec.tuned_from or "")
    if parent is None or parent.desired is None:
        return None
    return parent.wanted.remote if parent.wanted else parent.desired.remote


def _forsaken(situation: Situation) -> Situation:
    """A model under `destroy`: the stricter of what its mark and its manifest say."""
    desired = situation.desired
    policy = desired.spec.deletion_policy if desired else DeletionPolicy.DELETE
    strictest = max((situation.deletion, policy), key=_STRICTNESS.index)
    return replace(
        situation,
        desired=None,
        versions=tuple(
            Version(each.live, replace(each.mark, deletion=strictest))
            for each in situation.versions
        ),
    )


_STRICTNESS = (DeletionPolicy.DELETE, DeletionPolicy.RETAIN, DeletionPolicy.PREVENT)


def _finish(
    desired: DesiredSet,
    known: Mapping[str, Situation],
    changes: Iterable[Change],
    recorded: RecordedSet,
) -> Plan:
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for remote, note in recorded.notes:
        notes[remote].append(note)
    return Plan(
        owner=desired.owner,
        provider=desired.provider,
        changes=tuple(_noted(change, notes) for change in _ordered(changes, known)),
        live_models=sum(bool(each.versions) for each in known.values()),
    )


def _ordered(changes: Iterable[Change], known: Mapping[str, Situation]) -> list[Change]:
    """Parents before children, else by name.

    Manifests say who is whose parent, and live descent where no manifest does: it may run the
    other way where a chain was turned round.
    """
    by_name = {change.model: change for change in changes}
    model_of = {
        version.remote: name for name, change in by_name.items() for version in change.versions
    }
    parents = {
        name: ({change.parent} if change.parent else set())
        if known[name].desired
        else {model_of[each.source] for each in change.versions if each.source in model_of}
        for name, change in by_name.items()
    }
    ordering = order(parents).names
    rest = sorted(by_name.keys() - set(ordering))
    return [by_name[name] for name in (*ordering, *rest)]


def _noted(change: Change, notes: Mapping[str, list[str]]) -> Change:
    """What is recorded helps where something waits or is held; elsewhere the plan says it all."""
    if change.action not in (Action.HOLD, Action.WAIT) or not notes:
        return change
    about = {change.remote, *(each.remote for each in change.versions)}
    found = [
        f"{remote}: {note}"
        for remote in sorted(filter(None, about))
        for note in notes.get(remote, ())
    ]
    return replace(change, notes=(*change.notes, *found)) if found else change
