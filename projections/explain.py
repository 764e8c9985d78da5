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
from mintflow.projections.core.bookings import (
    MONEY_TYPES,
    Json,
    account_leg,
    category_legs,
    signed,
)
from mintflow.store.mapper import RecordedEvent

EXPLAINED_TYPES = tuple(sorted(MONEY_TYPES))


@dataclass(frozen=True, slots=True)
class Figure:
    """Posted bookings of one account, or of some categories, on the days that count (both ends)."""

    start: dt.date
    end: dt.date
    account_id: str | None = None
    category_ids: frozenset[str] = frozenset()

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
