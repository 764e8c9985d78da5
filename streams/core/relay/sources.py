"""What is relayed: something with positions per shard that are read in order.

The log is one source. Another one (evidence for `audit.log`) is any object of this shape; it is
given to the relay beside the log and has checkpoints of its own under its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson
from psycopg import AsyncConnection

from mintflow.store.rows import StoredRow, read_rows
from mintflow.store.traces import Trace, Traces
from mintflow.streams.core.envelope import Headers, Message, encode, time_of
from mintflow.streams.core.relay.errors import TopicIsAhead, TopicOfAnotherLog
from mintflow.streams.core.topics import EVENTS, TOPICS, topics_of


class Outgoing(NamedTuple):
    """One position of a source, and the topics (names without prefix) that its message goes to.

    The message carries `ce_position`: by it a restarted relay knows what a partition has.
    """

    position: int
    topics: tuple[str, ...]
    message: Message


class Source(Protocol):
    """Positions count 1, 2, 3 … per shard without a gap; a shard is a partition."""

    @property
    def name(self) -> str:
        """Of its checkpoints; never changes."""

    @property
    def topics(self) -> Sequence[str]:
        """Names without prefix; the first gets every message. No topic belongs to two sources."""

    async def heads(self, conn: AsyncConnection[Any]) -> Mapping[int, int]:
        """Shard -> its last position, of the shards that this source has."""

    async def read(
        self, conn: AsyncConnection[Any], after: Mapping[int, int], room: Mapping[int, int]
    ) -> Mapping[int, Sequence[Outgoing]]:
        """Per shard what stands after a position, in order; up to `room` each."""

    async def check_last(
        self, conn: AsyncConnection[Any], shard: int, position: int, headers: Headers
    ) -> None:
        """Raises Conflict if the last message of a partition is none of this source's."""


class LogSource:
    """Every event, to `ledger.events` and to the public topics of its type."""

    name = "log"
    topics = tuple(topic.name for topic in TOPICS if topic.name == EVENTS or topic.types)

    def __init__(self) -> None:
        self._traces = Traces()

    async def heads(self, conn: AsyncConnection[Any]) -> Mapping[int, int]:
        cursor = await conn.execute("select shard, position from log.shard_head")
        return dict(await cursor.fetchall())

    async def read(
        self, conn: AsyncConnection[Any], after: Mapping[int, int], room: Mapping[int, int]
    ) -> Mapping[int, Sequence[Outgoing]]:
        rows = await read_rows(conn, after, room)
        traces = await self._traces.of(conn, [one for found in rows.values() for one in found])
        return {shard: outgoing(found, traces) for shard, found in rows.items()}

    async def check_last(
        self, conn: AsyncConnection[Any], shard: int, position: int, headers: Headers
    ) -> None:
        cursor = await conn.execute(
            "select hash from log.event where shard = %s and position = %s", [shard, position]
        )
        row = await cursor.fetchone()
        where = {"shard": shard, "position": position}
        if row is None:
            raise TopicIsAhead("the topic ends with an event that the log does not have", **where)
        if dict(headers).get("ce_chainhash") != row[0].hex().encode():
            raise TopicOfAnotherLog("the topic ends with an event of another log", **where)


def outgoing(rows: Iterable[StoredRow], traces: Mapping[str, Trace]) -> list[Outgoing]:
    """Where each event goes, and as what."""
    found: list[Outgoing] = []
    at, time = None, b""
    for row in rows:
        if row.recorded_at != at:
            at, time = row.recorded_at, time_of(row.recorded_at)
        record = orjson.loads(row.record)
        public = topics_of(record["type"], record["data"])
        message = encode(row, record, time, traces)
        found.append(Outgoing(row.position, (EVENTS, *public), message))
    return found
