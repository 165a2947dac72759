"""Which objects may serve."""

from dataclasses import replace

import pytest
from tests.execute.fake import trained
from tests.execute.world import World, change, mark, old, remote

from tuneform.domain.live import LiveState
from tuneform.domain.plan import Action, Promote, ReasonCode
from tuneform.domain.report import Status
from tuneform.execute.promote import unfit

TRAINED = trained(remote(), mark())


def test_a_trained_version_with_the_planned_inputs_may_serve():
    assert unfit(TRAINED, "newfingerp") is None
    assert unfit(TRAINED, None) is None


@pytest.mark.parametrize(
    ("live", "status", "code"),
    [
        (replace(TRAINED, mark=None), Status.STALE, "stale"),
        (replace(TRAINED, mark=mark(fingerprint="otherfinge")), Status.STALE, "stale"),
        (
            replace(TRAINED, mark=mark(cancelled=True)),
            Status.HELD,
            ReasonCode.TRAINING_CANCELLED,
        ),
        (replace(TRAINED, state=LiveState.FAILED), Status.HELD, ReasonCode.TRAINING_FAILED),
        (replace(TRAINED, state=LiveState.TRAINING), Status.HELD, ReasonCode.STATE_UNKNOWN),
        (replace(TRAINED, state=LiveState.UNKNOWN), Status.HELD, ReasonCode.STATE_UNKNOWN),
    ],
)
def test_nothing_else_may(live, status, code):
    ending = unfit(live, "newfingerp")
    assert (ending.status, ending.code) == (status, code)
    assert ending.hint


def test_a_promote_of_what_serves_already_only_clears_the_others():
    new = trained(remote(), mark(serving=True))
    world = World().having(new, old())
    planned = change(
        "support", Action.PROMOTE, Promote(new.remote, (old().remote,)), versions=[new, old()]
    )
    (outcome,) = world.apply(planned).outcomes
    assert outcome.status is Status.DONE
    assert world.provider.written == [("patch", old().remote)]
    assert world.serving() == [new.remote]


def test_a_rollback_ends_when_the_desired_version_is_promoted():
    pinned = trained(
        remote(tail="oldfingerp"), mark(fingerprint="oldfingerp", serving=True, pinned="newfingerp")
    )
    new = trained(remote(), mark(staged=True))
    world = World().having(new, pinned)
    world.apply(
        change(
            "support", Action.PROMOTE, Promote(new.remote, (pinned.remote,)), versions=[new, pinned]
        )
    )
    assert world.provider.objects[new.remote].mark == mark(serving=True)
    assert world.provider.objects[pinned.remote].mark == mark(fingerprint="oldfingerp")
