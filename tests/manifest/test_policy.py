"""`policy` and `prices` in tuneform.yaml: what they become, and each mistake with its place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tuneform.domain.cost import Price, PriceList
from tuneform.domain.diagnostic import Place
from tuneform.domain.policy import NO_POLICY, Bounds, Policy

POLICY = """\
policy:
  retirementDays: 90
  allowedBases: ["models/gemini-1.5-*", "*-tuning", "models/base-00[12]"]
  requiredLabels: [team, a.b/c]
  examples: {least: 20, most: 5000}
  hyperparameters:
    learningRateMultiplier: {least: 0.1, most: 10}
    epochCount: {least: 1, most: 20}
    learningRate: {most: 0.01}
    adapterSize: {most: 8}
  maxDeletes: 0
  maxTrainings: 4
  maxCost: 25.10
  warn: [requiredLabels, retirementDays]
"""
PRICES = """\
prices:
  asOf: 2026-11-01
  currency: USD
  perMillionTokens: {"models/gemini-1.5-pro-*": 8, "models/*": 0.1, "*": 1e-7}
"""


@pytest.fixture
def project(folder, model):
    """Reads a project with these lines below `spec`, from line 8 on."""
    start = (folder.root / "tuneform.yaml").read_text()
    folder.write({"manifests/a.yaml": model()})

    def read(text, environment=None, **more):
        lines = "".join(f"  {line}\n" for line in text.strip("\n").split("\n"))
        return folder.write({"tuneform.yaml": start + lines}).read(environment, **more)

    return read


def declared(loaded):
    assert loaded.diagnostics == ()
    assert loaded.project is not None
    return loaded.project


def test_every_rule_arrives(project):
    policy = declared(project(POLICY)).policy
    assert policy == Policy(
        allowed_bases=("models/gemini-1.5-*", "*-tuning", "models/base-00[12]"),
        required_labels=("team", "a.b/c"),
        examples=Bounds(20, 5000),
        hyperparameters=(
            ("epochCount", Bounds(1, 20)),
            ("learningRate", Bounds(None, 0.01)),
            ("learningRateMultiplier", Bounds(0.1, 10.0)),
            ("adapterSize", Bounds(None, 8)),
        ),
        max_deletes=0,
        max_trainings=4,
        max_cost=Decimal("25.1"),
        retirement_days=90,
        warns=frozenset({"requiredLabels", "retirementDays"}),
    )


def test_each_rule_has_a_place(project):
    policy = declared(project(POLICY)).policy
    places = {rule: str(place) for rule, place in policy.places}
    assert places == {
        "allowedBases": "tuneform.yaml:10:5",
        "requiredLabels": "tuneform.yaml:11:5",
        "examples": "tuneform.yaml:12:5",
        "hyperparameters": "tuneform.yaml:13:5",
        "maxDeletes": "tuneform.yaml:18:5",
        "maxTrainings": "tuneform.yaml:19:5",
        "maxCost": "tuneform.yaml:20:5",
        "retirementDays": "tuneform.yaml:9:5",
    }
    assert policy.place("warn") is None


def test_prices_arrive_in_their_order(project):
    assert declared(project(PRICES)).prices == PriceList(
        as_of=date(2026, 11, 1),
        currency="USD",
        prices=(
            Price("models/gemini-1.5-pro-*", Decimal(8)),
            Price("models/*", Decimal("0.1")),
            Price("*", Decimal("0.0000001")),
        ),
        source="tuneform.yaml",
    )


def test_defaults(project):
    for text in ("policy: {}", "requires: '>=0'"):
        spec = declared(project(text))
        assert (spec.policy, spec.prices) == (NO_POLICY, None)
        assert spec.policy.places == ()


def test_least_and_most_may_be_the_same(project):
    assert declared(project(rule("examples: {least: 5, most: 5}"))).policy.examples == Bounds(5, 5)


ENVIRONMENTS = """
policy: {maxDeletes: 1, maxCost: 5}
prices: {asOf: 2026-01-01, currency: EUR, perMillionTokens: {"*": 1}}
environments:
  prod:
    policy:
      maxTrainings: 2
  free:
    policy: {}
    prices: {asOf: 2026-02-01, currency: USD, perMillionTokens: {"*": 0}}
"""


@pytest.mark.parametrize(
    ("environment", "policy", "place", "currency"),
    [
        (None, Policy(max_deletes=1, max_cost=Decimal(5)), (8, 12), "EUR"),
        ("prod", Policy(max_trainings=2), (13, 9), "EUR"),
        ("free", NO_POLICY, None, "USD"),
    ],
)
def test_an_environment_replaces_the_whole_key(project, environment, policy, place, currency):
    spec = declared(project(ENVIRONMENTS, environment))
    assert spec.policy == policy
    found = [each for _, each in spec.policy.places]
    assert found[:1] == ([Place("tuneform.yaml", *place)] if place else [])
    assert spec.prices is not None
    assert spec.prices.currency == currency


def test_variables(project):
    text = """
policy:
  maxCost: ${var.budget}
  examples: {least: '${var.least}'}
  allowedBases: ['models/${var.stage}-*']
  warn: ['${var.rule}']
prices:
  asOf: ${var.day}
  currency: EUR
  perMillionTokens: {'*': '${var.budget}'}
variables: {budget: 12.5, least: 3, stage: dev, rule: maxCost, day: 2026-11-01}
environments: {prod: {policy: {maxDeletes: '${var.most}'}, variables: {most: 7}}}
"""
    spec = declared(project(text))
    assert spec.policy == Policy(
        allowed_bases=("models/dev-*",),
        examples=Bounds(3, None),
        max_cost=Decimal("12.5"),
        warns=frozenset({"maxCost"}),
    )
    assert spec.prices == PriceList(
        date(2026, 11, 1), "EUR", (Price("*", Decimal("12.5")),), "tuneform.yaml"
    )
    assert declared(project(text, "prod")).policy == Policy(max_deletes=7)


def rule(text):
    return f"policy: {{{text}}}"


def prices(day="2026-11-01", currency="USD", amounts="{'*': 1}"):
    return f"prices:\n  asOf: {day}\n  currency: {currency}\n  perMillionTokens: {amounts}"


# Lines that follow line 7 of tuneform.yaml, and what is said: LINE:COLUMN CODE FIELD
BAD = [
    ("policy:", ["8:3 wrong-type spec.policy"]),
    ("policy: [maxCost]", ["8:11 wrong-type spec.policy"]),
    (rule("maxCosts: 5"), ["8:12 unknown-key spec.policy.maxCosts"]),
    (rule("allowedBases: []"), ["8:26 empty-list spec.policy.allowedBases"]),
    (rule("allowedBases: models/*"), ["8:26 wrong-type spec.policy.allowedBases"]),
    (rule("allowedBases: [gemini-*]"), ["8:27 invalid-base-model spec.policy.allowedBases[0]"]),
    (rule("allowedBases: [models/]"), ["8:27 invalid-base-model spec.policy.allowedBases[0]"]),
    (rule("allowedBases: ['models/a b']"), ["8:27 invalid-base-model spec.policy.allowedBases[0]"]),
    (rule("allowedBases: ['']"), ["8:27 invalid-base-model spec.policy.allowedBases[0]"]),
    (rule("requiredLabels: []"), ["8:28 empty-list spec.policy.requiredLabels"]),
    (rule("requiredLabels: [a b]"), ["8:29 invalid-label spec.policy.requiredLabels[0]"]),
    (rule("requiredLabels: [a, a]"), ["8:28 duplicate-name spec.policy.requiredLabels"]),
    (rule("requiredLabels: [5]"), ["8:29 wrong-type spec.policy.requiredLabels[0]"]),
    (rule("examples: {}"), ["8:12 missing-key spec.policy.examples.most"]),
    (rule("examples: {least: 0}"), ["8:30 out-of-range spec.policy.examples.least"]),
    (rule("examples: {least: 1.5}"), ["8:30 wrong-type spec.policy.examples.least"]),
    (rule("examples: {least: 3, most: 2}"), ["8:39 conflicting-bounds spec.policy.examples"]),
    (
        rule("examples: {min: 3}"),
        [
            "8:12 missing-key spec.policy.examples.most",
            "8:23 unknown-key spec.policy.examples.min",
        ],
    ),
    (rule("examples: 20"), ["8:22 wrong-type spec.policy.examples"]),
    (rule("hyperparameters: {}"), ["8:12 empty-mapping spec.policy.hyperparameters"]),
    (rule("hyperparameters: 5"), ["8:29 wrong-type spec.policy.hyperparameters"]),
    (
        rule("hyperparameters: {epochs: {most: 5}}"),
        ["8:30 unknown-key spec.policy.hyperparameters.epochs"],
    ),
    (
        rule("hyperparameters: {epochCount: {}}"),
        ["8:30 missing-key spec.policy.hyperparameters.epochCount.most"],
    ),
    (
        rule("hyperparameters: {epochCount: {least: 5, most: 4}}"),
        ["8:59 conflicting-bounds spec.policy.hyperparameters.epochCount"],
    ),
    (
        rule("hyperparameters: {learningRate: {least: 0.1, most: 0.01}}"),
        ["8:63 conflicting-bounds spec.policy.hyperparameters.learningRate"],
    ),
    (
        rule("hyperparameters: {learningRate: {most: 0}}"),
        ["8:51 out-of-range spec.policy.hyperparameters.learningRate.most"],
    ),
    (rule("maxDeletes: -1"), ["8:24 out-of-range spec.policy.maxDeletes"]),
    (rule("maxTrainings: 0"), ["8:26 out-of-range spec.policy.maxTrainings"]),
    (rule("maxCost: -0.01"), ["8:21 out-of-range spec.policy.maxCost"]),
    (rule("maxCost: .inf"), ["8:21 out-of-range spec.policy.maxCost"]),
    (rule("maxCost: .nan"), ["8:21 out-of-range spec.policy.maxCost"]),
    (rule("maxCost: $5"), ["8:21 wrong-type spec.policy.maxCost"]),
    (rule("retirementDays: 1.5"), ["8:28 wrong-type spec.policy.retirementDays"]),
    (rule("maxCost: 5, warn: []"), ["8:30 empty-list spec.policy.warn"]),
    (rule("maxCost: 5, warn: maxCost"), ["8:30 wrong-type spec.policy.warn"]),
    (rule("maxCost: 5, warn: [maxcost]"), ["8:31 unknown-value spec.policy.warn[0]"]),
    (rule("maxCost: 5, warn: [warn]"), ["8:31 unknown-value spec.policy.warn[0]"]),
    (rule("maxCost: 5, warn: [5]"), ["8:31 unknown-value spec.policy.warn[0]"]),
    (rule("maxCost: 5, warn: [maxCost, maxCost]"), ["8:30 duplicate-name spec.policy.warn"]),
    (rule("maxCost: 5, warn: [maxCost, examples]"), ["8:40 rule-not-set spec.policy.warn[1]"]),
    (rule("maxCost: 5, warn: [[maxCost]]"), ["8:31 unknown-value spec.policy.warn[0]"]),
    (
        "environments: {prod: {policy: {warn: [maxCost]}}}",
        ["8:41 rule-not-set spec.environments.prod.policy.warn[0]"],
    ),
    (
        "environments: {prod: {policy: {examples: {least: 2, most: 1}}}}",
        ["8:61 conflicting-bounds spec.environments.prod.policy.examples"],
    ),
    (
        "environments: {prod: {policy: , prices: {}}}",
        [
            "8:25 wrong-type spec.environments.prod.policy",
            "8:35 missing-key spec.environments.prod.prices.asOf",
            "8:35 missing-key spec.environments.prod.prices.currency",
            "8:35 missing-key spec.environments.prod.prices.perMillionTokens",
        ],
    ),
    (prices(day="2026-02-30"), ["9:11 invalid-date spec.prices.asOf"]),
    (prices(day="20261101"), ["9:11 wrong-type spec.prices.asOf"]),
    (prices(day="'20261101'"), ["9:11 invalid-date spec.prices.asOf"]),
    (prices(day="2026-11-01T00:00"), ["9:11 invalid-date spec.prices.asOf"]),
    (prices(day="2026-W01-1"), ["9:11 invalid-date spec.prices.asOf"]),
    (prices(currency="usd"), ["10:15 invalid-currency spec.prices.currency"]),
    (prices(currency="$"), ["10:15 invalid-currency spec.prices.currency"]),
    (prices(amounts="{}"), ["11:23 empty-mapping spec.prices.perMillionTokens"]),
    (prices(amounts="8"), ["11:23 wrong-type spec.prices.perMillionTokens"]),
    (prices(amounts="{'*': -1}"), ['11:29 out-of-range spec.prices.perMillionTokens."*"']),
    (prices(amounts="{'*': 8 USD}"), ['11:29 wrong-type spec.prices.perMillionTokens."*"']),
    (
        prices(amounts="{gemini-*: 1}"),
        ['11:24 invalid-base-model spec.prices.perMillionTokens."gemini-*"'],
    ),
    (
        prices(amounts="{'*': 1, '*': 2}"),
        ["11:32 duplicate-key"],
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_mistake(project, brief, text, said):
    loaded = project(text)
    assert brief(loaded) == [f"tuneform.yaml:{each}" for each in said]
    assert loaded.project is None
    # What is wrong here hides nothing in manifests.
    assert len(loaded.models) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (rule("max_cost: 5"), "write `maxCost`"),
        (rule("requiredLabel: [a]"), "write `requiredLabels`"),
        ("maxCost: 5", "`maxCost` belongs under `spec.policy`"),
        ("currency: EUR", "`currency` belongs under `spec.prices`"),
        (rule("allowedBases: [gemini-1.5-*]"), "write `models/gemini-1.5-*`"),
        (rule("maxCost: 5, warn: [maxcost]"), "write `maxCost`"),
        (rule("maxCost: 5, warn: [examples]"), "add `examples:`, or remove it here"),
        (rule("examples: {least: 5.0}"), "write `5`"),
        (prices(currency="eur"), "write `EUR`"),
        (prices(day="01.11.2026"), "write it like `2026-11-01`"),
    ],
)
def test_hints(project, only, text, hint):
    assert only(project(text)).hint == hint
