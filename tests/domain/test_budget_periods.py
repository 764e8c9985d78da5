"""Periods of budgets: every kind, short months, changes of the kind; rollover and pace."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from domain.scenario import given as as_stored
from domain.scenario import refuses
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.budgets import (
    MONTHLY,
    Budget,
    BudgetPeriodNotUsable,
    BudgetStatus,
    Cycle,
    Period,
    RolloverCapNotUsable,
    Spending,
    Wish,
    budget_stream,
    cycle_of,
    pace_of,
    period_at,
    status_at,
    statuses_since,
)

LEDGER = UUID(int=1)
NOW = dt.datetime(2025, 3, 12, 12, tzinfo=dt.UTC)
CENT = Decimal("0.01")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def budget(cycle: Cycle, **facts: Any) -> Budget:
    return as_stored(Budget.set(LEDGER, ["food"], Wish("100", "USD", cycle, **facts), NOW))


def spent(**days: str) -> Spending:
    """days: as d2025_03_01="10"."""
    return Spending.of((day(name[1:].replace("_", "-")), Decimal(v)) for name, v in days.items())


@pytest.mark.parametrize(
    ("cycle", "on", "first", "last"),
    [
        (cycle_of("day"), "2025-03-12", "2025-03-12", "2025-03-12"),
        (cycle_of("week"), "2025-03-12", "2025-03-10", "2025-03-16"),
        (cycle_of("week", day("2030-01-06")), "2025-03-12", "2025-03-09", "2025-03-15"),
        (cycle_of("two_weeks", day("2025-03-14")), "2025-03-13", "2025-02-28", "2025-03-13"),
        (cycle_of("two_weeks", day("2025-03-14")), "2025-03-14", "2025-03-14", "2025-03-27"),
        (cycle_of("four_weeks", day("2025-03-14")), "2025-03-13", "2025-02-14", "2025-03-13"),
        (cycle_of("month"), "2024-02-29", "2024-02-01", "2024-02-29"),
        (cycle_of("month", day("2025-05-25")), "2025-03-12", "2025-02-25", "2025-03-24"),
        (cycle_of("month", day("2025-05-31")), "2025-03-12", "2025-02-28", "2025-03-30"),
        (cycle_of("month", day("2025-05-31")), "2025-02-27", "2025-01-31", "2025-02-27"),
        (cycle_of("month", day("2025-05-31")), "2024-02-29", "2024-02-29", "2024-03-30"),
        (cycle_of("month", day("2025-05-30")), "2025-02-28", "2025-02-28", "2025-03-29"),
        (cycle_of("quarter"), "2025-03-31", "2025-01-01", "2025-03-31"),
        (cycle_of("quarter", day("2025-05-31")), "2025-03-12", "2025-02-28", "2025-05-30"),
        (cycle_of("year"), "2025-03-12", "2025-01-01", "2025-12-31"),
        (cycle_of("year", day("2020-04-06")), "2025-04-05", "2024-04-06", "2025-04-05"),
        (cycle_of("year", day("2024-02-29")), "2025-03-12", "2025-02-28", "2026-02-27"),
        (cycle_of("custom", day("2025-03-01"), day("2025-03-20")), "2025-03-20",
         "2025-03-01", "2025-03-20"),
    ],
)  # fmt: skip
def test_a_day_lies_in_its_period(cycle: Cycle, on: str, first: str, last: str) -> None:
    assert cycle.containing(day(on)) == Period(day(first), day(last))


@given(
    st.sampled_from(["day", "week", "two_weeks", "four_weeks", "month", "quarter", "year"]),
    st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)),
    st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)),
)
def test_periods_follow_each_other_without_a_gap(period: str, anchor: dt.date, on: dt.date) -> None:
    cycle = cycle_of(period, anchor)
    found = cycle.containing(on)
    assert found is not None
    assert found.first <= on <= found.last
    following = cycle.containing(found.last + dt.timedelta(days=1))
    assert following is not None
    assert following.first == found.last + dt.timedelta(days=1)
    assert cycle.containing(found.first) == cycle.containing(found.last) == found
    own = cycle.containing(anchor)
    assert own is not None
    # Only where a month is too short does a period not begin on the day that was said.
    assert own.first == anchor or (anchor.month, anchor.day) == (2, 29)


@pytest.mark.parametrize(
    "asked",
    [("two_weeks",), ("custom",), ("custom", day("2025-03-01")), ("fortnight",),
     ("month", None, day("2025-03-01")), ("custom", day("2025-03-02"), day("2025-03-01"))],
)  # fmt: skip
def test_refuses_a_period_that_is_none(asked: tuple[Any, ...]) -> None:
    with pytest.raises(BudgetPeriodNotUsable):
        cycle_of(*asked)


def test_a_change_to_weeks_cuts_the_running_month_and_no_month_before() -> None:
    one = budget(MONTHLY)
    one.change(Wish("30", "USD", cycle_of("week")), NOW)
    assert period_at(one.terms, day("2025-03-09")) == Period(day("2025-03-01"), day("2025-03-09"))
    assert period_at(one.terms, day("2025-03-12")) == Period(day("2025-03-10"), day("2025-03-16"))
    assert period_at(one.terms, day("2025-02-28")) == Period(day("2025-02-01"), day("2025-02-28"))
    # The week of 1 March begins in February, which is over.
    early = budget(MONTHLY)
    early.change(Wish("30", "USD", cycle_of("week"), start=day("2025-03-01")), NOW)
    assert period_at(early.terms, day("2025-03-01")) == Period(day("2025-03-01"), day("2025-03-02"))
    assert period_at(early.terms, day("2025-02-28")) == Period(day("2025-02-01"), day("2025-02-28"))


def test_a_custom_period_comes_once_and_nothing_holds_around_it() -> None:
    one = budget(cycle_of("custom", day("2025-07-10"), day("2025-07-24")))
    found = [status_at(one.terms, spent(), day(d)) for d in ("2025-07-09", "2025-07-25")]
    assert found == [None, None]
    inside = status_at(one.terms, spent(d2025_07_10="30"), day("2025-07-24"))
    assert inside is not None
    assert inside.remaining == 70


def weekly(rollover: str, **facts: Any) -> list[Decimal]:
    """What is carried into five weeks: 100 each, of which 40, 130, 150 and 0 are spent."""
    one = budget(cycle_of("week"), rollover=rollover, start=day("2025-03-03"), **facts)
    days = spent(d2025_03_05="40", d2025_03_12="130", d2025_03_22="150")
    found = statuses_since(one.terms, days, day("2025-03-03"), day("2025-04-01"))
    for status in found:
        assert status == status_at(one.terms, days, status.period.last)
    return [status.carried_in for status in found]


def test_every_rollover_carries_what_it_says() -> None:
    assert weekly("none") == [0, 0, 0, 0, 0]
    assert weekly("surplus") == [0, 60, 30, 0, 100]
    assert weekly("both") == [0, 60, 30, -20, 80]
    assert weekly("capped", cap="25") == [0, 25, 0, 0, 25]


def test_a_deficit_is_less_to_spend() -> None:
    one = budget(MONTHLY, rollover="both", start=day("2025-02-01"))
    over = status_at(one.terms, spent(d2025_02_03="250", d2025_03_01="0"), day("2025-03-01"))
    assert over is not None
    assert (over.carried_in, over.remaining, over.status) == (-150, -50, "exceeded")
    assert over.ratio is None


@pytest.mark.parametrize(
    ("rollover", "cap"), [("capped", None), ("none", "5"), ("both", "5"), ("capped", "-1")]
)
def test_refuses_a_cap_that_caps_nothing(rollover: Any, cap: str | None) -> None:
    wish = Wish("100", "USD", MONTHLY, rollover=rollover, cap=cap)
    refuses(RolloverCapNotUsable, None, lambda: Budget.set(LEDGER, ["food"], wish, NOW))


def test_leftovers_stay_when_another_rollover_begins() -> None:
    one = budget(MONTHLY, rollover="surplus", start=day("2025-01-01"))
    one.change(Wish("100", "USD", MONTHLY, rollover="both", start=day("2025-03-01")), NOW)
    found = status_at(one.terms, spent(d2025_01_05="30", d2025_02_05="300"), day("2025-03-12"))
    assert found is not None
    assert found.carried_in == 0
    found = status_at(one.terms, spent(d2025_01_05="30", d2025_02_05="100"), day("2025-03-12"))
    assert found is not None
    assert found.carried_in == 70


def test_the_same_categories_in_any_order_are_one_budget() -> None:
    assert budget_stream(LEDGER, ["b", "a"]) == budget_stream(LEDGER, ["a", "b"])
    assert budget_stream(LEDGER, ["a", "b"]) != budget_stream(LEDGER, ["a"])


def march(amount: str, days: Spending) -> BudgetStatus:
    one = as_stored(Budget.set(LEDGER, ["food"], Wish(amount, "USD", MONTHLY), NOW))
    found = status_at(one.terms, days, day("2025-03-12"))
    assert found is not None
    return found


def test_says_on_which_day_it_runs_over_at_this_rate() -> None:
    """14 a day until the 10th: 310 are gone during the 23rd."""
    days = spent(d2025_03_02="100", d2025_03_10="40")
    pace = pace_of(march("310", days), days, day("2025-03-10"), CENT)
    assert pace is not None
    assert (pace.daily, pace.projected) == (Decimal("14.00"), Decimal("434.00"))
    assert pace.runs_over_on == day("2025-03-23")
    assert pace.text == "at this rate you run over on the 23rd of March"


def test_a_pace_that_lasts_and_one_that_is_over() -> None:
    days = spent(d2025_03_02="100")
    lasts = pace_of(march("310", days), days, day("2025-03-10"), CENT)
    assert lasts is not None
    assert (lasts.projected, lasts.runs_over_on) == (Decimal("310.00"), None)
    over = pace_of(march("99", days), days, day("2025-03-10"), CENT)
    assert over is not None
    assert (over.runs_over_on, over.text) == (day("2025-03-02"), "ran over on the 2nd of March")
    nothing = pace_of(march("0", spent()), spent(), day("2025-03-10"), CENT)
    assert nothing is not None
    assert nothing.runs_over_on is None
    assert pace_of(march("99", days), days, day("2025-04-01"), CENT) is None


def test_what_is_booked_for_later_is_part_of_the_pace() -> None:
    days = spent(d2025_03_02="10", d2025_03_25="300")
    pace = pace_of(march("305", days), days, day("2025-03-10"), CENT)
    assert pace is not None
    assert pace.projected == Decimal("331.00")
    assert pace.runs_over_on == day("2025-03-25")


def test_a_day_that_just_reaches_the_limit_does_not_run_over() -> None:
    days = spent(d2025_03_01="40")
    pace = pace_of(march("80", days), days, day("2025-03-06"), CENT)
    assert pace is not None
    assert pace.runs_over_on == day("2025-03-13")


def test_a_tenth_of_a_cent_beyond_the_limit_is_beyond_it() -> None:
    days = spent(d2025_03_01="0.01")
    pace = pace_of(march("0.01", days), days, day("2025-03-30"), CENT)
    assert pace is not None
    assert pace.runs_over_on == day("2025-03-31")


@given(
    st.integers(1, 31), st.dictionaries(st.integers(1, 31), st.integers(-50, 90)),
    st.integers(0, 500),
)  # fmt: skip
def test_a_pace_is_what_a_day_by_day_count_says(
    today: int, by_day: dict[int, int], limit: int
) -> None:
    days = Spending.of(
        (dt.date(2025, 3, on), Decimal(s)) for on, s in by_day.items() if on <= today
    )
    pace = pace_of(march(str(limit), days), days, dt.date(2025, 3, today), CENT)
    assert pace is not None
    so_far = sum(s for on, s in by_day.items() if on <= today)
    total, over = Decimal(so_far), None
    rate = Decimal(max(so_far, 0)) / today
    for on in range(today + 1, 32):
        total = so_far + Decimal(max(so_far, 0) * (on - today)) / today
        if total > limit and over is None and max(so_far, 0) * on > limit * today:
            over = dt.date(2025, 3, on)
    assert abs(pace.projected - (so_far + rate * (31 - today))) <= CENT
    if so_far > limit:
        assert pace.text.startswith("ran over")
    else:
        assert pace.runs_over_on == over
