"""Envelopes hold all the cash there is, after any history; and each holds what a plain count says.

The oracle knows no months that are skipped, no sums and no owners looked up ahead: it walks every
month of the history, event by event.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.budgets.envelopes import Flows, envelopes_in
from mintflow.domain.core.time import Month

PATHS = {
    "food": "food", "food.bread": "food.bread", "food.bread.rye": "food.bread.rye", "fun": "fun",
    "income": "income", "transfer": "transfer", "uncategorized": "uncategorized",
}  # fmt: skip
KINDS = {
    one: one if "." not in one and one in ("income", "transfer") else "expense" for one in PATHS
}
SPENDING = ("food", "food.bread", "fun")
MONTHS = [Month(2025, number) for number in range(1, 8)]
AMOUNTS = st.integers(-30_000, 30_000).map(lambda cents: Decimal(cents).scaleb(-2))
BOOKED = st.tuples(st.sampled_from(sorted(PATHS)), st.sampled_from(MONTHS), AMOUNTS)
ASSIGNED = st.tuples(st.sampled_from(SPENDING), st.sampled_from(MONTHS), AMOUNTS)


def plain_count(
    booked: list[Any], assigned: list[Any], until: Month
) -> tuple[Decimal, dict[str, Decimal]]:
    """(ready to assign, envelope -> available)."""
    ready, held = Decimal(0), {}
    for month in [one for one in MONTHS if one <= until]:
        for name, left in held.items():
            if left < 0:
                ready += left
                held[name] = Decimal(0)
        for name, on, amount in assigned:
            if on == month:
                held[name] = held.get(name, Decimal(0)) + amount
                ready -= amount
        for category, on, amount in booked:
            if on != month:
                continue
            nearest = category
            while nearest and not any(n == nearest and m <= month for n, m, _ in assigned):
                nearest = nearest.rpartition(".")[0]
            if nearest:
                held[nearest] = held.get(nearest, Decimal(0)) + amount
            else:
                ready += amount
    return ready, held


@given(st.lists(BOOKED, max_size=25), st.lists(ASSIGNED, max_size=12))
def test_available_and_ready_to_assign_are_all_the_cash(
    booked: list[Any], assigned: list[Any]
) -> None:
    flows = Flows(PATHS, KINDS)
    for held, moves in ((flows.assigned, assigned), (flows.booked, booked)):
        for category, month, amount in moves:
            held[category, month.first] = held.get((category, month.first), Decimal(0)) + amount
    for month in MONTHS:
        found = envelopes_in(flows, month)
        cash = sum((amount for _, on, amount in booked if on <= month), Decimal(0))
        available = {name: one.available for name, one in found.envelopes.items()}
        assert sum(available.values(), found.ready_to_assign) == cash
        ready, expected = plain_count(booked, assigned, month)
        assert found.ready_to_assign == ready
        assert {n: a for n, a in available.items() if a} == {n: a for n, a in expected.items() if a}
        later = sum((amount for _, on, amount in assigned if on > month), Decimal(0))
        assert found.assigned_later == later
