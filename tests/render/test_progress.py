"""Events as lines of a log, and as bars."""

from __future__ import annotations

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tuneform.clock import SteeredClock
from tuneform.domain.live import LossPoint
from tuneform.domain.plan import Action, Delete, Promote, Watch
from tuneform.domain.report import (
    ChangeEnded,
    Evaluated,
    Noticed,
    Outcome,
    Progressed,
    Status,
    StepBegan,
    StepEnded,
)
from tuneform.render.board import Board, bar
from tuneform.render.look import Look
from tuneform.render.progress import BarProgress, PlainProgress

from .gate_values import evaluate, evaluation, passed
from .laws import FOREIGN, LOOKS, assert_safe, law, stripped
from .values import change, remote, start


def began(model: str) -> StepBegan:
    return StepBegan(model, Action.CREATE, start(model))


def at(model: str, done: int, total: int = 20, loss: float = 0.5) -> Progressed:
    return Progressed(model, done, total, LossPoint(max(done, 1), 0, loss))


def ended(model: str, status: Status = Status.DONE, action: Action = Action.CREATE) -> ChangeEnded:
    return ChangeEnded(Outcome(change(model, action), status, seconds=4.2, loss=0.01))


def logged(*events: object) -> list[str]:
    lines: list[str] = []
    with PlainProgress(lines.append, Look) as tell:
        for event in events:
            tell(event)
    return lines


def test_a_training_in_a_log():
    promote = Promote(remote("m"), (remote("m", "zzzzzzzzzz"),))
    assert logged(
        began("m"),
        StepEnded("m", Action.CREATE, start("m")),
        StepBegan("m", Action.CREATE, Watch(remote("m"))),
        *(at("m", done) for done in (0, 1, 2, 3, 9, 9, 8, 20)),
        StepBegan("m", Action.CREATE, promote),
        StepEnded("m", Action.CREATE, promote),
        ended("m"),
    ) == [
        "m: training starts\n",
        "m: 10 %, step 2 of 20, loss 0.5\n",
        "m: 40 %, step 9 of 20, loss 0.5\n",
        "m: 100 %, step 20 of 20, loss 0.5\n",
        "m: promoted tunedModels/m-abcdefghij instead of tunedModels/m-zzzzzzzzzz\n",
        "m: created, loss 0.01, 4.2 s\n",
    ]


def test_what_many_end_with_is_told_of_the_first_few():
    alike = [
        ChangeEnded(Outcome(change(f"m{at}", Action.CREATE), Status.SKIPPED, "not begun: no disk"))
        for at in range(6)
    ]
    assert logged(*alike)[2:] == [
        "m2: skipped, not begun: no disk\n",
        "m3: skipped\n",
        "m4: skipped\n",
        "m5: skipped\n",
    ]


def test_waiting_notices_and_unknown_totals():
    assert logged(
        StepBegan("m", Action.WAIT, Watch(remote("m"))),
        at("m", 5, total=0),
        Noticed("trying again after \x1b[2J503"),
        Noticed(""),
        ended("kept", Status.UNCHANGED, Action.KEEP),
    ) == ["m: waiting for its training\n", "trying again after \\x1b[2J503\n"]


def test_many_trainings_are_only_begun_and_ended():
    models = [f"m{number}" for number in range(30)]
    delete = StepEnded("m1", Action.REPLACE, Delete(remote("m1")))
    lines = logged(
        *map(began, models), *(at(each, 10) for each in models), delete, *map(ended, models)
    )
    assert len(lines) == 60


def gated(model: str, step: object | None = None) -> tuple[object, ...]:
    step = step or evaluate()
    return (
        StepBegan(model, Action.CREATE, step),
        Evaluated(passed(model=model)),
        StepEnded(model, Action.CREATE, step),
    )


def test_a_gate_in_a_log():
    assert logged(*gated("m"), Evaluated(evaluation(model="n", scores=()))) == [
        "m: evaluating 47 examples\n",
        "m: gate passed: exactMatch 0.9762, 5 of 5 must-pass cases\n",
        "n: gate failed: 2 of 5 must-pass cases failed\n",
    ]


def test_many_gates_are_told_by_the_ends_of_their_models():
    models = [f"m{number}" for number in range(30)]
    trained = [*map(began, models)]
    assert len(logged(*trained, *(each for model in models for each in gated(model)))) == 30
    evaluating = [StepBegan(model, Action.UPDATE, evaluate()) for model in models]
    assert len(logged(*evaluating, *(Evaluated(passed(model=model)) for model in models))) == 30


@law
@given(st.lists(st.integers(0, 500), max_size=200))
def test_a_log_has_at_most_one_line_for_each_tenth(steps):
    assert len(logged(*(at("m", done, 500) for done in steps))) <= 10


def board(*events: object) -> Board:
    made = Board()
    for event in events:
        made.note(event, 0.0)
    return made


def test_rows():
    made = board(
        began("number-generator"),
        at("number-generator", 5),
        began("b"),
        StepBegan("c", Action.DELETE, Delete(remote("c"))),
        began("d"),
        ended("d", Status.FAILED),
        ended("kept", Status.UNCHANGED, Action.KEEP),
        Noticed("x"),
    )
    assert made.lines(Look(80, unicode=False), 61.0, 12) == [
        "number-generator  ######..................       5/20  loss 0.5        1 min 1 s",
        "b                 ........................    0 steps                  1 min 1 s",
        "c                 delete tunedModels/c-abcdefghij",
        "d                 failed  loss 0.01, 4.2 s",
    ]
    assert made.lines(Look(40, unicode=False), 61.0, 12)[0] == (
        "number-gen...  ###...........       5/20"
    )


def test_a_gate_at_work_and_its_verdict_are_rows():
    made = board(began("m"), at("m", 5), StepBegan("m", Action.CREATE, evaluate()))
    assert made.lines(Look(80), 0.0, 12) == ["m  evaluating 47 examples"]
    made.note(Evaluated(evaluation(model="m", scores=())), 0.0)
    assert made.lines(Look(80), 0.0, 12) == ["m  gate failed: 2 of 5 must-pass cases failed"]


def test_hundreds_of_models_are_counted():
    models = [f"m{number}" for number in range(300)]
    made = board(*map(began, models), *map(ended, models[:100]), ended("m100", Status.FAILED))
    lines = made.lines(Look(80), 0.0, 12)
    assert len(lines) == 12
    assert lines[0].startswith("m101 ")
    assert lines[-1] == "and 289 more: 188 under way, 100 created, 1 failed"


EVENTS = st.one_of(
    FOREIGN.map(began),
    st.builds(at, FOREIGN, st.integers(0, 10**6), st.integers(0, 10**6), st.floats()),
    st.builds(ended, FOREIGN, st.sampled_from(Status), st.sampled_from(Action)),
    st.builds(StepBegan, FOREIGN, st.just(Action.DELETE), st.builds(Delete, FOREIGN)),
    st.builds(StepBegan, FOREIGN, st.just(Action.CREATE), st.just(evaluate())),
    FOREIGN.map(lambda model: Evaluated(evaluation(model=model))),
)


@law
@given(st.lists(EVENTS, max_size=8), LOOKS, st.integers(1, 5))
def test_no_row_is_wider_than_the_terminal(events, look, most):
    made = board(*events)
    lines = made.lines(look, 7.0, most)
    assert len(lines) <= most
    for line in lines:
        assert_safe(line)
        assert cell_len(stripped(line)) <= look.width
    assert [stripped(line) for line in lines] == made.lines(
        dataclasses.replace(look, colour=False), 7.0, most
    )


@pytest.mark.parametrize(
    ("share", "shown"), [(-1, "...."), (0, "...."), (0.5, "##.."), (0.99, "###."), (2, "####")]
)
def test_bar(share, shown):
    assert bar(share, 4, Look(unicode=False)) == shown


def test_bars_are_drawn_and_gone():
    stream, clock = io.StringIO(), SteeredClock()
    with BarProgress(stream, lambda: Look(60, unicode=False), clock) as tell:
        tell(began("m"))
        clock.sleep(5)
        tell(at("m", 10))
        tell(Noticed("[red]trying again\x1b[2J"))
    text = stripped(stream.getvalue())
    assert "m  #" in text
    assert "10/20" in text
    assert "[red]trying again\\x1b[2J" in text
    assert "\x1b[2J" not in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")


def test_what_is_secret_may_be_learnt_after_a_run_began():
    """A command that listens before it has read the project: it waits, imports, cancels."""
    looks, lines, stream = [Look(60)], [], io.StringIO()
    with (
        PlainProgress(lines.append, lambda: looks[-1]) as plain,
        BarProgress(stream, lambda: looks[-1], SteeredClock()) as bars,
    ):
        looks.append(Look(60, secrets=("abc",)))
        for tell in (plain, bars):
            tell(Noticed("is abc right"))
    for told in ("".join(lines), stripped(stream.getvalue())):
        assert "is (sensitive) right" in told
