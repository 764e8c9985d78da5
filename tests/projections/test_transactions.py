"""Transactions: given events, then rows; filters, words and pages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from read_models.books import NOW, Books

from mintflow.domain.core.postings import Allocation
from mintflow.domain.transactions import TransactionNotFound
from mintflow.projections.transactions import (
    CursorNotReadable,
    TransactionFilter,
    get_transaction,
    list_transactions,
    pending_of_account,
    transactions_in_category,
    unmatched_manual,
)


def listed(books: Books, **filters: Any) -> list[str]:
    """The descriptions of all transactions that fit, in the list's own order."""
    page = books.ask(list_transactions, books.ledger_id, TransactionFilter(**filters))
    return [row["description"] for row in page.rows]


def test_a_row_shows_what_was_said_and_nothing_is_lost_on_the_way(books: Books) -> None:
    odd = 'back\\slash \\N tab\there "quote" new\nline, ünï😀 \r {x}'
    made = books.record(
        "-12.30", "2025-03-01", "food_dining.groceries", description=odd, counterparty="REWE",
        memo="m", notes="n", tags=('a"b', "c,d", "{e}", "back\\slash"), category_source="user",
        external_id="x-1",
    )  # fmt: skip
    books.fold()
    row, position = books.ask(get_transaction, books.ledger_id, made.id)
    assert row == {
        "transaction_id": made.id,
        "account_id": books.checking.id,
        "date": dt.date(2025, 3, 1),
        "amount": "-12.30",
        "currency": "USD",
        "description": odd,
        "merchant": "REWE",
        "category": "food_dining.groceries",
        "splits": [],
        "category_source": "user",
        "category_reason": None,
        "category_confidence": None,
        "category_band": None,
        "rule_id": None,
        "budgeted": True,
        "status": "posted",
        "notes": "n",
        "tags": ['a"b', "c,d", "{e}", "back\\slash"],
        "memo": "m",
        "origin": "manual",
        "external_id": "x-1",
        "import_id": None,
        "transfer_id": None,
        "matched_with": None,
        "recorded_at": NOW,
    }
    assert position == len(books.events())
    books.check_everywhere()


def test_a_text_with_a_character_that_postgres_has_not_is_shown_with_a_sign(books: Books) -> None:
    made = books.record("-1.00", "2025-03-01", description="a\0b", tags=("c\0d",))
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert (row["description"], row["tags"]) == ("a\N{REPLACEMENT CHARACTER}b", ["c\ufffdd"])
    books.check_everywhere()


def test_every_event_of_a_transaction_leaves_its_trace(books: Books) -> None:
    made = books.record("-9.00", "2025-03-01", status="pending", origin="file")
    made.amend(NOW, origin="file", description="better", counterparty="Shop", memo="ref")
    made.categorize(
        (Allocation("shopping", Decimal("-4.00")), Allocation("health", Decimal("-5.00"))),
        "user",
        NOW,
    )
    made.tag(["one", "two"], NOW)
    made.note("mine", NOW)
    made.post(NOW, date=dt.date(2025, 3, 2), amount="-9.50", bank_id="bank-1", origin="file")
    books.put(made)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert row["splits"] == [
        {"category": "shopping", "amount": "-4.00"},
        {"category": "health", "amount": "-5.50"},
    ]
    assert row["category"] is None
    assert (row["description"], row["merchant"], row["memo"]) == ("better", "Shop", "ref")
    assert (row["tags"], row["notes"], row["status"]) == (["one", "two"], "mine", "posted")
    assert (row["amount"], row["date"]) == ("-9.50", dt.date(2025, 3, 2))
    made.void(NOW)
    books.put(made)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert (row["status"], row["amount"]) == ("voided", "-9.50")
    made.reinstate(NOW)
    transfer = books.new_id()
    made.link(transfer, NOW)
    books.put(made)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert (row["status"], row["category"], row["transfer_id"]) == ("posted", "transfer", transfer)
    made.unlink(transfer, NOW)
    books.put(made)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert (len(row["splits"]), row["transfer_id"]) == (2, None)
    books.check_everywhere()


def test_an_absorbed_row_is_listed_only_when_asked_for(books: Books) -> None:
    mine = books.record("-9.00", "2025-03-03", description="mine")
    theirs = books.record("-9.00", "2025-03-05", origin="file", description="theirs")
    gone = books.record("-1.00", "2025-03-06", description="gone")
    mine.match(theirs, NOW)
    gone.void(NOW)
    books.put(mine, theirs, gone)
    books.fold()
    assert listed(books) == ["mine"]
    assert listed(books, status="absorbed") == ["theirs"]
    assert listed(books, status="voided") == ["gone"]
    row, _ = books.ask(get_transaction, books.ledger_id, mine.id)
    assert row["matched_with"] == theirs.id
    mine.unmatch(theirs, NOW)
    books.put(mine, theirs)
    books.fold()
    assert listed(books) == ["theirs", "mine"]
    books.check_everywhere()


def test_an_erased_ledger_keeps_its_sums_and_loses_its_words(books: Books) -> None:
    made = books.record("-9.00", "2025-03-03", description="secret", notes="secret too")
    books.keys.destroy(books.ledger_id)
    books.sealer.forget(books.ledger_id)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert (row["description"], row["notes"], str(row["amount"])) == ("", "", "-9.00")
    assert "secret" not in str(books.dump())
    books.check_everywhere()


def test_filters_hold_all_together(books: Books) -> None:
    books.record("-5.00", "2025-03-01", "food_dining.groceries", description="milk", tags=("t",))
    books.record("-7.00", "2025-03-02", "food_dining", description="lunch")
    books.record("-50.00", "2025-03-03", "shopping.home", description="lamp")
    books.record("900.00", "2025-03-04", "income.salary", description="pay", account=books.savings)
    split = books.record("-6.00", "2025-02-01", description="split")
    parts = (
        Allocation("food_dining.groceries", Decimal("-1.00")),
        Allocation("shopping", Decimal("-5.00")),
    )
    split.categorize(parts, "user", NOW)
    books.put(split)
    books.fold()
    assert listed(books) == ["pay", "lamp", "lunch", "milk", "split"]
    assert listed(books, category="food_dining") == ["lunch", "milk", "split"]
    assert listed(books, category="food_dining.groceries") == ["milk", "split"]
    assert listed(books, category="food") == []
    assert listed(books, account_id=books.savings.id) == ["pay"]
    assert listed(books, min_amount=Decimal(-6), max_amount=Decimal(0)) == ["milk", "split"]
    assert listed(books, tag="t") == ["milk"]
    within = {"start_date": dt.date(2025, 3, 2), "end_date": dt.date(2025, 3, 3)}
    assert listed(books, **within) == ["lamp", "lunch"]
    assert listed(books, category="food_dining", **within) == ["lunch"]
    until = books.ask(
        list_transactions, books.ledger_id, TransactionFilter(), as_of=dt.date(2025, 3, 1)
    )
    assert [row["description"] for row in until.rows] == ["milk", "split"]


def test_a_renamed_category_is_found_under_its_new_path_only(books: Books) -> None:
    made = books.record("-5.00", "2025-03-01", "food_dining.groceries", description="milk")
    books.tree.rename("food_dining", "eating", NOW)
    books.put(books.tree)
    books.fold()
    row, _ = books.ask(get_transaction, books.ledger_id, made.id)
    assert row["category"] == "eating.groceries"
    assert listed(books, category="eating") == ["milk"]
    assert listed(books, category="food_dining") == []


def test_words_are_found_in_any_case_and_order_and_signs_are_only_signs(books: Books) -> None:
    books.record("-1.00", "2025-03-01", description="ÄPFEL 100% bio", counterparty="Markt_Halle")
    books.record("-1.00", "2025-03-02", description="Apfel 1000 bio", notes="from Markt")
    books.fold()
    assert listed(books, q="bio äpfel") == ["ÄPFEL 100% bio"]
    assert listed(books, q="100%") == ["ÄPFEL 100% bio"]
    assert listed(books, q="markt_") == ["ÄPFEL 100% bio"]
    assert listed(books, q="MARKT bio") == ["Apfel 1000 bio", "ÄPFEL 100% bio"]
    assert listed(books, q="\\") == []
    assert listed(books, q="  ") == ["Apfel 1000 bio", "ÄPFEL 100% bio"]


@pytest.mark.parametrize("sort", ["-date", "date", "-amount", "amount", "-recorded", "recorded"])
def test_pages_hold_every_row_once_in_order_while_rows_come_in(books: Books, sort: str) -> None:
    for number in range(7):
        books.record(f"-{1 + number % 3}.00", f"2025-03-0{1 + number % 4}", description=str(number))
    books.fold()
    whole = books.ask(list_transactions, books.ledger_id, TransactionFilter(), sort=sort)
    assert whole.next_cursor is None
    found, cursor = [], None
    for _ in range(4):
        page = books.ask(
            list_transactions, books.ledger_id, TransactionFilter(), sort=sort, limit=2,
            cursor=cursor,
        )  # fmt: skip
        found += page.rows
        cursor = page.next_cursor
    assert cursor is None
    assert found == whole.rows
    by = sort.lstrip("-")
    if by != "recorded":
        values = [Decimal(row[by]) if by == "amount" else row[by] for row in found]
        assert values == sorted(values, reverse=sort.startswith("-"))


def test_refuses_a_cursor_of_another_list(books: Books) -> None:
    for number in range(3):
        books.record("-1.00", "2025-03-01", description=str(number))
    books.fold()
    page = books.ask(list_transactions, books.ledger_id, TransactionFilter(), limit=1)
    assert page.next_cursor
    for sort, cursor in (
        ("date", page.next_cursor),
        ("-date", "nonsense"),
        ("-date", "bm9uc2Vuc2U="),
        ("-amount", "WyItYW1vdW50IiwiTmFOIiwxXQ=="),
        ("-date", "WyItZGF0ZSIsIjIwMjUtMDMtMDEiLDEyMzQ1Njc4OTAxMjM0NTY3ODkwXQ=="),
    ):
        with pytest.raises(CursorNotReadable):
            books.ask(
                list_transactions, books.ledger_id, TransactionFilter(), sort=sort, cursor=cursor
            )


def test_refuses_a_transaction_of_another_ledger_or_of_a_later_day(books: Books) -> None:
    made = books.record("-1.00", "2025-03-02")
    books.fold()
    with pytest.raises(TransactionNotFound):
        books.ask(get_transaction, books.new_id(), made.id)
    with pytest.raises(TransactionNotFound):
        books.ask(get_transaction, books.ledger_id, made.id, as_of=dt.date(2025, 3, 1))


def test_lookups_give_what_commands_decide_on(books: Books) -> None:
    mine = books.record("-9.00", "2025-03-03", "shopping")
    books.record("-9.00", "2025-03-13", "shopping", description="too late")
    pending = books.record("-4.00", "2025-03-03", origin="file", status="pending")
    voided = books.record("-9.00", "2025-03-03", "shopping")
    voided.void(NOW)
    matched = books.record("-8.00", "2025-03-03", "shopping")
    bank = books.record("-8.00", "2025-03-03", origin="file")
    matched.match(bank, NOW)
    books.put(voided, matched, bank)
    books.fold()
    found = books.ask(
        unmatched_manual,
        books.ledger_id,
        books.checking.id,
        dt.date(2025, 3, 1),
        dt.date(2025, 3, 12),
    )
    assert [(row["transaction_id"], str(row["amount"])) for row in found] == [(mine.id, "-9.00")]
    found = books.ask(pending_of_account, books.ledger_id, books.checking.id)
    assert [row["transaction_id"] for row in found] == [pending.id]
    ids = books.ask(transactions_in_category, books.ledger_id, "shopping")
    assert len(ids) == 3
    assert mine.id in ids
    assert voided.id not in ids
