"""Shops that nobody knows, named for their trade, and what a bank writes of its own bookkeeping."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row

BUILT_IN = BuiltIn()


def category(description: str, currency: str, amount: str = "-23.40") -> str | None:
    return BUILT_IN.suggest([Row(description, Decimal(amount), currency)])[0].category


@pytest.mark.parametrize(
    ("description", "currency", "expected"),
    [
        ("KESTREL COLLISION CENTER", "USD", "transportation"),
        ("HARROW POOL SERVICE", "USD", "housing.maintenance"),
        ("ALMA PUPUSERIA", "USD", "food_dining.restaurants"),
        ("HARROW BUILDERS MERCHANTS", "GBP", "shopping.home"),
        ("ALMA GARAGE", "GBP", "transportation"),
        ("AUTO ECOLE HARROW", "EUR", "transportation"),
        ("CORDONNERIE KESTREL", "EUR", "shopping"),
        ("CENTRO DE BELLEZA ORION", "EUR", "shopping.personal_care"),
        ("BLUEFIN AUTOBEDRIJF", "EUR", "transportation"),
        ("ORION IJSSALON", "EUR", "food_dining.fast_food"),
        ("HARROW BILPROVNING", "SEK", "transportation"),
        ("BLUEFIN GATEKJØKKEN", "NOK", "food_dining.restaurants"),
        ("BLUEFIN GRILLBAR", "DKK", "food_dining.restaurants"),
        ("ORION AUTOHUOLTO", "EUR", "transportation"),
        ("KESTREL BHOJANALAYA", "INR", "food_dining.restaurants"),
        ("ALMA CONFECTIONERY", "NGN", "food_dining.groceries"),
    ],
)
def test_a_shop_that_nobody_knows_is_known_by_its_trade(
    description: str, currency: str, expected: str
) -> None:
    assert category(description, currency) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        ("GETRÄNKEMARKT SUED", "GETRAENKEMARKT SUED"),
        ("GASTSTÄTTE LINDE", "GASTSTAETTE LINDE"),
        ("OBST GEMÜSE YILMAZ", "OBST GEMUESE YILMAZ"),
        ("MÜLLABFUHR KREIS", "MUELLABFUHR KREIS"),
        ("DÖNER EXPRESS", "DOENER EXPRESS"),
        ("HÖRGERÄTE KLANG", "HOERGERAETE KLANG"),
    ],
)
def test_a_letter_and_how_banks_spell_it_out_mean_the_same(spellings: tuple[str, str]) -> None:
    one, other = (category(text, "EUR") for text in spellings)
    assert one == other
    assert one is not None


@pytest.mark.parametrize(
    ("description", "currency"),
    [
        # Of a bank's own bookkeeping: no training row is like it.
        ("RECHNUNG 2024-0091", "EUR"),
        ("STORNO B48-980", "EUR"),
        ("BATCH 96/3403", "USD"),
        ("VOUCHER #95231 CY", "USD"),
        ("KONTO 14148 #70102", "SEK"),
        ("FAKTURA 6J5A4W 8327916", "DKK"),
        ("KID 99123", "NOK"),
        ("OPER 22113 OFIC 0049", "EUR"),
        # A name of another country, glued to more, is just a word.
        ("COMPENSACION 77/9404", "EUR"),
        ("AVIS DE PRELEVEMENT 0012", "EUR"),
        ("MOBILE DEPOSIT 0091", "USD"),
    ],
)
def test_a_banks_own_words_are_of_no_category(description: str, currency: str) -> None:
    assert category(description, currency) is None


@pytest.mark.parametrize(
    "description", ["UNITED 0162233114 HOUSTON TX", "AMERICAN AIR0012244181 FORT WORTH"]
)
def test_the_number_of_an_air_ticket_tells_a_flight(description: str) -> None:
    assert category(description, "USD") == "travel.flights"


def test_a_town_behind_a_shop_is_no_trade() -> None:
    assert category("CB LIDL 2211 TOURS", "EUR") == "food_dining.groceries"
