"""The short road says exactly what the long road would say."""

import pytest
from hypothesis import given

from tuneform.domain.live import LiveSet, LiveState
from tuneform.engine.declared import declared_change, expendable
from tuneform.engine.estate import sort_out
from tuneform.engine.settled import settled_change
from tuneform.engine.situation import Situation, hold_reason

from .builders import declare, plan, spec, version
from .simulator import perform_plan
from .test_laws import law
from .worlds import worlds


def situations(specs, live):
    desired = declare(*specs)
    estate = sort_out(desired, LiveSet(tuple(live)))
    for model in desired.models:
        yield Situation(model.name, model, estate.of((model.name, *model.spec.formerly))), estate


@law
@given(worlds())
def test_what_is_settled_would_be_kept_anyway(world):
    applied = perform_plan(plan(*world.specs, live=world.live), world.live)
    for live in (world.live, applied):
        for situation, estate in situations(world.specs, live):
            short = settled_change(situation)
            if short:
                assert hold_reason(situation, estate, ()) is None
                assert expendable(situation, situation.desired) == ()
                assert declared_change(situation, situation.desired, None, (), None) == short


def settled(want, *live):
    [(situation, _)] = situations([want], live)
    return settled_change(situation)


def test_a_model_that_serves_as_it_should_is_settled():
    assert settled(spec(), version(spec()))


@pytest.mark.parametrize(
    "live",
    [
        [],
        [version(spec()), version(spec(data="old"), words="")],
        [version(spec(), words="")],
        [version(spec(), words="serving staged")],
        [version(spec(), words="serving cancelled")],
        [version(spec(), words="serving later")],
        [version(spec(), words="serving deletion=prevent")],
        [version(spec(), words="serving pinned=aaaaaaaaaa")],
        [version(spec(data="old"))],
        [version(spec(), state=LiveState.TRAINING)],
        [version(spec(), base="models/other")],
        [version(spec(), display_name="Another")],
    ],
)
def test_whatever_is_odd_takes_the_long_road(live):
    assert settled(spec(), *live) is None
