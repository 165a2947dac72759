"""What a plan says about gates, costs, data, rollbacks and branches."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.cost import Cost, Range
from tuneform.domain.data_change import DataChange, Sample
from tuneform.domain.gate import Gate
from tuneform.domain.plan import Action, Change, Evaluate, Plan, Promote, Reason, ReasonCode
from tuneform.domain.spec import GateSpec, Metric
from tuneform.render.cost import amount_words, cost_words, total_words
from tuneform.render.data_change import data_words
from tuneform.render.look import Look
from tuneform.render.plan import plan_text
from tuneform.render.steps import step_done, step_words
from tuneform.render.thresholds import gate_words, needs

from .gate_values import (
    COST,
    DATA,
    EXACT,
    GATE,
    NEW,
    OLD,
    UNPRICED,
    evaluate,
    gated_change,
    gated_plan,
    rolled_back,
    unpriced_change,
)
from .golden import assert_golden
from .laws import FOREIGN, LOOKS, assert_fits, assert_safe, law, stripped
from .values import BASE, OWNER, change, remote, start


def one(of: Change, **more: object) -> Plan:
    return Plan(OWNER, "gemini", (of,), **more)


def lines(plan: Plan, look: Look | None = None) -> list[str]:
    return plan_text(plan, look or Look(200)).split("\n")


def test_golden():
    assert_golden("plan-gates-80.txt", plan_text(gated_plan(), Look(80)))
    assert_golden("plan-gates-40-ascii.txt", plan_text(gated_plan(), Look(40, unicode=False)))


def gate(*metrics: Metric, examples: int = 42, must_pass: int = 0, repeats: int = 1) -> Gate:
    spec = GateSpec(None, metrics, repeats=repeats)
    return dataclasses.replace(GATE, spec=spec, examples=examples, must_pass=must_pass)


@pytest.mark.parametrize(
    ("value", "compared", "words"),
    [
        (
            GATE,
            True,
            (
                "42 examples, 5 must-pass cases; "
                "exactMatch at least 0.9, at most 0.02 below the serving version"
            ),
        ),
        (GATE, False, "42 examples, 5 must-pass cases; exactMatch at least 0.9"),
        (
            gate(Metric("charF1", max_regression=0.1), examples=1),
            False,
            "1 example; charF1 with no serving version to compare with",
        ),
        (gate(Metric("charF1")), True, "42 examples; charF1 without a threshold"),
        (gate(examples=0, must_pass=1), True, "1 must-pass case"),
        (
            gate(Metric("recall", "billing", 0.5), Metric("charF1", minimum=1), repeats=3),
            True,
            "42 examples, each asked 3 times; recall of billing at least 0.5; charF1 at least 1",
        ),
    ],
)
def test_gates_in_words(value, compared, words):
    assert gate_words(value, compared=compared) == words


def test_what_a_metric_needs():
    assert needs(EXACT) == "at least 0.9, at most 0.02 lower"
    assert needs(Metric("charF1")) == ""


def test_an_evaluation_stands_between_training_and_promotion():
    shown = plan_text(one(gated_change()), Look(200))
    places = [shown.index(f"\n      {each} ") for each in ("data:", "train:", "gate:", "then:")]
    assert places == sorted(places)
    assert shown.index("\n      cost:  about ") > places[-1]


def test_a_first_version_is_compared_with_none():
    first = change("m", Action.CREATE, steps=(evaluate(),), remote=NEW)
    words = "      gate:  42 examples, 5 must-pass cases; exactMatch at least 0.9"
    assert words in lines(one(first))


def test_another_version_that_is_evaluated_is_named():
    held = change("m", Action.UPDATE, steps=(evaluate(),))
    assert f"      gate:  {NEW}: 42 examples, " in plan_text(one(held), Look(200))


def test_a_rollback_names_both_versions():
    (step,) = rolled_back().steps
    names = f"{remote('tagger', 'zzzzzzzzzz')} instead of {remote('tagger')}"
    assert f"      will:  roll back to {names}" in lines(one(rolled_back()))
    assert step_done(step) == f"rolled back to {names}"
    assert step_words(step, step.remote) == ("roll back to", names)
    assert step_done(Promote(NEW, (OLD,))) == f"promoted {NEW} instead of {OLD}"
    assert step_done(evaluate()) == f"evaluated {NEW}"


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (("0.12", "0.09", "0.16"), "about 0.12 USD (0.09 to 0.16)"),
        (("1234.5", "1000", "2000"), "about 1,234.50 USD (1,000.00 to 2,000.00)"),
        (("0.0123", "0.0091", "0.016"), "about 0.012 USD (0.009 to 0.016)"),
        (("5", "5", "5"), "about 5.00 USD"),
        (("5", None, None), "about 5.00 USD"),
        (("0", "0", "0"), "free"),
        (("0", "0", "2"), "about 0.00 USD (0.00 to 2.00)"),
        (("0.5", "0.001", "1"), "about 0.50 USD (less than 0.01 to 1.00)"),
        (("1E-9", "0", "1E-8"), None),
    ],
)
def test_amounts(amounts, words):
    likely, least, most = (None if each is None else Decimal(each) for each in amounts)
    told = amount_words(likely, least, most, "USD")
    assert told == (words or "about less than 0.000001 USD (0.000000 to less than 0.000001)")


def test_costs():
    assert cost_words(COST, gated_change()) == (
        "about 0.12 USD (0.09 to 0.16), 15,000 training tokens estimated; price of 2026-11-01"
    )
    free = dataclasses.replace(COST, likely=Decimal(), least=Decimal(), most=Decimal(), as_of=None)
    assert cost_words(free, gated_change()) == "free, 15,000 training tokens estimated"


@pytest.mark.parametrize(
    ("steps", "base"),
    [
        ((start("m"),), BASE),
        ((start("m", "parent"),), "the base of parent"),
        ((), "its base"),
    ],
)
def test_an_unknown_price_says_so(steps, base):
    assert cost_words(UNPRICED, change("m", steps=steps)) == (
        f"unknown: no price is known for {base}; 15,000 training tokens estimated"
    )


@pytest.mark.parametrize(
    ("priced", "unpriced", "words"),
    [
        (0, 0, ""),
        (3, 0, "Estimated cost of 3 trainings: about 0.36 USD (0.27 to 0.48)."),
        (
            1,
            1,
            (
                "Estimated cost of 1 training: about 0.12 USD (0.09 to 0.16); "
                "1 more has no known price."
            ),
        ),
        (
            1,
            2,
            (
                "Estimated cost of 1 training: about 0.12 USD (0.09 to 0.16); "
                "2 more have no known price."
            ),
        ),
        (0, 2, "Estimated cost of 2 trainings: unknown: no price is known."),
    ],
)
def test_the_sum_stands_above_the_last_line(priced, unpriced, words):
    changes = (*[gated_change(data=None)] * priced, *[unpriced_change()] * unpriced)
    plan = Plan(OWNER, "gemini", (*changes, rolled_back()))
    assert total_words(plan.total) == words
    assert lines(plan)[-2] == words
    assert lines(plan)[-1].startswith("Plan: ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            DATA,
            (
                "12 examples added, 3 removed, 4 changed, 230 unchanged; +1,204 characters, "
                "about +301 tokens (compared with git commit abc1234)"
            ),
        ),
        (
            DataChange(0, 1, 0, 2, -1, "ledger"),
            ("1 example removed, 2 unchanged; -1 character (compared with digests in the ledger)"),
        ),
        (
            DataChange(0, 0, 0, 2, 0, "git"),
            "no example differs, 2 unchanged; +0 characters (compared with git)",
        ),
    ],
)
def test_data_changes_in_words(data, words):
    assert data_words(data) == words


def samples(data: DataChange, look: Look | None = None) -> list[str]:
    shown = lines(one(gated_change(data=data)), look)
    first = next(at for at, line in enumerate(shown) if "data:" in line)
    last = next(at for at, line in enumerate(shown) if "train:" in line)
    return shown[first + 1 : last]


def test_samples():
    assert samples(DATA, Look(320)) == [
        '        + "Next number: seven" -> "eight"',
        r'        - "Next number: 7\n\x1b[2J" -> "\"8\""',
        f'        ~ "Next number: two": "{"two " * 30}three" -> "{"two " * 30}four"',
        "        16 more not shown",
    ]


def test_what_is_not_shown_is_counted_only_where_samples_are():
    assert samples(dataclasses.replace(DATA, samples=())) == []
    whole = DataChange(1, 0, 0, 0, 1, "git", None, DATA.samples[:1])
    assert samples(whole) == ['        + "Next number: seven" -> "eight"']


@pytest.mark.parametrize(
    ("width", "before", "after"),
    [(40, "three", "four"), (60, "thr…", "fo…"), (80, "three", "four"), (100, "three", "four")],
)
def test_a_cut_sample_still_shows_what_differs(width, before, after):
    shown = samples(DATA, Look(width))
    text = "\n".join(shown)
    assert f'"…two two {before}"' in text
    assert f'-> "…two two {after}"' in text
    assert all(len(line) <= width for line in shown)


def test_a_short_text_leaves_its_room_to_the_others():
    sample = Sample("added", "a", None, "b" * 500)
    shown = samples(DataChange(1, 0, 0, 0, 1, "git", None, (sample,)), Look(100))
    assert shown == [f'        + "a" -> "{"b" * 80}…"']


def test_a_secret_does_not_survive_the_cut():
    sample = Sample("added", "one secret words " * 9, None, "secret words")
    data = DataChange(1, 0, 0, 0, 1, "git", None, (sample,))
    for width in range(30, 90):
        text = plan_text(one(gated_change(data=data)), Look(width, secrets=("secret words",)))
        assert "secret" not in text


def staged(model: str) -> Change:
    steps = tuple(step for step in gated_change().steps if not isinstance(step, Promote))
    return change(model, Action.CREATE, ReasonCode.NEW, "New.", steps)


def test_a_staging_plan_says_that_nothing_that_serves_is_touched():
    left = (
        change("a", code=ReasonCode.STAGED),
        change("b", code=ReasonCode.STAGED),
        change("c", code=ReasonCode.NOT_STAGED),
    )
    shown = lines(Plan(OWNER, "gemini", (staged("m"), *left), staging=True))
    assert shown[:3] == [
        "Plan to stage for demo/prod on gemini",
        "  Trains and evaluates only: nothing that serves is touched.",
        "  +   create: train beside what serves",
    ]
    assert shown[-3:] == [
        "2 models are trained already; a merge lets what is trained serve.",
        "1 model is not declared; staging deletes nothing.",
        "Plan: 1 to create, 0 to replace, 0 to update, 0 to delete.",
    ]


def test_a_branch_that_is_staged_is_not_what_is_live():
    plan = Plan(OWNER, "gemini", (change("a", code=ReasonCode.STAGED),), staging=True)
    assert lines(plan) == [
        "1 model is trained already; a merge lets what is trained serve.",
        "",
        "No changes. Nothing is left to stage.",
    ]
    merged = Plan(OWNER, "gemini", (rolled_back(), *plan.changes))
    assert "trained already" not in plan_text(merged, Look())
    assert lines(Plan(OWNER, "x", staging=True)) == ["No changes. Nothing is left to stage."]


COUNT = st.integers(0, 10**9)
AMOUNT = st.none() | st.decimals(0, 10**9, allow_nan=False)
COSTS = st.builds(Cost, st.builds(Range, COUNT, COUNT, COUNT), AMOUNT, AMOUNT, AMOUNT, FOREIGN)
SAMPLES = st.builds(
    Sample,
    st.sampled_from(["added", "removed", "changed"]),
    FOREIGN,
    st.none() | FOREIGN,
    st.none() | FOREIGN,
)
DATAS = st.builds(
    DataChange,
    COUNT,
    COUNT,
    COUNT,
    COUNT,
    st.integers(-(10**9), 10**9),
    st.sampled_from(["git", "ledger"]),
    st.none() | FOREIGN,
    st.lists(SAMPLES, max_size=3).map(tuple),
)
SHARE = st.none() | st.floats(0, 1)
METRICS = st.builds(Metric, FOREIGN, st.none() | FOREIGN, SHARE, SHARE)
GATES = st.builds(gate, METRICS, METRICS, examples=COUNT, must_pass=COUNT, repeats=COUNT)
CHANGES = st.builds(
    Change,
    model=FOREIGN,
    action=st.sampled_from(Action),
    reason=st.builds(Reason, st.sampled_from(ReasonCode), FOREIGN),
    remote=st.none() | FOREIGN,
    steps=st.tuples(
        st.builds(Evaluate, st.none() | FOREIGN, GATES, st.none() | FOREIGN),
        st.builds(Promote, FOREIGN, st.lists(FOREIGN, max_size=1).map(tuple), st.none() | FOREIGN),
    ),
    cost=st.none() | COSTS,
    data=st.none() | DATAS,
)


@law
@given(st.lists(CHANGES, max_size=2).map(tuple), st.booleans(), LOOKS)
def test_laws(changes, staging, look):
    plan = Plan(OWNER, "gemini", changes, staging=staging)
    text = plan_text(plan, look)
    assert_safe(text)
    assert stripped(text) == plan_text(plan, dataclasses.replace(look, colour=False))
    assert text.isascii() or look.unicode
    assert text.split("\n")[-1].startswith(("Plan: ", "No changes. "))


@law
@given(LOOKS, st.booleans())
def test_width(look, staging):
    text = plan_text(dataclasses.replace(gated_plan(), staging=staging), look)
    assert_fits(text, look, but=(text.split("\n")[-1],))
