"""Double entry: what a booking is, and the one rule that turns it into postings.

A posting is one leg of a transaction. Signs are those of assets: positive is a debit. Money that
leaves an account (-50) is a credit of that account and a debit (+50) of the category it went to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import EXACT, exact_sum, money_text, negated

Status = Literal["pending", "posted"]

UNCATEGORIZED = "uncategorized"
TRANSFER = "transfer"
OPENING_BALANCE = "equity.opening_balance"


class PostingsMustSumToZero(Invalid):
    """The parts of a transaction do not add up to its amount."""

    code = "postings_must_sum_to_zero"


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of an amount that goes to one category; signed from the account's side."""

    category_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Booking:
    """The money facts of one transaction: one line of an account and where it belongs.

    amount: signed from the account's side, money out is negative, with the currency's digits.
    allocations: at least one; they sum to `amount` exactly, so an unbalanced one cannot exist.
    """

    account_id: UUID
    date: dt.date
    amount: Decimal
    currency: str
    status: Status
    allocations: tuple[Allocation, ...]

    def __post_init__(self) -> None:
        parts = self.allocations
        total = parts[0].amount if len(parts) == 1 else exact_sum(part.amount for part in parts)
        if not parts or total != self.amount:
            raise PostingsMustSumToZero(
                "the parts of a transaction must sum to its amount",
                amount=money_text(self.amount),
                parts=money_text(total),
                currency=self.currency,
            )


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg: a real account (`account_id` set) or a nominal one (`category_id` set)."""

    account_id: UUID | None
    category_id: str | None
    amount: Decimal
    currency: str


def postings(booking: Booking) -> Iterator[Posting]:
    """The legs of a booking: first the real account, then one per allocation; they sum to zero."""
    yield Posting(booking.account_id, None, booking.amount, booking.currency)
    for part in booking.allocations:
        yield Posting(None, part.category_id, negated(part.amount), booking.currency)


def imbalance(booking: Booking) -> Decimal:
    """The sum of a booking's postings: exactly zero, or the books are broken.

    Written out rather than summed over `postings`, because it is asked for every event that is
    appended; that the two agree is a property test.
    """
    parts = booking.allocations
    allocated = parts[0].amount if len(parts) == 1 else exact_sum(part.amount for part in parts)
    return EXACT.subtract(booking.amount, allocated)


def whole(amount: Decimal, category_id: str) -> tuple[Allocation, ...]:
    """The allocation of a transaction that is not split."""
    return (Allocation(category_id, amount),)
