"""The category tree and the totals of each category, and how events move them.

amount: from the account's side, so spending is negative and a refund lowers it; posted bookings
only. transactions: how many of them have a part here (a split counts once in each of its
categories, an opening balance nowhere). Transfers, equity and what is uncategorized are kept too;
queries leave out what they do not want.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from mintflow.domain.core.money import EXACT
from mintflow.projections.core.bookings import (
    MONEY_TYPES,
    OPENING_TYPES,
    Json,
    category_legs,
    month_of,
    same_category_legs,
    signed,
)
from mintflow.projections.core.changes import Changes, Delta, Key
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

CATEGORIES = Table(
    "categories",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("path", "text"),
        Column("kind", "text"),
        Column("archived", "boolean"),
        Column("merged_into", "text", null=True),
    ),
    key=("ledger_id", "category_id"),
    topics=("category.", "category_tree."),
)
_SUMS = (Column("amount", "numeric"), Column("transactions", "bigint"))
# recorded_on: the day (UTC) on which a part of `date` came into the books, where that was a later
# one, so that a period that is over can show what changed after its end; else `date` itself.
CATEGORY_DAYS = Table(
    "category_days",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("date", "date"),
        Column("currency", "text"),
        Column("recorded_on", "date"),
        *_SUMS,
    ),
    key=("ledger_id", "category_id", "date", "currency", "recorded_on"),
    fill=80,
)
CATEGORY_MONTHS = Table(
    "category_months",
    (
        Column("ledger_id", "uuid"),
        Column("category_id", "text"),
        Column("month", "date"),
        Column("currency", "text"),
        Column("account_id", "uuid"),
        *_SUMS,
    ),
    key=("ledger_id", "category_id", "month", "currency", "account_id"),
    fill=50,
)

_Sums = dict[Key, list[Delta]]


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    sums = changes.sums(CATEGORY_DAYS), changes.sums(CATEGORY_MONTHS)
    # The events of one command have one moment.
    at: datetime | None = None
    recorded_on = ""
    for event in batch:
        topic = event.type
        if topic in MONEY_TYPES:
            if event.recorded_at != at:
                at, recorded_on = event.recorded_at, event.recorded_at.date().isoformat()
            _book(event, recorded_on, 0 if topic in OPENING_TYPES else 1, *sums)
        elif topic.startswith("category"):
            _tree(event, changes)


def _book(event: RecordedEvent, recorded_on: str, counted: int, days: _Sums, months: _Sums) -> None:
    """Add what a money event changes in its categories, on its day and in its month: posted
    bookings only, what comes in less what was."""
    data = event.data
    before, after = data["before"], data["after"]
    if before is not None and after is not None and same_category_legs(before, after):
        return
    ledger_id = event.envelope["ledger_id"]
    for comes_in, booking in ((False, before), (True, after)):
        if booking is None or booking["status"] != "posted":
            continue
        day, currency = booking["date"], booking["currency"]
        known_on = recorded_on if day < recorded_on else day
        month, account_id = month_of(day), booking["account_id"]
        count = counted if comes_in else -counted
        for category_id, part in category_legs(booking):
            amount = signed(part, comes_in)
            _add(days, (ledger_id, category_id, day, currency, known_on), amount, count)
            _add(months, (ledger_id, category_id, month, currency, account_id), amount, count)


def _add(sums: _Sums, key: Key, amount: Decimal, count: int) -> None:
    held = sums.get(key)
    if held is None:
        sums[key] = [amount, count]
    else:
        held[0] = EXACT.add(held[0], amount)
        held[1] += count


def _tree(event: RecordedEvent, changes: Changes) -> None:
    ledger_id: str = event.envelope["ledger_id"]
    data = event.data
    match event.type:
        case "category_tree.planted":
            for node in data["categories"]:
                changes.insert(CATEGORIES, _node(ledger_id, node))
        case "category.added":
            changes.insert(CATEGORIES, _node(ledger_id, data["category"]))
        case "category.moved":
            for change in data["paths"]:
                key = (ledger_id, change["category_id"])
                changes.patch(CATEGORIES, key, {"path": change["path"]})
        case "category.merged":
            columns: dict[str, str | None] = {"archived": "true", "merged_into": data["into"]}
            changes.patch(CATEGORIES, (ledger_id, data["category_id"]), columns)
        case "category.archived":
            changes.patch(CATEGORIES, (ledger_id, data["category_id"]), {"archived": "true"})
        case "category.restored":
            columns = {"archived": "false", "merged_into": None}
            changes.patch(CATEGORIES, (ledger_id, data["category_id"]), columns)


def _node(ledger_id: str, node: Json) -> list[str | None]:
    return [
        ledger_id,
        node["category_id"],
        node["path"],
        node["kind"],
        "true" if node["archived"] else "false",
        node["merged_into"],
    ]


PROJECTION = Projection(
    "categories",
    2,
    (CATEGORIES, CATEGORY_DAYS, CATEGORY_MONTHS),
    fold,
    topics=(*sorted(MONEY_TYPES), "category.", "category_tree."),
)
