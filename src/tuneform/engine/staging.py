"""Train for a branch: its versions are trained and proven, and nothing else is touched.

`staged_change` decides about one declared model, `leave_alone` about one that no manifest declares.
What a merge makes of staged versions is no affair of this module: `declared.py` promotes whatever
is trained and proven.
"""

from __future__ import annotations

from dataclasses import replace

from tuneform.domain.desired import Desired
from tuneform.domain.live import LiveState
from tuneform.domain.plan import (
    Action,
    Change,
    Reason,
    ReasonCode,
    Step,
    Watch,
)
from tuneform.engine.declared import (
    evaluation_of,
    explained,
    idle_change,
    not_evaluated,
    start_of,
    why_create,
)
from tuneform.engine.estate import Version
from tuneform.engine.situation import Situation


def staged_change(
    situation: Situation, desired: Desired, hold: Reason | None, source: str | None
) -> Change:
    """Decide what has to be trained and evaluated for the branch.

    Args:
        situation: the model.
        desired: what the branch wants.
        hold: why it is held, if it is.
        source: remote name of the parent's desired version, for a model tuned on top of another.
    """
    wanted = situation.wanted
    change = idle_change(situation, desired, hold)
    if hold:
        return change
    if wanted is None:
        return _creation(change, situation, desired, source)
    if wanted.live.state is LiveState.TRAINING:
        return replace(
            change,
            action=Action.WAIT,
            reason=Reason(
                ReasonCode.IN_TRAINING, f"{wanted.remote} is the desired version, and in training."
            ),
            training=desired.training,
            steps=(Watch(wanted.remote), *_evaluate(situation, desired, wanted)),
        )
    if evaluate := _evaluate(situation, desired, wanted):
        return replace(change, action=Action.UPDATE, reason=not_evaluated(wanted), steps=evaluate)
    if situation.serving is wanted:
        return change
    trained = Reason(ReasonCode.STAGED, f"{wanted.remote} is trained; a merge lets it serve.")
    return replace(change, reason=trained)


def leave_alone(situation: Situation) -> Change:
    """What no manifest of the branch declares: deletions wait for the merge."""
    return Change(
        situation.name,
        Action.KEEP,
        Reason(ReasonCode.NOT_STAGED, "No manifest declares it; staging deletes nothing."),
        versions=tuple(each.live for each in situation.versions),
    )


def _creation(change: Change, situation: Situation, desired: Desired, source: str | None) -> Change:
    change = replace(
        change,
        action=Action.CREATE,
        reason=why_create(situation),
        training=desired.training,
        steps=(
            start_of(desired, source, staged=True),
            Watch(desired.remote),
            *_evaluate(situation, desired, None),
        ),
    )
    reference = situation.reference
    return explained(change, desired, reference, source) if reference else change


def _evaluate(situation: Situation, desired: Desired, wanted: Version | None) -> tuple[Step, ...]:
    """The gate of a staged version. A merged one is not touched: its mark is the main branch's."""
    if wanted and not wanted.mark.staged:
        return ()
    return evaluation_of(situation, desired, wanted.remote if wanted else desired.remote)
