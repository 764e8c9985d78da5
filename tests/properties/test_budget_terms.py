"""What a budget carries, after its terms were said in any order, is what the oracle says. Among
commands of all kinds two terms of one budget are rare."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from properties.oracle import budgets
from properties.oracle.books import Books, Category, Refused

from mintflow.domain.budgets import (
    Budget,
    BudgetNotFound,
    Rollover,
    Spending,
    Wish,
    carried_into,
    cycle_of,
    period_at,
    term_at,
)

LEDGER = UUID(int=7)
NOW = dt.datetime(2025, 2, 15, tzinfo=dt.UTC)
MONTH = cycle_of("month", None)
ROLLOVERS: tuple[Rollover, ...] = ("none", "surplus", "both", "capped")
STARTS = st.sampled_from([None, "2024-11", "2024-12", "2025-01", "2025-02", "2025-03"])
AMOUNTS = st.none() | st.sampled_from(["0", "10", "20.50"]).map(Decimal)
SAID = st.lists(
    st.tuples(STARTS, AMOUNTS, st.sampled_from(ROLLOVERS)), min_size=1, max_size=6
)  # fmt: skip


@settings(max_examples=1_000, deadline=None)
@given(SAID)
def test_what_is_carried_is_the_oracles(
    said: list[tuple[str | None, Decimal | None, Rollover]],
) -> None:
    """said: start, amount (None archives) and rollover, one after the other."""
    books = Books(today=NOW.date(), categories={"food": Category("food", "food", "expense")})
    one: Budget | None = None
    for start, amount, rollover in said:
        day = dt.date.fromisoformat(f"{start}-01") if start else None
        if amount is not None:
            cap = Decimal(15) if rollover == "capped" else None
            wish = Wish(amount, "USD", MONTH, rollover, cap, start=day)
            if one is None:
                one = Budget.set(LEDGER, ["food"], wish, NOW)
            else:
                one.change(wish, NOW)
            budgets.set_budget(
                books, "food", amount, start=start, rollover=rollover, cap=cap,
                threshold=wish.alert_threshold, currency=None, ledger_currency="USD",
            )  # fmt: skip
        elif one is not None:
            assert _archived(one, day) == _archived_by_oracle(books, start)
    for month in ("2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04"):
        expected = {row["carried_in"] for row in budgets.status(books, month)}
        assert _carried(one, dt.date.fromisoformat(f"{month}-01")) == expected, month


def _carried(one: Budget | None, first: dt.date) -> set[Decimal]:
    """Empty where no budget holds."""
    term = term_at(one.terms, first) if one is not None else None
    if one is None or term is None or term.amount is None:
        return set()
    period = period_at(one.terms, first)
    assert period is not None
    return {carried_into(one.terms, Spending({}), period)}


def _archived(one: Budget, day: dt.date | None) -> bool:
    try:
        one.archive(day, NOW)
    except BudgetNotFound:
        return False
    return True


def _archived_by_oracle(books: Books, start: str | None) -> bool:
    try:
        budgets.archive_budget(books, "food", start)
    except Refused:
        return False
    return True
