"""What a single event adds to a figure: the same legs that the folds add, one event at a time.

It has no tables. A figure is the sum of these over the ledger's money events, which the API checks
against what the figure's own query answers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from mintflow.domain.core.money import EXACT, ZERO
from mintflow.domain.core.time import Month
from mintflow.projections.core.bookings import (
    MONEY_TYPES,
    Json,
    account_leg,
    category_legs,
    signed,
)
from mintflow.store.mapper import RecordedEvent, canonical_json

EXPLAINED_TYPES = tuple(sorted(MONEY_TYPES))
# Each is looked for in every record, which is to cost less than decoding those that it spares.
MARKS_MAX = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """Posted bookings of one account, or of some categories, on the days that count (both ends)."""

    start: dt.date
    end: dt.date
    account_id: str | None = None
    category_ids: frozenset[str] = frozenset()

    def marks(self) -> tuple[bytes, ...]:
        """Bytes of which at least one stands in the record of every event that adds anything; none
        where that can not be said in a few.

        They are what a booking reads like in a record, whose JSON has one form; no upcast touches
        bookings.
        """
        if self.account_id is not None:
            return (_mark("account_id", self.account_id) + b'"',)
        first, last = Month.of(self.start), Month.of(self.end)
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        if months <= min(MARKS_MAX, len(self.category_ids)) or months == 1:
            return tuple(_mark("date", f"{month}-") for month in first.until(last.next()))
        if len(self.category_ids) <= MARKS_MAX:
            return tuple(_mark("category_id", one) + b'"' for one in sorted(self.category_ids))
        return ()

    def added_by(self, event: RecordedEvent) -> dict[str, Decimal]:
        """Currency -> what the event adds; a currency to which it adds nothing is absent.

        Signed from the account's side: spending is negative.
        """
        sums: dict[str, Decimal] = {}
        for comes_in, name in ((False, "before"), (True, "after")):
            booking = event.data[name]
            if booking is None or not self._counts(booking):
                continue
            for amount in self._legs(booking):
                held = sums.get(booking["currency"], ZERO)
                sums[booking["currency"]] = EXACT.add(held, signed(amount, comes_in))
        return {currency: amount for currency, amount in sums.items() if amount}

    def _counts(self, booking: Json) -> bool:
        day = booking["date"]
        return bool(
            booking["status"] == "posted"
            and self.start.isoformat() <= day <= self.end.isoformat()
            and (self.account_id is None or booking["account_id"] == self.account_id)
        )

    def _legs(self, booking: Json) -> Iterable[Decimal]:
        if self.account_id is not None:
            return [account_leg(booking)]
        return [amount for one, amount in category_legs(booking) if one in self.category_ids]


def _mark(field: str, begins: str) -> bytes:
    """How a field with a text that begins so stands in a record."""
    return canonical_json({field: begins})[1:-2]
