"""The posting rule for folds: what a booking, as it stands in an event, adds to the books.

The mirror of `mintflow.domain.core.postings.postings` for bookings that are still JSON; a test
holds the two against each other. Every money read model is the difference of the legs of `after`
and `before`, so no fold remembers what was booked earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from mintflow.domain import accounts, transactions  # noqa: F401 - so that their events are known
from mintflow.domain.core.aggregates import EVENT_TYPES, MoneyEvent
from mintflow.domain.core.money import EXACT, negated

Json = dict[str, Any]

MONEY_TYPES = frozenset(
    topic for topic, event in EVENT_TYPES.items() if issubclass(event, MoneyEvent)
)
OPENING_TYPES = frozenset({"account.opened", "account.opening_balance_changed"})


class CategoryLeg(NamedTuple):
    """One nominal leg, signed from the account's side; the posting itself is its negative."""

    category_id: str
    amount: Decimal


def account_leg(booking: Json) -> Decimal:
    """The leg of the real account: its amount, money out is negative."""
    return Decimal(booking["amount"])


def category_legs(booking: Json) -> list[CategoryLeg]:
    """The nominal legs, one per category: parts of a split that share one are added up."""
    parts = booking["allocations"]
    if len(parts) == 1:
        return [CategoryLeg(parts[0]["category_id"], Decimal(parts[0]["amount"]))]
    sums: dict[str, Decimal] = {}
    for part in parts:
        category_id, amount = part["category_id"], Decimal(part["amount"])
        held = sums.get(category_id)
        sums[category_id] = amount if held is None else EXACT.add(held, amount)
    return [CategoryLeg(*leg) for leg in sums.items()]


def moved(data: Json) -> Iterator[tuple[bool, Json]]:
    """What a money event takes out of the books (False, before) and puts in (True, after)."""
    before, after = data["before"], data["after"]
    if before is not None:
        yield False, before
    if after is not None:
        yield True, after


def signed(amount: Decimal, comes_in: bool) -> Decimal:
    """The amount as it is added: what goes out of the books is subtracted."""
    return amount if comes_in else negated(amount)
