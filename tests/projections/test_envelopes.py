"""Envelopes: the rows of a long history hold all the cash; what is overspent is taken once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from read_models.books import NOW, Books

from mintflow.domain.accounts import Account
from mintflow.domain.budgets.envelopes import Envelopes
from mintflow.domain.core.time import Month
from mintflow.projections.budgets.envelopes import envelopes


def test_the_read_model_and_the_accounts_agree_after_a_long_history(books: Books) -> None:
    """Cards are on budget, a loan is not; splits, pending rows, voids, openings, two currencies."""
    chance = books.chance
    card = Account.open(books.new_id(), "Card", "credit_card", "USD", NOW)
    loan = Account.open(books.new_id(), "Loan", "loan", "USD", NOW, opening_balance="-900.00")
    cash = Account.open(
        books.new_id(), "Wallet", "cash", "EUR", NOW, opening_balance="40.00",
        opening_date=dt.date(2025, 2, 10),
    )  # fmt: skip
    plan = Envelopes.open(books.ledger_id, NOW)
    books.put(card, loan, cash, plan)
    leaves = [
        "food_dining", "food_dining.groceries", "travel.flights", "income.salary", "transfer",
        "uncategorized",
    ]  # fmt: skip
    for _ in range(120):
        amount = Decimal(chance.randint(-9_000, 6_000) or 1).scaleb(-2)
        day = dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(120))
        made = books.record(
            f"{amount:.2f}", day.isoformat(), chance.choice(leaves),
            account=chance.choice([books.checking, books.savings, card, loan, cash]),
            status=chance.choice(["posted", "posted", "pending"]),
        )  # fmt: skip
        if chance.random() < 0.1:
            made.void(NOW)
            books.put(made)
        if chance.random() < 0.3:
            month = Month(2025, chance.randint(1, 4))
            plan.assign(chance.choice(leaves[:3]), month, f"{abs(amount) or 1:.2f}", "USD", NOW)
            plan.move("food_dining", "travel.flights", month, "5", "EUR", NOW)
            books.put(plan)
    books.fold()
    for month in (Month(2024, 12), *(Month(2025, number) for number in range(1, 7))):
        for as_of in (None, month.first, month.first + dt.timedelta(days=13)):
            rows, _ = books.ask(envelopes, books.ledger_id, month, as_of=as_of)
            for row in rows:
                assert row["available"] + row["ready_to_assign"] == row["cash"], (month, as_of)
                assert sum(one["available"] for one in row["envelopes"]) == row["available"]
    assert {row["currency"] for row in rows} == {"USD", "EUR"}
    assert any(row["overdrawn_before"] for row in rows)
    books.check_everywhere()
