"""What a ledger remembers of runs and versions, and who holds a lock, as values to be shown.

They explain; no decision is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tuneform.domain.spec import Hyperparameters


@dataclass(frozen=True, slots=True)
class Trained:
    """What the service told of a training. None is what it did not tell.

    Attributes:
        operation: name of the operation that trains.
        hyperparameters: the effective ones, defaults of the service filled in.
        loss: mean of the last training step.
        seconds: from the creation, as the service dates it, to when a run saw it trained; only
            where a run waited for that. As coarse as the run looked.
        tokens: count of billed training tokens.
    """

    operation: str | None = None
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    loss: float | None = None
    seconds: float | None = None
    tokens: int | None = None

    def updated(self, later: Trained) -> Trained:
        """This, with whatever `later` tells."""
        return Trained(
            self.operation if later.operation is None else later.operation,
            later.hyperparameters if later.hyperparameters.as_api() else self.hyperparameters,
            self.loss if later.loss is None else later.loss,
            self.seconds if later.seconds is None else later.seconds,
            self.tokens if later.tokens is None else later.tokens,
        )


class PastStep(NamedTuple):
    """One step of the past.

    Attributes:
        model: whose.
        step: what was done, such as `start`.
        remote: the object; None where the provider had not named it yet.
        at: when the intent was recorded, UTC.
        outcome: a `tuneform.domain.report.Status`, as text; None where none was recorded.
        detail: the reason, where it did not go well.
    """

    model: str
    step: str
    remote: str | None
    at: datetime
    outcome: str | None
    detail: str


class PastRun(NamedTuple):
    """One run of the past.

    Attributes:
        run: its number.
        command: such as `apply`.
        who: the user; empty where it was not recorded.
        host: the machine.
        commit: of git, in full; None where there was none.
        dirty: whether files differed from that commit.
        began: UTC.
        ended: UTC; None where it is under way, or died.
        exit_code: None where it is under way, died, or was not recorded.
        steps: in the order in which they were begun.
    """

    run: int
    command: str
    who: str
    host: str
    commit: str | None
    dirty: bool
    began: datetime
    ended: datetime | None
    exit_code: int | None
    steps: tuple[PastStep, ...] = ()


class PastCost(NamedTuple):
    """What a training costs.

    Attributes:
        run: that began it.
        tokens: count that the price is for: the service's own once it is known, else estimated.
        likely: the amount for them; None without a known price.
        currency: ISO 4217 code; empty without a known price.
        counted: whether the service has counted the tokens.
    """

    run: int
    tokens: int
    likely: Decimal | None
    currency: str
    counted: bool = False


class Inputs(NamedTuple):
    """What a version is made from, as its start was sent.

    Attributes:
        fingerprint: 64 hex digits.
        data: digest of the dataset, 64 hex digits.
        dataset: path of its file in the project.
        base: full resource name of the base; None where `source` is set.
        source: remote name of the parent's version.
        parent: the declared model that this is.
        parent_fingerprint: of that version, where the ledger knows it, 64 hex digits.
        revision: from the manifest.
        hyperparameters: what the manifest sets, under API names.
    """

    fingerprint: str
    data: str
    dataset: str
    base: str | None
    source: str | None
    parent: str | None
    parent_fingerprint: str | None
    revision: int
    hyperparameters: dict[str, int | float]


class PastScore(NamedTuple):
    """One metric of an evaluation of the past, by the place that it has in the gate.

    Attributes:
        metric: its name, without a label.
        value: from 0 to 1; None where it was not defined.
        baseline: the same of the version that served then; None where it was not asked.
        passed: whether the thresholds held.
    """

    metric: str
    value: float | None
    baseline: float | None
    passed: bool


class PastEvaluation(NamedTuple):
    """A verdict of the past.

    Attributes:
        remote: the version that was asked.
        gate: short digest of the gate.
        passed: the verdict.
        scores: in the order of the gate.
        must_pass: count of cases that must pass.
        must_pass_failed: count of those that did not.
        at: when it was recorded, UTC.
    """

    remote: str
    gate: str
    passed: bool
    scores: tuple[PastScore, ...]
    must_pass: int
    must_pass_failed: int
    at: datetime


class PastVersion(NamedTuple):
    """Everything that is known of one version.

    Attributes:
        remote: its name.
        inputs: None where it was not begun by a run of this ledger, as after an import.
        trained: what the service told.
        runs: those that touched it, oldest first, with their steps on it alone.
        evaluations: verdicts, oldest first.
        costs: one for each training that was begun: what was deleted may be trained again.
    """

    remote: str
    inputs: Inputs | None
    trained: Trained
    runs: tuple[PastRun, ...]
    evaluations: tuple[PastEvaluation, ...]
    costs: tuple[PastCost, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: of the process.
        host: its machine.
        since: ISO 8601, UTC.
        command: what it does, such as `apply`.
        who: the user; empty where nobody knows.
    """

    pid: int
    host: str
    since: str
    command: str
    who: str = ""

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.since)


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether a lock is held.

    Attributes:
        held: by anybody.
        holder: who that is; None where nobody holds it, or where that is not known.
    """

    held: bool
    holder: Holder | None = None
