"""The posting rule for folds: what a booking, as it stands in an event, adds to the books.

The mirror of `mintflow.domain.core.postings.postings` for bookings that are still JSON; a test
holds the two against each other. Every money read model is the difference of the legs of `after`
and `before`, so no fold remembers what was booked earlier.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from mintflow.domain import accounts, transactions  # noqa: F401 - so that their events are known
from mintflow.domain.core.aggregates import EVENT_TYPES, MoneyEvent
from mintflow.domain.core.money import EXACT, negated

Json = dict[str, Any]

MONEY_TYPES = frozenset(
    topic for topic, event in EVENT_TYPES.items() if issubclass(event, MoneyEvent)
)
OPENING_TYPES = frozenset({"account.opened", "account.opening_balance_changed"})


def account_leg(booking: Json) -> Decimal:
    """The leg of the real account: its amount, money out is negative."""
    return Decimal(booking["amount"])


def category_legs(booking: Json) -> list[tuple[str, Decimal]]:
    """The nominal legs (category, amount), one per category: parts that share one are added up.

    Signed from the account's side; the postings themselves are the negatives.
    """
    parts = booking["allocations"]
    if len(parts) == 1:
        return [(parts[0]["category_id"], Decimal(parts[0]["amount"]))]
    sums: dict[str, Decimal] = {}
    for part in parts:
        category_id, amount = part["category_id"], Decimal(part["amount"])
        held = sums.get(category_id)
        sums[category_id] = amount if held is None else EXACT.add(held, amount)
    return list(sums.items())


@lru_cache(maxsize=8_192)
def month_of(day: str) -> str:
    """The first day of the month of a day."""
    return day[:8] + "01"


def signed(amount: Decimal, comes_in: bool) -> Decimal:
    """The amount as it is added: what goes out of the books is subtracted."""
    return amount if comes_in else negated(amount)


def same_category_legs(before: Json, after: Json) -> bool:
    """Whether a change leaves what is booked in categories as it was."""
    return bool(
        before["status"] == after["status"]
        and before["date"] == after["date"]
        and before["allocations"] == after["allocations"]
        and before["account_id"] == after["account_id"]
    )
