"""The sign, the colour and the words of each action, the same in plans, progress and reports."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tuneform.domain.plan import Action, Cancel, Change, Evaluate, ReasonCode, Start
from tuneform.render.look import Look, Style

SIGN_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """How an action is shown.

    Attributes:
        sign: as in the contract, section 5; at most three cells.
        meaning: for the legend.
        done: one word for what has happened; `done_word` knows of more.
        style: its colour.
    """

    sign: str
    meaning: str
    done: str
    style: Style | None


_SIGNS = MappingProxyType(
    {
        Action.CREATE: Sign("+", "create: train a first version", "created", Style.GREEN),
        Action.REPLACE: Sign("+/-", "replace: train anew, then retire", "replaced", Style.YELLOW),
        Action.WAIT: Sign("…", "wait: already in training", "trained", Style.CYAN),
        Action.PROMOTE: Sign("^", "promote: let it serve", "promoted", Style.GREEN),
        Action.UPDATE: Sign("~", "update in place", "updated", Style.YELLOW),
        Action.DELETE: Sign("-", "delete for good", "deleted", Style.RED),
        Action.RELEASE: Sign(".", "release: unmark, leave the object", "released", Style.MAGENTA),
        Action.HOLD: Sign("!", "held: something forbids acting", "held", Style.BOLD_RED),
        Action.KEEP: Sign("", "nothing to do", "unchanged", None),
    }
)


_STAGING = MappingProxyType(
    {
        Action.CREATE: "create: train beside what serves",
        Action.UPDATE: "evaluate",
    }
)
"""What signs mean where nothing that serves is touched."""


def meaning(action: Action, *, staging: bool = False) -> str:
    """What a sign says, for the legend of a plan."""
    return _STAGING.get(action, _SIGNS[action].meaning) if staging else _SIGNS[action].meaning


STAGED, EVALUATED, ROLLED_BACK = "staged", "evaluated", "rolled back"
CANCELLED = "cancelled"
DONE_WORDS = (
    *(sign.done for action, sign in _SIGNS.items() if action is not Action.KEEP),
    *(STAGED, EVALUATED, ROLLED_BACK, CANCELLED),
)
"""Every word for what has happened, in the order of closing lines."""


def done_word(change: Change) -> str:
    """One word for what a change did, once it is done."""
    if change.reason.code is ReasonCode.ROLLED_BACK:
        return ROLLED_BACK
    if any(isinstance(step, Start) and step.mark.staged for step in change.steps):
        return STAGED
    if change.steps and all(isinstance(step, Evaluate) for step in change.steps):
        return EVALUATED
    if change.steps and all(isinstance(step, Cancel) for step in change.steps):
        return CANCELLED
    return _SIGNS[change.action].done


def sign_of(action: Action) -> Sign:
    """How an action is shown."""
    return _SIGNS[action]


def drawn_sign(action: Action, look: Look) -> str:
    """The sign of an action in three cells, painted."""
    sign = sign_of(action)
    shown = sign.sign if look.unicode else sign.sign.replace("…", "...")
    return look.paint(shown, sign.style) + " " * (SIGN_WIDTH - len(shown))
