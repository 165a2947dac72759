"""Targets bring their ancestors, excludes their descendants."""

import pytest

from tuneform.domain.selection import Selection
from tuneform.engine.select import idle_patterns, selected

from .builders import plan, spec, version

SPECS = (
    spec("root", labels={"team": "growth", "tier": "gold"}),
    spec("middle", tuned_from="root", labels={"team": "growth"}),
    spec("leaf", tuned_from="middle", labels={"team": "care"}),
    spec("lone"),
)
GONE = ("gone", "old-leaf")
ALL = {"root", "middle", "leaf", "lone", *GONE}


@pytest.mark.parametrize(
    ("reason", "targets", "excludes", "names"),
    [
        ("no pattern means everything", (), (), ALL),
        ("a target alone", ("lone",), (), {"lone"}),
        ("a target brings its ancestors", ("leaf",), (), {"leaf", "middle", "root"}),
        ("and not its descendants", ("root",), (), {"root"}),
        ("an exclude takes its descendants", (), ("root",), {"lone", *GONE}),
        ("and not its ancestors", (), ("leaf",), ALL - {"leaf"}),
        ("an exclude wins", ("leaf",), ("middle",), {"root"}),
        ("globs", ("l*",), (), {"lone", "leaf", "middle", "root"}),
        ("several targets", ("lone", "gone"), (), {"lone", "gone"}),
        ("names that only live objects bear", ("*-leaf",), (), {"old-leaf"}),
        ("labels", ("team=care",), (), {"leaf", "middle", "root"}),
        ("labels with globs", (), ("team=gr*",), {"lone", *GONE}),
        ("a label needs its key", ("tier=*",), (), {"root"}),
        ("case counts", ("LONE",), (), set()),
        ("nothing fits", ("nobody",), (), set()),
    ],
)
def test_selected(reason, targets, excludes, names):
    assert selected(Selection(targets, excludes), SPECS, GONE) == names


def test_patterns_that_fit_nothing_are_told():
    selection = Selection(("leaf", "laef", "team=nobody"), ("gone", "x*"))
    assert idle_patterns(selection, SPECS, GONE) == ("laef", "team=nobody", "x*")


def test_a_selection_leaves_the_rest_out_of_the_plan():
    decided = plan(*SPECS, live=[version(spec("gone"))], selection=Selection(("lone",)))
    assert [each.model for each in decided.changes] == ["lone"]
    assert decided.live_models == 1


def test_an_excluded_child_keeps_its_old_parent_alive():
    """What is left out may still need what it was tuned from."""
    before = (spec("root", "old", keep=0), spec("child", tuned_from="root", keep=0))
    live = (version(before[0]), version(*before))
    after = (spec("root", "new", keep=0), before[1])
    whole, part = (
        plan(*after, live=live),
        plan(*after, live=live, selection=Selection((), ("child",))),
    )
    assert [step.do for step in whole.changes[0].steps][-1] == "delete"
    assert [step.do for step in part.changes[0].steps][-1] == "promote"
