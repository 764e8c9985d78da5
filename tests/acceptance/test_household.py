"""A household's four bank files, in any order and twice: every figure is the expected one.

The figures in expected.json were computed by another program from the history that the files were
made of; nothing here computes them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from acceptance.household import ACCOUNTS, FILES, Household, account_of, household
from acceptance.product import Client, Product, data_of, drop_read_models, product
from services import PostgresService

from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore

ALL_ORDERS = list(permutations(FILES))
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
# Both plain orders always, and three others in each run, the same for all its processes: they have
# to find the same tests. In CI all 24.
CHANCE = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
ORDERS = (
    ALL_ORDERS if IN_CI else [ALL_ORDERS[0], ALL_ORDERS[-1], *CHANCE.sample(ALL_ORDERS[1:-1], 3)]
)


@pytest.fixture(scope="module")
def files() -> Household:
    return household()


@pytest.fixture(scope="module")
def books(postgres: PostgresService) -> Iterator[Product]:
    with postgres.migrated() as url, product(url) as started:
        yield started


@pytest.fixture
def key_folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


class HouseholdLedger:
    """A ledger with the two accounts of the household, and what can be asked of it."""

    def __init__(self, client: Client, files: Household, *, opening_from_files: bool) -> None:
        self.client = client
        self.files = files
        ledger = client.post("/v1/ledgers", {"name": "Household", "currency": "USD"})
        self.path = f"/v1/ledgers/{ledger['ledger_id']}"
        self.accounts = {}
        for name, kind in ACCOUNTS.items():
            body: dict[str, Any] = {"name": name, "kind": kind, "currency": "USD"}
            if opening_from_files:
                body["opening_from_files"] = True
            else:
                body["opening_balance"] = files.expected["opening"][name]
            self.accounts[name] = client.post(f"{self.path}/accounts", body)["account_id"]

    def bring_in(self, file_name: str, **fields: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.upload(
            f"{self.path}/imports",
            file_name,
            self.files.file(file_name),
            account_id=self.accounts[account_of(file_name)],
            **fields,
        )
        return answer

    def rows(self, account: str) -> list[dict[str, Any]]:
        """Its transactions in the order in which they were recorded."""
        self.client.see_what_was_written(self.path)
        return self.client.pages(
            f"{self.path}/transactions",
            account_id=self.accounts[account],
            sort="recorded",
            limit=1000,
        )

    def categorize_as_labelled(self, *, link_payments: bool) -> int:
        """Give every row its label; returns how many payments were linked as transfers."""
        rows = {name: self.rows(name) for name in ACCOUNTS}
        labels = {name: self.files.labels_of(name, rows[name]) for name in ACCOUNTS}
        pairs = _payments(rows, labels) if link_payments else []
        linked = {leg for pair in pairs for leg in pair}
        requests: list[tuple[str, str, dict[str, Any]]] = [
            (
                "POST",
                f"{self.path}/transfers/link",
                {"json": {"from_transaction_id": leaves, "to_transaction_id": enters}},
            )
            for leaves, enters in pairs
        ]
        requests += [
            (
                "PUT",
                f"{self.path}/transactions/{transaction_id}/category",
                {"json": {"category": category}},
            )
            for of_account in labels.values()
            for transaction_id, category in of_account.items()
            if transaction_id not in linked
        ]
        for answer in self.client.send_all(requests):
            data_of(answer)
        return len(pairs)

    def assert_balances(self) -> None:
        """Rows, closing balances, balances at the end of every month, and the trial balance."""
        expected = self.files.expected
        self.client.see_what_was_written(self.path)
        shown = {one["account_id"]: one for one in self.client.get(f"{self.path}/accounts")}
        for name, account_id in self.accounts.items():
            assert len(self.rows(name)) == expected["rows"][name]
            assert shown[account_id]["balance"] == expected["closing"][name]
            assert shown[account_id]["available"] == expected["closing"][name]
            history = self.client.get(
                f"{self.path}/accounts/{account_id}/history", interval="month"
            )
            month_end = {point["date"][:7]: point["balance"] for point in history}
            assert month_end == expected["month_end"][name]
        for line in self.client.get(f"{self.path}/trial-balance"):
            assert Decimal(line["difference"]) == 0

    def assert_category_totals(self) -> None:
        """Those of every month; a category that is not expected may not be there either."""
        found = {}
        self.client.see_what_was_written(self.path)
        for month in self.files.expected["category_totals"]:
            totals = self.client.get(f"{self.path}/category-totals", month=month)
            assert {one["currency"] for one in totals} <= {"USD"}
            found[month] = {one["category"]: one["amount"] for one in totals}
        assert found == self.files.expected["category_totals"]

    def everything(self) -> dict[str, Any]:
        """Every answer that the read models give about this ledger."""
        get, path = self.client.get, self.path
        self.client.see_what_was_written(path)
        months = self.files.expected["category_totals"]
        return {
            "accounts": get(f"{path}/accounts"),
            "as_of": get(f"{path}/accounts", as_of="2024-06-15"),
            "history": [
                get(f"{path}/accounts/{one}/history", interval=interval)
                for one in self.accounts.values()
                for interval in ("day", "month")
            ],
            "transactions": [self.rows(name) for name in ACCOUNTS],
            "totals": {month: get(f"{path}/category-totals", month=month) for month in months},
            "budgets": {month: get(f"{path}/budgets/status", month=month) for month in months},
            "all_budgets": get(f"{path}/budgets"),
            "trial_balance": get(f"{path}/trial-balance"),
            "categories": get(f"{path}/categories"),
            "imports": get(f"{path}/imports"),
            "ledger": get(path),
        }


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_files_in_any_order_and_twice_give_the_expected_balances(
    books: Product, files: Household, order: tuple[str, ...]
) -> None:
    ledger = HouseholdLedger(books.client(), files, opening_from_files=False)
    added = 0
    for file_name in order:
        predicted = ledger.bring_in(file_name, dry_run="true")
        done = ledger.bring_in(file_name)
        assert _counts(done) == _counts(predicted), "the dry run did not predict the import"
        added += done["added"]
    assert added == sum(files.expected["rows"].values())
    ledger.assert_balances()
    for file_name in order:
        again = ledger.bring_in(file_name)
        assert (again["added"], again["updated"], again["skipped"]) == (0, 0, 0)
        assert again["known"] > 0
    ledger.assert_balances()


def test_opening_balances_that_only_the_files_say_give_the_same_books(
    books: Product, files: Household
) -> None:
    for order in (FILES, FILES[::-1]):
        ledger = HouseholdLedger(books.client(), files, opening_from_files=True)
        for file_name in order:
            ledger.bring_in(file_name)
        ledger.assert_balances()


def test_a_dry_run_leaves_no_trace(books: Product, files: Household) -> None:
    ledger = HouseholdLedger(books.client(), files, opening_from_files=True)
    ledger.bring_in(FILES[0])
    events, shown = _events(ledger), ledger.everything()
    for file_name in FILES:
        ledger.bring_in(file_name, dry_run="true")
    assert _events(ledger) == events
    assert ledger.everything() == shown


@pytest.mark.parametrize("link_payments", [True, False], ids=["linked", "categorized"])
def test_labels_give_the_expected_category_totals_of_every_month(
    books: Product, files: Household, link_payments: bool
) -> None:
    ledger = HouseholdLedger(books.client(), files, opening_from_files=False)
    order = random.choice(ALL_ORDERS)
    print("order:", *order)
    for file_name in order:
        ledger.bring_in(file_name)
    linked = ledger.categorize_as_labelled(link_payments=link_payments)
    assert linked == (files.expected["transfers"] if link_payments else 0)
    ledger.assert_category_totals()
    ledger.assert_balances()
    # What the user said stands when the same files come in once more.
    for file_name in FILES:
        assert ledger.bring_in(file_name)["added"] == 0
    ledger.assert_category_totals()


@pytest.mark.parametrize("way", ["rebuilt", "tailed"])
def test_read_models_that_are_dropped_and_made_anew_answer_the_same(
    postgres: PostgresService, files: Household, key_folder: Path, way: str
) -> None:
    """By a rebuild, and by a tailer that finds nothing folded when it starts."""
    keys = partial(FolderKeyStore, key_folder)
    with postgres.migrated() as url:
        with product(url, keys=keys()) as started:
            ledger = HouseholdLedger(started.client(), files, opening_from_files=False)
            for file_name in FILES:
                ledger.bring_in(file_name)
            ledger.categorize_as_labelled(link_payments=True)
            for category, amount in (("food_dining", "700"), ("bills.phone", "55.60")):
                body = {"category": category, "amount": amount, "period": "month"}
                ledger.client.put(f"{ledger.path}/budgets", body | {"rollover": "surplus"})
            before = ledger.everything()
        if way == "rebuilt":
            assert rebuild(url, keys).identical is True
        drop_read_models(url)
        if way == "rebuilt":
            rebuild(url, keys)
        with product(url, keys=keys()) as started:
            ledger.client = started.client()
            head = _events(ledger)[-1]["position"]
            ledger.client.get(ledger.path, min_position=head)
            assert ledger.everything() == before
            ledger.assert_balances()
            ledger.assert_category_totals()


def _counts(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("import_id", "dry_run")}


def _events(ledger: HouseholdLedger) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["ledger_seq"] if found else 0
        page = ledger.client.get(f"{ledger.path}/events", after=after, limit=1000)
        if not page:
            return found
        found += page


def _payments(
    rows: dict[str, list[dict[str, Any]]], labels: dict[str, dict[str, str]]
) -> list[tuple[str, str]]:
    """(leg that leaves checking, leg that enters the card), by day and amount."""
    leaving: dict[tuple[str, Decimal], list[str]] = {}
    for row in rows["checking"]:
        if labels["checking"][row["transaction_id"]] == "transfer":
            key = (row["date"], -Decimal(row["amount"]))
            leaving.setdefault(key, []).append(row["transaction_id"])
    return [
        (leaving[row["date"], Decimal(row["amount"])].pop(0), row["transaction_id"])
        for row in rows["card"]
        if labels["card"][row["transaction_id"]] == "transfer"
    ]
