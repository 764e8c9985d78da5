"""Where in the log a past moment lies: the last event of a shard, and of a ledger, at that moment.

Positions, sequence numbers and recorded times all grow together, so each is found by halving over
the primary key, in some twenty steps of one statement; no index on times is needed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

_BY_TIME = """
with recursive near (low, high) as (
    select 0::bigint, h.position from log.shard_head h where h.shard = %(shard)s
    union all
    select
        case when e.recorded_at <= %(at)s then m.middle else n.low end,
        case when e.recorded_at <= %(at)s then n.high else m.middle - 1 end
    from near n
    cross join lateral (select (n.low + n.high + 1) / 2 as middle) m
    join log.event e on e.shard = %(shard)s and e.position = m.middle
    where n.low < n.high
)
select low from near where low = high
"""
_BY_POSITION = """
with recursive near (low, high) as (
    select 0::bigint, h.ledger_seq from log.ledger_head h where h.ledger_id = %(ledger_id)s
    union all
    select
        case when e.position <= %(position)s then m.middle else n.low end,
        case when e.position <= %(position)s then n.high else m.middle - 1 end
    from near n
    cross join lateral (select (n.low + n.high + 1) / 2 as middle) m
    join log.event e on e.ledger_id = %(ledger_id)s and e.ledger_seq = m.middle
    where n.low < n.high
)
select low from near where low = high
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known of one ledger at a moment.

    position: the last event of the ledger's shard; ledger_seq: the last one of the ledger, 0 before
    its first. at: the moment itself, by which "today" is meant.
    """

    position: int
    ledger_seq: int
    at: dt.datetime


async def shard_head(conn: AsyncConnection[Any], shard: int) -> int:
    """The position of the last event of a shard; 0 where there is none."""
    return await _number(
        conn, "select position from log.shard_head where shard = %(shard)s", {"shard": shard}
    )


async def position_at(conn: AsyncConnection[Any], shard: int, at: dt.datetime) -> int:
    """The position of the last event of a shard that was recorded at a time or before; or 0."""
    return await _number(conn, _BY_TIME, {"shard": shard, "at": at})


async def sequence_at(conn: AsyncConnection[Any], ledger_id: UUID, position: int) -> int:
    """The ledger_seq of a ledger's last event up to a position of its shard; or 0."""
    return await _number(conn, _BY_POSITION, {"ledger_id": ledger_id, "position": position})


async def position_of(conn: AsyncConnection[Any], ledger_id: UUID, ledger_seq: int) -> int | None:
    """The position of one event of a ledger; None where it has no such event."""
    found = await _number(
        conn,
        "select position from log.event where ledger_id = %(ledger_id)s and ledger_seq = %(seq)s",
        {"ledger_id": ledger_id, "seq": ledger_seq},
    )
    return found or None


async def recorded_at(conn: AsyncConnection[Any], shard: int, position: int) -> dt.datetime | None:
    """When the event at a position was recorded; None where there is none."""
    cursor = await conn.execute(
        "select recorded_at from log.event where shard = %s and position = %s",
        [shard, position],
        prepare=True,
        binary=True,
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def _number(conn: AsyncConnection[Any], sql: str, args: dict[str, Any]) -> int:
    cursor = await conn.execute(sql.encode(), args, prepare=True, binary=True)
    row = await cursor.fetchone()
    return row[0] if row else 0
