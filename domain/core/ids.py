"""Names that are derived, not drawn: shards and the stream ids that make an import repeatable.

New ids (UUIDv7) need a clock and randomness, so they come from outside as arguments.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from uuid import UUID, uuid5

from mintflow.domain.core.money import EXACT

SHARDS = 32


@lru_cache(maxsize=65_536)
def shard_of(ledger_id: UUID, shards: int = SHARDS) -> int:
    """The shard of a ledger, 0 to shards - 1; the same on every machine and in every release."""
    return int.from_bytes(sha256(ledger_id.bytes).digest()[:8], "big") % shards


@lru_cache(maxsize=65_536)
def category_tree_id(ledger_id: UUID) -> UUID:
    """The one category tree of a ledger."""
    return uuid5(ledger_id, "category-tree")


def budget_id(ledger_id: UUID, category_id: str) -> UUID:
    """The one budget of a category."""
    return uuid5(ledger_id, "budget:" + category_id)


def transaction_id_by_bank_id(account_id: UUID, bank_id: str) -> UUID:
    """The stream of the transaction that the bank calls `bank_id` in this account."""
    return uuid5(account_id, "bank:" + bank_id)


def transaction_id_by_external_id(account_id: UUID, external_id: str) -> UUID:
    """The stream of the transaction that a client calls `external_id` in this account."""
    return uuid5(account_id, "external:" + external_id)


def transaction_id_by_row(
    account_id: UUID, day: date, amount: Decimal, description: str, occurrence: int
) -> UUID:
    """The stream of a row of a file without ids.

    occurrence counts equal rows of one day, 1, 2, 3 …: two equal coffees stay two, and the file
    read again names the same two. White space and letter case do not count, because banks change
    them between exports.
    """
    text = " ".join(description.split()).casefold()
    return uuid5(
        account_id, f"row:{day.isoformat()}:{amount.normalize(EXACT):f}:{occurrence}:{text}"
    )
