"""Rows of one payee speak for each other where they come together, and only for the unsure ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import pytest

from mintflow.ml.builtin import built_in
from mintflow.ml.categorize import Row, Suggestion, nothing
from mintflow.ml.peers import with_peers

DAY = dt.date(2025, 3, 7)


def row(text: str, amount: str = "-30", day: dt.date = DAY, **facts: str) -> Row:
    return Row(text, Decimal(amount), "USD", day, facts.pop("kind", "checking"), **facts)


def asked(*rows: Row) -> list[Suggestion]:
    return with_peers(rows, built_in().suggest(rows))


def categories(*rows: Row) -> list[str | None]:
    return [one.category for one in asked(*rows)]


def of_strangers(rows: Iterable[Row]) -> list[Suggestion]:
    """Nobody knows anything of them."""
    given = list(rows)
    return with_peers(given, [nothing("unknown", "Zerbulon") for _ in given])


EATEN = [row("Laut 44", memo="Eating out with Joe"), row("Laut 12", memo="Eating out alone")]


def test_a_visit_without_a_word_is_what_the_others_are() -> None:
    assert categories(row("Laut 9")) == [None]
    *_, told = asked(*EATEN, row("Laut 9"))
    assert (told.category, told.source) == ("food_dining.restaurants", "merchant")
    assert told.reason == "most rows of this payee are that"


def test_a_refund_goes_to_what_was_bought() -> None:
    assert categories(*EATEN, row("Laut", "12.34", memo="REFUND"))[-1] == "food_dining.restaurants"


def test_one_visit_or_a_divided_opinion_says_nothing() -> None:
    assert categories(EATEN[0], row("Laut 9"), row("Laut 10"))[1:] == [None, None]
    other = row("Laut", memo="monthly rent")
    assert categories(*EATEN, other, row("Laut 9"))[-1] is None


def test_a_guess_of_some_visits_is_one_of_all() -> None:
    guess = Suggestion("food_dining.groceries", "Onion", 0.68, "LOW", "model", "reads like it")
    rows = [row("Onion Market", "-30"), row("Onion Market", "-32"), row("Onion Market", "-95")]
    silent = nothing("unknown", "Onion")
    told = with_peers(rows, [guess, guess, silent])
    assert [one.category for one in told] == ["food_dining.groceries"] * 3
    other = Suggestion("bills.phone", "Onion", 0.68, "LOW", "model", "reads like it")
    assert with_peers(rows, [guess, other, silent])[2].category is None


def test_what_is_sure_stays_as_it_is() -> None:
    assert categories(*EATEN, row("Laut", memo="monthly rent"))[-1] == "housing.rent"


def test_rows_that_name_nobody_say_nothing_of_each_other() -> None:
    numbers = [row("4411 22", memo="Eating out"), row("4411 23", memo="Eating out")]
    assert categories(*numbers, row("4411 24"))[-1] is None


def test_an_unknown_name_that_pays_every_second_week_pays_wages() -> None:
    days = [DAY + dt.timedelta(days=14 * n) for n in range(5)]
    told = of_strangers(row("Zerbulon", "1350.60", day) for day in days)
    assert {one.category for one in told} == {"income.salary"}
    assert {one.reason for one in told} == {"comes in regularly from one payee"}


@pytest.mark.parametrize(
    ("amount", "step", "kind"),
    [("1350.60", 9, "checking"), ("250.00", 14, "checking"), ("1350.60", 14, "credit_card")],
)
def test_other_money_in_is_not_called_wages(amount: str, step: int, kind: str) -> None:
    gaps = [0, 3, 40, 55, 57] if step == 9 else [step * n for n in range(5)]
    rows = [row("Zerbulon", amount, DAY + dt.timedelta(days=gap), kind=kind) for gap in gaps]
    assert {one.category for one in of_strangers(rows)} == {None}


def test_nothing_in_gives_nothing_out() -> None:
    assert with_peers([], []) == []
