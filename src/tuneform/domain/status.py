"""What is live, told for people and applications."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tuneform.domain.cost import Spent
from tuneform.domain.live import Leftover, Live, LossPoint
from tuneform.domain.names import Owner


class ModelState(StrEnum):
    """A model in one word."""

    SERVING = "serving"
    TRAINING = "training"
    FAILED = "failed"
    HELD = "held"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """One live object of a model.

    Attributes:
        live: the object.
        progress: of its training, from 0 to 1.
        last: the last point of its loss curve, where there is one.
        error: why its training failed, where the service tells.
    """

    live: Live
    progress: float
    last: LossPoint | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model.

    Attributes:
        model: its name.
        declared: whether a manifest declares it.
        state: in one word.
        serving: remote name of the serving version, else None.
        address: what applications call, else None.
        versions: newest first.
        note: one sentence where the state needs one, else empty.
    """

    model: str
    declared: bool
    state: ModelState
    serving: str | None
    versions: tuple[VersionStatus, ...]
    note: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All models of one owner.

    Attributes:
        owner: whose.
        provider: its name in manifests.
        models: declared and undeclared, by name.
        unexplained: remote names of objects that bear our mark and are not ours, or that a
            conflict keeps us from explaining.
        spent: on past trainings, by currency, as far as the ledger knows.
        leftovers: what models left behind and nothing uses any more.
        unread: why the leftovers are not told, one sentence; empty where they are.
    """

    owner: Owner
    provider: str
    models: tuple[ModelStatus, ...]
    unexplained: tuple[str, ...]
    spent: tuple[Spent, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """Whether one model may go live: what a deployment pipeline asks for.

    Attributes:
        model: its name.
        passed: whether the desired version is there, passed its gate, serves and did not drift.
        code: why it may not, for machines: a ReasonCode or the code of an error; empty where it
            may.
        message: why it may or may not, in sentences.
        hint: the next step, else empty.
        remote: the version that was judged; None where there is none.
        verdict: the last word of its gate as marks have it, such as `passed:aaaaaaaaaa`; empty
            where there is none.
    """

    model: str
    passed: bool
    code: str
    message: str
    hint: str
    remote: str | None
    verdict: str
