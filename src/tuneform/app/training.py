"""Trainings that are under way: wait for them, or stop them."""

from __future__ import annotations

from collections.abc import Collection

from tuneform.app.applying import Ears, Wishes, carry_out
from tuneform.app.declare import Declared, declare, declare_at_least_owner
from tuneform.app.inspecting import chosen_versions, find_change
from tuneform.app.invocation import Invocation
from tuneform.app.wiring import open_provider
from tuneform.domain.live import Live, LiveSet, LiveState, RecordedSet
from tuneform.domain.plan import Action, Cancel, Change, Plan, Reason, ReasonCode, Watch
from tuneform.domain.report import Report
from tuneform.engine.plan import make_plan
from tuneform.errors import Refused


def wait(
    invocation: Invocation, names: Collection[str], timeout: float | None, ears: Ears
) -> Report:
    """Watch trainings until they end. Nothing is written; apply promotes.

    Args:
        invocation: of the command.
        names: models; none means all that have a training.
        timeout: seconds; None is for ever.
        ears: who is told.
    """
    declared = declare(invocation)
    with open_provider(declared.project, invocation, trains=True) as opened:
        plan = _live_plan(declared, LiveSet(tuple(opened.provider.list())))
        chosen = [find_change(plan, name) for name in dict.fromkeys(names)] or plan.changes
        watches = tuple(watch for change in chosen if (watch := _watch(change)))
        return carry_out(
            invocation,
            declared,
            opened,
            Plan(plan.owner, plan.provider, watches),
            Wishes(timeout=timeout),
            ears,
        )


def cancel(invocation: Invocation, name: str, version: str | None, ears: Ears) -> Report:
    """Mark the trainings of a model as cancelled, then cancel them.

    Args:
        invocation: of the command.
        name: of the model.
        version: remote name, id or short fingerprint; None means all trainings of the model.
        ears: who is told.

    Returns:
        What became of it; without outcomes where they were cancelled already.

    Raises:
        Refused: nothing of this model is in training.
        UsageError: it has no such version.
    """
    # A training that costs money can be stopped while some manifest has a mistake.
    declared = declare_at_least_owner(invocation)
    with open_provider(declared.project, invocation, trains=False) as opened:
        plan = _live_plan(declared, LiveSet(tuple(opened.provider.list())))
        change = find_change(plan, name)
        meant = chosen_versions(change, version)
        running = [each for each in meant if each.state is LiveState.TRAINING]
        if not running and any(each.mark and each.mark.cancelled for each in meant):
            return Report(plan.owner, plan.provider)
        if not running:
            raise Refused(
                f"{meant[0].remote} is not in training"
                if version and meant
                else f"no version of {name!r} is in training",
                hint=f"`tuneform status` and `tuneform show {name}` tell what there is",
            )
        order = Change(
            name,
            Action.UPDATE,
            Reason(ReasonCode.TRAINING_CANCELLED, "Cancelled on request."),
            remote=running[0].remote,
            steps=tuple(Cancel(each.remote) for each in running),
            versions=tuple(running),
        )
        plan = Plan(plan.owner, plan.provider, (order,))
        return carry_out(invocation, declared, opened, plan, Wishes(), ears)


def _live_plan(declared: Declared, live: LiveSet) -> Plan:
    return make_plan(declared.desired, live, RecordedSet())


def _in_training(change: Change) -> list[Live]:
    return [each for each in change.versions if each.state is LiveState.TRAINING]


def _watch(change: Change) -> Change | None:
    running = _in_training(change)
    if not running:
        return None
    return Change(
        change.model,
        Action.WAIT,
        Reason(ReasonCode.IN_TRAINING, "It is in training."),
        remote=running[0].remote,
        steps=tuple(Watch(each.remote) for each in running),
        training=change.training,
        versions=tuple(running),
    )
