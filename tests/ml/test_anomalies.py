"""Anomalies: what stands out is found with its figures, and what is a habit is not."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from mintflow.ml.anomalies import Charge, Finding, _Books, anomalies, deviation, median

TODAY = dt.date(2025, 3, 20)
ACCOUNT = UUID(int=1, version=4)


class Household:
    """A year of groceries each week, a fare each morning, a rent each month."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        chance = random.Random(1)
        day = dt.date(2024, 2, 1)
        while day <= TODAY:
            if day.weekday() == 5:
                self.charge(day, f"{chance.randint(55, 65)}.00", "Aldi", "groceries")
            if day.weekday() < 5:
                for _ in range(2):
                    self.charge(day, "2.50", "Metro", "transit")
            if day.day == 1:
                self.charge(day, "900.00", "Landlord", "rent")
            day += dt.timedelta(days=1)

    def charge(self, day: dt.date | str, amount: str, who: str, category: str) -> Charge:
        day = dt.date.fromisoformat(day) if isinstance(day, str) else day
        made = Charge(
            UUID(int=len(self.charges) + 10, version=4), day, ACCOUNT, "USD", Decimal(amount),
            who.lower(), who, {category: (category, Decimal(amount))},
        )  # fmt: skip
        self.charges.append(made)
        return made

    def found(self, today: dt.date = TODAY) -> list[Finding]:
        return anomalies(self.charges, today)

    def only(self) -> Finding:
        (one,) = self.found()
        return one


def test_an_even_life_has_no_insights() -> None:
    assert Household().found() == []


def test_a_month_far_above_its_median_is_a_spike_with_what_makes_it() -> None:
    home = Household()
    own = [home.charge("2025-03-04", f"{n}00.00", f"Shop {n}", "groceries") for n in (1, 2)]
    (spike,) = [one for one in home.found() if one.kind == "spike"]
    assert (spike.category, spike.severity) == ("groceries", "high")
    assert {one.transaction_id for one in own} < set(spike.transactions)
    assert spike.figures["months"] == 12
    assert "groceries took" in spike.reason
    assert "so far, usually" in spike.reason
    assert spike.transactions[0] == own[1].transaction_id


def test_what_comes_every_year_is_no_spike() -> None:
    home = Household()
    home.charge("2024-03-10", "600.00", "Insurer", "insurance")
    home.charge("2025-03-10", "620.00", "Insurer", "insurance")
    assert [one for one in home.found() if one.kind == "spike"] == []
    del home.charges[-2]
    (spike,) = [one for one in home.found() if one.kind == "spike"]
    assert "usually nothing" in spike.reason


def test_the_same_charge_twice_is_told_unless_it_is_a_habit_or_was_paid_back() -> None:
    home = Household()
    home.charge("2025-03-10", "80.00", "Gym", "fitness")
    second = home.charge("2025-03-12", "80.00", "Gym", "fitness")
    one = next(one for one in home.found() if one.kind == "duplicate_charge")
    assert one.transactions[1] == second.transaction_id
    assert one.reason == "Gym charged 80.00 USD twice within 2 days"
    # The fare of every morning, twice a day, is a habit: the even life above has none.
    home.charge("2025-03-15", "-80.00", "Gym", "fitness")
    assert [one for one in home.found() if one.kind == "duplicate_charge"] == []


def test_a_charge_far_above_what_its_merchant_takes_is_unusual() -> None:
    home = Household()
    charge = home.charge("2025-03-18", "180.00", "Aldi", "groceries")
    one = next(one for one in home.found() if one.kind == "unusual_amount")
    assert one.transactions == (charge.transaction_id,)
    assert "usually 60.50: the median of 52 charges" in one.reason
    home.charges[-1:] = []
    home.charge("2025-03-18", "70.00", "Aldi", "groceries")
    assert home.found() == []


def test_a_large_first_charge_of_a_new_merchant_is_told_and_a_second_one_is_not() -> None:
    home = Household()
    home.charge("2025-03-05", "950.00", "Gold Coins", "rent")
    one = next(one for one in home.found() if one.kind == "new_merchant")
    assert one.merchant == "Gold Coins"
    assert one.severity == "high"
    home.charge("2024-12-05", "5.00", "Gold Coins", "rent")
    assert [one for one in home.found() if one.kind == "new_merchant"] == []


@given(st.lists(st.integers(0, 900), min_size=40, max_size=60), st.lists(st.integers(0, 900)))
def test_what_is_large_is_that_of_the_year_before_in_whatever_order_days_come(
    days: list[int], asked: list[int]
) -> None:
    home = Household()
    begin = dt.date(2024, 1, 1)
    home.charges = []
    for number, day in enumerate(sorted(days)):
        amount = f"{number * 37 % 50 - 10}.00"
        home.charge(begin + dt.timedelta(days=day), amount, "Shop", "groceries")
    books = _Books(home.charges, TODAY)
    for day in (begin + dt.timedelta(days=one) for one in asked):
        year = sorted(
            one.amount
            for one in home.charges
            if day - dt.timedelta(days=365) <= one.date < day and one.amount > 0
        )
        large = year[int(len(year) * Decimal("0.95"))] if len(year) >= 20 else None
        assert books.large(day) == (large, len(year))


def test_in_new_books_nobody_is_a_new_merchant_and_no_month_is_unusual() -> None:
    home = Household()
    home.charges = [one for one in home.charges if one.date >= dt.date(2025, 3, 1)]
    home.charge("2025-03-10", "2000.00", "Gold Coins", "rent")
    assert home.found() == []


def test_what_is_dated_later_does_not_count() -> None:
    home = Household()
    home.charge("2025-03-18", "180.00", "Aldi", "groceries")
    assert home.found(dt.date(2025, 3, 17)) == []


def test_the_same_thing_is_about_the_same_in_any_order_and_on_any_day() -> None:
    home = Household()
    home.charge("2025-03-04", "700.00", "Shop", "groceries")
    home.charge("2025-03-10", "80.00", "Gym", "fitness")
    home.charge("2025-03-12", "80.00", "Gym", "fitness")
    first = home.found()
    assert len(first) >= 2
    home.charges.reverse()
    assert home.found() == first
    later = {one.about for one in home.found(dt.date(2025, 4, 3))}
    assert {one.about for one in first} <= later


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=30))
def test_half_of_the_amounts_lie_on_each_side_of_the_median(amounts: Sequence[Decimal]) -> None:
    middle = median(amounts)
    assert sum(one <= middle for one in amounts) * 2 >= len(amounts)
    assert sum(one >= middle for one in amounts) * 2 >= len(amounts)
    assert deviation([one + 7 for one in amounts]) == deviation(amounts) >= 0
