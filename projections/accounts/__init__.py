"""Accounts: what they are, what they hold, and what they held at the end of any day."""

from mintflow.projections.accounts.fold import PROJECTION
from mintflow.projections.accounts.queries import (
    POINTS_MAX,
    TooManyPoints,
    account_history,
    get_account,
    list_accounts,
)

__all__ = [
    "POINTS_MAX",
    "PROJECTION",
    "TooManyPoints",
    "account_history",
    "get_account",
    "list_accounts",
]
