"""The sign, the colour and the words of each action, the same in plans, progress and reports."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tuneform.domain.plan import Action
from tuneform.render.look import Look, Style

SIGN_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """How an action is shown.

    Attributes:
        sign: as in the contract, section 5; at most three cells.
        meaning: for the legend.
        done: one word for what has happened.
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


def sign_of(action: Action) -> Sign:
    """How an action is shown."""
    return _SIGNS[action]


def drawn_sign(action: Action, look: Look) -> str:
    """The sign of an action in three cells, painted."""
    sign = sign_of(action)
    shown = sign.sign if look.unicode else sign.sign.replace("…", "...")
    return look.paint(shown, sign.style) + " " * (SIGN_WIDTH - len(shown))
