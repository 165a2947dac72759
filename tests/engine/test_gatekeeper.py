"""May it go live? Only what is trained, proven, serving, and as the manifest says."""

from dataclasses import replace

import pytest

from tuneform.domain.live import LiveState
from tuneform.domain.spec import Fields
from tuneform.engine.gatekeeper import gate_answer

from .builders import change_of, plan, spec, verdict, version, wanted

GATED = spec(gate="held-out")
SERVING = version(GATED, words=f"serving {verdict(GATED)}")
BEFORE = version(spec(data="before"), day=0)
RETIRED = version(spec(data="before"), words="", day=0)
LONG_AGO = version(spec(data="long-ago"), words="", day=0)


def answer(*live, model=GATED):
    return gate_answer(wanted(model), change_of(plan(model, live=live), model.name))


@pytest.mark.parametrize(
    ("live", "model"),
    [
        ((SERVING,), GATED),
        ((version(spec()),), spec()),
        ((SERVING, RETIRED, LONG_AGO), GATED),  # superseded ones are left, which harms nobody
        ((SERVING, BEFORE), GATED),  # a promotion that was cut short: the desired one counts
    ],
    ids=["passed", "no gate", "superseded left", "word on two"],
)
def test_it_may(live, model):
    found = answer(*live, model=model)
    assert found.passed, found
    assert found.remote == live[0].remote


@pytest.mark.parametrize(
    ("live", "code"),
    [
        ((), "new"),
        ((BEFORE,), "dataset-changed"),
        ((BEFORE, version(GATED, words="", state=LiveState.TRAINING)), "in-training"),
        ((BEFORE, version(GATED, words="", state=LiveState.FAILED)), "training-failed"),
        ((BEFORE, version(GATED, words="cancelled")), "training-cancelled"),
        ((BEFORE, version(GATED, words=verdict(GATED))), "not-serving"),
        ((version(GATED, words="serving"),), "gate-changed"),
        ((version(GATED, words="serving"), RETIRED, LONG_AGO), "superseded-left"),
        ((version(GATED, words=f"serving {verdict(GATED, passed=False)}"),), "gate-failed"),
        ((replace(SERVING, description="Edited."),), "fields-changed"),
        (
            (
                version(GATED, words=verdict(GATED)),
                version(
                    spec(data="before"),
                    words=f"serving pinned={wanted(GATED).fingerprint_short}",
                    day=0,
                ),
            ),
            "pinned",
        ),
    ],
)
def test_it_may_not(live, code):
    found = answer(*live)
    assert not found.passed
    assert found.code == code
    assert found.message


def test_drift_of_the_serving_version_counts_though_more_is_left_to_do():
    cool = spec(gate="held-out", fields=Fields(temperature=0.2))
    warm = version(cool, words=f"serving {verdict(cool)}", temperature=0.9)
    assert not answer(warm, RETIRED, LONG_AGO, model=cool).passed


def test_what_holds_from_the_next_version_on_is_no_drift():
    wants = replace(GATED, extras=(("kmsKeyName", "k"),))
    live = replace(SERVING, extras=())
    assert change_of(plan(wants, live=[live]), wants.name).deltas
    assert answer(live, model=wants).passed
    assert answer(live, RETIRED, LONG_AGO, model=wants).passed
