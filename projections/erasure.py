"""Erasures: which ledgers are to be erased, and which are. Nothing personal is in here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.tables import Column, Index, Table
from mintflow.store.mapper import RecordedEvent

# state: waiting, cancelled or erased. ended_at: when it was called off or done.
ERASURES = Table(
    "erasures",
    (
        Column("ledger_id", "uuid"),
        Column("state", "text"),
        Column("requested_at", "timestamptz"),
        Column("due_at", "timestamptz"),
        Column("requested_by", "text"),
        Column("ended_at", "timestamptz", null=True),
    ),
    key=("ledger_id",),
    indexes=(Index("erasures_by_state", "state, due_at"),),
)
_ENDED = {"ledger.erasure_cancelled": "cancelled", "ledger.erased": "erased"}


def fold(batch: Sequence[RecordedEvent], changes: Changes) -> None:
    for event in batch:
        if event.type == "ledger.erasure_requested":
            changes.upsert(
                ERASURES,
                [
                    event.envelope["ledger_id"],
                    "waiting",
                    event.recorded_at.isoformat(),
                    event.data["due_at"],
                    event.actor,
                    None,
                ],
            )
        elif event.type in _ENDED:
            state: dict[str, str | None] = {
                "state": _ENDED[event.type],
                "ended_at": event.recorded_at.isoformat(),
            }
            changes.patch(ERASURES, (event.envelope["ledger_id"],), state)


PROJECTION = Projection(
    "erasure", 1, (ERASURES,), fold, topics=("ledger.erasure_requested", *_ENDED)
)


async def erasures_of(conn: AsyncConnection[Any], owner: str) -> list[dict[str, Any]]:
    """Per ledger of a caller, oldest first: {ledger_id, state, requested_at, due_at, ended_at}.

    state: none, waiting, cancelled, erasing (its keys are gone, its rows are being emptied) or
    erased.
    """
    async with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(_OF_OWNER, {"owner": owner}, prepare=True)
        return await cursor.fetchall()


async def due(conn: AsyncConnection[Any], now: dt.datetime) -> list[tuple[UUID, str]]:
    """(ledger, owner) of the erasures whose waiting time is over."""
    cursor = await conn.execute(_DUE, {"now": now}, binary=True)
    return list(await cursor.fetchall())


async def erased(conn: AsyncConnection[Any]) -> list[tuple[UUID, dt.datetime | None]]:
    """(ledger, since when nothing personal is left in the tables) of those that are erased."""
    cursor = await conn.execute(_ERASED, binary=True)
    return list(await cursor.fetchall())


_OF_OWNER = """
select l.ledger_id, e.requested_at, e.due_at, e.ended_at,
    case when e.state is null then 'none'
        when e.state = 'erased' and s.ledger_id is null then 'erasing'
        else e.state end as state
from ledgers l
left join erasures e using (ledger_id)
left join log.swept s using (ledger_id)
where l.owner = %(owner)s order by l.opened_at, l.ledger_id
"""
_DUE = """
select e.ledger_id, l.owner from erasures e join ledgers l using (ledger_id)
where e.state = 'waiting' and e.due_at <= %(now)s order by e.due_at
"""
_ERASED = """
select e.ledger_id, s.swept_at from erasures e
left join log.swept s using (ledger_id) where e.state = 'erased'
"""
