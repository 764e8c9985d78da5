"""The sample household: its four bank files, a label per row, and what correct books say."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

ACCOUNTS = {"checking": "checking", "card": "credit_card"}
EXPECTED = Path(__file__).with_name("household_expected.json")
FILES = ("checking-1.csv", "checking-2.csv", "card-1.ofx", "card-2.ofx")


@dataclass(frozen=True)
class Label:
    """What one row is, as the person who made the history says. amount: the account's side."""

    account: str
    date: dt.date
    description: str
    amount: Decimal
    category: str

    @property
    def row(self) -> tuple[dt.date, Decimal, str]:
        """What tells rows of an account apart; equal rows are equal here."""
        return self.date, self.amount, _plain(self.description)


@dataclass(frozen=True)
class Household:
    """folder: where the files are. expected: figures computed by another program."""

    folder: Path
    labels: tuple[Label, ...]
    expected: dict[str, Any]

    def file(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def labels_of(self, account: str, shown: Iterable[dict[str, Any]]) -> dict[str, str]:
        """transaction_id -> category for every transaction shown; equal rows get theirs in turn.

        Every row has exactly one label and every label its row, or the test fails.
        """
        waiting: defaultdict[Any, list[str]] = defaultdict(list)
        for label in self.labels:
            if label.account == account and label.category != "opening":
                waiting[label.row].append(label.category)
        found = {}
        for row in shown:
            day = dt.date.fromisoformat(row["date"])
            key = (day, Decimal(row["amount"]), _plain(row["description"]))
            assert waiting[key], f"a row without a label on {day}"
            found[row["transaction_id"]] = waiting[key].pop(0)
        assert not any(waiting.values()), "a label without its row"
        return found


def household() -> Household:
    """The files that the demo imports, and the figures beside this file."""
    folder = Path(str(files("mintflow.hosts"))) / "demo" / "household"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        labels = tuple(
            Label(
                one["account"],
                dt.date.fromisoformat(one["date"]),
                one["description"],
                Decimal(one["amount"]),
                one["category"],
            )
            for one in csv.DictReader(lines)
        )
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return Household(folder, labels, expected)


def account_of(file_name: str) -> str:
    return file_name.partition("-")[0]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
