"""A transaction: one line of an account, as a short stream of its own.

`recorded → posted → categorized → amended → voided`: its history is its stream. `events.py` holds
what can happen to it, `aggregate.py` the rules, `errors.py` what is refused.
"""

from mintflow.domain.transactions.aggregate import Transaction, checked_splits
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
    "checked_splits",
]
