"""The sample household: its files, what its owner says of the rows, and what it wants to spend."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

LEDGER = "Household"
CURRENCY = "USD"
FOLDER = Path(__file__).with_name("household")

# What each account held before its files begin, as its first statement says.
ACCOUNTS: tuple[dict[str, Any], ...] = (
    {
        "name": "checking",
        "kind": "checking",
        "currency": CURRENCY,
        "opening_balance": "3938.09",
        "opening_date": "2023-01-01",
    },
    {"name": "card", "kind": "credit_card", "currency": CURRENCY},
)
FILES = {
    "checking": (FOLDER / "checking-1.csv", FOLDER / "checking-2.csv"),
    "card": (FOLDER / "card-1.ofx", FOLDER / "card-2.ofx"),
}
# Amounts per month. The first carries on what is left of it, from the month before the newest one.
BUDGETS: tuple[dict[str, Any], ...] = (
    {"category": "food_dining.groceries", "amount": "150", "rollover": "surplus"},
    {"category": "food_dining.restaurants", "amount": "220"},
    {"category": "transportation", "amount": "110"},
    {"category": "bills", "amount": "210"},
    {"category": "financial.bank_fees", "amount": "10"},
)

# (account, date, description without case, amount): what identifies a row to its owner.
Label = tuple[str, str, str, Decimal]


def labels() -> dict[Label, list[str]]:
    """The category that the owner gives each row; equal rows of a day have one each, in order."""
    found: defaultdict[Label, list[str]] = defaultdict(list)
    with (FOLDER / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[label_of(row)].append(row["category"])
    return dict(found)


def label_of(row: Mapping[str, str]) -> Label:
    """What identifies a row: of the labels, or of the books."""
    amount = Decimal(row["amount"])
    return row["account"], row["date"], row["description"].casefold(), amount
