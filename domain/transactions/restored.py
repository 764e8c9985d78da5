"""What an undo says of a transaction: that it came in by mistake, or what it was before."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from mintflow.domain.core.aggregates import MoneyEvent
from mintflow.domain.transactions.events import CategorySource

if TYPE_CHECKING:
    from mintflow.domain.transactions.aggregate import Transaction


class TransactionTakenBack(MoneyEvent):
    """The operation that brought it in was undone; `after` is None. Unlike one that was voided it
    comes back when the same row is imported again."""

    TOPIC = "transaction.taken_back"

    def apply(self, aggregate: Transaction) -> None:
        aggregate.withdrawn, aggregate.booking = self.before, None
        aggregate.taken_back = True


class TransactionRestored(MoneyEvent):
    """Some of its facts are again what they were without an operation that was undone.

    fields: which; all others are as they are. Both bookings are None for one that does not stand.
    user_fields: what is the user's own now.
    """

    TOPIC = "transaction.restored"
    SCHEMA_VERSION = 2
    SEALED: ClassVar[frozenset[str]] = frozenset(
        {"description", "counterparty", "memo", "notes", "merchant", "reason", "tags"}
    )

    fields: tuple[str, ...]
    description: str
    counterparty: str
    memo: str
    notes: str
    merchant: str
    tags: tuple[str, ...]
    category_source: CategorySource
    reason: str
    confidence: Decimal | None
    rule_id: UUID | None
    budgeted: bool
    user_fields: tuple[str, ...]

    def apply(self, aggregate: Transaction) -> None:
        aggregate.booking = self.after
        aggregate.description, aggregate.counterparty = self.description, self.counterparty
        aggregate.memo, aggregate.notes, aggregate.merchant = self.memo, self.notes, self.merchant
        aggregate.tags, aggregate.category_source = self.tags, self.category_source
        aggregate.reason, aggregate.confidence = self.reason, self.confidence
        aggregate.rule_id, aggregate.budgeted = self.rule_id, self.budgeted
        aggregate.user_fields = frozenset(self.user_fields)
