"""What is known of a transaction, and the two things that all of its rules begin and end with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, MoneyEvent
from mintflow.domain.core.postings import Allocation, Booking
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.errors import TransactionIsVoided


class TransactionState(Aggregate):
    """One line of an account. `booking` is None while it is voided, taken back or absorbed by a
    match. taken_back: by the undoing of what brought it in.

    merchant: who it was with, as people say it; "" where nobody knows. reason, confidence,
    rule_id: why it has its category, where a rule or a suggestion gave it.
    """

    booking: Booking | None
    withdrawn: Booking | None
    unlinked: tuple[Allocation, ...] | None
    description: str
    counterparty: str
    memo: str
    notes: str
    merchant: str
    tags: tuple[str, ...]
    origin: e.Origin
    category_source: e.CategorySource
    reason: str
    confidence: Decimal | None
    rule_id: UUID | None
    budgeted: bool
    user_fields: frozenset[str]
    bank_id: str | None
    external_id: str | None
    import_id: UUID | None
    transfer_id: UUID | None
    matched_with: UUID | None
    absorbed_by: UUID | None
    taken_back: bool

    def _book(self, kind: type[MoneyEvent], now: dt.datetime, after: Booking, **facts: Any) -> None:
        self.trigger_event(kind, timestamp=now, before=self.booking, after=after, **facts)

    def _standing(self) -> Booking:
        if self.booking is None:
            raise TransactionIsVoided(
                "the transaction does not count (voided, or absorbed by a match)",
                transaction_id=str(self.id),
            )
        return self.booking
