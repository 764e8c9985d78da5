"""From where a partition is read again: next offsets, kept in the database beside the checkpoints.

An offset says where to begin to look and nothing else. What was applied is told by the checkpoints:
records below them are dropped and holes are filled from the log, so an offset that is too old costs
time and one of another topic is not found, because it is kept under the id of its topic. What the
topic no longer has from there on is nothing to wait for: the log is at its head before Kafka is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.store.arrays import Int4Array, Int8Array


class ReadFrom(NamedTuple):
    """Everything up to `position` lies before `offset`."""

    offset: int
    position: int


async def load_offsets(
    conn: AsyncConnection[Any],
    topic_id: UUID,
    followers: Sequence[str],
    shards: Iterable[int],
    begins: Mapping[int, int],
) -> dict[int, ReadFrom]:
    """Shard -> from where every follower sees what it has not had; absent: from the start.

    begins: shard -> the first offset that its partition still has. Where that is behind what was to
    be read, everything up to the head of the log is taken to lie before it.
    """
    cursor = await conn.execute(
        "select shard, min(next_offset), min(position) from projection.read_offset"
        " where topic_id = %s and follower = any(%s) and shard = any(%s)"
        " group by shard having count(*) = %s",
        [topic_id, list(followers), Int4Array.of(list(shards)), len(followers)],
    )
    found = {shard: ReadFrom(*kept) for shard, *kept in await cursor.fetchall()}
    gone = [at for at, first in begins.items() if first > (found[at].offset if at in found else 0)]
    cursor = await conn.execute(
        "select shard, position from log.shard_head where shard = any(%s)", [Int4Array.of(gone)]
    )
    return found | {shard: ReadFrom(begins[shard], at) for shard, at in await cursor.fetchall()}


async def save_offsets(
    conn: AsyncConnection[Any], topic_id: UUID, follower: str, reached: Mapping[int, ReadFrom]
) -> None:
    """Note how far a follower has applied each shard; call it after those transactions, on their
    connection, so that a crash of the server can not keep this and lose them."""
    await conn.execute(
        "insert into projection.read_offset (shard, follower, topic_id, next_offset, position)"
        " select shard, %s, %s, next_offset, position"
        " from unnest(%s, %s, %s) as u (shard, next_offset, position)"
        " on conflict (shard, follower, topic_id) do update"
        " set next_offset = excluded.next_offset, position = excluded.position"
        " where read_offset.next_offset < excluded.next_offset",
        [
            follower, topic_id, Int4Array.of([*reached]),
            Int8Array.of([one.offset for one in reached.values()]),
            Int8Array.of([one.position for one in reached.values()]),
        ],
    )  # fmt: skip
