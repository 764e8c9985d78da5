"""A second bank id of a transaction, so that its row under either id is known next time."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.transactions.events import TransactionAliased


class TransactionAlias(Aggregate):
    """A stream of one event that points to the transaction itself."""

    TOPIC = "transaction_alias"
    transaction_id: UUID

    def __init__(self) -> None:
        """Attributes come from TransactionAliased."""

    @classmethod
    def point(
        cls, alias_id: UUID, transaction_id: UUID, bank_id: str | None, now: datetime
    ) -> Self:
        """alias_id: the stream id that the other bank id gives."""
        return cls._create(
            TransactionAliased,
            id=alias_id,
            timestamp=now,
            transaction_id=transaction_id,
            bank_id=bank_id,
        )
