"""Forecasts: shown where they are better than the month before repeated, and not where not."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from uuid import UUID

import pytest

from mintflow.domain.bills import country_of, free_days
from mintflow.ml.forecast import Forecast, Move, backtest, forecast, seasonal_naive

FREE = free_days(country_of("USD"))
BEGIN, TODAY = dt.date(2024, 1, 1), dt.date(2025, 3, 20)


class History:
    """Moves of one account."""

    def __init__(self) -> None:
        self.moves: list[Move] = []

    def move(self, day: dt.date, amount: str, payee: str, *, habit: bool = False) -> None:
        number = UUID(int=len(self.moves) + 1, version=4)
        self.moves.append(Move(number, day, Decimal(amount), payee.lower(), payee, habit))

    def forecast(self, balance: str = "1000.00", days: int = 90) -> Forecast:
        return forecast(self.moves, Decimal(balance), "USD", TODAY, FREE, days)


def household(seed: int) -> History:
    """Salary every second Friday, rent, a phone bill, and purchases on any day."""
    chance, made = random.Random(seed), History()
    payday, day = dt.date(2024, 1, 5), BEGIN
    while day <= TODAY:
        if (day - payday).days % 14 == 0:
            made.move(day, "1900.00", "Employer")
        if day.day == 1:
            made.move(day, "-1400.00", "Landlord")
        if day.day == 12:
            made.move(day, f"-{chance.randint(60, 90)}.00", "Phone company")
        if chance.random() < 0.7:
            spent = min(chance.lognormvariate(3.6, 0.9), 600)
            made.move(day, f"-{spent:.2f}", f"Shop {chance.randrange(30)}", habit=True)
        day += dt.timedelta(days=1)
    return made


def erratic(seed: int) -> History:
    """Large sums on random days: nothing is regular."""
    chance, made = random.Random(seed), History()
    day = BEGIN
    while day <= TODAY:
        if chance.random() < 0.1:
            made.move(day, f"{chance.choice([-1, 1]) * chance.randint(500, 5_000)}.00", f"P{day}")
        day += dt.timedelta(days=1)
    return made


def test_most_generated_households_get_a_forecast_that_beats_the_naive_one() -> None:
    made = [household(seed).forecast() for seed in range(12)]
    assert sum(one.shown for one in made) >= 9
    for one in made:
        assert one.backtest is not None
        assert one.shown == (one.backtest.error < one.backtest.naive_error)


def test_what_is_no_better_is_not_shown_and_says_both_errors() -> None:
    hidden = [one for one in (erratic(seed).forecast() for seed in range(12)) if not one.shown]
    assert hidden
    for one in hidden:
        assert one.backtest is not None
        assert (one.points, one.expected, one.low_point) == ((), (), None)
        assert f"{one.backtest.error:f} USD" in one.reason
        assert f"{one.backtest.naive_error:f}" in one.reason


def test_a_month_that_repeats_to_the_day_is_no_reason_for_a_forecast() -> None:
    """Plain seasonal-naive is exact there, and nothing is better than exact."""
    made = History()
    day = BEGIN
    while day <= TODAY:
        if day.day in (3, 17):
            made.move(day, "-10.00" if day.day == 3 else "12.00", f"P{day.day}")
        day += dt.timedelta(days=1)
    one = made.forecast()
    assert one.backtest is not None
    assert one.backtest.naive_error == 0
    assert not one.shown


def test_what_is_due_stands_on_its_day_with_its_amount() -> None:
    made = household(1).forecast()
    assert made.shown
    pay = [one for one in made.expected if one.payee == "Employer"]
    assert [one.date for one in pay][:2] == [dt.date(2025, 3, 28), dt.date(2025, 4, 11)]
    assert {one.amount for one in pay} == {Decimal("1900.00")}
    rents = [one.date for one in made.expected if one.payee == "Landlord"]
    assert rents[0] == dt.date(2025, 4, 1)
    assert len(made.points) == 90
    assert made.points[0][0] == TODAY + dt.timedelta(days=1)


def test_the_low_point_is_the_first_day_of_the_lowest_balance() -> None:
    made = household(1).forecast(balance="300.00")
    low = made.low_point
    assert low is not None
    assert low[1] == min(balance for _, balance in made.points)
    assert low[0] == next(day for day, balance in made.points if balance == low[1])


@pytest.mark.parametrize("days", [0, 100, 179])
def test_a_short_history_has_none(days: int) -> None:
    made = History()
    for ago in range(days, -1, -1):
        made.move(TODAY - dt.timedelta(days=ago), "-1.00", "Shop")
    one = made.forecast()
    assert (one.shown, one.backtest) == (False, None)
    assert "fewer than 180 days" in one.reason


def test_the_backtest_knows_nothing_of_the_days_that_it_is_held_to() -> None:
    made = household(3)
    cut = made.moves[-1].date - dt.timedelta(days=90)
    before = [one for one in made.moves if one.date <= cut]
    first = backtest(made.moves, "USD", FREE)
    assert first is not None
    # The naive forecast, worked out by hand from the days before alone.
    total, error, truth = Decimal(0), Decimal(0), Decimal(0)
    for number, flow in enumerate(seasonal_naive(before, cut, 90), 1):
        day = cut + dt.timedelta(days=number)
        total += flow
        truth += sum((one.amount for one in made.moves if one.date == day), Decimal(0))
        error += abs(total - truth)
    assert first.naive_error == round(error / 90, 2)
    assert (first.start, first.end) == (cut + dt.timedelta(days=1), made.moves[-1].date)


def test_what_is_dated_later_does_not_count() -> None:
    made = household(1)
    wanted = made.forecast()
    made.move(TODAY + dt.timedelta(days=1), "99999.00", "Lottery")
    assert made.forecast() == wanted
