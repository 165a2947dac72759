"""What counts as a change that neither this run nor its training made."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.execute.fake import FakeProvider, trained
from tests.execute.world import World, change, in_training, mark, old, remote

from tuneform.clock import SteeredClock
from tuneform.domain.live import LiveState, LossPoint
from tuneform.domain.plan import Action, Delete, Rewrite
from tuneform.domain.report import Status
from tuneform.domain.spec import Fields, Hyperparameters
from tuneform.errors import Stale
from tuneform.execute.changes import Changes
from tuneform.execute.look import difference, look, write

TRAINING = in_training()
TRAINED = trained(remote(), mark())
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seen", "now"),
    [
        (TRAINED, TRAINED),
        (TRAINED, replace(TRAINED, curve=(LossPoint(1, 0, 0.5),))),
        (TRAINING, TRAINED),
        (TRAINING, replace(TRAINED, state=LiveState.FAILED)),
        (replace(TRAINING, base=None), TRAINED),
        (TRAINING, replace(TRAINING, created=CREATED)),
        (replace(TRAINING, temperature=0.7), replace(TRAINED, temperature=0.699999988079071)),
        (replace(TRAINING, hyperparameters=Hyperparameters(epoch_count=5)), TRAINED),
    ],
)
def test_what_a_training_may_change(seen, now):
    assert difference(seen, now) is None


@pytest.mark.parametrize(
    ("field", "seen", "now"),
    [
        ("mark", TRAINED, replace(TRAINED, mark=mark(serving=True))),
        ("mark", TRAINED, replace(TRAINED, mark=None)),
        ("mark", TRAINING, replace(TRAINED, mark=mark(cancelled=True))),
        ("state", TRAINED, replace(TRAINED, state=LiveState.FAILED)),
        ("state", TRAINED, TRAINING),
        ("state", TRAINING, replace(TRAINING, state=LiveState.UNKNOWN)),
        ("description", TRAINING, replace(TRAINED, description="Edited.")),
        ("displayName", TRAINED, replace(TRAINED, display_name="Edited")),
        ("temperature", TRAINED, replace(TRAINED, temperature=0.5)),
        ("temperature", replace(TRAINING, temperature=0.7), TRAINED),
        ("topP", replace(TRAINED, top_p=0.9), TRAINED),
        ("topK", TRAINED, replace(TRAINED, top_k=3)),
        ("topK", replace(TRAINED, top_k=None), TRAINED),
        ("baseModel", TRAINED, replace(TRAINED, base="models/other")),
        ("tunedModelSource", TRAINED, replace(TRAINED, source="tunedModels/x")),
        ("createTime", replace(TRAINED, created=CREATED), TRAINED),
        ("epochCount", TRAINED, replace(TRAINED, hyperparameters=Hyperparameters(epoch_count=6))),
        ("batchSize", TRAINED, replace(TRAINED, hyperparameters=Hyperparameters(5, batch_size=4))),
    ],
)
def test_what_only_somebody_else_can_have_changed(field, seen, now):
    assert difference(seen, now) == field


def test_a_look_names_the_object_the_field_and_the_next_step():
    provider = FakeProvider(SteeredClock(), replace(TRAINED, description="Edited."))
    with pytest.raises(Stale, match=rf"{remote()}: its description was changed") as caught:
        look(provider, TRAINED)
    assert "tuneform plan" in caught.value.hint


def test_an_edit_in_the_moment_of_our_own_is_found():
    provider = FakeProvider(SteeredClock(), TRAINED)
    provider.fault("patch", lambda fake: fake.edit(remote(), display_name="Theirs"))
    with pytest.raises(Stale, match="its displayName did not stay"):
        write(provider, Changes(), TRAINED, Fields(description="Ours."), mark())


def test_a_mark_that_is_not_kept_is_found():
    provider = FakeProvider(SteeredClock(), TRAINED)
    provider.fault("patch", lambda fake: fake.edit(remote(), mark=mark()))
    with pytest.raises(Stale, match="its mark did not stay"):
        write(provider, Changes(), TRAINED, Fields(), mark(serving=True))


def test_a_write_returns_what_is_there_now():
    provider = FakeProvider(SteeredClock(), TRAINED)
    after = write(provider, Changes(), TRAINED, Fields(top_k=7), None)
    assert (after.top_k, after.mark, after.description) == (7, None, TRAINED.description)


@pytest.mark.parametrize(
    ("now", "told"),
    [(None, "is gone"), (mark(), "does not serve any longer"), (mark(serving=True), "")],
    ids=["deleted", "demoted", "serving"],
)
@pytest.mark.parametrize(
    "step", [Delete(old().remote), Rewrite(old().remote, old().mark.retired())], ids=["d", "r"]
)
def test_nothing_is_taken_from_applications_before_what_replaced_it_is_seen_to_serve(
    step, now, told
):
    """Somebody else may have edited or deleted the version that served when it was planned."""
    new = trained(remote(), mark(serving=True))
    planned = replace(
        change("support", Action.PROMOTE, step, versions=[new, old()]), remote=new.remote
    )
    world = World().having(old())
    if now is not None:
        world.having(replace(new, mark=now))
    (outcome,) = world.apply(planned).outcomes
    assert outcome.status is (Status.STALE if told else Status.DONE)
    assert told in outcome.message
    assert bool(world.provider.written) is (not told)
