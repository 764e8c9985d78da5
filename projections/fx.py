"""Exchange rates by day, and the conversions that other read models ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.money import money_text
from mintflow.domain.fx import KnownRates
from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.reading import Rows, positioned, read
from mintflow.projections.core.tables import Column, Table
from mintflow.store.mapper import RecordedEvent

RATES = Table(
    "rates",
    (
        Column("ledger_id", "uuid"),
        Column("base", "text"),
        Column("quote", "text"),
        Column("date", "date"),
        Column("rate", "numeric"),
        Column("recorded_at", "timestamptz"),
    ),
    key=("ledger_id", "base", "quote", "date"),
)


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type in ("rate.recorded", "rate.added"):
            data = event.data
            changes.upsert(
                RATES,
                [
                    event.envelope["ledger_id"],
                    data["base"],
                    data["quote"],
                    data["on"],
                    data["rate"],
                    event.recorded_at.isoformat(),
                ],
            )
        elif event.type == "rate.withdrawn":
            data = event.data
            key = (event.envelope["ledger_id"], data["base"], data["quote"], data["on"])
            changes.delete(RATES, key)


PROJECTION = Projection("fx", 1, (RATES,), fold, topics=("rate.",))


async def known_rates(conn: AsyncConnection[Any], ledger_id: UUID) -> KnownRates:
    """All rates of a ledger."""
    rows, _ = await read(conn, _ALL, ledger_id, {})
    return KnownRates((row["base"], row["quote"], row["date"], row["rate"]) for row in rows)


async def list_rates(
    conn: AsyncConnection[Any],
    ledger_id: UUID,
    *,
    base: str | None,
    quote: str | None,
    start: dt.date | None,
    end: dt.date | None,
    limit: int,
) -> tuple[Rows, int]:
    """Rates, newest day first, and the position.

    [{base, quote, date, rate, recorded_at}]; rate: units of quote for one of base, as it was said.
    """
    args = {"base": base, "quote": quote, "start": start, "end": end, "limit": limit}
    rows, position = await read(conn, _LIST, ledger_id, args)
    return [{**row, "rate": money_text(row["rate"])} for row in rows], position


_ALL = positioned(
    """
    select base, quote, date, rate from rates where ledger_id = %(ledger_id)s
    order by base, quote, date
    """,
    "fx",
)
_LIST = positioned(
    """
    select base, quote, date, rate, recorded_at from rates
    where ledger_id = %(ledger_id)s
        and (%(base)s::text is null or base = %(base)s)
        and (%(quote)s::text is null or quote = %(quote)s)
        and (%(start)s::date is null or date >= %(start)s)
        and (%(end)s::date is null or date <= %(end)s)
    order by date desc, base, quote limit %(limit)s
    """,
    "fx",
)
