"""The commands on transactions, as they are asked for."""

from __future__ import annotations

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from mintflow.commands.core.command import (
    Amount,
    CategoryPath,
    Command,
    Day,
    ForeignId,
    Tag,
    Text,
    example,
)

BATCH_MAX = 1_000


class RecordTransaction(Command):
    """A transaction entered by hand or by a client. amount: money out is negative.

    external_id: the client's own id in this account; recording it again gives the same
    transaction and says `known`, and books it if it was pending and is said to be posted. A posted
    row under another id than a pending one of the same payee, with its amount or a tip more and
    some days later, is that one. Without an id nothing is ever taken for a duplicate.
    """

    model_config = example(
        account_id="01999999-0000-7000-8000-000000000001",
        date="2025-03-14",
        amount="-12.30",
        description="Coffee at the corner",
        category="food_dining.coffee_shops",
    )

    account_id: UUID
    date: Day
    amount: Amount
    description: Text
    category: CategoryPath | None = None
    notes: Text = ""
    tags: tuple[Tag, ...] = Field((), max_length=50)
    external_id: ForeignId | None = None
    counterparty: Text = ""
    status: Literal["posted", "pending"] = "posted"


class RecordTransactions(Command):
    """Several at once, all or nothing."""

    transactions: tuple[RecordTransaction, ...] = Field(min_length=1, max_length=BATCH_MAX)


class PostTransaction(Command):
    """The bank booked a pending one, maybe with another amount, date or id."""

    transaction_id: UUID
    amount: Amount | None = None
    date: Day | None = None
    bank_id: ForeignId | None = None


class AmendTransaction(Command):
    """Correct what was entered; what is not given stays."""

    transaction_id: UUID
    date: Day | None = None
    amount: Amount | None = None
    description: Text | None = None
    counterparty: Text | None = None
    notes: Text | None = None
    tags: tuple[Tag, ...] | None = Field(None, max_length=50)
    merchant: Text | None = None
    budgeted: bool | None = None


class SplitPart(Command):
    category: CategoryPath
    amount: Amount


class CategorizeTransaction(Command):
    """Either one category or splits whose amounts sum to the transaction's."""

    transaction_id: UUID
    category: CategoryPath | None = None
    splits: tuple[SplitPart, ...] | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.category is None) == (self.splits is None):
            raise ValueError("give either category or splits")
        return self


class MatchTransactions(Command):
    """The bank's row `imported_id` is the hand-made `transaction_id`, which keeps its fields."""

    transaction_id: UUID
    imported_id: UUID


class UnmatchTransaction(Command):
    transaction_id: UUID


class VoidTransaction(Command):
    transaction_id: UUID


class ReinstateTransaction(Command):
    transaction_id: UUID
