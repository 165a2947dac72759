"""What to do after a create that did not simply succeed (contract, section 6).

Pure: an error and what a look showed go in, a decision comes out. There is no decision that sends
a create under another id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias
from zlib import crc32

from tuneform.domain.live import Live, LiveState
from tuneform.domain.plan import ReasonCode, Start
from tuneform.domain.report import Status
from tuneform.errors import AlreadyExists, Exhausted, RemoteError, Unreachable
from tuneform.execute.ending import AGAIN, Ending, ending_of
from tuneform.execute.look import same

ID_SPENT: Final = "id-spent"
"""Code of a hold: the id is taken, and nobody can see by what."""

LAG_SECONDS: Final = 60.0
"""How long a read may lag behind a write."""

QUOTA_SECONDS: Final = 3600.0
"""How long one start waits for a quota that no training of the same run can free any longer."""

MOST_SENDS: Final = 6
"""Creates that are sent while no reply comes."""

LOOK_SECONDS: Final = 3.0
"""Between two looks for something that reads do not show yet."""


class Blank(StrEnum):
    """A look that showed no object."""

    ABSENT = "absent"
    HIDDEN = "hidden"  # it belongs to somebody else
    UNSEEN = "unseen"  # the look failed itself, or no name is known to look for


Look: TypeAlias = Live | Blank


@dataclass(frozen=True, slots=True)
class Begun:
    """The training exists, and it is the one that was asked for."""

    live: Live


@dataclass(frozen=True, slots=True)
class Again:
    """Try again.

    Attributes:
        look: only look again; else send the same create again, under the same id.
        seconds: from now.
    """

    look: bool
    seconds: float


Decision: TypeAlias = Begun | Again | Ending


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried so far.

    Attributes:
        sends: creates sent, this one included.
        lost: whether the reply to one of them was lost, this one included.
        waited: seconds since `error` was first met with; for a quota, since the last training that
            this run watches ended.
    """

    sends: int = 1
    lost: bool = False
    waited: float = 0.0


def needs_look(error: RemoteError) -> bool:
    """Whether only a look can tell what became of the create."""
    return error.lost or isinstance(error, AlreadyExists)


def after_create(
    model: str, start: Start, error: RemoteError, look: Look, tried: Tried
) -> Decision:
    """What to do next.

    Args:
        model: for messages.
        start: what was sent.
        error: what the last create answered.
        look: what was seen under its name; without meaning where `needs_look` says no.
        tried: what was tried so far.
    """
    if isinstance(error, Exhausted):
        seconds = error.retry_after or _backoff(start, tried.sends, most=60.0)
        patient = tried.waited + seconds <= QUOTA_SECONDS
        return Again(look=False, seconds=seconds) if patient else ending_of(error)
    if isinstance(error, Unreachable) and not error.sent:
        return _send_again(start, error, tried)
    return _after_look(model, start, error, look, tried) if needs_look(error) else ending_of(error)


def _after_look(model: str, start: Start, error: RemoteError, look: Look, tried: Tried) -> Decision:
    match look:
        case Live():
            return _after_find(model, start, look)
        case Blank.HIDDEN:
            return _taken(start.remote)
        case Blank.ABSENT if error.lost:
            return _send_again(start, error, tried)
        case Blank.ABSENT | Blank.UNSEEN:
            return _look_again(start, error, look, tried)


def eldest_first(live: Live) -> tuple[datetime, str]:
    """What trainings of the same inputs are sorted by, so that every run names the same one."""
    return (live.created or _EPOCH, live.remote)


_EPOCH = datetime.min.replace(tzinfo=UTC)


def recognise(model: str, start: Start, found: Sequence[Live]) -> Begun | Ending | None:
    """What the objects that were found mean for a create whose name the provider assigns.

    Args:
        model: for messages.
        start: what is, or was, to be sent.
        found: all that were created with its mark.

    Returns:
        The training to go on with, the oldest of those that are good; else why there must not be
        another one; None where nothing is there.
    """
    # What has been renamed since is another model's, whatever it was created as.
    ours = (
        each for each in found if each.mark is None or each.mark.identity == start.mark.identity
    )
    decisions = [_after_find(model, start, each) for each in sorted(ours, key=eldest_first)]
    begun = next((each for each in decisions if isinstance(each, Begun)), None)
    endings = [each for each in decisions if isinstance(each, Ending)]
    return begun or (endings[-1] if endings else None)


def after_unnamed(start: Start, error: RemoteError, tried: Tried) -> Again | Ending:
    """What to do next where the provider assigns the name, and nothing of it is to be seen.

    After a lost reply that is never another create: the first one may still come to light.
    """
    if tried.lost:
        if tried.waited < LAG_SECONDS:
            return Again(look=True, seconds=LOOK_SECONDS)
        return given_up(error, lost=True)
    if needs_look(error):
        return ending_of(error)
    decision = after_create(start.mark.model, start, error, Blank.UNSEEN, tried)
    assert not isinstance(decision, Begun), "nothing was seen"
    return decision


def given_up(error: RemoteError, *, lost: bool) -> Ending:
    """How the change ends if nothing more is tried.

    Args:
        error: what the last create answered.
        lost: whether the reply to one of them was lost.
    """
    if not lost:
        return ending_of(error)
    return Ending(
        Status.FAILED,
        error.code,
        f"{error.message.rstrip('.')}; the training may have begun all the same",
        "Run `tuneform apply` again: it finds a training that has begun, and begins no second one.",
        unsure=True,
    )


def _send_again(start: Start, error: RemoteError, tried: Tried) -> Decision:
    if tried.sends < MOST_SENDS:
        return Again(look=False, seconds=_backoff(start, tried.sends, most=30.0))
    return given_up(error, lost=tried.lost)


def _look_again(start: Start, error: RemoteError, look: Look, tried: Tried) -> Decision:
    if tried.waited < LAG_SECONDS:
        return Again(look=True, seconds=LOOK_SECONDS)
    if tried.lost or look is Blank.UNSEEN:
        return given_up(error, lost=True)
    return Ending(
        Status.HELD,
        ID_SPENT,
        f"the service says that {start.remote} is taken, and shows no such object",
        "An id may stay taken after its object was deleted: raise `spec.revision`.",
    )


def _after_find(model: str, start: Start, live: Live) -> Decision:
    """An object bears the id: is it this training, and is it of any use?"""
    mark, wanted = live.mark, start.mark
    if mark is None:
        return Ending(
            Status.HELD,
            ReasonCode.MARK_MISSING,
            f"{live.remote} exists without a mark",
            f"If it is this training, `tuneform import {live.remote} --as {model} "
            f"--dataset {start.dataset.path}` marks it; else raise `spec.revision`.",
        )
    if mark.identity != wanted.identity:
        return _taken(live.remote)
    if mark.unknown:
        return Ending(
            Status.HELD,
            ReasonCode.UNKNOWN_WORD,
            f"the mark of {live.remote} has words that this release does not know",
            "Use the release that wrote them.",
        )
    if field := _contradiction(start, live):
        return Ending(
            Status.HELD,
            ReasonCode.INPUTS_CONTRADICT,
            f"{live.remote} bears this fingerprint, but its {field} is another one",
            "Raise `spec.revision` to train again under another id.",
        )
    return _after_recognition(model, live, cancelled=mark.cancelled)


def _after_recognition(model: str, live: Live, *, cancelled: bool) -> Decision:
    remedy = f"Change the data, or raise `spec.revision`; `tuneform show {model}` tells more."
    if cancelled:
        return Ending(
            Status.HELD,
            ReasonCode.TRAINING_CANCELLED,
            f"{live.remote} was begun with these inputs before, and cancelled",
            remedy,
        )
    match live.state:
        case LiveState.TRAINING | LiveState.ACTIVE:
            return Begun(live)
        case LiveState.FAILED:
            return Ending(
                Status.HELD,
                ReasonCode.TRAINING_FAILED,
                f"{live.remote} was trained with these inputs before, and failed",
                remedy,
            )
        case LiveState.UNKNOWN:
            return Ending(
                Status.HELD,
                ReasonCode.STATE_UNKNOWN,
                f"{live.remote} is in a state that this release does not know",
                AGAIN,
            )


def _contradiction(start: Start, live: Live) -> str | None:
    """The first readable input that is not what was sent; None where none is."""
    there = live.hyperparameters.as_api()
    pairs = (
        ("baseModel", start.base, live.base),
        ("tunedModelSource", start.source, live.source),
        *((name, value, there.get(name)) for name, value in start.hyperparameters.as_api().items()),
    )
    for name, sent, found in pairs:
        if sent is not None and found is not None and not same(sent, found):
            return name
    return None


def _taken(remote: str | None) -> Ending:
    return Ending(
        Status.HELD,
        ReasonCode.ID_TAKEN,
        f"{remote} exists and is not ours",
        "Raise `spec.revision`, which gives another id; nothing was changed.",
    )


def _backoff(start: Start, sends: int, *, most: float) -> float:
    """Seconds; doubles with each try, and differs between models so that they do not come at once.

    The jitter is a digest of the id rather than chance: a run can be repeated.
    """
    jitter = crc32(f"{start.remote or start.mark.model} {sends}".encode()) % 1000 / 1000
    return float(min(most, 2.0 ** (sends - 1))) * (0.5 + jitter)
