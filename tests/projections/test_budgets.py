"""Budgets and imports: given events, then terms, status and counts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from read_models.books import NOW, Books

from mintflow.domain.budgets import Budget
from mintflow.domain.core.time import Month
from mintflow.domain.imports import FileImport
from mintflow.projections.budgets import budget_status, list_budgets
from mintflow.projections.imports import list_imports

MARCH = Month(2025, 3)


def budget(books: Books, category: str, amount: str, **facts: Any) -> Budget:
    facts = {"start": None, "rollover": "none", **facts}
    made = Budget.set(books.ledger_id, category, amount, "USD", NOW, **facts)
    books.put(made)
    return made


def status(books: Books, month: Month = MARCH, **facts: Any) -> dict[str, dict[str, Any]]:
    rows, _ = books.ask(budget_status, books.ledger_id, month, **facts)
    return {row["category"]: row for row in rows}


def test_a_budget_counts_its_whole_subtree_and_refunds_lower_it(books: Books) -> None:
    budget(books, "food_dining", "100")
    books.record("-80.00", "2025-03-01", "food_dining.groceries")
    books.record("-10.00", "2025-03-02", "food_dining")
    books.record("5.00", "2025-03-03", "food_dining.restaurants")
    books.record("-9.00", "2025-03-03", "food_dining", status="pending")
    books.record("-9.00", "2025-03-03", "shopping")
    books.fold()
    assert status(books)["food_dining"] == {
        "category": "food_dining",
        "budgeted": Decimal("100.00"),
        "carried_in": Decimal("0.00"),
        "spent": Decimal("85.00"),
        "remaining": Decimal("15.00"),
        "ratio": Decimal("0.8500"),
        "status": "warning",
        "currency": "USD",
        "period": "month",
        "rollover": "none",
    }
    books.check_everywhere()


def test_a_status_follows_a_moved_category_and_a_corrected_month_at_once(books: Books) -> None:
    budget(books, "food_dining", "50")
    made = books.record("-60.00", "2025-02-01", "shopping.home")
    books.fold()
    assert status(books)["food_dining"]["spent"] == 0
    books.tree.move("shopping.home", "food_dining.home", NOW)
    made.amend(NOW, origin="manual", date=dt.date(2025, 3, 2))
    books.put(books.tree, made)
    books.fold()
    assert status(books)["food_dining"]["status"] == "exceeded"
    assert status(books, as_of=dt.date(2025, 3, 1))["food_dining"]["spent"] == 0
    assert status(books, as_of=dt.date(2025, 3, 2))["food_dining"]["spent"] == 60


def test_leftovers_are_carried_from_the_month_in_which_carrying_began(books: Books) -> None:
    budget(books, "health", "100", start=Month(2025, 1), rollover="surplus")
    books.record("-30.00", "2025-01-05", "health")
    books.record("-90.00", "2025-02-05", "health.doctor")
    books.record("-1000.00", "2024-12-31", "health")
    books.fold()
    shown = status(books)["health"]
    assert (shown["carried_in"], shown["remaining"]) == (Decimal("80.00"), Decimal("180.00"))
    assert shown["rollover"] == "surplus"


def test_terms_hold_from_their_month_on_and_an_ended_budget_is_absent(books: Books) -> None:
    made = budget(books, "travel", "100")
    made.change("200", "USD", NOW, start=Month(2025, 3), rollover="none")
    made.change("250", "USD", NOW, start=Month(2025, 3), rollover="none")
    made.archive(Month(2025, 5), NOW)
    books.put(made)
    books.fold()
    assert status(books, Month(2025, 2))["travel"]["budgeted"] == 100
    assert status(books)["travel"]["budgeted"] == 250
    assert status(books, Month(2025, 5)) == {}
    rows, _ = books.ask(list_budgets, books.ledger_id)
    assert [(term["start"], term["amount"]) for term in rows[0]["terms"]] == [
        (None, Decimal("100.00")), ("2025-03", Decimal("250.00")), ("2025-05", None),
    ]  # fmt: skip
    assert (rows[0]["amount"], rows[0]["start"], rows[0]["category"]) == (None, "2025-05", "travel")
    books.check_everywhere()


def test_imports_are_listed_newest_first_with_what_became_of_their_rows(books: Books) -> None:
    facts = {
        "account_id": books.checking.id, "format": "csv", "sha256": "00" * 32, "size_bytes": 12,
        "added": 3, "known": 2, "updated": 1, "skipped": 0,
    }  # fmt: skip
    finding = {"code": "BALANCE_MISMATCH", "where": "line 3", "detail": "off by 1.00"}
    first = FileImport.complete(books.new_id(), NOW, findings=(finding,), **facts)
    second = FileImport.complete(books.new_id(), NOW, findings=(), **facts)
    books.put(first)
    books.put(second)
    books.fold()
    rows, _ = books.ask(list_imports, books.ledger_id)
    assert [row["import_id"] for row in rows] == [second.id, first.id]
    assert rows[1]["findings"] == [finding]
    assert {name: rows[1][name] for name in facts} == facts
    books.check_everywhere()
