"""Events with their exact stored bytes: one by its id, or all of a ledger in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from mintflow.store.chain import leaf_hash

_COLUMNS = (
    "shard, position, ledger_id, ledger_seq,"
    " (extract(epoch from recorded_at) * 1000000)::bigint as recorded_us, record, sealed"
)
_PAGE = 500
# An id holds the millisecond it was made at; the event is recorded about then, so a few rows of
# its ledger are looked through. Where clocks differ, or ids were brought along, it is all of them.
_AROUND = 200


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of the log, as it was hashed."""

    shard: int
    position: int
    ledger_id: UUID
    ledger_seq: int
    recorded_us: int
    record: bytes
    sealed: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.record)
        return found

    def leaf(self) -> bytes:
        return leaf_hash(
            self.shard,
            self.position,
            self.ledger_id.bytes,
            self.ledger_seq,
            self.recorded_us,
            self.record,
            self.sealed,
        )


async def find_event(
    conn: AsyncConnection[Any], ledger_id: UUID, event_id: str
) -> StoredEvent | None:
    """The event of a ledger with this id."""
    try:
        wanted = UUID(event_id)
    except ValueError:
        return None
    near = await _seq_near(conn, ledger_id, wanted)
    if near is not None:
        found = await _among(conn, wanted, ledger_id, near - _AROUND, near + _AROUND)
        if found is not None:
            return found
    return await _among(conn, wanted, ledger_id, 0, 1 << 62)


async def read_stored(conn: AsyncConnection[Any], ledger_id: UUID) -> AsyncIterator[StoredEvent]:
    """All events of a ledger, in order of ledger_seq."""
    after = 0
    while True:
        cursor = await conn.execute(
            f"select {_COLUMNS} from log.event where ledger_id = %s and ledger_seq > %s"  # noqa: S608
            " order by ledger_seq limit %s",
            [ledger_id, after, _PAGE],
            prepare=True,
            binary=True,
        )
        rows = await cursor.fetchall()
        for row in rows:
            yield StoredEvent(*row)
        if len(rows) < _PAGE:
            return
        after = rows[-1][3]


async def _among(
    conn: AsyncConnection[Any], wanted: UUID, ledger_id: UUID, first: int, last: int
) -> StoredEvent | None:
    cursor = await conn.execute(
        f"select {_COLUMNS} from log.event where ledger_id = %s"  # noqa: S608
        " and ledger_seq between %s and %s and position(%s in record) > 0 order by ledger_seq",
        [ledger_id, first, last, f'"event_id":"{wanted}"'.encode()],
        binary=True,
    )
    for row in await cursor.fetchall():
        event = StoredEvent(*row)
        if event.envelope.get("event_id") == str(wanted):
            return event
    return None


async def _seq_near(conn: AsyncConnection[Any], ledger_id: UUID, wanted: UUID) -> int | None:
    """The ledger_seq of the first event recorded when the id was made, or later."""
    if wanted.version != 7:
        return None
    made_ms = wanted.int >> 80
    cursor = await conn.execute(
        "select ledger_seq from log.ledger_head where ledger_id = %s", [ledger_id], prepare=True
    )
    row = await cursor.fetchone()
    low, high = 1, row[0] if row else 0
    while low < high:
        middle = (low + high) // 2
        cursor = await conn.execute(
            "select extract(epoch from recorded_at) * 1000 >= %s from log.event"
            " where ledger_id = %s and ledger_seq = %s",
            [made_ms, ledger_id, middle],
            prepare=True,
        )
        found = await cursor.fetchone()
        if found is None or found[0]:
            high = middle
        else:
            low = middle + 1
    return low
