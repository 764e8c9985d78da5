"""A transaction: one line of an account, as a short stream of its own.

`recorded → posted → categorized → amended → voided`: its history is its stream.

    events.py     what can happen to it
    aggregate.py  recorded, posted, corrected, voided
    labels.py     category, merchant, tags, note, budgets
    pairs.py      matched with a bank's row, linked as a leg of a transfer
    state.py      what all of them know; parts.py splits; errors.py what is refused
"""

from mintflow.domain.transactions.aggregate import Transaction
from mintflow.domain.transactions.alias import TransactionAlias
from mintflow.domain.transactions.errors import (
    AlreadyMatched,
    BankIdIsTaken,
    MatchRefused,
    NothingToSplit,
    TransactionIsLinked,
    TransactionIsNotPending,
    TransactionIsVoided,
    TransactionNotFound,
)
from mintflow.domain.transactions.labels import band_of
from mintflow.domain.transactions.parts import checked_splits

__all__ = [
    "AlreadyMatched",
    "BankIdIsTaken",
    "MatchRefused",
    "NothingToSplit",
    "Transaction",
    "TransactionAlias",
    "TransactionIsLinked",
    "TransactionIsNotPending",
    "TransactionIsVoided",
    "TransactionNotFound",
    "band_of",
    "checked_splits",
]
