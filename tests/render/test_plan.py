"""A plan as people and programs see it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.plan import (
    Action,
    Change,
    Delete,
    Evaluate,
    FieldDelta,
    Plan,
    Promote,
    Reason,
    ReasonCode,
)
from tuneform.domain.spec import DatasetRef, GateSpec
from tuneform.render.json_text import json_text
from tuneform.render.look import Look
from tuneform.render.markdown_plan import plan_markdown
from tuneform.render.plan import plan_json, plan_text
from tuneform.render.signs import SIGN_WIDTH, sign_of

from . import gate_values
from .golden import assert_golden
from .laws import FOREIGN, LOOKS, assert_fits, assert_safe, law, stripped
from .values import (
    DIAGNOSTICS,
    OWNER,
    change,
    every_change,
    every_plan,
    kept_plan,
    live,
    small_plan,
)


def test_golden():
    assert_golden("plan-80.txt", plan_text(every_plan(), Look(80), diagnostics=DIAGNOSTICS[1:]))
    assert_golden("plan-40-ascii.txt", plan_text(small_plan(), Look(40, unicode=False)))
    assert_golden("plan.json", json_text(plan_json(small_plan())))


def test_nothing_to_do_is_one_line():
    assert plan_text(kept_plan(), Look()) == "No changes. Live models match the manifests."
    assert plan_text(kept_plan(0), Look()) == "No changes. Live models match the manifests."


def test_warnings_come_first():
    text = plan_text(kept_plan(), Look(), diagnostics=DIAGNOSTICS[1:])
    assert text.startswith("warning: few examples\n")
    assert text.endswith("\n\n1 warning.\n\nNo changes. Live models match the manifests.")


@pytest.mark.parametrize(
    ("actions", "last"),
    [
        ([Action.CREATE], "Plan: 1 to create, 0 to replace, 0 to update, 0 to delete."),
        (
            [Action.HOLD, Action.KEEP],
            "Plan: 0 to create, 0 to replace, 0 to update, 0 to delete, 1 held.",
        ),
        (
            [Action.RELEASE, Action.WAIT, Action.WAIT],
            "Plan: 0 to create, 0 to replace, 0 to update, 0 to delete, 1 to release, 2 training.",
        ),
        (
            list(Action),
            (
                "Plan: 1 to create, 1 to replace, 1 to update, 1 to delete, 1 to promote, "
                "1 to release, 1 held, 1 training."
            ),
        ),
    ],
)
def test_last_line(actions, last):
    plan = Plan(OWNER, "embedded", tuple(change(f"m{at}", each) for at, each in enumerate(actions)))
    for width in (20, 80):
        assert plan_text(plan, Look(width)).split("\n")[-1] == last


def test_every_action_has_its_sign_of_the_contract():
    signs = "".join(f"{sign_of(action).sign} " for action in Action)
    assert signs == "+ +/- … ^ ~ - . !  "
    assert all(len(sign_of(action).sign) <= SIGN_WIDTH for action in Action)


def test_the_legend_has_only_what_occurs_and_keeps_are_not_shown():
    text = plan_text(small_plan(), Look())
    assert "held:" not in text
    assert "ticket-routing" not in plan_text(every_plan(), Look())


def test_what_is_deleted_is_said_again_without_colour():
    lines = plan_text(every_plan(), Look()).split("\n")
    assert lines[-2] == "Deletes 3 objects for good. Cancels 1 training."


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (None, 0.7, "f: (not set) -> 0.7"),
        ("5", 5, 'f: "5" -> 5'),
        ("", None, 'f: "" -> (not set)'),
        ('a "b"', "\x1b[2J", r'f: "a \"b\"" -> "\x1b[2J"'),
        (1e-05, 1.0, "f: 1e-05 -> 1.0"),
        (None, True, "f: (not set) -> true"),
    ],
)
def test_values_of_fields(before, after, shown):
    delta = FieldDelta("f", before, after, "in-place")
    plan = Plan(OWNER, "embedded", (change("m", Action.UPDATE, deltas=(delta,)),))
    assert f"      {shown}\n" in plan_text(plan, Look())


def test_what_holds_from_the_next_version_on_is_told_though_nothing_is_done():
    delta = FieldDelta("spec.vertex.serviceAccount", "a@x", None, "next-version")
    plan = Plan(OWNER, "x", (change("quiet"), change("told", deltas=(delta,))))
    text = plan_text(plan, Look(120))
    assert text.startswith(f"Plan for {OWNER} on x\n\n      told")
    assert "quiet" not in text
    assert 'spec.vertex.serviceAccount: "a@x" -> (not set)  # holds from the next version' in text
    assert text.endswith("\n\nNo changes. Live models match the manifests.")
    page = plan_markdown(plan)
    assert "| `(not set)` | holds from the next version on |" in page
    assert "**told**" in page.replace("<b>", "**").replace("</b>", "**")


def test_fields_are_aligned_where_there_is_room():
    text = plan_text(small_plan().__class__(OWNER, "x", every_change()[3:4]), Look(120))
    arrows = [line for line in text.split("\n") if " -> " in line]
    assert (
        len({line.index(each) for line, each in zip(arrows, ('"kq', "4 ->", "(not"), strict=True)})
        == 1
    )
    assert [line.endswith("# forces a new training") for line in arrows] == [True, True, False]


def test_secrets_do_not_survive_line_breaks():
    plan = Plan(OWNER, "x", (change("m", Action.HOLD, message="one two secret words here"),))
    text = plan_text(plan, Look(20, secrets=("secret words",)))
    assert "secret" not in text
    assert "(sensitive)" in text


DELTA = st.builds(
    FieldDelta,
    FOREIGN,
    st.none() | FOREIGN | st.integers() | st.floats(),
    st.none() | FOREIGN,
    st.sampled_from(["retrain", "in-place"]),
)
CHANGE = st.builds(
    Change,
    model=FOREIGN,
    action=st.sampled_from(Action),
    reason=st.builds(Reason, st.sampled_from(ReasonCode), FOREIGN),
    remote=st.none() | FOREIGN,
    steps=st.just(()) | st.tuples(st.builds(Delete, FOREIGN)),
    deltas=st.lists(DELTA, max_size=2).map(tuple),
    notes=st.lists(FOREIGN, max_size=2).map(tuple),
)
PLAN = st.lists(CHANGE, max_size=3).map(lambda changes: Plan(OWNER, "gemini", tuple(changes)))


@law
@given(PLAN, LOOKS)
def test_laws(plan, look):
    text = plan_text(plan, look)
    assert_safe(text)
    assert stripped(text) == plan_text(plan, dataclasses.replace(look, colour=False))
    assert text.isascii() or look.unicode
    assert text.split("\n")[-1].startswith(("Plan: ", "No changes. "))


@law
@given(LOOKS)
def test_width(look):
    text = plan_text(every_plan(), look)
    assert_fits(text, look, but=(text.split("\n")[-1],))


@law
@given(PLAN)
def test_json_of_any_plan_can_be_printed(plan):
    value = plan_json(plan)
    assert json.loads(json_text(value))["summary"] == value["summary"]
    assert set(value["summary"]) == {action.value for action in Action}
    assert sum(value["summary"].values()) == len(value["changes"])


def test_json_holds_plain_values_and_no_example_text():
    value = plan_json(every_plan())
    assert type(value["changes"][0]["action"]) is str
    assert type(value["changes"][0]["reason"]["code"]) is str
    assert [type(key) for key in value["summary"]] == [str] * len(Action)
    assert "Next number" not in json_text(value)


def test_training_is_null_where_there_is_none():
    changes = {each["model"]: each for each in plan_json(every_plan())["changes"]}
    assert changes["tagger"]["training"] is None
    assert changes["alert-team"]["training"] == {
        "examples": 15,
        "characters": 173,
        "epochs": 5,
        "steps": 19,
    }


def test_json_reads_back_the_same():
    value = plan_json(every_plan())
    assert json.loads(json_text(value)) == value


def test_every_step_names_itself():
    steps = [step for each in plan_json(every_plan())["changes"] for step in each["steps"]]
    assert {step["do"] for step in steps} == {
        *("start", "watch", "patch", "mark", "promote", "cancel", "delete", "release"),
    }
    assert all("remote" in step for step in steps)


def json_of(**more):
    """The JSON of a plan's only change, with more to it."""
    plan = Plan(OWNER, "x", (change("m", **more),))
    return plan_json(plan, samples=True)["changes"][0]


def test_a_gate_is_told_in_full():
    (step,) = json_of(steps=(gate_values.evaluate(against=gate_values.OLD),))["steps"]
    assert step == {
        "do": "evaluate",
        "remote": gate_values.NEW,
        "gate": {
            "digest": gate_values.DIGEST,
            "short": "gggggggggg",
            "data": [gate_values.DIGEST, gate_values.DIGEST],
            "examples": 42,
            "must_pass": 5,
            "definition": {
                "dataset": "datasets/held-out.jsonl",
                "holdout": None,
                "metrics": [
                    {
                        "name": "exactMatch",
                        "label": None,
                        "min": 0.9,
                        "maxRegression": 0.02,
                        "pattern": None,
                        "fields": [],
                        "options": "{}",
                    }
                ],
                "mustPass": "datasets/golden.jsonl",
                "measure": "exactMatch",
                "repeats": 1,
            },
        },
        "against": gate_values.OLD,
    }


def test_a_gate_of_held_out_examples_tells_their_share():
    share = DatasetRef("datasets/all.jsonl", "jsonl", holdout=0.1, held_out=True)
    gate = dataclasses.replace(gate_values.GATE, spec=GateSpec(share, ()))
    (step,) = json_of(steps=(Evaluate(None, gate),))["steps"]
    definition = step["gate"]["definition"]
    assert (definition["dataset"], definition["holdout"]) == ("datasets/all.jsonl", 0.1)
    assert definition["mustPass"] is None


def test_costs_are_decimal_text_and_null_where_unknown():
    cost = json_of(cost=dataclasses.replace(gate_values.COST, likely=Decimal("1E+2")))["cost"]
    assert cost == {
        "tokens": {"least": 11_000, "likely": 15_000, "most": 20_000},
        "currency": "USD",
        "least": "0.09",
        "likely": "100",
        "most": "0.16",
        "as_of": "2026-11-01",
    }
    unpriced = json_of(cost=gate_values.UNPRICED)["cost"]
    assert unpriced.pop("tokens") == cost["tokens"]
    assert set(unpriced.values()) == {None}
    assert json_of()["cost"] is None


@pytest.mark.parametrize(
    ("costs", "total"),
    [
        ((), (0, 0, None, "0")),
        ((gate_values.UNPRICED,), (1, 1, None, None)),
        ((gate_values.COST, gate_values.UNPRICED), (2, 1, "USD", "0.12")),
        ((gate_values.COST, gate_values.COST), (2, 0, "USD", "0.24")),
    ],
)
def test_a_sum_without_any_price_is_unknown(costs, total):
    changes = tuple(change(f"m{at}", cost=cost) for at, cost in enumerate(costs))
    found = plan_json(Plan(OWNER, "x", changes))["total_cost"]
    keys = ("trainings", "unknown", "currency", "likely")
    assert tuple(found[key] for key in keys) == total


def test_examples_are_told_only_where_they_are_asked_for():
    plan = Plan(OWNER, "x", (change("m", data=gate_values.DATA),))
    (shown,), (kept,) = (
        [each["data_change"] for each in plan_json(plan, samples=samples)["changes"]]
        for samples in (True, False)
    )
    assert shown["samples"][0] == {
        "kind": "added",
        "input": "Next number: seven",
        "before": None,
        "after": "eight",
    }
    assert kept == {**shown, "samples": []}
    assert plan_json(plan) == plan_json(plan, samples=False)
    assert json_of()["data_change"] is None


def test_live_objects_are_told_with_digests_of_their_texts():
    seen = live("m", display_name="A title", description="é", temperature=math.nan, top_k=40)
    assert json_of(versions=(seen,))["versions"] == [
        {
            "remote": "tunedModels/m-abcdefghij",
            "state": "active",
            "mark": str(seen.mark),
            "created": None,
            "base": None,
            "source": None,
            "temperature": None,
            "top_p": None,
            "top_k": 40,
            "texts": {
                "display_name": hashlib.sha256(b"A title").hexdigest(),
                "description": hashlib.sha256("é".encode()).hexdigest(),
            },
        }
    ]


def test_what_the_plan_is_of_is_told():
    told = plan_json(dataclasses.replace(every_plan(), staging=True))
    assert (told["staging"], told["live_models"]) == (True, 8)
    (rolled_back,) = json_of(steps=(Promote("r", ("s",), pinned="aaaaaaaaaa"),))["steps"]
    assert rolled_back == {
        "do": "promote",
        "remote": "r",
        "clears": ["s"],
        "pinned": "aaaaaaaaaa",
    }
    assert json_of(parent="above")["parent"] == "above"


def test_a_plan_is_drawn_without_rich():
    code = (
        "import sys; import tuneform.render.plan, tuneform.render.report, tuneform.render.show;"
        "sys.exit(any(name.split('.')[0] == 'rich' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
