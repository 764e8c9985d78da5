"""Budgets and imports: given events, then terms, status and counts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from read_models.books import NOW, Books

from mintflow.domain.budgets import MONTHLY, Budget, Wish, cycle_of
from mintflow.domain.core.time import Month
from mintflow.domain.imports import FileImport
from mintflow.projections.budgets import budget_status, list_budgets
from mintflow.projections.imports import list_imports
from mintflow.store.upcasts import upcast

MARCH = Month(2025, 3)


def budget(books: Books, category: str, amount: str, **facts: Any) -> Budget:
    made = Budget.set(books.ledger_id, category.split(" + "), wish(amount, **facts), NOW)
    books.put(made)
    return made


def wish(amount: str, **facts: Any) -> Wish:
    return Wish(amount, **{"currency": "USD", "cycle": MONTHLY, **facts})


def status(books: Books, month: Month | dt.date = MARCH, **facts: Any) -> dict[str, dict[str, Any]]:
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
    shown = status(books)["food_dining"]
    assert {name: shown[name] for name in EXPECTED} == EXPECTED
    books.check_everywhere()


EXPECTED = {
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
    budget(books, "health", "100", start=dt.date(2025, 1, 1), rollover="surplus")
    books.record("-30.00", "2025-01-05", "health")
    books.record("-90.00", "2025-02-05", "health.doctor")
    books.record("-1000.00", "2024-12-31", "health")
    books.fold()
    shown = status(books)["health"]
    assert (shown["carried_in"], shown["remaining"]) == (Decimal("80.00"), Decimal("180.00"))
    assert shown["rollover"] == "surplus"


def test_terms_hold_from_their_month_on_and_an_ended_budget_is_absent(books: Books) -> None:
    made = budget(books, "travel", "100")
    made.change(wish("200", start=MARCH.first), NOW)
    made.change(wish("250", start=MARCH.first), NOW)
    made.archive(dt.date(2025, 5, 1), NOW)
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


def test_a_budget_over_nested_categories_counts_nothing_twice(books: Books) -> None:
    budget(books, "food_dining + food_dining.groceries + travel", "100")
    books.record("-20.00", "2025-03-01", "food_dining.groceries")
    books.record("-5.00", "2025-03-02", "travel.flights")
    books.fold()
    (row,) = status(books).values()
    assert (row["category"], row["spent"]) == (
        "food_dining + food_dining.groceries + travel", Decimal("25.00"),
    )  # fmt: skip


def test_every_budget_shows_its_own_period_of_a_day(books: Books) -> None:
    budget(
        books, "travel", "100", cycle=cycle_of("two_weeks", dt.date(2025, 3, 7)), rollover="both"
    )
    budget(books, "health", "50", cycle=cycle_of("month", dt.date(2025, 1, 25)))
    budget(books, "shopping", "10")
    for day in ("2025-03-06", "2025-03-07", "2025-03-20", "2025-03-21", "2025-03-25"):
        books.record("-30.00", day, "travel.flights")
        books.record("-1.00", day, "health")
    books.fold()
    rows = status(books, dt.date(2025, 3, 21))
    assert list(rows) == ["health", "shopping", "travel"]
    shown = rows["travel"]
    assert (shown["start"], shown["end"]) == (dt.date(2025, 3, 21), dt.date(2025, 4, 3))
    assert (shown["spent"], shown["carried_in"]) == (Decimal("60.00"), Decimal("40.00"))
    assert (rows["health"]["start"], rows["health"]["spent"]) == (dt.date(2025, 2, 25), 4)
    assert list(status(books, MARCH)) == ["health", "shopping"]
    assert status(books, MARCH)["health"]["start"] == dt.date(2025, 3, 25)
    assert list(status(books, dt.date(2025, 3, 21), period="two_weeks")) == ["travel"]
    cut = status(books, dt.date(2025, 3, 21), as_of=dt.date(2025, 3, 7))["travel"]
    assert (cut["spent"], cut["carried_in"]) == (0, Decimal("70.00"))


def test_what_comes_after_the_end_of_a_period_is_an_adjustment(books: Books) -> None:
    """For a budget that was there when the period ended; one made later closed nothing before."""
    later = NOW + dt.timedelta(days=20)
    budget(books, "travel", "100")
    moved = books.record("-30.00", "2025-04-01", "travel")
    voided = books.record("-5.00", "2025-03-04", "travel")
    books.record("-7.00", "2025-03-03", "travel")
    both = books.record("-9.00", "2025-04-02", "health")
    moved.amend(later, origin="manual", date=dt.date(2025, 3, 20))
    both.amend(later, origin="manual", date=dt.date(2025, 3, 20))
    voided.void(later)
    books.put(moved, both, voided)
    books.put(Budget.set(books.ledger_id, ["health"], wish("100"), later))
    books.fold()
    march, april = status(books), status(books, Month(2025, 4))
    assert (march["travel"]["spent"], march["travel"]["adjustments"]) == (37, Decimal("25.00"))
    assert (march["health"]["spent"], march["health"]["adjustments"]) == (9, 0)
    assert april["travel"]["adjustments"] == 0
    books.check_everywhere()


def test_another_currency_is_unknown_and_never_counted_as_one(books: Books) -> None:
    budget(books, "travel", "100", currency="EUR")
    books.record("-30.00", "2025-03-03", "travel")
    books.fold()
    row = status(books)["travel"]
    assert (row["spent"], row["complete"]) == (0, False)
    assert row["unconverted"] == [{"currency": "USD", "amount": Decimal("30.00")}]


def test_a_pace_is_that_of_the_day_that_was_said(books: Books) -> None:
    budget(books, "travel", "100")
    books.record("-40.00", "2025-03-03", "travel")
    books.fold()
    pace = status(books, today=dt.date(2025, 3, 10))["travel"]["pace"]
    assert pace["runs_over_on"] == dt.date(2025, 3, 26)
    assert status(books, today=dt.date(2025, 4, 1))["travel"]["pace"] is None


def test_events_of_months_from_before_there_were_periods_still_hold(books: Books) -> None:
    """A stored event of version 1 gives the rows that it always gave."""
    budget(books, "food_dining", "100", rollover="surplus")
    (event,) = [one for one in books.events() if one.type == "budget.set"]
    old = {
        "category_id": "food_dining", "currency": "USD", "period": "month",
        "term": {"start": "", "amount": "100.00", "rollover": "surplus",
                 "alert_threshold": "0.8", "carry_from": "2025-03"},
    }  # fmt: skip
    assert upcast("budget.set", 1, old) == event.data


def test_what_budgets_shall_not_count_is_left_out_of_every_period(books: Books) -> None:
    budget(books, "travel", "100", rollover="surplus", start=dt.date(2025, 2, 1))
    for day in ("2025-02-03", "2025-03-03"):
        books.record("-30.00", day, "travel")
        books.record("-50.00", day, "travel.flights", budgeted=False)
    books.fold()
    row = status(books)["travel"]
    assert (row["carried_in"], row["spent"]) == (Decimal("70.00"), Decimal("30.00"))
