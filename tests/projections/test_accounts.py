"""Accounts: given events, then balances, available money, history and drift."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from read_models.books import NOW, Books

from mintflow.domain.accounts import AccountNotFound
from mintflow.projections.accounts import (
    POINTS_MAX,
    TooManyPoints,
    account_history,
    get_account,
    list_accounts,
)


def test_a_balance_is_what_is_posted_and_pending_income_is_not_spendable(books: Books) -> None:
    books.record("-10.00", "2025-03-01")
    books.record("-3.00", "2025-03-02", status="pending")
    books.record("50.00", "2025-03-03", status="pending")
    books.fold()
    rows, position = books.ask(list_accounts, books.ledger_id)
    assert [row["name"] for row in rows] == ["Checking", "Savings"]
    checking = rows[0]
    assert str(checking["balance"]) == "90.00"
    assert str(checking["pending"]) == "47.00"
    assert str(checking["available"]) == "87.00"
    assert checking["reported"] is None
    assert checking["closed_on"] is None
    assert position == len(books.events())
    books.check_everywhere()


def test_an_account_without_any_booking_shows_zero_with_its_currencys_digits(books: Books) -> None:
    from mintflow.domain.accounts import Account

    yen = Account.open(books.new_id(), "Yen", "cash", "JPY", NOW)
    ether = Account.open(books.new_id(), "Ether", "wallet", "ETH", NOW)
    books.put(yen, ether)
    books.record("-0.000000000000000001", "2025-03-01", account=ether)
    books.fold()
    rows, _ = books.ask(list_accounts, books.ledger_id)
    found = {row["name"]: format(row["balance"], "f") for row in rows}
    assert found["Yen"] == "0"
    assert found["Ether"] == "-0.000000000000000001"
    books.check_everywhere()


def test_a_pending_row_that_posts_with_another_amount_day_and_account_side(books: Books) -> None:
    made = books.record("-20.00", "2025-03-30", status="pending", origin="file")
    made.post(NOW, date=dt.date(2025, 4, 1), amount="-23.50", origin="file")
    books.put(made)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert (str(row["balance"]), str(row["pending"])) == ("76.50", "0.00")
    march, _ = books.ask(
        get_account, books.ledger_id, books.checking.id, as_of=dt.date(2025, 3, 31)
    )
    assert str(march["balance"]) == "100.00"
    books.check_everywhere()


def test_voided_and_reinstated_money_comes_and_goes(books: Books) -> None:
    made = books.record("-20.00", "2025-03-30")
    made.void(NOW)
    books.put(made)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert str(row["balance"]) == "100.00"
    made.reinstate(NOW)
    books.put(made)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert str(row["balance"]) == "80.00"
    books.check_everywhere()


def test_a_matched_pair_counts_once(books: Books) -> None:
    mine = books.record("-9.00", "2025-03-03")
    theirs = books.record("-9.00", "2025-03-05", origin="file", bank_id="b1")
    mine.match(theirs, NOW)
    books.put(mine, theirs)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert str(row["balance"]) == "91.00"
    mine.unmatch(theirs, NOW)
    books.put(mine, theirs)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert str(row["balance"]) == "82.00"
    books.check_everywhere()


def test_history_leaves_no_day_out_and_begins_with_the_first_booking(books: Books) -> None:
    books.record("-1.00", "2025-02-27")
    books.record("-2.00", "2025-03-02")
    books.fold()
    days, _ = books.ask(account_history, books.ledger_id, books.checking.id)
    assert [(row["date"].isoformat(), str(row["balance"])) for row in days] == [
        ("2025-02-27", "99.00"),
        ("2025-02-28", "99.00"),
        ("2025-03-01", "99.00"),
        ("2025-03-02", "97.00"),
    ]
    months, _ = books.ask(
        account_history,
        books.ledger_id,
        books.checking.id,
        interval="month",
        start=dt.date(2025, 1, 31),
        end=dt.date(2025, 4, 1),
    )
    assert [(row["date"].isoformat(), str(row["balance"])) for row in months] == [
        ("2025-01-31", "100.00"),
        ("2025-02-28", "99.00"),
        ("2025-03-31", "97.00"),
        ("2025-04-30", "97.00"),
    ]


def test_history_of_an_account_with_only_an_undated_opening_is_empty(books: Books) -> None:
    books.fold()
    days, position = books.ask(account_history, books.ledger_id, books.checking.id)
    assert (days, position) == ([], len(books.events()))
    dated, _ = books.ask(account_history, books.ledger_id, books.savings.id)
    assert dated == [{"date": dt.date(2025, 1, 31), "balance": Decimal("5.00")}]


def test_history_as_of_a_day_knows_nothing_later(books: Books) -> None:
    books.record("-1.00", "2025-02-27")
    books.record("-2.00", "2025-03-02")
    books.fold()
    days, _ = books.ask(
        account_history,
        books.ledger_id,
        books.checking.id,
        end=dt.date(2025, 3, 3),
        as_of=dt.date(2025, 3, 1),
    )
    assert [str(row["balance"]) for row in days] == ["99.00"] * 5


def test_refuses_a_history_of_more_points_than_an_answer_holds(books: Books) -> None:
    books.fold()
    with pytest.raises(TooManyPoints) as refused:
        books.ask(
            account_history,
            books.ledger_id,
            books.checking.id,
            start=dt.date(1900, 1, 1),
            end=dt.date(2200, 12, 31),
        )
    assert refused.value.details == {"points_max": POINTS_MAX}


def test_refuses_an_account_of_another_ledger(books: Books) -> None:
    books.fold()
    for query in (get_account, account_history):
        with pytest.raises(AccountNotFound):
            books.ask(query, books.new_id(), books.checking.id)


def test_drift_is_what_the_bank_has_more_than_the_books(books: Books) -> None:
    books.record("-1.00", "2025-03-01")
    books.record("-2.00", "2025-03-05")
    books.checking.report_balance(dt.date(2025, 2, 1), "1.00", "USD", "file", NOW)
    books.checking.report_balance(dt.date(2025, 3, 4), "98.00", "USD", "file", NOW)
    books.checking.report_balance(dt.date(2025, 3, 4), "98.50", "USD", "user", NOW)
    books.put(books.checking)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    reported = {"date": dt.date(2025, 3, 4), "amount": Decimal("98.50"), "drift": Decimal("-0.50")}
    assert row["reported"] == reported
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id, as_of=dt.date(2025, 2, 9))
    assert row["reported"]["drift"] == Decimal("-99.00")
    books.check_everywhere()


def test_names_openings_profiles_and_closing_are_those_said_last(books: Books) -> None:
    books.checking.rename("Daily", NOW)
    books.checking.change_opening_balance("200.00", dt.date(2024, 12, 31), NOW)
    books.checking.remember_import_profile({"delimiter": ";"}, NOW)
    books.checking.close(dt.date(2025, 3, 10), NOW)
    books.put(books.checking)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert (row["name"], str(row["balance"]), row["closed_on"]) == (
        "Daily", "200.00", dt.date(2025, 3, 10),
    )  # fmt: skip
    earlier, _ = books.ask(
        get_account, books.ledger_id, books.checking.id, as_of=dt.date(2024, 12, 30)
    )
    assert (str(earlier["balance"]), earlier["closed_on"]) == ("0.00", None)
    [kept] = books.conn.execute(
        "select import_profile from model.accounts where name = 'Daily'"
    ).fetchall()
    assert kept == ({"delimiter": ";"},)
    books.checking.change_opening_balance("0", None, NOW)
    books.checking.reopen(NOW)
    books.put(books.checking)
    books.fold()
    row, _ = books.ask(get_account, books.ledger_id, books.checking.id)
    assert (str(row["balance"]), row["closed_on"]) == ("0.00", None)
    books.check_everywhere()
