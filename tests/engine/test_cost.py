"""Tokens are estimated, prices are handed in, and what is unknown stays unknown."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.domain.cost import Cost, Price, PriceList, Range, Total
from tuneform.domain.desired import TrainingSize
from tuneform.domain.live import LiveState
from tuneform.domain.plan import Plan
from tuneform.engine.cost import UNIT, cost_of, estimate_tokens, merged, with_costs

from .builders import BASE, OWNER, change_of, plan, spec, version

DAY = date(2026, 3, 4)
COUNTS = st.integers(0, 10**9)
EPOCHS = st.integers(1, 1000)
AMOUNTS = st.decimals(0, 10_000, places=4)


def euros(*prices: tuple[str, str], currency: str = "EUR", as_of: date = DAY) -> PriceList:
    return PriceList(as_of, currency, tuple(Price(base, Decimal(each)) for base, each in prices))


def size(characters: int, epochs: int = 1, examples: int = 0) -> TrainingSize:
    return TrainingSize(examples, characters, epochs, 1)


@pytest.mark.parametrize(
    ("examples", "characters", "epochs", "expected"),
    [
        (100, 60_000, 1, Range(12_000, 15_000, 20_000)),
        (100, 60_000, 5, Range(60_000, 75_000, 100_000)),
        (1, 10, 1, Range(2, 3, 4)),  # every text ends with a token of its own
        (15, 30, 1, Range(30, 30, 30)),  # a digit each is a token each
        (15, 90, 2, Range(60, 60, 60)),
        (0, 0, 5, Range(0, 0, 0)),
    ],
)
def test_tokens(examples, characters, epochs, expected):
    assert estimate_tokens(examples, characters, epochs) == expected


@given(COUNTS, COUNTS, EPOCHS)
def test_a_range_is_in_order_and_no_token_is_empty(examples, characters, epochs):
    tokens = estimate_tokens(examples, characters, epochs)
    assert 0 <= tokens.least <= tokens.likely <= tokens.most <= characters * epochs


@given(COUNTS, COUNTS, EPOCHS)
def test_epochs_multiply(examples, characters, epochs):
    once = estimate_tokens(examples, characters, 1)
    assert estimate_tokens(examples, characters, epochs) == Range(
        once.least * epochs, once.likely * epochs, once.most * epochs
    )


@given(COUNTS, COUNTS, COUNTS)
def test_more_text_is_never_cheaper(examples, characters, more):
    less, rest = (
        estimate_tokens(examples, characters, 1),
        estimate_tokens(examples, characters + more, 1),
    )
    assert less.least <= rest.least
    assert less.likely <= rest.likely
    assert less.most <= rest.most


def test_tokens_times_the_price_of_a_million():
    cost = cost_of(size(4_000_000, 3), BASE, (euros((BASE, "8.00")),))
    assert cost == Cost(
        Range(2_400_000, 3_000_000, 4_000_002),
        likely=Decimal(24),
        least=Decimal("19.2"),
        most=Decimal("32.000016"),
        currency="EUR",
        as_of=DAY,
    )


def test_small_amounts_are_not_lost():
    cost = cost_of(size(4), BASE, (euros(("*", "0.47")),))
    assert cost.likely == Decimal("0.000000")
    assert cost.most == Decimal("0.000001"), "the upper end is rounded up"
    thousand = cost_of(size(4_000), BASE, (euros(("*", "0.47")),))
    assert thousand.likely == Decimal("0.00047")


@given(COUNTS, EPOCHS, AMOUNTS)
def test_amounts_are_in_order_and_exact_to_a_millionth(characters, epochs, price):
    cost = cost_of(size(characters, epochs), BASE, (euros(("*", str(price))),))
    assert Decimal() <= cost.least <= cost.likely <= cost.most
    exact = cost.tokens.likely * price / 1_000_000
    assert abs(cost.likely - exact) <= UNIT / 2
    assert cost.likely.as_tuple().exponent == -6


@pytest.mark.parametrize("price", ["1e18", "1.7976931348623157e308", "5e-324"])
def test_an_absurd_price_breaks_nothing(price):
    cost = cost_of(size(10**10, 100), BASE, (euros(("*", price)),))
    assert cost.least <= cost.likely <= cost.most


def test_free_is_known():
    cost = cost_of(size(4_000), BASE, (euros(("*", "0")),))
    assert (cost.likely, cost.currency, cost.as_of) == (Decimal(), "EUR", DAY)


@pytest.mark.parametrize("prices", [(), (euros(),), (euros(("models/another", "1")),)])
def test_unknown_says_unknown(prices):
    cost = cost_of(size(4_000), BASE, prices)
    assert cost == Cost(Range(800, 1_000, 1_334))


@pytest.mark.parametrize(
    ("prices", "per_million"),
    [
        ((euros((BASE, "1"), ("*", "2")),), 1),
        ((euros(("*", "2"), (BASE, "1")),), 2),
        ((euros(("models/practice-*", "3"), ("*", "2")),), 3),
        ((euros(("practice-*", "3"), ("*", "2")),), 2),
        ((euros(("MODELS/*", "3"), ("*", "2")),), 2),
        ((euros(("models/another", "1")), euros((BASE, "4"))), 4),
        ((euros((BASE, "1")), euros((BASE, "4"))), 1),
    ],
)
def test_the_first_price_that_fits_counts(prices, per_million):
    assert cost_of(size(4_000_000), BASE, prices).likely == per_million


# --- the project's own prices


def test_own_prices_go_in_front_and_each_keeps_its_date():
    own, shipped = euros((BASE, "1")), euros(("*", "4"), as_of=date(2020, 1, 1))
    prices = merged(own, shipped)
    assert cost_of(size(4_000_000), BASE, prices).as_of == DAY
    other = cost_of(size(4_000_000), "models/another", prices)
    assert (other.likely, other.as_of) == (Decimal(4), date(2020, 1, 1))


def test_currencies_are_not_mixed():
    own, shipped = euros((BASE, "1")), euros(("*", "4"), currency="USD")
    assert cost_of(size(4_000_000), "models/another", merged(own, shipped)).likely is None


def test_either_may_be_missing():
    one = euros((BASE, "1"))
    assert merged(None, None) == ()
    assert merged(one, None) == merged(None, one) == (one,)


# --- plans


def priced(decided: Plan, *prices: PriceList) -> Plan:
    return with_costs(decided, {each.model: BASE for each in decided.changes}, prices)


def test_only_what_starts_a_training_has_a_cost():
    decided = plan(
        spec("new"),
        spec("kept"),
        spec("training"),
        spec("changed", "second"),
        live=[
            version(spec("kept")),
            version(spec("training"), state=LiveState.TRAINING, words=""),
            version(spec("changed", "first")),
            version(spec("gone", "old")),
        ],
    )
    costs = priced(decided, euros(("*", "1")))
    assert {each.model: each.cost is not None for each in costs.changes} == {
        "new": True,
        "kept": False,
        "training": False,
        "changed": True,
        "gone": False,
    }
    assert change_of(decided, "training").training is not None
    bare = replace(costs, changes=tuple(replace(each, cost=None) for each in costs.changes))
    assert bare == decided, "nothing else changes"


def test_a_chain_is_priced_by_its_root():
    decided = plan(spec("parent"), spec("child", tuned_from="parent"))
    roots = {"parent": "models/one", "child": "models/one"}
    costs = with_costs(decided, roots, (euros(("models/one", "1")),))
    assert costs.total.unknown == 0


def test_sums():
    decided = plan(spec("one"), spec("two"), spec("three"))
    roots = {"one": BASE, "two": BASE, "three": "models/unpriced"}
    costs = with_costs(decided, roots, (euros((BASE, "100")),))
    # 30 examples of 20 characters, 5 epochs: 600, 750 and 1,000 tokens
    assert costs.total == Total(
        3, 1, Decimal("0.15"), Decimal("0.12"), Decimal("0.2"), currency="EUR"
    )


def test_a_plan_without_changes():
    empty = Plan(OWNER, "embedded")
    assert priced(empty, euros(("*", "1"))) == empty
