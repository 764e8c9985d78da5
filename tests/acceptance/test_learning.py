"""Thirty days of corrections, then thirty days without: how many categories are right.

The shops of this household are invented, so nothing but a correction can know them: payees that are
met for the first time after the thirty days are counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from acceptance.household import Label, household
from acceptance.product import Client, Product, data_of, product
from services import PostgresService

MONTH = dt.timedelta(days=30)
STARTS = [dt.date(2023, 2, 1), dt.date(2024, 1, 1), dt.date(2025, 3, 1), dt.date(2026, 6, 1)]


@pytest.fixture(scope="module")
def books(postgres: PostgresService) -> Iterator[Product]:
    with postgres.migrated() as url, product(url) as started:
        yield started


def bring_in(client: Client, path: str, accounts: dict[str, str], rows: Sequence[Label]) -> None:
    for name, account_id in accounts.items():
        lines = ["Date,Description,Amount"]
        lines += [f"{r.date},{r.description},{r.amount}" for r in rows if r.account == name]
        content = "\n".join(lines).encode()
        if len(lines) > 1:
            client.upload(f"{path}/imports", "x.csv", content, account_id=account_id)


def wrong(client: Client, path: str, rows: Sequence[Label]) -> list[tuple[str, str]]:
    """(transaction id, right category) of the rows of these labels that are sorted wrongly."""
    waiting: dict[Any, list[str]] = {}
    for one in rows:
        key = (one.date.isoformat(), f"{one.amount:.2f}", one.description)
        waiting.setdefault(key, []).append(one.category)
    found = []
    days = {"start_date": min(r.date for r in rows), "end_date": max(r.date for r in rows)}
    for row in client.pages(f"{path}/transactions", limit=1000, **days):
        right = waiting[row["date"], row["amount"], row["description"]].pop()
        if row["category"] != right:
            found.append((row["transaction_id"], right))
    return found


def test_after_thirty_days_of_corrections_payees_that_were_met_are_right(books: Product) -> None:
    labels = [one for one in household().labels if one.category != "opening"]
    mistakes = count = strangers = 0
    for start in STARTS:
        client = books.client()
        opened = client.post("/v1/ledgers", {"name": "Home", "currency": "USD"})
        path = f"/v1/ledgers/{opened['ledger_id']}"
        accounts = {
            name: client.post(f"{path}/accounts", {"name": name, "kind": kind, "currency": "USD"})[
                "account_id"
            ]
            for name, kind in (("checking", "checking"), ("card", "credit_card"))
        }
        first = [one for one in labels if start <= one.date < start + MONTH]
        then = [one for one in labels if start + MONTH <= one.date < start + 2 * MONTH]
        bring_in(client, path, accounts, first)
        for transaction_id, category in wrong(client, path, first):
            address = f"{path}/transactions/{transaction_id}/category"
            data_of(client.send("PUT", address, json={"category": category}))
        bring_in(client, path, accounts, then)
        met = {one.description for one in first}
        known = [one for one in then if one.description in met]
        ids = {
            row["transaction_id"]
            for row in client.pages(f"{path}/transactions", limit=1000)
            if row["description"] in met
        }
        mistakes += sum(one in ids for one, _ in wrong(client, path, then))
        count, strangers = count + len(known), strangers + len(then) - len(known)
    print(f"{count - mistakes} of {count} right; {strangers} of payees never met before")
    assert count > 70
    assert mistakes <= 0.05 * count
