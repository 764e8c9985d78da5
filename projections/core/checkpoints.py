"""How far each projection is, what it could not fold, and how far behind the log that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.projection import Projection
from mintflow.store.arrays import Int4Array, Int8Array, TextArray

# (projection, shard) -> position of the last event that is applied.
Positions = dict[tuple[str, int], int]


class ProjectionNotServed(Unavailable):
    """The database serves another version of a projection than this process folds; a rebuild of
    one, or a restart of the other, brings them together."""

    code = "projection_not_served"


async def lock_checkpoints(
    conn: AsyncConnection[Any], projections: Sequence[Projection], shards: Sequence[int]
) -> Positions:
    """The positions, locked until the transaction ends; every applier locks in this order.

    Raises ProjectionNotServed.
    """
    cursor = await conn.execute(
        "select c.projection, c.shard, c.position from projection.checkpoint c"
        " join unnest(%s, %s) as u (projection, version) using (projection, version)"
        " where c.shard = any(%s) order by c.shard, c.projection, c.version for update of c",
        [
            TextArray.of([projection.name for projection in projections]),
            Int4Array.of([projection.version for projection in projections]),
            Int4Array.of(shards),
        ],
        prepare=True,
        binary=True,
    )
    found = {(name, shard): position for name, shard, position in await cursor.fetchall()}
    for projection in projections:
        if any((projection.name, shard) not in found for shard in shards):
            raise ProjectionNotServed(
                "this version of a projection is not served",
                projection=projection.name,
                version=projection.version,
            )
    return found


async def read_positions(
    conn: AsyncConnection[Any], projections: Sequence[Projection]
) -> dict[int, int]:
    """Shard -> the position that all of these projections have reached."""
    cursor = await conn.execute(
        "select c.shard, min(c.position) from projection.checkpoint c"
        " join unnest(%s, %s) as u (projection, version) using (projection, version)"
        " group by c.shard having count(*) = %s order by c.shard",
        [
            TextArray.of([projection.name for projection in projections]),
            Int4Array.of([projection.version for projection in projections]),
            len(projections),
        ],
        prepare=True,
        binary=True,
    )
    return dict(await cursor.fetchall())


def move_checkpoints(
    projections: Sequence[Projection], moved: Mapping[tuple[str, int], int]
) -> tuple[str, list[Any]]:
    """The statement that moves locked checkpoints, and its arguments."""
    versions = {projection.name: projection.version for projection in projections}
    return _MOVE, [
        TextArray.of([name for name, _ in moved]),
        Int4Array.of([versions[name] for name, _ in moved]),
        Int4Array.of([shard for _, shard in moved]),
        Int8Array.of(list(moved.values())),
    ]


async def lag(conn: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Per projection and shard {projection, version, shard, head, checkpoint, behind, parked}.

    behind: events of the shard that are not applied yet. parked: events that could not be folded
    and were set aside; they are applied by a rebuild with code that can.
    """
    async with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(_LAG, prepare=True)
        return await cursor.fetchall()


async def parked(conn: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Every event that was set aside, with what broke; no facts of the event itself."""
    async with conn.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(
            "select projection, version, shard, position, ledger_id, event_type, error, message,"
            " parked_at from projection.parked order by shard, position, projection"
        )
        return await cursor.fetchall()


_MOVE = """
update projection.checkpoint c set position = u.position
from unnest(%s, %s, %s, %s) as u (projection, version, shard, position)
where c.projection = u.projection and c.version = u.version and c.shard = u.shard
"""
_LAG = """
select c.projection, c.version, c.shard, h.position as head, c.position as checkpoint,
    h.position - c.position as behind, count(p.position) as parked
from projection.checkpoint c
join log.shard_head h using (shard)
left join projection.parked p using (shard, projection, version)
group by c.projection, c.version, c.shard, h.position, c.position
order by c.projection, c.version, c.shard
"""
