"""Envelopes: assigned, moved, spent from, overspent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from domain.scenario import events_of, facts_of

from mintflow.domain.budgets.envelopes import (
    AssignmentNotUsable,
    Envelopes,
    Flows,
    envelopes_in,
)
from mintflow.domain.core.money import TooManyDigits
from mintflow.domain.core.time import Month

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
MARCH, APRIL, MAY = (Month(2025, number) for number in (3, 4, 5))
PATHS = {"food": "food", "bread": "food.bread", "pay": "income.pay"}
KINDS = {"food": "expense", "bread": "expense", "pay": "income"}


def flows(assigned: dict[tuple[str, Month], str], booked: dict[tuple[str, Month], str]) -> Flows:
    return Flows(
        PATHS,
        KINDS,
        {(name, month.first): Decimal(text) for (name, month), text in assigned.items()},
        {(name, month.first): Decimal(text) for (name, month), text in booked.items()},
    )


def test_a_move_is_one_event_that_leaves_the_sum_as_it_was() -> None:
    plan = Envelopes.open(UUID(int=1), NOW)
    plan.collect_events()
    plan.move("food", "travel", MARCH, "5", "USD", NOW)
    (moved,) = events_of(plan)
    assert facts_of(moved) == {
        "from_category_id": "food", "to_category_id": "travel", "month": MARCH.first,
        "currency": "USD", "amount": Decimal("5.00"),
    }  # fmt: skip


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_refuses_to_move_nothing(amount: str) -> None:
    plan = Envelopes.open(UUID(int=1), NOW)
    with pytest.raises(AssignmentNotUsable):
        plan.move("food", "travel", MARCH, amount, "USD", NOW)
    with pytest.raises(AssignmentNotUsable):
        plan.move("food", "food", MARCH, "1", "USD", NOW)
    with pytest.raises(AssignmentNotUsable):
        plan.assign("food", MARCH, "0", "USD", NOW)
    with pytest.raises(TooManyDigits):
        plan.assign("food", MARCH, "0.001", "USD", NOW)


def test_what_is_left_stays_and_what_is_overdrawn_is_taken_from_the_next_month() -> None:
    known = flows(
        {("food", MARCH): "100", ("food", MAY): "10"},
        {("pay", MARCH): "500", ("bread", MARCH): "-30", ("food", APRIL): "-90"},
    )
    march, april, may = (envelopes_in(known, month) for month in (MARCH, APRIL, MAY))
    assert (march.envelopes["food"].available, march.ready_to_assign) == (70, 400)
    assert (april.envelopes["food"].available, april.ready_to_assign) == (-20, 400)
    assert (may.envelopes["food"].available, may.ready_to_assign, may.overdrawn) == (10, 370, 20)
    assert (march.assigned_later, may.assigned_later) == (10, 0)


def test_an_envelope_begins_with_the_month_of_its_first_assignment() -> None:
    """So months that are over do not change when a new envelope is made today."""
    before = flows({("food", MARCH): "100"}, {("bread", MARCH): "-30", ("bread", APRIL): "-5"})
    after = flows(
        {("food", MARCH): "100", ("bread", APRIL): "20"},
        {("bread", MARCH): "-30", ("bread", APRIL): "-5"},
    )
    assert envelopes_in(after, MARCH).envelopes == envelopes_in(before, MARCH).envelopes
    april = envelopes_in(after, APRIL).envelopes
    assert (april["food"].available, april["bread"].available) == (70, 15)
