"""A household's log made of real events, without the bus: for audits and readers."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from uuid import UUID

from store.appending import Conn, append

from mintflow.domain.accounts import Account
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, whole
from mintflow.domain.ledgers import Ledger
from mintflow.domain.transactions import Transaction, checked_splits
from mintflow.store.append import Commit, Outcome
from mintflow.store.mapper import Mapper, Provenance

NOW = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)


class Bookkeeper:
    """Writes one ledger; everything it draws comes from its seed."""

    def __init__(self, conn: Conn, mapper: Mapper, ledger_id: UUID, seed: int = 0) -> None:
        self.conn, self.mapper, self.ledger_id = conn, mapper, ledger_id
        self.chance = random.Random(seed)
        self.account_id = self.new_id()

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def save(self, *aggregates: Aggregate) -> Outcome:
        """Append what the aggregates have pending, as one command."""
        provenance = Provenance(self.ledger_id, "user:test", self.new_id(), None)
        events = [
            self.mapper.encode(event, self.new_id(), provenance)  # type: ignore[arg-type]
            for aggregate in aggregates
            for event in aggregate.collect_events()
        ]
        return append(self.conn, Commit(shard_of(self.ledger_id), self.ledger_id, events))[0]

    def open(self) -> None:
        """Ledger, categories and one account."""
        self.save(
            Ledger.open(self.ledger_id, "Home", "USD", "owner", NOW),
            CategoryTree.plant(self.ledger_id, NOW),
            Account.open(self.account_id, "Checking", "checking", "USD", NOW, opening_balance="10"),
        )

    def live(self, transactions: int) -> None:
        """Record transactions; some are split, voided or noted later."""
        for number in range(transactions):
            amount = Decimal(self.chance.randint(-99_999, 99_999)).scaleb(-2)
            booking = Booking(
                self.account_id,
                dt.date(2025, 1, 1) + dt.timedelta(days=number % 300),
                amount,
                "USD",
                "posted",
                whole(amount, UNCATEGORIZED),
            )
            transaction = Transaction.record(
                self.new_id(), booking, NOW, description=f"Row {number}", origin="manual"
            )
            self.save(transaction)
            if number % 3 == 0:
                parts = checked_splits(
                    [
                        ("food_dining.groceries", "1.25"),
                        ("shopping.home", amount - 5),
                        ("bills.phone", "3.75"),
                    ],
                    amount,
                    "USD",
                )
                transaction.categorize(parts, "user", NOW)
                self.save(transaction)
            if number % 4 == 0:
                transaction.void(NOW)
                self.save(transaction)
