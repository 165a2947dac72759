"""Which models a command is about, as the user said it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns from the command line. Empty targets mean every model.

    A pattern is a glob over names, or `KEY=GLOB` over the labels of declared models.

    Attributes:
        targets: what to act on.
        excludes: what to leave alone; wins over targets.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


EVERYTHING = Selection()
