"""Whether the product's figures are the oracle's: every one of them, after every step."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from acceptance.bus import Seen
from properties.oracle.books import BEGINNING, Account, Books, Row
from properties.oracle.budgets import status as budget_status

ALWAYS = dt.date(2200, 12, 31)
STATES = {None: "standing", "voided": "voided", "absorbed": "absorbed"}


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def assert_equal(books: Books, seen: Seen) -> None:
    """Also gives rows that were imported the ids that the product gave them: both have them in the
    order in which they were recorded."""
    for status, state in STATES.items():
        expected = [row for row in books.rows if row.state == state]
        listed = seen.transactions[status]
        assert len(listed) == len(expected), f"{state}: {len(listed)} and not {len(expected)}"
        for row, shown in zip(expected, listed, strict=True):
            row.id = row.id or shown["transaction_id"]
    for status, state in STATES.items():
        expected = [row for row in books.rows if row.state == state]
        for row, shown in zip(expected, seen.transactions[status], strict=True):
            got, wanted = _shown(shown), _row(books, row)
            differ = {name: (got[name], wanted[name]) for name in got if got[name] != wanted[name]}
            assert not differ, f"row {row.id}: (product, oracle) {differ}"
    got_accounts = [_plain(one) for one in seen.accounts]
    assert got_accounts == [_account(books, one) for one in books.accounts]
    for line in seen.trial_balance:
        assert line["difference"] == 0, "the books do not balance"
    assert {
        line["currency"]: (money(line["debits"]), money(line["credits"]))
        for line in seen.trial_balance
    } == {
        currency: (money(debits), money(credits_))
        for currency, (debits, credits_) in books.trial_balance().items()
    }
    for month, totals in seen.totals.items():
        first = dt.date.fromisoformat(month + "-01")
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        assert _totals(totals) == _expected_totals(books, first, last), month
    assert _totals(seen.all_time) == _expected_totals(books, BEGINNING, ALWAYS), "all days"
    for month, rows in seen.budgets.items():
        assert sorted(map(_budget, rows)) == sorted(map(_budget, budget_status(books, month))), (
            month
        )


def _row(books: Books, row: Row) -> dict[str, Any]:
    paths = [books.categories[category_id].path for category_id, _ in row.parts]
    split = len(paths) > 1
    status = row.state if row.state != "standing" else "posted" if row.posted else "pending"
    return {
        "transaction_id": row.id,
        "account_id": row.account.id,
        "date": row.date,
        "amount": money(row.amount),
        "currency": row.account.currency,
        "description": row.description,
        "category": None if split else paths[0],
        "splits": [
            (path, money(amount))
            for path, (_, amount) in zip(paths, row.parts, strict=True)
            if split
        ],
        "category_source": row.source,
        "status": status,
        "notes": row.notes,
        "tags": row.tags,
        "origin": row.origin,
        "external_id": row.external_id,
        "transfer_id": row.transfer.id if row.transfer else None,
        "matched_with": row.matched_with.id if row.matched_with else None,
    }


def _shown(shown: dict[str, Any]) -> dict[str, Any]:
    transfer_id = shown["transfer_id"]
    return {
        **{name: shown[name] for name in _SAME},
        "account_id": str(shown["account_id"]),
        "amount": str(shown["amount"]),
        "splits": [(part["category"], str(part["amount"])) for part in shown["splits"]],
        "tags": tuple(shown["tags"]),
        "transfer_id": str(transfer_id) if transfer_id else None,
    }


_SAME = (
    "transaction_id", "date", "currency", "description", "category", "category_source", "status",
    "notes", "origin", "external_id", "matched_with",
)  # fmt: skip


def _account(books: Books, account: Account) -> dict[str, Any]:
    balance = books.balance(account)
    pending, pending_out = books.pending(account)
    reported = None
    if account.reported:
        day = max(account.reported)
        amount = account.reported[day]
        reported = (day, money(amount), money(amount - books.balance(account, day)))
    return {
        "account_id": account.id,
        "currency": account.currency,
        "balance": money(balance),
        "pending": money(pending),
        "available": money(balance + pending_out),
        "closed": account.closed,
        "reported": reported,
    }


def _plain(shown: dict[str, Any]) -> dict[str, Any]:
    reported = shown["reported"]
    return {
        "account_id": str(shown["account_id"]),
        "currency": shown["currency"],
        "balance": str(shown["balance"]),
        "pending": str(shown["pending"]),
        "available": str(shown["available"]),
        "closed": shown["closed_on"] is not None,
        "reported": reported
        and (reported["date"], str(reported["amount"]), str(reported["drift"])),
    }


def _totals(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, int]]:
    return {
        (row["category"], row["currency"]): (str(row["amount"]), row["transactions"])
        for row in rows
    }


def _expected_totals(
    books: Books, first: dt.date, last: dt.date
) -> dict[tuple[str, str], tuple[str, int]]:
    return {
        key: (money(amount), count) for key, (amount, count) in books.totals(first, last).items()
    }


def _budget(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("budgeted", "carried_in", "spent", "remaining")
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.4f}"
    amounts = [money(row[name]) for name in names]
    return (row["category"], row["currency"], *amounts, ratio, row["status"])
