"""One model in full, and its loss curve as a picture."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.live import LossPoint
from tuneform.domain.mark import Verdict
from tuneform.render.canvas import Grid, draw, line
from tuneform.render.chart import chart_lines
from tuneform.render.json_text import json_text
from tuneform.render.look import Look
from tuneform.render.show import ShowView, show_json, show_text

from .gate_values import GATE, SPEC
from .golden import assert_golden
from .laws import LOOKS, assert_fits, assert_safe, law, stripped
from .values import curve, mark, show_view


def test_golden():
    assert_golden("show-60.txt", show_text(show_view(), Look(60)))


def test_the_newest_version_with_a_curve_is_drawn():
    view = show_view()
    (version,) = view.versions
    bare = dataclasses.replace(version, live=dataclasses.replace(version.live, curve=()))
    both = dataclasses.replace(view, versions=(bare, version))
    assert both.drawn == version
    assert dataclasses.replace(view, versions=(bare,)).drawn is None


def test_an_undeclared_model_and_one_without_versions():
    view = dataclasses.replace(show_view(), declared=False, spec=None, desired=None)
    assert show_text(view, Look()).startswith(
        "number-generator: live, but no manifest declares it\n\n1 version\n"
    )
    empty = dataclasses.replace(show_view(), versions=(), advice=())
    assert show_text(empty, Look()).endswith("\n\nNo version is live.")


def gated_view(**words: object) -> ShowView:
    """The same model with a gate, and a version whose mark says more."""
    view = show_view()
    (version,) = view.versions
    live = dataclasses.replace(version.live, mark=mark(view.model, **words))
    return dataclasses.replace(
        view,
        spec=dataclasses.replace(view.spec, gate=SPEC),
        desired=dataclasses.replace(view.desired, gate=GATE),
        versions=(dataclasses.replace(version, live=live),),
    )


def test_a_gate_is_told_on_both_sides():
    text = show_text(gated_view(), Look(200))
    assert (
        "  gate         42 examples, 5 must-pass cases; "
        "exactMatch at least 0.9, at most 0.02 below the serving version\n"
    ) in text
    assert "\n    gate      not evaluated\n" in text
    unread = dataclasses.replace(gated_view(), desired=None)
    assert "  gate         exactMatch at least 0.9, at most 0.02 " in show_text(unread, Look(200))


@pytest.mark.parametrize(
    ("verdict", "gate", "told"),
    [
        (Verdict(True, GATE.short), GATE, "passed, by the present gate"),
        (Verdict(False, "zzzzzzzzzz"), GATE, "failed, by another gate"),
        (Verdict(True, "zzzzzzzzzz"), None, "passed, by gate zzzzzzzzzz"),
    ],
)
def test_whose_verdict_it_is(verdict, gate, told):
    view = gated_view(verdict=verdict)
    view = dataclasses.replace(view, desired=dataclasses.replace(view.desired, gate=gate))
    assert f"\n    gate      {told}\n" in show_text(view, Look(100))


def test_words_of_the_mark():
    words = {"staged": True, "cancelled": True, "pinned": "cccccccccc", "adopted": "x-1"}
    text = show_text(gated_view(serving=True, **words), Look(100))
    assert "\n    staged     for a branch that is not merged\n" in text
    assert "\n    pinned     in place of cccccccccc, which the manifests want\n" in text
    assert "\n    cancelled  it never serves\n" in text
    assert "\n    adopted    its id is its own, x-1\n" in text
    told = show_json(gated_view(verdict=Verdict(True, "gggggggggg"), **words))["versions"][0]
    assert told["words"] == words | {"verdict": {"passed": True, "gate": "gggggggggg"}}


def test_a_gate_for_programs():
    assert show_json(show_view())["gate"] is None
    value = show_json(gated_view())["gate"]
    assert value["digest"] == GATE.digest
    assert value["metrics"] == [
        {"metric": "exactMatch", "label": None, "minimum": 0.9, "max_regression": 0.02}
    ]
    unread = dataclasses.replace(gated_view(), desired=None)
    assert show_json(unread)["gate"]["examples"] is None


@law
@given(LOOKS)
@pytest.mark.parametrize("view", [show_view(), gated_view(pinned="cccccccccc", adopted="x-1")])
def test_laws(view, look):
    text = show_text(view, look)
    assert_safe(text)
    assert_fits(text, look)
    assert stripped(text) == show_text(view, dataclasses.replace(look, colour=False))
    assert text.isascii() or look.unicode


def test_json_never_holds_the_preamble():
    text = json_text(show_json(show_view()))
    assert "Next number" not in text
    assert json.loads(text)["training"]["steps"] == 19


def test_json_of_a_curve_with_holes():
    value = show_json(show_view(curve(math.nan, 1.0, math.inf)))
    assert [point["loss"] for point in value["versions"][0]["curve"]] == [None, 1.0, None]
    assert json_text(value)


ASCII = Look(width=28, unicode=False)


def test_a_falling_curve():
    assert chart_lines(curve(4, 3, 2, 1, 0.5), ASCII) == [
        "    4 +*",
        "      | **",
        "      |   **",
        "      |     **",
        "      |       **",
        " 2.25 +         **",
        "      |           **",
        "      |             **",
        "      |               ***",
        "  0.5 +                  ***",
        "      ++--------------------",
        "epoch  1",
        " step  1                   5",
    ]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ((), "No loss recorded."),
        (curve(math.nan, math.inf), "No loss recorded. 2 steps without a finite loss left out."),
    ],
)
def test_nothing_to_draw(points, said):
    assert chart_lines(points, Look()) == [said]


def test_a_step_without_a_loss_is_left_out_and_said():
    lines = chart_lines(curve(1, math.nan, 0.5), Look())
    assert lines[-1] == "1 step without a finite loss left out."


def test_one_point_and_a_constant_stand_in_the_middle():
    for points in (curve(0.5), curve(0.5, 0.5, 0.5)):
        lines = chart_lines(points, ASCII)
        assert [at for at, each in enumerate(lines[:10]) if "*" in each] == [5]
        assert lines[5].startswith("  0.5 +*")


def test_a_spike_does_not_flatten_the_rest():
    losses = [1 - step / 40 for step in range(40)]
    losses[20] = 1e30
    lines = chart_lines(curve(*losses), Look(60))
    assert lines[-1] == "The picture ends below the peak of 1e+30 at step 21."
    assert lines[0].lstrip().startswith("1 ")


def test_numbers_close_together_are_told_apart():
    lines = chart_lines(curve(1.00001, 1.00002), Look())
    assert lines[0].split()[0] == "1.00002"
    assert lines[9].split()[0] == "1.00001"


def test_the_epoch_that_begins_with_the_last_step_is_not_one():
    points = (*curve(3, 2, 1, per_epoch=1), LossPoint(4, 3, 0.5))
    epochs = next(each for each in chart_lines(points, Look()) if "epoch" in each)
    assert epochs.split() == ["epoch", "1", "2", "3"]


@law
@given(
    st.lists(st.floats(), max_size=40),
    st.integers(1, 9),
    LOOKS,
)
def test_any_curve_can_be_drawn(losses, per_epoch, look):
    lines = chart_lines(curve(*losses, per_epoch=per_epoch), look)
    assert_safe("\n".join(lines))
    assert_fits("\n".join(lines), look)


def test_several_hundred_points_fit():
    look = Look(40)
    lines = chart_lines(curve(*(1 / step for step in range(1, 800)), per_epoch=80), look)
    assert_fits("\n".join(lines), look)
    assert len(lines) == 13
    assert lines[0].startswith("      1 ")


def test_a_line_has_no_gaps():
    dots = list(line([(0, 0), (2, 7), (3, 1)]))
    steps = pairwise(dots)
    assert all(max(abs(a - c), abs(b - d)) <= 1 for (a, b), (c, d) in steps)
    assert list(line([(1, 1)])) == [(1, 1)]
    assert list(line([])) == []


def test_braille_dots():
    assert draw(Grid(1, 1, unicode=True), [(0, 0)]) == ["⠁"]
    assert draw(Grid(1, 1, unicode=True), [(x, y) for x in (0, 1) for y in range(4)]) == ["⣿"]
    assert draw(Grid(2, 1, unicode=True), [(3, 3)]) == [" ⢀"]
    assert draw(Grid(2, 1, unicode=False), [(1, 0)]) == [" *"]
