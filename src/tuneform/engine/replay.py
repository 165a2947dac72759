"""How far a saved plan has been carried out, told from what is live.

A saved plan may be applied while the live objects are as the plan saw them, their trainings
advanced, and its steps not begun, carried out in part, or all done by an earlier apply. What else
differs is drift: somebody else was there, and the plan is stale. Nothing is decided again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tuneform.domain.desired import DesiredSet
from tuneform.domain.live import Live, LiveSet, LiveState
from tuneform.domain.plan import (
    Action,
    Cancel,
    Change,
    Delete,
    Plan,
    Reason,
    ReasonCode,
    Release,
    Start,
    Step,
)
from tuneform.engine.estate import Estate, Version, sort_out
from tuneform.engine.foreseen import Look, Stage, Texts, differences, look_of, stages


@dataclass(frozen=True, slots=True)
class Drift:
    """What neither the plan nor a training can have done.

    Attributes:
        model: of the change.
        remote: the object.
        what: a clause about it, such as `its mark was changed`.
    """

    model: str
    remote: str
    what: str

    def __str__(self) -> str:
        return f"{self.remote}: {self.what} since the plan was made"


@dataclass(frozen=True, slots=True)
class Rebased:
    """A change with the steps that are left.

    Attributes:
        change: its versions as they are now. Held where its gate has failed meanwhile.
        done: count of steps that were carried out before.
    """

    change: Change
    done: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """A saved plan held against what is live.

    Attributes:
        plan: what is left of it; to be applied only where nothing has drifted.
        done: count of steps that were carried out before.
        drifts: what was changed by others, at most one for each model.
    """

    plan: Plan
    done: int
    drifts: tuple[Drift, ...]


def replay(plan: Plan, texts: Texts, desired: DesiredSet, live: LiveSet) -> Replayed:
    """What is left of a saved plan.

    Args:
        plan: as saved, with the manifests' values.
        texts: of all `versions` in it.
        desired: what the plan was made from.
        live: everything that the provider lists, to the end.
    """
    estate = sort_out(desired, live)
    changes: list[Change] = []
    drifts: list[Drift] = []
    done = 0
    for change in plan.changes:
        match rebase(change, texts, estate):
            case Rebased() as rebased:
                changes.append(rebased.change)
                done += rebased.done
            case drift:
                drifts.append(drift)
    drifts += _needed(changes, estate)
    return Replayed(replace(plan, changes=tuple(changes)), done, tuple(drifts))


def _needed(changes: Iterable[Change], estate: Estate) -> Iterator[Drift]:
    """Objects that would be deleted, and that a live version was tuned from meanwhile."""
    going = {
        step.remote: change.model
        for change in changes
        for step in change.steps
        if isinstance(step, Delete)
    }
    if not going:
        return
    for versions in estate.versions.values():
        for each in versions:
            source = each.live.source
            if source in going and each.remote not in going:
                yield Drift(going[source], source, f"{each.remote} was tuned from it")


def rebase(change: Change, texts: Texts, estate: Estate) -> Rebased | Drift:
    """Find the most steps of a change whose effects are there, and what is left of it.

    Args:
        change: as saved.
        texts: of its versions.
        estate: what is live now.
    """
    newcomer = _newcomer(change, estate)
    if newcomer:
        return Drift(change.model, newcomer.remote, "it appeared")
    begun = _begun(change, estate)
    remotes = _remotes(change, begun)
    now = {remote: live for remote in remotes if (live := estate.by_remote.get(remote))}
    looks = {remote: look_of(live) for remote, live in now.items()}
    foreseen = stages(change, texts, begun)
    for stage in reversed(foreseen):
        if next(_differences(stage, remotes, looks), None) is None:
            return _left(change, stage, begun, now)
    nearest = min((list(_differences(stage, remotes, looks)) for stage in foreseen), key=len)
    remote, what = nearest[0]
    return Drift(change.model, remote, what)


def _remotes(change: Change, begun: str | None) -> tuple[str, ...]:
    """All objects that the change is about, newest first."""
    seen = (each.remote for each in change.versions)
    return tuple(dict.fromkeys((*filter(None, (begun,)), *seen)))


def _newcomer(change: Change, estate: Estate) -> Version | None:
    """A version that the plan did not see, and would not make.

    One that is only staged for a branch comes and goes beside the plan.
    """
    names = {change.model, *(each.mark.model for each in change.versions if each.mark)}
    seen = {each.remote for each in change.versions}
    mine = {step.mark.fingerprint for step in change.steps if isinstance(step, Start)}
    return next(
        (
            each
            for each in estate.of(sorted(names))
            if each.remote not in seen
            and each.mark.fingerprint not in mine
            and not each.mark.staged
        ),
        None,
    )


def _begun(change: Change, estate: Estate) -> str | None:
    """Remote name of the version that the change starts; None where there is none yet."""
    start = next((step for step in change.steps if isinstance(step, Start)), None)
    if start is None or start.remote:
        return start.remote if start else None
    seen = {each.remote for each in change.versions}
    names = (change.model,)
    # Of twins the oldest goes on, as it does where they are found before a create.
    tries = (*reversed(estate.of(names)), *estate.spent_of(names))
    return next(
        (
            each.remote
            for each in tries
            if each.mark.fingerprint == start.mark.fingerprint and each.remote not in seen
        ),
        None,
    )


def _differences(
    stage: Stage, remotes: Iterable[str], now: Mapping[str, Look]
) -> Iterator[tuple[str, str]]:
    """Remote names and all that differs there from this stage."""
    for remote in remotes:
        expected, found, last = stage.objects.get(remote), now.get(remote), stage.tail.get(remote)
        if expected is None and found is not None:
            yield from ((remote, "it appeared"),) * _WHOLE
        elif expected is not None and found is None:
            if not isinstance(last, Delete):
                yield from ((remote, "it is gone"),) * _WHOLE
        elif expected is not None and found is not None:
            if isinstance(last, Release) and found.mark is None:
                expected = replace(expected, mark=None)
            for field in differences(expected, found):
                yield remote, f"its {field} was changed"


_WHOLE: Final = 5
"""As many fields an object counts for, where it is told from which stage the live ones differ
least."""


def _left(change: Change, stage: Stage, begun: str | None, now: Mapping[str, Live]) -> Rebased:
    """The change as it goes on from a stage."""
    versions = tuple(now[remote] for remote in _remotes(change, begun) if remote in now)
    change = replace(change, versions=versions, remote=change.remote or begun)
    if stage.failed:
        reason = Reason(
            ReasonCode.GATE_FAILED,
            f"{stage.failed} did not pass its gate when this plan was applied before.",
        )
        held = replace(change, action=Action.HOLD, reason=reason, steps=())
        return Rebased(held, stage.done)
    done = _without_cancels_under_way(change.steps, stage.done, now)
    steps = tuple(_named(step, begun) for step in change.steps[done:] if not _is_over(step, now))
    return Rebased(replace(change, steps=steps), len(change.steps) - len(steps))


def _without_cancels_under_way(steps: tuple[Step, ...], done: int, now: Mapping[str, Live]) -> int:
    """A word in the mark does not tell whether the cancel was sent: it is sent again."""
    while done and isinstance(cancel := steps[done - 1], Cancel):
        live = now.get(cancel.remote)
        if live is None or live.state is not LiveState.TRAINING:
            break
        done -= 1
    return done


def _is_over(step: Step, now: Mapping[str, Live]) -> bool:
    """Whether a delete or release was done."""
    match step:
        case Delete():
            return step.remote not in now or now[step.remote].spent
        case Release():
            return step.remote in now and now[step.remote].mark is None
        case _:
            return False


def _named(step: Step, begun: str | None) -> Step:
    """A step with the name that the provider has assigned meanwhile."""
    if step.remote is None and begun and not isinstance(step, Start):
        return replace(step, remote=begun)
    return step
