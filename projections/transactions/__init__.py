"""Transactions: every line of every account, to be filtered, searched and paged."""

from mintflow.projections.transactions.fold import POSTINGS, PROJECTION
from mintflow.projections.transactions.lookups import (
    pending_of_account,
    rows_of_the_bank,
    standing_transactions,
    transactions_in_category,
    unmatched_manual,
    waiting_of_account,
)
from mintflow.projections.transactions.queries import (
    CursorNotReadable,
    TransactionFilter,
    TransactionPage,
    get_transaction,
    list_transactions,
)

__all__ = [
    "POSTINGS",
    "PROJECTION",
    "CursorNotReadable",
    "TransactionFilter",
    "TransactionPage",
    "get_transaction",
    "list_transactions",
    "pending_of_account",
    "rows_of_the_bank",
    "standing_transactions",
    "transactions_in_category",
    "unmatched_manual",
    "waiting_of_account",
]
