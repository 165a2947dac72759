"""The deletion guard: D = N, or D > max(1, 0.3 N), needs the exact word."""

import pytest

from tuneform.domain.names import Owner
from tuneform.domain.plan import Action, Change, Plan
from tuneform.engine.guard import guard_deletions
from tuneform.errors import Refused

from .builders import Selection, change_of, plan, reason, spec, version


def deleting(deletes: int, models: int, *others: Action) -> Plan:
    actions = [*[Action.DELETE] * deletes, *others]
    changes = tuple(Change(f"m{at}", each, reason()) for at, each in enumerate(actions))
    return Plan(Owner("demo"), "embedded", changes, live_models=models)


@pytest.mark.parametrize(
    ("models", "most"),
    [
        (1, 0),
        (2, 1),
        (3, 1),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 2),
        (8, 2),
        (9, 2),
        (10, 3),
        (20, 6),
        (33, 9),
        (34, 10),
        (70, 21),
        (1000, 300),
    ],
)
def test_thresholds(models, most):
    guard_deletions(deleting(most, models), None)
    with pytest.raises(Refused) as refused:
        guard_deletions(deleting(most + 1, models), None)
    assert f"--allow-deletes {most + 1}" in (refused.value.hint or "")
    assert refused.value.exit_code == 5


def test_the_threshold_is_the_contract_s_for_every_size():
    for models in range(1, 400):
        for deletes in range(1, models + 1):
            refused = deletes == models or (deletes > 1 and 10 * deletes > 3 * models)
            try:
                guard_deletions(deleting(deletes, models), None)
            except Refused:
                assert refused, (deletes, models)
            else:
                assert not refused, (deletes, models)


def test_the_flag_permits_what_it_says_and_no_more():
    guard_deletions(deleting(5, 5), 5)
    with pytest.raises(Refused):
        guard_deletions(deleting(5, 5), 4)
    with pytest.raises(Refused):
        guard_deletions(deleting(1, 1), 0)


def test_nothing_to_delete_is_nothing_to_guard():
    guard_deletions(deleting(0, 0), None)
    guard_deletions(deleting(0, 3, *[Action.HOLD] * 3), None)


@pytest.mark.parametrize("action", [Action.HOLD, Action.RELEASE, Action.REPLACE, Action.PROMOTE])
def test_only_deletes_count(action):
    guard_deletions(deleting(1, 4, *[action] * 3), None)


def test_an_empty_manifest_folder_deletes_nothing_by_itself():
    live = [version(spec(name)) for name in ("a", "b", "c")]
    with pytest.raises(Refused):
        guard_deletions(plan(live=live), None)


def test_targets_do_not_shrink_the_fleet():
    names = [f"m{at}" for at in range(10)]
    live = [version(spec(name)) for name in names]
    four = plan(live=live, selection=Selection(targets=("m[0-3]",)))
    assert (four.summary[Action.DELETE], four.live_models) == (4, 10)
    with pytest.raises(Refused):
        guard_deletions(four, None)
    guard_deletions(plan(live=live, selection=Selection(targets=("m[0-2]",))), None)


def test_a_model_under_two_names_is_one_model():
    moved = spec("support", formerly=("helper",), keep=9)
    live = [
        version(spec("helper", "old"), words=""),
        version(spec("support")),
        version(spec("gone")),
    ]
    decided = plan(moved, live=live)
    assert change_of(decided, "gone").action == "delete"
    assert decided.live_models == 2
