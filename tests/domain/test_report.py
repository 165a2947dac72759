"""The exit code of an apply: what is still open decides (contract, section 7)."""

from dataclasses import replace

import pytest

from tuneform.domain.names import Owner
from tuneform.domain.plan import Action, Change, Promote, Reason, ReasonCode, Step, Watch
from tuneform.domain.report import Outcome, Report, Status


def outcome(status: str, code: str = "", performed: tuple[Step, ...] = ()) -> Outcome:
    change = Change("support", Action.CREATE, Reason(ReasonCode.NEW, ""))
    return Outcome(change, Status(status), code=code, performed=performed)


WROTE = (Promote("tunedModels/support-abcdefghij"),)
LOOKED = (Watch("tunedModels/support-abcdefghij"),)

DONE, SAME, STARTED = outcome("done", performed=WROTE), outcome("unchanged"), outcome("started")
LATE = outcome("timed-out", "timeout")
FAILED = outcome("failed", "invalid-request")
FORBIDDEN = outcome("failed", "forbidden")
MAYBE = replace(FORBIDDEN, unsure=True)
UNAUTHENTICATED = outcome("failed", "unauthenticated")
UNTRAINED = outcome("failed", "training-failed", LOOKED)
SKIPPED = outcome("skipped", "parent-held")
STALE = outcome("stale", "stale")


def held(code: ReasonCode) -> Outcome:
    return outcome("held", code)


PINNED = held(ReasonCode.PINNED)
PROTECTED = held(ReasonCode.PROTECTED)
IN_USE = held(ReasonCode.IN_USE)
CANCELLED = held(ReasonCode.TRAINING_CANCELLED)
PARENT_HELD = held(ReasonCode.PARENT_HELD)


@pytest.mark.parametrize(
    ("reason", "outcomes", "code"),
    [
        ("nothing to do", (), 0),
        ("all done", (DONE, SAME), 0),
        ("all started, and nobody waits", (STARTED, DONE), 0),
        ("only pins", (DONE, PINNED, PINNED), 0),
        ("only protection", (DONE, PROTECTED), 5),
        ("a parent in use is protection too", (IN_USE, PROTECTED), 5),
        ("only time ran out", (DONE, LATE, LATE), 9),
        ("a failure", (DONE, FAILED), 8),
        ("a held training", (CANCELLED,), 8),
        ("a failure before anything was written", (SAME, FAILED), 1),
        ("a failure after a look that wrote nothing", (outcome("failed", "x", LOOKED),), 1),
        ("no permission to begin with", (FORBIDDEN, UNAUTHENTICATED, SAME), 4),
        ("no permission, and another failure", (FORBIDDEN, FAILED), 1),
        ("no permission in mid-run", (DONE, FORBIDDEN), 8),
        ("a training that may have begun", (replace(FAILED, unsure=True),), 8),
        ("no permission, and a training that may have begun", (MAYBE, FORBIDDEN), 8),
        ("a training that failed is no error of this run", (UNTRAINED,), 8),
        ("everything changed meanwhile", (STALE, SAME), 7),
        ("something changed meanwhile", (DONE, STALE), 8),
        ("protection and time: a mixture", (PROTECTED, LATE), 8),
        ("pins and protection: a mixture", (PINNED, PROTECTED), 8),
        ("pins and time: a mixture", (PINNED, LATE), 8),
        ("protection and a failure", (DONE, PROTECTED, FAILED), 8),
        ("a child that waited in vain for a late parent", (LATE, SKIPPED), 9),
        ("a child of a failed parent", (DONE, FAILED, SKIPPED), 8),
        ("a child of a pinned parent", (PINNED, PARENT_HELD), 0),
        ("a child of a cancelled parent", (CANCELLED, PARENT_HELD), 8),
        ("a child that its parent's start alone keeps back", (STARTED, SKIPPED), 8),
        ("a held child alone", (DONE, PARENT_HELD), 8),
    ],
)
def test_exit_code(reason, outcomes, code):
    assert Report(Owner("demo"), "embedded", outcomes).exit_code == code
    assert Report(Owner("demo"), "embedded", outcomes[::-1]).exit_code == code


@pytest.mark.parametrize("outcomes", [(), (DONE,), (PROTECTED,), (LATE, FAILED)])
def test_an_interrupted_run_says_so_whatever_else_is_open(outcomes):
    assert Report(Owner("demo"), "embedded", outcomes, interrupted=True).exit_code == 130
