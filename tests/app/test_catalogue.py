"""What is shipped: every figure has a source, and what nobody could verify is unknown."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from tuneform.app.catalogue import (
    prices_in,
    retirements_in,
    shipped_prices,
    shipped_retirements,
)
from tuneform.domain.cost import Price, PriceList
from tuneform.domain.desired import TrainingSize
from tuneform.domain.policy import Retirement
from tuneform.domain.spec import ProviderSpec
from tuneform.engine.cost import cost_of
from tuneform.errors import LocalError
from tuneform.providers.vertex.bases import OFFERED

EMBEDDED, GEMINI = ProviderSpec("embedded"), ProviderSpec("gemini")
VERTEX = ProviderSpec("vertex")
BASE = "models/gemini-3.5-flash"
FLASH = "models/gemini-1.5-flash-001-tuning"

PRICES = """
[gemini]
as_of = 2026-03-04
currency = "EUR"
source = "a page"
prices = [{ base = "models/a-*", per_million = 1.10 }, { base = "*", per_million = 3 }]
"""
RETIREMENTS = """
[gemini]
as_of = 2026-03-04
source = "a page"
retirements = [{ base = "models/a", on = 2027-01-02, move_to = "models/b" }]
"""


def test_rehearsing_is_free():
    prices = shipped_prices(EMBEDDED)
    assert prices is not None
    assert prices.prices == (Price("*", Decimal()),)
    assert shipped_retirements(EMBEDDED) == ()


def test_gemini_charged_nothing_for_the_bases_that_it_had_and_others_are_unknown():
    prices = shipped_prices(GEMINI)
    assert prices is not None
    assert {each.per_million for each in prices.prices} == {Decimal()}
    assert FLASH in {each.base for each in prices.prices}
    assert not [each for each in prices.prices if "*" in each.base]


def test_the_last_base_of_gemini_is_gone():
    ends = {each.base: each for each in shipped_retirements(GEMINI)}
    assert ends[FLASH].on == date(2025, 5, 27)
    assert "Vertex AI" in ends[FLASH].move_to


def test_no_price_of_a_gemini_base_is_verified_on_vertex():
    prices = shipped_prices(VERTEX)
    assert prices is not None
    assert prices.prices == ()
    assert cost_of(TrainingSize(20, 4_000, 3, 15), BASE, (prices,)).likely is None


def test_what_is_offered_on_vertex_and_what_has_ended():
    ended = {each.base for each in shipped_retirements(VERTEX) if each.on <= date(2026, 11, 22)}
    moves = {each.move_to for each in shipped_retirements(VERTEX)}
    assert ended == {each for each in OFFERED if "2.5" in each}
    assert moves <= set(OFFERED) - ended


@pytest.mark.parametrize(
    "host", ["us-central1-aiplatform.googleapis.com", "aiplatform.eu.rep.googleapis.com"]
)
def test_regional_hosts_are_the_same_service(host):
    assert shipped_retirements(ProviderSpec("vertex", endpoint=f"https://{host}")) != ()
    elsewhere = ProviderSpec("vertex", endpoint=f"https://{host}.example")
    assert shipped_retirements(elsewhere) == ()


def test_another_host_has_prices_and_a_calendar_of_its_own():
    other = ProviderSpec("gemini", endpoint="http://127.0.0.1:8080")
    assert shipped_prices(other) is None
    assert shipped_retirements(other) == ()
    same = ProviderSpec("gemini", endpoint="https://GenerativeLanguage.googleapis.com/")
    assert shipped_prices(same) == shipped_prices(GEMINI)


def test_amounts_are_exact():
    assert prices_in(PRICES, GEMINI) == PriceList(
        date(2026, 3, 4),
        "EUR",
        (Price("models/a-*", Decimal("1.10")), Price("*", Decimal(3))),
        "a page",
    )


def test_a_provider_that_is_not_listed_is_unknown():
    assert prices_in(PRICES, EMBEDDED) is None
    assert retirements_in(RETIREMENTS, EMBEDDED) == ()
    assert retirements_in(RETIREMENTS, GEMINI) == (
        Retirement("models/a", date(2027, 1, 2), "models/b"),
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("2026-03-04", '"soon"', "$[...].as_of"),
        ("2026-03-04", "2026-03-04T00:00:00", "$[...].as_of"),
        ('"EUR"', '"euro"', "$[...].currency"),
        ("1.10", "-1.10", "an amount of 0 or more"),
        ("1.10", "inf", "an amount of 0 or more"),
        ("1.10", "true", "per_million"),
        ('"models/a-*"', '""', "base"),
        ("per_million = 3", "price = 3", "price"),
        ('source = "a page"', "", "source"),
        ("[gemini]", "[gemini", "line 2"),
    ],
)
def test_a_broken_file_is_told_with_the_place(before, after, words):
    with pytest.raises(LocalError) as caught:
        prices_in(PRICES.replace(before, after, 1), EMBEDDED)
    assert words in caught.value.message
    assert "catalogue_files/prices.toml" in caught.value.message
    assert caught.value.hint


def test_a_broken_date_is_told():
    with pytest.raises(LocalError, match=r"retirements\.toml .*`date`"):
        retirements_in(RETIREMENTS.replace("2027-01-02", "5"), GEMINI)


def test_the_files_are_part_of_the_package():
    folder = files("tuneform.app") / "catalogue_files"
    assert {each.name for each in folder.iterdir()} == {"prices.toml", "retirements.toml"}
