"""A row of the log as it is stored, for those who pass it on and look into it no further.

Nothing is decoded and no key is needed: what is relayed is the bytes that were hashed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.store.arrays import Int4Array, Int8Array
from mintflow.store.chain import leaf_hash

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Leans on the primary key (shard, position).
_AFTER_POSITIONS = """
select e.shard, e.position, e.ledger_id, e.ledger_seq, e.recorded_at, e.record, e.sealed, e.hash
from unnest(%s, %s, %s) as c (shard, position, room)
cross join lateral (
    select * from log.event e where e.shard = c.shard and e.position > c.position
    order by e.position limit c.room
) as e
order by e.shard, e.position
"""
_STANDING = """
select e.shard, e.position, e.hash from log.event e
join unnest(%s, %s) as g (shard, position) using (shard, position)
"""


class StoredRow(NamedTuple):
    """One event: its place, its exact bytes, and the hash of the chain up to it."""

    shard: int
    position: int
    ledger_id: UUID
    ledger_seq: int
    recorded_at: datetime
    record: bytes
    sealed: bytes
    hash: bytes

    def leaf(self) -> bytes:
        """What this row adds to the chain: hash = link_hash(the hash before it, leaf)."""
        return leaf_hash(
            self.shard,
            self.position,
            self.ledger_id.bytes,
            self.ledger_seq,
            (self.recorded_at - _EPOCH) // _MICROSECOND,
            self.record,
            self.sealed,
        )


async def read_rows(
    conn: AsyncConnection[Any], after: Mapping[int, int], room: Mapping[int, int]
) -> dict[int, list[StoredRow]]:
    """Per shard, the rows after a position, in order; up to `room` each. Empty shards absent."""
    cursor = await conn.execute(
        _AFTER_POSITIONS,
        [
            Int4Array.of([*after]),
            Int8Array.of([*after.values()]),
            Int4Array.of([room[shard] for shard in after]),
        ],
        prepare=True,
        binary=True,
    )
    found: dict[int, list[StoredRow]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row[0]].append(StoredRow._make(row))
    return dict(found)


async def standing(
    conn: AsyncConnection[Any], rows: Collection[StoredRow]
) -> set[tuple[int, int, bytes]]:
    """Shard, position and hash of those that the log has as they are. The hash is over all before
    it too, so a row that stands there speaks for its predecessors."""
    cursor = await conn.execute(
        _STANDING,
        [
            Int4Array.of([row.shard for row in rows]),
            Int8Array.of([row.position for row in rows]),
        ],
        prepare=True,
        binary=True,
    )
    found = {(shard, position, hash_) for shard, position, hash_ in await cursor.fetchall()}
    return found & {(row.shard, row.position, row.hash) for row in rows}
