"""Markdown for GitHub: what it says, what it never does, and how long it gets."""

from __future__ import annotations

import dataclasses
import html
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuneform.domain.cost import Cost, Range
from tuneform.domain.data_change import DataChange, Sample
from tuneform.domain.diagnostic import Diagnostic, Place, Severity
from tuneform.domain.gate import Case, Gate, Score
from tuneform.domain.names import Owner
from tuneform.domain.plan import Action, Evaluate, FieldDelta, Plan, Reason, ReasonCode
from tuneform.domain.report import Report, Status
from tuneform.domain.spec import GateSpec, Metric
from tuneform.domain.status import GateAnswer
from tuneform.render.look import Look
from tuneform.render.markdown import (
    diagnostics_markdown,
    evaluation_markdown,
    gate_markdown,
    marker,
    plan_markdown,
    report_markdown,
)
from tuneform.render.markdown_page import LEAST, LIMIT, Page, row, table_head
from tuneform.render.markdown_text import Escaper
from tuneform.render.plan import plan_text
from tuneform.render.report import report_text
from tuneform.render.sentences import closing_sentence, losses_sentence, plan_sentence

from .answers import ANSWERS, EVALUATION
from .gfm import GAP, HOSTILE, as_read, assert_inert, read, squeezed, text_nodes, tokens
from .golden import assert_golden
from .laws import assert_safe, law
from .values import (
    DIAGNOSTICS,
    OWNER,
    change,
    every_change,
    every_plan,
    every_report,
    kept_plan,
    remote,
    start,
)

GATE = Gate(
    GateSpec(None, (Metric("exactMatch", minimum=0.9, max_regression=0.02),)),
    digest="0" * 64,
    short="gggggggggg",
    data=(),
    examples=42,
    must_pass=12,
)
COST = Cost(Range(10, 20, 30), Decimal("1.2"), Decimal("0.9"), Decimal("1.6"), "USD")
DATA = DataChange(
    added=1,
    removed=1,
    changed=1,
    unchanged=12,
    characters=9,
    source="git",
    commit="abcdef0123",
    samples=(
        Sample("added", "Next number: 7", None, "8"),
        Sample("removed", "Next number: ```", "9", None),
        Sample("changed", "Next number: 9", "11", "10"),
    ),
)


def full_plan() -> Plan:
    """A plan in which a change says everything that one can say."""
    first, *rest = every_change()
    said = dataclasses.replace(
        first,
        cost=COST,
        data=DATA,
        steps=(*first.steps[:2], Evaluate(first.remote, GATE, remote("old")), *first.steps[2:]),
    )
    return Plan(OWNER, "gemini", (said, *rest), live_models=8)


def test_golden():
    assert_golden("plan.md", plan_markdown(full_plan(), diagnostics=DIAGNOSTICS[1:]))
    assert_golden("report.md", report_markdown(every_report()))
    assert_golden("evaluation.md", evaluation_markdown(EVALUATION))
    assert_golden("gate.md", gate_markdown(ANSWERS))
    assert_golden("diagnostics.md", diagnostics_markdown(DIAGNOSTICS))


def test_our_own_documents_are_inert():
    assert_inert(plan_markdown(full_plan(), diagnostics=DIAGNOSTICS))
    assert_inert(report_markdown(every_report()))
    assert_inert(evaluation_markdown(EVALUATION))
    assert_inert(gate_markdown(ANSWERS))
    assert_inert(diagnostics_markdown(DIAGNOSTICS))


def test_the_summary_says_what_the_text_says():
    wide = Look(10_000)
    staged = (
        change("a", Action.CREATE, ReasonCode.NEW, steps=(start("a"),), cost=COST),
        change("b", Action.KEEP, ReasonCode.STAGED),
        change("c", Action.KEEP, ReasonCode.NOT_STAGED),
    )
    plans = [
        full_plan(),
        kept_plan(),
        Plan(OWNER, "gemini", staged, staging=True),
        Plan(OWNER, "gemini", staged[1:], staging=True),
    ]
    for plan in plans:
        head = read(plan_markdown(plan).split("\n|")[0])
        *_, closing = plan_text(plan, wide).split("\n\n")
        for line in closing.split("\n"):
            assert squeezed(line) in head
        assert plan_text(plan, wide).endswith(plan_sentence(plan))
        assert losses_sentence(plan) in plan_text(plan, wide)
    report = every_report()
    for each in (report, Report(OWNER, "gemini")):
        assert closing_sentence(each) in report_text(each, wide).split("\n")


def test_a_comment_is_found_again_by_its_first_line():
    text = plan_markdown(every_plan())
    assert text.split("\n")[0] == "<!-- tuneform:plan demo/prod -->" == marker("plan", OWNER)
    assert report_markdown(every_report()).startswith("<!-- tuneform:report demo/prod -->\n")
    odd = Owner("a --> <b>\n", "@x")
    assert marker("plan", odd) == "<!-- tuneform:plan a_--___b__n/_x -->"
    assert "key" not in marker("plan", Owner("key"), ["key"])


def test_what_must_not_be_missed_comes_first_and_unfolded():
    text = plan_markdown(every_plan())
    rows = [line.split("|")[2].strip() for line in text.split("\n") if line.startswith("| `")]
    assert rows[:3] == ["`severity`", "`old-faq`", "`alert-team`"]
    assert "ticket-routing" not in text
    opened = [line for line in text.split("\n") if line.startswith("<details")]
    assert opened == ["<details open>"] * 2 + ["<details>"] * 6


def test_nothing_to_do_is_short():
    assert plan_markdown(kept_plan()).split("\n\n")[1:] == [
        "## Plan for `demo/prod` on `embedded`",
        "No changes. Live models match the manifests.",
    ]


def test_a_title_of_its_own():
    assert "\n## Nightly \\*drift\\*\n" in plan_markdown(kept_plan(), title="Nightly *drift*")


def test_samples_are_left_out_where_they_are_private():
    shown, private = plan_markdown(full_plan()), plan_markdown(full_plan(), samples=False)
    assert "Next number" in shown
    assert "Next number" not in private
    assert "12 unchanged" in private
    assert "In: x" in evaluation_markdown(EVALUATION)
    assert "In: x" not in evaluation_markdown(EVALUATION, samples=False)


def test_secrets_are_redacted_before_anything_is_cut_or_escaped():
    secret = "s3*cret|" * 5
    for lead in (0, 90, 95, 235, 1_990):
        foreign = "x" * lead + secret
        for text in _documents(foreign, secrets=(secret,)):
            assert "s3" not in text
    for text in _documents("x", secrets=("x",)):
        assert "(sensitive)" in read(text)


@law
@given(HOSTILE)
def test_foreign_text_is_only_text(foreign):
    escaper = Escaper()
    for document in (
        escaper.text(foreign),
        f"a {escaper.text(foreign)} b",
        f"- {escaper.text(foreign)}",
        f"## {escaper.text(foreign)}",
        f"{escaper.text(foreign)}\n{escaper.text(foreign)}",
        f"**x:** {escaper.code(foreign)} and {escaper.code(foreign)}",
        escaper.fence([escaper.plain(foreign), "x"]),
    ):
        assert_inert(document)
        assert as_read(foreign) in read(document)
    assert not [each for each in tokens(escaper.text(foreign)) if each.type == "bullet_list_open"]


@law
@given(HOSTILE, HOSTILE)
def test_cells_stay_cells(one, two):
    escaper = Escaper()
    head = table_head("A", "B")
    text = "\n".join((*head, row(escaper.text(one), escaper.code(two)), row("c", "d")))
    assert_inert(text)
    cells = [each for each in tokens(text) if each.type == "td_open"]
    assert len(cells) == 4
    assert as_read(one) + as_read(two) + "cd" in read(text)


@law
@given(HOSTILE)
def test_a_line_of_html_stays_one(foreign):
    shown = Escaper().html(foreign)
    assert "\n" not in shown
    without = shown.replace("<span>$</span>", "$")
    assert not set(without) & {"<", ">"}
    assert as_read(html.unescape(without)) == as_read(foreign) or GAP in html.unescape(without)
    assert squeezed(html.unescape(without)) == as_read(foreign)


@settings(law, max_examples=30)
@given(HOSTILE)
def test_whole_documents_are_inert_whatever_is_in_them(foreign):
    for text in _documents(foreign):
        assert_inert(text)
        assert_safe(text)
        assert as_read(foreign[:80]) in read(text)
        assert len(text.encode()) < LIMIT


def _documents(foreign: str, secrets: tuple[str, ...] = ()) -> list[str]:
    """Every document, with one text at every place where a foreign one may stand."""
    told = change(
        foreign,
        Action.REPLACE,
        remote=foreign,
        deltas=(FieldDelta(foreign, foreign, None, "retrain"),),
        notes=(foreign,),
        cost=dataclasses.replace(COST, currency=foreign),
        data=dataclasses.replace(
            DATA, samples=(Sample("changed", foreign, foreign, f"{foreign}x"),)
        ),
        steps=(Evaluate(foreign, GATE, None),),
    )
    told = dataclasses.replace(told, reason=Reason(ReasonCode.BASE_CHANGED, foreign))
    owner = Owner(foreign)
    found = Diagnostic(
        Severity.ERROR,
        "code",
        foreign,
        foreign,
        Place(foreign, 1, 1),
        foreign,
        foreign,
        foreign,
        foreign,
    )
    outcome = dataclasses.replace(
        every_report().outcomes[1], change=told, message=foreign, hint=foreign
    )
    held = dataclasses.replace(outcome, status=Status.HELD)
    score = Score(Metric(foreign, label=foreign, minimum=0.9), 0.5, None, passed=False)
    evaluation = dataclasses.replace(
        EVALUATION,
        model=foreign,
        remote=foreign,
        gate=foreign,
        against=foreign,
        scores=(score,),
        worst=(Case(foreign, foreign, foreign, foreign, 0.5),),
    )
    answers = [
        GateAnswer(foreign, passed, foreign, foreign, foreign, foreign, foreign)
        for passed in (True, False)
    ]
    plan = Plan(owner, foreign, (told,))
    return [
        plan_markdown(plan, diagnostics=[found], secrets=secrets),
        plan_markdown(plan, title=foreign, secrets=secrets),
        report_markdown(Report(owner, foreign, (outcome, held)), title=foreign, secrets=secrets),
        evaluation_markdown(evaluation, secrets=secrets),
        gate_markdown(answers, secrets=secrets),
        diagnostics_markdown([found], title=foreign, secrets=secrets),
    ]


@settings(law, max_examples=8)
@given(
    st.integers(0, 300),
    st.integers(LEAST, LIMIT),
    st.text(st.sampled_from("ab@$|`<é漢👩\u202e"), max_size=4_000),
)
def test_a_page_is_below_its_limit_and_whole(count, limit, foreign):
    said = full_plan().changes[0]
    changes = tuple(dataclasses.replace(said, model=f"m{at}-{foreign}") for at in range(count))
    long = [dataclasses.replace(DIAGNOSTICS[0], detail=foreign)] * count
    plan = Plan(OWNER, "gemini", changes)
    report = Report(OWNER, "gemini", (every_report().outcomes[1],) * count)
    for text in (
        plan_markdown(plan, diagnostics=long, title=foreign, limit=limit),
        report_markdown(report, title=foreign, limit=limit),
        diagnostics_markdown(long, title=foreign, limit=limit),
        gate_markdown([dataclasses.replace(ANSWERS[1], message=foreign)] * count, limit=limit),
        evaluation_markdown(dataclasses.replace(EVALUATION, model=foreign), limit=limit),
    ):
        assert len(text.encode()) < limit
        assert_inert(text)
        assert text.count("<details") == text.count("</details>")


def test_ten_thousand_changes_are_cut_at_rows_and_the_rest_is_counted():
    some = every_change()[:8]
    changes = tuple(dataclasses.replace(some[at % 8], model=f"model-{at}") for at in range(10_000))
    text = plan_markdown(Plan(OWNER, "gemini", changes))
    assert LIMIT - 1_000 < len(text) < LIMIT
    assert "**Plan: 1250 to create, " in text
    shown = sum(line.startswith("| `") for line in text.split("\n"))
    assert text.endswith(
        f"\n\n{10_000 - shown:,} more changes and the details of {shown} changes "
        "are not shown; the whole plan is in the job's log."
    )


def test_details_go_before_rows_do():
    changes = tuple(dataclasses.replace(full_plan().changes[0], model=f"m{at}") for at in range(60))
    text = plan_markdown(Plan(OWNER, "gemini", changes), limit=16_384)
    assert sum(line.startswith("| `+`") for line in text.split("\n")) == 60
    details = text.count("<details>")
    assert 0 < details < 60
    note = f"The details of {60 - details} changes are not shown; the whole plan is in the job's"
    assert note in text


@pytest.mark.parametrize(
    ("count", "note"),
    [(1, "1 more model is not shown"), (4_000, "more models are not shown")],
)
def test_a_cut_is_told(count, note):
    long = dataclasses.replace(ANSWERS[1], message="x" * 600)
    answers = [long] * (11 if count == 1 else count)
    text = gate_markdown(answers, limit=LEAST)
    shown = text.count("| **failed** |")
    if count == 1:
        text = gate_markdown([long] * (shown + 1), limit=LEAST)
    assert f"{note}; the whole result is in the job's log." in text


def test_a_limit_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="8192"):
        Page(LEAST - 1)


def test_a_page_takes_a_block_whole_or_not_at_all():
    page = Page(LEAST, reserve=0)
    assert page.add("x" * 4_000)
    assert not page.add("x" * 4_500)
    assert page.add("y")
    assert page.fill(["z" * 3_000, "z" * 3_000], ("head",)) == 1
    assert page.fill(["z" * 3_000], ("never seen",)) == 0
    page.must("end", "")
    assert str(page).split("\n\n") == ["x" * 4_000, "y", f"head\n{'z' * 3_000}", "end"]


def test_cases_that_must_pass_are_told():
    good = dataclasses.replace(EVALUATION, must_pass_failed=0)
    assert "All of 12 must-pass cases passed." in evaluation_markdown(good)
    told = evaluation_markdown(EVALUATION)
    assert "1 of 12 must-pass cases failed." in told
    assert "All of" not in told


def test_spans_and_elements_of_code():
    code = Escaper().code
    assert code("a b*c") == "`a b*c`"
    assert code("a|b") == "<code>a&#124;b</code>"
    assert code("`") == "<code>\\`</code>"
    assert code("$x") == "<code><span>$</span>x</code>"
    assert code("") == ""


def test_filters_of_github_find_nothing():
    text = "@team, see #1 or GH-1: https://host.example :x: $a$ deadbeef1"
    (inline,) = [each for each in tokens(Escaper().text(text)) if each.type == "inline"]
    nodes = list(text_nodes(inline.children))
    assert squeezed("$".join(nodes)).replace("$$$", "$") == squeezed(text).replace("$$$", "$")
    assert f"@{GAP}team" in nodes[0]
    assert f"deadbe{GAP}ef1" in nodes[-1]


def test_the_same_plan_gives_the_same_bytes_in_every_process():
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]);"
        "from tests.render.values import every_plan;"
        "from tuneform.render.markdown import plan_markdown;"
        "print(json.dumps(plan_markdown(every_plan())))"
    )
    root = str(Path(__file__).parents[2])
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, root],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert {json.loads(each) for each in seen} == {plan_markdown(every_plan())}
