"""How a change ends when it does not end well, and what each error means for it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from tuneform.domain.report import Status
from tuneform.errors import Conflict, RemoteError, Stale, TuneformError, Unauthenticated

AGAIN: Final = "Run `tuneform apply` again: it goes on from here."
PLAN: Final = "Run `tuneform plan` to see what is there now."


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a change goes no further.

    Attributes:
        status: never DONE or UNCHANGED.
        code: for machines.
        message: what happened.
        hint: the next step, else empty.
        for_all: no other model can go on either.
        unsure: a step that was not completed may have changed something, or begun a training.
    """

    status: Status
    code: str
    message: str
    hint: str = ""
    for_all: bool = False
    unsure: bool = False


def ending_of(error: Exception) -> Ending:
    """What an error means for the model that it happened to."""
    match error:
        case Stale() | Conflict():
            return Ending(Status.STALE, error.code, error.message, error.hint or PLAN)
        case Unauthenticated():
            return Ending(
                Status.FAILED, error.code, error.message, error.hint or AGAIN, for_all=True
            )
        case RemoteError():
            return Ending(Status.FAILED, error.code, error.message, error.hint or AGAIN)
        case TuneformError():
            return Ending(Status.FAILED, error.code, error.message, error.hint or "")
        case _:
            return _bug(error)


def halt(cause: Ending | None, *, begun: bool) -> Ending:
    """How a change ends that was not finished when the whole run was halted.

    Args:
        cause: what stopped everybody; None where a person did.
        begun: whether anything was done for this change.
    """
    if cause is not None:
        return Ending(
            Status.FAILED if begun else Status.SKIPPED,
            cause.code,
            f"{'not finished' if begun else 'not begun'}: {cause.message}",
            cause.hint,
        )
    message = "interrupted; a training that has begun is not lost"
    if not begun:
        message = "interrupted before anything was done"
    return Ending(Status.INTERRUPTED, "interrupted", message, AGAIN)


def started() -> Ending:
    """How a change ends whose training nobody waits for."""
    return Ending(
        Status.STARTED,
        "",
        "training; it is not waited for",
        "Run `tuneform apply` or `tuneform wait` to go on from here.",
    )


def late(model: str, remote: str, steps_done: int = 0, steps_total: int = 0) -> Ending:
    """How a change ends that was not waited for any longer.

    Args:
        model: whose training it is.
        remote: the object in training.
        steps_done: of its training; negative where nobody knows it.
        steps_total: 0 where nobody knows it.
    """
    far = f", at step {max(steps_done, 0):,} of {steps_total:,}" if steps_total else ""
    return Ending(
        Status.TIMED_OUT,
        "timeout",
        f"time is up: {remote} is still in training{far}; it goes on, and is not lost",
        f"Run `tuneform apply` again to go on from here, or `tuneform wait {model}` to watch it; "
        "`--timeout` sets how long. If it stalls, "
        f"`tuneform cancel {model}` stops it, and a raised `spec.revision` trains anew.",
    )


def no_room() -> Ending:
    """How a change ends whose training waited for a quota until time was up."""
    return Ending(
        Status.TIMED_OUT,
        "timeout",
        "time is up: its training still waits for a place in the quota",
        f"{AGAIN} `--timeout` sets how long it waits.",
    )


def _bug(error: Exception) -> Ending:
    """Names the place alone: the text of a stranger's error may hold examples."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Ending(
        Status.FAILED,
        "bug",
        f"this is a bug in tuneform: {type(error).__name__}{place}",
        "Please report it with this line. Other models are not affected.",
    )
