"""How far Kafka is behind the log, per target and shard; from the database alone."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

_LAG = """
select l.target, l.shard, h.position as head, coalesce(c.position, 0) as relayed,
    h.position - coalesce(c.position, 0) as behind, l.held_until > clock_timestamp() as held
from relay.lease l
join log.shard_head h using (shard)
left join relay.checkpoint c on c.shard = l.shard and c.target = l.target and c.source = 'log'
order by l.target, l.shard
"""


async def relay_lag(conn: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Per target and shard {target, shard, head, relayed, behind, held}; nothing without a relay.

    target: the prefix of the topics. relayed: the last position that Kafka acknowledged. held:
    whether a live relay has the shard now.
    """
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LAG)
        return await cursor.fetchall()
