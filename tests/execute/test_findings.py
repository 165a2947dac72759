"""What a run tells the ledger about trainings."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.execute.world import World, create, remote

from tuneform.domain.live import Live, LiveState, LossPoint
from tuneform.domain.record import Trained
from tuneform.domain.spec import Hyperparameters
from tuneform.execute.findings import told_by, trained_at

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
EFFECTIVE = Hyperparameters(5, 4, 0.001, None)
CURVE = (LossPoint(1, 0, 0.9), LossPoint(2, 0, 0.4))


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (Live("r", LiveState.ACTIVE), None),
        (Live("r", LiveState.ACTIVE, curve=CURVE, hyperparameters=EFFECTIVE),
         Trained(hyperparameters=EFFECTIVE, loss=0.4)),
        (Live("r", LiveState.ACTIVE, tokens=900), Trained(tokens=900)),
        (Live("r", LiveState.TRAINING, curve=CURVE), None),
        (Live("r", LiveState.TRAINING, operation="o"), Trained(operation="o")),
        (Live("r", LiveState.FAILED, curve=CURVE), None),
    ],
)  # fmt: skip
def test_a_loss_is_the_last_one_only_where_the_training_has_ended(live, told):
    assert told_by(live) == told


@pytest.mark.parametrize(
    ("created", "seconds"),
    [(NOON - timedelta(hours=1), 3600.0), (NOON + timedelta(seconds=5), 0.0), (None, None)],
)
def test_how_long_a_training_took(created, seconds):
    listed = Live("r", LiveState.ACTIVE, hyperparameters=EFFECTIVE, created=created, tokens=9)
    assert trained_at(listed, NOON, 0.4) == Trained(None, EFFECTIVE, 0.4, seconds, 9)
    assert trained_at(None, NOON, None) == Trained()


def test_a_run_that_waits_records_what_it_saw_and_its_exit_code():
    world = World()
    report = world.apply(create())
    assert world.ledger.exit_codes == [report.exit_code] == [0]
    assert set(world.ledger.trainings) == {remote()}


def test_a_run_whose_record_cannot_be_put_on_disk_meanwhile_goes_on():
    from tuneform.errors import LocalError

    world = World()
    world.ledger.fault("flush", LocalError("no room"))
    assert world.apply(create()).exit_code == 0
