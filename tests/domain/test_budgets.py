"""Budgets: what holds in a month, what was spent of it, and what is carried on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from domain.scenario import events_of, facts_of, refuses
from domain.scenario import given as as_stored
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.budgets import (
    MONTHLY,
    AlertThresholdNotUsable,
    Budget,
    BudgetAmountNotUsable,
    BudgetNotFound,
    BudgetStatus,
    BudgetTerm,
    Period,
    Spending,
    Wish,
    carried_into,
    cycle_of,
    status_at,
    term_at,
    with_term,
)
from mintflow.domain.core.ids import budget_id
from mintflow.domain.core.money import CurrencyMustMatch, TooManyDigits, UnknownCurrency
from mintflow.domain.core.time import Month

LEDGER = UUID(int=1)
NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
MARCH, APRIL, MAY, JUNE = (Month(2025, month) for month in (3, 4, 5, 6))


def wish(amount: str = "100", **facts: Any) -> Wish:
    """facts: start as a month or a day, and those of a wish."""
    start = facts.pop("start", None)
    day = start.first if isinstance(start, Month) else start
    given_facts: dict[str, Any] = {"currency": "USD", "cycle": MONTHLY, **facts}
    return Wish(amount, start=day, **given_facts)


def budget(amount: str = "100", **facts: Any) -> Budget:
    return as_stored(Budget.set(LEDGER, ["food"], wish(amount, **facts), NOW))


def spending(months: dict[str, Decimal]) -> Spending:
    """months: like "2025-03"."""
    return Spending.of((Month.parse(month).first, spent) for month, spent in months.items())


def period(month: Month) -> Period:
    return Period(month.first, month.last)


def status(one: Budget, month: Month, **spent: str) -> BudgetStatus | None:
    """spent: as m2025_03="10"."""
    by_month = {name[1:].replace("_", "-"): Decimal(value) for name, value in spent.items()}
    return status_at(one.terms, spending(by_month), month.first)


def test_a_first_budget_without_a_start_holds_for_every_month() -> None:
    one = Budget.set(LEDGER, ["food"], wish(rollover="surplus"), NOW)
    assert one.id == budget_id(LEDGER, "food")
    term = BudgetTerm("", Decimal("100.00"), "surplus", Decimal("0.8"), "2025-03-01")
    assert facts_of(events_of(one)[0]) == {
        "category_ids": ("food",),
        "currency": "USD",
        "term": term,
    }
    for month in (Month(1999, 1), MARCH, Month(2030, 12)):
        found = status(one, month)
        assert found is not None
        assert found.budgeted == 100


def test_a_budget_with_a_start_holds_from_then_on() -> None:
    one = budget(start=APRIL)
    assert status(one, MARCH) is None
    assert status(one, APRIL) is not None


@pytest.mark.parametrize(
    ("spent", "expected", "ratio"),
    [
        ("0", "ok", "0.0000"),
        ("-20", "ok", "-0.2000"),
        ("79.99", "ok", "0.7999"),
        ("80", "warning", "0.8000"),
        ("99.99", "warning", "0.9999"),
        ("100", "warning", "1.0000"),
        ("100.01", "exceeded", "1.0001"),
        ("1000000", "exceeded", "10000.0000"),
    ],
)
def test_warns_from_the_threshold_and_is_exceeded_only_beyond_the_limit(
    spent: str, expected: str, ratio: str
) -> None:
    found = status(budget(), MARCH, m2025_03=spent)
    assert found is not None
    assert (found.status, str(found.ratio)) == (expected, ratio)
    assert found.remaining == Decimal(100) - Decimal(spent)


@pytest.mark.parametrize(
    ("spent", "expected"), [("0", "ok"), ("0.01", "exceeded"), ("-0.01", "ok")]
)
def test_a_budget_of_nothing_is_exceeded_by_the_first_cent(spent: str, expected: str) -> None:
    found = status(budget("0"), MARCH, m2025_03=spent)
    assert found is not None
    assert (found.status, found.ratio) == (expected, None)


def test_a_threshold_of_one_warns_only_at_the_limit() -> None:
    one = budget(alert_threshold=Decimal(1))
    assert [
        getattr(status(one, MARCH, m2025_03=spent), "status", None) for spent in ("99.99", "100")
    ] == ["ok", "warning"]


@pytest.mark.parametrize(
    "threshold", ["0", "-0.1", "1.01", "NaN", "inf", "0.0000001", "0." + "3" * 50]
)
def test_refuses_a_threshold_that_is_no_share(threshold: str) -> None:
    refuses(AlertThresholdNotUsable, None, lambda: budget(alert_threshold=Decimal(threshold)))


@pytest.mark.parametrize("amount", ["-0.01", "-100"])
def test_refuses_a_budget_below_nothing(amount: str) -> None:
    refuses(BudgetAmountNotUsable, None, lambda: budget(amount))
    one = budget()
    refuses(
        BudgetAmountNotUsable,
        one,
        lambda: one.change(wish(amount), NOW),
    )


def test_refuses_digits_and_currencies_that_there_are_not() -> None:
    refuses(TooManyDigits, None, lambda: budget("0.001"))
    refuses(UnknownCurrency, None, lambda: budget(currency="QQQ"))
    one = budget()
    refuses(
        CurrencyMustMatch,
        one,
        lambda: one.change(wish("1", currency="EUR", start=None, rollover="none"), NOW),
    )


def test_a_change_begins_this_month_and_closed_months_keep_what_they_had() -> None:
    one = budget()
    one.change(wish("150", currency="USD", start=None, rollover="none"), NOW)
    assert facts_of(events_of(one)[0])["term"].start == "2025-03-01"
    february, march = status(one, Month(2025, 2)), status(one, MARCH)
    assert february is not None
    assert march is not None
    assert (february.budgeted, march.budgeted) == (100, 150)


def test_a_change_may_say_when_it_begins_and_later_ones_stay() -> None:
    one = budget()
    one.change(wish("300", currency="USD", start=JUNE, rollover="none"), NOW)
    one.change(wish("200", currency="USD", start=APRIL, rollover="none"), NOW)
    amounts = [getattr(status(one, month), "budgeted", None) for month in (MARCH, APRIL, MAY, JUNE)]
    assert amounts == [100, 200, 200, 300]


def test_saying_the_same_again_changes_nothing() -> None:
    one = budget()
    one.change(wish("100.00", currency="USD", start=None, rollover="none"), NOW)
    assert events_of(one) == []


def test_an_archived_budget_ends_and_its_months_before_stay() -> None:
    one = budget()
    one.archive(APRIL.first, NOW)
    assert status(one, MARCH) is not None
    assert status(one, APRIL) is None
    refuses(BudgetNotFound, one, lambda: one.archive(MAY.first, NOW))
    one.change(wish("50", currency="USD", start=MAY, rollover="none"), NOW)
    found = status(one, MAY)
    assert found is not None
    assert found.budgeted == 50
    assert status(one, APRIL) is None


def test_refuses_to_archive_before_it_began() -> None:
    one = budget(start=APRIL)
    refuses(BudgetNotFound, one, lambda: one.archive(MARCH.first, NOW))
    refuses(BudgetNotFound, one, lambda: one.archive(None, NOW))


def test_what_is_left_over_is_carried_on_and_overspending_is_forgiven() -> None:
    one = budget(rollover="surplus")
    spent = {"m2025_03": "60", "m2025_04": "30", "m2025_05": "500", "m2025_06": "10"}
    carried = [
        getattr(status(one, month, **spent), "carried_in", None)
        for month in (MARCH, APRIL, MAY, JUNE, Month(2025, 7))
    ]
    assert carried == [0, 40, 110, 0, 90]
    april = status(one, APRIL, **spent)
    assert april is not None
    assert (april.remaining, april.status, str(april.ratio)) == (110, "ok", "0.2143")


def test_a_refund_is_carried_on_too() -> None:
    found = status(budget(rollover="surplus"), APRIL, m2025_03="-20")
    assert found is not None
    assert found.carried_in == 120


def test_nothing_is_carried_from_before_it_was_made() -> None:
    """A budget without a start holds for past months, but they owe it nothing."""
    found = status(budget(rollover="surplus"), MARCH)
    assert found is not None
    assert found.carried_in == 0


def test_carrying_goes_on_over_a_change_of_the_amount() -> None:
    one = budget(rollover="surplus")
    one.change(wish("200", currency="USD", start=MAY, rollover="surplus"), NOW)
    found = status(one, MAY, m2025_03="60", m2025_04="100")
    assert found is not None
    assert (found.carried_in, found.remaining) == (40, 240)


def test_carrying_begins_anew_where_it_was_switched_on_or_the_budget_had_ended() -> None:
    one = budget()
    one.change(wish("100", currency="USD", start=APRIL, rollover="surplus"), NOW)
    assert carried_into(one.terms, spending({}), period(APRIL)) == 0
    assert carried_into(one.terms, spending({}), period(MAY)) == 100
    one.archive(MAY.first, NOW)
    one.change(wish("100", currency="USD", start=JUNE, rollover="surplus"), NOW)
    assert carried_into(one.terms, spending({}), period(JUNE)) == 0
    assert carried_into(one.terms, spending({}), period(Month(2025, 7))) == 100


def test_what_is_carried_is_told_by_the_terms_in_whatever_order_they_were_said() -> None:
    def made(*said: tuple[Month, str, str]) -> Budget:
        first, *others = [
            wish(amount, currency="USD", start=start, rollover=rollover)
            for start, rollover, amount in said
        ]
        one = Budget.set(LEDGER, ["food"], first, NOW)
        for other in others:
            one.change(other, NOW)
        return one

    in_order = made((MARCH, "surplus", "100"), (MAY, "surplus", "50"))
    backwards = made((MAY, "surplus", "50"), (MARCH, "surplus", "100"))
    corrected = made((MARCH, "surplus", "100"), (MAY, "none", "9"), (MAY, "surplus", "50"))
    taken_back = made((MARCH, "surplus", "100"), (APRIL, "none", "9"), (MAY, "surplus", "50"))
    taken_back.restore([one for one in taken_back.terms if one.start != "2025-04-01"], NOW)
    for one in (in_order, backwards, corrected, taken_back):
        assert [term.start for term in one.terms] == ["2025-03-01", "2025-05-01"]
        assert carried_into(one.terms, spending({}), period(MAY)) == 200
        assert carried_into(one.terms, spending({}), period(JUNE)) == 250
    switched_off = made((MARCH, "surplus", "1"), (MAY, "surplus", "50"), (APRIL, "none", "9"))
    by_week = made((MARCH, "surplus", "1"), (MAY, "surplus", "50"))
    week = wish("7", currency="USD", start=APRIL, rollover="surplus")
    by_week.change(replace(week, cycle=cycle_of("week", None)), NOW)
    for one in (switched_off, by_week):
        assert carried_into(one.terms, spending({}), period(MAY)) == 0
        assert carried_into(one.terms, spending({}), period(JUNE)) == 50


def test_eighteen_digits_are_carried_exactly() -> None:
    smallest = "0.000000000000000001"
    one = budget("999999999999999", currency="ETH", rollover="surplus")
    found = status(one, Month(2025, 12), m2025_03=smallest)
    assert found is not None
    assert found.carried_in == Decimal("8999999999999990.999999999999999999")
    tiny = status(budget(smallest, currency="ETH"), MARCH, m2025_03="999999999999999")
    assert tiny is not None
    assert tiny.status == "exceeded"


TERMS = st.lists(
    st.builds(
        BudgetTerm,
        start=st.sampled_from(["", "2025-01-01", "2025-03-01", "2025-06-01", "2026-01-01"]),
        amount=st.none() | st.decimals(min_value=0, max_value=1000, places=2),
        rollover=st.sampled_from(["none", "surplus"]),
        alert_threshold=st.just(Decimal("0.8")),
        carry_from=st.sampled_from(["2025-01-01", "2025-04-01"]),
    ),
    max_size=6,
)
SPENT = st.dictionaries(
    st.integers(1, 12).map("2025-{:02d}".format),
    st.decimals(min_value=-500, max_value=2000, places=2),
)


@given(TERMS, SPENT, st.integers(1, 12))
def test_a_status_adds_up(terms: list[BudgetTerm], spent: dict[str, Decimal], number: int) -> None:
    held: tuple[BudgetTerm, ...] = ()
    for term in terms:
        held = with_term(held, term)
    assert [term.start for term in held] == sorted({term.start for term in terms})
    month = Month(2025, number)
    found = status_at(held, spending(spent), month.first)
    term = term_at(held, month.first)
    if term is None or term.amount is None:
        assert found is None
        return
    assert found is not None
    used = spent.get(str(month), Decimal(0))
    assert found.remaining == found.budgeted + found.carried_in - used
    assert found.carried_in >= 0
    assert (found.status == "exceeded") == (found.remaining < 0)
