"""The posting rule for folds: what a booking, as it stands in an event, adds to the books.

The mirror of `mintflow.domain.core.postings.postings` for bookings that are still JSON; a test
holds the two against each other. Every money read model is the difference of the legs of `after`
and `before`, so no fold remembers what was booked earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mintflow.domain import accounts, transactions  # noqa: F401 - so that their events are known
from mintflow.domain.core.aggregates import EVENT_TYPES, MoneyEvent
from mintflow.domain.core.money import EXACT, negated
from mintflow.store.mapper import RecordedEvent

Json = dict[str, Any]
CategoryMove = tuple[str, str, str, str, str, str, Decimal, int]
"""What a money event adds to a category on a day: (ledger_id, account_id, category_id, day, month,
currency, amount, sign). month: its first day. amount: from the account's side; what goes out of the
books is negated. sign: 1 where a booking comes in, -1 where it goes out."""

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


def category_moves(event: RecordedEvent) -> Sequence[CategoryMove]:
    """What a money event moves in categories, posted bookings only: what comes in less what was.

    Worked out once per event, for several folds need it.
    """
    found: Sequence[CategoryMove] | None = event.worked_out
    if found is None:
        found = event.worked_out = _category_moves(event)
    return found


def _category_moves(event: RecordedEvent) -> Sequence[CategoryMove]:
    before, after = event.data["before"], event.data["after"]
    if before is not None and after is not None and same_category_legs(before, after):
        return ()
    ledger_id: str = event.envelope["ledger_id"]
    found: list[CategoryMove] = []
    for sign, booking in ((-1, before), (1, after)):
        if booking is None or booking["status"] != "posted":
            continue
        account_id, day, currency = booking["account_id"], booking["date"], booking["currency"]
        month = month_of(day)
        for category_id, part in category_legs(booking):
            amount = part if sign > 0 else negated(part)
            found.append((ledger_id, account_id, category_id, day, month, currency, amount, sign))
    return found


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
    )
