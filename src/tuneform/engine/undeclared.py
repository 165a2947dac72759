"""The change of one model that no manifest declares: delete, release, hold or leave alone."""

from __future__ import annotations

from collections.abc import Collection

from tuneform.domain.live import LiveState
from tuneform.domain.mark import DeletionPolicy
from tuneform.domain.plan import (
    Action,
    Cancel,
    Change,
    Delete,
    Reason,
    ReasonCode,
    Release,
    Step,
    Watch,
)
from tuneform.engine.situation import Situation


def undeclared_change(
    situation: Situation, hold: Reason | None, going: Collection[str], *, destroy: bool = False
) -> Change:
    """Decide about one undeclared model.

    Args:
        situation: the model.
        hold: why it is held, if it is.
        going: remote names that may be deleted, of all models.
        destroy: whether all is to go, staged versions included.
    """
    mine = situation.versions if destroy else situation.merged
    lives = tuple(each.live for each in situation.versions)
    if hold:
        return Change(situation.name, Action.HOLD, hold, versions=lives)
    if not mine:
        reason = Reason(ReasonCode.ONLY_STAGED, "Only versions staged for a branch are live.")
        return Change(situation.name, Action.KEEP, reason, versions=lives)
    match situation.deletion:
        case DeletionPolicy.PREVENT:
            return Change(situation.name, Action.HOLD, _protected(situation.name), versions=lives)
        case DeletionPolicy.RETAIN:
            watched = (each for each in mine if not situation.is_editable(each))
            steps: tuple[Step, ...] = (
                *(Watch(each.remote) for each in watched),
                *(Release(each.remote) for each in mine),
            )
            reason = Reason(
                ReasonCode.RETAINED,
                "No manifest declares it, and its deletionPolicy is retain: the mark is taken "
                "off, the object stays.",
            )
            return Change(situation.name, Action.RELEASE, reason, steps=steps, versions=lives)
        case DeletionPolicy.DELETE:
            return _deletion(situation, going, destroy=destroy)


def _protected(name: str) -> Reason:
    return Reason(
        ReasonCode.PROTECTED,
        "It would be deleted, but its deletionPolicy is prevent. To delete it, declare it "
        f"with `deletionPolicy: delete` and apply once; `tuneform forget {name}` lets it go.",
    )


def _deletion(situation: Situation, going: Collection[str], *, destroy: bool) -> Change:
    mine = situation.versions if destroy else situation.merged
    lives = tuple(each.live for each in situation.versions)
    victims = [each for each in mine if each.remote in going]
    if not victims:
        reason = Reason(
            ReasonCode.IN_USE,
            "No manifest declares it, but a live model was tuned from it and stays.",
        )
        return Change(situation.name, Action.HOLD, reason, versions=lives)
    cancels = [Cancel(each.remote) for each in victims if each.live.state is LiveState.TRAINING]
    staying = len(mine) - len(victims)
    return Change(
        situation.name,
        Action.DELETE,
        Reason(ReasonCode.DESTROY, "All models of this owner are to be destroyed.")
        if destroy
        else Reason(ReasonCode.NOT_DECLARED, "No manifest declares it any longer."),
        steps=(*cancels, *(Delete(each.remote) for each in victims)),
        notes=(f"{staying} of its versions stay: live models were tuned from them.",)
        if staying
        else (),
        versions=lives,
    )
