"""Everything of a ledger as text: its events with the sealed facts opened, and its read models.

All of it is read on one connection in one snapshot, page by page, so that what is written fits
together and memory stays bounded however large the ledger is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from mintflow.projections.core.tables import Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import Mapper
from mintflow.store.reader import read_ledger

PAGE_EVENTS = 1_000
_PAGE_ROWS = 1_000


def tables() -> list[Table]:
    """The read models that a takeout holds, in order of name."""
    found = [table for one in PROJECTIONS for table in one.tables]
    return sorted(found, key=lambda table: table.name)


async def events_of(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID
) -> AsyncIterator[tuple[bytes, int]]:
    """JSON lines {ledger_seq, recorded_at, record, private}, with how many.

    private: the sealed facts, opened; null where the key is gone.
    """
    after = 0
    while events := await read_ledger(conn, mapper, ledger_id, after, PAGE_EVENTS):
        lines = [
            orjson.dumps(
                {
                    "ledger_seq": event.ledger_seq,
                    "recorded_at": event.recorded_at,
                    "record": dict(event.envelope),
                    "private": event.private(),
                },
                option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE,
            )
            for event in events
        ]
        after = events[-1].ledger_seq
        yield b"".join(lines), len(lines)


async def rows_as_json(
    conn: AsyncConnection[Any], table: Table, ledger_id: UUID
) -> AsyncIterator[tuple[bytes, int]]:
    """One JSON array of objects; amounts are text. conn: in a transaction."""
    sql = f"select row_to_json(r)::text from ({_select(table)}) r"  # noqa: S608 - own words only
    begins = b"[\n"
    async with conn.cursor(name="takeout") as cursor:
        await cursor.execute(sql.encode(), [ledger_id])
        while rows := await cursor.fetchmany(_PAGE_ROWS):
            yield begins + b",\n".join(row[0].encode() for row in rows), len(rows)
            begins = b",\n"
    yield (b"[]\n" if begins == b"[\n" else b"\n]\n"), 0


async def rows_as_csv(
    conn: AsyncConnection[Any], table: Table, ledger_id: UUID
) -> AsyncIterator[tuple[bytes, int]]:
    """The same with a line of names first, as spreadsheets read it."""
    sql = f"copy ({_select(table)}) to stdout (format csv, header true)"
    copied = sql.replace("%s", f"'{ledger_id}'")
    async with conn.cursor().copy(copied.encode()) as copy:
        async for block in copy:
            yield bytes(block), 0


def _select(table: Table) -> str:
    columns = ", ".join(
        f"{one.name}::text" if one.type == "numeric" else one.name for one in table.columns
    )
    return (
        f"select {columns} from {table.name} where ledger_id = %s"  # noqa: S608
        f" order by {', '.join(table.key)}"
    )
