"""The read side of the log, in order: by shard and position, by ledger_seq, or by stream.

Positions have no gaps and are assigned in commit order, so a reader that goes on from the last
position it saw has seen everything. All rows come back as `RecordedEvent`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor

from mintflow.store.arrays import Int4Array, Int8Array, TextArray, UuidArray
from mintflow.store.mapper import Mapper, RecordedEvent

SEQ_MAX = 2**62
_COLUMNS = "e.shard, e.position, e.ledger_id, e.ledger_seq, e.recorded_at, e.record, e.sealed"
# Where a row that is not decoded has its ledger_seq.
LEDGER_SEQ = 3

_AFTER_POSITIONS = f"""
select {_COLUMNS} from unnest(%s, %s) as c (shard, position)
cross join lateral (
    select * from log.event e where e.shard = c.shard and e.position > c.position
    order by e.position limit %s
) as e
order by e.shard, e.position
"""  # noqa: S608 - constants only

_OF_SPAN = f"""
select {_COLUMNS} from log.event e
where e.shard = %s and e.position > %s and e.position <= %s order by e.position limit %s
"""  # noqa: S608

_OF_SPAN_AND_TYPES = f"""
select {_COLUMNS} from log.event e
where e.shard = %s and e.position > %s and e.position <= %s and e.type = any(%s)
order by e.position limit %s
"""  # noqa: S608

_OF_STREAMS = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.stream_id = any(%s) order by e.stream_id, e.stream_version
"""  # noqa: S608

_OF_LEDGER = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s
order by e.ledger_seq limit %s
"""  # noqa: S608

_OF_LEDGER_AND_TYPES = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s and e.type = any(%s)
order by e.ledger_seq limit %s
"""  # noqa: S608

_OF_LEDGER_AND_MARKS = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s and e.type = any(%s) and ({{}})
order by e.ledger_seq limit %s
"""  # noqa: S608

_OF_OPERATION = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and position(%s in e.record) > 0 order by e.ledger_seq
"""  # noqa: S608

_ROWS_OF_LEDGER = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s
    and (e.type = any(%s) or e.type like any(%s))
order by e.ledger_seq limit %s
"""  # noqa: S608


_ROWS_OF_STREAMS = f"""
select {_COLUMNS} from log.event e
where e.ledger_id = %s and e.ledger_seq > %s and e.ledger_seq <= %s and e.stream_id = any(%s)
order by e.ledger_seq limit %s
"""  # noqa: S608


async def heads(conn: AsyncConnection[Any]) -> dict[int, int]:
    """Shard -> position of its last event; 0 for a shard without any."""
    cursor = await conn.execute("select shard, position from log.shard_head order by shard")
    return dict(await cursor.fetchall())


async def head_of(conn: AsyncConnection[Any], shard: int) -> int:
    """The position of a shard's last event; 0 for one without any."""
    cursor = await conn.execute("select position from log.shard_head where shard = %s", [shard])
    row = await cursor.fetchone()
    return row[0] if row else 0


async def ledger_head(conn: AsyncConnection[Any], ledger_id: UUID) -> int:
    """The ledger_seq of the last event of a ledger; 0 for one without any."""
    cursor = await conn.execute(
        "select ledger_seq from log.ledger_head where ledger_id = %s", [ledger_id]
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def read_shards(
    conn: AsyncConnection[Any], mapper: Mapper, after: Mapping[int, int], limit: int
) -> dict[int, list[RecordedEvent]]:
    """Per shard, the events after a position, in order; up to `limit` each. Empty shards absent.

    They are decoded by who looks into them, as `Mapper.recorded` says.
    """
    cursor = await conn.execute(
        _AFTER_POSITIONS,
        [Int4Array.of([*after]), Int8Array.of([*after.values()]), limit],
        prepare=True,
        binary=True,
    )
    found: dict[int, list[RecordedEvent]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row[0]].append(mapper.recorded(*row, decoded=False))
    return dict(found)


async def follow_shards(
    conn: AsyncConnection[Any],
    mapper: Mapper,
    after: Mapping[int, int],
    limit: int,
    wanted: Callable[[UUID], bool],
) -> tuple[list[RecordedEvent], dict[int, int]]:
    """As `read_shards`, but only events of wanted ledgers are decoded, in order of each shard.

    wanted: asked when the rows are there. Also says which position each shard was read to; shards
    without anything new are absent there.
    """
    args = [Int4Array.of([*after]), Int8Array.of([*after.values()]), limit]
    cursor = await conn.execute(_AFTER_POSITIONS, args, prepare=True, binary=True)
    rows = await cursor.fetchall()
    events = [mapper.recorded(*row) for row in rows if wanted(row[2])]
    return events, {row[0]: row[1] for row in rows}


async def read_span(
    conn: AsyncConnection[Any],
    mapper: Mapper,
    shard: int,
    after: int,
    until: int,
    limit: int,
    types: Sequence[str] = (),
) -> list[RecordedEvent]:
    """Events of a shard at positions beyond `after` up to `until`, optionally of some types."""
    if types:
        args: list[Any] = [shard, after, until, TextArray.of(types), limit]
        cursor = await conn.execute(_OF_SPAN_AND_TYPES, args, prepare=True, binary=True)
    else:
        args = [shard, after, until, limit]
        cursor = await conn.execute(_OF_SPAN, args, prepare=True, binary=True)
    return [mapper.recorded(*row) for row in await cursor.fetchall()]


async def read_streams(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID, stream_ids: Sequence[UUID]
) -> dict[UUID, list[RecordedEvent]]:
    """Per stream of one ledger, all its events in order of version. Streams not there: absent."""
    cursor = await conn.execute(
        _OF_STREAMS, [ledger_id, UuidArray.of(stream_ids)], prepare=True, binary=True
    )
    found: dict[UUID, list[RecordedEvent]] = defaultdict(list)
    for row in await cursor.fetchall():
        event = mapper.recorded(*row)
        found[UUID(event.stream_id)].append(event)
    return dict(found)


async def read_operation(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID, correlation_id: UUID
) -> list[RecordedEvent]:
    """A ledger's events with a correlation id, in order. Reads the ledger through: an index would
    cost every append, and operations are looked for seldom."""
    # The bytes as the mapper writes them, so nothing else can be found by it but a text that a
    # user wrote, and those are sealed.
    wanted = f'"correlation_id":"{correlation_id}"'.encode()
    cursor = await conn.execute(_OF_OPERATION, [ledger_id, wanted], prepare=True, binary=True)
    return [mapper.recorded(*row) for row in await cursor.fetchall()]


async def ledger_rows(
    cursor: AsyncCursor[Any],
    ledger_id: UUID,
    after_seq: int,
    until_seq: int,
    topics: Collection[str],
    limit: int,
) -> list[tuple[Any, ...]]:
    """A ledger's events after a ledger_seq up to another one, in order, not decoded: the arguments
    of `Mapper.recorded`.

    topics: event types; one that ends with a dot stands for all that begin with it; none: all.
    """
    whole = [one for one in topics if not one.endswith(".")]
    begun = [f"{one}%" for one in topics if one.endswith(".")] if topics else ["%"]
    args = [ledger_id, after_seq, until_seq, TextArray.of(whole), TextArray.of(begun), limit]
    await cursor.execute(_ROWS_OF_LEDGER, args, prepare=True, binary=True)
    return await cursor.fetchall()


async def stream_rows(
    cursor: AsyncCursor[Any],
    ledger_id: UUID,
    after_seq: int,
    until_seq: int,
    stream_ids: Sequence[UUID],
    limit: int,
) -> list[tuple[Any, ...]]:
    """As `ledger_rows`, of some streams instead of some types."""
    args = [ledger_id, after_seq, until_seq, UuidArray.of(stream_ids), limit]
    await cursor.execute(_ROWS_OF_STREAMS, args, prepare=True, binary=True)
    return await cursor.fetchall()


async def marked_streams(
    cursor: AsyncCursor[Any], ledger_id: UUID, until_seq: int, mark: bytes, limit: int
) -> list[UUID]:
    """Streams of a ledger with an event, up to a ledger_seq, in whose record these bytes stand."""
    await cursor.execute(
        "select distinct stream_id from log.event"
        " where ledger_id = %s and ledger_seq <= %s and position(%s in record) > 0 limit %s",
        [ledger_id, until_seq, mark, limit],
        prepare=True,
    )
    return [row[0] for row in await cursor.fetchall()]


async def count_of_ledger(cursor: AsyncCursor[Any], ledger_id: UUID, until_seq: int) -> int:
    """How many events of a ledger the log has up to a ledger_seq: as many, where none is lost."""
    await cursor.execute(
        "select count(*) from log.event where ledger_id = %s and ledger_seq <= %s",
        [ledger_id, until_seq],
        prepare=True,
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def read_ledger(
    conn: AsyncConnection[Any],
    mapper: Mapper,
    ledger_id: UUID,
    after_seq: int,
    limit: int,
    types: Sequence[str] = (),
    *,
    until_seq: int | None = None,
    marks: Sequence[bytes] = (),
) -> list[RecordedEvent]:
    """A ledger's events after a ledger_seq, in order, optionally of some types only.

    until_seq: the last one that counts; None: all. marks: with types, only those in whose record
    one of these stands; to look for one takes a tenth of what decoding a record does.
    """
    until = SEQ_MAX if until_seq is None else until_seq
    if types and marks:
        sql = _OF_LEDGER_AND_MARKS.format(
            " or ".join(["position(%s in e.record) > 0"] * len(marks))
        )
        args: list[Any] = [ledger_id, after_seq, until, TextArray.of(types), *marks, limit]
        cursor = await conn.execute(sql.encode(), args, prepare=True, binary=True)
    elif types:
        args = [ledger_id, after_seq, until, TextArray.of(types), limit]
        cursor = await conn.execute(_OF_LEDGER_AND_TYPES, args, prepare=True, binary=True)
    else:
        args = [ledger_id, after_seq, until, limit]
        cursor = await conn.execute(_OF_LEDGER, args, prepare=True, binary=True)
    return [mapper.recorded(*row) for row in await cursor.fetchall()]
