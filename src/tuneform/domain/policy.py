"""What a team permits itself: the rules of `policy` in tuneform.yaml, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tuneform.domain.diagnostic import Place


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that is permitted, both inclusive; None is no bound."""

    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules. One that is None, or empty, does not exist.

    Attributes:
        allowed_bases: globs over full resource names of bases.
        required_labels: keys that every model must have.
        examples: bounds of the count of training examples.
        hyperparameters: bounds by API name, such as `epochCount`; a setting that the manifest
            leaves to the service is not judged.
        max_deletes: models that one plan may delete.
        max_trainings: trainings that may be under way at a time.
        max_cost: that all trainings of one plan may cost, in the currency of the price list.
        retirement_days: a base that retires within so many days is told.
        warns: names of rules that warn; all others deny.
        places: of each rule that is set, by its name in tuneform.yaml.
    """

    allowed_bases: tuple[str, ...] = ()
    required_labels: tuple[str, ...] = ()
    examples: Bounds | None = None
    hyperparameters: tuple[tuple[str, Bounds], ...] = ()
    max_deletes: int | None = None
    max_trainings: int | None = None
    max_cost: Decimal | None = None
    retirement_days: int | None = None
    warns: frozenset[str] = frozenset()
    places: tuple[tuple[str, Place], ...] = field(default=(), compare=False)

    def place(self, rule: str) -> Place | None:
        """Where a rule stands."""
        return dict(self.places).get(rule)


NO_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of a base model.

    Attributes:
        base: full resource name, or a glob.
        on: the day from which it is gone.
        move_to: what to use instead, one phrase; empty where nothing is offered.
    """

    base: str
    on: date
    move_to: str = ""
