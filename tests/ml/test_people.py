"""A payment to a person says nothing of what for, whatever shop has that person's name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row, Suggestion
from mintflow.ml.people import person_in
from mintflow.ml.words import words_of

BUILT_IN = BuiltIn()


def told(description: str, currency: str, amount: str = "-20") -> Suggestion:
    return BUILT_IN.suggest([Row(description, Decimal(amount), currency)])[0]


@pytest.mark.parametrize(
    ("description", "currency"),
    [
        ("ÜBERWEISUNG THOMAS MÜLLER", "EUR"),
        ("ECHTZEITÜBERWEISUNG PETER DOUGLAS", "EUR"),
        ("OTTO SCHMIDT", "EUR"),
        ("VIR PAUL MARTIN", "EUR"),
        ("VIREMENT SEPA SOPHIE PICARD", "EUR"),
        ("TIKKIE LISA BAKKER", "EUR"),
        ("TRANSFERENCIA A MARIA ZARA", "EUR"),
        ("MRS H BOOTS", "GBP"),
        ("FPO HARRY GREGGS REF 73035800", "GBP"),
        ("BGC CRAIG BUTCHER", "GBP"),
        ("ZELLE PAYMENT TO JAMES FORD 8812", "USD"),
        ("CASH APP*WENDY HILTON", "USD"),
        ("MARY PENNY", "USD"),
        ("VIPPS*OLA NORDMANN", "NOK"),
        ("MOBILEPAY PEKKA NESTE", "EUR"),
        ("UPI/DR/19311218/RAMESH DOCTOR/SBIN/Payment", "INR"),
        ("NIP/GTB/CHIDI OKAFOR", "NGN"),
        ("FISCHER, SABINE", "EUR"),
    ],
)
def test_who_has_a_shops_name_is_no_shop(description: str, currency: str) -> None:
    assert told(description, currency).category in (None, "transfer")


@pytest.mark.parametrize(
    ("description", "currency", "category"),
    [
        ("PAUL LYON 02", "EUR", "food_dining.groceries"),
        ("PAUL BOULANGERIE", "EUR", "food_dining.groceries"),
        ("OTTO GMBH HAMBURG", "EUR", "shopping"),
        ("THOMAS COOK REISEN", "EUR", "travel"),
        ("JOHN LEWIS OXFORD ST", "GBP", "shopping"),
        ("ROSS STORES #221", "USD", "shopping.clothing"),
        ("WENDYS 00342 COLUMBUS OH", "USD", "food_dining.fast_food"),
        ("DAUERAUFTRAG MIETE PETER SCHMIDT", "EUR", "housing.rent"),
        ("NEFT RENT MARCH R SHARMA", "INR", "housing.rent"),
        ("GANESH MEDICALS", "INR", "health.pharmacy"),
        ("OLA CABS", "INR", "transportation.ride_share"),
        ("DOCTEUR LEFEVRE MARTINE", "EUR", "health.doctor"),
        ("DOUGLAS KOELN", "EUR", "shopping.personal_care"),
    ],
)
def test_a_shop_that_has_a_persons_name_stays_one(
    description: str, currency: str, category: str
) -> None:
    assert told(description, currency).category == category


def test_what_a_payment_to_a_person_says_besides_counts() -> None:
    assert told("ZELLE TO MARIA GARCIA PLUMBING", "USD").category == "housing.maintenance"


def test_the_reason_says_that_a_person_was_paid() -> None:
    assert "person" in told("ÜBERWEISUNG THOMAS MÜLLER", "EUR").reason


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ZELLE TO MARIA GARCIA CLEANING", "maria garcia"),
        ("SEPA-ÜBERWEISUNG AN ANNA VAN DIJK 0012", "anna van dijk"),
        ("P. JANSEN", "p jansen"),
        ("MR A SMITH", "mr a smith"),
        ("REWE SAGT DANKE", ""),
        ("JAMES BUTCHER LEEDS", ""),
        ("DR PETER MEIER", ""),
        ("", ""),
        ("12345", ""),
    ],
)
def test_a_name_is_where_one_pays_or_where_both_names_are_known(text: str, name: str) -> None:
    words = words_of(text)
    found = person_in(text, words)
    assert " ".join(words[at] for at in found or ()) == name
