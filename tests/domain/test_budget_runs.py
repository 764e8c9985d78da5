"""Twenty years in one stride give what looking up every period by itself gives."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from uuid import UUID

import pytest
from domain.plain_budgets import any_budget, plain_carry, plain_periods
from hypothesis import given, settings
from hypothesis import strategies as st

from mintflow.domain.budgets import (
    Budget,
    Spending,
    Wish,
    carried_into,
    cycle_of,
    period_at,
    periods_between,
    runs_between,
    status_at,
    statuses_since,
    term_at,
)

FIRST, DAYS = dt.date(2022, 1, 1), 1_000
LEDGER = UUID(int=1)


@given(st.integers(0, 10**9), st.integers(-60, DAYS), st.integers(0, DAYS))
@settings(max_examples=400)
def test_periods_of_any_budget_are_those_that_are_looked_up(
    seed: int, begin: int, length: int
) -> None:
    terms = any_budget(random.Random(seed), LEDGER, ["food"], "USD", FIRST, DAYS).terms
    start = FIRST + dt.timedelta(days=begin)
    end = start + dt.timedelta(days=length)
    found = list(periods_between(terms, start, end))
    assert found == list(plain_periods(terms, start, end))
    runs = list(runs_between(terms, start, end))
    assert sum(len(run.borders) - 1 for run in runs) == len(found)
    assert all(list(run.borders) == sorted(set(run.borders)) for run in runs)


@given(st.integers(0, 10**9), st.dictionaries(st.integers(-30, DAYS), st.integers(-50, 90)))
@settings(max_examples=300)
def test_leftovers_of_any_budget_are_those_of_a_plain_walk(
    seed: int, by_day: dict[int, int]
) -> None:
    terms = any_budget(random.Random(seed), LEDGER, ["food"], "USD", FIRST, DAYS).terms
    spent = {FIRST + dt.timedelta(days=on): Decimal(amount) for on, amount in by_day.items()}
    spending = Spending.of(spent.items())
    for number in range(0, DAYS, 97):
        day = FIRST + dt.timedelta(days=number)
        status = status_at(terms, spending, day)
        held, period = term_at(terms, day), period_at(terms, day)
        if held is None or held.amount is None or period is None:
            assert status is None
            continue
        assert status is not None
        assert status.carried_in == plain_carry(terms, spent, day) == carried_into(
            terms, spending, period
        )  # fmt: skip
        assert status.spent == sum(
            amount for on, amount in spent.items() if period.first <= on <= period.last
        )


@given(
    st.integers(0, 10**9), st.dictionaries(st.integers(-30, DAYS), st.integers(-50, 90)),
    st.integers(-90, DAYS),
)  # fmt: skip
@settings(max_examples=200)
def test_period_after_period_stands_as_each_asked_for_alone(
    seed: int, by_day: dict[int, int], begin: int
) -> None:
    terms = any_budget(random.Random(seed), LEDGER, ["food"], "USD", FIRST, DAYS).terms
    spending = Spending.of(
        (FIRST + dt.timedelta(days=on), Decimal(amount)) for on, amount in by_day.items()
    )
    since = FIRST + dt.timedelta(days=begin)
    for status in statuses_since(terms, spending, since, since + dt.timedelta(days=250)):
        if status.term == term_at(terms, status.period.last):
            assert status == status_at(terms, spending, status.period.last)


@pytest.mark.parametrize("anchor", ["2024-01-01", "2024-01-28", "2024-01-29", "2024-01-31"])
@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_months_begin_on_their_last_day_where_they_are_too_short(period: str, anchor: str) -> None:
    cycle = cycle_of(period, dt.date.fromisoformat(anchor))
    wish = Wish("10", "USD", cycle, start=dt.date.fromisoformat(anchor))
    terms = Budget.set(LEDGER, ["food"], wish, dt.datetime(2024, 1, 1, tzinfo=dt.UTC)).terms
    end = dt.date(2032, 3, 1)
    [run] = runs_between(terms, dt.date.fromisoformat(anchor), end)
    for border in run.borders:
        day = dt.date.fromordinal(border)
        found = cycle.containing(day)
        assert found is not None
        assert found.first == day
    assert len(run.borders) > 8


def test_a_day_that_comes_twice_counts_twice() -> None:
    day = dt.date(2025, 3, 1)
    twice = Spending.of([(day, Decimal(3)), (day, Decimal("-1.50")), (day, Decimal(2))])
    assert twice.between(day, day) == Decimal("3.50")
    assert list(twice.within([day.toordinal() - 1, day.toordinal(), day.toordinal() + 1])) == [
        Decimal(0), Decimal("3.50"),
    ]  # fmt: skip
