"""What is summed up on the way or found once gives what looking at every row would give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from read_models.books import NOW, Books

from mintflow.domain.budgets import Budget, Spending, Wish, cycle_of, status_at
from mintflow.domain.core.postings import Allocation
from mintflow.domain.insights import Span
from mintflow.projections.budgets import budget_status
from mintflow.projections.budgets.held import held_budgets
from mintflow.projections.insights import spending, trends
from mintflow.projections.transactions import TransactionFilter, list_transactions
from mintflow.projections.transfers import transfer_suggestions
from mintflow.projections.transfers.queries import _PAIRED as PAIRED

BEGIN = dt.date(2022, 11, 9)


@pytest.mark.parametrize("rollover", ["surplus", "both", "capped"])
@pytest.mark.parametrize(
    ("period", "anchor"),
    [
        ("day", None), ("week", None), ("week", dt.date(2023, 1, 5)),
        ("two_weeks", dt.date(2022, 11, 9)), ("four_weeks", dt.date(2023, 2, 1)),
        ("month", None), ("month", dt.date(2022, 1, 28)), ("quarter", None),
        ("quarter", dt.date(2022, 2, 1)), ("year", None), ("year", dt.date(2022, 4, 6)),
    ],
)  # fmt: skip
def test_a_carrying_budget_stands_as_if_every_day_were_read(
    books: Books, period: str, anchor: dt.date | None, rollover: str
) -> None:
    cap = "25" if rollover == "capped" else None
    wish = Wish(
        "20", "USD", cycle_of(period, anchor), rollover=rollover, cap=cap, start=BEGIN  # type: ignore[arg-type]
    )  # fmt: skip
    books.put(Budget.set(books.ledger_id, ["food_dining"], wish, NOW))
    spent = []
    for _ in range(60):
        day = BEGIN + dt.timedelta(days=books.chance.randrange(-30, 700))
        amount = Decimal(books.chance.randrange(-6_000, 1_000)).scaleb(-2)
        category = books.chance.choice(["food_dining", "food_dining.groceries"])
        books.record(f"{amount:f}", day.isoformat(), category)
        spent.append((day, -amount))
    books.fold()
    [held], _ = books.ask(held_budgets, books.ledger_id)
    for day in (BEGIN, *(BEGIN + dt.timedelta(days=n) for n in (40, 333, 699))):
        for as_of in (None, day, day - dt.timedelta(days=100)):
            known = [one for one in spent if as_of is None or one[0] <= as_of]
            expected = status_at(held.terms, Spending.of(known), day)
            rows, _ = books.ask(budget_status, books.ledger_id, day, as_of=as_of)
            assert expected is not None
            [row] = rows
            names = ("budgeted", "carried_in", "spent", "remaining", "ratio", "status")
            assert [row[name] for name in names] == [getattr(expected, name) for name in names]


def test_a_split_counts_once_in_each_group_however_many_of_its_parts_are_there(
    books: Books,
) -> None:
    made = books.record("-30.00", "2025-03-05", "shopping")
    parts = tuple(
        Allocation(category, Decimal(-10))
        for category in ("food_dining.groceries", "food_dining.restaurants", "travel")
    )
    made.categorize(parts, "user", NOW)
    books.put(made)
    books.record("-5.00", "2025-03-06", "food_dining.groceries")
    books.fold()
    march = Span(dt.date(2025, 3, 1), dt.date(2025, 3, 31))

    def counts(by: Any) -> dict[Any, int]:
        rows, _ = books.ask(spending, books.ledger_id, march, by=by)
        return {row["account_id" if by == "account" else by]: row["transactions"] for row in rows}

    by_category = counts("category")
    assert (by_category["travel"], by_category["food_dining.groceries"]) == (1, 2)
    assert counts("account") == {books.checking.id: 2}
    [month], _ = books.ask(trends, books.ledger_id, march, "month")
    assert month["transactions"] == 2
    [food], _ = books.ask(trends, books.ledger_id, march, "month", category="food_dining")
    assert food["transactions"] == 2


def test_pages_of_a_search_by_amount_leave_nothing_out(books: Books) -> None:
    for number in range(23):
        amount = Decimal(books.chance.randrange(-500, 500)).scaleb(-2)
        word = "coffee" if number % 3 else "tea"
        books.record(f"{amount:f}", "2025-03-01", description=f"{word} {number}")
    books.fold()
    for sort in ("amount", "-amount"):
        found: list[tuple[Decimal, str]] = []
        cursor = None
        while True:
            wanted = TransactionFilter(q="coffee")
            page = books.ask(
                list_transactions, books.ledger_id, wanted, sort=sort, limit=4, cursor=cursor
            )
            found += [(Decimal(row["amount"]), row["description"]) for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len({text for _, text in found}) == len(found) == 15
        amounts = [amount for amount, _ in found]
        assert amounts == sorted(amounts, reverse=sort == "-amount")


def test_a_word_of_an_account_or_a_category_is_looked_up_once(books: Books) -> None:
    """In the plan it stands outside of the rows: one look, whatever their number."""
    books.record("-5.00", "2025-03-06", "food_dining.groceries")
    books.fold()
    for q, count in (
        ("account:check", 1), ("category:food_dining", 1), ("NOT category:food_dining", 0),
        ("account=nobody OR category:food_dining.groceries", 1), ("category=groceries", 0),
    ):  # fmt: skip
        page = books.ask(list_transactions, books.ledger_id, TransactionFilter(q=q))
        assert len(page.rows) == count, q


def test_legs_that_may_be_one_movement_are_found_from_either_side(books: Books) -> None:
    out = books.record("-70.00", "2025-03-01", "uncategorized", description="to savings")
    into = books.record(
        "70.00", "2025-03-02", "uncategorized", description="from checking",
        account=books.savings,
    )  # fmt: skip
    books.record("70.00", "2025-03-02", "uncategorized", description="same account")
    books.record("-70.00", "2025-06-02", "uncategorized", description="months later")
    books.fold()
    rows, _ = books.ask(transfer_suggestions, books.ledger_id)
    assert [(row["from_transaction_id"], row["to_transaction_id"]) for row in rows] == [
        (out.id, into.id)
    ]
    before = dt.date(2025, 3, 1)
    assert books.ask(transfer_suggestions, books.ledger_id, as_of=before)[0] == []


def test_pairs_are_looked_for_once_where_no_statistics_tell_how_many_rows_there_are(
    books: Books,
) -> None:
    """As in books that were brought in a moment ago; the planner takes one row for granted."""
    for day in range(1, 29):
        for amount, account in (("-7.00", books.checking), ("9.00", books.savings)):
            books.record(amount, f"2025-03-{day:02d}", "uncategorized", account=account)
    books.fold()
    asked = {"ledger_id": books.ledger_id, "shard_": books.shard, "as_of": None}
    with psycopg.connect(books.url, options="-c search_path=model,projection") as conn:
        row = conn.execute(f"explain (analyze, format json) {PAIRED}".encode(), asked).fetchone()
    assert row is not None
    loops = [node["Actual Loops"] for node in _nodes(row[0][0]["Plan"]) if node.get("Alias") == "i"]
    assert loops == [1]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
