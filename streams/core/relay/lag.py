"""How far Kafka is behind the log and the trail, per target and shard; from the database alone."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

_LAG = """
select l.target, h.source, l.shard, h.position as head, coalesce(c.position, 0) as relayed,
    h.position - coalesce(c.position, 0) as behind, l.held_until > clock_timestamp() as held
from relay.lease l
join (
    select 'log' as source, shard, position from log.shard_head
    union all select 'trail', 0, position from audit.trail_head
) h using (shard)
left join relay.checkpoint c
    on c.shard = l.shard and c.target = l.target and c.source = h.source
order by l.target, h.source, l.shard
"""


async def relay_lag(conn: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Per target, source and shard {target, source, shard, head, relayed, behind, held}; nothing
    without a relay.

    target: the prefix of the topics. source: `log`, or `trail`, which has one shard. relayed: the
    last position that Kafka acknowledged. held: whether a live relay has the shard now.
    """
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LAG)
        return await cursor.fetchall()
