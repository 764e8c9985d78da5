"""Recurring streams: which cases are one, which are habits, and what comes next."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.bills import (
    Schedule,
    country_of,
    free_days,
)
from mintflow.domain.bills.schedule import Frequency, Roll
from mintflow.ml.recurring import Payment, RecurringStream, is_habit, recurring_streams
from mintflow.ml.recurring.remembered import Remembered

END = dt.date(2025, 11, 20)


def days_of(
    frequency: Frequency, days: tuple[int, ...] = (), *, roll: Roll = "none",
    since: dt.date = dt.date(2024, 1, 3), until: dt.date = END, country: str = "GB",
) -> list[dt.date]:  # fmt: skip
    schedule = Schedule(frequency, since, days, roll=roll)
    return [day for _, day in schedule.between(since, until, free_days(country))]


def paid(
    days: Iterable[dt.date], *amounts: str, habit: bool = False, income: bool = False
) -> list[Payment]:
    """Payments on these days; amounts go round."""
    return [
        Payment(
            day.toordinal(), Decimal(amounts[at % len(amounts)]), "GBP", "payee", income, habit, at
        )
        for at, day in enumerate(days)
    ]


def found(payments: Iterable[Payment], horizon: dt.date = END) -> list[RecurringStream]:
    return recurring_streams(
        payments, horizon=horizon, free_of=lambda currency: free_days(country_of(currency))
    )


@pytest.mark.parametrize(
    ("frequency", "days", "roll"),
    [
        ("weekly", (), "none"), ("two_weekly", (), "following"), ("four_weekly", (), "preceding"),
        ("semi_monthly", (15, 31), "preceding"), ("semi_monthly", (1, 15), "following"),
        ("monthly", (1,), "following"), ("monthly", (31,), "preceding"), ("monthly", (30,), "none"),
        ("quarterly", (28,), "following"), ("half_yearly", (5,), "none"), ("yearly", (29,), "none"),
    ],
)  # fmt: skip
def test_finds_each_frequency_and_its_next_day(
    frequency: Frequency, days: tuple[int, ...], roll: Roll
) -> None:
    since = dt.date(2022, 12, 1)
    all_days = days_of(frequency, days, roll=roll, since=since, until=dt.date(2027, 1, 1))
    past = [day for day in all_days if day <= END]
    (stream,) = found(paid(past, "25.00"))
    assert (stream.frequency, stream.status) == (frequency, "mature")
    assert stream.due is not None
    assert abs((stream.due - all_days[len(past)]).days) <= 2
    assert (stream.amount, stream.missed) == (Decimal("25.00"), 0)


def test_groceries_every_saturday_are_a_habit_and_no_bill() -> None:
    chance = random.Random(1)
    amounts = [f"{chance.uniform(20, 140):.2f}" for _ in range(100)]
    assert found(paid(days_of("weekly"), *amounts)) == []


def test_a_varying_bill_by_the_month_is_one_and_a_habit_of_daily_life_is_none() -> None:
    rows = paid(days_of("monthly", (5,)), "61.20", "70.10", "48.90", "55.00", "90.31")
    (stream,) = found(rows)
    assert not stream.fixed
    assert (stream.lowest, stream.highest) == (Decimal("48.90"), Decimal("90.31"))
    habit = paid(days_of("monthly", (5,)), "61.20", "70.10", "48.90", "55.00", habit=True)
    assert found(habit) == []


def test_two_prices_of_one_payee_are_two_streams() -> None:
    rows = paid(days_of("monthly", (3,)), "2.99") + paid(days_of("monthly", (17,)), "9.99")
    assert sorted(stream.amount for stream in found(rows)) == [Decimal("2.99"), Decimal("9.99")]
    same_day = paid(days_of("monthly", (3,)), "2.99") + paid(days_of("monthly", (3,)), "9.99")
    assert len(found(same_day)) == 2


def test_a_price_rise_is_the_same_stream_and_told_with_its_day() -> None:
    days = days_of("monthly", (7,))
    rows = paid(days[:-1], "9.99") + paid(days[-1:], "10.99")
    (stream,) = found(rows)
    assert stream.price_change is not None
    assert stream.price_change.before == Decimal("9.99")
    assert stream.price_change.after == stream.amount == Decimal("10.99")
    assert stream.price_change.since == days[-1]


def test_one_missed_month_and_a_double_charge_break_nothing() -> None:
    days = days_of("monthly", (7,))
    rows = paid([*days[:5], *days[6:]], "9.99")
    rows += paid([days[8] + dt.timedelta(days=1)], "9.99")
    (stream,) = found(rows)
    assert stream.missed == 1
    assert stream.due == dt.date(2025, 12, 7)


def test_a_subscription_is_found_among_the_purchases_of_a_shop() -> None:
    chance = random.Random(2)
    bought = [dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(680)) for _ in range(60)]
    amounts = [f"{chance.uniform(5, 90):.2f}" for _ in bought]
    rows = paid(bought, *amounts) + paid(days_of("monthly", (12,)), "8.99")
    (stream,) = found(rows)
    assert stream.amount == Decimal("8.99")


def test_two_payments_are_early_three_are_mature_and_a_year_needs_two() -> None:
    days = days_of("monthly", (7,), since=dt.date(2025, 9, 1))
    assert [found(paid(days[:n], "9.99"), days[n - 1])[0].status for n in (2, 3)] == [
        "early",
        "mature",
    ]
    (yearly,) = found(paid(days_of("yearly", (7,), since=dt.date(2023, 12, 1)), "80.00", "85.00"))
    assert (yearly.status, yearly.due) == ("mature", dt.date(2025, 12, 7))


def test_what_stopped_has_ended_and_no_next_day() -> None:
    days = days_of("monthly", (7,), until=dt.date(2025, 8, 1))
    (stream,) = found(paid(days, "9.99"))
    assert (stream.status, stream.due) == ("ended", None)
    (one_missed,) = found(paid(days, "9.99"), dt.date(2025, 8, 25))
    assert (one_missed.status, one_missed.due) == ("mature", dt.date(2025, 9, 7))


def test_income_is_apart_from_spending_with_the_same_payee() -> None:
    rows = paid(days_of("monthly", (7,)), "30.00")
    rows += paid(days_of("monthly", (25,)), "1800.00", income=True)
    assert {stream.payments[0].income for stream in found(rows)} == {True, False}


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 5_000)), max_size=60))
def test_any_history_gives_streams_that_hold_each_payment_once(
    rows: list[tuple[int, int]],
) -> None:
    first = dt.date(2023, 1, 1).toordinal()
    payments = [
        Payment(first + day, Decimal(cents) / 100, "EUR", "payee", False, False, at)
        for at, (day, cents) in enumerate(rows)
    ]
    streams = found(payments)
    held = [payment.ref for stream in streams for payment in stream.payments]
    assert len(held) == len(set(held))
    for stream in streams:
        assert list(stream.slots) == sorted(set(stream.slots))
        assert stream.missed == stream.slots[-1] - stream.slots[0] + 1 - len(stream.slots)
        assert stream.due is None or stream.due > dt.date.fromordinal(stream.payments[-1].day)
    shuffled = sorted(payments, key=lambda one: one.ref % 7)
    again = found(shuffled)
    assert [(one.frequency, one.amount) for one in again] == [
        (one.frequency, one.amount) for one in streams
    ]


def test_what_is_remembered_is_what_looking_again_would_find() -> None:
    days = days_of("monthly", (5,))
    first = found(paid(days, "9.99"))
    again = paid(days, "9.99")
    [stream] = found(again)
    assert stream == first[0]
    assert all(one is other for one, other in zip(stream.payments, again, strict=True))
    [dearer] = found(paid(days, "10.99"))
    assert dearer.amount == Decimal("10.99")
    # Of a habit only a fixed price is a bill: the same days and amounts are another question.
    varying = ("9.99", "14.20", "11.05", "18.70")
    assert found(paid(days, *varying))
    assert not found(paid(days, *varying, habit=True))


def test_only_so_many_answers_are_remembered() -> None:
    held = Remembered[int](answers_max=2)
    asked: list[int] = []

    def answer(number: int) -> int:
        def look() -> int:
            asked.append(number)
            return number

        return held.get([str(number)], None, look)

    assert [answer(number) for number in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert asked == [1, 2, 3, 2]


def test_what_a_payee_gives_back_is_no_income_of_his() -> None:
    days = days_of("monthly", (5,))
    back = [day + dt.timedelta(days=4) for day in days[3:9]]
    streams = found([*paid(days, "9.99"), *paid(back, "9.99", income=True)])
    assert [(one.payments[0].income, len(one.payments)) for one in streams] == [(False, len(days))]


def test_wages_from_one_who_is_paid_now_and_then_are_income() -> None:
    days = days_of("monthly", (28,))
    streams = found([*paid(days, "2100.00", income=True), *paid(days[:2], "2100.00")])
    assert [one.payments[0].income for one in streams if len(one.payments) > 2] == [True]


def test_a_payee_that_renames_itself_goes_on() -> None:
    days = days_of("monthly", (12,))
    before, after = paid(days[:9], "14.99"), paid(days[9:], "14.99")
    names = [(before, "gymbox club"), (after, "gymbox fitness")]
    rows = [replace(one, payee=name) for part, name in names for one in part]
    (stream,) = found(rows)
    assert (len(stream.payments), stream.status) == (len(days), "mature")
    # Another price under another name is another contract, and so is one beside the other.
    other = [replace(one, amount=Decimal("24.99")) for one in rows[9:]]
    assert len(found([*rows[:9], *other])) == 2
    both = [replace(one, payee="gymbox fitness") for one in paid(days, "14.99")]
    assert len(found([*rows[:9], *both])) == 2


def test_the_next_day_is_that_of_the_newest_payments() -> None:
    old = [dt.date(2024, month, 19) for month in range(1, 13)]
    new = [dt.date(2025, month, 24) for month in range(1, 11)]
    (stream,) = found(paid([*old, *new], "45.00"), dt.date(2025, 11, 1))
    assert stream.due == dt.date(2025, 11, 24)


@pytest.mark.parametrize(
    ("category", "text", "habit"),
    [
        ("food_dining.groceries", "COSTCO WHSE 114", True),
        ("food_dining.groceries", "COSTCO ANNUAL MEMBERSHIP", False),
        ("transportation.public_transit", "BAHNCARD ABO 2211", False),
        ("transportation.public_transit", "BVG EINZELFAHRT", True),
        ("bills.phone", "TELIA", False),
    ],
)
def test_what_says_that_it_is_a_contract_is_no_habit(category: str, text: str, habit: bool) -> None:
    assert is_habit(category, text) == habit
