"""Subscriptions: streams of a price that no household has to have, with what a year costs.

The rules of `unused` and `duplicate` are told in docs/reference/bills.md; bank rows do not say
whether anybody watches, so only what they can say is flagged.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.projections.bills.recurring import Detected, detected_streams, kind_of, shown
from mintflow.projections.core.reading import Rows


async def list_subscriptions(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    today: dt.date,
    as_of: dt.date | None = None,
) -> tuple[Rows, int]:
    """Subscriptions that run, the dearest first, and the position: rows of `list_recurring` with
    yearly_cost (not signed), flags, and duplicate_of (the stream that was there before)."""
    found, position = await detected_streams(conn, ledger_id, today=today, as_of=as_of)
    running = [
        one
        for one in found
        if one.stream.status != "ended" and not one.dismissed and kind_of(one) == "subscription"
    ]
    first: dict[tuple[str, str, str], Detected] = {}
    rows: Rows = []
    counts = Counter(one.payee for one in running)
    for one in sorted(running, key=lambda one: (one.stream.payments[0].day, str(one.stream_id))):
        flags = []
        same = (one.payee, one.shown["currency"], str(one.stream.amount))
        before = first.setdefault(same, one)
        duplicate = before is not one and counts[one.payee] > 1
        if duplicate:
            flags.append("duplicate")
        if one.stream.price_change is not None and (
            one.stream.price_change.after > one.stream.price_change.before
        ):
            flags.append("price_rise")
        if one.unused:
            flags.append("unused")
        rows.append(
            shown(one)
            | {
                "yearly_cost": one.stream.yearly_cost,
                "flags": flags,
                "duplicate_of": before.stream_id if duplicate else None,
            }
        )
    rows.sort(key=lambda row: (row["currency"], -row["yearly_cost"], row["payee"]))
    return rows, position
