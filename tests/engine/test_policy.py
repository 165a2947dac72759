"""Rules about models and plans: what breaks them, how it is told, and whether it denies."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tuneform.domain.cost import Cost, Range
from tuneform.domain.desired import Desired
from tuneform.domain.diagnostic import Place, Severity
from tuneform.domain.plan import Action, Cancel, Change, Plan, Watch
from tuneform.domain.policy import NO_POLICY, Bounds, Policy, Retirement
from tuneform.domain.spec import Hyperparameters
from tuneform.engine.policy import judge_models, judge_plan

from .builders import BASE, OWNER, reason, spec, start, wanted

TODAY = date(2026, 3, 4)
RULE = Place("tuneform.yaml", 9, 5)


def model(*specs, root: str = BASE) -> Desired:
    """With 30 training examples."""
    return replace(wanted(*specs), root=root)


def judged(policy: Policy, *models: Desired, ends: tuple[Retirement, ...] = ()):
    return judge_models(policy, models or (model(spec()),), ends, TODAY)


def told(findings):
    return [(str(each.severity), each.code, each.summary, each.field) for each in findings]


def test_no_rule_no_finding():
    assert judged(NO_POLICY) == ()
    assert judge_plan(NO_POLICY, planned(["a", "b"]), 99, None) == ()


# --- allowed bases


@pytest.mark.parametrize("allowed", [(BASE,), ("models/x", "models/practice-*"), ("*",)])
def test_a_base_that_fits_is_allowed(allowed):
    assert judged(Policy(allowed_bases=allowed)) == ()


def test_a_base_that_fits_nothing_is_told():
    policy = Policy(allowed_bases=("models/x-*", "models/y"), places=(("allowedBases", RULE),))
    (finding,) = judged(policy)
    assert told([finding]) == [
        ("error", "policy-allowed-bases", "base is not allowed", "spec.baseModel")
    ]
    assert finding.place == spec().place
    assert finding.subject == "TunedModel/support"
    assert finding.detail == (
        f"The base is {BASE}, and the policy allows models/x-*, models/y. "
        "The rule stands at tuneform.yaml:9:5."
    )
    assert "policy.allowedBases" in finding.hint


def test_a_child_is_judged_by_the_base_of_its_chain():
    child = model(spec("parent"), spec("child", tuned_from="parent"), root="models/root")
    (finding,) = judged(Policy(allowed_bases=(BASE,)), child)
    assert finding.field == "spec.tunedFrom"
    assert judged(Policy(allowed_bases=("models/root",)), child) == ()


# --- labels


def test_labels_that_are_missing_are_told_together():
    policy = Policy(required_labels=("team", "tier", "cost"))
    (finding,) = judged(policy, model(spec(labels={"tier": ""})))
    assert told([finding]) == [
        ("error", "policy-required-labels", "required label is missing", "metadata.labels")
    ]
    assert "team, cost" in finding.detail
    assert finding.hint == "add under metadata.labels: team: …, cost: …"
    assert judged(policy, model(spec(labels=dict.fromkeys(policy.required_labels, "x")))) == ()


# --- examples


@pytest.mark.parametrize(
    ("bounds", "summary", "words"),
    [
        (Bounds(31, None), "too few examples", "30 examples, and the policy wants at least 31."),
        (Bounds(None, 29), "too many examples", "30 examples, and the policy wants at most 29."),
        (Bounds(1000.0, 2000), "too few examples", "at least 1,000."),
        (Bounds(30, 30), None, ""),
        (Bounds(), None, ""),
    ],
)
def test_examples(bounds, summary, words):
    findings = judged(Policy(examples=bounds))
    assert [each.summary for each in findings] == ([summary] if summary else [])
    assert all(words in each.detail and each.field == "spec.dataset" for each in findings)


# --- hyperparameters


def test_hyperparameters_are_judged_each():
    policy = Policy(
        hyperparameters=(
            ("epochCount", Bounds(1, 10)),
            ("batchSize", Bounds(4, None)),
            ("learningRate", Bounds(None, 0.01)),
        )
    )
    findings = judged(policy, model(spec(epochs=50, batch=4, rate=0.02)))
    assert [(each.field, each.detail) for each in findings] == [
        (
            "spec.hyperparameters.epochCount",
            "epochCount is 50, and the policy wants at most 10.",
        ),
        (
            "spec.hyperparameters.learningRate",
            "learningRate is 0.02, and the policy wants at most 0.01.",
        ),
    ]
    assert {each.code for each in findings} == {"policy-hyperparameters"}


def test_a_hyperparameter_is_named_where_manifests_set_it():
    policy = Policy(hyperparameters=(("adapterSize", Bounds(None, 8)),))
    large = replace(spec(), hyperparameters=Hyperparameters(adapter_size=16))
    (found,) = judged(policy, model(large))
    assert (found.field, found.detail) == (
        "spec.vertex.adapterSize",
        "adapterSize is 16, and the policy wants at most 8.",
    )


def test_what_is_left_to_the_service_is_not_judged():
    assert judged(Policy(hyperparameters=(("epochCount", Bounds(100, 100)),))) == ()


# --- retirement


def end(days: int, base: str = BASE, move_to: str = "") -> Retirement:
    return Retirement(base, TODAY + timedelta(days), move_to)


@pytest.mark.parametrize(
    ("limit", "days", "expected"),
    [
        (None, 91, None),
        (None, 90, ("warning", "base retires soon")),
        (None, 1, ("warning", "base retires soon")),
        (None, 0, ("warning", "base is retired")),
        (None, -400, ("warning", "base is retired")),
        (30, 31, None),
        (30, 30, ("error", "base retires soon")),
        (30, 0, ("error", "base is retired")),
        (365, 300, ("error", "base retires soon")),
        (0, 1, None),
        (0, 0, ("error", "base is retired")),
    ],
)
def test_retirement(limit, days, expected):
    findings = judged(Policy(retirement_days=limit), ends=(end(days),))
    assert [(each.severity, each.summary) for each in findings] == ([expected] if expected else [])
    assert all(each.code == "policy-retirement-days" for each in findings)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (40, "retires on 2026-04-13. In 40 days it is gone: from then on no version"),
        (1, "retires on 2026-03-05. In 1 day it is gone: from then on no version"),
        (0, "has been gone since 2026-03-04. No version can be trained on it"),
        (-63, "has been gone since 2025-12-31. No version can be trained on it"),
    ],
)
def test_the_date_is_told_with_the_days_left(days, words):
    (finding,) = judged(NO_POLICY, ends=(end(days, move_to="models/next"),))
    assert finding.detail.startswith(f"{BASE} {words}")
    assert finding.hint == "move to models/next"


def test_the_first_retirement_that_fits_counts():
    ends = (end(5, "models/other"), end(500, "models/practice-*"), end(5, "*"))
    assert judged(NO_POLICY, ends=ends) == ()
    (finding,) = judged(NO_POLICY, ends=ends[::-1])
    assert finding.hint == "move to another base"


# --- warnings, order


def test_a_rule_that_warns_warns_and_the_others_deny():
    policy = Policy(
        allowed_bases=("models/x",),
        required_labels=("team",),
        examples=Bounds(100),
        hyperparameters=(("epochCount", Bounds(10)),),
        retirement_days=30,
        warns=frozenset({"requiredLabels", "retirementDays"}),
    )
    findings = judged(policy, model(spec(epochs=5)), ends=(end(3),))
    assert [(each.code, str(each.severity)) for each in findings] == [
        ("policy-allowed-bases", "error"),
        ("policy-required-labels", "warning"),
        ("policy-examples", "error"),
        ("policy-hyperparameters", "error"),
        ("policy-retirement-days", "warning"),
    ]
    assert all(each.detail.endswith(".") and each.hint for each in findings)


# --- plans


def costing(likely: str | None, currency: str = "USD") -> Cost:
    if likely is None:
        return Cost(Range(1, 1, 1))
    amount = Decimal(likely)
    return Cost(Range(1, 1, 1), amount, amount / 2, amount * 2, currency, TODAY)


def training(name: str, likely: str | None = "1", parent: str | None = None) -> Change:
    first = start(spec(name))
    return Change(
        name,
        Action.CREATE,
        reason(),
        steps=(first, Watch(first.remote)),
        cost=costing(likely),
        parent=parent,
    )


def planned(names, *more: Change, likely: str | None = "1") -> Plan:
    changes = (*(training(name, likely) for name in names), *more)
    return Plan(OWNER, "embedded", changes, live_models=100)


def doing(name: str, action: Action, *steps, parent=None) -> Change:
    return Change(name, action, reason(), steps=steps, parent=parent)


def test_deletions():
    gone = [doing(f"m{at}", Action.DELETE) for at in range(3)]
    decided = planned([], *gone, doing("kept", Action.RELEASE), doing("held", Action.HOLD))
    policy = Policy(max_deletes=2, places=(("maxDeletes", RULE),))
    (finding,) = judge_plan(policy, decided, 0, None)
    assert told([finding]) == [
        ("error", "policy-max-deletes", "too many deletions", "spec.policy.maxDeletes")
    ]
    assert finding.detail == "The plan deletes 3 models, and the policy permits 2."
    assert (finding.place, finding.subject) == (RULE, "Project/demo")
    assert judge_plan(Policy(max_deletes=3), decided, 0, None) == ()
    assert judge_plan(Policy(max_deletes=0), planned([]), 0, None) == ()


@pytest.mark.parametrize(
    ("changes", "in_training", "together"),
    [
        ([training("a"), training("b")], 0, 2),
        ([training("a"), training("b")], 3, 5),
        # one that is only watched is one of those under way
        ([training("a"), doing("b", Action.WAIT, Watch("b-1"))], 1, 2),
        # one that is cancelled makes room
        ([replace(training("a"), steps=(Cancel("a-1"), *training("a").steps))], 1, 1),
        # along a chain one trains at a time
        ([training("a"), training("b", parent="a"), training("c", parent="b")], 0, 1),
        ([training("a"), training("b", parent="a"), training("c", parent="a")], 0, 2),
        ([doing("a", Action.KEEP), training("b", parent="a"), training("c", parent="a")], 0, 2),
        ([training("b", parent="not-selected"), training("c", parent="not-selected")], 0, 2),
        ([doing("a", Action.WAIT, Watch("a-1")), training("b", parent="a")], 1, 1),
        ([training("a"), training("z"), training("b", parent="a")], 0, 2),
    ],
)
def test_trainings_at_a_time(changes, in_training, together):
    decided = Plan(OWNER, "embedded", tuple(changes))
    assert judge_plan(Policy(max_trainings=together), decided, in_training, None) == ()
    (finding,) = judge_plan(Policy(max_trainings=together - 1), decided, in_training, None)
    assert finding.code == "policy-max-trainings"
    assert f"{together} may run at a time" in finding.detail


def test_a_plan_that_starts_nothing_is_not_to_blame_for_what_runs():
    decided = planned([], doing("b", Action.WAIT, Watch("b-1")))
    assert judge_plan(Policy(max_trainings=1), decided, 5, None) == ()


# --- budgets


@pytest.mark.parametrize(
    ("own", "flag", "warns", "expected"),
    [
        (None, None, False, None),
        ("3", None, False, None),  # exactly the budget
        ("2.99", None, False, ("error", "policy.maxCost")),
        ("2.99", None, True, ("warning", "policy.maxCost")),
        (None, "2", False, ("error", "--max-cost")),
        ("2", "1", False, ("error", "--max-cost")),
        ("1", "2", False, ("error", "policy.maxCost")),
        ("1", "2", True, ("error", "--max-cost")),
        ("1", "50", True, ("warning", "policy.maxCost")),
        ("1", "50", False, ("error", "policy.maxCost")),
        ("50", "1", False, ("error", "--max-cost")),
        ("0", None, False, ("error", "policy.maxCost")),
    ],
)
def test_the_likely_cost_is_held_against_the_lower_budget(own, flag, warns, expected):
    policy = Policy(
        max_cost=Decimal(own) if own else None,
        warns=frozenset({"maxCost"} if warns else ()),
        places=(("maxCost", RULE),) if own else (),
    )
    findings = judge_plan(policy, planned(["a", "b", "c"]), 0, Decimal(flag) if flag else None)
    assert len(findings) == (1 if expected else 0)
    for finding in findings:
        severity, name = expected
        assert (finding.code, str(finding.severity)) == ("policy-max-cost", severity)
        assert f"and {name} permits" in finding.detail
        assert finding.place == (RULE if name == "policy.maxCost" else None)
        assert name in finding.hint


def test_the_range_is_told_and_a_plan_may_reach_the_upper_end():
    decided = planned(["a"], likely="1234.5678")
    assert judge_plan(Policy(max_cost=Decimal(1300)), decided, 0, None) == ()
    (finding,) = judge_plan(Policy(max_cost=Decimal("0.5")), decided, 0, None)
    assert finding.detail == (
        "The trainings of this plan cost 1,234.5678 USD by estimate (617.2839 to 2,469.1356), "
        "and policy.maxCost permits 0.50 USD."
    )


@pytest.mark.parametrize("flag", [None, Decimal(100)])
def test_a_budget_cannot_be_kept_with_an_unknown_price(flag):
    decided = planned(["a"], *(training(f"b{at}", None) for at in range(7)))
    policy = Policy(max_cost=None if flag else Decimal(100))
    (finding,) = judge_plan(policy, decided, 0, flag)
    assert told([finding])[0][:3] == ("error", "policy-max-cost", "cost is unknown")
    name = "--max-cost" if flag else "policy.maxCost"
    assert finding.detail == (
        "No price is known for the training of b0, b1, b2, b3, b4 and 2 more, "
        f"so {name} cannot be kept."
    )
    assert finding.hint == "state the price under prices in tuneform.yaml"


def test_a_budget_that_warns_warns_of_an_unknown_price_as_well():
    policy = Policy(max_cost=Decimal("0.5"), warns=frozenset({"maxCost"}))
    findings = judge_plan(policy, planned(["a"], training("b", None)), 0, None)
    assert [(each.severity, each.summary) for each in findings] == [
        (Severity.WARNING, "budget is exceeded"),
        (Severity.WARNING, "cost is unknown"),
    ]


def test_without_a_budget_an_unknown_price_is_no_finding():
    assert judge_plan(NO_POLICY, planned(["a"], likely=None), 0, None) == ()


def test_free_is_within_any_budget():
    assert judge_plan(Policy(max_cost=Decimal()), planned(["a"], likely="0"), 0, None) == ()
