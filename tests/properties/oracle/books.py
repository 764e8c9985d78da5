"""A second set of books, kept the slow way: a list of rows and loops over it.

Written from what the product promises, without its code: no events, no projections, no aggregates.
Every figure is computed from scratch each time it is asked for. A refusal is `Refused` with the
code that the product gives.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

BEGINNING = dt.date(1900, 1, 1)
CENT = Decimal("0.01")
Parts = list[tuple[str, Decimal]]


class Refused(Exception):
    """What the product must refuse, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Account:
    """opening: (day, amount) or None. keys: what the bank called rows that came in."""

    id: str
    currency: str
    opening: tuple[dt.date, Decimal] | None = None
    opening_from_files: bool = False
    closed: bool = False
    reported: dict[dt.date, Decimal] = field(default_factory=dict)
    keys: dict[Any, Row] = field(default_factory=dict)


@dataclass(eq=False)
class Row:
    """One transaction. state: standing, voided or absorbed. mine: what the user said himself."""

    account: Account
    date: dt.date
    amount: Decimal
    posted: bool
    parts: Parts
    description: str
    origin: str
    source: str
    id: UUID | None = None
    state: str = "standing"
    notes: str = ""
    tags: tuple[str, ...] = ()
    mine: set[str] = field(default_factory=set)
    bank_id: str | None = None
    external_id: str | None = None
    transfer: Transfer | None = None
    former: Parts | None = None
    matched_with: Row | None = None
    absorbed_by: Row | None = None

    @property
    def known_id(self) -> UUID:
        """Its id, which every row has once the product has shown it."""
        assert self.id is not None
        return self.id

    def must_stand(self) -> None:
        if self.state != "standing":
            raise Refused("transaction_is_voided")


@dataclass(eq=False)
class Transfer:
    id: str
    leaves: Row
    enters: Row
    ended: bool = False


@dataclass(eq=False)
class Category:
    id: str
    path: str
    kind: str
    archived: bool = False
    merged_into: str | None = None


@dataclass
class Books:
    """All that one ledger holds. terms: per category id, month -> what is budgeted from then on."""

    today: dt.date
    accounts: list[Account] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    categories: dict[str, Category] = field(default_factory=dict)
    terms: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    budget_currency: dict[str, str] = field(default_factory=dict)

    def account(self, account_id: str) -> Account:
        for one in self.accounts:
            if one.id == account_id:
                return one
        raise Refused("account_not_found")

    def row(self, transaction_id: UUID) -> Row:
        for one in self.rows:
            if one.id == transaction_id:
                return one
        raise Refused("transaction_not_found")

    def standing(self) -> list[Row]:
        return [one for one in self.rows if one.state == "standing"]

    def balance(self, account: Account, until: dt.date | None = None) -> Decimal:
        """What is posted, at the end of a day or of all days."""
        total = Decimal(0)
        if account.opening and (until is None or account.opening[0] <= until):
            total += account.opening[1]
        for row in self.standing():
            if row.account is account and row.posted and (until is None or row.date <= until):
                total += row.amount
        return total

    def pending(self, account: Account) -> tuple[Decimal, Decimal]:
        """(all that is pending, what of it takes money out)."""
        amounts = [r.amount for r in self.standing() if r.account is account and not r.posted]
        return sum(amounts, Decimal(0)), sum((a for a in amounts if a < 0), Decimal(0))

    def totals(self, start: dt.date, end: dt.date) -> dict[tuple[str, str], tuple[Decimal, int]]:
        """(category path, currency) -> (amount, transactions) of what was spent and earned."""
        found: dict[tuple[str, str], tuple[Decimal, int]] = {}
        for row in self.standing():
            if not row.posted or not start <= row.date <= end:
                continue
            counted: set[str] = set()
            for category_id, amount in row.parts:
                category = self.categories[category_id]
                if category.kind in ("transfer", "equity"):
                    continue
                key = (category.path, row.account.currency)
                held, count = found.get(key, (Decimal(0), 0))
                found[key] = (held + amount, count + (category_id not in counted))
                counted.add(category_id)
        return found

    def trial_balance(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Currency -> (debits, credits) of the net balances of accounts and categories."""
        nets: dict[tuple[str, str], Decimal] = {}

        def book(currency: str, name: str, amount: Decimal) -> None:
            nets[currency, name] = nets.get((currency, name), Decimal(0)) + amount

        for account in self.accounts:
            book(account.currency, account.id, self.balance(account))
            if account.opening:
                book(account.currency, "equity.opening_balance", -account.opening[1])
        for row in self.standing():
            if row.posted:
                for category_id, amount in row.parts:
                    book(row.account.currency, category_id, -amount)
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for (currency, _), net in nets.items():
            debits, credits_ = found.get(currency, (Decimal(0), Decimal(0)))
            found[currency] = (debits + max(net, Decimal(0)), credits_ + max(-net, Decimal(0)))
        return found


def check_amount(amount: Decimal) -> None:
    """All currencies here have two digits."""
    if amount != amount.quantize(CENT):
        raise Refused("too_many_digits")


def resized(parts: Parts, amount: Decimal) -> Parts:
    """A tip goes to the largest part, the first of equals. One that would leave nothing of it, or
    less, is everybody's by shares; but who paid and who got something back never both get more:
    then only the largest of those whom the difference is like."""
    names, sizes = [name for name, _ in parts], [size for _, size in parts]
    whole = sum(sizes)
    if amount == whole:
        return parts

    def give(to: list[Decimal], alike: list[Decimal], what: Decimal) -> Parts:
        first = alike.index(max(alike, key=lambda one: one if what > 0 else -one))
        to[first] += what
        return list(zip(names, to, strict=True))

    most = max(abs(size) for size in sizes)
    largest = next(i for i, size in enumerate(sizes) if abs(size) == most)
    left = sizes[largest] + amount - whole
    if len(parts) == 1 or most == 0 or left * sizes[largest] > 0:
        return [(n, left if i == largest else s) for i, (n, s) in enumerate(parts)]
    if min(sizes) < 0 < max(sizes) and abs(amount) > abs(whole):
        return give([*sizes], sizes, amount - whole)
    share = Fraction(amount) / Fraction(whole)
    scaled = [int(Fraction(size) * share / Fraction(CENT)) * CENT for size in sizes]
    turned = [-size for size in sizes] if share < 0 else sizes
    return give(scaled, turned, amount - sum(scaled))
