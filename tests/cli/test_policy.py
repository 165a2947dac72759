"""What a team permits itself: denied is exit 5 with nothing written, warned is a word."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.cli.project import ANIMALS, BASE, OTHER_BASE, Project, Ran, Served

PRICES = {"asOf": "2026-01-15", "currency": "EUR", "perMillionTokens": {"*": 1_000_000}}
"""One euro a token: 46 tokens of every epoch."""


@dataclass(frozen=True)
class Rule:
    """One rule that the project breaks.

    Attributes:
        name: of the rule.
        value: what the policy says.
        code: of the finding.
        words: of the finding.
        more: of tuneform.yaml.
        about_plans: whether only a plan can break it.
        models: how many are declared.
    """

    name: str
    value: Any
    code: str
    words: str
    more: dict[str, Any] = field(default_factory=dict)
    about_plans: bool = False
    models: int = 1

    def write(self, project: Project, *, warns: bool = False) -> None:
        policy = {self.name: self.value} | ({"warn": [self.name]} if warns else {})
        project.settings(policy=policy, **self.more)
        for number in range(self.models):
            name = "numbers" if not number else f"numbers-{number}"
            project.model(name, revision=number + 1)

    @property
    def place(self) -> str:
        return "tuneform.yaml:" if self.about_plans else "models/numbers.yaml:"


BASES = Rule(
    "allowedBases", [OTHER_BASE], "policy-allowed-bases", f"the policy allows {OTHER_BASE}"
)
LABELS = Rule("requiredLabels", ["team"], "policy-required-labels", "this model lacks: team")
FEW = Rule("examples", {"least": 24}, "policy-examples", "trains with 23 examples")
MANY = Rule("examples", {"most": 22}, "policy-examples", "the policy wants at most 22")
EPOCHS = Rule(
    "hyperparameters",
    {"epochCount": {"most": 1}},
    "policy-hyperparameters",
    "epochCount is 2, and the policy wants at most 1",
)
TRAININGS = Rule(
    "maxTrainings",
    1,
    "policy-max-trainings",
    "The plan starts 2 trainings.",
    about_plans=True,
    models=2,
)
COST = Rule(
    "maxCost",
    25,
    "policy-max-cost",
    "policy.maxCost permits 25.00 EUR",
    more={"prices": PRICES},
    about_plans=True,
)
RULES = (BASES, LABELS, FEW, MANY, EPOCHS, TRAININGS, COST)


def names(rules: Any) -> list[str]:
    return [f"{rule.name} {rule.value}" for rule in rules]


def words(text: str) -> str:
    """Without line ends and indents, which depend on the width."""
    return " ".join(text.split())


def denied(project: Project, *arguments: object) -> Ran:
    ran = project.run(*arguments)
    assert ran.code == 5, ran
    return ran


# Each rule denies, and can be made to warn.


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_each_rule_denies(project: Project, rule: Rule) -> None:
    rule.write(project)
    told = [denied(project, "plan").err, denied(project, "apply", "-y").err]
    if rule.about_plans:
        assert project.ok("validate").out.startswith("Valid: ")
    else:
        told.append(denied(project, "validate").err)
    for each in told:
        assert rule.words in words(each)
        assert rule.place in each
        assert "hint: " in each
        assert "error: this is refused: a rule forbids it" in words(each)
    assert "tuneform.yaml:" in words(told[0])
    assert project.trainings() == 0


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_each_rule_can_warn_instead(project: Project, rule: Rule) -> None:
    rule.write(project, warns=True)
    commands = [("plan",), ("apply", "-y")]
    commands += [] if rule.about_plans else [("validate",)]
    for command in commands:
        told = project.ok(*command).err
        assert "warning: " in told
        assert "error" not in told
        assert rule.words in words(told)
        assert rule.place in told
    assert project.trainings() == rule.models


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_findings_are_told_to_programs(project: Project, rule: Rule) -> None:
    rule.write(project)
    error = denied(project, "apply", "-y", "--format", "json").json
    assert error["error"]["code"] == "policy"
    (finding,) = error["diagnostics"]
    assert (finding["code"], finding["severity"]) == (rule.code, "error")
    assert f"{finding['place']['file']}:" == rule.place
    assert finding["place"]["line"] > 0
    assert denied(project, "plan", "--format", "json").json["summary"]["create"] == rule.models
    if not rule.about_plans:
        assert denied(project, "validate", "--format", "json").json["valid"] is False


def test_places_are_exact(project: Project) -> None:
    project.write(
        "tuneform.yaml",
        """\
apiVersion: tuneform/v1
kind: Project
metadata:
  name: demo
spec:
  manifests: [models]
  provider: {type: embedded}
  policy:
    requiredLabels: [team]
    maxTrainings: 1
""",
    )
    project.model("numbers")
    project.model("more", revision=2)
    told = denied(project, "plan").err
    assert "The rule stands at tuneform.yaml:9:5." in words(told)
    assert "tuneform.yaml:10:5" in told


def test_all_rules_are_told_in_one_run(project: Project) -> None:
    project.settings(
        policy={rule.name: rule.value for rule in (BASES, LABELS, FEW, EPOCHS, COST)}, prices=PRICES
    )
    project.model("numbers")
    told = words(denied(project, "plan").err)
    for rule in (BASES, LABELS, FEW, EPOCHS, COST):
        assert rule.words in told


def test_what_keeps_the_rules_is_not_mentioned(project: Project) -> None:
    project.settings(
        policy={
            "allowedBases": ["models/gemini-1.5-*"],
            "requiredLabels": ["team"],
            "examples": {"least": 23, "most": 23},
            "hyperparameters": {"epochCount": {"least": 2, "most": 2}},
            "maxTrainings": 1,
            "maxDeletes": 0,
            "maxCost": 1_000_000,
        },
        prices=PRICES,
    )
    project.model("numbers", labels={"team": "growth"})
    for command in (("validate",), ("plan",), ("apply", "-y")):
        assert "warning" not in project.ok(*command).err


def test_a_policy_that_tightens_denies_what_is_served_already(project: Project) -> None:
    """Nothing would be done, and a rule about models holds all the same."""
    project.model("numbers")
    project.apply()
    LABELS.write(project)
    assert "No changes." in denied(project, "plan").out
    denied(project, "apply", "-y")
    assert project.ok("status").code == 0


# Deletions.


def test_deletions_are_bounded(project: Project) -> None:
    for name in ("one", "two", "three", "four", "five"):
        project.model(name, displayName=name, revision=len(name) + ord(name[1]))
    project.apply()
    project.settings(policy={"maxDeletes": 1})
    project.remove("models/one.yaml", "models/two.yaml")
    told = words(denied(project, "apply", "-y", "--allow-deletes", 2).err)
    assert "The plan deletes 2 models, and the policy permits 1." in told
    assert len(project.live()) == 5
    project.apply("--target", "one")
    project.apply()
    assert len(project.live()) == 3


def test_destroy_is_no_matter_of_policy(project: Project) -> None:
    project.settings(
        policy={"maxDeletes": 0, "requiredLabels": ["team"], "warn": ["requiredLabels"]}
    )
    project.model("numbers")
    project.apply()
    project.settings(policy={"maxDeletes": 0, "requiredLabels": ["team"]})
    project.ok("destroy", "--yes-destroy", "demo")
    assert not project.live()


# Trainings.


def test_trainings_under_way_count(served: Served) -> None:
    project = served.project
    provider = {"type": "gemini", "endpoint": served.url}
    project.settings(policy={"maxTrainings": 1}, provider=provider)
    project.model("numbers")
    project.apply("--no-wait")
    project.model("animals", dataset={"path": "../data/animals.jsonl"})
    assert "2 may run at a time, and the policy permits 1" in words(denied(project, "plan").err)
    served.start_training()
    project.ok("wait")
    project.apply()


def test_a_chain_trains_one_at_a_time(project: Project) -> None:
    project.settings(policy={"maxTrainings": 1})
    project.model("child", tunedFrom="parent", revision=2)
    project.model("parent")
    project.apply()
    project.model("other", revision=3)
    project.model("another", revision=4)
    denied(project, "plan")
    project.apply("--target", "other")


# Money.


@pytest.mark.parametrize("value", ["-1", "NaN", "inf", "a lot", ""])
def test_a_budget_is_an_amount(project: Project, value: str) -> None:
    project.model("numbers")
    for command in (("plan",), ("apply", "-y")):
        assert project.run(*command, "--max-cost", value).code == 64
    assert project.trainings() == 0


def test_max_cost_denies_whatever_the_policy_warns_of(project: Project) -> None:
    project.settings(prices=PRICES, policy={"maxCost": 1, "warn": ["maxCost"]})
    project.model("numbers")
    assert "cost" in project.ok("plan").out
    told = words(denied(project, "apply", "-y", "--max-cost", 12.5).err)
    assert "--max-cost permits 12.50 EUR" in told
    project.apply("--max-cost", 1_000_000)


def test_the_practice_service_is_free(project: Project) -> None:
    project.model("numbers")
    assert "free" in project.ok("plan", "--max-cost", 0).out


def test_an_unknown_price_breaks_a_budget_and_nothing_else(served: Served) -> None:
    project = served.project
    project.model("numbers")
    assert "no price is known" in project.ok("plan").out
    told = words(denied(project, "plan", "--max-cost", 1_000_000).err)
    assert "No price is known for the training of numbers" in told
    assert "state the price under prices in tuneform.yaml" in told
    provider = {"type": "gemini", "endpoint": served.url}
    project.settings(prices=PRICES, provider=provider)
    plan = project.plan("--max-cost", 1_000_000)
    assert plan["numbers"]["cost"]["currency"] == "EUR"
    assert plan["numbers"]["cost"]["as_of"] == "2026-01-15"


def test_a_price_of_the_project_replaces_ours(project: Project) -> None:
    project.settings(prices=PRICES | {"perMillionTokens": {OTHER_BASE: 5, BASE: 2_000_000}})
    project.model("numbers")
    cost = project.plan()["numbers"]["cost"]
    tokens = cost["tokens"]["likely"]
    assert float(cost["likely"]) == 2 * tokens
    shown = project.ok("plan").out
    assert "EUR" in shown
    assert f"{tokens:,} training tokens estimated" in words(shown)


def test_nothing_is_spent_on_what_is_trained(project: Project) -> None:
    project.settings(prices=PRICES)
    project.model("numbers")
    project.apply()
    project.model("numbers", displayName="Otherwise")
    project.apply("--max-cost", 0)


# Environments.


def test_an_environment_has_rules_and_prices_of_its_own(project: Project) -> None:
    project.settings(
        policy={"requiredLabels": ["team"]},
        environments={
            "prod": {"policy": {"examples": {"least": 100}}, "prices": PRICES},
            "test": {"policy": {}},
        },
    )
    project.model("numbers")
    assert LABELS.words in words(denied(project, "plan").err)
    prod = denied(project, "plan", "--env", "prod")
    assert LABELS.words not in words(prod.err)
    assert "trains with 23 examples" in words(prod.err)
    assert "EUR" in prod.out
    project.ok("validate", "--env", "test")
    assert "free" in project.ok("plan", "--env", "test").out


# Retirement.


def test_a_base_that_is_gone_is_a_warning_and_a_rule_denies_it(project: Project) -> None:
    """Only looked at: a service that is Google's own is never asked here."""
    project.model("numbers")
    project.settings(provider={"type": "gemini"})
    told = words(project.ok("validate").err)
    assert f"{BASE} has been gone since 2025-05-27" in told
    assert "warning: base is retired" in told
    assert "models/numbers.yaml:" in told
    project.settings(provider={"type": "gemini"}, policy={"retirementDays": 30})
    assert "error: base is retired" in words(denied(project, "validate").err)
    project.settings()
    assert "retired" not in project.ok("validate").err


# Mistakes in the policy itself.


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"allowedBase": ["models/*"]}, "write `allowedBases`"),
        ({"maxCost": -1}, "maxCost"),
        ({"examples": {"least": 5, "most": 4}}, "nothing is both"),
        ({"warn": ["maxCost"]}, "has no such rule"),
        ({"warn": ["everything"]}, "everything"),
        ({"requiredLabels": []}, "requiredLabels"),
        ({"hyperparameters": {"epochCounts": {"most": 4}}}, "write `epochCount`"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_mistakes_in_a_policy_are_mistakes_of_the_project(
    project: Project, policy: dict[str, Any], told: str
) -> None:
    project.settings(policy=policy)
    project.model("numbers")
    ran = project.run("plan")
    assert ran.code == 3, ran
    assert "tuneform.yaml:" in ran.err
    assert told in words(ran.err)


def test_a_secret_in_a_finding_is_redacted(project: Project) -> None:
    project.settings(
        variables={"base": {"value": OTHER_BASE, "sensitive": True}},
        policy={"allowedBases": ["${var.base}"]},
    )
    project.model("numbers")
    for format_ in ("text", "json", "markdown", "github"):
        assert OTHER_BASE not in denied(project, "plan", "--format", format_).told


def test_the_data_of_a_policy_is_counted_after_the_cut(project: Project) -> None:
    """What a gate holds out is not trained with."""
    project.settings(policy={"examples": {"least": len(ANIMALS)}})
    project.data("data/many.jsonl", [(f"word {at}", str(at)) for at in range(len(ANIMALS))])
    gate = {"dataset": {"holdout": 0.3}, "metrics": {"contains": {"min": 0}}}
    project.model("numbers", dataset={"path": "../data/many.jsonl"})
    project.ok("validate")
    project.model("numbers", dataset={"path": "../data/many.jsonl"}, gate=gate)
    denied(project, "validate")
